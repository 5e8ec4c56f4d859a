//! An event subscription: what the app wants to hear about, and where.

use serde::{Deserialize, Serialize};

use super::words;
use crate::{SubscriptionId, Timestamp, filter::identifiers_only, provider::ProviderId};

/// A subscription as the app sees it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Subscription {
    /// Id of the subscription, issued by the gateway.
    pub id: SubscriptionId,
    /// Id of the provider instance.
    pub provider: ProviderId,
    /// The provider's own id of the repository.
    pub repository_id: String,
    /// Events that are delivered.
    pub events: Vec<EventName>,
    /// URL that deliveries are posted to.
    pub callback_url: String,
    /// Whether anything is delivered.
    pub active: bool,
    /// Time of creation.
    pub created_at: Timestamp,
}

words! {
    /// The events that an app can hear about.
    EventName(non_exhaustive) {
        /// Commits arrived on a branch or tag.
        Push = "push",
        /// A branch was made.
        BranchCreated = "branch.created",
        /// A branch was deleted.
        BranchDeleted = "branch.deleted",
        /// A tag was made.
        TagCreated = "tag.created",
        /// A tag was deleted.
        TagDeleted = "tag.deleted",
        /// A pull request was opened or changed.
        PullRequest = "pull_request",
        /// A comment or review was made.
        Comment = "comment",
        /// A release was published or changed.
        Release = "release",
        /// A check changed.
        Check = "check",
        /// A deployment changed.
        Deployment = "deployment",
        /// The repository itself changed.
        Repository = "repository",
    }
}

identifiers_only!(Subscription);
