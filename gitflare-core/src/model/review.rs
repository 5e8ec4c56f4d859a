//! A review of a pull request.

use serde::{Deserialize, Serialize};

use super::{Actor, words};
use crate::{
    Result, Timestamp,
    filter::{Filterable, Screen},
};

/// What somebody thinks of a pull request: a row of history where the provider keeps one, else the
/// vote of a person as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Review {
    /// The provider's own id; the person's where no history is kept, `None` then for an account that was
    /// deleted.
    pub id: Option<String>,
    /// Number of the pull request.
    pub pull_request_number: u64,
    /// What it says of the pull request.
    pub state: ReviewState,
    /// The text, Markdown as written; never rendered.
    pub body: Option<String>,
    /// Who reviewed.
    pub author: Option<Actor>,
    /// The commit that was reviewed.
    pub commit_sha: Option<String>,
    /// URL of the review's page.
    pub web_url: Option<String>,
    /// Time of submission; `None` where it is not known.
    pub created_at: Option<Timestamp>,
    /// Time of the last change.
    pub updated_at: Option<Timestamp>,
}

words! {
    /// What a review says of a pull request.
    ReviewState(non_exhaustive) {
        /// It may be merged.
        Approved = "approved",
        /// It may not be merged as it is.
        ChangesRequested = "changes_requested",
        /// The review no longer counts.
        Dismissed = "dismissed",
        /// Neither.
        Commented = "commented",
    }
}

impl Filterable for Review {
    fn pass(mut self, screen: &mut Screen<'_>) -> Result<Option<Self>> {
        screen.url(&mut self.web_url);
        if let Some(author) = &mut self.author {
            screen.url(&mut author.avatar_url);
        }
        screen.prose(&mut self.body)?;
        Ok(Some(self))
    }
}
