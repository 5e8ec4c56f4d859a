//! How GitHub is asked: paths, pages, and what a refusal turns out to mean once the repository
//! itself was looked at. What an answer holds is the business of the other files.

use futures_util::future::BoxFuture;
use gitflare_core::{
    Code, Error, Limit, Page, PageRequest, Position, Result,
    provider::{Call, Endpoint, ProviderId, RepoRef},
};
use serde::Deserialize;

use super::default_branches::DefaultBranches;
use crate::{
    http::{Http, Reply},
    listing::{About, Api, List, Paging},
    pagination::{self, Keys},
    request::Get,
    upstream::{Dialect, RETRIES, RateLimitHeaders, Upstream, bearer},
    upstream_answer::Answer,
    upstream_error::{Refusal, recode},
};

/// The headers that name a request.
pub(super) const REQUEST_ID: &[&str] = &["x-github-request-id"];

const DIALECT: Dialect = Dialect {
    provider: ProviderId::GITHUB,
    headers: &[
        ("accept", "application/vnd.github+json"),
        ("x-github-api-version", "2022-11-28"),
        (
            "user-agent",
            concat!("gitflare/", env!("CARGO_PKG_VERSION")),
        ),
    ],
    query: &[],
    authorization: bearer,
    pasted: None,
    retries: RETRIES,
    request_id: REQUEST_ID,
    rate_limit: RateLimitHeaders {
        limit: "x-ratelimit-limit",
        remaining: "x-ratelimit-remaining",
        reset: "x-ratelimit-reset",
        is_end: true,
    },
    refuses: None,
    refusal,
    passing: &[],
    missing,
};

/// What may stand in the link to a next page; `per_page` is the cursor's own.
/// <https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api>
const NEXT: Keys = &["page", "after", "before", "since", "cursor"];

/// Pages by the `Link` header.
pub(super) const LINKS: Paging = Paging::Pages {
    ask: |get, page| at(get.query("per_page", page.limit.get().to_string()), page),
    next,
    otherwise: None,
};

/// The same in the size that GitHub chooses.
pub(super) const LINKS_UNSIZED: Paging = Paging::Pages {
    ask: at,
    next,
    otherwise: None,
};

/// How many pages of installations are walked; a person with more has nobody's help.
const MAX_INSTALLATION_PAGES: usize = 10;

/// What a repository without commits answers for its contributors.
pub(super) const NO_CONTENT: &[u16] = &[204];

/// A list below a repository.
pub(super) fn below<'a>(endpoint: Endpoint, repo: &'a RepoRef, segments: &[&'a str]) -> List<'a> {
    List::new(endpoint, &LINKS, &["repositories", &repo.id])
        .at(segments)
        .of(repo)
}

/// One GitHub.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) upstream: Upstream,
    pub(super) default_branches: DefaultBranches,
}

impl Api for Client {
    fn upstream(&self) -> &Upstream {
        &self.upstream
    }

    /// GitHub hides what it forbids behind 404, so the repository is looked at before anything is
    /// called missing.
    /// <https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api>
    async fn settle(&self, call: &Call, about: About<'_>, refusal: Error) -> Result<()> {
        let Some(repo) = about.repo else {
            return Err(refusal);
        };
        if has_no_commits(&refusal) && lists_commits(about.endpoint) {
            return Ok(());
        }
        if refusal.upstream_status() != Some(404) || refusal.code() != Code::ResourceNotFound {
            return Err(refusal);
        }
        let owner = repo.full_name.as_deref().and_then(owner);
        let path = ["repositories", &repo.id];
        match self.repository(call, &path, owner).await {
            Err(error) if is_missing(&error) => Err(error),
            Ok(_) | Err(_) => Err(refusal),
        }
    }
}

impl Client {
    pub(super) fn new(http: Http, api_url: &str) -> Result<Self> {
        Ok(Self {
            upstream: Upstream::new(http, api_url, &DIALECT)?,
            default_branches: DefaultBranches::default(),
        })
    }

    /// A repository by the path that leads to it; `owner` is whose installation is missed.
    pub(super) async fn repository(
        &self,
        call: &Call,
        segments: &[&str],
        owner: Option<&str>,
    ) -> Result<Answer> {
        match self.upstream.get(call, &Get::new(segments)?).await {
            Err(error) if error.code() == Code::ResourceNotFound => {
                Err(self.missing(call, owner, &error).await)
            }
            asked => asked,
        }
    }

    /// The installations that the person behind a GitHub App's token can use, by id, and what GitHub
    /// says is missing from them.
    pub(super) async fn installations(&self, call: &Call) -> Result<Page<Installation>> {
        let list = List::new(Endpoint::Repositories, &LINKS, &["user", "installations"])
            .rows_in("installations");
        let mut all = Page::last(Vec::new());
        let mut position = None;
        for _ in 0..MAX_INSTALLATION_PAGES {
            let limit = Limit::MAX;
            let request = PageRequest { limit, position };
            let own = |row: Installation| row;
            let page = self.rows(call, list.clone(), request, own).await?;
            all.items.extend(page.items);
            // Every page says the same.
            all.errors = page.errors;
            position = page.next;
            if position.is_none() {
                break;
            }
        }
        all.items
            .retain(|installation| installation.suspended_at.is_none());
        all.items.sort_by_key(|installation| installation.id);
        Ok(all)
    }

    /// Why a repository is not there: behind a GitHub App's token it may be that the app is not
    /// installed where it lives.
    async fn missing(&self, call: &Call, owner: Option<&str>, refusal: &Error) -> Error {
        // Boxed: a list's own refusals may lead here.
        let installations: BoxFuture<'_, _> = Box::pin(self.installations(call));
        if is_app_user(call)
            && let Ok(installations) = installations.await
            // One that is not shown may be the one.
            && installations.errors.is_empty()
            && !installations.items.iter().any(|installed| installed.is_of(owner))
        {
            return recode(refusal, Code::InstallationNotFound, NO_INSTALLATION);
        }
        recode(refusal, Code::RepositoryNotFound, NO_REPOSITORY)
    }
}

/// Whether a refusal says that the repository has no commits.
pub(super) fn has_no_commits(refusal: &Error) -> bool {
    refusal.upstream_status() == Some(409) && refusal.code() == Code::ResourceNotFound
}

/// Whether a list is empty where there are no commits.
const fn lists_commits(endpoint: Endpoint) -> bool {
    matches!(
        endpoint,
        Endpoint::Commits | Endpoint::FileTree | Endpoint::Checks
    )
}

/// The owner in `owner/name`.
pub(super) fn owner(full_name: &str) -> Option<&str> {
    full_name.split_once('/').map(|(owner, _)| owner)
}

fn is_missing(error: &Error) -> bool {
    matches!(
        error.code(),
        Code::RepositoryNotFound | Code::InstallationNotFound
    )
}

/// Whether the credential acts for a person through a GitHub App.
pub(super) fn is_app_user(call: &Call) -> bool {
    call.access_token.expose().starts_with("ghu_")
}

/// The error of a person for whom the app is installed nowhere.
pub(super) fn not_installed() -> Error {
    Error::upstream(
        Code::InstallationNotFound,
        ProviderId::GITHUB,
        NO_INSTALLATION,
    )
}

pub(super) const NO_REPOSITORY: &str =
    "GitHub has no such repository, or the connection cannot see it.";

const NO_INSTALLATION: &str =
    "The GitHub App is not installed for the account that owns the repositories.";

/// The request for the page at a position.
fn at<'a>(get: Get<'a>, page: &'a PageRequest) -> Result<Get<'a>> {
    match &page.position {
        Some(position) => pagination::apply(get, NEXT, position.fields()),
        None => Ok(get),
    }
}

/// Which page a request is for, from 1 on, where pages have numbers.
pub(super) fn page_number(page: &PageRequest) -> u64 {
    let position = page.position.as_ref();
    position
        .and_then(|position| pagination::number(position, NEXT, "page"))
        .map_or(1, |number| number.max(1))
}

/// Where the next page starts.
fn next(answer: &Answer, page: &PageRequest, _: usize) -> Result<Option<Position>> {
    let (next, place) = (pagination::from_link(answer, NEXT)?, page.position.as_ref());
    Ok(pagination::growing(next, place, NEXT, "page"))
}

/// Where a GitHub App is installed.
#[derive(Debug, Deserialize)]
pub(super) struct Installation {
    pub(super) id: u64,
    account: Option<WireAccount>,
    suspended_at: Option<serde::de::IgnoredAny>,
}

#[derive(Debug, Deserialize)]
struct WireAccount {
    login: Option<String>,
}

impl Installation {
    /// Whether it covers that owner; an unknown one could be anybody.
    fn is_of(&self, owner: Option<&str>) -> bool {
        let login = self
            .account
            .as_ref()
            .and_then(|account| account.login.as_ref());
        match (owner, login) {
            (Some(owner), Some(login)) => owner.eq_ignore_ascii_case(login),
            _ => true,
        }
    }
}

/// Organizations that hide behind single sign-on what the list would hold else.
/// <https://docs.github.com/en/rest/authentication/authenticating-to-the-rest-api#authorizing-a-personal-access-token-for-saml-single-sign-on>
fn missing(reply: &Reply) -> Option<(Code, String)> {
    let partial = reply.headers.get("x-github-sso")?.to_str().ok()?;
    let organizations = partial.strip_prefix("partial-results")?;
    let ids = organizations.split_once('=').map_or("", |(_, ids)| ids);
    let count = ids.split(',').filter(|id| !id.trim().is_empty()).count();
    Some((
        Code::AccessBlockedByPolicy,
        format!("GitHub left out what {count} organizations show after a single sign-on only."),
    ))
}

/// The texts of limits that no header shows.
const SECONDARY_LIMITS: &[&str] = &[
    "secondary rate limit",
    "api rate limit exceeded",
    "abuse detection",
];

/// The texts with which GitHub names what an administrator or a court decided.
const POLICIES: &[&str] = &[
    "saml enforcement",
    "oauth app access restrictions",
    "ip allow list",
    "enterprise policy",
    "policy of the enterprise",
    "blocked",
    "trade control",
    // Token policies.
    // <https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization/setting-a-personal-access-token-policy-for-your-organization>
    "forbids access via",
    "token's lifetime",
];

/// What a refusal means by GitHub's own words. Limits go first: they too come as 403.
fn refusal(refusal: &Refusal<'_>) -> Option<Error> {
    let error = |code, message: &str| Some(refusal.error(code, message));
    match refusal.status() {
        403 | 429 if refusal.header("x-ratelimit-remaining") == Some("0") => {
            Some(refusal.rate_limited("x-ratelimit-reset"))
        }
        // The primary limit's reset says nothing of a secondary one.
        429 => Some(refusal.rate_limited("")),
        403 if refusal.header("retry-after").is_some() || refusal.says(SECONDARY_LIMITS) => {
            Some(refusal.rate_limited(""))
        }
        403 if refusal
            .header("x-github-sso")
            .is_some_and(|sso| sso.starts_with("required")) =>
        {
            error(
                Code::AccessBlockedByPolicy,
                "The organization asks for a single sign-on of this connection at GitHub.",
            )
        }
        403 if refusal.says(POLICIES)
            || refusal.has("block")
            || (refusal.says(&["enterprise"]) && refusal.says(&["policy", "policies"])) =>
        {
            error(
                Code::AccessBlockedByPolicy,
                "A policy of the GitHub organization or enterprise blocks this access.",
            )
        }
        422 if refusal.says(&["trade control"]) => error(
            Code::AccessBlockedByPolicy,
            "The law blocks this access at GitHub.",
        ),
        422 if refusal.says(&["cannot have more than"]) => error(
            Code::InvalidRequest,
            "The repository has as many hooks at GitHub as it can have.",
        ),
        403 if refusal.says(&["too large to list contributors"]) => error(
            Code::UnsupportedEndpoint,
            "GitHub does not list the contributors of a history this large.",
        ),
        403 if refusal.says(&["maximum number of login attempts"]) => error(
            Code::AuthExpired,
            "GitHub no longer accepts the connection's credential.",
        ),
        404 if refusal.says(&["no common ancestor"]) => error(
            Code::ResourceNotFound,
            "The two names have no common ancestor.",
        ),
        409 if refusal.says(&["repository is empty"]) => {
            error(Code::ResourceNotFound, "The repository has no commits yet.")
        }
        409 => error(
            Code::UpstreamUnavailable,
            "GitHub cannot read the repository at the moment.",
        ),
        422 if refusal.says(&["no commit found"]) || refusal.tells("missing") => {
            error(Code::ResourceNotFound, "GitHub has no such resource.")
        }
        202 => Some(
            refusal
                .error(
                    Code::UpstreamUnavailable,
                    "GitHub is still computing this answer.",
                )
                .with_retry_after(3),
        ),
        _ => None,
    }
}
