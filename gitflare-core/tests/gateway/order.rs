//! The order of checks, for every unified operation and for subscribing: a request that is wrong in
//! every way at once is refused for the first in the contract's order, then for the next, as one
//! fault after the other is repaired. No provider is called before the last one is.

use gitflare_core::{
    AuthorizationId, Scope, Scopes, TenantId,
    gateway::{CallbackRules, NewSubscription, Query, ReadCredential, ReadRequest},
    provider::Capability,
    storage::{Authorization, AuthorizationStatus},
};

use super::{
    support::{NOW, Scripted, all_scopes},
    *,
};

const EVERYTHING: &[Capability] = &Capability::all_but(&[]);

/// Which provider serves everything, and which one declares nothing.
const FULL: ProviderId = ProviderId::BITBUCKET;
const BARE: ProviderId = ProviderId::GITEA;

/// Tokens that are wrong in one way each.
struct Tokens {
    revoked: String,
    unapproved: String,
    pending: String,
    without_scope: String,
    good: String,
}

/// A request, wrong in every way until it is repaired.
struct Attempt {
    endpoint: Endpoint,
    token: Option<String>,
    provider: &'static str,
    connection: Option<&'static str>,
    path: Option<&'static str>,
    repository: &'static str,
    limit: &'static str,
    is_malformed: bool,
    cursor: Option<&'static str>,
}

/// A check: its code, the operations that it concerns, and what repairs the request for it.
type Check = (Code, fn(Endpoint) -> bool, fn(&mut Attempt, &Tokens));

const CHECKS: &[Check] = &[
    (Code::AuthRequired, always, |it, _| {
        it.token = Some("nonsense".into())
    }),
    (Code::InvalidCredentials, always, |it, is| {
        it.token = Some(is.revoked.clone())
    }),
    (Code::AuthExpired, always, |it, is| {
        it.token = Some(is.unapproved.clone())
    }),
    (Code::UnsupportedProvider, names_provider, |it, _| {
        it.provider = BARE.as_str()
    }),
    (Code::ApprovalRequired, always, |it, is| {
        it.token = Some(is.pending.clone())
    }),
    (Code::ApprovalPending, always, |it, is| {
        it.token = Some(is.without_scope.clone())
    }),
    (Code::InsufficientScope, always, |it, is| {
        it.token = Some(is.good.clone())
    }),
    (Code::ProviderAccountNotConnected, always, |it, _| {
        it.connection = None
    }),
    (Code::AccessBlockedByPolicy, has_path, |it, _| {
        it.path = None
    }),
    (Code::RepositoryNotApproved, is_below_repository, |it, _| {
        it.repository = "1"
    }),
    (Code::UnsupportedEndpoint, names_provider, |it, _| {
        it.provider = FULL.as_str()
    }),
    (Code::InvalidLimit, Endpoint::is_paged, |it, _| {
        it.limit = "5"
    }),
    (Code::InvalidRequest, can_be_malformed, |it, _| {
        it.is_malformed = false
    }),
    (Code::InvalidCursor, Endpoint::is_paged, |it, _| {
        it.cursor = None
    }),
];

fn always(_: Endpoint) -> bool {
    true
}

fn names_provider(endpoint: Endpoint) -> bool {
    endpoint != Endpoint::Profile
}

fn is_below_repository(endpoint: Endpoint) -> bool {
    !matches!(endpoint, Endpoint::Profile | Endpoint::Repositories)
}

fn has_path(endpoint: Endpoint) -> bool {
    endpoint == Endpoint::FileTree
}

/// Whether there is anything beside page and connection that can be wrong.
fn can_be_malformed(endpoint: Endpoint) -> bool {
    !endpoint.filters().is_empty() || has_item(endpoint) || endpoint == Endpoint::EventsSubscribe
}

fn has_item(endpoint: Endpoint) -> bool {
    matches!(
        endpoint,
        Endpoint::Commit
            | Endpoint::CommitDiff
            | Endpoint::PullRequest
            | Endpoint::PullRequestDiff
            | Endpoint::PullRequestCommits
            | Endpoint::Reviews
            | Endpoint::Comments
    )
}

impl Attempt {
    fn request(&self, bed: &Bed) -> ReadRequest {
        let endpoint = self.endpoint;
        let mut query = Vec::new();
        let mut push = |name: &str, value: &str| query.push((name.to_owned(), value.to_owned()));
        if endpoint == Endpoint::Repositories {
            push("provider", self.provider);
        }
        if let Some(id) = self.connection {
            push("connectionId", id);
        }
        if let (Some(path), true) = (self.path, has_path(endpoint)) {
            push("path", path);
        }
        if endpoint.is_paged() {
            push("limit", self.limit);
            if let Some(cursor) = self.cursor {
                push("cursor", cursor);
            }
        }
        if let (Some(filter), true) = (endpoint.filters().first(), self.is_malformed) {
            push(filter, "");
        }
        let needed: &[&str] = match endpoint {
            Endpoint::Contents => &["path"],
            Endpoint::Compare => &["base", "head"],
            _ => &[],
        };
        for name in needed.iter().filter(|_| !self.is_malformed) {
            push(name, "main");
        }
        let item = match endpoint {
            Endpoint::Commit if !self.is_malformed => Some("a".repeat(7)),
            Endpoint::CommitDiff if !self.is_malformed => Some("a".repeat(40)),
            _ if has_item(endpoint) && !self.is_malformed => Some("7".into()),
            _ => has_item(endpoint).then(|| "not one".into()),
        };
        ReadRequest {
            endpoint,
            credential: match &self.token {
                Some(token) => ReadCredential::Bearer(Secret::from(token.as_str())),
                None => ReadCredential::None,
            },
            provider: is_below_repository(endpoint).then(|| self.provider.to_owned()),
            repository: is_below_repository(endpoint).then(|| self.repository.to_owned()),
            item,
            query: Query::new(query),
            if_none_match: None,
            method: "GET",
            path: "/v1/x".into(),
            request_id: bed.request_id.clone(),
        }
    }

    async fn send(&self, bed: &Bed) -> gitflare_core::Result<()> {
        let request = self.request(bed);
        if self.endpoint != Endpoint::EventsSubscribe {
            return bed.gateway.read(request).await.map(drop);
        }
        let body = || {
            Ok(NewSubscription {
                callback_url: "https://app.example/events".into(),
                events: match self.is_malformed {
                    true => Vec::new(),
                    false => vec!["push".into()],
                },
                active: None,
                secret: None,
            })
        };
        let made = bed
            .gateway
            .subscribe(request, body, &Anywhere, "https://gateway.example");
        made.await.map(drop)
    }
}

struct Anywhere;

impl CallbackRules for Anywhere {
    fn check(&self, _: &str) -> gitflare_core::Result<()> {
        Ok(())
    }
}

/// One token per fault, and one that reads everything through both providers.
async fn tokens(bed: &Bed, endpoint: Endpoint) -> Tokens {
    let tenant = bed.tenant("Customer", "company").await;
    let full = bed.connection(&tenant, FULL.as_str()).await;
    let bare = bed.connection(&tenant, BARE.as_str()).await;
    let app = bed.client().await;
    for connection in [&full, &bare] {
        bed.grant(&tenant, &app.0, connection, &["1"]).await;
    }
    let revoked = bed.token(&app).await;
    let context = bed.gateway.token_context(Some(&revoked)).await.unwrap();
    let id = context.token.id.to_string();
    bed.gateway.revoke_token(&id, &bed.act()).await.unwrap();

    let narrow = bed.client().await;
    let other_scope = match endpoint.scope() {
        Scope::ReadTags => Scope::ReadBranches,
        _ => Scope::ReadTags,
    };
    for connection in [&full, &bare] {
        let scopes = vec![other_scope.to_string()];
        bed.grant_of(&tenant, &narrow.0, connection, &["1"], scopes)
            .await;
    }
    let waiting = bed.client().await;
    let pending = Authorization {
        id: AuthorizationId::parse("authz_pending").unwrap(),
        tenant_id: TenantId::parse(&tenant).unwrap(),
        client_id: gitflare_core::ClientId::parse(&waiting.0).unwrap(),
        status: AuthorizationStatus::Pending,
        permissions: Scopes::all(),
        created_at: NOW,
    };
    let authorizations = bed.storage().authorizations();
    authorizations
        .find_or_insert_pending(pending)
        .await
        .unwrap();
    let stranger = bed.client().await;
    Tokens {
        revoked,
        unapproved: bed.token(&stranger).await,
        pending: bed.token(&waiting).await,
        without_scope: bed.token(&narrow).await,
        good: bed.token(&app).await,
    }
}

#[tokio::test]
async fn the_first_check_that_fails_names_the_code_for_every_operation() {
    // sec: TK-8
    assert_eq!(EVERYTHING.len(), Endpoint::ALL.len());
    assert!(!all_scopes().is_empty());
    for &endpoint in Endpoint::ALL {
        let full = Scripted::with(FULL, 1, EVERYTHING);
        let bare = Scripted::with(BARE, 1, &[]);
        let bed = Bed::over(Default::default(), vec![full.clone(), bare.clone()]).await;
        let tokens = tokens(&bed, endpoint).await;
        let calls = || full.calls.load(Ordering::SeqCst) + bare.calls.load(Ordering::SeqCst);
        let before = calls();
        let mut attempt = Attempt {
            endpoint,
            token: None,
            provider: "nowhere",
            connection: Some("conn_9"),
            path: Some(".env"),
            repository: "9",
            limit: "0",
            is_malformed: true,
            cursor: Some("x"),
        };
        for (code, concerns, repair) in CHECKS {
            if concerns(endpoint) {
                let refusal = attempt.send(&bed).await.expect_err(endpoint.key());
                assert_eq!(refusal.code(), *code, "{endpoint}: {refusal}");
            }
            repair(&mut attempt, &tokens);
        }
        assert_eq!(
            calls(),
            before,
            "{endpoint} called a provider before it may"
        );
        // What the script cannot serve answers by the trait's default: the read has got there.
        let answer = attempt.send(&bed).await;
        let arrived = answer.is_ok() || calls() > before;
        let is_default = matches!(&answer, Err(error) if error.code() == Code::UnsupportedEndpoint);
        assert!(arrived || is_default, "{endpoint}: {answer:?}");
    }
}
