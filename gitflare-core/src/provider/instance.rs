//! An adapter under an id and a name of its own, so that several code hosts of one kind stand side
//! by side. What the adapter says of itself by id (in resources, in errors) gets the instance's id;
//! everything else passes through.

use std::{fmt, sync::Arc};

use async_trait::async_trait;

use super::{
    AuthorizationRequest, Call, Capability, CodeExchange, CommitId, CommitPrefix, CompareQuery,
    ContentQuery, DeploymentFilter, Evidence, GitRef, Held, HookCall, HookEvent, HookEvents,
    KnownRepository, NewHook, OauthRefusal, Provider, ProviderHooks, ProviderId, ProviderKind,
    ProviderOauth, ProviderTokens, RateLimit, RefSelector, RepoRef, TokenRefresh, TokenRevocation,
    Told, TreeQuery,
};
use crate::{
    Code, ConnectionId, Error, Page, PageRequest, Result, Scopes, Secret,
    model::{
        Branch, Check, Comment, Commit, Comparison, Content, Contributor, Deployment, Diff,
        EventData, EventName, Label, Person, PullRequest, PullRequestFilter, Release, Repository,
        Review, Tag, TreeEntry, Viewer,
    },
};

/// A provider of the same kind as the adapter that serves it.
pub struct Instance {
    adapter: Arc<dyn Provider>,
    id: ProviderId,
    name: String,
}

impl Instance {
    /// Gives an adapter an id and a name for people.
    #[must_use]
    pub fn new(adapter: Arc<dyn Provider>, id: ProviderId, name: impl Into<String>) -> Self {
        Self {
            adapter,
            id,
            name: name.into(),
        }
    }

    /// The error under the instance's id, where it names the adapter's.
    fn renamed(&self, error: Error) -> Error {
        match error.provider() {
            Some(id) if id == self.adapter.id() => error.with_provider(self.id),
            _ => error,
        }
    }

    fn repository_of(&self, mut repository: Repository) -> Repository {
        repository.provider = self.id;
        repository
    }

    fn linking(&self) -> Result<&dyn ProviderOauth> {
        let missing = || Error::internal("an instance links no accounts");
        self.adapter.oauth().ok_or_else(missing)
    }

    fn calls_back(&self) -> Result<&dyn ProviderHooks> {
        let missing = || Error::internal("an instance has no hooks");
        self.adapter.hooks().ok_or_else(missing)
    }

    fn refusal(&self, refusal: OauthRefusal) -> OauthRefusal {
        match refusal {
            OauthRefusal::Rejected(error) => OauthRefusal::Rejected(self.renamed(error)),
            OauthRefusal::Failed(error) => OauthRefusal::Failed(self.renamed(error)),
        }
    }
}

/// The operations that pass through unchanged but for the id in their errors.
macro_rules! pass {
    ($($operation:ident($($name:ident: $kind:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl Provider for Instance {
            fn id(&self) -> ProviderId {
                self.id
            }

            fn kind(&self) -> ProviderKind {
                self.adapter.kind()
            }

            fn name(&self) -> &str {
                &self.name
            }

            fn needs_credential(&self) -> bool {
                self.adapter.needs_credential()
            }

            fn capabilities(&self) -> &'static [Capability] {
                self.adapter.capabilities()
            }

            fn evidence(&self) -> &'static [Evidence] {
                self.adapter.evidence()
            }

            fn is_repository_id(&self, segment: &str) -> bool {
                self.adapter.is_repository_id(segment)
            }

            fn respelt(&self, segment: &str) -> Option<String> {
                self.adapter.respelt(segment)
            }

            fn pasted_refusal(&self, refusal: &Error) -> Code {
                self.adapter.pasted_refusal(refusal)
            }

            fn rate_limit(&self, connection: &ConnectionId) -> Option<RateLimit> {
                self.adapter.rate_limit(connection)
            }

            fn oauth(&self) -> Option<&dyn ProviderOauth> {
                self.adapter.oauth().map(|_| self as _)
            }

            fn hooks(&self) -> Option<&dyn ProviderHooks> {
                self.adapter.hooks().map(|_| self as _)
            }

            async fn viewer(&self, call: &Call) -> Result<Viewer> {
                let viewer = self.adapter.viewer(call).await;
                let mut viewer = viewer.map_err(|error| self.renamed(error))?;
                viewer.provider = self.id;
                Ok(viewer)
            }

            async fn repositories(&self, call: &Call, page: PageRequest) -> Result<Page<Repository>> {
                let page = self.adapter.repositories(call, page).await;
                let mut page = page.map_err(|error| self.renamed(error))?;
                for repository in &mut page.items {
                    repository.provider = self.id;
                }
                Ok(page)
            }

            async fn repository(&self, call: &Call, repo: &RepoRef) -> Result<Repository> {
                let found = self.adapter.repository(call, repo).await;
                found
                    .map(|repository| self.repository_of(repository))
                    .map_err(|error| self.renamed(error))
            }

            async fn find_repository(&self, call: &Call, full_name: &str) -> Result<Repository> {
                let found = self.adapter.find_repository(call, full_name).await;
                found
                    .map(|repository| self.repository_of(repository))
                    .map_err(|error| self.renamed(error))
            }

            async fn forks(&self, call: &Call, repo: &RepoRef, page: PageRequest) -> Result<Page<Repository>> {
                let forks = self.adapter.forks(call, repo, page).await;
                let forks = forks.map_err(|error| self.renamed(error))?;
                Ok(forks.map(|fork| self.repository_of(fork)))
            }

            async fn repositories_by_id(
                &self,
                call: &Call,
                known: &[KnownRepository],
            ) -> Result<Option<Vec<Told>>> {
                let told = self.adapter.repositories_by_id(call, known).await;
                let told = told.map_err(|error| self.renamed(error))?;
                let own = |row: Result<Repository>| {
                    row.map(|repository| self.repository_of(repository))
                        .map_err(|error| self.renamed(error))
                };
                Ok(told.map(|rows| rows.into_iter().map(|row| row.map(own)).collect()))
            }

            $(async fn $operation(&self, call: &Call, repo: &RepoRef, $($name: $kind),*) -> Result<$answer> {
                let answer = self.adapter.$operation(call, repo, $($name),*).await;
                answer.map_err(|error| self.renamed(error))
            })*
        }
    };
}

pass! {
    branches(page: PageRequest) -> Page<Branch>;
    commits(branch: Option<&GitRef>, page: PageRequest) -> Page<Commit>;
    commit_diff(commit: &CommitId) -> Diff;
    pull_requests(state: PullRequestFilter, page: PageRequest) -> Page<PullRequest>;
    pull_request_diff(number: u64) -> Diff;
    contributors(page: PageRequest) -> Page<Contributor>;
    tags(page: PageRequest) -> Page<Tag>;
    releases(page: PageRequest) -> Page<Release>;
    checks(at: &RefSelector, page: PageRequest) -> Page<Check>;
    deployments(filter: &DeploymentFilter, page: PageRequest) -> Page<Deployment>;
    file_tree(query: &TreeQuery, page: PageRequest) -> Page<TreeEntry>;
    labels(page: PageRequest) -> Page<Label>;
    stargazers(page: PageRequest) -> Page<Person>;
    watchers(page: PageRequest) -> Page<Person>;
    assignees(page: PageRequest) -> Page<Person>;
    commit(commit: &CommitPrefix) -> Commit;
    pull_request(number: u64) -> PullRequest;
    pull_request_commits(number: u64, page: PageRequest) -> Page<Commit>;
    reviews(number: u64, page: PageRequest) -> Page<Review>;
    comments(number: u64, page: PageRequest) -> Page<Comment>;
    contents(query: &ContentQuery, held: Held<'_>) -> Content;
    compare(query: &CompareQuery) -> Comparison;
}

#[async_trait]
impl ProviderOauth for Instance {
    fn authorization_url(&self, request: &AuthorizationRequest<'_>) -> Result<String> {
        self.linking()?
            .authorization_url(request)
            .map_err(|error| self.renamed(error))
    }

    fn beyond_reading(&self, permissions: Scopes) -> Vec<&'static str> {
        let oauth = self.adapter.oauth();
        oauth.map_or_else(Vec::new, |oauth| oauth.beyond_reading(permissions))
    }

    fn issuer_origin(&self) -> &str {
        self.adapter
            .oauth()
            .map_or("", ProviderOauth::issuer_origin)
    }

    fn installation_url(&self) -> Option<String> {
        self.adapter.oauth()?.installation_url()
    }

    fn posts_code(&self) -> bool {
        self.adapter.oauth().is_some_and(ProviderOauth::posts_code)
    }

    async fn exchange(&self, exchange: CodeExchange<'_>) -> Result<ProviderTokens, OauthRefusal> {
        let linking = self.linking().map_err(OauthRefusal::Failed)?;
        let tokens = linking.exchange(exchange).await;
        tokens.map_err(|refusal| self.refusal(refusal))
    }

    async fn refresh(&self, refresh: TokenRefresh<'_>) -> Result<ProviderTokens, OauthRefusal> {
        let linking = self.linking().map_err(OauthRefusal::Failed)?;
        let tokens = linking.refresh(refresh).await;
        tokens.map_err(|refusal| self.refusal(refusal))
    }

    async fn revoke(&self, revocation: TokenRevocation<'_>) -> Result<()> {
        let revoked = self.linking()?.revoke(revocation).await;
        revoked.map_err(|error| self.renamed(error))
    }
}

#[async_trait]
impl ProviderHooks for Instance {
    fn events(&self) -> &'static [EventName] {
        self.adapter.hooks().map_or(&[], ProviderHooks::events)
    }

    async fn create(&self, call: &Call, repo: &RepoRef, hook: &NewHook<'_>) -> Result<String> {
        let created = self.calls_back()?.create(call, repo, hook).await;
        created.map_err(|error| self.renamed(error))
    }

    async fn delete(&self, call: &Call, repo: &RepoRef, hook_id: &str) -> Result<()> {
        let deleted = self.calls_back()?.delete(call, repo, hook_id).await;
        deleted.map_err(|error| self.renamed(error))
    }

    fn verify(&self, call: &HookCall<'_>, secret: &Secret<String>) -> bool {
        let hooks = self.adapter.hooks();
        hooks.is_some_and(|hooks| hooks.verify(call, secret))
    }

    fn read(&self, call: &HookCall<'_>) -> Result<HookEvents> {
        let read = self.calls_back()?.read(call);
        let mut read = read.map_err(|error| self.renamed(error))?;
        for HookEvent { data, .. } in &mut read.events {
            if let EventData::Repository(repository) = data {
                repository.provider = self.id;
            }
        }
        Ok(read)
    }
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instance")
            .field("id", &self.id)
            .field("kind", &self.adapter.kind())
            .finish_non_exhaustive()
    }
}
