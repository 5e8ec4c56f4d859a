//! A check: one CI job or commit status.

use serde::Serialize;

use super::words;
use crate::{
    Result, Timestamp,
    filter::{Filterable, Screen},
};

/// A CI result for a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// The provider's own id.
    pub id: String,
    /// The check's name.
    pub name: Option<String>,
    /// What it says about itself.
    pub description: Option<String>,
    /// How far it is.
    pub status: Option<CheckStatus>,
    /// How it ended; `None` while it runs.
    pub conclusion: Option<CheckConclusion>,
    /// The commit it is about.
    pub commit_sha: Option<String>,
    /// The ref it ran for.
    #[serde(rename = "ref")]
    pub git_ref: Option<String>,
    /// Its page at the provider.
    pub web_url: Option<String>,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
}

words! {
    /// How far a check is.
    CheckStatus {
        /// Not begun.
        Queued = "queued",
        /// Running.
        InProgress = "in_progress",
        /// Ended.
        Completed = "completed",
    }
}

words! {
    /// How a check ended.
    CheckConclusion {
        /// Passed.
        Success = "success",
        /// Failed.
        Failure = "failure",
        /// Neither good nor bad.
        Neutral = "neutral",
        /// Stopped by somebody.
        Cancelled = "cancelled",
        /// Not run.
        Skipped = "skipped",
        /// Ran out of time.
        TimedOut = "timed_out",
        /// Waits for somebody.
        ActionRequired = "action_required",
    }
}

impl Filterable for Check {
    fn pass(mut self, screen: &mut Screen<'_>) -> Result<Option<Self>> {
        screen.url(&mut self.web_url);
        screen.prose(&mut self.name)?;
        screen.prose(&mut self.description)?;
        Ok(Some(self))
    }
}
