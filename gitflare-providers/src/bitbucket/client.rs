//! How Bitbucket is asked: paths, pages, credentials, and what a refusal turns out to mean once the
//! repository itself was looked at. What an answer holds is the business of the other files.
//! <https://developer.atlassian.com/cloud/bitbucket/rest/intro/>

use base64::{Engine, prelude::BASE64_STANDARD};
use gitflare_core::{
    Code, Error, PageRequest, Position, Result,
    provider::{Call, Endpoint, ProviderId, RepoRef},
};
use serde::Deserialize;
use serde_json::Value;

use super::refusals::{NO_REPOSITORY, refusal, role_too_low};
use crate::{
    http::Http,
    listing::{About, Api, List, Paging, settle_by_look},
    pagination::{self, Keys},
    request::{AGENT, Get},
    upstream::{Dialect, RETRIES, RateLimitHeaders, Upstream, bearer},
    upstream_answer::Answer,
    upstream_error::recode,
    wire,
};

/// The headers that name a request; which of them comes has changed over the years.
pub(super) const REQUEST_ID: &[&str] = &[
    "x-request-id",
    "atl-request-id",
    "atl-traceid",
    "x-b3-traceid",
];

const DIALECT: Dialect = Dialect {
    provider: ProviderId::BITBUCKET,
    headers: &[
        // Diffs and files come as they are.
        ("accept", "application/json, text/plain, */*;q=0.1"),
        ("user-agent", AGENT),
    ],
    query: &[],
    authorization,
    pasted: None,
    retries: RETRIES,
    request_id: REQUEST_ID,
    rate_limit: RateLimitHeaders {
        limit: "x-ratelimit-limit",
        remaining: "x-ratelimit-remaining",
        reset: "x-ratelimit-reset",
        is_end: false,
    },
    refuses: None,
    refusal,
    passing: &[],
    missing: |_| None,
};

/// OAuth and access tokens are bearer tokens. An API token belongs to an account's e-mail, and the two
/// are sent as user and password: `mail@company.example:token` is what a connection stores then.
/// <https://support.atlassian.com/bitbucket-cloud/docs/using-api-tokens/>
fn authorization(token: &str) -> String {
    match token.contains(':') {
        true => format!("Basic {}", BASE64_STANDARD.encode(token)),
        false => bearer(token),
    }
}

/// How a page goes on: by number, by a code that means something to Bitbucket alone, or behind a row.
const KEYS: Keys = &["page", "ctx", "after"];
/// The most rows of a page.
const MAX_ROWS: usize = 100;
/// The most rows of a page of pull requests, whatever the reference says.
const MAX_PULL_REQUESTS: usize = 50;

/// Pages that name the next one.
/// <https://developer.atlassian.com/cloud/bitbucket/rest/intro/#pagination>
pub(super) const NEXT: Paging = Paging::Pages {
    ask: |get, page| ask(get, page, MAX_ROWS),
    next: |answer, _, _| next(answer),
    otherwise: None,
};

/// The same for pull requests.
pub(super) const PULL_REQUESTS: Paging = Paging::Pages {
    ask: |get, page| ask(get, page, MAX_PULL_REQUESTS),
    next: |answer, _, _| next(answer),
    otherwise: None,
};

/// How many changed files a page of them has.
pub(super) const MAX_FILES: &str = "500";
/// The same for changed files, of which as many come as may.
pub(super) const FILES: Paging = Paging::Pages {
    ask: |get, page| at(get.query("pagelen", MAX_FILES), page),
    next: |answer, _, _| next(answer),
    otherwise: None,
};

/// Pages of the pipelines service, which says how many rows there are and never where they go on.
/// <https://jira.atlassian.com/browse/BCLOUD-20639>
pub(super) const NUMBERED: Paging = Paging::Pages {
    ask: |get, page| ask(get, page, MAX_ROWS),
    next: |answer, page, rows| next_number(answer, page, rows),
    otherwise: None,
};

/// A list below a repository.
pub(super) fn below<'a>(endpoint: Endpoint, repo: &'a RepoRef, segments: &[&'a str]) -> List<'a> {
    List::new(endpoint, &NEXT, &["repositories", ANY_WORKSPACE])
        .then(braced(&repo.id))
        .at(segments)
        .rows_in("values")
        .of(repo)
}

/// One object below a repository.
pub(super) fn object(repo: &RepoRef, segments: &[&str]) -> Result<Get<'static>> {
    let id = braced(&repo.id);
    Get::new(&[&["repositories", ANY_WORKSPACE, &*id], segments].concat())
}

/// Stands for the workspace where a repository is named by its UUID.
const ANY_WORKSPACE: &str = "{}";

/// A UUID as Bitbucket writes it in paths.
pub(super) fn braced(uuid: &str) -> String {
    format!("{{{uuid}}}")
}

/// A UUID as this adapter writes it: without braces, which no path segment needs to encode then, and in
/// lower case.
pub(super) fn unbraced(uuid: impl AsRef<str>) -> String {
    let uuid = uuid.as_ref();
    let inside = uuid.strip_prefix('{').and_then(|it| it.strip_suffix('}'));
    inside.unwrap_or(uuid).to_ascii_lowercase()
}

/// One Bitbucket.
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

    /// The repository at a path.
    pub(super) async fn repository(&self, call: &Call, get: &Get<'_>) -> Result<Answer> {
        let asked = self.upstream.get(call, get).await;
        // Whatever the body says: nothing else can be absent here.
        asked.map_err(|error| match error.code() {
            Code::ResourceNotFound => recode(&error, Code::RepositoryNotFound, NO_REPOSITORY),
            _ => role_too_low(error),
        })
    }

    /// The name of the default branch; `None` in a repository without commits.
    pub(super) async fn default_branch(
        &self,
        call: &Call,
        repo: &RepoRef,
    ) -> Result<Option<String>> {
        let get = object(repo, &[])?.query("fields", "uuid,mainbranch.name");
        let answer = self.repository(call, &get).await?;
        let wire: WireDefault = answer.json()?;
        Ok(wire.mainbranch.and_then(|branch| branch.name))
    }
}

impl Api for Client {
    fn upstream(&self) -> &Upstream {
        &self.upstream
    }

    /// Looks at the repository where the refusal alone does not tell.
    async fn settle(&self, call: &Call, about: About<'_>, refusal: Error) -> Result<()> {
        let refusal = role_too_low(refusal);
        // Where pipelines are switched off.
        settle_by_look(about, refusal, Endpoint::Deployments, |repo| async move {
            self.repository(call, &object(repo, &[])?).await
        })
        .await
    }
}

fn ask<'a>(get: Get<'a>, page: &'a PageRequest, most: usize) -> Result<Get<'a>> {
    let length = page.limit.get().min(most).to_string();
    at(get.query("pagelen", length), page)
}

/// Goes on where a page starts.
fn at<'a>(get: Get<'a>, page: &'a PageRequest) -> Result<Get<'a>> {
    match &page.position {
        Some(position) => pagination::apply(get, KEYS, position.fields()),
        None => Ok(get),
    }
}

/// Where the next page starts. Of its URL only what selects the page is kept, whatever its host.
fn next(answer: &Answer) -> Result<Option<Position>> {
    let next = pagination::pointer(answer, answer.json::<WirePage>()?.next)?;
    pagination::from_url(answer, KEYS, next.as_deref())
}

fn next_number(answer: &Answer, page: &PageRequest, rows: usize) -> Result<Option<Position>> {
    let wire: WirePage = answer.json()?;
    let next = pagination::pointer(answer, wire.next)?;
    if let Some(position) = pagination::from_url(answer, KEYS, next.as_deref())? {
        return Ok(Some(position));
    }
    // A page past the end is empty and says that there are rows all the same.
    if rows == 0 {
        return Ok(None);
    }
    let asked = page.limit.get().min(MAX_ROWS) as u64;
    let place = page.position.as_ref();
    let place = place.and_then(|position| pagination::number(position, KEYS, KEYS[0]));
    let number = wire.page.or(place).unwrap_or(1);
    let length = wire.pagelen.unwrap_or(asked);
    let is_last = match wire.size {
        Some(size) => number.saturating_mul(length) >= size,
        // Where nobody says how many there are, a full page may have one after it.
        None => (rows as u64) < length,
    };
    if is_last {
        return Ok(None);
    }
    let number = number.saturating_add(1).to_string();
    pagination::from_value(answer, KEYS, KEYS[0], Some(&number))
}

/// What stands around the rows of a page.
#[derive(Debug, Deserialize)]
struct WirePage {
    next: Option<Value>,
    page: Option<u64>,
    pagelen: Option<u64>,
    size: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct WireDefault {
    mainbranch: Option<WireNamed>,
}

/// A thing of which only the name counts.
#[derive(Debug, Deserialize)]
pub(super) struct WireNamed {
    pub(super) name: Option<String>,
}

/// A text as it was written, beside what it was rendered to.
#[derive(Debug, Deserialize)]
pub(super) struct WireText {
    #[serde(default, deserialize_with = "wire::filled")]
    pub(super) raw: Option<String>,
}

/// Where a thing is to be seen.
#[derive(Debug, Default, Deserialize)]
pub(super) struct WireLinks {
    pub(super) html: Option<WireHref>,
    pub(super) avatar: Option<WireHref>,
}

#[derive(Debug, Deserialize)]
pub(super) struct WireHref {
    pub(super) href: Option<String>,
}

/// The address behind a link.
pub(super) fn href(link: Option<WireHref>) -> Option<String> {
    link.and_then(|link| link.href)
}
