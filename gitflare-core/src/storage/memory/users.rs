//! People in memory.

use async_trait::async_trait;

use super::{MemoryStorage, State};
use crate::{
    AuthorizationId, Result, TenantId, Timestamp, UserId,
    storage::{
        AuditEntry, AuthorizationStatus, Membership, NewUser, PasswordHash, Role, SessionSubject,
        User, UserStore,
    },
};

impl State {
    /// The authorizations that are not revoked in a person's own workspaces.
    fn own_authorizations(&self, id: &UserId) -> Vec<AuthorizationId> {
        let is_public = |client| {
            let client = self.clients.get(client);
            client.is_some_and(|client| client.public_id.is_some())
        };
        let name = id.as_str().to_owned();
        let live = self.authorizations.values();
        live.filter(|row| {
            let key = (row.client_id.clone(), name.clone());
            row.status != AuthorizationStatus::Revoked
                && is_public(&row.client_id)
                && self.customers.get(&key) == Some(&row.tenant_id)
        })
        .map(|row| row.id.clone())
        .collect()
    }
}

#[async_trait]
impl UserStore for MemoryStorage {
    async fn insert(&self, new: NewUser, audit: AuditEntry) -> Result<bool> {
        let mut state = self.state();
        let NewUser {
            user,
            password,
            tenant,
        } = new;
        let mut known = state.users.values();
        if known.any(|(known, _)| known.email == user.email) {
            return Ok(false);
        }
        state
            .memberships
            .insert((user.id.clone(), tenant.id.clone()), Role::Owner);
        state.tenants.insert(tenant.id.clone(), tenant);
        state.users.insert(user.id.clone(), (user, password));
        state.audit.push(audit);
        Ok(true)
    }

    async fn find(&self, id: &UserId) -> Result<Option<User>> {
        Ok(self.state().users.get(id).map(|(user, _)| user.clone()))
    }

    async fn find_by_email(&self, email: &str) -> Result<Option<(User, PasswordHash)>> {
        let state = self.state();
        let found = state.users.values().find(|(user, _)| user.email == email);
        Ok(found.cloned())
    }

    async fn is_empty(&self) -> Result<bool> {
        Ok(self.state().users.is_empty())
    }

    async fn memberships(&self, id: &UserId) -> Result<Vec<Membership>> {
        let state = self.state();
        let rows = state
            .memberships
            .iter()
            .filter(|((user, _), _)| user == id)
            .filter_map(|((_, tenant), role)| {
                Some(Membership {
                    tenant: state.tenants.get(tenant)?.clone(),
                    role: *role,
                })
            });
        Ok(rows.collect())
    }

    async fn insert_membership(
        &self,
        id: &UserId,
        tenant: &TenantId,
        role: Role,
        audit: AuditEntry,
    ) -> Result<bool> {
        let mut state = self.state();
        let key = (id.clone(), tenant.clone());
        if !state.users.contains_key(id)
            || !state.tenants.contains_key(tenant)
            || state.memberships.contains_key(&key)
        {
            return Ok(false);
        }
        state.memberships.insert(key, role);
        state.audit.push(audit);
        Ok(true)
    }

    async fn set_password(
        &self,
        id: &UserId,
        password: PasswordHash,
        audit: AuditEntry,
    ) -> Result<bool> {
        let mut state = self.state();
        let Some((_, stored)) = state.users.get_mut(id) else {
            return Ok(false);
        };
        *stored = password;
        let subject = SessionSubject::User(id.clone());
        state
            .sessions
            .retain(|_, session| session.subject != subject);
        for authorization in state.own_authorizations(id) {
            state.end_authorization(&authorization, audit.at);
        }
        state.audit.push(audit);
        Ok(true)
    }

    async fn rehash_password(
        &self,
        id: &UserId,
        old: &PasswordHash,
        new: PasswordHash,
    ) -> Result<()> {
        match self.state().users.get_mut(id) {
            Some((_, stored)) if stored == old => *stored = new,
            _ => {}
        }
        Ok(())
    }

    async fn own_authorizations(&self, id: &UserId) -> Result<Vec<AuthorizationId>> {
        Ok(self.state().own_authorizations(id))
    }

    async fn delete(&self, id: &UserId, at: Timestamp, audit: AuditEntry) -> Result<bool> {
        let mut guard = self.state();
        let state = &mut *guard;
        if state.users.remove(id).is_none() {
            return Ok(false);
        }
        let own = state.memberships.keys().filter(|(user, _)| user == id);
        state
            .abandoned
            .extend(own.map(|(_, tenant)| (tenant.clone(), at)));
        state.memberships.retain(|(user, _), _| user != id);
        let subject = SessionSubject::User(id.clone());
        state
            .sessions
            .retain(|_, session| session.subject != subject);
        let owned: Vec<_> = state
            .clients
            .values()
            .filter(|client| client.owner_user_id.as_ref() == Some(id))
            .map(|client| client.id.clone())
            .collect();
        for client in owned {
            state.end_client(&client, at);
        }
        let own: Vec<_> = state
            .customers
            .iter()
            .filter(|((client, name), _)| {
                let client = state.clients.get(client);
                name == id.as_str() && client.is_some_and(|client| client.public_id.is_some())
            })
            .map(|((client, _), tenant)| (client.clone(), tenant.clone()))
            .collect();
        for (client, tenant) in own {
            state.abandoned.insert(tenant.clone(), at);
            let live: Vec<_> = state
                .authorizations
                .values()
                .filter(|row| row.client_id == client && row.tenant_id == tenant)
                .map(|row| row.id.clone())
                .collect();
            for authorization in live {
                state.end_authorization(&authorization, at);
            }
        }
        state.audit.push(audit);
        Ok(true)
    }
}
