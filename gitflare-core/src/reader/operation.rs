//! The paged operations as types: which resource each lists and which filters it takes. A filter that
//! an operation lacks is a method that its list lacks.

use serde::de::DeserializeOwned;

use super::{List, Transport};
use crate::{
    gateway::Payload,
    model::{
        Branch, Check, Comment, Commit, Contributor, Deployment, DeploymentState, Label, Person,
        PullRequest, PullRequestFilter, Release, Repository, Review, Tag, TreeEntry,
    },
    provider::Endpoint,
};

mod sealed {
    pub trait Sealed {}
}

/// A paged operation of the unified API.
pub trait Operation: sealed::Sealed {
    /// The resource that it lists.
    type Item: DeserializeOwned + Send + 'static;
    /// Its row in the table of operations.
    const ENDPOINT: Endpoint;
    /// Its last path segment below a repository or a pull request; empty for the list of
    /// repositories.
    const SEGMENT: &'static str;

    /// The rows of an answer; `None` when the answer holds another resource.
    #[doc(hidden)]
    fn items(payload: Payload) -> Option<Vec<Self::Item>>;
}

macro_rules! operations {
    ($($name:ident $item:ident $payload:ident $segment:literal;)*) => {$(
        #[doc = concat!("Lists [`", stringify!($item), "`] resources.")]
        #[derive(Clone, Copy, Debug)]
        pub enum $name {}

        impl sealed::Sealed for $name {}

        impl Operation for $name {
            type Item = $item;
            const ENDPOINT: Endpoint = Endpoint::$name;
            const SEGMENT: &'static str = $segment;

            fn items(payload: Payload) -> Option<Vec<$item>> {
                match payload {
                    Payload::$payload(items) => Some(items),
                    _ => None,
                }
            }
        }
    )*};
}

operations! {
    Repositories Repository  Repositories "";
    Branches     Branch      Branches     "branches";
    Commits      Commit      Commits      "commits";
    PullRequests PullRequest PullRequests "pull-requests";
    Contributors Contributor Contributors "contributors";
    Tags         Tag         Tags         "tags";
    Releases     Release     Releases     "releases";
    Checks       Check       Checks       "checks";
    Deployments  Deployment  Deployments  "deployments";
    FileTree     TreeEntry   FileTree     "file-tree";
    Forks        Repository  Repositories "forks";
    Labels       Label       Labels       "labels";
    Stargazers   Person      People       "stargazers";
    Watchers     Person      People       "watchers";
    Assignees    Person      People       "assignees";
    PullRequestCommits Commit Commits     "commits";
    Reviews      Review      Reviews      "reviews";
    Comments     Comment     Comments     "comments";
}

impl<S: Transport> List<S, Repositories> {
    /// Only those of one provider; without it the first page of each is merged, and there is no
    /// cursor.
    pub fn provider(self, id: &str) -> Self {
        self.filter("provider", id)
    }
}

impl<S: Transport> List<S, Commits> {
    /// The history of this branch; the default branch without it.
    pub fn branch(self, name: &str) -> Self {
        self.filter("branch", name)
    }
}

impl<S: Transport> List<S, PullRequests> {
    /// Only those in this state; open ones without it.
    pub fn state(self, state: PullRequestFilter) -> Self {
        self.filter("state", state.as_str())
    }
}

impl<S: Transport> List<S, Checks> {
    /// Those of the newest commit of this branch. Excludes [`Self::git_ref`].
    pub fn branch(self, name: &str) -> Self {
        self.filter("branch", name)
    }

    /// Those of this branch, tag or commit. Excludes [`Self::branch`].
    pub fn git_ref(self, name: &str) -> Self {
        self.filter("ref", name)
    }
}

impl<S: Transport> List<S, Deployments> {
    /// Only those to this environment.
    pub fn environment(self, name: &str) -> Self {
        self.filter("environment", name)
    }

    /// Only those in this state.
    pub fn state(self, state: DeploymentState) -> Self {
        self.filter("state", state.as_str())
    }
}

impl<S: Transport> List<S, FileTree> {
    /// The tree of the newest commit of this branch. Excludes [`Self::git_ref`].
    pub fn branch(self, name: &str) -> Self {
        self.filter("branch", name)
    }

    /// The tree of this branch, tag or commit. Excludes [`Self::branch`].
    pub fn git_ref(self, name: &str) -> Self {
        self.filter("ref", name)
    }

    /// Only what lies in this folder.
    pub fn path(self, path: &str) -> Self {
        self.filter("path", path)
    }

    /// Whether subfolders are listed too; `false` without it.
    pub fn recursive(self, recursive: bool) -> Self {
        self.filter("recursive", if recursive { "true" } else { "false" })
    }
}
