//! A check: one CI job or commit status.

use serde::{Deserialize, Serialize};

use super::words;
use crate::{
    Result, Timestamp,
    filter::{Filterable, Screen},
};

/// A CI result for a commit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// The provider's own id.
    pub id: String,
    /// The check's name.
    pub name: Option<String>,
    /// Description by the check's author.
    pub description: Option<String>,
    /// Progress as last reported.
    pub status: Option<CheckStatus>,
    /// Result; `None` while it runs.
    pub conclusion: Option<CheckConclusion>,
    /// The commit it is about.
    pub commit_sha: Option<String>,
    /// The ref it ran for.
    #[serde(rename = "ref")]
    pub git_ref: Option<String>,
    /// Its page at the provider.
    pub web_url: Option<String>,
    /// Start of the run.
    pub started_at: Option<Timestamp>,
    /// End of the run; `None` while it runs.
    pub completed_at: Option<Timestamp>,
}

words! {
    /// Progress of a check.
    CheckStatus(non_exhaustive) {
        /// Created, not started.
        Queued = "queued",
        /// Started, not ended.
        InProgress = "in_progress",
        /// Ended; the conclusion says how.
        Completed = "completed",
    }
}

words! {
    /// Result of a check.
    CheckConclusion(non_exhaustive) {
        /// The check passed.
        Success = "success",
        /// The check failed.
        Failure = "failure",
        /// Neither good nor bad.
        Neutral = "neutral",
        /// Stopped by somebody.
        Cancelled = "cancelled",
        /// The check was not run.
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
