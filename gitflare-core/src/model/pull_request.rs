//! A pull request (on GitLab: merge request).

use serde::Serialize;

use super::{Actor, words};
use crate::{
    Result, Timestamp,
    filter::{Filterable, Screen, TextKind},
};

/// A proposal to merge one branch into another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
        if let Some(actor) = &mut self.author {
            screen.url(&mut actor.avatar_url);
        }
        screen.prose(&mut self.title)?;
        screen.prose(&mut self.description)?;
        for label in &mut self.labels {
            screen.text(label, TextKind::Prose)?;
        }
        Ok(Some(self))
    }
}
