//! Sessions in SQLite, by the hash of their text.

use std::{collections::BTreeSet, time::Duration};

use async_trait::async_trait;
use gitflare_core::{
    ClientId, CredentialHash, Result, SessionId, TenantId, Timestamp, UserId,
    storage::{AuditEntry, Session, SessionStore, SessionSubject},
};
use rusqlite::Row;

use super::{
    SqliteStorage, failed,
    rows::{audit, execute, id, maybe_id, one, saturated, time},
    tenants,
};

fn session(row: &Row<'_>) -> rusqlite::Result<Session> {
    Ok(Session {
        id: id!(row, 0, SessionId)?,
        subject: match maybe_id!(row, 1, UserId)? {
            Some(user) => SessionSubject::User(user),
            None => SessionSubject::Embed {
                client_id: id!(row, 2, ClientId)?,
                tenant_id: id!(row, 3, TenantId)?,
            },
        },
        created_at: time(row, 4)?,
        expires_at: time(row, 5)?,
        last_used_at: time(row, 6)?,
    })
}

#[async_trait]
impl SessionStore for SqliteStorage {
    async fn insert(
        &self,
        session: Session,
        hash: CredentialHash,
        entry: AuditEntry,
    ) -> Result<()> {
        self.write(move |connection| {
            let (user, client, tenant) = match &session.subject {
                SessionSubject::User(user) => (Some(user.as_str()), None, None),
                SessionSubject::Embed {
                    client_id,
                    tenant_id,
                } => (None, Some(client_id.as_str()), Some(tenant_id.as_str())),
            };
            execute(
                connection,
                "INSERT INTO sessions (hash, id, user_id, client_id, tenant_id, created_at,
                   expires_at, last_used_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                (
                    hash.as_bytes(),
                    session.id.as_str(),
                    user,
                    client,
                    tenant,
                    session.created_at.as_millis(),
                    session.expires_at.as_millis(),
                    session.last_used_at.as_millis(),
                ),
            )?;
            audit(connection, &entry)
        })
        .await
    }

    async fn find(&self, hash: &CredentialHash, now: Timestamp) -> Result<Option<Session>> {
        let found = self.read(|connection| {
            one(
                connection,
                "SELECT id, user_id, client_id, tenant_id, created_at, expires_at, last_used_at
                 FROM sessions WHERE hash = ?1 AND (client_id IS NULL OR EXISTS (
                   SELECT 1 FROM clients l WHERE l.id = client_id AND l.status = 'active'))",
                [hash.as_bytes()],
                session,
            )
        })?;
        Ok(found.filter(|session| session.is_live(now)))
    }

    async fn renew(&self, id: &SessionId, hash: CredentialHash) -> Result<bool> {
        let id = id.clone();
        self.write(move |connection| {
            let renewed = execute(
                connection,
                "UPDATE sessions SET hash = ?2 WHERE id = ?1",
                (id.as_str(), hash.as_bytes()),
            )?;
            Ok(renewed == 1)
        })
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
            let ended = execute(
                connection,
                "DELETE FROM sessions WHERE id = ?1",
                [id.as_str()],
            )?;
            if ended == 1 {
                audit(connection, &entry)?;
            }
            Ok(ended == 1)
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
            let ended = execute(
                connection,
                "DELETE FROM sessions WHERE user_id = ?1 AND id IS NOT ?2",
                (user.as_str(), except.as_ref().map(SessionId::as_str)),
            )?;
            if ended > 0 {
                audit(connection, &entry)?;
            }
            Ok(ended)
        })
        .await
    }

    async fn purge_expired(&self, now: Timestamp, limit: usize) -> Result<usize> {
        self.write(move |connection| {
            let idle_since = |idle: Duration| {
                let millis = i64::try_from(idle.as_millis()).unwrap_or(i64::MAX);
                now.as_millis().saturating_sub(millis)
            };
            let (mut deleted, mut workspaces) = (0, BTreeSet::new());
            for (ended, until) in [
                ("expires_at <= ?1 ORDER BY expires_at", now.as_millis()),
                (
                    "user_id IS NULL AND last_used_at <= ?1 ORDER BY last_used_at",
                    idle_since(SessionSubject::EMBED_IDLE),
                ),
                (
                    "user_id IS NOT NULL AND last_used_at <= ?1 ORDER BY last_used_at",
                    idle_since(SessionSubject::USER_IDLE),
                ),
            ] {
                let room = saturated((limit - deleted) as u64);
                let ended: Vec<Option<String>> = connection
                    .prepare_cached(&format!(
                        "DELETE FROM sessions WHERE hash IN
                           (SELECT hash FROM sessions WHERE {ended} LIMIT ?2) RETURNING tenant_id"
                    ))
                    .and_then(|mut statement| {
                        let rows = statement.query_map((until, room), |row| row.get(0))?;
                        rows.collect()
                    })
                    .map_err(|error| failed(&error))?;
                deleted += ended.len();
                workspaces.extend(ended.into_iter().flatten());
            }
            tenants::forget_unused(connection, &workspaces)?;
            Ok(deleted)
        })
        .await
    }
}
