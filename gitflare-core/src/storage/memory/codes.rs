//! Authorization codes in memory.

use async_trait::async_trait;

use super::{MemoryStorage, refresh_tokens::Kept};
use crate::{
    CredentialHash, Result, Timestamp, TokenId,
    storage::{
        AuditEntry, AuthorizationCode, AuthorizationStatus, CodeStore, Redeemed, Redemption,
    },
};

/// A code and what became of it.
#[derive(Debug)]
pub(super) struct StoredCode {
    pub(super) code: AuthorizationCode,
    /// Token issued for it.
    token: Option<TokenId>,
}

impl StoredCode {
    /// A code that nobody has redeemed yet.
    pub(super) const fn new(code: AuthorizationCode) -> Self {
        Self { code, token: None }
    }
}

#[async_trait]
impl CodeStore for MemoryStorage {
    async fn insert(
        &self,
        code: AuthorizationCode,
        hash: CredentialHash,
        audit: AuditEntry,
    ) -> Result<()> {
        let mut state = self.state();
        state.codes.insert(hash, StoredCode::new(code));
        state.audit.push(audit);
        Ok(())
    }

    async fn find(&self, hash: &CredentialHash) -> Result<Option<AuthorizationCode>> {
        let state = self.state();
        Ok(state.codes.get(hash).map(|stored| stored.code.clone()))
    }

    async fn redeem(&self, hash: &CredentialHash, redemption: Redemption) -> Result<Redeemed> {
        let mut guard = self.state();
        let state = &mut *guard;
        let Some(stored) = state.codes.get_mut(hash) else {
            return Ok(Redeemed::Refused);
        };
        if stored.code.is_spent || stored.code.client_id != redemption.client_id {
            stored.code.is_spent = true;
            if let Some(id) = stored.token.clone() {
                if let Some(token) = state.tokens.get_mut(&id) {
                    token.revoked_at.get_or_insert(redemption.at);
                }
                state.end_family_of(&id, redemption.at);
            }
            state.audit.push(redemption.replayed);
            return Ok(Redeemed::Replayed);
        }
        let is_active = state
            .authorizations
            .get(&stored.code.authorization_id)
            .is_some_and(|row| row.status == AuthorizationStatus::Active);
        if stored.code.expires_at <= redemption.at || !is_active {
            return Ok(Redeemed::Refused);
        }
        stored.code.is_spent = true;
        stored.token = Some(redemption.token.id.clone());
        if let Some(family) = redemption.family {
            let kept = Kept::new(family, redemption.token.id.clone());
            state.families.insert(kept.family.id, kept);
        }
        state
            .token_hashes
            .insert(redemption.token_hash, redemption.token.id.clone());
        state
            .tokens
            .insert(redemption.token.id.clone(), redemption.token);
        state.audit.push(redemption.issued);
        Ok(Redeemed::Issued)
    }

    async fn purge_expired(&self, before: Timestamp, limit: usize) -> Result<usize> {
        let mut left = limit;
        self.state().codes.retain(|_, stored| {
            let goes = left > 0 && stored.code.expires_at < before;
            left -= usize::from(goes);
            !goes
        });
        Ok(limit - left)
    }
}
