//! Authorization requests in memory.

use async_trait::async_trait;

use super::{MemoryStorage, State, codes::StoredCode};
use crate::{
    AuthorizationId, CredentialHash, Result, Timestamp,
    storage::{
        AuditEntry, AuthorizationCode, AuthorizationStatus, PendingRequest, RequestStore, Sharing,
    },
};

impl State {
    /// A request that can be decided: its session has to live as long.
    fn open_request(&self, hash: &CredentialHash, now: Timestamp) -> Option<&PendingRequest> {
        let request = self.requests.get(hash)?;
        let has_session = || {
            self.sessions
                .values()
                .any(|row| row.id == request.session_id)
        };
        (now < request.expires_at && has_session()).then_some(request)
    }
}

#[async_trait]
impl RequestStore for MemoryStorage {
    async fn insert(&self, request: PendingRequest, hash: CredentialHash) -> Result<()> {
        self.state().requests.insert(hash, request);
        Ok(())
    }

    async fn find(&self, hash: &CredentialHash, now: Timestamp) -> Result<Option<PendingRequest>> {
        let state = self.state();
        Ok(state.open_request(hash, now).cloned())
    }

    async fn approve(
        &self,
        hash: &CredentialHash,
        sharing: Sharing,
        code: AuthorizationCode,
        code_hash: CredentialHash,
        audit: AuditEntry,
    ) -> Result<Option<AuthorizationId>> {
        let mut state = self.state();
        let now = sharing.at;
        if state.open_request(hash, now).is_none() {
            return Ok(None);
        }
        let used = state.share_chosen(sharing)?.id;
        state.requests.remove(hash);
        let code = AuthorizationCode {
            authorization_id: used.clone(),
            ..code
        };
        state.codes.insert(code_hash, StoredCode::new(code));
        state.audit.push(audit);
        Ok(Some(used))
    }

    async fn deny(
        &self,
        hash: &CredentialHash,
        ends_pending: bool,
        at: Timestamp,
        audit: AuditEntry,
    ) -> Result<bool> {
        let mut state = self.state();
        let Some(request) = state.open_request(hash, at).cloned() else {
            return Ok(false);
        };
        state.requests.remove(hash);
        for row in state.authorizations.values_mut() {
            if ends_pending
                && row.client_id == request.client_id
                && row.tenant_id == request.tenant_id
                && row.status == AuthorizationStatus::Pending
            {
                row.status = AuthorizationStatus::Revoked;
            }
        }
        state.audit.push(audit);
        Ok(true)
    }

    async fn purge_expired(&self, before: Timestamp, limit: usize) -> Result<usize> {
        let mut left = limit;
        self.state().requests.retain(|_, request| {
            let goes = left > 0 && request.expires_at < before;
            left -= usize::from(goes);
            !goes
        });
        Ok(limit - left)
    }
}
