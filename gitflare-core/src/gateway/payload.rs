//! What a unified read answers with: one variant per resource, written without a wrapper, and
//! filtered through the resource it holds.

use serde::Serialize;

use crate::{
    Result,
    filter::{Filterable, Screen},
    model::{
        Branch, Check, Comment, Commit, Comparison, Content, Contributor, Deployment, Diff, Label,
        Person, PullRequest, Release, Repository, Review, Tag, TreeEntry, Viewer,
    },
};

/// The answer to a read whose client has the file already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct NotModified;

impl Filterable for NotModified {
    fn pass(self, _: &mut Screen<'_>) -> Result<Option<Self>> {
        Ok(Some(self))
    }
}

macro_rules! payload {
    ($($(#[$doc:meta])* $variant:ident($inner:ty),)*) => {
        /// The resources of an answer.
        #[derive(Clone, Debug, PartialEq, Serialize)]
        #[serde(untagged)]
        #[non_exhaustive]
        pub enum Payload {
            $($(#[$doc])* $variant($inner),)*
        }

        impl Filterable for Payload {
            fn pass(self, screen: &mut Screen<'_>) -> Result<Option<Self>> {
                Ok(match self {
                    $(Self::$variant(inner) => inner.pass(screen)?.map(Self::$variant),)*
                })
            }
        }

        $(impl From<$inner> for Payload {
            fn from(inner: $inner) -> Self {
                Self::$variant(inner)
            }
        })*
    };
}

payload! {
    /// The accounts behind a token (`/v1/me`).
    Viewers(Vec<Viewer>),
    /// A page of repositories (`/v1/repositories`).
    Repositories(Vec<Repository>),
    /// One repository.
    Repository(Box<Repository>),
    /// A page of branches.
    Branches(Vec<Branch>),
    /// A page of commits.
    Commits(Vec<Commit>),
    /// One commit.
    Commit(Box<Commit>),
    /// The changes of a commit or pull request.
    Diff(Box<Diff>),
    /// A page of pull requests.
    PullRequests(Vec<PullRequest>),
    /// One pull request.
    PullRequest(Box<PullRequest>),
    /// A page of contributors.
    Contributors(Vec<Contributor>),
    /// A page of tags.
    Tags(Vec<Tag>),
    /// A page of releases.
    Releases(Vec<Release>),
    /// A page of check results.
    Checks(Vec<Check>),
    /// A page of deployments.
    Deployments(Vec<Deployment>),
    /// A page of files and folders.
    FileTree(Vec<TreeEntry>),
    /// A page of labels.
    Labels(Vec<Label>),
    /// A page of people.
    People(Vec<Person>),
    /// A page of reviews.
    Reviews(Vec<Review>),
    /// A page of comments.
    Comments(Vec<Comment>),
    /// Two commits compared.
    Comparison(Box<Comparison>),
    /// A file.
    Content(Box<Content>),
    /// Nothing: the client has the file already.
    NotModified(NotModified),
}

impl Payload {
    /// Number of resources; a diff counts its files.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Viewers(list) => list.len(),
            Self::Repositories(list) => list.len(),
            Self::Repository(_) | Self::Commit(_) | Self::PullRequest(_) => 1,
            Self::Branches(list) => list.len(),
            Self::Commits(list) => list.len(),
            Self::Diff(diff) => diff.files.len(),
            Self::PullRequests(list) => list.len(),
            Self::Contributors(list) => list.len(),
            Self::Tags(list) => list.len(),
            Self::Releases(list) => list.len(),
            Self::Checks(list) => list.len(),
            Self::Deployments(list) => list.len(),
            Self::FileTree(list) => list.len(),
            Self::Labels(list) => list.len(),
            Self::People(list) => list.len(),
            Self::Reviews(list) => list.len(),
            Self::Comments(list) => list.len(),
            Self::Comparison(comparison) => comparison.diff.files.len(),
            Self::Content(_) => 1,
            Self::NotModified(_) => 0,
        }
    }

    /// `true` without any resource.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
