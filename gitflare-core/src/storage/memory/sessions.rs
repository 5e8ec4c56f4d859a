//! Sessions in memory.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::MemoryStorage;
use crate::{
    CredentialHash, Result, SessionId, Timestamp, UserId,
    storage::{AuditEntry, MOST_LISTED, Session, SessionStore, SessionSubject},
};

impl MemoryStorage {
    /// Ends up to `limit` sessions that `ends` picks; returns how many.
    fn end_sessions(&self, limit: usize, ends: impl Fn(&Session) -> bool) -> usize {
        let (mut left, mut workspaces) = (limit, BTreeSet::new());
        let mut state = self.state();
        state.sessions.retain(|_, session| {
            let goes = left > 0 && ends(session);
            left -= usize::from(goes);
            if let (true, SessionSubject::Embed { tenant_id, .. }) = (goes, &session.subject) {
                workspaces.insert(tenant_id.clone());
            }
            !goes
        });
        for workspace in workspaces {
            state.forget_unused(&workspace);
        }
        limit - left
    }
}

#[async_trait]
impl SessionStore for MemoryStorage {
    async fn insert(
        &self,
        session: Session,
        hash: CredentialHash,
        audit: Option<AuditEntry>,
    ) -> Result<()> {
        let mut state = self.state();
        state.sessions.insert(hash, session);
        state.audit.extend(audit);
        Ok(())
    }

    async fn find(&self, hash: &CredentialHash, now: Timestamp) -> Result<Option<Session>> {
        let state = self.state();
        let found = state.sessions.get(hash);
        Ok(found.filter(|session| session.is_live(now)).cloned())
    }

    async fn list(&self, user: &UserId, now: Timestamp) -> Result<Vec<Session>> {
        let subject = SessionSubject::User(user.clone());
        let state = self.state();
        let live = state.sessions.values();
        let live = live.filter(|it| it.subject == subject && it.is_live(now));
        let mut live: Vec<_> = live.cloned().collect();
        live.sort_by(|a, b| b.id.cmp(&a.id));
        live.truncate(MOST_LISTED);
        Ok(live)
    }

    async fn renew(&self, id: &SessionId, hash: CredentialHash) -> Result<bool> {
        let mut state = self.state();
        let former = state
            .sessions
            .iter()
            .find_map(|(hash, session)| (session.id == *id).then_some(*hash));
        let Some(session) = former.and_then(|former| state.sessions.remove(&former)) else {
            return Ok(false);
        };
        state.sessions.insert(hash, session);
        Ok(true)
    }

    async fn touch(&self, id: &SessionId, at: Timestamp) -> Result<()> {
        let mut state = self.state();
        for session in state.sessions.values_mut().filter(|row| row.id == *id) {
            session.last_used_at = at;
        }
        Ok(())
    }

    async fn revoke(&self, id: &SessionId, audit: AuditEntry) -> Result<bool> {
        let mut state = self.state();
        let before = state.sessions.len();
        state.sessions.retain(|_, session| session.id != *id);
        let ended = state.sessions.len() < before;
        if ended {
            state.audit.push(audit);
        }
        Ok(ended)
    }

    async fn revoke_all(
        &self,
        user: &UserId,
        except: Option<&SessionId>,
        audit: AuditEntry,
    ) -> Result<usize> {
        let mut state = self.state();
        let subject = SessionSubject::User(user.clone());
        let before = state.sessions.len();
        state
            .sessions
            .retain(|_, session| session.subject != subject || Some(&session.id) == except);
        let ended = before - state.sessions.len();
        if ended > 0 {
            state.audit.push(audit);
        }
        Ok(ended)
    }

    async fn purge_expired(&self, now: Timestamp, limit: usize) -> Result<usize> {
        Ok(self.end_sessions(limit, |session| !session.is_live(now)))
    }
}
