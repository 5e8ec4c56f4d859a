//! Tenants in memory.

use async_trait::async_trait;

use super::{MemoryStorage, State, page};
use crate::{
    ClientId, Result, TenantId,
    storage::{AuditEntry, ListRange, SessionSubject, Tenant, TenantStore},
};

impl State {
    /// Deletes a client's customer that holds nothing.
    pub(super) fn forget_unused(&mut self, id: &TenantId) {
        let is_open = self.sessions.values().any(|session| {
            matches!(&session.subject, SessionSubject::Embed { tenant_id, .. } if tenant_id == id)
        });
        let mut connections = self.connections.values();
        let is_held = is_open
            || connections.any(|(row, _)| row.tenant_id.as_ref() == Some(id))
            || self.requests.values().any(|row| row.tenant_id == *id)
            || self.authorizations.values().any(|row| row.tenant_id == *id)
            || self.clients.values().any(|row| row.tenant_id == *id)
            || self.memberships.keys().any(|(_, tenant)| tenant == id);
        let is_customer = self.customers.values().any(|tenant| tenant == id);
        if is_customer && !is_held {
            self.customers.retain(|_, tenant| tenant != id);
            self.tenants.remove(id);
        }
    }
}

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

    async fn customer_ref(&self, client: &ClientId, tenant: &TenantId) -> Result<Option<String>> {
        let state = self.state();
        let mut known = state.customers.iter();
        let found = known.find(|((of, _), id)| of == client && *id == tenant);
        Ok(found.map(|((_, name), _)| name.clone()))
    }
}
