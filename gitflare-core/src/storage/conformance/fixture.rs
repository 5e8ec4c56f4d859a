//! Objects of every kind for the suite, told apart by number, and callers that race.

#![expect(clippy::unwrap_used, reason = "a suite that cannot go on says where")]

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    task::Poll,
};

use super::prelude::*;
use crate::model::{EventName, Subscription};

pub(super) const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
pub(super) const LATER: Timestamp = Timestamp::from_millis(1_800_000_060_000);

pub(super) fn id<T>(parse: fn(&str) -> crate::Result<T>, prefix: &str, number: usize) -> T {
    parse(&format!("{prefix}{number:04}")).unwrap()
}

pub(super) fn tenant_id(number: usize) -> TenantId {
    id(TenantId::parse, "tenant_", number)
}

pub(super) fn client_id(number: usize) -> ClientId {
    id(ClientId::parse, "client_", number)
}

pub(super) fn connection_id(number: usize) -> ConnectionId {
    id(ConnectionId::parse, "conn_", number)
}

pub(super) fn grant_id(number: usize) -> GrantId {
    id(GrantId::parse, "grant_", number)
}

pub(super) fn user_id(number: usize) -> UserId {
    id(UserId::parse, "user_", number)
}

pub(super) fn token_id(number: usize) -> TokenId {
    id(TokenId::parse, "atk_", number)
}

pub(super) fn authorization_id(number: usize) -> AuthorizationId {
    id(AuthorizationId::parse, "authz_", number)
}

pub(super) fn hash(number: usize) -> CredentialHash {
    CredentialHash::of(&number.to_string())
}

pub(super) fn entry(number: usize) -> AuditEntry {
    AuditEntry {
        id: id(AuditId::parse, "audit_", number),
        at: NOW,
        actor: Actor::Admin,
        action: AuditAction::TenantCreate,
        object: "x".into(),
        outcome: Outcome::Ok,
        request_id: RequestId::parse("gf_req_1").unwrap(),
    }
}

pub(super) fn tenant(number: usize) -> Tenant {
    Tenant {
        id: tenant_id(number),
        name: format!("T{number}"),
        kind: TenantKind::Company,
        created_at: NOW,
    }
}

pub(super) fn client(number: usize) -> NewClient {
    let secret = id(SecretId::parse, "secret_", number);
    NewClient {
        client: Client {
            id: client_id(number),
            tenant_id: tenant_id(1),
            owner_user_id: None,
            name: "App".into(),
            description: Some("Does \"things\"".into()),
            public_id: None,
            allowed_redirect_uris: vec!["https://app.example/cb?x=1".into()],
            default_permissions: Scopes::all(),
            require_pkce: true,
            require_signed_customer_ref: false,
            allowed_embed_origins: vec!["https://app.example".into()],
            secrets: vec![ClientSecret {
                id: secret,
                created_at: NOW,
                last_used_at: None,
            }],
            status: ClientStatus::Active,
            created_at: NOW,
            updated_at: NOW,
        },
        secret_hash: hash(number),
        sealed_embed_secret: vec![1, 2, 3],
    }
}

pub(super) fn connection(number: usize) -> Connection {
    Connection {
        id: connection_id(number),
        tenant_id: Some(tenant_id(1)),
        provider: ProviderId::GITHUB,
        login: Some("octo".into()),
        account_id: "1".into(),
        display_name: None,
        avatar_url: None,
        scopes: vec!["repo".into()],
        mode: ConnectionMode::Manual,
        status: ConnectionStatus::Active,
        created_at: NOW,
        last_used_at: None,
        api_base_url: None,
        organization: Some("org".into()),
        reconnect_cause: None,
    }
}

pub(super) fn sealed() -> SealedTokens {
    SealedTokens {
        access_token: Some(vec![9; 40]),
        refresh_token: None,
        expires_at: Some(LATER),
        version: 0,
    }
}

pub(super) fn authorization(number: usize) -> Authorization {
    Authorization {
        id: authorization_id(number),
        tenant_id: tenant_id(1),
        client_id: client_id(1),
        status: AuthorizationStatus::Active,
        permissions: Scopes::from_iter([Scope::ReadTags]),
        created_at: NOW,
    }
}

pub(super) fn grant(number: usize, connection: usize, repositories: Repositories) -> Grant {
    Grant {
        id: grant_id(number),
        authorization_id: authorization_id(number),
        tenant_id: tenant_id(1),
        client_id: client_id(1),
        connection_id: connection_id(connection),
        permissions: Scopes::from_iter([Scope::ReadBranches]),
        repositories,
        status: GrantStatus::Active,
        created_at: NOW,
        revoked_at: None,
        expires_at: None,
    }
}

pub(super) fn listed(pairs: &[(&str, &str)]) -> Repositories {
    let repository = |(id, name): &(&str, &str)| ApprovedRepository {
        id: (*id).into(),
        full_name: (*name).into(),
        node_id: None,
        default_branch: None,
    };
    Repositories::Listed(pairs.iter().map(repository).collect())
}

pub(super) fn token(number: usize, connections: &[usize]) -> AccessToken {
    AccessToken {
        id: token_id(number),
        tenant_id: tenant_id(1),
        client_id: client_id(1),
        authorization_id: Some(authorization_id(1)),
        issued_by: IssuedBy::ClientCredentials,
        permissions: Scopes::all(),
        connection_ids: connections
            .iter()
            .map(|number| connection_id(*number))
            .collect(),
        created_at: NOW,
        expires_at: LATER,
        revoked_at: None,
        last_used_at: None,
    }
}

pub(super) fn all(limit: usize) -> ListRange<'static> {
    ListRange { after: None, limit }
}

pub(super) async fn audit_rows(storage: &dyn Storage) -> usize {
    storage.audit().list(all(1000)).await.unwrap().len()
}

/// A tenant, a client, two connections, a grant over the first, a token over both.
pub(super) async fn filled(storage: &dyn Storage) {
    storage.tenants().insert(tenant(1), entry(1)).await.unwrap();
    storage.clients().insert(client(1), entry(2)).await.unwrap();
    for number in [1, 2] {
        let made = storage
            .connections()
            .insert(connection(number), sealed(), entry(2 + number));
        made.await.unwrap();
    }
    let repositories = listed(&[("7", "octo/seven"), ("8", "octo/eight")]);
    storage
        .authorizations()
        .insert_grant(authorization(1), grant(1, 1, repositories), entry(5))
        .await
        .unwrap();
    storage
        .tokens()
        .insert(token(1, &[1, 2]), hash(1), entry(6))
        .await
        .unwrap();
}

pub(super) async fn access(storage: &dyn Storage, key: Option<&str>) -> Access {
    let key = key.map(|key| RepositoryKey {
        provider: ProviderId::GITHUB,
        key,
    });
    storage
        .tokens()
        .find_access(&hash(1), key)
        .await
        .unwrap()
        .unwrap()
}

/// Person `number` with tenant `100 + number`.
pub(super) fn user(number: usize) -> NewUser {
    NewUser {
        user: User {
            id: user_id(number),
            email: format!("p{number}@mail.example"),
            name: Some("Ada".into()),
            created_at: NOW,
        },
        password: PasswordHash::new(format!("$argon2id${number}")),
        tenant: Tenant {
            kind: TenantKind::Developer,
            ..tenant(100 + number)
        },
    }
}

/// Session `number` of a subject, from now on.
pub(super) fn session(number: usize, subject: SessionSubject) -> Session {
    Session::begin(id(SessionId::parse, "sess_", number), subject, NOW)
}

/// A code over what [`filled`] has made, good until [`LATER`].
pub(super) fn code() -> AuthorizationCode {
    AuthorizationCode {
        client_id: client_id(1),
        tenant_id: tenant_id(1),
        authorization_id: authorization_id(1),
        redirect_uri: "https://app.example/cb?x=1".into(),
        registered_uri: "https://app.example/cb?x=1".into(),
        code_challenge: Some("challenge".into()),
        permissions: Scopes::from_iter([Scope::ReadBranches]),
        connection_ids: vec![connection_id(1)],
        created_at: NOW,
        expires_at: LATER,
        is_spent: false,
    }
}

/// Redeeming a code for token `number`.
pub(super) fn redemption(number: usize) -> Redemption {
    Redemption {
        client_id: client_id(1),
        at: NOW,
        token: AccessToken {
            issued_by: IssuedBy::AuthorizationCode,
            ..token(number, &[1])
        },
        token_hash: hash(number),
        family: None,
        issued: entry(1000 + number),
        replayed: entry(2000 + number),
    }
}

/// A public client that calls itself by this id.
pub(super) fn public_client(number: usize, public_id: &str) -> NewClient {
    let mut new = client(number);
    new.client.public_id = Some(public_id.to_owned());
    new.client.secrets.clear();
    new
}

/// The number of the family that [`family`] makes.
pub(super) const FAMILY: usize = 3000;

/// A family over what [`filled`] has made, good until [`LATER`].
pub(super) fn family() -> RefreshFamily {
    RefreshFamily {
        id: hash(FAMILY),
        current: hash(FAMILY + 1),
        client_id: client_id(1),
        tenant_id: tenant_id(1),
        authorization_id: authorization_id(1),
        is_for_tools: true,
        permissions: Scopes::from_iter([Scope::ReadBranches]),
        connection_ids: vec![connection_id(1)],
        created_at: NOW,
        expires_at: LATER,
    }
}

/// Subscription `number` over what [`filled`] has made.
pub(super) fn subscription(number: usize) -> StoredSubscription {
    StoredSubscription {
        subscription: Subscription {
            id: id(SubscriptionId::parse, "sub_", number),
            provider: ProviderId::GITHUB,
            repository_id: "7".into(),
            events: vec![EventName::Push, EventName::PullRequest],
            callback_url: "https://app.example/hook".into(),
            active: true,
            created_at: NOW,
        },
        tenant_id: tenant_id(1),
        client_id: client_id(1),
        authorization_id: authorization_id(1),
        connection_id: connection_id(1),
        hook_id: Some("99".into()),
        sealed_hook_secret: None,
        sealed_secret: vec![5, 6],
    }
}

/// The token of a hash, revoked or not.
pub(super) async fn token_of(storage: &dyn Storage, number: usize) -> Option<AccessToken> {
    let access = storage.tokens().find_access(&hash(number), None).await;
    access.unwrap().map(|access| access.token)
}

/// Calls again while the backend says that it is busy with somebody else, as it may where many want one
/// row on a slow machine. It has waited before it said so: no pause is needed.
pub(super) async fn patiently<T, F>(call: impl Fn() -> F) -> crate::Result<T>
where
    F: Future<Output = crate::Result<T>>,
{
    const ATTEMPTS: usize = 8;
    let mut outcome = call().await;
    for _ in 1..ATTEMPTS {
        match &outcome {
            Err(error) if error.code().row().retryable => outcome = call().await,
            _ => break,
        }
    }
    outcome
}

type Racer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Lets callers run against each other: each one begins before any has ended, as far as the
/// backend lets them.
pub(super) async fn race<'a, T, F>(callers: impl IntoIterator<Item = F>) -> Vec<T>
where
    F: Future<Output = T> + Send + 'a,
{
    let mut running: Vec<Result<T, Racer<'a, T>>> = callers
        .into_iter()
        .map(|caller| Err(Box::pin(caller) as Racer<'a, T>))
        .collect();
    poll_fn(|context| {
        let mut pending = false;
        for racer in &mut running {
            if let Err(future) = racer {
                match future.as_mut().poll(context) {
                    Poll::Ready(value) => *racer = Ok(value),
                    Poll::Pending => pending = true,
                }
            }
        }
        match pending {
            true => Poll::Pending,
            false => Poll::Ready(()),
        }
    })
    .await;
    running.into_iter().filter_map(Result::ok).collect()
}
