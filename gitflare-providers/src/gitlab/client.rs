//! How GitLab is asked: paths, pages, and what a refusal turns out to mean once the project itself
//! was looked at. What an answer holds is the business of the other files.

use std::borrow::Cow;

use gitflare_core::{
    Code, Error, PageRequest, Position, Result,
    provider::{Call, Endpoint, ProviderId, RepoRef},
};
use serde::Deserialize;

use crate::{
    http::Http,
    listing::Listing,
    pagination::{self, Keys},
    upstream::{Answer, Dialect, Get, RateLimitHeaders, Upstream},
    upstream_error::{Refusal, recode},
    wire::Word,
};

const DIALECT: Dialect = Dialect {
    provider: ProviderId::GITLAB,
    headers: &[
        ("accept", "application/json"),
        (
            "user-agent",
            concat!("gitflare/", env!("CARGO_PKG_VERSION")),
        ),
    ],
    // Personal and OAuth tokens alike.
    credential: ("authorization", "Bearer "),
    request_id: "x-request-id",
    rate_limit: RateLimitHeaders {
        limit: "ratelimit-limit",
        remaining: "ratelimit-remaining",
        reset: "ratelimit-reset",
    },
    refusal,
};

/// Where keyset pages go on; one of them stands in a next link.
const TOKENS: Keys = &["page_token", "cursor", "id_after"];
/// Where pages by number go on.
const NUMBERS: Keys = &["page"];

/// One list of the upstream.
#[derive(Clone, Debug)]
pub(super) struct List<'a> {
    /// For whom; also names the project's feature behind it.
    pub(super) endpoint: Endpoint,
    /// The project that it belongs to, if one.
    pub(super) repo: Option<&'a RepoRef>,
    /// The path. A project's full name is one segment, subgroups included.
    pub(super) segments: Vec<&'a str>,
    /// Everything but the page.
    pub(super) query: Vec<(&'static str, Cow<'a, str>)>,
    /// How it is paged.
    pub(super) paging: Paging,
}

/// How a list is asked to be paged. The answer may be paged otherwise: with a feature flag off, or
/// out of its cache, GitLab answers a keyset request by page numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paging {
    /// By page number.
    Offset,
    /// By what the last page ended with.
    Keyset,
}

/// One GitLab.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) upstream: Upstream,
}

impl Client {
    pub(super) fn new(http: Http, api_url: &str) -> Result<Self> {
        Ok(Self {
            upstream: Upstream::new(http, api_url, &DIALECT)?,
        })
    }

    /// A project by its id or full path.
    pub(super) async fn project(&self, call: &Call, key: &str) -> Result<Answer> {
        let asked = self
            .upstream
            .get(call, &Get::new(&["projects", key])?)
            .await;
        // Whatever the body says: nothing else can be absent here.
        asked.map_err(|error| match error.code() {
            Code::ResourceNotFound => recode(&error, Code::RepositoryNotFound, NO_REPOSITORY),
            _ => error,
        })
    }

    /// One object below a project.
    pub(super) async fn item(
        &self,
        call: &Call,
        endpoint: Endpoint,
        repo: &RepoRef,
        segments: &[&str],
    ) -> Result<Answer> {
        match self.upstream.get(call, &Get::new(segments)?).await {
            Ok(answer) => Ok(answer),
            Err(error) => {
                self.settle(call, endpoint, repo, &error).await?;
                Err(error)
            }
        }
    }

    /// One page of a list. A list of a repository without commits is empty, whatever GitLab makes
    /// of it.
    pub(super) async fn list(
        &self,
        call: &Call,
        list: &List<'_>,
        page: &PageRequest,
    ) -> Result<Listing> {
        let mut asked = self.upstream.get(call, &list.get(page, list.paging)?).await;
        let is_first = page.position.is_none();
        let by_keyset = list.paging == Paging::Keyset && is_first;
        if by_keyset && is_code(&asked, Code::PaginationNotSupported) {
            // This release cannot page this list by keyset yet.
            asked = self
                .upstream
                .get(call, &list.get(page, Paging::Offset)?)
                .await;
        }
        let error = match asked {
            Ok(answer) => {
                let next = next(&answer, page.position.as_ref())?;
                return Ok(Listing::new(answer, next));
            }
            Err(error) => error,
        };
        // The rest of the request was accepted on the first page.
        let by_token = page.position.as_ref().is_some_and(goes_on_by_token);
        if by_token && error.code() == Code::InvalidRequest && error.upstream_status().is_some() {
            return Err(recode(
                &error,
                Code::InvalidCursor,
                "GitLab no longer knows where this page starts.",
            ));
        }
        if let Some(repo) = list.repo {
            self.settle(call, list.endpoint, repo, &error).await?;
            return Ok(Listing::empty());
        }
        Err(error)
    }

    /// Whether GitLab says that the repository has no commits.
    pub(super) async fn is_empty(&self, call: &Call, repo: &RepoRef) -> Result<bool> {
        let answer = self.project(call, &repo.id).await?;
        Ok(answer.json::<WireFeatures<'_>>()?.empty_repo == Some(true))
    }

    /// What a refusal comes to: nothing worse than a repository without commits, or an error. Looks
    /// at the project where the refusal alone does not tell.
    async fn settle(
        &self,
        call: &Call,
        endpoint: Endpoint,
        repo: &RepoRef,
        refusal: &Error,
    ) -> Result<()> {
        let needs_commits = needs_commits(endpoint);
        let open = match refusal.upstream_status() {
            Some(403) => refusal.code() == Code::InsufficientScope,
            Some(404) => refusal.code() == Code::ResourceNotFound,
            Some(500) => needs_commits,
            _ => false,
        };
        if !open {
            return Err(refusal.clone());
        }
        let answer = match self.project(call, &repo.id).await {
            Ok(answer) => answer,
            Err(error) if error.code() == Code::RepositoryNotFound => return Err(error),
            Err(_) => return Err(refusal.clone()),
        };
        let features: WireFeatures<'_> = answer.json()?;
        if refusal.code() == Code::InsufficientScope {
            if features.access_level(endpoint) == Some("disabled") {
                return Err(recode(
                    refusal,
                    Code::UnsupportedEndpoint,
                    "This feature is switched off in the repository's settings at GitLab.",
                ));
            }
        } else if needs_commits && features.empty_repo == Some(true) {
            return Ok(());
        }
        Err(refusal.clone())
    }
}

impl<'a> List<'a> {
    fn get<'p>(&'p self, page: &'p PageRequest, paging: Paging) -> Result<Get<'p>> {
        let mut get = Get::new(&self.segments)?;
        if matches!(
            self.endpoint,
            Endpoint::CommitDiff | Endpoint::PullRequestDiff
        ) {
            get = get.of_diffs();
        }
        for (key, value) in &self.query {
            get = get.query(key, &**value);
        }
        get = get.query("per_page", page.limit.get().to_string());
        let Some(position) = &page.position else {
            return Ok(match paging {
                Paging::Offset => get,
                Paging::Keyset => get.query("pagination", "keyset"),
            });
        };
        let mut fields = position.fields();
        match fields.number()? {
            BY_NUMBER => pagination::apply(get, NUMBERS, fields),
            BY_TOKEN => pagination::apply(get.query("pagination", "keyset"), TOKENS, fields),
            _ => Err(Error::invalid_cursor("a page of another kind")),
        }
    }
}

const BY_NUMBER: u64 = 0;
const BY_TOKEN: u64 = 1;

fn goes_on_by_token(position: &Position) -> bool {
    position
        .fields()
        .number()
        .is_ok_and(|kind| kind == BY_TOKEN)
}

/// Where the next page starts: first how, then GitLab's own pointer. A list that was asked for by
/// keyset and answered by numbers goes on by numbers.
fn next(answer: &Answer, sent: Option<&Position>) -> Result<Option<Position>> {
    let token = answer.header("x-next-page-token");
    let number = answer.header("x-next-page");
    let (kind, pointer) = match pagination::from_link(answer, TOKENS) {
        Ok(Some(token)) => (BY_TOKEN, Some(token)),
        // A next link without token has a number, or cannot be followed.
        Err(_) => (BY_NUMBER, pagination::from_link(answer, NUMBERS)?),
        Ok(None) => match pagination::from_value(answer, TOKENS, TOKENS[0], token)? {
            Some(token) => (BY_TOKEN, Some(token)),
            None => (
                BY_NUMBER,
                pagination::from_value(answer, NUMBERS, NUMBERS[0], number)?,
            ),
        },
    };
    let next = pointer.map(|pointer| Position::new().number(kind).then(&pointer));
    // A pointer that does not move would be followed for ever.
    Ok(next.filter(|next| Some(next) != sent))
}

fn is_code<T>(asked: &Result<T>, code: Code) -> bool {
    asked.as_ref().is_err_and(|error| error.code() == code)
}

/// The endpoints that GitLab fails, in several ways, for a repository without commits.
const fn needs_commits(endpoint: Endpoint) -> bool {
    matches!(
        endpoint,
        Endpoint::Branches
            | Endpoint::Tags
            | Endpoint::Commits
            | Endpoint::Contributors
            | Endpoint::Checks
            | Endpoint::FileTree
    )
}

/// What decides between refusals. An absent level or flag says nothing.
#[derive(Debug, Deserialize)]
struct WireFeatures<'a> {
    empty_repo: Option<bool>,
    #[serde(borrow)]
    repository_access_level: Option<Word<'a>>,
    #[serde(borrow)]
    merge_requests_access_level: Option<Word<'a>>,
    #[serde(borrow)]
    builds_access_level: Option<Word<'a>>,
    #[serde(borrow)]
    releases_access_level: Option<Word<'a>>,
    #[serde(borrow)]
    environments_access_level: Option<Word<'a>>,
}

impl WireFeatures<'_> {
    fn access_level(&self, endpoint: Endpoint) -> Option<&str> {
        let level = match endpoint {
            Endpoint::PullRequests | Endpoint::PullRequestDiff => &self.merge_requests_access_level,
            Endpoint::Checks => &self.builds_access_level,
            Endpoint::Releases => &self.releases_access_level,
            Endpoint::Deployments => &self.environments_access_level,
            _ => &self.repository_access_level,
        };
        level.as_ref().map(Word::as_str)
    }
}

const NO_REPOSITORY: &str = "GitLab has no such repository, or the connection cannot see it.";

/// The texts with which GitLab names what an administrator decided.
const POLICIES: &[&str] = &[
    "blocked",
    "deactivated",
    "password expired",
    "password has expired",
    "terms",
    "two-factor",
    "saml",
    "session",
    " ip ",
    "ip address",
];

/// What a refusal means by GitLab's own words.
fn refusal(refusal: &Refusal<'_>) -> Option<Error> {
    let is_json = refusal
        .header("content-type")
        .is_some_and(|kind| kind.contains("json"));
    let error = |code, message: &str| Some(refusal.error(code, message));
    match refusal.status() {
        403 if !is_json => error(
            Code::UpstreamUnavailable,
            "What stands in front of GitLab turns the gateway away.",
        ),
        403 if refusal.says(&["insufficient_scope"]) => error(
            Code::InsufficientScope,
            "The connection's token lacks the scope that GitLab asks for.",
        ),
        403 if refusal.says(POLICIES) => error(
            Code::AccessBlockedByPolicy,
            "A policy of the GitLab account, group or instance blocks this access.",
        ),
        403 => error(
            Code::InsufficientScope,
            "The account's role at GitLab is too low for this.",
        ),
        // How older releases say that a hook is not valid.
        404 if refusal.says(&["404 project hook {"]) => error(
            Code::InvalidRequest,
            "GitLab does not take this hook; the project may have as many as it can have.",
        ),
        404 if refusal.says(&["404 project not found"]) => {
            error(Code::RepositoryNotFound, NO_REPOSITORY)
        }
        405 => error(
            Code::PaginationNotSupported,
            "GitLab does not page this list any further.",
        ),
        409 | 412 | 414 => error(
            Code::InvalidRequest,
            "GitLab does not accept these parameters.",
        ),
        429 => Some(refusal.rate_limited("ratelimit-reset")),
        524 => error(Code::UpstreamTimeout, "GitLab did not answer in time."),
        _ => None,
    }
}
