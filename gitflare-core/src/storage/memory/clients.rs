//! Clients in memory.

use async_trait::async_trait;

use super::{MemoryStorage, State, matches, page};
use crate::{
    ClientId, CredentialHash, Result, SecretId, Timestamp, UserId,
    storage::{
        AppProfile, AuditEntry, AuthorizationStatus, Client, ClientFilter, ClientSecret,
        ClientStatus, ClientStore, ListRange, MAX_CLIENTS, NewClient, SessionSubject, Tenant,
        too_many_clients,
    },
};

/// How many secrets a client can have at a time: one in use, one being rolled out.
const MAX_SECRETS: usize = 2;

impl State {
    fn live_client(&mut self, id: &ClientId) -> Option<&mut Client> {
        self.clients
            .get_mut(id)
            .filter(|client| client.status == ClientStatus::Active)
    }

    /// Ends what was to be sent where a client may no longer be answered.
    fn end_strays(&mut self, client: &Client) {
        self.requests.retain(|_, request| {
            request.client_id != client.id
                || client
                    .allowed_redirect_uris
                    .contains(&request.registered_uri)
        });
        self.codes.retain(|_, stored| {
            stored.code.client_id != client.id
                || stored.code.is_spent
                || client
                    .allowed_redirect_uris
                    .contains(&stored.code.registered_uri)
        });
    }

    /// Ends a client with everything under it; `false` when it was not alive.
    pub(super) fn end_client(&mut self, id: &ClientId, at: Timestamp) -> bool {
        let Some(client) = self.live_client(id) else {
            return false;
        };
        client.status = ClientStatus::Deleted;
        client.updated_at = at;
        let secrets = std::mem::take(&mut client.secrets);
        for secret in secrets {
            self.secret_hashes.remove(&secret.id);
        }
        let authorizations: Vec<_> = self
            .authorizations
            .values()
            .filter(|row| row.client_id == *id && row.status != AuthorizationStatus::Revoked)
            .map(|row| row.id.clone())
            .collect();
        for authorization in authorizations {
            self.end_authorization(&authorization, at);
        }
        self.profiles.remove(id);
        // Tokens without authorization hang on the client alone.
        for token in self
            .tokens
            .values_mut()
            .filter(|token| token.client_id == *id)
        {
            token.revoked_at.get_or_insert(at);
        }
        self.requests.retain(|_, request| request.client_id != *id);
        self.sessions.retain(|_, session| {
            !matches!(&session.subject, SessionSubject::Embed { client_id, .. } if client_id == id)
        });
        let customers = self.customers.iter().filter(|((of, _), _)| of == id);
        let customers = customers.map(|(_, tenant)| (tenant.clone(), at));
        self.abandoned.extend(customers);
        true
    }
}

#[async_trait]
impl ClientStore for MemoryStorage {
    async fn insert(&self, new: NewClient, audit: AuditEntry) -> Result<()> {
        let mut state = self.state();
        let id = new.client.id.clone();
        let is_counted = |client: &&Client| {
            client.tenant_id == new.client.tenant_id && client.status == ClientStatus::Active
        };
        if state.clients.values().filter(is_counted).count() >= MAX_CLIENTS {
            return Err(too_many_clients());
        }
        if let Some(secret) = new.client.secrets.first() {
            state
                .secret_hashes
                .insert(secret.id.clone(), new.secret_hash);
        }
        state
            .embed_secrets
            .insert(id.clone(), new.sealed_embed_secret);
        state.clients.insert(id, new.client);
        state.audit.push(audit);
        Ok(())
    }

    async fn register(&self, new: NewClient, tenant: Tenant, audit: AuditEntry) -> Result<bool> {
        let mut state = self.state();
        let id = new.client.id.clone();
        match state.clients.get_mut(&id) {
            Some(stored) if stored.status == ClientStatus::Deleted => return Ok(false),
            Some(stored) => {
                *stored = Client {
                    created_at: stored.created_at,
                    ..new.client.clone()
                }
            }
            None => {
                state.tenants.entry(tenant.id.clone()).or_insert(tenant);
                state
                    .embed_secrets
                    .insert(id.clone(), new.sealed_embed_secret);
                state.clients.insert(id, new.client.clone());
            }
        }
        state.end_strays(&new.client);
        state.audit.push(audit);
        Ok(true)
    }

    async fn list_unused(
        &self,
        before: Timestamp,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Client>> {
        let state = self.state();
        let is_used = |client: &Client| {
            let mut families = state.families.values();
            families.any(|kept| kept.family.client_id == client.id && kept.family.expires_at > now)
        };
        let unused = state.clients.values().filter(|client| {
            client.public_id.is_some() && client.updated_at < before && !is_used(client)
        });
        Ok(unused.take(limit).cloned().collect())
    }

    async fn forget(&self, id: &ClientId, at: Timestamp) -> Result<bool> {
        let mut guard = self.state();
        let state = &mut *guard;
        let Some(client) = state
            .clients
            .get_mut(id)
            .filter(|it| it.public_id.is_some())
        else {
            return Ok(false);
        };
        let is_held = state.customers.keys().any(|(client, _)| client == id)
            || state
                .authorizations
                .values()
                .any(|row| row.client_id == *id)
            || state.tokens.values().any(|row| row.client_id == *id)
            || state.codes.values().any(|row| row.code.client_id == *id)
            || state.requests.values().any(|row| row.client_id == *id);
        if is_held {
            client.updated_at = at;
        } else {
            state.clients.remove(id);
            state.embed_secrets.remove(id);
        }
        Ok(!is_held)
    }

    async fn find(&self, id: &ClientId) -> Result<Option<Client>> {
        Ok(self.state().clients.get(id).cloned())
    }

    async fn list(&self, filter: &ClientFilter, range: ListRange<'_>) -> Result<Vec<Client>> {
        let state = self.state();
        let rows = state.clients.values().filter(|client| {
            client.status == ClientStatus::Active
                && matches(filter.tenant.as_ref(), &client.tenant_id)
                && (filter.owner_user.is_none() || filter.owner_user == client.owner_user_id)
        });
        Ok(page(rows, range, |client| client.id.as_str()))
    }

    async fn ids_of_person(&self, user: &UserId, limit: usize) -> Result<Vec<ClientId>> {
        let state = self.state();
        let is_own = |client: &&Client| {
            let of = (user.clone(), client.tenant_id.clone());
            client.status == ClientStatus::Active && state.memberships.contains_key(&of)
        };
        let mut own: Vec<_> = state.clients.values().filter(is_own).collect();
        own.sort_by(|a, b| (&a.tenant_id, &a.id).cmp(&(&b.tenant_id, &b.id)));
        let ids = own.into_iter().map(|client| client.id.clone());
        Ok(ids.take(limit).collect())
    }

    async fn secret_hashes(&self, id: &ClientId) -> Result<Vec<(SecretId, CredentialHash)>> {
        let mut state = self.state();
        let Some(client) = state.live_client(id).cloned() else {
            return Ok(Vec::new());
        };
        let hash_of = |secret: &ClientSecret| {
            let hash = state.secret_hashes.get(&secret.id)?;
            Some((secret.id.clone(), *hash))
        };
        Ok(client.secrets.iter().filter_map(hash_of).collect())
    }

    async fn touch_secret(&self, id: &SecretId, at: Timestamp) -> Result<()> {
        let mut state = self.state();
        for client in state.clients.values_mut() {
            for secret in client.secrets.iter_mut().filter(|secret| secret.id == *id) {
                secret.last_used_at = Some(at);
            }
        }
        Ok(())
    }

    async fn profile(&self, id: &ClientId) -> Result<AppProfile> {
        Ok(self.state().profiles.get(id).cloned().unwrap_or_default())
    }

    async fn set_profile(
        &self,
        id: &ClientId,
        profile: AppProfile,
        audit: AuditEntry,
    ) -> Result<bool> {
        let mut state = self.state();
        if state.live_client(id).is_none() {
            return Ok(false);
        }
        state.profiles.insert(id.clone(), profile);
        state.audit.push(audit);
        Ok(true)
    }

    async fn sealed_embed_secret(&self, id: &ClientId) -> Result<Option<Vec<u8>>> {
        Ok(self.state().embed_secrets.get(id).cloned())
    }

    async fn update(&self, client: &Client, audit: AuditEntry) -> Result<bool> {
        let mut state = self.state();
        let Some(stored) = state.live_client(&client.id) else {
            return Ok(false);
        };
        *stored = Client {
            id: stored.id.clone(),
            tenant_id: stored.tenant_id.clone(),
            owner_user_id: stored.owner_user_id.clone(),
            secrets: stored.secrets.clone(),
            status: stored.status,
            created_at: stored.created_at,
            ..client.clone()
        };
        state.end_strays(client);
        state.audit.push(audit);
        Ok(true)
    }

    async fn insert_secret(
        &self,
        id: &ClientId,
        secret: ClientSecret,
        hash: CredentialHash,
        audit: AuditEntry,
    ) -> Result<bool> {
        let mut state = self.state();
        match state.live_client(id) {
            Some(client) if client.secrets.len() < MAX_SECRETS => {
                client.secrets.push(secret.clone())
            }
            _ => return Ok(false),
        }
        state.secret_hashes.insert(secret.id, hash);
        state.audit.push(audit);
        Ok(true)
    }

    async fn delete_secret(
        &self,
        id: &ClientId,
        secret: &SecretId,
        audit: AuditEntry,
    ) -> Result<bool> {
        let mut state = self.state();
        let Some(client) = state.live_client(id) else {
            return Ok(false);
        };
        let before = client.secrets.len();
        client.secrets.retain(|each| each.id != *secret);
        if client.secrets.len() == before {
            return Ok(false);
        }
        state.secret_hashes.remove(secret);
        state.audit.push(audit);
        Ok(true)
    }

    async fn delete(&self, id: &ClientId, at: Timestamp, audit: AuditEntry) -> Result<bool> {
        let mut state = self.state();
        let ended = state.end_client(id, at);
        if ended {
            state.audit.push(audit);
        }
        Ok(ended)
    }
}
