//! What is still to be cleaned up at providers after something ended here: a queue that survives
//! restarts (CA-2). Access ended before a job was queued; no job ever gives it back.

use async_trait::async_trait;

use super::SealedTokens;
use crate::{ConnectionId, Result, TenantId, Timestamp, model::words, provider::ProviderId};

words! {
    /// Kind of a cleanup job.
    CleanupKind {
        /// The provider tokens of a connection are revoked; the subject is the connection.
        RevokeTokens = "revoke_tokens",
        /// The hook of an ended subscription is deleted; the subject is the subscription.
        DeleteHook = "delete_hook",
        /// A hook that another one has replaced, or that was made in vain, is deleted; the subject is
        /// a JSON list of the ids of subscription, repository and hook.
        DeleteUnusedHook = "delete_unused_hook",
    }
}

/// One thing to clean up. Kind and subject name it: queuing it again changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CleanupJob {
    /// Kind of the job.
    pub kind: CleanupKind,
    /// To what: an id of ours, or what the kind says.
    pub subject: String,
    /// The provider that is called.
    pub provider: ProviderId,
    /// The connection through which it is done, which may be revoked.
    pub connection_id: ConnectionId,
    /// The connection's tenant; with its id, the cell that `tokens` were sealed for.
    pub tenant_id: Option<TenantId>,
    /// The REST base of the connection's upstream, where it differs from the configured one.
    pub api_base_url: Option<String>,
    /// The connection's encrypted tokens, where the job itself keeps them.
    pub tokens: SealedTokens,
    /// Number of attempts so far.
    pub attempts: u32,
    /// Time of the next attempt.
    pub next_attempt_at: Timestamp,
    /// Time of queueing.
    pub created_at: Timestamp,
}

/// Keeps the queue.
///
/// [`super::ConnectionStore::revoke`] queues a [`CleanupKind::RevokeTokens`] itself, in its own
/// transaction, with the tokens that it erases.
#[async_trait]
pub trait CleanupStore: Send + Sync {
    /// Queues a job; one that is queued already stays as it is.
    async fn enqueue(&self, job: CleanupJob) -> Result<()>;

    /// The queued job of that name.
    async fn find(&self, kind: CleanupKind, subject: &str) -> Result<Option<CleanupJob>>;

    /// Begins up to `limit` jobs that are due at `now`, oldest first: counts an attempt and puts the
    /// next one off until `until`, so that no other worker begins them meanwhile and none is lost
    /// when this one dies. A connection's tokens are revoked after everything else that is queued
    /// for it, which may need them.
    async fn begin(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<CleanupJob>>;

    /// How many jobs are queued; [`MOST_COUNTED`](super::MOST_COUNTED) at most.
    async fn count(&self) -> Result<u64>;

    /// Puts the next attempt off until `at`.
    async fn postpone(&self, kind: CleanupKind, subject: &str, at: Timestamp) -> Result<()>;

    /// Takes a job out, its tokens included: it is done, or given up.
    async fn finish(&self, kind: CleanupKind, subject: &str) -> Result<()>;
}
