//! One read of the unified API as a value, so that a table of them drives every operation of a
//! provider. It checks nothing.

use gitflare_core::{
    Page, PageRequest, Result,
    model::{DeploymentState, PullRequestFilter},
    provider::{
        Call, CommitId, CommitPrefix, CompareQuery, ContentQuery, DeploymentFilter, Endpoint,
        FilePath, GitRef, Held, Provider, RefSelector, RepoRef, TreePath, TreeQuery,
    },
};
use serde::Serialize;
use serde_json::Value;

/// A read with its parameters; the repository and the page come when it is sent.
#[derive(Clone, Debug)]
pub enum Read {
    /// The account behind the credential.
    Viewer,
    /// The account's repositories.
    Repositories,
    /// The repository by its id.
    Repository,
    /// The repository of that full name.
    RepositoryNamed(String),
    /// Branches.
    Branches,
    /// Commits of a branch, of the default branch when `None`.
    Commits(Option<GitRef>),
    /// What a commit changed.
    CommitDiff(CommitId),
    /// Pull requests in a state.
    PullRequests(PullRequestFilter),
    /// What the pull request of that number changes.
    PullRequestDiff(u64),
    /// Contributors.
    Contributors,
    /// Tags.
    Tags,
    /// Releases.
    Releases,
    /// Checks of a commit.
    Checks(RefSelector),
    /// Deployments.
    Deployments(DeploymentFilter),
    /// Entries of a tree.
    FileTree(TreeQuery),
    /// Forks.
    Forks,
    /// Labels.
    Labels,
    /// People who gave a star.
    Stargazers,
    /// People who watch.
    Watchers,
    /// People who can be assigned.
    Assignees,
    /// The commit whose id begins so.
    Commit(CommitPrefix),
    /// The pull request of that number.
    PullRequest(u64),
    /// Commits of the pull request of that number.
    PullRequestCommits(u64),
    /// Reviews of it.
    Reviews(u64),
    /// Comments on it.
    Comments(u64),
    /// What stands at the path of a file.
    Contents(ContentQuery),
    /// Two names compared.
    Compare(CompareQuery),
}

impl Read {
    /// The operation.
    #[must_use]
    pub const fn endpoint(&self) -> Endpoint {
        match self {
            Self::Viewer => Endpoint::Profile,
            Self::Repositories => Endpoint::Repositories,
            Self::Repository | Self::RepositoryNamed(_) => Endpoint::Repository,
            Self::Branches => Endpoint::Branches,
            Self::Commits(_) => Endpoint::Commits,
            Self::CommitDiff(_) => Endpoint::CommitDiff,
            Self::PullRequests(_) => Endpoint::PullRequests,
            Self::PullRequestDiff(_) => Endpoint::PullRequestDiff,
            Self::Contributors => Endpoint::Contributors,
            Self::Tags => Endpoint::Tags,
            Self::Releases => Endpoint::Releases,
            Self::Checks(_) => Endpoint::Checks,
            Self::Deployments(_) => Endpoint::Deployments,
            Self::FileTree(_) => Endpoint::FileTree,
            Self::Forks => Endpoint::Forks,
            Self::Labels => Endpoint::Labels,
            Self::Stargazers => Endpoint::Stargazers,
            Self::Watchers => Endpoint::Watchers,
            Self::Assignees => Endpoint::Assignees,
            Self::Commit(_) => Endpoint::Commit,
            Self::PullRequest(_) => Endpoint::PullRequest,
            Self::PullRequestCommits(_) => Endpoint::PullRequestCommits,
            Self::Reviews(_) => Endpoint::Reviews,
            Self::Comments(_) => Endpoint::Comments,
            Self::Contents(_) => Endpoint::Contents,
            Self::Compare(_) => Endpoint::Compare,
        }
    }

    /// The read of an operation that names nothing it need not name; `None` for what is no read.
    #[must_use]
    pub fn plain(endpoint: Endpoint) -> Option<Self> {
        Some(match endpoint {
            Endpoint::Profile => Self::Viewer,
            Endpoint::Repositories => Self::Repositories,
            Endpoint::Repository => Self::Repository,
            Endpoint::Branches => Self::Branches,
            Endpoint::Commits => Self::Commits(None),
            Endpoint::CommitDiff => Self::CommitDiff(commit()),
            Endpoint::PullRequests => Self::PullRequests(PullRequestFilter::Open),
            Endpoint::PullRequestDiff => Self::PullRequestDiff(1),
            Endpoint::Contributors => Self::Contributors,
            Endpoint::Tags => Self::Tags,
            Endpoint::Releases => Self::Releases,
            Endpoint::Checks => Self::Checks(RefSelector::DefaultBranch),
            Endpoint::Deployments => Self::Deployments(DeploymentFilter::default()),
            Endpoint::FileTree => Self::FileTree(TreeQuery::default()),
            Endpoint::Forks => Self::Forks,
            Endpoint::Labels => Self::Labels,
            Endpoint::Stargazers => Self::Stargazers,
            Endpoint::Watchers => Self::Watchers,
            Endpoint::Assignees => Self::Assignees,
            Endpoint::Commit => Self::Commit(commit().into()),
            Endpoint::PullRequest => Self::PullRequest(1),
            Endpoint::PullRequestCommits => Self::PullRequestCommits(1),
            Endpoint::Reviews => Self::Reviews(1),
            Endpoint::Comments => Self::Comments(1),
            Endpoint::Compare => Self::Compare(CompareQuery {
                base: GitRef::parse("base", "main").unwrap(),
                head: GitRef::parse("head", "suite/topic").unwrap(),
                with_commits: true,
            }),
            Endpoint::Contents => Self::Contents(ContentQuery {
                at: RefSelector::DefaultBranch,
                path: FilePath::parse("path", "suite").unwrap(),
            }),
            _ => return None,
        })
    }

    /// The same operation with this filter set to one value.
    pub(super) fn filtered(endpoint: Endpoint, filter: &str) -> Self {
        let tree = |at, path: Option<&str>, recursive| {
            Self::FileTree(TreeQuery {
                at,
                path: path.map(|path| TreePath::parse("path", path).unwrap()),
                recursive,
            })
        };
        let name = GitRef::parse("ref", "suite/topic").unwrap();
        match (endpoint, filter) {
            (Endpoint::Commits, "branch") => Self::Commits(Some(name)),
            (Endpoint::PullRequests, "state") => Self::PullRequests(PullRequestFilter::Merged),
            (Endpoint::Checks, "ref") => Self::Checks(RefSelector::Ref(name)),
            (Endpoint::Checks, "branch") => Self::Checks(RefSelector::Branch(name)),
            (Endpoint::Deployments, "environment") => Self::Deployments(DeploymentFilter {
                environment: Some("suite".to_owned()),
                state: None,
            }),
            (Endpoint::Deployments, "state") => Self::Deployments(DeploymentFilter {
                environment: None,
                state: Some(DeploymentState::Failure),
            }),
            (Endpoint::FileTree, "ref") => tree(RefSelector::Ref(name), None, false),
            (Endpoint::FileTree, "branch") => tree(RefSelector::Branch(name), None, false),
            (Endpoint::FileTree, "path") => tree(RefSelector::DefaultBranch, Some("suite"), false),
            (Endpoint::FileTree, "recursive") => tree(RefSelector::DefaultBranch, None, true),
            (endpoint, filter) => panic!("{endpoint} has no filter `{filter}`"),
        }
    }

    /// Sends the read; a single object comes as the one item of a page.
    ///
    /// # Errors
    /// The provider's own.
    pub async fn send(
        &self,
        provider: &dyn Provider,
        call: &Call,
        repo: &RepoRef,
        page: PageRequest,
    ) -> Result<Page<Value>> {
        match self {
            Self::Viewer => one(provider.viewer(call).await),
            Self::Repositories => rows(provider.repositories(call, page).await),
            Self::Repository => one(provider.repository(call, repo).await),
            Self::RepositoryNamed(name) => one(provider.find_repository(call, name).await),
            Self::Branches => rows(provider.branches(call, repo, page).await),
            Self::Commits(branch) => {
                rows(provider.commits(call, repo, branch.as_ref(), page).await)
            }
            Self::CommitDiff(commit) => one(provider.commit_diff(call, repo, commit).await),
            Self::PullRequests(state) => {
                rows(provider.pull_requests(call, repo, *state, page).await)
            }
            Self::PullRequestDiff(number) => {
                one(provider.pull_request_diff(call, repo, *number).await)
            }
            Self::Contributors => rows(provider.contributors(call, repo, page).await),
            Self::Tags => rows(provider.tags(call, repo, page).await),
            Self::Releases => rows(provider.releases(call, repo, page).await),
            Self::Checks(at) => rows(provider.checks(call, repo, at, page).await),
            Self::Deployments(filter) => rows(provider.deployments(call, repo, filter, page).await),
            Self::FileTree(query) => rows(provider.file_tree(call, repo, query, page).await),
            Self::Forks => rows(provider.forks(call, repo, page).await),
            Self::Labels => rows(provider.labels(call, repo, page).await),
            Self::Stargazers => rows(provider.stargazers(call, repo, page).await),
            Self::Watchers => rows(provider.watchers(call, repo, page).await),
            Self::Assignees => rows(provider.assignees(call, repo, page).await),
            Self::Commit(prefix) => one(provider.commit(call, repo, prefix).await),
            Self::PullRequest(number) => one(provider.pull_request(call, repo, *number).await),
            Self::PullRequestCommits(number) => rows(
                provider
                    .pull_request_commits(call, repo, *number, page)
                    .await,
            ),
            Self::Reviews(number) => rows(provider.reviews(call, repo, *number, page).await),
            Self::Comments(number) => rows(provider.comments(call, repo, *number, page).await),
            Self::Compare(query) => one(provider.compare(call, repo, query).await),
            Self::Contents(query) => {
                let held = Held::default();
                one(provider.contents(call, repo, query, held).await)
            }
        }
    }
}

fn commit() -> CommitId {
    CommitId::parse(&"0".repeat(40)).unwrap()
}

fn one(answer: Result<impl Serialize>) -> Result<Page<Value>> {
    Ok(Page::last(vec![serde_json::to_value(answer?).unwrap()]))
}

fn rows<T: Serialize>(page: Result<Page<T>>) -> Result<Page<Value>> {
    Ok(page?.map(|row| serde_json::to_value(row).unwrap()))
}
