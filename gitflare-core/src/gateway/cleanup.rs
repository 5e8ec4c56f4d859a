//! Cleaning up at providers after something ended here. The queue outlives the process; a provider
//! that is away is asked again, ever less often, and given up in the end: nothing here depends on it
//! (CA-2).

use std::time::Duration;

use super::{Gateway, cells};
use crate::{
    Backoff, Error, Result, Secret,
    filter::BlockedPaths,
    provider::{Call, TokenRevocation},
    storage::{CleanupJob, CleanupKind, Connection, ConnectionMode},
};

/// How many subscriptions are ended in one transaction.
const ENDED_AT_ONCE: usize = 200;
/// How many tenants that were left behind are ended in one transaction.
const ABANDONED_AT_ONCE: usize = 20;
/// Most jobs of one round.
const AT_ONCE: usize = 8;
const BACKOFF: Backoff = Backoff {
    first: Duration::from_secs(30),
    longest: Duration::from_secs(6 * 60 * 60),
    jitter: 0.25,
};
/// With these waits, about four days.
const MAX_ATTEMPTS: u32 = 24;

impl Gateway {
    /// Ends subscriptions whose client or authorization has ended and tenants that were left behind,
    /// and does what is due in the clean-up queue; how much was begun. Each job ends, or waits for its next attempt.
    ///
    /// # Errors
    /// The storage's own.
    pub async fn clean_up(&self) -> Result<usize> {
        let ended = self.storage.subscriptions().end_some(ENDED_AT_ONCE).await?;
        let abandoned = self.storage.tenants().end_abandoned(ABANDONED_AT_ONCE);
        let abandoned = abandoned.await?;
        let now = self.clock.now();
        // A job whose worker dies comes back when no attempt can still be running.
        let until = now.after(2 * self.upstream_budget());
        let queue = self.storage.cleanup();
        let jobs = queue.begin(now, until, AT_ONCE).await?;
        futures_util::future::try_join_all(jobs.iter().map(|job| self.clean_up_one(job))).await?;
        Ok(jobs.len() + ended + abandoned)
    }

    async fn clean_up_one(&self, job: &CleanupJob) -> Result<()> {
        let queue = self.storage.cleanup();
        let outcome = match job.kind {
            CleanupKind::RevokeTokens => self.revoke_tokens(job).await,
            CleanupKind::DeleteHook => self.delete_hook(job).await,
            CleanupKind::DeleteUnusedHook => self.delete_unused_hook(job).await,
        };
        let Err(error) = outcome else {
            return queue.finish(job.kind, &job.subject).await;
        };
        let (kind, attempts) = (job.kind.as_str(), job.attempts);
        if attempts >= MAX_ATTEMPTS {
            tracing::error!(kind, subject = job.subject, attempts, error = ?error,
                "clean-up at the provider given up");
            return queue.finish(job.kind, &job.subject).await;
        }
        tracing::warn!(kind, subject = job.subject, attempts, error = ?error,
            "clean-up at the provider failed and is tried again");
        let wait = BACKOFF.wait(attempts, &*self.random);
        let at = self.clock.now().after(wait);
        queue.postpone(job.kind, &job.subject, at).await
    }

    /// Revokes what a consent has issued. A token that somebody pasted is theirs to revoke.
    async fn revoke_tokens(&self, job: &CleanupJob) -> Result<()> {
        let linked = self.storage.connections().find(&job.connection_id).await?;
        if linked.is_some_and(|connection| connection.mode == ConnectionMode::Manual) {
            return Ok(());
        }
        let Some(sealed) = &job.tokens.access_token else {
            return Ok(());
        };
        let oauth = self
            .providers
            .find(job.provider)
            .and_then(|provider| provider.oauth())
            .ok_or_else(|| Error::internal("the provider that issued the tokens is disabled"))?;
        let access_token = self.vault.open(cells::queued_access_token(job), sealed)?;
        let refresh_token = match &job.tokens.refresh_token {
            Some(sealed) => Some(self.vault.open(cells::queued_refresh_token(job), sealed)?),
            None => None,
        };
        oauth
            .revoke(TokenRevocation {
                access_token: &access_token,
                refresh_token: refresh_token.as_ref(),
                deadline: self.upstream_deadline(),
            })
            .await
    }

    /// A call on behalf of the connection of a job: with its tokens while it has them, else with
    /// those that wait in the queue to be revoked; `None` when there are none left.
    ///
    /// # Errors
    /// The storage's own; `INTERNAL_ERROR` when the tokens do not open.
    pub async fn call_for_cleanup(&self, job: &CleanupJob) -> Result<Option<Call>> {
        let live = self
            .storage
            .connections()
            .find_with_tokens(&job.connection_id)
            .await?;
        let is_pasted =
            |(connection, _): &(Connection, _)| connection.mode == ConnectionMode::Manual;
        let is_oauth = !live.as_ref().is_some_and(is_pasted);
        if let Some((connection, tokens)) = live
            && tokens.access_token.is_some()
        {
            let deadline = self.upstream_deadline();
            let call = self.call_for(&connection, &tokens, deadline).await?;
            return Ok(Some(call));
        }
        let queued = self
            .storage
            .cleanup()
            .find(CleanupKind::RevokeTokens, job.connection_id.as_str())
            .await?;
        let Some(queued) = queued else {
            return Ok(None);
        };
        let access_token = match &queued.tokens.access_token {
            Some(sealed) => self
                .vault
                .open(cells::queued_access_token(&queued), sealed)?,
            None => Secret::new(String::new()),
        };
        Ok(Some(Call {
            connection_id: queued.connection_id.clone(),
            access_token,
            is_oauth,
            blocked: BlockedPaths::default(),
            api_base_url: queued.api_base_url.clone(),
            organization: None,
            deadline: self.upstream_deadline(),
        }))
    }
}
