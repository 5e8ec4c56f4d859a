//! The order of checks, for every unified operation and for subscribing: a request that is wrong in
//! every way at once is refused for the first in the contract's order, then for the next, as one
//! fault after the other is repaired. No provider is called before the last one is.

use gitflare_core::{
    AuthorizationId, RequestId, Scope, Scopes, TenantId,
    gateway::{CallbackRules, NewSubscription, ReadCredential, ReadRequest},
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

/// A check: its code, its name in an explanation, the operations that it concerns, and what repairs
/// the request for it.
type Check = (
    Code,
    &'static str,
    fn(Endpoint) -> bool,
    fn(&mut Attempt, &Tokens),
);

const CHECKS: &[Check] = &[
    (Code::AuthRequired, "credential", always, |it, _| {
        it.token = Some("nonsense".into())
    }),
    (Code::InvalidCredentials, "credential", always, |it, is| {
        it.token = Some(is.revoked.clone())
    }),
    (Code::AuthExpired, "token", always, |it, is| {
        it.token = Some(is.unapproved.clone())
    }),
    (
        Code::UnsupportedProvider,
        "provider",
        names_provider,
        |it, _| it.provider = BARE.as_str(),
    ),
    (Code::ApprovalRequired, "approval", always, |it, is| {
        it.token = Some(is.pending.clone())
    }),
    (Code::ApprovalPending, "approval", always, |it, is| {
        it.token = Some(is.without_scope.clone())
    }),
    (Code::InsufficientScope, "scope", always, |it, is| {
        it.token = Some(is.good.clone())
    }),
    (
        Code::ProviderAccountNotConnected,
        "connection",
        always,
        |it, _| it.connection = None,
    ),
    (Code::AccessBlockedByPolicy, "policy", has_path, |it, _| {
        it.path = None
    }),
    (
        Code::RepositoryNotApproved,
        "repository",
        is_below_repository,
        |it, _| it.repository = "1",
    ),
    (
        Code::UnsupportedEndpoint,
        "capability",
        names_provider,
        |it, _| it.provider = FULL.as_str(),
    ),
    (
        Code::InvalidLimit,
        "parameters",
        Endpoint::is_paged,
        |it, _| it.limit = "5",
    ),
    (
        Code::InvalidRequest,
        "parameters",
        can_be_malformed,
        |it, _| it.is_malformed = false,
    ),
    (
        Code::InvalidCursor,
        "cursor",
        Endpoint::is_paged,
        |it, _| it.cursor = None,
    ),
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
    fn request(&self, id: &RequestId) -> ReadRequest {
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
            fault: None,
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
            request_id: id.clone(),
        }
    }

    async fn send(&self, bed: &Bed, id: &RequestId) -> gitflare_core::Result<()> {
        let request = self.request(id);
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

/// The refusal of a call is explained by the check that made it, and by no call without a record.
async fn explained(bed: &Bed, id: &RequestId, endpoint: Endpoint, code: Code, step: &str) {
    let query = Query::new(vec![("request_id".to_owned(), id.to_string())]);
    let explanation = bed.gateway.explain_any(&query).await;
    if step == "credential" {
        let refusal = explanation.expect_err("a call without a token leaves no row");
        assert_eq!(refusal.code(), Code::ResourceNotFound);
        return;
    }
    let explanation = explanation.unwrap();
    assert_eq!(explanation.call.row.error_code, Some(code.name()));
    assert_eq!(explanation.failed_step, Some(step), "{endpoint} {code:?}");
    let outcomes = explanation.steps.iter();
    let at = outcomes
        .clone()
        .position(|it| it.step == step)
        .expect("the step is one of the operation's");
    for (number, it) in outcomes.enumerate() {
        let expected = match number.cmp(&at) {
            std::cmp::Ordering::Less => StepOutcome::Passed,
            std::cmp::Ordering::Equal => StepOutcome::Failed,
            std::cmp::Ordering::Greater => StepOutcome::NotReached,
        };
        assert_eq!(it.outcome, expected, "{endpoint} {code:?} at {}", it.step);
    }
    assert!(explanation.reason.is_some() && explanation.fix.is_some());
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
        for (code, step, concerns, repair) in CHECKS {
            if concerns(endpoint) {
                let id = bed.gateway.new_request_id();
                let refusal = attempt.send(&bed, &id).await.expect_err(endpoint.key());
                assert_eq!(refusal.code(), *code, "{endpoint}: {refusal}");
                explained(&bed, &id, endpoint, *code, step).await;
            }
            repair(&mut attempt, &tokens);
        }
        assert_eq!(
            calls(),
            before,
            "{endpoint} called a provider before it may"
        );
        // What the script cannot serve answers by the trait's default: the read has got there.
        let id = bed.gateway.new_request_id();
        let answer = attempt.send(&bed, &id).await;
        let arrived = answer.is_ok() || calls() > before;
        let is_default = matches!(&answer, Err(error) if error.code() == Code::UnsupportedEndpoint);
        assert!(arrived || is_default, "{endpoint}: {answer:?}");
    }
}
