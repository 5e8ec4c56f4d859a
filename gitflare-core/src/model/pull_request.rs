//! A pull request (on GitLab: merge request).

use serde::{Deserialize, Serialize};

use super::{Actor, words};
use crate::{
    Result, Timestamp,
    filter::{Filterable, Screen, TextKind},
};

/// A proposal to merge one branch into another.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PullRequest {
    /// The provider's own id.
    pub id: String,
    /// Its number within the repository; names it in our URLs.
    pub number: u64,
    /// Title, plain text.
    pub title: Option<String>,
    /// The description.
    pub description: Option<String>,
    /// Open, closed or merged.
    pub state: PullRequestState,
    /// `true` for a draft.
    pub draft: Option<bool>,
    /// Account that opened it.
    pub author: Option<Actor>,
    /// Account that merged it; `None` unless it was merged, and where it is not told, as in most
    /// lists.
    pub merged_by: Option<Actor>,
    /// People who are asked for a review; teams are left out. `None` where it is not told.
    pub requested_reviewers: Option<Vec<Actor>>,
    /// The branch with the changes.
    pub source_branch: Option<String>,
    /// The branch to merge into.
    pub target_branch: Option<String>,
    /// The newest commit of the changes.
    pub head_sha: Option<String>,
    /// The commit the changes are against.
    pub base_sha: Option<String>,
    /// The commit that merged it.
    pub merge_commit_sha: Option<String>,
    /// The labels' names.
    pub labels: Vec<String>,
    /// Counts over its changes, blocked files included; `None` where none of them is told, as in
    /// lists.
    pub stats: Option<PullRequestStats>,
    /// Its page at the provider.
    pub web_url: Option<String>,
    /// Time of opening.
    pub created_at: Option<Timestamp>,
    /// Time of the last change.
    pub updated_at: Option<Timestamp>,
    /// Time of closing; `None` while it is open.
    pub closed_at: Option<Timestamp>,
    /// Time of merging; `None` unless it was merged.
    pub merged_at: Option<Timestamp>,
}

/// Counts over what a pull request changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct PullRequestStats {
    /// Number of commits.
    pub commits: Option<u64>,
    /// Number of changed files.
    pub files: Option<u64>,
    /// Number of added lines.
    pub additions: Option<u64>,
    /// Number of removed lines.
    pub deletions: Option<u64>,
}

impl PullRequestStats {
    /// These counts; `None` when none of them is known.
    #[must_use]
    pub fn known(self) -> Option<Self> {
        (self != Self::default()).then_some(self)
    }
}

words! {
    /// State of a pull request.
    PullRequestState(non_exhaustive) {
        /// Open: neither closed nor merged.
        Open = "open",
        /// Closed without merge.
        Closed = "closed",
        /// Merged into its base branch.
        Merged = "merged",
    }
}

words! {
    /// Filter of a list of pull requests.
    PullRequestFilter {
        /// Open pull requests.
        Open = "open",
        /// Those closed without merge.
        Closed = "closed",
        /// The merged ones.
        Merged = "merged",
        /// Pull requests of every state.
        All = "all",
    }
}

impl Filterable for PullRequest {
    fn pass(mut self, screen: &mut Screen<'_>) -> Result<Option<Self>> {
        screen.url(&mut self.web_url);
        let people = self.author.iter_mut().chain(&mut self.merged_by);
        for person in people.chain(self.requested_reviewers.iter_mut().flatten()) {
            screen.url(&mut person.avatar_url);
        }
        screen.prose(&mut self.title)?;
        screen.prose(&mut self.description)?;
        for label in &mut self.labels {
            screen.text(label, TextKind::Prose)?;
        }
        Ok(Some(self))
    }
}
