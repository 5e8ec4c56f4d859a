//! What an event says: the unified object of its kind, or the few members of a push.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Check, CheckStatus, Comment, Commit, Deployment, DeploymentState, EventName, PullRequest,
    Release, Repository, words,
};
use crate::{
    EventId, Result, SubscriptionId, Timestamp,
    filter::{Filterable, Screen},
    provider::ProviderId,
};

/// The body of a delivery to an app.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schemars", schemars(rename = "Delivery"))]
pub struct Envelope<'a> {
    /// The id of the event; the same in every attempt to deliver it.
    pub id: &'a EventId,
    /// The kind of event.
    #[serde(rename = "type")]
    pub name: EventName,
    /// The id of the provider.
    pub provider: ProviderId,
    /// The repository that the event is about.
    pub repository: EnvelopeRepository<'a>,
    /// The id of the subscription that the event is delivered under.
    pub subscription_id: &'a SubscriptionId,
    /// The number among the events of the subscription, from 1 on; written when it is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schemars", schemars(required, with = "u64"))]
    pub sequence: Option<u64>,
    /// What happened; null when the upstream does not tell.
    pub action: Option<EventAction>,
    /// The upstream's own word for what happened; null when it has none.
    pub upstream_action: Option<&'a str>,
    /// The time in the upstream's payload; null when it has none.
    pub occurred_at: Option<Timestamp>,
    /// When the upstream called the gateway.
    pub received_at: Timestamp,
    /// The unified object of the kind, filtered like any read.
    pub data: &'a EventData,
}

/// The repository of an event.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schemars", schemars(rename = "DeliveryRepository"))]
pub struct EnvelopeRepository<'a> {
    /// The provider's own id of the repository.
    pub id: &'a str,
    /// The full name as last seen; `None` when it is not known.
    pub full_name: Option<&'a str>,
}

words! {
    /// What happened to what an event is about. A word of the upstream that is not known here is
    /// `updated`.
    EventAction(non_exhaustive) {
        /// It was made.
        Created = "created",
        /// It was changed.
        Updated = "updated",
        /// It is gone.
        Deleted = "deleted",
        /// It was closed without a merge.
        Closed = "closed",
        /// It was opened again.
        Reopened = "reopened",
        /// It was merged.
        Merged = "merged",
        /// Everybody who may see the repository can see it.
        Published = "published",
        /// It was taken back.
        Unpublished = "unpublished",
        /// Somebody asks for it: a review, or another run of a check.
        Requested = "requested",
        /// It has ended, well or not.
        Completed = "completed",
        /// It belongs to another account.
        Transferred = "transferred",
        /// It has another name.
        Renamed = "renamed",
        /// It can only be read.
        Archived = "archived",
        /// It can be written to again.
        Unarchived = "unarchived",
        /// Others may see it.
        VisibilityChanged = "visibility_changed",
        /// A reviewer approves it.
        Approved = "approved",
        /// A reviewer wants changes.
        ChangesRequested = "changes_requested",
        /// A review or an approval no longer counts.
        Dismissed = "dismissed",
    }
}

/// The `data` of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(untagged)]
#[non_exhaustive]
pub enum EventData {
    /// Commits arrived, or a ref moved.
    Push(PushEvent),
    /// A branch or tag was made or deleted.
    Ref(RefEvent),
    /// A pull request was opened or changed.
    PullRequest(Box<PullRequest>),
    /// A comment or review was made.
    Comment(Box<Comment>),
    /// A release was published or changed.
    Release(Box<Release>),
    /// A check changed.
    Check(Box<Check>),
    /// A deployment changed.
    Deployment(Box<Deployment>),
    /// The repository itself changed.
    Repository(Box<Repository>),
}

/// Commits pushed to a branch or tag.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PushEvent {
    /// The whole name of the ref, such as `refs/heads/main`.
    #[serde(rename = "ref")]
    pub git_ref: String,
    /// Commit id before the push; `None` when the ref was created.
    pub before: Option<String>,
    /// Commit id after the push; `None` when the ref was deleted.
    pub after: Option<String>,
    /// The commits, as far as the provider sends them.
    pub commits: Vec<Commit>,
}

/// A branch or tag that was made or deleted.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RefEvent {
    /// Its short name.
    pub name: String,
    /// Commit id of the ref, the last one when it was deleted; `None` where the provider does not
    /// say.
    pub commit_sha: Option<String>,
}

impl EventData {
    /// The data of an event of that name, as it was written once.
    pub(crate) fn read(name: EventName, data: Value) -> serde_json::Result<Self> {
        use serde_json::from_value as read;
        Ok(match name {
            EventName::Push => Self::Push(read(data)?),
            EventName::BranchCreated
            | EventName::BranchDeleted
            | EventName::TagCreated
            | EventName::TagDeleted => Self::Ref(read(data)?),
            EventName::PullRequest => Self::PullRequest(read(data)?),
            EventName::Comment => Self::Comment(read(data)?),
            EventName::Release => Self::Release(read(data)?),
            EventName::Check => Self::Check(read(data)?),
            EventName::Deployment => Self::Deployment(read(data)?),
            EventName::Repository => Self::Repository(read(data)?),
        })
    }

    /// The time of an event by what its data says of itself; `None` where no member is about this
    /// action.
    #[must_use]
    pub fn time_of(&self, action: Option<EventAction>) -> Option<Timestamp> {
        match (self, action) {
            // What is gone tells when it was changed, not when it went.
            (_, Some(EventAction::Deleted)) | (Self::Push(_) | Self::Ref(_), _) => None,
            (Self::Release(release), Some(EventAction::Created)) => release.created_at,
            (Self::Release(release), Some(EventAction::Published)) => release.published_at,
            (Self::Release(_), _) => None,
            (Self::PullRequest(pull_request), _) => pull_request.updated_at,
            // The review that was dismissed tells when it was given.
            (Self::Comment(comment), Some(EventAction::Updated | EventAction::Dismissed)) => {
                comment.updated_at
            }
            (Self::Comment(comment), _) => comment.updated_at.or(comment.created_at),
            (Self::Check(check), _) => check.completed_at.or(check.started_at),
            (Self::Deployment(deployment), _) => deployment.updated_at.or(deployment.created_at),
            (Self::Repository(repository), _) => repository.updated_at,
        }
    }

    /// What happened, where the upstream tells it by a state alone.
    #[must_use]
    pub fn action_by_state(&self) -> Option<EventAction> {
        let has_ended = match self {
            Self::Check(check) => check.status == Some(CheckStatus::Completed),
            Self::Deployment(deployment) => matches!(
                deployment.state,
                Some(
                    DeploymentState::Success
                        | DeploymentState::Failure
                        | DeploymentState::Error
                        | DeploymentState::Cancelled
                )
            ),
            _ => false,
        };
        has_ended.then_some(EventAction::Completed)
    }
}

impl Filterable for EventData {
    fn pass(self, screen: &mut Screen<'_>) -> Result<Option<Self>> {
        macro_rules! passed {
            ($variant:ident, $inner:expr) => {
                $inner
                    .pass(screen)?
                    .map(|value| Self::$variant(value.into()))
            };
        }
        Ok(match self {
            Self::Push(mut push) => {
                let commits = std::mem::take(&mut push.commits).into_iter();
                for commit in commits {
                    push.commits.extend(commit.pass(screen)?);
                }
                Some(Self::Push(push))
            }
            Self::Ref(git_ref) => Some(Self::Ref(git_ref)),
            Self::PullRequest(inner) => passed!(PullRequest, inner),
            Self::Comment(inner) => passed!(Comment, inner),
            Self::Release(inner) => passed!(Release, inner),
            Self::Check(inner) => passed!(Check, inner),
            Self::Deployment(inner) => passed!(Deployment, inner),
            Self::Repository(inner) => passed!(Repository, inner),
        })
    }
}
