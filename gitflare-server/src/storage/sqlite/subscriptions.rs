//! Event subscriptions in SQLite.

use async_trait::async_trait;
use gitflare_core::{
    ClientId, ConnectionId, Result, SubscriptionId, TenantId, Timestamp,
    provider::ProviderId,
    storage::{
        AuditEntry, CleanupJob, ListRange, MAX_SUBSCRIPTIONS, StoredSubscription,
        SubscriptionStore, too_many_subscriptions,
    },
};
use rusqlite::Connection;

use super::{
    SqliteStorage,
    rows::{audit, run, run_all, taken},
};
use crate::storage::sql::{
    cleanup, number,
    subscriptions::{self, Ended, Ending},
};

/// Ends subscriptions at once for whoever reads them, and their rows now or later.
pub(super) fn end_later(connection: &Connection, ending: Ending<'_>, at: Timestamp) -> Result<()> {
    match ending.later(at) {
        Some(later) => run(connection, &later).map(|_| ()),
        None => end(connection, ending, at),
    }
}

/// Ends subscriptions and queues the removal of their hooks.
pub(super) fn end(connection: &Connection, ending: Ending<'_>, at: Timestamp) -> Result<()> {
    run_all(connection, ending.now(at)).map(|_| ())
}

/// Ends some subscriptions under the first of the endings; how many, 0 when there is none left.
fn end_some(connection: &Connection, limit: usize) -> Result<usize> {
    loop {
        let Some(first) = taken(connection, &Ended::first(""), |row| Ended::of(row))? else {
            return Ok(0);
        };
        let ended = run_all(connection, first.some(limit))?;
        if ended > 0 {
            return Ok(ended);
        }
        run(connection, &first.forget())?;
    }
}

#[async_trait]
impl SubscriptionStore for SqliteStorage {
    async fn insert(&self, row: StoredSubscription, entry: AuditEntry) -> Result<()> {
        self.write(move |connection| {
            let of = &row.subscription;
            let standing = subscriptions::count_live(
                &row.tenant_id,
                &row.client_id,
                of.provider,
                &of.repository_id,
            );
            let standing = taken(connection, &standing, |row| number(row, 0))?;
            if standing.unwrap_or(0) >= MAX_SUBSCRIPTIONS {
                return Err(too_many_subscriptions());
            }
            run(connection, &subscriptions::insert(&row))?;
            audit(connection, &entry)
        })
        .await
    }

    async fn count_live(
        &self,
        tenant: &TenantId,
        client: &ClientId,
        provider: ProviderId,
        repository: &str,
    ) -> Result<usize> {
        let count = subscriptions::count_live(tenant, client, provider, repository);
        Ok(self.one(count, |row| number(row, 0))?.unwrap_or(0))
    }

    async fn find(
        &self,
        tenant: &TenantId,
        id: &SubscriptionId,
    ) -> Result<Option<StoredSubscription>> {
        let statement = subscriptions::find(tenant, id);
        self.one(statement, |row| subscriptions::subscription(row))
    }

    async fn find_live(&self, id: &SubscriptionId) -> Result<Option<StoredSubscription>> {
        let statement = subscriptions::find_live(id.as_str());
        self.one(statement, |row| subscriptions::subscription(row))
    }

    async fn find_ended(&self, id: &SubscriptionId) -> Result<Option<StoredSubscription>> {
        let statement = subscriptions::find_ended(id);
        self.one(statement, |row| subscriptions::subscription(row))
    }

    async fn forget(&self, id: &SubscriptionId) -> Result<bool> {
        let id = id.clone();
        self.write(move |connection| {
            if run(connection, &subscriptions::forget_some(&id))? > 0 {
                return Ok(false);
            }
            run_all(connection, subscriptions::forget(&id))?;
            Ok(true)
        })
        .await
    }

    async fn update(
        &self,
        old: &StoredSubscription,
        new: &StoredSubscription,
        unused: Option<CleanupJob>,
        entry: AuditEntry,
    ) -> Result<bool> {
        let (old, new) = (old.clone(), new.clone());
        self.write(move |connection| {
            if run(connection, &subscriptions::update(&old, &new))? == 0 {
                return Ok(false);
            }
            if let Some(job) = &unused {
                run(connection, &cleanup::enqueue(job))?;
            }
            audit(connection, &entry)?;
            Ok(true)
        })
        .await
    }

    async fn list(
        &self,
        tenant: &TenantId,
        client: &ClientId,
        connections: Option<&[ConnectionId]>,
        range: ListRange<'_>,
    ) -> Result<Vec<StoredSubscription>> {
        let statement = subscriptions::list(tenant, client, connections, range);
        self.page(statement, |row| subscriptions::subscription(row))
            .await
    }

    async fn delete(
        &self,
        tenant: &TenantId,
        id: &SubscriptionId,
        at: Timestamp,
        entry: AuditEntry,
    ) -> Result<bool> {
        let (tenant, id) = (tenant.clone(), id.clone());
        self.write(move |connection| {
            let ended = run_all(connection, subscriptions::delete(&tenant, &id, at))? == 1;
            if ended {
                audit(connection, &entry)?;
            }
            Ok(ended)
        })
        .await
    }

    async fn end_some(&self, limit: usize) -> Result<usize> {
        // Asked without the writer first: most of the time nothing ends.
        if !self.finds(Ended::first(""))? {
            return Ok(0);
        }
        self.write(move |connection| end_some(connection, limit))
            .await
    }
}
