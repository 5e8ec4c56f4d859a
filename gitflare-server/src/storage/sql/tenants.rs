//! Tenants and the customers that are tenants.

use std::collections::BTreeSet;

use gitflare_core::{
    ClientId, TenantId, Timestamp, UserId,
    storage::{ListRange, Tenant, TenantKind},
};

use super::{Columns, Conditions, Statement, id, page, parsed, text, time, values};

const SELECT: &str = "SELECT id, name, kind, created_at FROM tenants";

/// A tenant whose columns begin at `at`.
pub(in crate::storage) fn tenant<R: Columns>(row: &R, at: usize) -> Result<Tenant, R::Error> {
    Ok(Tenant {
        id: id!(row, at, TenantId)?,
        name: text(row, at + 1)?,
        kind: parsed(row, at + 2, TenantKind::parse)?,
        created_at: time(row, at + 3)?,
    })
}

pub(in crate::storage) fn insert(tenant: &Tenant) -> Statement<'_> {
    Statement::new(
        "INSERT INTO tenants (id, name, kind, created_at) VALUES (?1, ?2, ?3, ?4)",
        values![
            tenant.id.as_str(),
            &tenant.name,
            tenant.kind.as_str(),
            tenant.created_at,
        ],
    )
}

/// Stores a tenant unless it is there.
pub(in crate::storage) fn ensure(tenant: &Tenant) -> Statement<'_> {
    let mut statement = insert(tenant);
    statement.text.to_mut().push_str(" ON CONFLICT DO NOTHING");
    statement
}

pub(in crate::storage) fn find(id: &TenantId) -> Statement<'_> {
    Statement::new(
        format!("{SELECT} WHERE id = ?1 AND deleted_at IS NULL"),
        values![id.as_str()],
    )
}

pub(in crate::storage) fn list(range: ListRange<'_>) -> Statement<'static> {
    page(SELECT, Conditions::new("deleted_at IS NULL"), "id", range)
}

/// The tenant that a client knows by that name.
pub(in crate::storage) fn customer<'a>(client: &'a ClientId, name: &'a str) -> Statement<'a> {
    Statement::new(
        "SELECT t.id, t.name, t.kind, t.created_at FROM customers c
         JOIN tenants t ON t.id = c.tenant_id WHERE c.client_id = ?1 AND c.customer_ref = ?2",
        values![client.as_str(), name],
    )
}

pub(in crate::storage) fn customer_ref<'a>(
    client: &'a ClientId,
    tenant: &'a TenantId,
) -> Statement<'a> {
    Statement::new(
        "SELECT customer_ref FROM customers WHERE client_id = ?1 AND tenant_id = ?2",
        values![client.as_str(), tenant.as_str()],
    )
}

/// Names a tenant for a client, unless somebody was faster.
pub(in crate::storage) fn insert_customer<'a>(
    client: &'a ClientId,
    name: &'a str,
    tenant: &'a Tenant,
) -> Statement<'a> {
    Statement::new(
        "INSERT INTO customers (client_id, customer_ref, tenant_id, name_key)
         VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
        values![
            client.as_str(),
            name,
            tenant.id.as_str(),
            tenant.name.to_ascii_lowercase(),
        ],
    )
}

/// A client's customers whose `customer_ref` begins so, and those whose name does, by index each.
pub(in crate::storage) fn beginning(
    client: &ClientId,
    start: &str,
    limit: usize,
) -> [Statement<'static>; 2] {
    let name = start.to_ascii_lowercase();
    [("customer_ref", start), ("name_key", name.as_str())].map(|(column, start)| {
        Statement::new(
            format!(
                "SELECT tenant_id FROM customers
                 WHERE client_id = ?1 AND {column} >= ?2 AND {column} < ?3 LIMIT ?4"
            ),
            values![
                client.as_str().to_owned(),
                start.to_owned(),
                // Behind every text that begins so.
                format!("{start}\u{10ffff}"),
                limit,
            ],
        )
    })
}

/// What both ways of looking have found, each once.
pub(in crate::storage) fn found(
    [by_ref, by_name]: [Vec<TenantId>; 2],
    limit: usize,
) -> Vec<TenantId> {
    let all: BTreeSet<_> = by_ref.into_iter().chain(by_name).collect();
    all.into_iter().take(limit).collect()
}

/// Finds a tenant that is a client's customer and holds nothing: anybody can make one by opening the
/// client's page (SC-6).
pub(in crate::storage) fn is_unused(tenant: &str) -> Statement<'_> {
    /// What can hold a workspace.
    const HOLDERS: [&str; 6] = [
        "sessions",
        "connections",
        "requests",
        "authorizations",
        "clients",
        "memberships",
    ];
    let held = HOLDERS.map(|table| format!("SELECT 1 FROM {table} WHERE tenant_id = ?1"));
    let held = held.join(" UNION ALL ");
    Statement::new(
        format!("SELECT tenant_id FROM customers WHERE tenant_id = ?1 AND NOT EXISTS ({held})"),
        values![tenant],
    )
}

/// Deletes a customer's tenant with its name.
pub(in crate::storage) fn forget(tenant: &str) -> [Statement<'_>; 2] {
    [
        "DELETE FROM customers WHERE tenant_id = ?1",
        "DELETE FROM tenants WHERE id = ?1",
    ]
    .map(|statement| Statement::new(statement, values![tenant]))
}

/// Ends a tenant for whoever asks from now on.
pub(in crate::storage) fn end(id: &TenantId, at: Timestamp) -> Statement<'_> {
    Statement::new(
        "UPDATE tenants SET deleted_at = ?2, purge_at = ?2, name = ''
         WHERE id = ?1 AND deleted_at IS NULL",
        values![id.as_str(), at],
    )
}

/// The clients of a tenant that live.
pub(in crate::storage) fn live_clients(id: &TenantId) -> Statement<'_> {
    Statement::new(
        "SELECT id FROM clients WHERE status = 'active' AND tenant_id = ?1",
        values![id.as_str()],
    )
}

/// The connections of a tenant that are not revoked.
pub(in crate::storage) fn live_connections(id: &TenantId) -> Statement<'_> {
    Statement::new(
        "SELECT id FROM connections WHERE status <> 'revoked' AND tenant_id = ?1 ORDER BY id",
        values![id.as_str()],
    )
}

/// The authorizations of a tenant that are not revoked.
pub(in crate::storage) fn live_authorizations(id: &TenantId) -> Statement<'_> {
    Statement::new(
        "SELECT id FROM authorizations WHERE status <> 'revoked' AND tenant_id = ?1",
        values![id.as_str()],
    )
}

/// What else goes with a tenant at once: what a browser or a person holds of it, its names, its link
/// flows, whose accounts are revoked at the provider by the purge of flows, and the tokens that stand
/// on no authorization.
pub(in crate::storage) fn end_under(id: &TenantId, at: Timestamp) -> [Statement<'_>; 6] {
    [
        "DELETE FROM requests WHERE tenant_id = ?1",
        "DELETE FROM sessions WHERE tenant_id = ?1",
        "DELETE FROM customers WHERE tenant_id = ?1",
        "DELETE FROM memberships WHERE tenant_id = ?1",
        "UPDATE links SET expires_at = CASE WHEN expires_at < ?2 THEN expires_at ELSE ?2 END
         WHERE tenant_id = ?1",
        "UPDATE tokens SET revoked_at = ?2
         WHERE tenant_number = (SELECT number FROM tenants WHERE id = ?1)
           AND authorization_number IS NULL AND revoked_at IS NULL",
    ]
    .map(|text| {
        let mut values = values![id.as_str()];
        if text.contains("?2") {
            values.push(at.into());
        }
        Statement::new(text, values)
    })
}

/// Leaves the customers of a client that has ended to the clean-up.
pub(in crate::storage) fn abandon_customers(client: &ClientId, at: Timestamp) -> Statement<'_> {
    Statement::new(
        "INSERT INTO endings (kind, subject, at) VALUES ('customers', ?1, ?2)
         ON CONFLICT DO NOTHING",
        values![client.as_str(), at],
    )
}

/// Leaves the tenants of a person who is about to be deleted to the clean-up: those that they belong
/// to, and their own workspaces with public clients.
pub(in crate::storage) fn abandon_own(user: &UserId, at: Timestamp) -> Statement<'_> {
    Statement::new(
        "INSERT INTO endings (kind, subject, at)
         SELECT 'tenant', m.tenant_id, CAST(?2 AS BIGINT) FROM memberships m WHERE m.user_id = ?1
         UNION ALL SELECT 'tenant', c.tenant_id, CAST(?2 AS BIGINT) FROM customers c
           JOIN clients l ON l.id = c.client_id AND l.public_id IS NOT NULL
           WHERE c.customer_ref = ?1
         ON CONFLICT DO NOTHING",
        values![user.as_str(), at],
    )
}

/// What was left behind: a tenant, or the customers of a client.
pub(in crate::storage) struct Abandoned {
    kind: String,
    subject: String,
    pub(in crate::storage) at: Timestamp,
}

impl Abandoned {
    pub(in crate::storage) fn of<R: Columns>(row: &R) -> Result<Self, R::Error> {
        Ok(Self {
            kind: text(row, 0)?,
            subject: text(row, 1)?,
            at: time(row, 2)?,
        })
    }

    pub(in crate::storage) fn first(lock: &str) -> Statement<'static> {
        Statement::new(
            format!(
                "SELECT kind, subject, at FROM endings WHERE kind IN ('customers', 'tenant')
                 ORDER BY kind, subject LIMIT 1{lock}"
            ),
            values![],
        )
    }

    /// Some of the tenants, each of them to be let go of when it was looked at.
    pub(in crate::storage) fn some(&self, limit: usize) -> Statement<'_> {
        let text = match self.kind.as_str() {
            "tenant" => {
                "SELECT subject FROM endings WHERE kind = 'tenant' AND subject = ?1 LIMIT ?2"
            }
            _ => "SELECT DISTINCT tenant_id FROM customers WHERE client_id = ?1 LIMIT ?2",
        };
        Statement::new(text, values![&self.subject, limit])
    }

    /// Takes a tenant off the list of those to look at.
    pub(in crate::storage) fn let_go<'a>(&'a self, tenant: &'a TenantId) -> Statement<'a> {
        match self.kind.as_str() {
            "tenant" => self.forget(),
            _ => Statement::new(
                "DELETE FROM customers WHERE client_id = ?1 AND tenant_id = ?2",
                values![&self.subject, tenant.as_str()],
            ),
        }
    }

    /// Takes it out, when none of its tenants is left.
    pub(in crate::storage) fn forget(&self) -> Statement<'_> {
        Statement::new(
            "DELETE FROM endings WHERE kind = ?1 AND subject = ?2",
            values![&self.kind, &self.subject],
        )
    }
}

/// Finds out whether somebody sees what is in a tenant: a member, or a customer of a live client.
pub(in crate::storage) fn is_seen(id: &TenantId) -> Statement<'_> {
    Statement::new(
        "SELECT tenant_id FROM memberships WHERE tenant_id = ?1
         UNION ALL SELECT c.tenant_id FROM customers c
           JOIN clients l ON l.id = c.client_id AND l.status = 'active'
           WHERE c.tenant_id = ?1 AND (l.public_id IS NULL
             OR EXISTS (SELECT 1 FROM users u WHERE u.id = c.customer_ref))",
        values![id.as_str()],
    )
}

/// Finds a deleted tenant of which something may be left.
pub(in crate::storage) fn first_to_purge(before: Timestamp, lock: &str) -> Statement<'static> {
    Statement::new(
        format!("SELECT id FROM tenants WHERE purge_at <= ?1 ORDER BY purge_at LIMIT 1{lock}"),
        values![before],
    )
}

/// How rows of a deleted tenant go, each kind after what stands on it. Subscriptions, with their
/// deliveries, go when their hooks at the provider are gone, and only then the connections.
pub(in crate::storage) fn purges(tenant: &TenantId, limit: usize) -> [Statement<'_>; 7] {
    [
        "DELETE FROM approvals WHERE (grant_number, repository_id) IN (
           SELECT a.grant_number, a.repository_id
           FROM grants g JOIN approvals a ON a.grant_number = g.number
           WHERE g.tenant_id = ?1 LIMIT ?2)",
        "DELETE FROM grants WHERE id IN (SELECT id FROM grants WHERE tenant_id = ?1 LIMIT ?2)",
        "DELETE FROM tokens WHERE number IN (SELECT number FROM tokens
           WHERE tenant_number = (SELECT number FROM tenants WHERE id = ?1) LIMIT ?2)",
        "DELETE FROM codes WHERE hash IN (
           SELECT c.hash FROM authorizations a JOIN codes c ON c.authorization_id = a.id
           WHERE a.tenant_id = ?1 LIMIT ?2)",
        "DELETE FROM refresh_families WHERE id IN (
           SELECT f.id FROM authorizations a JOIN refresh_families f ON f.authorization_id = a.id
           WHERE a.tenant_id = ?1 LIMIT ?2)",
        "DELETE FROM authorizations WHERE id IN (
           SELECT a.id FROM authorizations a WHERE a.tenant_id = ?1 AND NOT EXISTS (
             SELECT 1 FROM subscriptions s WHERE s.authorization_id = a.id) LIMIT ?2)",
        "DELETE FROM connections WHERE id IN (
           SELECT c.id FROM connections c WHERE c.tenant_id = ?1 AND c.status = 'revoked'
             AND NOT EXISTS (SELECT 1 FROM subscriptions s WHERE s.connection_id = c.id)
             AND NOT EXISTS (SELECT 1 FROM cleanup q WHERE q.connection_id = c.id) LIMIT ?2)",
    ]
    .map(|text| Statement::new(text, values![tenant.as_str(), limit]))
}

/// Finds what may still have to go before a tenant can.
pub(in crate::storage) fn left(tenant: &TenantId) -> Statement<'_> {
    Statement::new(
        "SELECT id FROM connections WHERE tenant_id = ?1
         UNION ALL SELECT id FROM authorizations WHERE tenant_id = ?1
         UNION ALL SELECT id FROM subscriptions WHERE tenant_id = ?1",
        values![tenant.as_str()],
    )
}

/// Finds a client of a tenant, deleted ones included: they stay, and their tenant with them.
pub(in crate::storage) fn any_client(tenant: &TenantId) -> Statement<'_> {
    Statement::new(
        "SELECT id FROM clients WHERE tenant_id = ?1",
        values![tenant.as_str()],
    )
}

/// Says when a deleted tenant is looked at next: `None` when nothing is left that could go.
pub(in crate::storage) fn purge_at(tenant: &TenantId, next: Option<Timestamp>) -> Statement<'_> {
    Statement::new(
        "UPDATE tenants SET purge_at = CAST(?2 AS BIGINT) WHERE id = ?1",
        values![tenant.as_str(), next],
    )
}

/// How long until a tenant is looked at again whose hooks are still to be removed.
pub(in crate::storage) const LOOKED_AT_AGAIN: std::time::Duration =
    std::time::Duration::from_secs(600);

pub(in crate::storage) fn delete(tenant: &TenantId) -> Statement<'_> {
    Statement::new(
        "DELETE FROM tenants WHERE id = ?1",
        values![tenant.as_str()],
    )
}
