//! How Azure DevOps is asked: paths, credentials, and where the repository itself is. What an answer holds,
//! and what a refusal comes to, is the business of the other files.
//! <https://learn.microsoft.com/en-us/rest/api/azure/devops/>

use base64::{Engine, prelude::BASE64_STANDARD};
use gitflare_core::{
    Code, Error, Result,
    provider::{Call, Endpoint, ProviderId, RepoRef},
};
use serde::Deserialize;

use super::refusals::{NO_REPOSITORY, is_refusal, no_repository, refusal};
pub(super) use super::values::{branch, moment, without_user};
use crate::{
    http::Http,
    listing::{Api, List, Paging},
    request::{AGENT, Get},
    upstream::{Dialect, RETRIES, RateLimitHeaders, Upstream, bearer},
    upstream_answer::Answer,
    upstream_error::recode,
    wire::{self, is_uuid},
};

/// The base of the public service.
pub(super) const CLOUD: &str = "https://dev.azure.com";
/// Where the public service knows profiles and the organizations of an account.
const CLOUD_PROFILES: &str = "https://app.vssps.visualstudio.com";

/// The headers that name a request.
pub(super) const REQUEST_ID: &[&str] = &["x-vss-e2eid", "activityid", "x-tfs-session"];

const DIALECT: Dialect = Dialect {
    provider: ProviderId::AZURE,
    headers: &[
        // Contents come as they are.
        ("accept", "application/json, application/octet-stream;q=0.9"),
        ("user-agent", AGENT),
        // Else a dead token is answered with the way to a page for people.
        (SUPPRESS, "Suppress"),
    ],
    query: &[("api-version", "7.1")],
    authorization: bearer,
    pasted: Some(pasted),
    retries: RETRIES,
    request_id: REQUEST_ID,
    rate_limit: RateLimitHeaders {
        limit: "x-ratelimit-limit",
        remaining: "x-ratelimit-remaining",
        reset: "x-ratelimit-reset",
        is_end: false,
    },
    refuses: Some(is_refusal),
    refusal: |refused| refusal(refused, "vso.code"),
    // An internal error of the moment.
    passing: &["TF400898"],
    missing: |_| None,
};

/// The same where profiles and organizations are.
const PROFILES: Dialect = Dialect {
    refusal: |refused| refusal(refused, "vso.profile"),
    ..DIALECT
};

/// What turns the way to a page to sign in at into a refusal.
const SUPPRESS: &str = "x-tfs-fedauthredirect";

/// The host of profiles that goes with the base of an API: of the public service it is another one.
fn profiles_of(api_url: &str) -> &str {
    match api_url.trim_end_matches('/') {
        CLOUD => CLOUD_PROFILES,
        _ => api_url,
    }
}

/// A personal access token is the password of no user; what a service principal has is a JSON Web
/// Token of three parts.
/// <https://learn.microsoft.com/en-us/azure/devops/organizations/accounts/use-personal-access-tokens-to-authenticate>
fn pasted(token: &str) -> String {
    match token.split('.').count() {
        3 => bearer(token),
        _ => format!("Basic {}", BASE64_STANDARD.encode(format!(":{token}"))),
    }
}

/// Organization, project and repository of a repository's id; `None` when it is none.
pub(super) fn parts(id: &str) -> Option<[&str; 3]> {
    let mut parts = id.splitn(3, '~');
    let parts = [parts.next()?, parts.next()?, parts.next()?];
    let [organization, project, repository] = parts;
    (!organization.is_empty() && is_uuid(project) && is_uuid(repository)).then_some(parts)
}

/// A repository's id: its organization, and the GUIDs of project and repository in lower case.
pub(super) fn repository_id(organization: &str, project: &str, repository: &str) -> String {
    let (project, repository) = (
        project.to_ascii_lowercase(),
        repository.to_ascii_lowercase(),
    );
    format!("{organization}~{project}~{repository}")
}

/// The path of a repository.
fn root(repo: &RepoRef) -> Result<[&str; 6]> {
    let [organization, project, id] = parts(&repo.id).ok_or_else(no_repository)?;
    Ok([organization, project, "_apis", "git", "repositories", id])
}

/// A list below a repository.
pub(super) fn below<'a>(
    endpoint: Endpoint,
    paging: &'static Paging,
    repo: &'a RepoRef,
    segments: &[&'a str],
) -> Result<List<'a>> {
    let list = List::new(endpoint, paging, &root(repo)?).at(segments);
    Ok(list.rows_in("value").of(repo))
}

/// One object below a repository.
pub(super) fn object(repo: &RepoRef, segments: &[&str]) -> Result<Get<'static>> {
    Get::new(&[&root(repo)?[..], segments].concat())
}

/// One Azure DevOps.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) upstream: Upstream,
    /// Where profiles and organizations are.
    pub(super) profiles: Upstream,
}

impl Client {
    pub(super) fn new(http: Http, api_url: &str) -> Result<Self> {
        Ok(Self {
            profiles: Upstream::beside(http.clone(), api_url, &PROFILES, profiles_of)?,
            upstream: Upstream::new(http, api_url, &DIALECT)?,
        })
    }

    /// Takes the way to a page to sign in at for an answer.
    pub(super) fn allow_sign_in_redirects(&mut self) {
        self.upstream.set_header(SUPPRESS, None);
        self.profiles.set_header(SUPPRESS, None);
    }

    /// The repository at a path.
    pub(super) async fn repository(&self, call: &Call, get: &Get<'_>) -> Result<Answer> {
        let asked = self.upstream.get(call, get).await;
        // Whatever the body says: nothing else can be absent here.
        asked.map_err(|error| match error.code() {
            Code::ResourceNotFound => recode(&error, Code::RepositoryNotFound, NO_REPOSITORY),
            _ => error,
        })
    }

    /// The repository of that id.
    pub(super) async fn of(&self, call: &Call, repo: &RepoRef) -> Result<Answer> {
        let get = object(repo, &[])?;
        match self.repository(call, &get).await {
            Err(error) if self.has_moved(call, repo, &error).await => {
                self.repository(call, &get).await
            }
            found => found,
        }
    }

    /// The name of the default branch; `None` in a repository without commits.
    pub(super) async fn default_branch(
        &self,
        call: &Call,
        repo: &RepoRef,
    ) -> Result<Option<String>> {
        let answer = self.of(call, repo).await?;
        let wire: WireDefault = answer.json()?;
        Ok(wire.default_branch.map(branch))
    }

    /// Whether a refusal says no more than that the repository has no commits.
    pub(super) async fn is_without_commits(
        &self,
        call: &Call,
        repo: &RepoRef,
        refusal: &Error,
    ) -> Result<bool> {
        Ok(refusal.code() == Code::ResourceNotFound
            && refusal.upstream_status().is_some()
            && self.default_branch(call, repo).await?.is_none())
    }
}

#[derive(Debug, Deserialize)]
struct WireDefault {
    #[serde(rename = "defaultBranch", default, deserialize_with = "wire::filled")]
    default_branch: Option<String>,
}
