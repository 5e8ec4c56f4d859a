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
    /// The title.
    pub title: Option<String>,
    /// The description.
    pub description: Option<String>,
    /// Where it stands.
    pub state: PullRequestState,
    /// Whether it is a draft.
    pub draft: Option<bool>,
    /// Who opened it.
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
    /// When it was opened.
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// When it was merged.
    pub merged_at: Option<Timestamp>,
}

words! {
    /// Where a pull request stands.
    PullRequestState {
        /// Open.
        Open = "open",
        /// Closed without merge.
        Closed = "closed",
        /// Merged.
        Merged = "merged",
    }
}

words! {
    /// Which pull requests to list.
    PullRequestFilter {
        /// The open ones.
        Open = "open",
        /// Those closed without merge.
        Closed = "closed",
        /// The merged ones.
        Merged = "merged",
        /// All.
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
