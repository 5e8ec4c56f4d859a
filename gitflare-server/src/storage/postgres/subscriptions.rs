//! Event subscriptions in PostgreSQL.

use async_trait::async_trait;
use gitflare_core::{
    ClientId, ConnectionId, Result, SubscriptionId, TenantId, Timestamp,
    provider::ProviderId,
    storage::{
        AuditEntry, CleanupJob, ListRange, MAX_SUBSCRIPTIONS, StoredSubscription,
        SubscriptionStore, too_many_subscriptions,
    },
};

use super::{
    PostgresStorage, locks,
    session::{Failure, Session, transaction},
};
use crate::storage::sql::{
    cleanup, number,
    subscriptions::{self, Ended, Ending},
};

/// Ends subscriptions at once for whoever reads them, and their rows now or later.
pub(super) async fn end_later(
    transaction: &Session,
    ending: Ending<'_>,
    at: Timestamp,
) -> Result<(), Failure> {
    match ending.later(at) {
        Some(later) => transaction.run(later).await.map(|_| ()),
        None => end(transaction, ending, at).await,
    }
}

/// Ends subscriptions and queues the removal of their hooks.
pub(super) async fn end(
    transaction: &Session,
    ending: Ending<'_>,
    at: Timestamp,
) -> Result<(), Failure> {
    transaction.run_all(ending.now(at)).await.map(|_| ())
}

#[async_trait]
impl SubscriptionStore for PostgresStorage {
    async fn insert(&self, row: StoredSubscription, entry: AuditEntry) -> Result<()> {
        let of = &row.subscription;
        transaction!(self.database, |transaction| {
            // What is counted stays so until the row is there.
            locks::tenant(transaction, &row.tenant_id).await?;
            let standing = subscriptions::count_live(
                &row.tenant_id,
                &row.client_id,
                of.provider,
                &of.repository_id,
            );
            let standing = transaction.one(standing, |row| number(row, 0)).await?;
            if standing.unwrap_or(0) >= MAX_SUBSCRIPTIONS {
                return Err(too_many_subscriptions().into());
            }
            transaction.run(subscriptions::insert(&row)).await?;
            transaction.audit(&entry).await
        })
    }

    async fn count_live(
        &self,
        tenant: &TenantId,
        client: &ClientId,
        provider: ProviderId,
        repository: &str,
    ) -> Result<usize> {
        let count = subscriptions::count_live(tenant, client, provider, repository);
        let count = self.one(count, |row| number(row, 0)).await?;
        Ok(count.unwrap_or(0))
    }

    async fn find(
        &self,
        tenant: &TenantId,
        id: &SubscriptionId,
    ) -> Result<Option<StoredSubscription>> {
        let statement = subscriptions::find(tenant, id);
        self.one(statement, subscriptions::subscription).await
    }

    async fn find_live(&self, id: &SubscriptionId) -> Result<Option<StoredSubscription>> {
        let statement = subscriptions::find_live(id.as_str());
        self.one(statement, subscriptions::subscription).await
    }

    async fn find_ended(&self, id: &SubscriptionId) -> Result<Option<StoredSubscription>> {
        let statement = subscriptions::find_ended(id);
        self.one(statement, subscriptions::subscription).await
    }

    async fn forget(&self, id: &SubscriptionId) -> Result<bool> {
        transaction!(self.database, |transaction| {
            if transaction.run(subscriptions::forget_some(id)).await? > 0 {
                return Ok(false);
            }
            transaction.run_all(subscriptions::forget(id)).await?;
            Ok(true)
        })
    }

    async fn update(
        &self,
        old: &StoredSubscription,
        new: &StoredSubscription,
        unused: Option<CleanupJob>,
        entry: AuditEntry,
    ) -> Result<bool> {
        transaction!(self.database, |transaction| {
            if transaction.run(subscriptions::update(old, new)).await? == 0 {
                return Ok(false);
            }
            if let Some(job) = &unused {
                transaction.run(cleanup::enqueue(job)).await?;
            }
            transaction.audit(&entry).await?;
            Ok(true)
        })
    }

    async fn list(
        &self,
        tenant: &TenantId,
        client: &ClientId,
        connections: Option<&[ConnectionId]>,
        range: ListRange<'_>,
    ) -> Result<Vec<StoredSubscription>> {
        let statement = subscriptions::list(tenant, client, connections, range);
        self.all(statement, subscriptions::subscription).await
    }

    async fn delete(
        &self,
        tenant: &TenantId,
        id: &SubscriptionId,
        at: Timestamp,
        entry: AuditEntry,
    ) -> Result<bool> {
        transaction!(self.database, |transaction| {
            let ended = transaction.run_all(subscriptions::delete(tenant, id, at));
            let ended = ended.await? == 1;
            if ended {
                transaction.audit(&entry).await?;
            }
            Ok(ended)
        })
    }

    async fn end_some(&self, limit: usize) -> Result<usize> {
        if !self.finds(Ended::first("")).await? {
            return Ok(0);
        }
        transaction!(self.database, |transaction| {
            loop {
                // Each of them has one node that works on it.
                let first = Ended::first(" FOR UPDATE SKIP LOCKED");
                let Some(first) = transaction.one(first, Ended::of).await? else {
                    return Ok(0);
                };
                let ended = transaction.run_all(first.some(limit)).await?;
                if ended > 0 {
                    return Ok(ended);
                }
                transaction.run(first.forget()).await?;
            }
        })
    }
}
