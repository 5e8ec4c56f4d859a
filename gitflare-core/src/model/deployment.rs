//! A deployment.

use serde::Serialize;

use super::{Actor, words};
use crate::{
    Result, Timestamp,
    filter::{Filterable, Screen},
};

/// A release of a commit to an environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    /// The provider's own id.
    pub id: String,
    /// Where to.
    pub environment: Option<String>,
    /// How far it is, as last reported.
    pub state: Option<DeploymentState>,
    /// The ref that was asked for.
    #[serde(rename = "ref")]
    pub git_ref: Option<String>,
    /// The commit that is deployed.
    pub commit_sha: Option<String>,
    /// What was said about it.
    pub description: Option<String>,
    /// Who started it.
    pub creator: Option<Actor>,
    /// Its page at the provider.
    pub web_url: Option<String>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
}

words! {
    /// How far a deployment is.
    DeploymentState {
        /// Not begun.
        Pending = "pending",
        /// In a queue.
        Queued = "queued",
        /// Running.
        InProgress = "in_progress",
        /// Live.
        Success = "success",
        /// Failed.
        Failure = "failure",
        /// Broke.
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
