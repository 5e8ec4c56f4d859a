//! Tenants in memory.

use async_trait::async_trait;

use super::{MemoryStorage, page};
use crate::{
    ClientId, Result, TenantId,
    storage::{AuditEntry, ListRange, Tenant, TenantStore},
};

#[async_trait]
impl TenantStore for MemoryStorage {
    async fn insert(&self, tenant: Tenant, audit: AuditEntry) -> Result<()> {
        let mut state = self.state();
        state.tenants.insert(tenant.id.clone(), tenant);
        state.audit.push(audit);
        Ok(())
    }

    async fn find(&self, id: &TenantId) -> Result<Option<Tenant>> {
        Ok(self.state().tenants.get(id).cloned())
    }

    async fn list(&self, range: ListRange<'_>) -> Result<Vec<Tenant>> {
        Ok(page(self.state().tenants.values(), range, |tenant| {
            tenant.id.as_str()
        }))
    }

    async fn find_or_insert_customer(
        &self,
        client: &ClientId,
        customer_ref: &str,
        tenant: Tenant,
        audit: AuditEntry,
    ) -> Result<Tenant> {
        let mut state = self.state();
        let key = (client.clone(), customer_ref.to_owned());
        if let Some(known) = state
            .customers
            .get(&key)
            .and_then(|id| state.tenants.get(id))
        {
            return Ok(known.clone());
        }
        state.customers.insert(key, tenant.id.clone());
        state.tenants.insert(tenant.id.clone(), tenant.clone());
        state.audit.push(audit);
        Ok(tenant)
    }

    async fn find_customer(&self, client: &ClientId, customer_ref: &str) -> Result<Option<Tenant>> {
        let state = self.state();
        let key = (client.clone(), customer_ref.to_owned());
        Ok(state
            .customers
            .get(&key)
            .and_then(|id| state.tenants.get(id))
            .cloned())
    }
}
