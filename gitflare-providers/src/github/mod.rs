//! Provider `github`: github.com, GHE.com and Enterprise Server over REST. It reads only, and asks
//! by the numeric id, which outlives names.

mod capabilities;
mod checks;
mod client;
mod commits;
mod contributors;
mod deployments;
mod diff;
mod hooks;
mod oauth;
mod profile;
mod pull_requests;
mod refs;
mod releases;
mod repositories;
mod tree;

use async_trait::async_trait;
use gitflare_core::{
    ConnectionId, Page, PageRequest, Result,
    model::{
        Branch, Check, Commit, Contributor, Deployment, Diff, PullRequest, PullRequestFilter,
        Release, Repository, Tag, TreeEntry, Viewer,
    },
    provider::{
        Call, Capability, CommitId, DeploymentFilter, GitRef, Provider, ProviderHooks, ProviderId,
        ProviderOauth, RateLimit, RefSelector, RepoRef, TreeQuery,
    },
};

use self::{capabilities::CAPABILITIES, client::Client, oauth::Oauth};
use crate::{Http, OauthConfig};

/// The provider of one GitHub.
#[derive(Debug)]
pub struct Github {
    client: Client,
    oauth: Option<Oauth>,
}

impl Github {
    /// A GitHub whose REST API is at this base URL, `/api/v3` included where it has one.
    ///
    /// # Errors
    /// `INVALID_REQUEST` when the gateway may not call that URL.
    pub fn new(http: Http, api_url: &str) -> Result<Self> {
        Ok(Self {
            client: Client::new(http, api_url)?,
            oauth: None,
        })
    }

    /// Links accounts too, as the client that is registered there; `app_slug` says that it is a
    /// GitHub App's.
    ///
    /// # Errors
    /// `INVALID_REQUEST` when the gateway may not call the URL of its pages.
    pub fn with_oauth(
        mut self,
        http: Http,
        api_url: &str,
        config: OauthConfig,
        app_slug: Option<String>,
    ) -> Result<Self> {
        self.oauth = Some(Oauth::new(http, api_url, config, app_slug)?);
        Ok(self)
    }
}

#[async_trait]
impl Provider for Github {
    fn id(&self) -> ProviderId {
        ProviderId::GITHUB
    }

    fn capabilities(&self) -> &'static [Capability] {
        CAPABILITIES
    }

    /// A number; everything else is `owner/name`.
    fn is_repository_id(&self, segment: &str) -> bool {
        matches!(segment.len(), 1..=19)
            && !segment.starts_with('0')
            && segment.bytes().all(|byte| byte.is_ascii_digit())
    }

    fn rate_limit(&self, connection: &ConnectionId) -> Option<RateLimit> {
        self.client.upstream.rate_limit(connection)
    }

    fn oauth(&self) -> Option<&dyn ProviderOauth> {
        self.oauth.as_ref().map(|oauth| oauth as _)
    }

    async fn viewer(&self, call: &Call) -> Result<Viewer> {
        profile::viewer(&self.client, call).await
    }

    async fn repositories(&self, call: &Call, page: PageRequest) -> Result<Page<Repository>> {
        repositories::list(&self.client, call, &page).await
    }

    async fn repository(&self, call: &Call, repo: &RepoRef) -> Result<Repository> {
        repositories::find(&self.client, call, repo).await
    }

    async fn find_repository(&self, call: &Call, full_name: &str) -> Result<Repository> {
        repositories::find_by_name(&self.client, call, full_name).await
    }

    async fn branches(
        &self,
        call: &Call,
        repo: &RepoRef,
        page: PageRequest,
    ) -> Result<Page<Branch>> {
        refs::branches(&self.client, call, repo, &page).await
    }

    async fn commits(
        &self,
        call: &Call,
        repo: &RepoRef,
        branch: Option<&GitRef>,
        page: PageRequest,
    ) -> Result<Page<Commit>> {
        commits::list(&self.client, call, repo, branch, &page).await
    }

    async fn commit_diff(&self, call: &Call, repo: &RepoRef, commit: &CommitId) -> Result<Diff> {
        commits::diff(&self.client, call, repo, commit).await
    }

    async fn pull_requests(
        &self,
        call: &Call,
        repo: &RepoRef,
        state: PullRequestFilter,
        page: PageRequest,
    ) -> Result<Page<PullRequest>> {
        pull_requests::list(&self.client, call, repo, state, &page).await
    }

    async fn pull_request_diff(&self, call: &Call, repo: &RepoRef, number: u64) -> Result<Diff> {
        pull_requests::diff(&self.client, call, repo, number).await
    }

    async fn contributors(
        &self,
        call: &Call,
        repo: &RepoRef,
        page: PageRequest,
    ) -> Result<Page<Contributor>> {
        contributors::list(&self.client, call, repo, &page).await
    }

    async fn tags(&self, call: &Call, repo: &RepoRef, page: PageRequest) -> Result<Page<Tag>> {
        refs::tags(&self.client, call, repo, &page).await
    }

    async fn releases(
        &self,
        call: &Call,
        repo: &RepoRef,
        page: PageRequest,
    ) -> Result<Page<Release>> {
        releases::list(&self.client, call, repo, &page).await
    }

    async fn checks(
        &self,
        call: &Call,
        repo: &RepoRef,
        at: &RefSelector,
        page: PageRequest,
    ) -> Result<Page<Check>> {
        checks::list(&self.client, call, repo, at, &page).await
    }

    async fn deployments(
        &self,
        call: &Call,
        repo: &RepoRef,
        filter: &DeploymentFilter,
        page: PageRequest,
    ) -> Result<Page<Deployment>> {
        deployments::list(&self.client, call, repo, filter, &page).await
    }

    async fn file_tree(
        &self,
        call: &Call,
        repo: &RepoRef,
        query: &TreeQuery,
        page: PageRequest,
    ) -> Result<Page<TreeEntry>> {
        tree::list(&self.client, call, repo, query, &page).await
    }

    fn hooks(&self) -> Option<&dyn ProviderHooks> {
        Some(self)
    }
}
