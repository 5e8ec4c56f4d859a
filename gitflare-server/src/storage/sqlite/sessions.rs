//! Sessions in SQLite, by the hash of their text.

use std::collections::BTreeSet;

use async_trait::async_trait;
use gitflare_core::{
    CredentialHash, Result, SessionId, Timestamp, UserId,
    storage::{AuditEntry, Session, SessionStore},
};

use super::{
    SqliteStorage, failed,
    rows::{audit, every, run},
    tenants,
};
use crate::storage::sql::{maybe_text, sessions};

#[async_trait]
impl SessionStore for SqliteStorage {
    async fn insert(
        &self,
        session: Session,
        hash: CredentialHash,
        entry: Option<AuditEntry>,
    ) -> Result<()> {
        self.write(move |connection| {
            run(connection, &sessions::insert(&session, &hash))?;
            entry.iter().try_for_each(|entry| audit(connection, entry))
        })
        .await
    }

    async fn find(&self, hash: &CredentialHash, now: Timestamp) -> Result<Option<Session>> {
        let found = self.one(sessions::find(hash), |row| sessions::session(row))?;
        Ok(found.filter(|session| session.is_live(now)))
    }

    async fn list(&self, user: &UserId, now: Timestamp) -> Result<Vec<Session>> {
        let all = self.all(sessions::list(user), |row| sessions::session(row))?;
        Ok(sessions::live(all, now))
    }

    async fn renew(&self, id: &SessionId, hash: CredentialHash) -> Result<bool> {
        let id = id.clone();
        self.write(move |connection| Ok(run(connection, &sessions::renew(&id, &hash))? == 1))
            .await
    }

    async fn touch(&self, id: &SessionId, at: Timestamp) -> Result<()> {
        let statement = "UPDATE sessions SET last_used_at = ?2 WHERE id = ?1";
        self.writer.touch(statement, id.as_str(), at);
        Ok(())
    }

    async fn revoke(&self, id: &SessionId, entry: AuditEntry) -> Result<bool> {
        let id = id.clone();
        self.write(move |connection| {
            let ended = run(connection, &sessions::revoke(&id))? == 1;
            if ended {
                audit(connection, &entry)?;
            }
            Ok(ended)
        })
        .await
    }

    async fn revoke_all(
        &self,
        user: &UserId,
        except: Option<&SessionId>,
        entry: AuditEntry,
    ) -> Result<usize> {
        let (user, except) = (user.clone(), except.cloned());
        self.write(move |connection| {
            let ended = run(connection, &sessions::revoke_all(&user, except.as_ref()))?;
            if ended > 0 {
                audit(connection, &entry)?;
            }
            Ok(ended)
        })
        .await
    }

    async fn purge_expired(&self, now: Timestamp, limit: usize) -> Result<usize> {
        self.write(move |connection| {
            let (mut deleted, mut workspaces) = (0, BTreeSet::new());
            for end in sessions::ends(now) {
                let ended = sessions::purge(end, limit - deleted);
                let ended = every(connection, &ended, |row| maybe_text(row, 0));
                let ended = ended.map_err(|error| failed(&error))?;
                deleted += ended.len();
                workspaces.extend(ended.into_iter().flatten());
            }
            tenants::forget_unused(connection, &workspaces)?;
            Ok(deleted)
        })
        .await
    }
}
