//! Access tokens in memory.

use async_trait::async_trait;

use super::{MemoryStorage, State, matches, page};
use crate::{
    CredentialHash, Result, Timestamp, TokenId,
    storage::{
        Access, AccessToken, ApprovedRepository, AuditEntry, ClientStatus, Grant, GrantStatus,
        ListRange, Repositories, RepositoryKey, Share, TokenFilter, TokenStore,
    },
};

impl State {
    fn share(&self, grant: &Grant, key: Option<RepositoryKey<'_>>) -> Option<Share> {
        let (connection, tokens) = self.connections.get(&grant.connection_id)?;
        let key = key.filter(|key| key.provider == connection.provider);
        let approved = match (&grant.repositories, key) {
            (Repositories::Listed(list), Some(key)) => named(list, key.key),
            _ => None,
        };
        Some(Share {
            grant_id: grant.id.clone(),
            permissions: grant.permissions,
            expires_at: grant.expires_at,
            approves_all: grant.repositories == Repositories::All,
            approved: approved.cloned(),
            connection: connection.clone(),
            tokens: tokens.clone(),
        })
    }
}

/// The repository of that id; without one, the repository of that name.
fn named<'a>(list: &'a [ApprovedRepository], key: &str) -> Option<&'a ApprovedRepository> {
    let by_id = list.iter().find(|repository| repository.id == key);
    by_id.or_else(|| list.iter().find(|repository| repository.full_name == key))
}

#[async_trait]
impl TokenStore for MemoryStorage {
    async fn insert(
        &self,
        token: AccessToken,
        hash: CredentialHash,
        audit: AuditEntry,
    ) -> Result<()> {
        let mut state = self.state();
        state.token_hashes.insert(hash, token.id.clone());
        state.tokens.insert(token.id.clone(), token);
        state.audit.push(audit);
        Ok(())
    }

    async fn find_access(
        &self,
        hash: &CredentialHash,
        repository: Option<RepositoryKey<'_>>,
    ) -> Result<Option<Access>> {
        let state = self.state();
        let Some(token) = state
            .token_hashes
            .get(hash)
            .and_then(|id| state.tokens.get(id))
        else {
            return Ok(None);
        };
        let mut shares: Vec<_> = state
            .grants
            .values()
            .filter(|grant| {
                token.authorization_id.as_ref() == Some(&grant.authorization_id)
                    && grant.status == GrantStatus::Active
                    && token.connection_ids.contains(&grant.connection_id)
            })
            .filter_map(|grant| state.share(grant, repository))
            .collect();
        shares.sort_by(|a, b| a.connection.id.cmp(&b.connection.id));
        let client = state.clients.get(&token.client_id);
        Ok(Some(Access {
            client_is_active: client.is_some_and(|client| client.status == ClientStatus::Active),
            client_public_id: client.and_then(|client| client.public_id.clone()),
            authorization: token
                .authorization_id
                .as_ref()
                .and_then(|id| state.authorizations.get(id))
                .map(|authorization| authorization.status),
            token: token.clone(),
            shares,
        }))
    }

    async fn list(&self, filter: &TokenFilter, range: ListRange<'_>) -> Result<Vec<AccessToken>> {
        let state = self.state();
        let rows = state.tokens.values().filter(|token| {
            matches(filter.id.as_ref(), &token.id)
                && matches(filter.tenant.as_ref(), &token.tenant_id)
                && matches(filter.client.as_ref(), &token.client_id)
                && (filter.authorization.is_none()
                    || filter.authorization == token.authorization_id)
        });
        Ok(page(rows, range, |token| token.id.as_str()))
    }

    async fn touch(&self, id: &TokenId, at: Timestamp) -> Result<()> {
        if let Some(token) = self.state().tokens.get_mut(id) {
            token.last_used_at = Some(at);
        }
        Ok(())
    }

    async fn revoke(&self, id: &TokenId, at: Timestamp, audit: AuditEntry) -> Result<bool> {
        let mut state = self.state();
        match state.tokens.get_mut(id) {
            Some(token) if token.revoked_at.is_none() => token.revoked_at = Some(at),
            _ => return Ok(false),
        }
        state.audit.push(audit);
        Ok(true)
    }

    async fn purge_expired(&self, before: Timestamp, limit: usize) -> Result<usize> {
        let mut state = self.state();
        let ended: Vec<_> = state
            .tokens
            .values()
            .filter(|token| token.expires_at < before)
            .map(|token| token.id.clone())
            .take(limit)
            .collect();
        for id in &ended {
            state.tokens.remove(id);
        }
        state.token_hashes.retain(|_, id| !ended.contains(id));
        Ok(ended.len())
    }
}
