//! A deployment.

use serde::{Deserialize, Serialize};

use super::{Actor, words};
use crate::{
    Result, Timestamp,
    filter::{Filterable, Screen},
};

/// A release of a commit to an environment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    /// The provider's own id.
    pub id: String,
    /// Name of the environment.
    pub environment: Option<String>,
    /// Progress as last reported.
    pub state: Option<DeploymentState>,
    /// The ref that was asked for.
    #[serde(rename = "ref")]
    pub git_ref: Option<String>,
    /// The commit that is deployed.
    pub commit_sha: Option<String>,
    /// Description given by whoever started it.
    pub description: Option<String>,
    /// Account that started it.
    pub creator: Option<Actor>,
    /// Its page at the provider.
    pub web_url: Option<String>,
    /// Time of creation.
    pub created_at: Option<Timestamp>,
    /// Time of the last change.
    pub updated_at: Option<Timestamp>,
}

words! {
    /// Progress of a deployment.
    DeploymentState(non_exhaustive) {
        /// Created, not started.
        Pending = "pending",
        /// Waiting for a runner.
        Queued = "queued",
        /// Started, not ended.
        InProgress = "in_progress",
        /// Deployed and live.
        Success = "success",
        /// The deployment failed.
        Failure = "failure",
        /// The deployment could not be carried out.
        Error = "error",
        /// Replaced by a later one.
        Inactive = "inactive",
        /// Stopped by somebody.
        Cancelled = "cancelled",
    }
}

impl Filterable for Deployment {
    fn pass(mut self, screen: &mut Screen<'_>) -> Result<Option<Self>> {
        screen.url(&mut self.web_url);
        if let Some(actor) = &mut self.creator {
            screen.url(&mut actor.avatar_url);
        }
        screen.prose(&mut self.environment)?;
        screen.prose(&mut self.description)?;
        Ok(Some(self))
    }
}
