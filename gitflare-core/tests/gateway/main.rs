//! What the gateway promises above the contract's single endpoints: how pages walk over
//! connections, what a list over all providers answers, what tokens and grants carry, what is
//! recorded. Over memory storage and scripted providers, so that every corner can be reached.

#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use std::sync::{Arc, atomic::Ordering};

use gitflare_core::{
    Code, Error, Secret,
    gateway::{FirewallUpdate, GatewaySettings, ListQuery, TokenRefusal, TokenRequest},
    provider::{Endpoint, ProviderId},
    storage::{ListRange, Outcome, UsageQuery},
};

use support::{Bed, json};

fn code<T>(result: gitflare_core::Result<T>) -> Code {
    match result {
        Ok(_) => panic!("expected a refusal"),
        Err(error) => error.code(),
    }
}

/// A bed with one customer, one GitHub connection and a grant over everything.
async fn simple() -> (Bed, String, (String, String), String, String) {
    let bed = Bed::new().await;
    let tenant = bed.tenant("Customer", "company").await;
    let client = bed.client().await;
    let connection = bed.connection(&tenant, "github").await;
    bed.grant(&tenant, &client.0, &connection, &[]).await;
    let token = bed.token(&client).await;
    (bed, token, client, tenant, connection)
}

#[tokio::test]
async fn two_connections_of_one_provider_are_walked_in_one_chain() {
    let (bed, _, client, tenant, _) = simple().await;
    let second = bed.connection(&tenant, "github").await;
    bed.grant(&tenant, &client.0, &second, &["4", "2"]).await;
    let token = bed.token(&client).await;
    let mut seen = Vec::new();
    let mut cursor: Option<String> = None;
    for _ in 0..20 {
        let mut query = vec![("provider", "github"), ("limit", "2")];
        if let Some(cursor) = &cursor {
            query.push(("cursor", cursor));
        }
        let (names, next, has_more) = bed.repositories(&token, &query).await.unwrap();
        assert!(names.len() <= 2);
        assert_eq!(has_more, next.is_some());
        seen.push(names.join(" "));
        cursor = next;
        if cursor.is_none() {
            break;
        }
    }
    // The second connection lists only what it approves: short and empty pages, never refilled.
    assert_eq!(
        seen,
        [
            "github/r1 github/r2",
            "github/r3 github/r4",
            "github/r5",
            "github/r2",
            "github/r4",
            ""
        ]
    );
}

#[tokio::test]
async fn a_list_over_all_providers_is_the_first_page_of_each() {
    let (bed, _, client, tenant, _) = simple().await;
    let gitlab = bed.connection(&tenant, "gitlab").await;
    bed.grant(&tenant, &client.0, &gitlab, &[]).await;
    let token = bed.token(&client).await;
    let all = bed.repositories(&token, &[]).await.unwrap();
    assert_eq!(all.0.len(), 8);
    assert_eq!(all.0[0], "github/r1");
    assert_eq!(all.0[5], "gitlab/r1");
    assert_eq!((all.1, all.2), (None, false));
    let cut = bed.repositories(&token, &[("limit", "4")]).await.unwrap();
    assert_eq!(cut.0, ["github/r1", "github/r2", "github/r3", "github/r4"]);
    assert_eq!((cut.1, cut.2), (None, true));
    let refused = bed.repositories(&token, &[("cursor", "x")]).await;
    assert_eq!(code(refused), Code::PaginationNotSupported);
}

#[tokio::test]
async fn a_provider_that_fails_stands_in_errors_and_fails_alone() {
    let (bed, _, client, tenant, _) = simple().await;
    let gitlab = bed.connection(&tenant, "gitlab").await;
    bed.grant(&tenant, &client.0, &gitlab, &[]).await;
    let token = bed.token(&client).await;
    let down = || Error::upstream(Code::UpstreamUnavailable, ProviderId::Gitlab, "Down.");
    *bed.gitlab.failing.lock().unwrap() = Some(down());
    for endpoint in [Endpoint::Repositories, Endpoint::Profile] {
        let reply = bed.read(&token, endpoint, None, None, &[]).await.unwrap();
        let errors = reply.errors.unwrap();
        assert_eq!(errors.len(), 1);
        assert_eq!(errors[0].code(), Code::UpstreamUnavailable);
        assert_eq!(errors[0].provider(), Some(ProviderId::Gitlab));
        assert!(!reply.data.value().is_empty());
    }
    *bed.github.failing.lock().unwrap() = Some(down());
    for endpoint in [Endpoint::Repositories, Endpoint::Profile] {
        assert_eq!(
            code(bed.read(&token, endpoint, None, None, &[]).await),
            Code::UpstreamUnavailable
        );
    }
}

#[tokio::test]
async fn errors_is_an_empty_list_when_all_answered() {
    let (bed, token, ..) = simple().await;
    for endpoint in [Endpoint::Repositories, Endpoint::Profile] {
        let reply = bed.read(&token, endpoint, None, None, &[]).await.unwrap();
        assert_eq!(reply.errors.unwrap().len(), 0);
    }
    let of_one = bed
        .read(
            &token,
            Endpoint::Repositories,
            None,
            None,
            &[("provider", "github")],
        )
        .await;
    assert!(of_one.unwrap().errors.is_none());
}

#[tokio::test]
async fn an_id_and_a_name_are_the_same_approved_repository() {
    let (bed, _, client, tenant, _) = simple().await;
    let other = bed.tenant("Other", "company").await;
    let connection = bed.connection(&other, "github").await;
    bed.grant(&other, &client.0, &connection, &["github/r2"])
        .await;
    let token = issue(&bed, &client, |request| {
        request.tenant_id = Some(other.clone())
    })
    .await
    .unwrap();
    let before = bed.github.calls.load(Ordering::SeqCst);
    for key in ["2", "github/r2"] {
        let reply = bed
            .read(&token, Endpoint::Repository, Some("github"), Some(key), &[])
            .await
            .unwrap();
        assert_eq!(json(reply.data.value())["id"], "2");
    }
    assert_eq!(
        bed.github.calls.load(Ordering::SeqCst) - before,
        2,
        "one upstream call each"
    );
    // A cursor of one spelling goes on under the other: both are the same scope.
    let first = bed
        .read(&token, Endpoint::Branches, Some("github"), Some("2"), &[])
        .await
        .unwrap();
    let cursor = first.page_info.unwrap().next_cursor.unwrap();
    let query = [("cursor", cursor.as_str())];
    assert!(
        bed.read(
            &token,
            Endpoint::Branches,
            Some("github"),
            Some("github/r2"),
            &query
        )
        .await
        .is_ok()
    );
    let _ = tenant;
}

#[tokio::test]
async fn an_unapproved_repository_costs_no_upstream_call() {
    // sec: TK-8
    let bed = Bed::new().await;
    let tenant = bed.tenant("Customer", "company").await;
    let client = bed.client().await;
    let connection = bed.connection(&tenant, "github").await;
    bed.grant(&tenant, &client.0, &connection, &["1"]).await;
    let token = bed.token(&client).await;
    let before = bed.github.calls.load(Ordering::SeqCst);
    for key in ["2", "github/r2", "99", "github/missing", "../etc", "a b"] {
        let refused = bed
            .read(&token, Endpoint::Branches, Some("github"), Some(key), &[])
            .await;
        assert_eq!(code(refused), Code::RepositoryNotApproved, "{key}");
    }
    assert_eq!(bed.github.calls.load(Ordering::SeqCst), before);
}

#[tokio::test]
async fn an_approval_follows_the_id_when_names_move() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("Customer", "company").await;
    let client = bed.client().await;
    let connection = bed.connection(&tenant, "github").await;
    bed.grant(&tenant, &client.0, &connection, &["1"]).await;
    let token = bed.token(&client).await;
    bed.github.rename("1", "github/renamed");
    bed.github.add("77", "github/r1");
    // Seen once under its id, the new name is known and the old one no longer names it.
    assert!(
        bed.read(&token, Endpoint::Repository, Some("github"), Some("1"), &[])
            .await
            .is_ok()
    );
    let renamed = bed
        .read(
            &token,
            Endpoint::Repository,
            Some("github"),
            Some("github/renamed"),
            &[],
        )
        .await;
    assert_eq!(json(renamed.unwrap().data.value())["id"], "1");
    for key in ["github/r1", "77"] {
        let refused = bed
            .read(&token, Endpoint::Repository, Some("github"), Some(key), &[])
            .await;
        assert_eq!(code(refused), Code::RepositoryNotApproved, "{key}");
    }
}

#[tokio::test]
async fn under_all_a_name_costs_one_resolving_call_per_chain() {
    let (bed, token, ..) = simple().await;
    let before = bed.github.calls.load(Ordering::SeqCst);
    let read = async |query: &[(&str, &str)]| {
        bed.read(
            &token,
            Endpoint::Branches,
            Some("github"),
            Some("github/r3"),
            query,
        )
        .await
    };
    let first = read(&[]).await.unwrap();
    assert_eq!(json(first.data.value())[0]["name"], "3-0");
    assert_eq!(bed.github.calls.load(Ordering::SeqCst) - before, 2);
    let cursor = first.page_info.unwrap().next_cursor.unwrap();
    let second = read(&[("cursor", &cursor)]).await.unwrap();
    assert_eq!(json(second.data.value())[0]["name"], "3-25");
    assert_eq!(bed.github.calls.load(Ordering::SeqCst) - before, 3);
}

#[tokio::test]
async fn the_limit_is_part_of_the_cursor() {
    // sec: CU-6
    let (bed, token, ..) = simple().await;
    let read = async |query: &[(&str, &str)]| {
        bed.read(&token, Endpoint::Branches, Some("github"), Some("1"), query)
            .await
    };
    let first = read(&[("limit", "7")]).await.unwrap();
    let cursor = first.page_info.unwrap().next_cursor.unwrap();
    for query in [
        vec![("cursor", cursor.as_str())],
        vec![("cursor", &cursor), ("limit", "7")],
    ] {
        let page = read(&query).await.unwrap();
        assert_eq!(page.data.value().len(), 7);
        assert_eq!(page.page_info.unwrap().limit.get(), 7);
    }
    assert_eq!(
        code(read(&[("cursor", &cursor), ("limit", "8")]).await),
        Code::InvalidCursor
    );
}

#[tokio::test]
async fn known_parameters_are_refused_by_name_and_unknown_ones_ignored() {
    let (bed, token, ..) = simple().await;
    let read = async |query: &[(&str, &str)]| {
        bed.read(&token, Endpoint::Branches, Some("github"), Some("1"), query)
            .await
    };
    for (query, expected) in [
        (vec![("limit", "0")], Code::InvalidLimit),
        (vec![("limit", "x")], Code::InvalidLimit),
        (vec![("limit", "")], Code::InvalidLimit),
        (vec![("limit", "101")], Code::InvalidLimit),
        (vec![("limit", "5"), ("limit", "5")], Code::InvalidRequest),
        (vec![("cursor", "")], Code::InvalidCursor),
        (vec![("cursor", "garbage")], Code::InvalidCursor),
        (vec![("cursor", "a"), ("cursor", "a")], Code::InvalidRequest),
        (vec![("connectionId", "")], Code::InvalidRequest),
        (
            vec![("connectionId", "conn_1"), ("limit", "0")],
            Code::ProviderAccountNotConnected,
        ),
        (
            vec![("limit", "0"), ("cursor", "garbage")],
            Code::InvalidLimit,
        ),
    ] {
        assert_eq!(code(read(&query).await), expected, "{query:?}");
    }
    assert!(
        read(&[("page", "7"), ("page", "8"), ("empty", "")])
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_filter_that_the_provider_cannot_answer_is_refused() {
    let (bed, token, ..) = simple().await;
    let read = async |query: &[(&str, &str)]| {
        bed.read(
            &token,
            Endpoint::Deployments,
            Some("github"),
            Some("1"),
            query,
        )
        .await
    };
    let error = read(&[("state", "success")]).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidRequest);
    assert!(error.message().contains("`state`"), "{}", error.message());
}

#[tokio::test]
async fn a_cursor_conveys_no_rights() {
    // sec: CU-4, TK-7
    let (bed, token, client, tenant, connection) = simple().await;
    let first = bed
        .read(&token, Endpoint::Branches, Some("github"), Some("1"), &[])
        .await
        .unwrap();
    let cursor = first.page_info.unwrap().next_cursor.unwrap();
    let query = [("cursor", cursor.as_str())];
    let again = async |token: &str| {
        bed.read(token, Endpoint::Branches, Some("github"), Some("1"), &query)
            .await
    };
    assert!(again(&token).await.is_ok());
    // Another token of the same authorization may go on, another client's may not.
    assert!(again(&bed.token(&client).await).await.is_ok());
    let other = bed.client().await;
    bed.grant(&tenant, &other.0, &connection, &[]).await;
    assert_eq!(
        code(again(&bed.token(&other).await).await),
        Code::InvalidCursor
    );
    bed.gateway
        .disconnect(&connection, &bed.act())
        .await
        .unwrap();
    assert_eq!(code(again(&token).await), Code::ProviderAccountNotConnected);
}

#[tokio::test]
async fn revoking_at_each_layer_refuses_the_next_request() {
    // sec: TK-7, CA-1
    let (bed, token, client, tenant, connection) = simple().await;
    let read = async |token: &str| {
        bed.read(token, Endpoint::Branches, Some("github"), Some("1"), &[])
            .await
    };
    assert!(read(&token).await.is_ok());
    let context = bed.gateway.token_context(Some(&token)).await.unwrap();
    bed.gateway
        .revoke_token(context.token.id.as_str(), &bed.act())
        .await
        .unwrap();
    assert_eq!(code(read(&token).await), Code::AuthExpired);

    let second = bed.connection(&tenant, "github").await;
    let grant = bed.grant(&tenant, &client.0, &second, &[]).await;
    let token = bed.token(&client).await;
    bed.gateway
        .disconnect(&connection, &bed.act())
        .await
        .unwrap();
    assert!(
        read(&token).await.is_ok(),
        "the other connection still serves"
    );
    bed.gateway.revoke_grant(&grant, &bed.act()).await.unwrap();
    assert_eq!(code(read(&token).await), Code::ProviderAccountNotConnected);
    bed.clock.advance_millis(3_600_001);
    assert_eq!(code(read(&token).await), Code::AuthExpired);
}

async fn issue(
    bed: &Bed,
    client: &(String, String),
    change: impl FnOnce(&mut TokenRequest),
) -> Result<String, TokenRefusal> {
    let mut request = TokenRequest {
        grant_type: Some("client_credentials".into()),
        client_id: Some(client.0.clone()),
        client_secret: Some(Secret::from(client.1.as_str())),
        ..TokenRequest::default()
    };
    change(&mut request);
    let issued = bed.gateway.issue_token(request, &bed.request_id).await?;
    Ok(issued.text.expose().to_owned())
}

#[tokio::test]
async fn token_requests_are_refused_with_both_spellings() {
    let (bed, _, client, ..) = simple().await;
    type Change = fn(&mut TokenRequest);
    let cases: [(Change, &str, Code); 10] = [
        (
            |r| r.grant_type = None,
            "invalid_request",
            Code::InvalidRequest,
        ),
        (
            |r| r.grant_type = Some("password".into()),
            "unsupported_grant_type",
            Code::InvalidRequest,
        ),
        (
            |r| r.client_id = None,
            "invalid_request",
            Code::InvalidRequest,
        ),
        (
            |r| r.client_id = Some("client_x".into()),
            "invalid_client",
            Code::InvalidCredentials,
        ),
        (
            |r| r.client_id = Some("no id".into()),
            "invalid_client",
            Code::InvalidCredentials,
        ),
        (
            |r| r.client_secret = Some(Secret::from("wrong")),
            "invalid_client",
            Code::InvalidCredentials,
        ),
        (
            |r| r.client_secret = None,
            "invalid_client",
            Code::InvalidCredentials,
        ),
        (
            |r| r.scope = Some("read:everything".into()),
            "invalid_scope",
            Code::InvalidRequest,
        ),
        (
            |r| r.customer_ref = Some("nobody".into()),
            "invalid_grant",
            Code::ApprovalRequired,
        ),
        (
            |r| r.grant_id = Some("grant_1".into()),
            "invalid_grant",
            Code::InvalidRequest,
        ),
    ];
    for (index, (change, rfc, expected)) in cases.into_iter().enumerate() {
        let refusal = issue(&bed, &client, change).await.unwrap_err();
        assert_eq!(
            (refusal.rfc, refusal.error.code()),
            (rfc, expected),
            "case {index}"
        );
    }
}

#[tokio::test]
async fn an_unknown_client_and_a_wrong_secret_get_the_same_words() {
    // sec: TK-5
    let (bed, _, client, ..) = simple().await;
    let wrong = issue(&bed, &client, |r| {
        r.client_secret = Some(Secret::from("wrong"))
    })
    .await
    .unwrap_err();
    let unknown = issue(&bed, &client, |r| r.client_id = Some("client_1".into()))
        .await
        .unwrap_err();
    assert_eq!(wrong.error.message(), unknown.error.message());
}

#[tokio::test]
async fn client_credentials_carry_exactly_one_customers_grants() {
    // sec: TK-9, TN-1
    let bed = Bed::new().await;
    let client = bed.client().await;
    let nobody = bed.token(&client).await;
    let read = async |token: &str| {
        bed.read(token, Endpoint::Branches, Some("github"), Some("1"), &[])
            .await
    };
    assert_eq!(code(read(&nobody).await), Code::ApprovalRequired);

    let mut customers = Vec::new();
    for name in ["A", "B"] {
        let tenant = bed.tenant(name, "company").await;
        let connection = bed.connection(&tenant, "github").await;
        let grant = bed.grant(&tenant, &client.0, &connection, &["1"]).await;
        customers.push((tenant, connection, grant));
    }
    let refusal = issue(&bed, &client, |_| {}).await.unwrap_err();
    assert_eq!(refusal.error.code(), Code::InvalidRequest);
    for (tenant, connection, grant) in &customers {
        for by_grant in [false, true] {
            let token = issue(&bed, &client, |request| {
                if by_grant {
                    request.grant_id = Some(grant.clone());
                } else {
                    request.tenant_id = Some(tenant.clone());
                }
            })
            .await
            .unwrap();
            let context = bed.gateway.token_context(Some(&token)).await.unwrap();
            assert_eq!(context.tenant.id.as_str(), tenant);
            assert_eq!(context.token.connection_ids.len(), 1);
            assert_eq!(context.token.connection_ids[0].as_str(), connection);
            for (_, other, _) in customers.iter().filter(|(other, ..)| other != tenant) {
                let foreign = [("connectionId", other.as_str())];
                let refused = bed
                    .read(
                        &token,
                        Endpoint::Branches,
                        Some("github"),
                        Some("1"),
                        &foreign,
                    )
                    .await;
                assert_eq!(code(refused), Code::ProviderAccountNotConnected);
            }
        }
    }
}

#[tokio::test]
async fn a_token_can_be_narrowed_and_never_widened() {
    let (bed, _, client, ..) = simple().await;
    let narrow = issue(&bed, &client, |r| {
        r.scope = Some("read:tags read:branches".into())
    })
    .await
    .unwrap();
    let context = bed.gateway.token_context(Some(&narrow)).await.unwrap();
    assert_eq!(
        context.token.permissions.to_string(),
        "read:branches read:tags"
    );
    assert!(
        bed.read(&narrow, Endpoint::Branches, Some("github"), Some("1"), &[])
            .await
            .is_ok()
    );
    assert_eq!(
        code(bed.read(&narrow, Endpoint::Profile, None, None, &[]).await),
        Code::InsufficientScope
    );
}

#[tokio::test]
async fn introspection_tells_active_tokens_only() {
    // sec: TK-11
    let (bed, token, ..) = simple().await;
    assert!(bed.gateway.introspect(&token).await.unwrap().is_some());
    for unknown in ["", "x", "sggat_x", &token[..token.len() - 1]] {
        assert!(
            bed.gateway.introspect(unknown).await.unwrap().is_none(),
            "{unknown}"
        );
    }
    bed.clock.advance_millis(3_600_001);
    assert!(bed.gateway.introspect(&token).await.unwrap().is_none());
}

#[tokio::test]
async fn every_read_with_a_token_leaves_one_usage_row_refusals_included() {
    // sec: LG-4
    let (bed, token, ..) = simple().await;
    let _ = bed
        .read(&token, Endpoint::Repository, Some("github"), Some("1"), &[])
        .await;
    let _ = bed
        .read(&token, Endpoint::Branches, Some("nowhere"), Some("1"), &[])
        .await;
    let _ = bed
        .read(
            "sggat_unknown",
            Endpoint::Branches,
            Some("github"),
            Some("1"),
            &[],
        )
        .await;
    bed.storage().usage().flush().await.unwrap();
    let (rows, total) = bed
        .storage()
        .usage()
        .list(&UsageQuery::default(), 0, 10)
        .await
        .unwrap();
    assert_eq!(total, 2);
    let told: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row.endpoint_key,
                row.status,
                row.error_code,
                row.redacted_secrets,
            )
        })
        .collect();
    assert!(told.contains(&("repositories.read", 200, None, 1)));
    assert!(told.contains(&("branches.list", 400, Some("UNSUPPORTED_PROVIDER"), 0)));
}

#[tokio::test]
async fn every_mutation_leaves_one_audit_row() {
    // sec: LG-3
    let (bed, _, client, tenant, connection) = simple().await;
    bed.gateway
        .disconnect(&connection, &bed.act())
        .await
        .unwrap();
    bed.gateway
        .disconnect(&connection, &bed.act())
        .await
        .unwrap();
    let update = FirewallUpdate {
        enabled: Some(false),
        ..FirewallUpdate::default()
    };
    bed.gateway
        .update_firewall(update, &bed.act())
        .await
        .unwrap();
    let rows = bed
        .storage()
        .audit()
        .list(ListRange {
            after: None,
            limit: 100,
        })
        .await
        .unwrap();
    let acts: Vec<_> = rows.iter().map(|row| row.action.as_str()).collect();
    assert_eq!(
        acts,
        [
            "tenant.create",
            "tenant.create",
            "client.create",
            "connection.create",
            "grant.create",
            "token.issue",
            "connection.delete",
            "firewall.configure"
        ]
    );
    assert!(rows.iter().all(|row| row.outcome == Outcome::Ok));
    assert_eq!(rows[5].actor.as_str(), client.0);
    assert_eq!(rows[0].object, tenant);
}

#[tokio::test]
async fn a_bad_firewall_configuration_changes_nothing() {
    // sec: IN-7
    let (bed, ..) = simple().await;
    let before = bed.gateway.firewall_settings();
    let bad = FirewallUpdate {
        blocked_file_patterns: Some(vec!["a".into(), String::new()]),
        ..Default::default()
    };
    assert_eq!(
        code(bed.gateway.update_firewall(bad, &bed.act()).await),
        Code::InvalidRequest
    );
    assert_eq!(
        code(
            bed.gateway
                .update_firewall(FirewallUpdate::default(), &bed.act())
                .await
        ),
        Code::InvalidRequest
    );
    assert_eq!(bed.gateway.firewall_settings(), before);
    let good = FirewallUpdate {
        blocked_file_patterns: Some(vec!["a".into()]),
        ..Default::default()
    };
    let after = bed.gateway.update_firewall(good, &bed.act()).await.unwrap();
    assert_eq!((after.version, after.enabled), (before.version + 1, true));
}

#[tokio::test]
async fn admin_lists_page_by_cursor_bound_to_list_and_filter() {
    let bed = Bed::new().await;
    for number in 0..7 {
        bed.tenant(&format!("T{number}"), "company").await;
    }
    let mut names = Vec::new();
    let mut query = ListQuery {
        limit: Some(gitflare_core::Limit::new(3).unwrap()),
        cursor: None,
    };
    loop {
        let page = bed.gateway.list_tenants(&query).await.unwrap();
        names.extend(page.items.into_iter().map(|tenant| tenant.name));
        let Some(cursor) = page.page_info.next_cursor else {
            break;
        };
        query.cursor = Some(cursor);
    }
    assert_eq!(names, ["T0", "T1", "T2", "T3", "T4", "T5", "T6"]);
    let foreign = bed
        .gateway
        .list_connections(&Default::default(), &query)
        .await;
    assert_eq!(code(foreign), Code::InvalidCursor);
}

#[tokio::test]
async fn legacy_mode_lets_a_connection_stand_for_a_credential() {
    // sec: IN-3
    use gitflare_core::gateway::{Query, ReadCredential, ReadRequest};
    for enforced in [true, false] {
        let bed = Bed::with(GatewaySettings {
            enforce_platform_auth: enforced,
            ..Default::default()
        })
        .await;
        let tenant = bed.tenant("Customer", "company").await;
        let connection = bed.connection(&tenant, "github").await;
        let read = async |id: &str| {
            bed.gateway
                .read(ReadRequest {
                    endpoint: Endpoint::Repository,
                    credential: ReadCredential::Connection(id.to_owned()),
                    provider: Some("github".into()),
                    repository: Some("1".into()),
                    item: None,
                    query: Query::default(),
                    method: "GET",
                    path: "/v1/x".into(),
                    request_id: bed.request_id.clone(),
                })
                .await
        };
        if enforced {
            assert_eq!(code(read(&connection).await), Code::AuthRequired);
        } else {
            let reply = read(&connection).await.unwrap();
            assert_eq!(
                reply.data.report().redacted_secrets,
                1,
                "filtered whatever the mode"
            );
            assert_eq!(
                code(read("conn_1").await),
                Code::ProviderAccountNotConnected
            );
        }
    }
}

#[tokio::test]
async fn no_page_is_served_once_a_revocation_has_returned() {
    // sec: CA-4
    let bed = Arc::new(Bed::new().await);
    let tenant = bed.tenant("Customer", "company").await;
    let client = bed.client().await;
    let connection = bed.connection(&tenant, "github").await;
    for _ in 0..1000 {
        let grant = bed.grant(&tenant, &client.0, &connection, &[]).await;
        let token = bed.token(&client).await;
        let reader = tokio::spawn({
            let (bed, token) = (Arc::clone(&bed), token.clone());
            async move {
                let mut served = 0;
                while branches(&bed, &token).await.is_ok() {
                    served += 1;
                    tokio::task::yield_now().await;
                }
                served
            }
        });
        tokio::task::yield_now().await;
        bed.gateway.revoke_grant(&grant, &bed.act()).await.unwrap();
        assert_eq!(
            code(branches(&bed, &token).await),
            Code::ProviderAccountNotConnected
        );
        // What was in flight has ended; the reader saw the end too.
        reader.await.unwrap();
    }
}

async fn branches(
    bed: &Bed,
    token: &str,
) -> gitflare_core::Result<gitflare_core::gateway::UnifiedReply> {
    bed.read(token, Endpoint::Branches, Some("github"), Some("1"), &[])
        .await
}

#[tokio::test]
async fn a_clock_that_jumps_revives_nothing_that_was_revoked() {
    // sec: DU-7
    const HOUR: i64 = 3_600_000;
    let (bed, token, client, ..) = simple().await;
    let first = branches(&bed, &token).await.unwrap();
    let cursor = first.page_info.unwrap().next_cursor.unwrap();
    let revoked = bed.token(&client).await;
    let context = bed.gateway.token_context(Some(&revoked)).await.unwrap();
    bed.gateway
        .revoke_token(context.token.id.as_str(), &bed.act())
        .await
        .unwrap();
    for jump in [-HOUR, 2 * HOUR, -2 * HOUR, HOUR, -HOUR] {
        bed.clock.advance_millis(jump);
        assert_eq!(code(branches(&bed, &revoked).await), Code::AuthExpired);
        // Lifetimes follow the wall clock; new objects can be made whatever it says.
        let fresh = bed.token(&client).await;
        assert!(branches(&bed, &fresh).await.is_ok(), "after {jump} ms");
    }
    let query = [("cursor", cursor.as_str())];
    let page = bed
        .read(
            &token,
            Endpoint::Branches,
            Some("github"),
            Some("1"),
            &query,
        )
        .await;
    assert!(page.is_ok(), "before its end again, a cursor works again");
}
