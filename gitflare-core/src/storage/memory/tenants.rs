//! Tenants in memory.

use async_trait::async_trait;

use super::{MemoryStorage, State, page};
use crate::{
    ClientId, Result, TenantId, Timestamp,
    storage::{
        AuditEntry, ClientStatus, CustomerNames, ListRange, SessionSubject, Tenant, TenantStore,
    },
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

    /// Whether somebody sees what is in a tenant: a member, or a customer of a live client.
    fn is_seen(&self, id: &TenantId) -> bool {
        let is_customer = |client: &ClientId, name: &str| {
            let client = self.clients.get(client);
            client.is_some_and(|client| {
                client.status == ClientStatus::Active
                    && (client.public_id.is_none()
                        || self.users.keys().any(|user| user.as_str() == name))
            })
        };
        let mut customers = self.customers.iter();
        self.memberships.keys().any(|(_, tenant)| tenant == id)
            || customers.any(|((client, name), tenant)| tenant == id && is_customer(client, name))
    }

    /// Ends a tenant that nobody sees any more.
    fn end_unseen(&mut self, id: &TenantId, at: Timestamp) {
        if self.is_seen(id) {
            return;
        }
        let mut clients = self.clients.values();
        if clients.any(|row| row.tenant_id == *id && row.status == ClientStatus::Active) {
            self.disconnect(id, at);
        } else if self.tenants.remove(id).is_some() {
            self.end_tenant(id, at);
        }
    }

    /// Ends a tenant's connections.
    fn disconnect(&mut self, id: &TenantId, at: Timestamp) {
        let connections = self.connections.values();
        let connections = connections.filter(|(row, _)| row.tenant_id.as_ref() == Some(id));
        for connection in connections.map(|row| row.0.id.clone()).collect::<Vec<_>>() {
            self.end_connection(&connection, at);
        }
    }

    /// Ends all that stands on a tenant.
    fn end_tenant(&mut self, id: &TenantId, at: Timestamp) {
        let clients = self.clients.values();
        let clients = clients.filter(|row| row.tenant_id == *id);
        for client in clients.map(|row| row.id.clone()).collect::<Vec<_>>() {
            self.end_client(&client, at);
        }
        self.disconnect(id, at);
        let authorizations = self.authorizations.values();
        let authorizations = authorizations.filter(|row| row.tenant_id == *id);
        for authorization in authorizations.map(|row| row.id.clone()).collect::<Vec<_>>() {
            self.end_authorization(&authorization, at);
        }
        let tokens = self.tokens.values_mut();
        for token in tokens.filter(|token| token.tenant_id == *id) {
            token.revoked_at.get_or_insert(at);
        }
        self.requests.retain(|_, request| request.tenant_id != *id);
        self.sessions.retain(|_, session| {
            !matches!(&session.subject, SessionSubject::Embed { tenant_id, .. } if tenant_id == id)
        });
        self.memberships.retain(|(_, tenant), _| tenant != id);
        self.customers.retain(|_, tenant| tenant != id);
        for link in self.links.values_mut() {
            link.end_of(id, at);
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

    async fn delete(&self, id: &TenantId, at: Timestamp, audit: AuditEntry) -> Result<bool> {
        let mut state = self.state();
        if state.tenants.remove(id).is_none() {
            return Ok(false);
        }
        state.end_tenant(id, at);
        state.audit.push(audit);
        Ok(true)
    }

    async fn end_abandoned(&self, limit: usize) -> Result<usize> {
        let mut state = self.state();
        for looked_at in 0..limit {
            let Some((id, at)) = state.abandoned.pop_first() else {
                return Ok(looked_at);
            };
            state.end_unseen(&id, at);
        }
        Ok(limit)
    }

    async fn purge_deleted(&self, _: Timestamp, _: usize) -> Result<usize> {
        // What is left here is what was ended, as with everything else that ends.
        Ok(0)
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

    async fn customer_names(&self, asked: &[(ClientId, TenantId)]) -> Result<Vec<CustomerNames>> {
        let state = self.state();
        let names = asked.iter().map(|(client, tenant)| {
            let mut known = state.customers.iter();
            let found = known.find(|((of, _), id)| of == client && *id == tenant);
            CustomerNames {
                name: state.tenants.get(tenant).map(|tenant| tenant.name.clone()),
                customer_ref: found.map(|((_, name), _)| name.clone()),
            }
        });
        Ok(names.collect())
    }

    async fn customers_beginning(
        &self,
        client: &ClientId,
        start: &str,
        limit: usize,
    ) -> Result<Vec<TenantId>> {
        let state = self.state();
        let start_of_name = start.to_ascii_lowercase();
        let begins_so = |name: &str, id: &TenantId| {
            let tenant = state.tenants.get(id);
            let lower = tenant.map(|tenant| tenant.name.to_ascii_lowercase());
            name.starts_with(start) || lower.is_some_and(|it| it.starts_with(&start_of_name))
        };
        let own = state.customers.iter().filter(|((of, _), _)| of == client);
        let found = own.filter(|((_, name), id)| begins_so(name, id));
        Ok(found.map(|(_, id)| id.clone()).take(limit).collect())
    }

    async fn customer_ref(&self, client: &ClientId, tenant: &TenantId) -> Result<Option<String>> {
        let state = self.state();
        let mut known = state.customers.iter();
        let found = known.find(|((of, _), id)| of == client && *id == tenant);
        Ok(found.map(|((_, name), _)| name.clone()))
    }
}
