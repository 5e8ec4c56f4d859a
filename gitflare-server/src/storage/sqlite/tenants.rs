//! Tenants in SQLite.

use std::collections::BTreeSet;

use async_trait::async_trait;
use gitflare_core::{
    AuthorizationId, ClientId, ConnectionId, Result, TenantId, Timestamp,
    storage::{AuditEntry, CustomerNames, ListRange, Tenant, TenantStore},
};
use rusqlite::Connection;

use super::{
    SqliteStorage, authorizations, clients, connections, failed,
    rows::{audit, every, exists, run, run_all, taken},
};
use crate::storage::sql::{
    id,
    tenants::{self, Abandoned},
    text,
};

/// Deletes those of these tenants that are a client's customers and hold nothing: anybody can make
/// one by opening the client's page (SC-6).
pub(super) fn forget_unused(connection: &Connection, ids: &BTreeSet<String>) -> Result<()> {
    for tenant in ids {
        if exists(connection, &tenants::is_unused(tenant))? {
            run_all(connection, tenants::forget(tenant))?;
        }
    }
    Ok(())
}

/// Ends a tenant with all that stands on it; `false` when there is none. What there may be many of
/// (tokens, approvals, deliveries) ends by what it stands on, without being rewritten.
fn end(connection: &Connection, id: &TenantId, at: Timestamp) -> Result<bool> {
    if run(connection, &tenants::end(id, at))? == 0 {
        return Ok(false);
    }
    let apps = tenants::live_clients(id);
    let apps = every(connection, &apps, |row| id!(row, 0, ClientId));
    for client in apps.map_err(|error| failed(&error))? {
        clients::end(connection, &client, at)?;
    }
    disconnect(connection, id, at)?;
    let live = tenants::live_authorizations(id);
    let live = every(connection, &live, |row| id!(row, 0, AuthorizationId));
    for authorization in live.map_err(|error| failed(&error))? {
        authorizations::revoke(connection, &authorization, at)?;
    }
    run_all(connection, tenants::end_under(id, at))?;
    Ok(true)
}

/// Ends a tenant's connections.
fn disconnect(connection: &Connection, id: &TenantId, at: Timestamp) -> Result<()> {
    let live = tenants::live_connections(id);
    let live = every(connection, &live, |row| id!(row, 0, ConnectionId));
    for linked in live.map_err(|error| failed(&error))? {
        connections::revoke(connection, &linked, at)?;
    }
    Ok(())
}

/// Looks at some tenants that were left behind, and ends those that nobody sees; how many.
fn end_abandoned(connection: &Connection, limit: usize) -> Result<usize> {
    loop {
        let first = Abandoned::first("");
        let Some(first) = taken(connection, &first, |row| Abandoned::of(row))? else {
            return Ok(0);
        };
        let some = every(connection, &first.some(limit), |row| id!(row, 0, TenantId));
        let some = some.map_err(|error| failed(&error))?;
        for tenant in &some {
            run(connection, &first.let_go(tenant))?;
            end_unseen(connection, tenant, first.at)?;
        }
        if !some.is_empty() {
            return Ok(some.len());
        }
        run(connection, &first.forget())?;
    }
}

/// Ends a tenant that nobody sees any more; one in which clients live loses its connections.
fn end_unseen(connection: &Connection, id: &TenantId, at: Timestamp) -> Result<()> {
    if exists(connection, &tenants::is_seen(id))? {
        return Ok(());
    }
    match exists(connection, &tenants::live_clients(id))? {
        true => disconnect(connection, id, at),
        false => end(connection, id, at).map(|_| ()),
    }
}

/// Takes one step of deleting what is left of deleted tenants; its size, 0 when there is none.
fn purge_some(connection: &Connection, before: Timestamp, limit: usize) -> Result<usize> {
    let first = tenants::first_to_purge(before, "");
    let Some(tenant) = taken(connection, &first, |row| id!(row, 0, TenantId))? else {
        return Ok(0);
    };
    // An account whose link was under way when its tenant went.
    disconnect(connection, &tenant, before)?;
    for statement in &tenants::purges(&tenant, limit) {
        let gone = run(connection, statement)?;
        if gone > 0 {
            return Ok(gone);
        }
    }
    if exists(connection, &tenants::left(&tenant))? {
        let again = before.after(tenants::LOOKED_AT_AGAIN);
        return run(connection, &tenants::purge_at(&tenant, Some(again)));
    }
    if exists(connection, &tenants::any_client(&tenant))? {
        return run(connection, &tenants::purge_at(&tenant, None));
    }
    run(connection, &tenants::delete(&tenant))
}

#[async_trait]
impl TenantStore for SqliteStorage {
    async fn insert(&self, tenant: Tenant, entry: AuditEntry) -> Result<()> {
        self.write(move |connection| {
            run(connection, &tenants::insert(&tenant))?;
            audit(connection, &entry)
        })
        .await
    }

    async fn find(&self, id: &TenantId) -> Result<Option<Tenant>> {
        self.one(tenants::find(id), |row| tenants::tenant(row, 0))
    }

    async fn delete(&self, id: &TenantId, at: Timestamp, entry: AuditEntry) -> Result<bool> {
        let id = id.clone();
        let erase = move |connection: &Connection| {
            let ended = end(connection, &id, at)?;
            if ended {
                audit(connection, &entry)?;
            }
            Ok(ended)
        };
        self.writer.erase(erase).await
    }

    async fn end_abandoned(&self, limit: usize) -> Result<usize> {
        // Looked for every second; nearly always a read is all it costs.
        if !self.finds(Abandoned::first(""))? {
            return Ok(0);
        }
        let erase = move |connection: &Connection| end_abandoned(connection, limit);
        self.writer.erase(erase).await
    }

    async fn purge_deleted(&self, before: Timestamp, limit: usize) -> Result<usize> {
        // Looked for every minute; nearly always a read is all it costs.
        if !self.finds(tenants::first_to_purge(before, ""))? {
            return Ok(0);
        }
        self.write(move |connection| purge_some(connection, before, limit))
            .await
    }

    async fn list(&self, range: ListRange<'_>) -> Result<Vec<Tenant>> {
        self.page(tenants::list(range), |row| tenants::tenant(row, 0))
            .await
    }

    async fn find_or_insert_customer(
        &self,
        client: &ClientId,
        customer_ref: &str,
        tenant: Tenant,
    ) -> Result<Tenant> {
        let (client, customer_ref) = (client.clone(), customer_ref.to_owned());
        self.write(move |connection| {
            let known = tenants::customer(&client, &customer_ref);
            let known = taken(connection, &known, |row| tenants::tenant(row, 0))?;
            if let Some(known) = known {
                return Ok(known);
            }
            run(connection, &tenants::insert(&tenant))?;
            let named = tenants::insert_customer(&client, &customer_ref, &tenant);
            run(connection, &named)?;
            Ok(tenant)
        })
        .await
    }

    async fn find_customer(&self, client: &ClientId, customer_ref: &str) -> Result<Option<Tenant>> {
        let statement = tenants::customer(client, customer_ref);
        self.one(statement, |row| tenants::tenant(row, 0))
    }

    async fn customer_names(&self, asked: &[(ClientId, TenantId)]) -> Result<Vec<CustomerNames>> {
        let names = |(client, tenant): &(ClientId, TenantId)| {
            let name = self.one(tenants::find(tenant), |row| tenants::tenant(row, 0))?;
            let customer_ref =
                self.one(tenants::customer_ref(client, tenant), |row| text(row, 0))?;
            Ok(CustomerNames {
                name: name.map(|tenant| tenant.name),
                customer_ref,
            })
        };
        asked.iter().map(names).collect()
    }

    async fn customers_beginning(
        &self,
        client: &ClientId,
        start: &str,
        limit: usize,
    ) -> Result<Vec<TenantId>> {
        let [by_ref, by_name] = tenants::beginning(client, start, limit);
        let by_ref = self.all(by_ref, |row| id!(row, 0, TenantId))?;
        let by_name = self.all(by_name, |row| id!(row, 0, TenantId))?;
        Ok(tenants::found([by_ref, by_name], limit))
    }

    async fn customer_ref(&self, client: &ClientId, tenant: &TenantId) -> Result<Option<String>> {
        self.one(tenants::customer_ref(client, tenant), |row| text(row, 0))
    }
}
