//! Associated data (AAD) of each encrypted column: table, column, row and tenant. A ciphertext that is
//! moved to another cell does not open (KY-1).

use crate::{
    ConnectionId, FlowId, SubscriptionId, TenantId,
    keys::Cell,
    storage::{CleanupJob, Connection},
};

const ACCESS_TOKEN: &str = "access_token";
const REFRESH_TOKEN: &str = "refresh_token";

/// A provider token, by the connection that it is or was of: it keeps its cell in the clean-up
/// queue.
fn token<'a>(
    column: &'a str,
    connection: &'a ConnectionId,
    tenant: Option<&'a TenantId>,
) -> Cell<'a> {
    Cell {
        table: "connections",
        column,
        row: connection.as_str(),
        tenant: tenant.map_or("", TenantId::as_str),
    }
}

pub(super) fn access_token(connection: &Connection) -> Cell<'_> {
    token(ACCESS_TOKEN, &connection.id, connection.tenant_id.as_ref())
}

pub(super) fn refresh_token(connection: &Connection) -> Cell<'_> {
    token(REFRESH_TOKEN, &connection.id, connection.tenant_id.as_ref())
}

/// The PKCE verifier of a flow.
pub(super) fn verifier(flow: &FlowId) -> Cell<'_> {
    Cell {
        table: "links",
        column: "verifier",
        row: flow.as_str(),
        tenant: "",
    }
}

/// The `state` of an authorization request, which lives some minutes.
pub(super) fn request_state<'a>(key: &'a str, tenant: &'a TenantId) -> Cell<'a> {
    Cell {
        table: "requests",
        column: "state",
        row: key,
        tenant: tenant.as_str(),
    }
}

pub(super) fn queued_access_token(job: &CleanupJob) -> Cell<'_> {
    token(ACCESS_TOKEN, &job.connection_id, job.tenant_id.as_ref())
}

pub(super) fn queued_refresh_token(job: &CleanupJob) -> Cell<'_> {
    token(REFRESH_TOKEN, &job.connection_id, job.tenant_id.as_ref())
}

/// Secret with which the provider signs calls to a subscription's hook.
pub(super) fn hook_secret<'a>(id: &'a SubscriptionId, tenant: &'a TenantId) -> Cell<'a> {
    subscription("hook_secret", id, tenant)
}

/// Secret with which deliveries of a subscription are signed.
pub(super) fn delivery_secret<'a>(id: &'a SubscriptionId, tenant: &'a TenantId) -> Cell<'a> {
    subscription("secret", id, tenant)
}

fn subscription<'a>(column: &'a str, id: &'a SubscriptionId, tenant: &'a TenantId) -> Cell<'a> {
    Cell {
        table: "subscriptions",
        column,
        row: id.as_str(),
        tenant: tenant.as_str(),
    }
}
