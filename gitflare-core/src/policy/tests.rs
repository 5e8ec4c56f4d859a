//! Every branch of the decision, in the contract's order of checks.

use super::*;
use crate::{
    ClientId, ConnectionId, GrantId, Scope, Scopes, TenantId, TokenId,
    storage::{AccessToken, ApprovedRepository, ConnectionMode, IssuedBy, SealedTokens},
};

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const LATER: Timestamp = Timestamp::from_millis(1_800_000_060_000);
const FULL: Support = Support::Full { filters: &[] };
const NONE: Support = Support::None {
    reason: "It has none.",
};

fn share(number: u32, provider: ProviderId) -> Share {
    Share {
        grant_id: GrantId::parse(&format!("grant_{number}")).unwrap(),
        permissions: Scopes::all(),
        expires_at: None,
        approves_all: false,
        approved: Some(ApprovedRepository {
            node_id: None,
            default_branch: None,
            id: format!("id{number}"),
            full_name: "a/b".into(),
        }),
        connection: Connection {
            id: ConnectionId::parse(&format!("conn_{number}")).unwrap(),
            tenant_id: None,
            provider,
            login: None,
            account_id: "1".into(),
            display_name: None,
            avatar_url: None,
            scopes: Vec::new(),
            mode: ConnectionMode::Manual,
            status: ConnectionStatus::Active,
            created_at: NOW,
            last_used_at: None,
            api_base_url: None,
            organization: None,
            reconnect_cause: None,
        },
        tokens: SealedTokens::default(),
    }
}

fn access() -> Access {
    Access {
        token: AccessToken {
            id: TokenId::parse("atk_1").unwrap(),
            tenant_id: TenantId::parse("tenant_1").unwrap(),
            client_id: ClientId::parse("client_1").unwrap(),
            authorization_id: None,
            issued_by: IssuedBy::ClientCredentials,
            permissions: Scopes::all(),
            connection_ids: (1..=3)
                .map(|n| ConnectionId::parse(&format!("conn_{n}")).unwrap())
                .collect(),
            created_at: NOW,
            expires_at: LATER,
            revoked_at: None,
            last_used_at: None,
        },
        client_is_active: true,
        client_public_id: None,
        authorization: Some(AuthorizationStatus::Active),
        shares: vec![
            share(1, ProviderId::GITHUB),
            share(2, ProviderId::LOCAL),
            share(3, ProviderId::LOCAL),
        ],
    }
}

fn facts(access: &Access) -> Facts<'_> {
    Facts {
        endpoint: Endpoint::Branches,
        presented: Presented::Token(access),
        provider: RequestedProvider::Known(ProviderId::LOCAL, FULL),
        connection: None,
        repository: Some("a/b"),
        path_is_blocked: false,
        now: NOW,
    }
}

fn check(
    name: &str,
    expected: Code,
    change: impl FnOnce(&mut Access),
    ask: impl FnOnce(&mut Facts<'_>),
) {
    let mut access = access();
    change(&mut access);
    let mut facts = facts(&access);
    ask(&mut facts);
    assert_eq!(decide(&facts).unwrap_err().code(), expected, "{name}");
}

fn without(scope: Scope) -> Scopes {
    Scopes::all().iter().filter(|each| *each != scope).collect()
}

#[test]
fn a_repository_is_read_through_the_oldest_connection_that_has_it_approved() {
    let mut access = access();
    let permit = decide(&facts(&access)).unwrap();
    assert_eq!(permit.shares[0].connection.id.as_str(), "conn_2");
    let expected = RepoRef {
        id: "id2".into(),
        full_name: Some("a/b".into()),
    };
    assert_eq!(permit.repository, Some(Approved::Listed(expected)));

    access.shares[1].approved = None;
    assert_eq!(
        decide(&facts(&access)).unwrap().shares[0]
            .connection
            .id
            .as_str(),
        "conn_3"
    );

    access.shares[1].approves_all = true;
    let permit = decide(&facts(&access)).unwrap();
    assert_eq!(permit.shares.len(), 1);
    assert_eq!(permit.shares[0].connection.id.as_str(), "conn_2");
    assert_eq!(permit.repository, Some(Approved::Unlisted("a/b")));
}

#[test]
fn a_chosen_connection_is_the_only_one_read_through() {
    let access = access();
    let permit = decide(&Facts {
        connection: Some("conn_3"),
        ..facts(&access)
    })
    .unwrap();
    assert_eq!(permit.shares[0].connection.id.as_str(), "conn_3");
}

#[test]
fn a_list_over_all_providers_gets_every_share_in_order_of_age() {
    let access = access();
    let all = Facts {
        provider: RequestedProvider::None,
        repository: None,
        ..facts(&access)
    };
    let ids: Vec<_> = decide(&all)
        .unwrap()
        .shares
        .iter()
        .map(|s| s.connection.id.to_string())
        .collect();
    assert_eq!(ids, ["conn_1", "conn_2", "conn_3"]);
}

#[test]
fn each_check_refuses_with_its_own_code() {
    // sec: TK-7, TK-8
    use Code::{
        AccessBlockedByPolicy, ApprovalPending, ApprovalRequired, AuthExpired, AuthRequired,
        InsufficientScope, InvalidCredentials, ProviderAccountNotConnected, RepositoryNotApproved,
        UnsupportedEndpoint, UnsupportedProvider,
    };
    let keep = |_: &mut Access| {};
    let ask = |_: &mut Facts<'_>| {};
    check("nothing presented", AuthRequired, keep, |f| {
        f.presented = Presented::Nothing
    });
    check("unknown token", InvalidCredentials, keep, |f| {
        f.presented = Presented::Unknown
    });
    check(
        "expired token",
        AuthExpired,
        |a| a.token.expires_at = NOW,
        ask,
    );
    check(
        "revoked token",
        AuthExpired,
        |a| a.token.revoked_at = Some(NOW),
        ask,
    );
    check(
        "deleted client",
        AuthExpired,
        |a| a.client_is_active = false,
        ask,
    );
    let revoke = |a: &mut Access| a.authorization = Some(AuthorizationStatus::Revoked);
    check("revoked authorization", AuthExpired, revoke, ask);
    check("unknown provider", UnsupportedProvider, keep, |f| {
        f.provider = RequestedProvider::Unknown
    });
    check(
        "no authorization",
        ApprovalRequired,
        |a| a.authorization = None,
        ask,
    );
    let suspend = |a: &mut Access| a.authorization = Some(AuthorizationStatus::Pending);
    check("pending authorization", ApprovalPending, suspend, ask);
    let narrow_token = |a: &mut Access| a.token.permissions = without(Scope::ReadBranches);
    check(
        "token without the scope",
        InsufficientScope,
        narrow_token,
        ask,
    );
    let narrow_grants = |a: &mut Access| {
        a.shares
            .iter_mut()
            .for_each(|s| s.permissions = without(Scope::ReadBranches))
    };
    check(
        "grants without the scope",
        InsufficientScope,
        narrow_grants,
        ask,
    );
    let narrow_local = |a: &mut Access| {
        a.shares[1..]
            .iter_mut()
            .for_each(|s| s.permissions = without(Scope::ReadBranches))
    };
    check(
        "the provider's grants without the scope",
        InsufficientScope,
        narrow_local,
        ask,
    );
    check(
        "no connection of the provider",
        ProviderAccountNotConnected,
        |a| a.shares.truncate(1),
        ask,
    );
    check(
        "no connection at all",
        ProviderAccountNotConnected,
        |a| a.shares.clear(),
        ask,
    );
    let shrink = |a: &mut Access| a.token.connection_ids.clear();
    check(
        "connections outside the token",
        ProviderAccountNotConnected,
        shrink,
        ask,
    );
    let disconnect = |a: &mut Access| {
        a.shares
            .iter_mut()
            .for_each(|s| s.connection.status = ConnectionStatus::Revoked)
    };
    check(
        "revoked connections",
        ProviderAccountNotConnected,
        disconnect,
        ask,
    );
    let expire = |a: &mut Access| a.shares.iter_mut().for_each(|s| s.expires_at = Some(NOW));
    check("expired grants", ProviderAccountNotConnected, expire, ask);
    check(
        "a foreign connection",
        ProviderAccountNotConnected,
        keep,
        |f| f.connection = Some("conn_9"),
    );
    check(
        "another provider's connection",
        ProviderAccountNotConnected,
        keep,
        |f| f.connection = Some("conn_1"),
    );
    let refuse = |a: &mut Access| {
        a.shares
            .iter_mut()
            .for_each(|s| s.connection.status = ConnectionStatus::NeedsReconnect)
    };
    check("connections to be renewed", AuthExpired, refuse, ask);
    check("blocked path", AccessBlockedByPolicy, keep, |f| {
        f.path_is_blocked = true
    });
    let disapprove = |a: &mut Access| a.shares.iter_mut().for_each(|s| s.approved = None);
    check(
        "unapproved repository",
        RepositoryNotApproved,
        disapprove,
        ask,
    );
    let lack = |f: &mut Facts<'_>| f.provider = RequestedProvider::Known(ProviderId::LOCAL, NONE);
    check("unsupported operation", UnsupportedEndpoint, keep, lack);
}

#[test]
fn the_first_failing_check_wins() {
    // Everything that can be wrong is wrong; repaired one by one, in the contract's order.
    let mut access = access();
    access.token.expires_at = NOW;
    access.token.permissions = Scopes::NONE;
    access.authorization = None;
    for share in &mut access.shares {
        share.approved = None;
    }
    let code = |access: &Access, provider, connection, path_is_blocked| {
        let facts = Facts {
            provider,
            connection,
            path_is_blocked,
            ..facts(access)
        };
        decide(&facts).unwrap_err().code()
    };
    let unsupported = RequestedProvider::Known(ProviderId::LOCAL, NONE);
    assert_eq!(
        code(&access, RequestedProvider::Unknown, Some("conn_9"), true),
        Code::AuthExpired
    );
    access.token.expires_at = LATER;
    assert_eq!(
        code(&access, RequestedProvider::Unknown, Some("conn_9"), true),
        Code::UnsupportedProvider
    );
    assert_eq!(
        code(&access, unsupported, Some("conn_9"), true),
        Code::ApprovalRequired
    );
    access.authorization = Some(AuthorizationStatus::Active);
    assert_eq!(
        code(&access, unsupported, Some("conn_9"), true),
        Code::InsufficientScope
    );
    access.token.permissions = Scopes::all();
    assert_eq!(
        code(&access, unsupported, Some("conn_9"), true),
        Code::ProviderAccountNotConnected
    );
    assert_eq!(
        code(&access, unsupported, None, true),
        Code::AccessBlockedByPolicy
    );
    assert_eq!(
        code(&access, unsupported, None, false),
        Code::RepositoryNotApproved
    );
    access.shares[1].approves_all = true;
    assert_eq!(
        code(&access, unsupported, None, false),
        Code::UnsupportedEndpoint
    );
}

#[test]
fn a_legacy_connection_reads_whatever_it_can() {
    let share = Share {
        approves_all: true,
        approved: None,
        ..share(1, ProviderId::LOCAL)
    };
    let access = access();
    let legacy = |share| Facts {
        presented: Presented::Connection(share),
        ..facts(&access)
    };
    assert!(decide(&legacy(Some(&share))).is_ok());
    assert_eq!(
        decide(&legacy(None)).unwrap_err().code(),
        Code::ProviderAccountNotConnected
    );
}
