//! The clean-up queue in memory.

use async_trait::async_trait;

use super::{MemoryStorage, State};
use crate::{
    Result, Timestamp,
    storage::{
        CleanupJob, CleanupKind, CleanupStore, Connection, ConnectionMode, MOST_COUNTED,
        SealedTokens,
    },
};

impl State {
    /// Queues a job, unless it is queued.
    pub(super) fn enqueue(&mut self, job: CleanupJob) {
        let key = (job.kind, job.subject.clone());
        self.cleanup.entry(key).or_insert(job);
    }

    /// Queues the revocation of a connection's tokens: where it was made by OAuth, or where other
    /// jobs still need them.
    pub(super) fn enqueue_revocation(
        &mut self,
        connection: &Connection,
        tokens: SealedTokens,
        at: Timestamp,
    ) {
        let is_needed = self
            .cleanup
            .values()
            .any(|job| job.connection_id == connection.id);
        if tokens.access_token.is_none() || !(is_needed || connection.mode == ConnectionMode::Oauth)
        {
            return;
        }
        self.enqueue(CleanupJob {
            kind: CleanupKind::RevokeTokens,
            subject: connection.id.as_str().to_owned(),
            provider: connection.provider,
            connection_id: connection.id.clone(),
            tenant_id: connection.tenant_id.clone(),
            api_base_url: connection.api_base_url.clone(),
            tokens,
            attempts: 0,
            next_attempt_at: at,
            created_at: at,
        });
    }
}

#[async_trait]
impl CleanupStore for MemoryStorage {
    async fn enqueue(&self, job: CleanupJob) -> Result<()> {
        self.state().enqueue(job);
        Ok(())
    }

    async fn find(&self, kind: CleanupKind, subject: &str) -> Result<Option<CleanupJob>> {
        let key = (kind, subject.to_owned());
        Ok(self.state().cleanup.get(&key).cloned())
    }

    async fn begin(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<CleanupJob>> {
        let mut state = self.state();
        let waits = |job: &CleanupJob| {
            job.kind == CleanupKind::RevokeTokens
                && state
                    .cleanup
                    .values()
                    .any(|other| other.connection_id == job.connection_id && other.kind != job.kind)
        };
        let mut due: Vec<_> = state
            .cleanup
            .values()
            .filter(|job| job.next_attempt_at <= now && !waits(job))
            .map(|job| (job.next_attempt_at, job.kind, job.subject.clone()))
            .collect();
        due.sort();
        due.truncate(limit);
        let mut begun = Vec::with_capacity(due.len());
        for (_, kind, subject) in due {
            if let Some(job) = state.cleanup.get_mut(&(kind, subject)) {
                job.attempts += 1;
                job.next_attempt_at = until;
                begun.push(job.clone());
            }
        }
        begun.sort_by(|a, b| (a.created_at, &a.subject).cmp(&(b.created_at, &b.subject)));
        Ok(begun)
    }

    async fn count(&self) -> Result<u64> {
        Ok((self.state().cleanup.len() as u64).min(MOST_COUNTED))
    }

    async fn postpone(&self, kind: CleanupKind, subject: &str, at: Timestamp) -> Result<()> {
        if let Some(job) = self.state().cleanup.get_mut(&(kind, subject.to_owned())) {
            job.next_attempt_at = at;
        }
        Ok(())
    }

    async fn finish(&self, kind: CleanupKind, subject: &str) -> Result<()> {
        self.state().cleanup.remove(&(kind, subject.to_owned()));
        Ok(())
    }
}
