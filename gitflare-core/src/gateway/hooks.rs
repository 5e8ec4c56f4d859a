//! The ends of hooks at providers: with their subscription, or because another one has taken their
//! place. All of them wait in the clean-up queue, so that none is left that nobody knows of; making
//! them is the business of `subscribe.rs` and `subscription_change.rs`.

use super::Gateway;
use crate::{
    Error, Result, SubscriptionId,
    provider::{Call, ProviderHooks, RepoRef},
    storage::{CleanupJob, CleanupKind, Connection, SealedTokens, StoredSubscription},
};

/// A hook that was made at a provider, while no row tells of it.
pub(super) struct MadeHook<'a> {
    pub(super) id: String,
    pub(super) hooks: &'a dyn ProviderHooks,
    pub(super) call: Call,
    pub(super) repo: RepoRef,
    /// Its removal, should it be given up.
    pub(super) removal: CleanupJob,
}

impl Gateway {
    /// Removes the hook of an ended subscription at the provider, then the row.
    pub(super) async fn delete_hook(&self, job: &CleanupJob) -> Result<()> {
        let id = SubscriptionId::parse(&job.subject)?;
        let store = self.storage.subscriptions();
        let Some(stored) = store.find_ended(&id).await? else {
            return Ok(());
        };
        if let Some(hook_id) = &stored.hook_id {
            let repository = stored.subscription.repository_id.clone();
            self.delete_at_provider(job, repository, hook_id).await?;
        }
        while !store.forget(&id).await? {}
        Ok(())
    }

    /// Removes a hook that no subscription has.
    pub(super) async fn delete_unused_hook(&self, job: &CleanupJob) -> Result<()> {
        let (_, repository, hook_id): (String, String, String) = serde_json::from_str(&job.subject)
            .map_err(|_| Error::internal("a job that names no hook"))?;
        self.delete_at_provider(job, repository, &hook_id).await
    }

    async fn delete_at_provider(
        &self,
        job: &CleanupJob,
        repository: String,
        hook_id: &str,
    ) -> Result<()> {
        let hooks = self
            .providers
            .find(job.provider)
            .and_then(|provider| provider.hooks())
            .ok_or_else(|| Error::internal("the provider that has the hook is disabled"))?;
        let Some(call) = self.call_for_cleanup(job).await? else {
            return Err(Error::internal(
                "no credential is left to delete the hook with",
            ));
        };
        let repo = RepoRef {
            id: repository,
            full_name: None,
        };
        hooks.delete(&call, &repo, hook_id).await
    }

    /// The removal of a hook that was made for a subscription through this connection.
    pub(super) fn removal_of(
        &self,
        stored: &StoredSubscription,
        connection: &Connection,
        hook_id: &str,
    ) -> Result<CleanupJob> {
        let subscription = &stored.subscription;
        let names = (
            subscription.id.as_str(),
            &subscription.repository_id,
            hook_id,
        );
        let now = self.clock.now();
        Ok(CleanupJob {
            kind: CleanupKind::DeleteUnusedHook,
            subject: serde_json::to_string(&names)
                .map_err(|_| Error::internal("the name of a hook has no JSON form"))?,
            provider: subscription.provider,
            connection_id: connection.id.clone(),
            tenant_id: Some(stored.tenant_id.clone()),
            api_base_url: connection.api_base_url.clone(),
            tokens: SealedTokens::default(),
            attempts: 0,
            next_attempt_at: now,
            created_at: now,
        })
    }

    /// Leaves a hook that was made in vain to the clean-up; where that cannot be stored, it is deleted
    /// now. One that is left all the same proves nothing to us: its calls are refused.
    pub(super) async fn give_up_hook(&self, made: MadeHook<'_>) {
        let queued = self.storage.cleanup().enqueue(made.removal).await;
        if queued.is_err()
            && let Err(error) = made.hooks.delete(&made.call, &made.repo, &made.id).await
        {
            tracing::warn!(error = ?error, "a hook that was made in vain could not be deleted");
        }
    }
}
