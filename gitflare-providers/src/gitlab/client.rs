//! How GitLab is asked: paths, pages, and what a refusal turns out to mean once the project itself
//! was looked at. What an answer holds is the business of the other files.

use gitflare_core::{
    Code, Error, PageRequest, Position, Result,
    provider::{Call, Endpoint, ProviderId, RepoRef},
};
use serde::Deserialize;

use crate::{
    http::Http,
    listing::{About, Api, List, Paging},
    pagination::{self, Keys},
    request::Get,
    upstream::{Dialect, RETRIES, RateLimitHeaders, Upstream, bearer},
    upstream_answer::Answer,
    upstream_error::{Refusal, recode},
    wire::Word,
};

/// The headers that name a request. Those in front of GitLab answer with their own alone.
/// <https://docs.gitlab.com/api/rest/>
pub(super) const REQUEST_ID: &[&str] = &["x-request-id", "x-gitlab-meta", "cf-ray"];

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
    query: &[],
    authorization: bearer,
    pasted: None,
    retries: RETRIES,
    request_id: REQUEST_ID,
    rate_limit: RateLimitHeaders {
        limit: "ratelimit-limit",
        remaining: "ratelimit-remaining",
        reset: "ratelimit-reset",
        is_end: true,
    },
    refuses: None,
    refusal,
    passing: &[],
    missing: |_| None,
};

/// Where keyset pages go on; one of them stands in a next link.
const TOKENS: Keys = &["page_token", "cursor", "id_after"];
/// Where pages by number go on.
const NUMBERS: Keys = &["page"];

/// Pages by number.
/// <https://docs.gitlab.com/api/rest/#offset-based-pagination>
pub(super) const OFFSET: Paging = Paging::Pages {
    ask: |get, page| at(get, page, false),
    next,
    otherwise: None,
};

/// Pages by what the last one ended with. The answer may be paged otherwise all the same: with a
/// feature flag off, or out of its cache, GitLab answers a keyset request by numbers; and a release
/// that cannot page a list by keyset yet refuses.
/// <https://docs.gitlab.com/api/rest/#keyset-based-pagination>
pub(super) const KEYSET: Paging = Paging::Pages {
    ask: |get, page| at(get, page, true),
    next,
    otherwise: Some(&OFFSET),
};

/// A list below a project, paged by number.
pub(super) fn below<'a>(endpoint: Endpoint, repo: &'a RepoRef, segments: &[&'a str]) -> List<'a> {
    List::new(endpoint, &OFFSET, &["projects", &repo.id])
        .at(segments)
        .of(repo)
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
        let get = Get::new(&["projects", key])?;
        let asked = self.upstream.get(call, &get).await;
        // Whatever the body says: nothing else can be absent here.
        asked.map_err(|error| match error.code() {
            Code::ResourceNotFound => recode(&error, Code::RepositoryNotFound, NO_REPOSITORY),
            _ => error,
        })
    }

    /// Whether GitLab says that the repository has no commits.
    pub(super) async fn is_empty(&self, call: &Call, repo: &RepoRef) -> Result<bool> {
        let answer = self.project(call, &repo.id).await?;
        Ok(answer.json::<WireFeatures>()?.empty_repo == Some(true))
    }
}

impl Api for Client {
    fn upstream(&self) -> &Upstream {
        &self.upstream
    }

    /// Looks at the project where the refusal alone does not tell.
    async fn settle(&self, call: &Call, about: About<'_>, refusal: Error) -> Result<()> {
        // The rest of the request was accepted on the first page.
        let by_token = about.position.is_some_and(goes_on_by_token);
        if by_token && refusal.code() == Code::InvalidRequest && refusal.upstream_status().is_some()
        {
            return Err(recode(
                &refusal,
                Code::InvalidCursor,
                "GitLab no longer knows where this page starts.",
            ));
        }
        let needs_commits = needs_commits(about.endpoint);
        let open = match refusal.upstream_status() {
            Some(403) => refusal.code() == Code::InsufficientScope,
            Some(404) => refusal.code() == Code::ResourceNotFound,
            Some(500) => needs_commits,
            _ => false,
        };
        let Some(repo) = about.repo.filter(|_| open) else {
            return Err(refusal);
        };
        let answer = match self.project(call, &repo.id).await {
            Ok(answer) => answer,
            Err(error) if error.code() == Code::RepositoryNotFound => return Err(error),
            Err(_) => return Err(refusal),
        };
        let features: WireFeatures = answer.json()?;
        let is_off = features.access_level(about.endpoint) == Some("disabled");
        match refusal.code() {
            // Some of its lists are forbidden then, others are not found.
            Code::InsufficientScope | Code::ResourceNotFound if is_off => Err(recode(
                &refusal,
                Code::UnsupportedEndpoint,
                "This feature is switched off in the repository's settings at GitLab.",
            )),
            Code::InsufficientScope => Err(refusal),
            _ if needs_commits && features.empty_repo == Some(true) => Ok(()),
            _ => Err(refusal),
        }
    }
}

/// The request for the page at a position.
fn at<'a>(get: Get<'a>, page: &'a PageRequest, by_keyset: bool) -> Result<Get<'a>> {
    let get = get.query("per_page", page.limit.get().to_string());
    let Some(position) = &page.position else {
        return Ok(match by_keyset {
            true => get.query("pagination", "keyset"),
            false => get,
        });
    };
    let mut fields = position.fields();
    match fields.number()? {
        BY_NUMBER => pagination::apply(get, NUMBERS, fields),
        BY_TOKEN => pagination::apply(get.query("pagination", "keyset"), TOKENS, fields),
        _ => Err(Error::invalid_cursor("a page of another kind")),
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

/// GitLab's own pointer in a position.
fn behind_kind(position: &Position) -> Result<Position> {
    let mut fields = position.fields();
    fields.number()?;
    Ok(fields.rest())
}

/// Where the next page starts: first how, then GitLab's own pointer. A list that was asked for by
/// keyset and answered by numbers goes on by numbers.
fn next(answer: &Answer, page: &PageRequest, _: usize) -> Result<Option<Position>> {
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
    let pointer = match kind {
        BY_NUMBER if !page.position.as_ref().is_some_and(goes_on_by_token) => {
            let place = page.position.as_ref().map(behind_kind).transpose()?;
            pagination::growing(pointer, place.as_ref(), NUMBERS, NUMBERS[0])
        }
        _ => pointer,
    };
    Ok(pointer.map(|pointer| match pointer.fields().is_empty() {
        true => pointer,
        false => Position::new().number(kind).then(&pointer),
    }))
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
struct WireFeatures {
    empty_repo: Option<bool>,
    repository_access_level: Option<Word>,
    merge_requests_access_level: Option<Word>,
    builds_access_level: Option<Word>,
    releases_access_level: Option<Word>,
    environments_access_level: Option<Word>,
}

impl WireFeatures {
    fn access_level(&self, endpoint: Endpoint) -> Option<&str> {
        let level = match endpoint {
            Endpoint::PullRequests
            | Endpoint::PullRequestDiff
            | Endpoint::PullRequest
            | Endpoint::PullRequestCommits
            | Endpoint::Reviews
            | Endpoint::Comments => &self.merge_requests_access_level,
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
        400 if refusal.says(&["could not find ref"]) => error(
            Code::ResourceNotFound,
            "There is no such branch, tag or commit in the repository.",
        ),
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
