//! Sessions in PostgreSQL, by the hash of their text.

use std::collections::BTreeSet;

use async_trait::async_trait;
use gitflare_core::{
    CredentialHash, Result, SessionId, Timestamp, UserId,
    storage::{AuditEntry, Session, SessionStore},
};

use super::{PostgresStorage, session::transaction, tenants, touches::Used};
use crate::storage::sql::{maybe_text, sessions};

#[async_trait]
impl SessionStore for PostgresStorage {
    async fn insert(
        &self,
        session: Session,
        hash: CredentialHash,
        entry: Option<AuditEntry>,
    ) -> Result<()> {
        transaction!(self.database, |transaction| {
            transaction.run(sessions::insert(&session, &hash)).await?;
            match &entry {
                Some(entry) => transaction.audit(entry).await,
                None => Ok(()),
            }
        })
    }

    async fn find(&self, hash: &CredentialHash, now: Timestamp) -> Result<Option<Session>> {
        let found = self.one(sessions::find(hash), sessions::session).await?;
        Ok(found.filter(|session| session.is_live(now)))
    }

    async fn list(&self, user: &UserId, now: Timestamp) -> Result<Vec<Session>> {
        let all = self.all(sessions::list(user), sessions::session).await?;
        Ok(sessions::live(all, now))
    }

    async fn renew(&self, id: &SessionId, hash: CredentialHash) -> Result<bool> {
        Ok(self.run(sessions::renew(id, &hash)).await? == 1)
    }

    async fn touch(&self, id: &SessionId, at: Timestamp) -> Result<()> {
        self.touches.note(Used::Session, id.as_str(), at);
        Ok(())
    }

    async fn revoke(&self, id: &SessionId, entry: AuditEntry) -> Result<bool> {
        transaction!(self.database, |transaction| {
            let ended = transaction.run(sessions::revoke(id)).await? == 1;
            if ended {
                transaction.audit(&entry).await?;
            }
            Ok(ended)
        })
    }

    async fn revoke_all(
        &self,
        user: &UserId,
        except: Option<&SessionId>,
        entry: AuditEntry,
    ) -> Result<usize> {
        transaction!(self.database, |transaction| {
            let ended = transaction.run(sessions::revoke_all(user, except)).await?;
            if ended > 0 {
                transaction.audit(&entry).await?;
            }
            Ok(ended)
        })
    }

    async fn purge_expired(&self, now: Timestamp, limit: usize) -> Result<usize> {
        transaction!(self.database, |transaction| {
            let (mut deleted, mut workspaces) = (0, BTreeSet::new());
            for end in sessions::ends(now) {
                let ended = sessions::purge(end, limit - deleted);
                let ended = transaction.all(ended, |row| maybe_text(row, 0)).await?;
                deleted += ended.len();
                workspaces.extend(ended.into_iter().flatten());
            }
            tenants::forget_unused(transaction, workspaces).await?;
            Ok(deleted)
        })
    }
}
