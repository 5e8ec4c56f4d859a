//! Tenants in SQLite.

use std::collections::BTreeSet;

use async_trait::async_trait;
use gitflare_core::{
    ClientId, Result, TenantId,
    storage::{AuditEntry, ListRange, Tenant, TenantKind, TenantStore},
};
use rusqlite::{Connection, Row};

use super::{
    SqliteStorage, failed,
    rows::{Conditions, Page, audit, execute, exists, id, one, parsed, time},
};

const SELECT: &str = "SELECT id, name, kind, created_at FROM tenants";

/// A tenant whose columns begin at `at`.
pub(super) fn tenant(row: &Row<'_>, at: usize) -> rusqlite::Result<Tenant> {
    Ok(Tenant {
        id: id!(row, at, TenantId)?,
        name: row.get(at + 1)?,
        kind: parsed(row, at + 2, TenantKind::parse)?,
        created_at: time(row, at + 3)?,
    })
}

pub(super) fn insert(connection: &Connection, tenant: &Tenant) -> Result<()> {
    execute(
        connection,
        "INSERT INTO tenants (id, name, kind, created_at) VALUES (?1, ?2, ?3, ?4)",
        (
            tenant.id.as_str(),
            &tenant.name,
            tenant.kind.as_str(),
            tenant.created_at.as_millis(),
        ),
    )?;
    Ok(())
}

fn customer(
    connection: &Connection,
    client: &ClientId,
    customer_ref: &str,
) -> rusqlite::Result<Option<Tenant>> {
    one(
        connection,
        "SELECT t.id, t.name, t.kind, t.created_at FROM customers c
         JOIN tenants t ON t.id = c.tenant_id WHERE c.client_id = ?1 AND c.customer_ref = ?2",
        (client.as_str(), customer_ref),
        |row| tenant(row, 0),
    )
}

/// What can hold a workspace.
const HOLDERS: [&str; 6] = [
    "sessions",
    "connections",
    "requests",
    "authorizations",
    "clients",
    "memberships",
];

/// Deletes those of these tenants that are a client's customers and hold nothing: anybody can make
/// one by opening the client's page (SC-6).
pub(super) fn forget_unused(connection: &Connection, tenants: &BTreeSet<String>) -> Result<()> {
    let held = HOLDERS.map(|table| format!("SELECT 1 FROM {table} WHERE tenant_id = ?1"));
    let held = held.join(" UNION ALL ");
    for tenant in tenants {
        let unused =
            format!("SELECT 1 FROM customers WHERE tenant_id = ?1 AND NOT EXISTS ({held})");
        if exists(connection, &unused, [tenant])? {
            let statement = "DELETE FROM customers WHERE tenant_id = ?1";
            execute(connection, statement, [tenant])?;
            execute(connection, "DELETE FROM tenants WHERE id = ?1", [tenant])?;
        }
    }
    Ok(())
}

#[async_trait]
impl TenantStore for SqliteStorage {
    async fn insert(&self, tenant: Tenant, entry: AuditEntry) -> Result<()> {
        self.write(move |connection| {
            insert(connection, &tenant)?;
            audit(connection, &entry)
        })
        .await
    }

    async fn find(&self, id: &TenantId) -> Result<Option<Tenant>> {
        let statement = format!("{SELECT} WHERE id = ?1");
        self.read(|connection| one(connection, &statement, [id.as_str()], |row| tenant(row, 0)))
    }

    async fn list(&self, range: ListRange<'_>) -> Result<Vec<Tenant>> {
        let page = Page::new(SELECT, Conditions::new("1"), "id", range);
        self.walk(move |walk| page.read(walk.connection, |row| tenant(row, 0)))
            .await
    }

    async fn find_or_insert_customer(
        &self,
        client: &ClientId,
        customer_ref: &str,
        tenant: Tenant,
        entry: AuditEntry,
    ) -> Result<Tenant> {
        let (client, customer_ref) = (client.clone(), customer_ref.to_owned());
        self.write(move |connection| {
            let known =
                customer(connection, &client, &customer_ref).map_err(|error| failed(&error))?;
            if let Some(known) = known {
                return Ok(known);
            }
            insert(connection, &tenant)?;
            execute(
                connection,
                "INSERT INTO customers (client_id, customer_ref, tenant_id) VALUES (?1, ?2, ?3)",
                (client.as_str(), &customer_ref, tenant.id.as_str()),
            )?;
            audit(connection, &entry)?;
            Ok(tenant)
        })
        .await
    }

    async fn find_customer(&self, client: &ClientId, customer_ref: &str) -> Result<Option<Tenant>> {
        self.read(|connection| customer(connection, client, customer_ref))
    }

    async fn customer_ref(&self, client: &ClientId, tenant: &TenantId) -> Result<Option<String>> {
        self.read(|connection| {
            one(
                connection,
                "SELECT customer_ref FROM customers WHERE client_id = ?1 AND tenant_id = ?2",
                (client.as_str(), tenant.as_str()),
                |row| row.get(0),
            )
        })
    }
}
