//! Sessions, by the hash of their text.

use std::time::Duration;

use gitflare_core::{
    ClientId, CredentialHash, SessionId, TenantId, Timestamp, UserId,
    storage::{MOST_LISTED, Session, SessionSubject},
};

use super::{Columns, Statement, Value, id, maybe_id, time, values};

/// Rows of one person that are looked at: dead ones are there until they are purged.
const MOST_READ: usize = 1000;

pub(in crate::storage) fn session<R: Columns>(row: &R) -> Result<Session, R::Error> {
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

pub(in crate::storage) fn insert<'a>(
    session: &'a Session,
    hash: &'a CredentialHash,
) -> Statement<'a> {
    let (user, client, tenant) = match &session.subject {
        SessionSubject::User(user) => (Some(user.as_str()), None, None),
        SessionSubject::Embed {
            client_id,
            tenant_id,
        } => (None, Some(client_id.as_str()), Some(tenant_id.as_str())),
    };
    Statement::new(
        "INSERT INTO sessions (hash, id, user_id, client_id, tenant_id, created_at,
           expires_at, last_used_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        values![
            hash,
            session.id.as_str(),
            user,
            client,
            tenant,
            session.created_at,
            session.expires_at,
            session.last_used_at,
        ],
    )
}

pub(in crate::storage) fn find(hash: &CredentialHash) -> Statement<'_> {
    Statement::new(
        "SELECT id, user_id, client_id, tenant_id, created_at, expires_at, last_used_at
         FROM sessions WHERE hash = ?1 AND (client_id IS NULL OR EXISTS (
           SELECT 1 FROM clients l WHERE l.id = client_id AND l.status = 'active'))",
        values![hash],
    )
}

/// A person's sessions, the newest first. Each ends within days: there are few.
pub(in crate::storage) fn list(user: &UserId) -> Statement<'_> {
    Statement::new(
        format!(
            "SELECT id, user_id, client_id, tenant_id, created_at, expires_at, last_used_at
             FROM sessions WHERE user_id = ?1 LIMIT {MOST_READ}"
        ),
        values![user.as_str()],
    )
}

/// Those of them that are live, in the order in which they are shown.
pub(in crate::storage) fn live(mut all: Vec<Session>, now: Timestamp) -> Vec<Session> {
    all.retain(|session| session.is_live(now));
    all.sort_by(|a, b| b.id.cmp(&a.id));
    all.truncate(MOST_LISTED);
    all
}

pub(in crate::storage) fn renew<'a>(id: &'a SessionId, hash: &'a CredentialHash) -> Statement<'a> {
    Statement::new(
        "UPDATE sessions SET hash = ?2 WHERE id = ?1",
        values![id.as_str(), hash],
    )
}

pub(in crate::storage) fn revoke(id: &SessionId) -> Statement<'_> {
    Statement::new("DELETE FROM sessions WHERE id = ?1", values![id.as_str()])
}

pub(in crate::storage) fn revoke_all<'a>(
    user: &'a UserId,
    except: Option<&'a SessionId>,
) -> Statement<'a> {
    Statement::new(
        "DELETE FROM sessions WHERE user_id = ?1 AND id <> ?2",
        values![
            user.as_str(),
            // No id is empty.
            Value::from(except.map_or("", SessionId::as_str)),
        ],
    )
}

/// Ends one session, or all of a person.
#[cfg(feature = "server")]
pub(in crate::storage) fn end<'a>(user: &'a UserId, one: Option<&'a SessionId>) -> Statement<'a> {
    match one {
        Some(id) => revoke(id),
        None => revoke_all(user, None),
    }
}

/// The ways in which sessions end, each as a clause with its order and the time of `?1`.
pub(in crate::storage) fn ends(now: Timestamp) -> [(&'static str, i64); 3] {
    let idle_since = |idle: Duration| {
        let millis = i64::try_from(idle.as_millis()).unwrap_or(i64::MAX);
        now.as_millis().saturating_sub(millis)
    };
    [
        (
            "expires_at <= ?1 ORDER BY expires_at, hash",
            now.as_millis(),
        ),
        (
            "user_id IS NULL AND last_used_at <= ?1 ORDER BY last_used_at, hash",
            idle_since(SessionSubject::EMBED_IDLE),
        ),
        (
            "user_id IS NOT NULL AND last_used_at <= ?1 ORDER BY last_used_at, hash",
            idle_since(SessionSubject::USER_IDLE),
        ),
    ]
}

/// Deletes sessions that have ended in one of these ways, and returns their tenants.
pub(in crate::storage) fn purge(
    (ended, until): (&'static str, i64),
    limit: usize,
) -> Statement<'static> {
    Statement::new(
        format!(
            "DELETE FROM sessions WHERE hash IN
               (SELECT hash FROM sessions WHERE {ended} LIMIT ?2) RETURNING tenant_id"
        ),
        values![until, limit],
    )
}
