//! Providers as the core sees them: an id, a set of capabilities and one method per unified
//! operation. What an adapter does to serve them is its own business.
//!
//! To add a provider: give it a [`ProviderId`] (a built-in kind has its row in `id.rs`), implement [`Provider`] in the providers crate
//! (only the operations the upstream has; the others answer by their default), list what it serves in
//! its capabilities, and run the conformance suite over it.

mod capability;
mod commit_id;
mod contents;
mod evidence;
mod hooks;
mod id;
mod instance;
mod oauth;
mod rate_limit;
mod reference;
mod registry;

use std::time::Instant;

use async_trait::async_trait;

pub use capability::{Capability, Endpoint, Support};
pub use commit_id::{CommitId, CommitPrefix};
pub use contents::{ContentQuery, FilePath, Held};
pub use evidence::Evidence;
pub use hooks::{HookCall, HookEvent, HookEvents, NewHook, ProviderHooks};
pub use id::{ProviderId, ProviderKind};
pub use instance::Instance;
pub use oauth::{
    AuthorizationRequest, CodeExchange, OauthRefusal, ProviderOauth, ProviderTokens, TokenRefresh,
    TokenRevocation,
};
pub use rate_limit::RateLimit;
pub use reference::{CompareQuery, GitRef, RefSelector, TreePath, TreeQuery};
pub use registry::Registry;

use crate::{
    Code, ConnectionId, Error, Page, PageRequest, Result, Secret,
    filter::BlockedPaths,
    model::{
        Branch, Check, Comment, Commit, Comparison, Content, Contributor, Deployment,
        DeploymentState, Diff, Label, Person, PullRequest, PullRequestFilter, Release, Repository,
        Review, Tag, TreeEntry, Viewer,
    },
};

/// On whose behalf, and until when, an adapter works.
#[derive(Debug)]
pub struct Call {
    /// The connection; goes into the resources that name it.
    pub connection_id: ConnectionId,
    /// The credential for the upstream.
    pub access_token: Secret<String>,
    /// Whether OAuth issued that credential; else somebody pasted it, and what it is the adapter finds
    /// out.
    pub is_oauth: bool,
    /// The paths whose contents would not leave: an adapter does not fetch them.
    pub blocked: BlockedPaths,
    /// The REST base of a self-hosted upstream, where it differs from the configured one.
    pub api_base_url: Option<String>,
    /// The organization, for credentials that cannot list theirs.
    pub organization: Option<String>,
    /// Time by which the call must have ended (monotonic clock). The gateway has no timer of its own:
    /// an adapter gives up by itself, with `UPSTREAM_TIMEOUT`.
    pub deadline: Instant,
}

/// A repository by the provider's own id, with its name where it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepoRef {
    /// The provider's own id.
    pub id: String,
    /// The full name as last seen.
    pub full_name: Option<String>,
}

/// A repository that is asked for together with others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownRepository {
    /// Its id and its name.
    pub repo: RepoRef,
    /// [`Repository::node_id`] as last seen; `None` while it is not known.
    pub node_id: Option<String>,
}

/// What an upstream says of a repository that was asked for together with others; `None` when only
/// a read of that repository alone tells.
pub type Told = Option<Result<Repository>>;

/// Filter of a list of deployments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeploymentFilter {
    /// Only to this environment.
    pub environment: Option<String>,
    /// Only deployments in this state; `None` for every state.
    pub state: Option<DeploymentState>,
}

/// One code host that is read.
///
/// Every list is one upstream page in the upstream's own order; a filter that the upstream cannot
/// answer exactly is absent from the capabilities, and the gateway refuses it before the call.
/// An operation the provider lacks keeps its default body and is `UNSUPPORTED_ENDPOINT`.
#[async_trait]
pub trait Provider: Send + Sync {
    /// The id of this instance; unique within a gateway.
    fn id(&self) -> ProviderId;

    /// The API it speaks; by default the kind of the same name as its id.
    fn kind(&self) -> ProviderKind {
        self.id().kind()
    }

    /// The name of this instance for people; by default that of its kind.
    fn name(&self) -> &str {
        self.kind().name()
    }

    /// Whether an account is read with a credential. Without one a connection stores none, and
    /// takes neither a REST base nor an organization.
    fn needs_credential(&self) -> bool {
        true
    }

    /// What is served, with which filters. An operation without a row is not served; a row of its own
    /// gives the reason.
    fn capabilities(&self) -> &'static [Capability];

    /// What the adapter was checked against; nothing where nobody says.
    fn evidence(&self) -> &'static [Evidence] {
        &[]
    }

    /// Whether a path segment has the form of this provider's own repository ids (otherwise it is
    /// taken for a full name).
    fn is_repository_id(&self, segment: &str) -> bool;

    /// The id that a path segment names in another spelling than this provider's answers have, such as
    /// in capitals or in braces; `None` for one that is spelt like them, and for a name.
    fn respelt(&self, _segment: &str) -> Option<String> {
        None
    }

    /// The last rate limit the upstream reported for this connection; `None` when it has not
    /// reported one lately. Makes no request.
    fn rate_limit(&self, _connection: &ConnectionId) -> Option<RateLimit> {
        None
    }

    /// OAuth of this provider; `None` without a client registered there.
    fn oauth(&self) -> Option<&dyn ProviderOauth> {
        None
    }

    /// How a read fails whose credential somebody pasted and the upstream refused, as `refusal` says:
    /// with `AUTH_EXPIRED`, as that of a consent does, unless what was pasted may be wrong by itself where
    /// it was once taken; then with `INVALID_CREDENTIALS`.
    fn pasted_refusal(&self, _refusal: &Error) -> Code {
        Code::AuthExpired
    }

    /// Whom the connection reads as. Also how a credential is checked: one that the upstream
    /// refuses is `INVALID_CREDENTIALS`.
    async fn viewer(&self, _call: &Call) -> Result<Viewer> {
        Err(Error::unsupported(self.id(), Endpoint::Profile))
    }

    /// Lists the repositories that the connection can read.
    async fn repositories(&self, _call: &Call, _page: PageRequest) -> Result<Page<Repository>> {
        Err(Error::unsupported(self.id(), Endpoint::Repositories))
    }

    /// One repository by id; `REPOSITORY_NOT_FOUND` when the upstream has none.
    async fn repository(&self, _call: &Call, _repo: &RepoRef) -> Result<Repository> {
        Err(Error::unsupported(self.id(), Endpoint::Repository))
    }

    /// One repository by full name; `REPOSITORY_NOT_FOUND` when the upstream has none.
    async fn find_repository(&self, _call: &Call, _full_name: &str) -> Result<Repository> {
        Err(Error::unsupported(self.id(), Endpoint::Repository))
    }

    /// At most 100 repositories by id, in the order asked, in as few calls as the upstream needs,
    /// with every member that [`Provider::repository`] gives. `None` when this upstream answers one
    /// id at a time; then they are read singly.
    ///
    /// # Errors
    /// What concerns the connection rather than one of the repositories.
    async fn repositories_by_id(
        &self,
        _call: &Call,
        _known: &[KnownRepository],
    ) -> Result<Option<Vec<Told>>> {
        Ok(None)
    }

    /// Lists branches.
    async fn branches(
        &self,
        _call: &Call,
        _repo: &RepoRef,
        _page: PageRequest,
    ) -> Result<Page<Branch>> {
        Err(Error::unsupported(self.id(), Endpoint::Branches))
    }

    /// The history of a branch, the default branch when `None`.
    async fn commits(
        &self,
        _call: &Call,
        _repo: &RepoRef,
        _branch: Option<&GitRef>,
        _page: PageRequest,
    ) -> Result<Page<Commit>> {
        Err(Error::unsupported(self.id(), Endpoint::Commits))
    }

    /// Reads the diff of a commit against its first parent.
    async fn commit_diff(&self, _call: &Call, _repo: &RepoRef, _commit: &CommitId) -> Result<Diff> {
        Err(Error::unsupported(self.id(), Endpoint::CommitDiff))
    }

    /// The pull requests in a state.
    async fn pull_requests(
        &self,
        _call: &Call,
        _repo: &RepoRef,
        _state: PullRequestFilter,
        _page: PageRequest,
    ) -> Result<Page<PullRequest>> {
        Err(Error::unsupported(self.id(), Endpoint::PullRequests))
    }

    /// Reads the diff of a pull request, by its number.
    async fn pull_request_diff(&self, _call: &Call, _repo: &RepoRef, _number: u64) -> Result<Diff> {
        Err(Error::unsupported(self.id(), Endpoint::PullRequestDiff))
    }

    /// Lists the people who have committed.
    async fn contributors(
        &self,
        _call: &Call,
        _repo: &RepoRef,
        _page: PageRequest,
    ) -> Result<Page<Contributor>> {
        Err(Error::unsupported(self.id(), Endpoint::Contributors))
    }

    /// Lists tags, lightweight and annotated.
    async fn tags(&self, _call: &Call, _repo: &RepoRef, _page: PageRequest) -> Result<Page<Tag>> {
        Err(Error::unsupported(self.id(), Endpoint::Tags))
    }

    /// Lists releases.
    async fn releases(
        &self,
        _call: &Call,
        _repo: &RepoRef,
        _page: PageRequest,
    ) -> Result<Page<Release>> {
        Err(Error::unsupported(self.id(), Endpoint::Releases))
    }

    /// The checks of a commit.
    async fn checks(
        &self,
        _call: &Call,
        _repo: &RepoRef,
        _at: &RefSelector,
        _page: PageRequest,
    ) -> Result<Page<Check>> {
        Err(Error::unsupported(self.id(), Endpoint::Checks))
    }

    /// Lists deployments.
    async fn deployments(
        &self,
        _call: &Call,
        _repo: &RepoRef,
        _filter: &DeploymentFilter,
        _page: PageRequest,
    ) -> Result<Page<Deployment>> {
        Err(Error::unsupported(self.id(), Endpoint::Deployments))
    }

    /// The file tree of a commit.
    async fn file_tree(
        &self,
        _call: &Call,
        _repo: &RepoRef,
        _query: &TreeQuery,
        _page: PageRequest,
    ) -> Result<Page<TreeEntry>> {
        Err(Error::unsupported(self.id(), Endpoint::FileTree))
    }

    /// Lists forks.
    async fn forks(
        &self,
        _call: &Call,
        _repo: &RepoRef,
        _page: PageRequest,
    ) -> Result<Page<Repository>> {
        Err(Error::unsupported(self.id(), Endpoint::Forks))
    }

    /// Lists labels.
    async fn labels(
        &self,
        _call: &Call,
        _repo: &RepoRef,
        _page: PageRequest,
    ) -> Result<Page<Label>> {
        Err(Error::unsupported(self.id(), Endpoint::Labels))
    }

    /// Lists the people who gave the repository a star.
    async fn stargazers(
        &self,
        _call: &Call,
        _repo: &RepoRef,
        _page: PageRequest,
    ) -> Result<Page<Person>> {
        Err(Error::unsupported(self.id(), Endpoint::Stargazers))
    }

    /// Lists the people who are told of what happens in the repository.
    async fn watchers(
        &self,
        _call: &Call,
        _repo: &RepoRef,
        _page: PageRequest,
    ) -> Result<Page<Person>> {
        Err(Error::unsupported(self.id(), Endpoint::Watchers))
    }

    /// Lists the people who can be made responsible for a pull request.
    async fn assignees(
        &self,
        _call: &Call,
        _repo: &RepoRef,
        _page: PageRequest,
    ) -> Result<Page<Person>> {
        Err(Error::unsupported(self.id(), Endpoint::Assignees))
    }

    /// One commit by its id or the beginning of it; one that several commits have is
    /// `RESOURCE_NOT_FOUND`.
    async fn commit(
        &self,
        _call: &Call,
        _repo: &RepoRef,
        _commit: &CommitPrefix,
    ) -> Result<Commit> {
        Err(Error::unsupported(self.id(), Endpoint::Commit))
    }

    /// One pull request, by its number.
    async fn pull_request(
        &self,
        _call: &Call,
        _repo: &RepoRef,
        _number: u64,
    ) -> Result<PullRequest> {
        Err(Error::unsupported(self.id(), Endpoint::PullRequest))
    }

    /// Lists the commits of a pull request, in the upstream's order. Where it cuts the list, the last
    /// page says so in its errors.
    async fn pull_request_commits(
        &self,
        _call: &Call,
        _repo: &RepoRef,
        _number: u64,
        _page: PageRequest,
    ) -> Result<Page<Commit>> {
        Err(Error::unsupported(self.id(), Endpoint::PullRequestCommits))
    }

    /// Lists the reviews of a pull request that were submitted.
    async fn reviews(
        &self,
        _call: &Call,
        _repo: &RepoRef,
        _number: u64,
        _page: PageRequest,
    ) -> Result<Page<Review>> {
        Err(Error::unsupported(self.id(), Endpoint::Reviews))
    }

    /// Lists the comments on a pull request, without those of the system and without drafts.
    async fn comments(
        &self,
        _call: &Call,
        _repo: &RepoRef,
        _number: u64,
        _page: PageRequest,
    ) -> Result<Page<Comment>> {
        Err(Error::unsupported(self.id(), Endpoint::Comments))
    }

    /// What stands at the path of a file. A link is never followed. What `held` has comes without its
    /// bytes, where the adapter can tell before it fetches them.
    async fn contents(
        &self,
        _call: &Call,
        _repo: &RepoRef,
        _query: &ContentQuery,
        _held: Held<'_>,
    ) -> Result<Content> {
        Err(Error::unsupported(self.id(), Endpoint::Contents))
    }

    /// What one name of the repository changes against the merge base with another one;
    /// `RESOURCE_NOT_FOUND` without a common ancestor.
    async fn compare(
        &self,
        _call: &Call,
        _repo: &RepoRef,
        _query: &CompareQuery,
    ) -> Result<Comparison> {
        Err(Error::unsupported(self.id(), Endpoint::Compare))
    }

    /// The hooks by which the provider tells of events; `None` where it has none.
    fn hooks(&self) -> Option<&dyn ProviderHooks> {
        None
    }
}
