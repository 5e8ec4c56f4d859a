//! Tenants in PostgreSQL.

use async_trait::async_trait;
use gitflare_core::{
    AuthorizationId, ClientId, ConnectionId, Error, Result, TenantId, Timestamp,
    storage::{AuditEntry, CustomerNames, ListRange, Tenant, TenantStore},
};

use super::{
    PostgresStorage, authorizations, clients, connections,
    session::{Failure, Session, transaction},
};
use crate::storage::sql::{
    Statement, id, maybe_text,
    tenants::{self, Abandoned},
    text, values,
};

/// Deletes those of these tenants that are a client's customers and hold nothing. They are in the
/// order of ids, so that no two nodes wait for each other.
pub(super) async fn forget_unused(
    transaction: &Session,
    ids: impl IntoIterator<Item = String>,
) -> Result<(), Failure> {
    for tenant in ids {
        // Nothing comes to refer to it meanwhile.
        let lock = "SELECT id FROM tenants WHERE id = ?1 FOR UPDATE";
        transaction
            .rows(&Statement::new(lock, values![&tenant]))
            .await?;
        if transaction.finds(tenants::is_unused(&tenant)).await? {
            transaction.run_all(tenants::forget(&tenant)).await?;
        }
    }
    Ok(())
}

/// Ends a tenant with all that stands on it; `false` when there is none. What there may be many of
/// (tokens, approvals, deliveries) ends by what it stands on, without being rewritten.
async fn end(transaction: &Session, id: &TenantId, at: Timestamp) -> Result<bool, Failure> {
    if transaction.run(tenants::end(id, at)).await? == 0 {
        return Ok(false);
    }
    let apps = tenants::live_clients(id);
    for client in transaction.all(apps, |row| id!(row, 0, ClientId)).await? {
        clients::end(transaction, &client, at).await?;
    }
    disconnect(transaction, id, at).await?;
    let live = tenants::live_authorizations(id);
    for authorization in transaction
        .all(live, |row| id!(row, 0, AuthorizationId))
        .await?
    {
        authorizations::revoke(transaction, &authorization, at).await?;
    }
    transaction.run_all(tenants::end_under(id, at)).await?;
    Ok(true)
}

/// Ends a tenant's connections.
async fn disconnect(transaction: &Session, id: &TenantId, at: Timestamp) -> Result<(), Failure> {
    let live = tenants::live_connections(id);
    for linked in transaction
        .all(live, |row| id!(row, 0, ConnectionId))
        .await?
    {
        connections::revoke(transaction, &linked, at).await?;
    }
    Ok(())
}

/// Looks at some tenants that were left behind, and ends those that nobody sees; how many.
async fn end_abandoned(transaction: &Session, limit: usize) -> Result<usize, Failure> {
    loop {
        // Each of them has one node that works on it.
        let first = Abandoned::first(" FOR UPDATE SKIP LOCKED");
        let Some(first) = transaction.one(first, Abandoned::of).await? else {
            return Ok(0);
        };
        let some = transaction.all(first.some(limit), |row| id!(row, 0, TenantId));
        let some = some.await?;
        for tenant in &some {
            transaction.run(first.let_go(tenant)).await?;
            end_unseen(transaction, tenant, first.at).await?;
        }
        if !some.is_empty() {
            return Ok(some.len());
        }
        transaction.run(first.forget()).await?;
    }
}

/// Ends a tenant that nobody sees any more; one in which clients live loses its connections.
async fn end_unseen(transaction: &Session, id: &TenantId, at: Timestamp) -> Result<(), Failure> {
    if transaction.finds(tenants::is_seen(id)).await? {
        return Ok(());
    }
    match transaction.finds(tenants::live_clients(id)).await? {
        true => disconnect(transaction, id, at).await,
        false => end(transaction, id, at).await.map(|_| ()),
    }
}

/// Takes one step of deleting what is left of deleted tenants; its size, 0 when there is none.
async fn purge_some(
    transaction: &Session,
    before: Timestamp,
    limit: usize,
) -> Result<usize, Failure> {
    // Each of them has one node that works on it.
    let first = tenants::first_to_purge(before, " FOR UPDATE SKIP LOCKED");
    let Some(tenant) = transaction.one(first, |row| id!(row, 0, TenantId)).await? else {
        return Ok(0);
    };
    // An account whose link was under way when its tenant went.
    disconnect(transaction, &tenant, before).await?;
    for statement in tenants::purges(&tenant, limit) {
        let gone = transaction.run(statement).await?;
        if gone > 0 {
            return Ok(gone);
        }
    }
    if transaction.finds(tenants::left(&tenant)).await? {
        let again = before.after(tenants::LOOKED_AT_AGAIN);
        let later = tenants::purge_at(&tenant, Some(again));
        return transaction.run(later).await;
    }
    if transaction.finds(tenants::any_client(&tenant)).await? {
        return transaction.run(tenants::purge_at(&tenant, None)).await;
    }
    transaction.run(tenants::delete(&tenant)).await
}

#[async_trait]
impl TenantStore for PostgresStorage {
    async fn insert(&self, tenant: Tenant, entry: AuditEntry) -> Result<()> {
        transaction!(self.database, |transaction| {
            transaction.run(tenants::insert(&tenant)).await?;
            transaction.audit(&entry).await
        })
    }

    async fn find(&self, id: &TenantId) -> Result<Option<Tenant>> {
        self.one(tenants::find(id), |row| tenants::tenant(row, 0))
            .await
    }

    async fn delete(&self, id: &TenantId, at: Timestamp, entry: AuditEntry) -> Result<bool> {
        transaction!(self.database, |transaction| {
            let ended = end(transaction, id, at).await?;
            if ended {
                transaction.audit(&entry).await?;
            }
            Ok(ended)
        })
    }

    async fn end_abandoned(&self, limit: usize) -> Result<usize> {
        // Looked for every second; nearly always a read is all it costs.
        if !self.finds(Abandoned::first("")).await? {
            return Ok(0);
        }
        transaction!(self.database, |transaction| {
            end_abandoned(transaction, limit).await
        })
    }

    async fn purge_deleted(&self, before: Timestamp, limit: usize) -> Result<usize> {
        // Looked for every minute; nearly always a read is all it costs.
        if !self.finds(tenants::first_to_purge(before, "")).await? {
            return Ok(0);
        }
        transaction!(self.database, |transaction| {
            purge_some(transaction, before, limit).await
        })
    }

    async fn list(&self, range: ListRange<'_>) -> Result<Vec<Tenant>> {
        self.all(tenants::list(range), |row| tenants::tenant(row, 0))
            .await
    }

    async fn find_or_insert_customer(
        &self,
        client: &ClientId,
        customer_ref: &str,
        tenant: Tenant,
    ) -> Result<Tenant> {
        if let Some(known) = self.find_customer(client, customer_ref).await? {
            return Ok(known);
        }
        let is_first: Result<bool> = transaction!(self.database, |transaction| {
            transaction.run(tenants::insert(&tenant)).await?;
            let named = tenants::insert_customer(client, customer_ref, &tenant);
            if transaction.run(named).await? == 0 {
                let unused = "DELETE FROM tenants WHERE id = ?1";
                let unused = Statement::new(unused, values![tenant.id.as_str()]);
                transaction.run(unused).await?;
                return Ok(false);
            }
            Ok(true)
        });
        if is_first? {
            return Ok(tenant);
        }
        let known = self.find_customer(client, customer_ref).await?;
        known.ok_or_else(|| Error::internal("database: a customer's tenant has gone at once"))
    }

    async fn find_customer(&self, client: &ClientId, customer_ref: &str) -> Result<Option<Tenant>> {
        let statement = tenants::customer(client, customer_ref);
        self.one(statement, |row| tenants::tenant(row, 0)).await
    }

    async fn customer_names(&self, asked: &[(ClientId, TenantId)]) -> Result<Vec<CustomerNames>> {
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let clients: Vec<_> = asked.iter().map(|(client, _)| client.as_str()).collect();
        let tenants: Vec<_> = asked.iter().map(|(_, tenant)| tenant.as_str()).collect();
        let of_all = "SELECT t.name, (SELECT customer_ref FROM customers
               WHERE client_id = asked.client AND tenant_id = asked.tenant LIMIT 1)
             FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS asked (client, tenant, place)
               LEFT JOIN tenants t ON t.id = asked.tenant AND t.deleted_at IS NULL
             ORDER BY place";
        let session = self.database.session().await?;
        let rows = session.query(of_all, &[&clients, &tenants]).await?;
        let names = |row: &tokio_postgres::Row| {
            Ok(CustomerNames {
                name: maybe_text(row, 0)?,
                customer_ref: maybe_text(row, 1)?,
            })
        };
        rows.iter().map(names).collect()
    }

    async fn customers_beginning(
        &self,
        client: &ClientId,
        start: &str,
        limit: usize,
    ) -> Result<Vec<TenantId>> {
        let [by_ref, by_name] = tenants::beginning(client, start, limit);
        let by_ref = self.all(by_ref, |row| id!(row, 0, TenantId)).await?;
        let by_name = self.all(by_name, |row| id!(row, 0, TenantId)).await?;
        Ok(tenants::found([by_ref, by_name], limit))
    }

    async fn customer_ref(&self, client: &ClientId, tenant: &TenantId) -> Result<Option<String>> {
        self.one(tenants::customer_ref(client, tenant), |row| text(row, 0))
            .await
    }
}
