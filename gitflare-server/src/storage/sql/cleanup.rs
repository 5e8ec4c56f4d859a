//! The clean-up queue.

use gitflare_core::{
    ConnectionId, TenantId, Timestamp,
    provider::ProviderId,
    storage::{CleanupJob, CleanupKind, MOST_COUNTED, SealedTokens},
};

use super::{
    Columns, Statement, id, maybe_bytes, maybe_id, maybe_text, maybe_time, number, parsed, text,
    time, values,
};

pub(in crate::storage) const COLUMNS: &str = "kind, subject, provider, connection_id, tenant_id,
    api_base_url, access_token, refresh_token, token_expires_at, token_version, attempts,
    next_attempt_at, created_at";

/// How many are queued.
pub(in crate::storage) fn count() -> Statement<'static> {
    Statement::new(
        format!("SELECT count(*) FROM (SELECT 1 FROM cleanup LIMIT {MOST_COUNTED}) AS counted"),
        values![],
    )
}

/// What may be begun at `?1`.
pub(in crate::storage) const DUE: &str = "next_attempt_at <= ?1 AND (kind <> 'revoke_tokens'
    OR NOT EXISTS (SELECT 1 FROM cleanup other
      WHERE other.connection_id = cleanup.connection_id AND other.kind <> cleanup.kind))";

pub(in crate::storage) fn job<R: Columns>(row: &R) -> Result<CleanupJob, R::Error> {
    Ok(CleanupJob {
        kind: parsed(row, 0, CleanupKind::parse)?,
        subject: text(row, 1)?,
        provider: parsed(row, 2, ProviderId::parse)?,
        connection_id: id!(row, 3, ConnectionId)?,
        tenant_id: maybe_id!(row, 4, TenantId)?,
        api_base_url: maybe_text(row, 5)?,
        tokens: SealedTokens {
            access_token: maybe_bytes(row, 6)?,
            refresh_token: maybe_bytes(row, 7)?,
            expires_at: maybe_time(row, 8)?,
            version: number(row, 9)?,
        },
        attempts: number(row, 10)?,
        next_attempt_at: time(row, 11)?,
        created_at: time(row, 12)?,
    })
}

/// Queues a job, unless it is queued already.
pub(in crate::storage) fn enqueue(job: &CleanupJob) -> Statement<'_> {
    Statement::new(
        format!(
            "INSERT INTO cleanup ({COLUMNS})
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
             ON CONFLICT DO NOTHING"
        ),
        values![
            job.kind.as_str(),
            &job.subject,
            job.provider.as_str(),
            job.connection_id.as_str(),
            job.tenant_id.as_ref().map(TenantId::as_str),
            &job.api_base_url,
            &job.tokens.access_token,
            &job.tokens.refresh_token,
            job.tokens.expires_at,
            job.tokens.version,
            job.attempts,
            job.next_attempt_at,
            job.created_at,
        ],
    )
}

/// Queues the revocation of a connection's tokens, before they are erased: where it was made by
/// OAuth, or where other jobs still need them.
pub(in crate::storage) fn enqueue_revocation(id: &ConnectionId, at: Timestamp) -> Statement<'_> {
    Statement::new(
        format!(
            "INSERT INTO cleanup ({COLUMNS})
             SELECT 'revoke_tokens', id, provider, id, tenant_id, api_base_url, access_token,
               refresh_token, token_expires_at, token_version, 0, CAST(?2 AS BIGINT),
               CAST(?2 AS BIGINT)
             FROM connections c
             WHERE id = ?1 AND status <> 'revoked' AND access_token IS NOT NULL AND (mode = 'oauth'
               OR EXISTS (SELECT 1 FROM cleanup q WHERE q.connection_id = c.id))
             ON CONFLICT DO NOTHING"
        ),
        values![id.as_str(), at],
    )
}

pub(in crate::storage) fn find(kind: CleanupKind, subject: &str) -> Statement<'_> {
    Statement::new(
        format!("SELECT {COLUMNS} FROM cleanup WHERE kind = ?1 AND subject = ?2"),
        values![kind.as_str(), subject],
    )
}

/// Finds out whether anything is due: most of the time nothing is.
pub(in crate::storage) fn any_due(now: Timestamp) -> Statement<'static> {
    Statement::new(
        format!("SELECT kind FROM cleanup WHERE {DUE} LIMIT 1"),
        values![now],
    )
}

/// Begins what is due, in any order.
pub(in crate::storage) fn begin(
    now: Timestamp,
    until: Timestamp,
    limit: usize,
    lock: &str,
) -> Statement<'static> {
    Statement::new(
        format!(
            "UPDATE cleanup SET attempts = attempts + 1, next_attempt_at = ?2
             WHERE (kind, subject) IN (
               SELECT kind, subject FROM cleanup WHERE {DUE}
               ORDER BY next_attempt_at, kind, subject LIMIT ?3{lock})
             RETURNING {COLUMNS}"
        ),
        values![now, until, limit],
    )
}

/// Begun jobs in the order in which they were queued.
pub(in crate::storage) fn in_order(begun: &mut [CleanupJob]) {
    begun.sort_by(|a, b| (a.created_at, &a.subject).cmp(&(b.created_at, &b.subject)));
}

pub(in crate::storage) fn postpone(
    kind: CleanupKind,
    subject: &str,
    at: Timestamp,
) -> Statement<'_> {
    Statement::new(
        "UPDATE cleanup SET next_attempt_at = ?3 WHERE kind = ?1 AND subject = ?2",
        values![kind.as_str(), subject, at],
    )
}

pub(in crate::storage) fn finish(kind: CleanupKind, subject: &str) -> Statement<'_> {
    Statement::new(
        "DELETE FROM cleanup WHERE kind = ?1 AND subject = ?2",
        values![kind.as_str(), subject],
    )
}
