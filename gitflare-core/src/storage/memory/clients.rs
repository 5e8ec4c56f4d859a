//! Clients in memory.

use async_trait::async_trait;

use super::{MemoryStorage, State, matches, page};
use crate::{
    ClientId, CredentialHash, Result, SecretId, Timestamp,
    storage::{
        AuditEntry, AuthorizationStatus, Client, ClientFilter, ClientSecret, ClientStatus,
        ClientStore, ListRange, NewClient, SessionSubject,
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
        true
    }
}

#[async_trait]
impl ClientStore for MemoryStorage {
    async fn insert(&self, new: NewClient, audit: AuditEntry) -> Result<()> {
        let mut state = self.state();
        let id = new.client.id.clone();
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
        state.requests.retain(|_, request| {
            request.client_id != client.id
                || client
                    .allowed_redirect_uris
                    .contains(&request.registered_uri)
        });
        state.codes.retain(|_, stored| {
            stored.code.client_id != client.id
                || stored.code.is_spent
                || client
                    .allowed_redirect_uris
                    .contains(&stored.code.registered_uri)
        });
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
