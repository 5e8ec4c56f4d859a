//! Refresh tokens in memory.

use async_trait::async_trait;

use super::{MemoryStorage, State};
use crate::{
    CredentialHash, Result, Timestamp, TokenId,
    storage::{
        AuditEntry, AuthorizationStatus, Redeemed, RefreshFamily, RefreshTokenStore, Rotation,
    },
};

/// A family with the access tokens that it has led to.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) family: RefreshFamily,
    tokens: Vec<TokenId>,
}

impl Kept {
    /// A family that begins with an access token.
    pub(super) fn new(family: RefreshFamily, first: TokenId) -> Self {
        Self {
            family,
            tokens: vec![first],
        }
    }
}

impl State {
    /// Ends a family with its access tokens; `false` when it was over or is unknown.
    fn end_family(&mut self, id: &CredentialHash, at: Timestamp) -> bool {
        let Some(kept) = self.families.get_mut(id) else {
            return false;
        };
        if kept.family.expires_at <= at {
            return false;
        }
        kept.family.expires_at = at;
        for id in &kept.tokens {
            if let Some(token) = self.tokens.get_mut(id) {
                token.revoked_at.get_or_insert(at);
            }
        }
        true
    }

    /// Ends the family that an access token belongs to, if it belongs to one.
    pub(super) fn end_family_of(&mut self, token: &TokenId, at: Timestamp) {
        let mut all = self.families.iter();
        let found = all.find(|(_, kept)| kept.tokens.contains(token));
        if let Some(id) = found.map(|(id, _)| *id) {
            self.end_family(&id, at);
        }
    }
}

#[async_trait]
impl RefreshTokenStore for MemoryStorage {
    async fn find(&self, id: &CredentialHash) -> Result<Option<RefreshFamily>> {
        let state = self.state();
        Ok(state.families.get(id).map(|kept| kept.family.clone()))
    }

    async fn rotate(&self, id: &CredentialHash, rotation: Rotation) -> Result<Redeemed> {
        let mut guard = self.state();
        let state = &mut *guard;
        let Some(kept) = state.families.get_mut(id) else {
            return Ok(Redeemed::Refused);
        };
        let family = &mut kept.family;
        let is_active = state
            .authorizations
            .get(&family.authorization_id)
            .is_some_and(|row| row.status == AuthorizationStatus::Active);
        if family.expires_at <= rotation.at {
            return Ok(Redeemed::Refused);
        }
        if family.current != rotation.presented || family.client_id != rotation.client_id {
            state.end_family(id, rotation.at);
            state.audit.push(rotation.replayed);
            return Ok(Redeemed::Replayed);
        }
        if !is_active {
            return Ok(Redeemed::Refused);
        }
        family.current = rotation.next;
        family.expires_at = rotation.expires_at;
        let token = rotation.token;
        kept.tokens.push(token.id.clone());
        state
            .token_hashes
            .insert(rotation.token_hash, token.id.clone());
        state.tokens.insert(token.id.clone(), token);
        state.audit.push(rotation.issued);
        Ok(Redeemed::Issued)
    }

    async fn end(&self, id: &CredentialHash, at: Timestamp, audit: AuditEntry) -> Result<bool> {
        let mut state = self.state();
        let ended = state.end_family(id, at);
        if ended {
            state.audit.push(audit);
        }
        Ok(ended)
    }

    async fn purge_expired(&self, before: Timestamp, limit: usize) -> Result<usize> {
        let mut left = limit;
        self.state().families.retain(|_, kept| {
            let goes = left > 0 && kept.family.expires_at < before;
            left -= usize::from(goes);
            !goes
        });
        Ok(limit - left)
    }
}
