//! Tenants: developer companies, and the customers of their apps.

use async_trait::async_trait;
use serde::Serialize;

use super::{AuditEntry, ListRange};
use crate::{ClientId, Result, TenantId, Timestamp, model::words};

/// A developer or a customer company.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Tenant {
    /// The tenant's id.
    pub id: TenantId,
    /// The name that people see.
    pub name: String,
    /// Kind of the tenant.
    pub kind: TenantKind,
    /// When the tenant was created.
    pub created_at: Timestamp,
}

words! {
    /// Kind of a tenant.
    TenantKind {
        /// Develops and owns apps.
        Developer = "developer",
        /// Approves apps of others.
        Company = "company",
    }
}

/// What a customer is called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomerNames {
    /// The name of its tenant; `None` when that is gone.
    pub name: Option<String>,
    /// The name by which the client knows it; `None` when it is no customer of the client's.
    pub customer_ref: Option<String>,
}

/// Stores tenants.
#[async_trait]
pub trait TenantStore: Send + Sync {
    /// Stores a new tenant.
    async fn insert(&self, tenant: Tenant, audit: AuditEntry) -> Result<()>;

    /// The tenant of that id.
    async fn find(&self, id: &TenantId) -> Result<Option<Tenant>>;

    /// Deletes a tenant for whoever asks from now on, with all that stands on it: its clients, its
    /// connections and their tokens, its authorizations with grants, codes and access tokens, its
    /// subscriptions, sessions, requests, link flows, memberships and names. `false`, and no audit
    /// row, when there is no such tenant (CA-1).
    async fn delete(&self, id: &TenantId, at: Timestamp, audit: AuditEntry) -> Result<bool>;

    /// Looks at up to `limit` tenants that a person or a client has left behind who was deleted, and
    /// ends those that nobody sees any more: none of their members is left, and no live client knows
    /// them as a customer (a public one, as a person who is gone). They end as by
    /// [`TenantStore::delete`], as part of what was audited then; one in which clients live loses its
    /// connections alone, as by [`super::ConnectionStore::revoke`]. How many were looked at, 0 when
    /// none is left: this is the work that a deletion leaves for later (CA-1).
    async fn end_abandoned(&self, limit: usize) -> Result<usize>;

    /// Deletes up to `limit` rows of tenants that were deleted before `before`, and those tenants
    /// themselves where nothing is left of them; the size of the step, 0 when nothing more can go.
    /// Clients stay, as those do that are deleted alone.
    async fn purge_deleted(&self, before: Timestamp, limit: usize) -> Result<usize>;

    /// All tenants, by id.
    async fn list(&self, range: ListRange<'_>) -> Result<Vec<Tenant>>;

    /// Stores a client's customer as a tenant, once: of two concurrent callers for the same
    /// (client, customer_ref) both get the one that was first (TN-1). Anybody can make one, which goes
    /// again unless an account is linked in it: that is audited (SC-1).
    async fn find_or_insert_customer(
        &self,
        client: &ClientId,
        customer_ref: &str,
        tenant: Tenant,
    ) -> Result<Tenant>;

    /// The tenant that a client knows by `customer_ref`. Another client's customer of the same
    /// name is another tenant (TN-1).
    async fn find_customer(&self, client: &ClientId, customer_ref: &str) -> Result<Option<Tenant>>;

    /// The names of tenants, and those by which clients know them, in the order of `asked`; each
    /// `None` where there is none.
    async fn customer_names(&self, asked: &[(ClientId, TenantId)]) -> Result<Vec<CustomerNames>>;

    /// A client's customers whose `customer_ref` begins with `start`, or whose name does, letters of
    /// ASCII being alike in both cases: at most `limit`, in no order.
    async fn customers_beginning(
        &self,
        client: &ClientId,
        start: &str,
        limit: usize,
    ) -> Result<Vec<TenantId>>;

    /// The name by which a client knows a tenant; `None` when it is no customer of the client's.
    async fn customer_ref(&self, client: &ClientId, tenant: &TenantId) -> Result<Option<String>>;
}
