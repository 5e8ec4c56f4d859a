//! The clean-up queue in SQLite.

use async_trait::async_trait;
use gitflare_core::{
    ConnectionId, Result, TenantId, Timestamp,
    provider::ProviderId,
    storage::{CleanupJob, CleanupKind, CleanupStore, SealedTokens},
};
use rusqlite::{Connection, Row};

use super::{
    SqliteStorage, failed,
    rows::{execute, id, maybe_id, maybe_time, one, parsed, saturated, time},
};

const COLUMNS: &str = "kind, subject, provider, connection_id, tenant_id, api_base_url,
    access_token, refresh_token, token_expires_at, token_version, attempts, next_attempt_at,
    created_at";

/// What may be begun at `?1`.
const DUE: &str = "next_attempt_at <= ?1 AND (kind <> 'revoke_tokens' OR NOT EXISTS (
    SELECT 1 FROM cleanup other
    WHERE other.connection_id = cleanup.connection_id AND other.kind <> cleanup.kind))";

fn job(row: &Row<'_>) -> rusqlite::Result<CleanupJob> {
    Ok(CleanupJob {
        kind: parsed(row, 0, CleanupKind::parse)?,
        subject: row.get(1)?,
        provider: parsed(row, 2, ProviderId::parse)?,
        connection_id: id!(row, 3, ConnectionId)?,
        tenant_id: maybe_id!(row, 4, TenantId)?,
        api_base_url: row.get(5)?,
        tokens: SealedTokens {
            access_token: row.get(6)?,
            refresh_token: row.get(7)?,
            expires_at: maybe_time(row, 8)?,
            version: row.get(9)?,
        },
        attempts: row.get(10)?,
        next_attempt_at: time(row, 11)?,
        created_at: time(row, 12)?,
    })
}

/// Queues a job, in the transaction of what made it necessary.
pub(super) fn enqueue(connection: &Connection, job: &CleanupJob) -> Result<()> {
    let statement = format!(
        "INSERT INTO cleanup ({COLUMNS})
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) ON CONFLICT DO NOTHING"
    );
    execute(
        connection,
        &statement,
        (
            job.kind.as_str(),
            &job.subject,
            job.provider.as_str(),
            job.connection_id.as_str(),
            job.tenant_id.as_ref().map(TenantId::as_str),
            &job.api_base_url,
            &job.tokens.access_token,
            &job.tokens.refresh_token,
            job.tokens.expires_at.map(Timestamp::as_millis),
            job.tokens.version,
            job.attempts,
            job.next_attempt_at.as_millis(),
            job.created_at.as_millis(),
        ),
    )?;
    Ok(())
}

/// Queues the revocation of a connection's tokens, before they are erased: where it was made by
/// OAuth, or where other jobs still need them.
pub(super) fn enqueue_revocation(
    connection: &Connection,
    id: &ConnectionId,
    at: Timestamp,
) -> Result<()> {
    let statement = format!(
        "INSERT INTO cleanup ({COLUMNS})
         SELECT 'revoke_tokens', id, provider, id, tenant_id, api_base_url, access_token,
           refresh_token, token_expires_at, token_version, 0, ?2, ?2
         FROM connections c
         WHERE id = ?1 AND status <> 'revoked' AND access_token IS NOT NULL AND (mode = 'oauth'
           OR EXISTS (SELECT 1 FROM cleanup q WHERE q.connection_id = c.id))
         ON CONFLICT DO NOTHING"
    );
    execute(connection, &statement, (id.as_str(), at.as_millis()))?;
    Ok(())
}

#[async_trait]
impl CleanupStore for SqliteStorage {
    async fn enqueue(&self, job: CleanupJob) -> Result<()> {
        self.write(move |connection| enqueue(connection, &job))
            .await
    }

    async fn find(&self, kind: CleanupKind, subject: &str) -> Result<Option<CleanupJob>> {
        self.read(|connection| {
            one(
                connection,
                &format!("SELECT {COLUMNS} FROM cleanup WHERE kind = ?1 AND subject = ?2"),
                (kind.as_str(), subject),
                job,
            )
        })
    }

    async fn begin(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<CleanupJob>> {
        // The worker looks every second; most of the time a read is all it costs.
        let due = self.read(|connection| {
            connection
                .prepare_cached(&format!("SELECT 1 FROM cleanup WHERE {DUE} LIMIT 1"))?
                .exists([now.as_millis()])
        })?;
        if !due {
            return Ok(Vec::new());
        }
        self.write(move |connection| {
            let statement = format!(
                "UPDATE cleanup SET attempts = attempts + 1, next_attempt_at = ?2
                 WHERE (kind, subject) IN (
                   SELECT kind, subject FROM cleanup WHERE {DUE}
                   ORDER BY next_attempt_at, kind, subject LIMIT ?3)
                 RETURNING {COLUMNS}"
            );
            let begun: rusqlite::Result<Vec<_>> =
                connection
                    .prepare_cached(&statement)
                    .and_then(|mut statement| {
                        let limit = saturated(limit as u64);
                        statement
                            .query_map((now.as_millis(), until.as_millis(), limit), job)?
                            .collect()
                    });
            let mut begun = begun.map_err(|error| failed(&error))?;
            begun.sort_by(|a, b| (a.created_at, &a.subject).cmp(&(b.created_at, &b.subject)));
            Ok(begun)
        })
        .await
    }

    async fn postpone(&self, kind: CleanupKind, subject: &str, at: Timestamp) -> Result<()> {
        let subject = subject.to_owned();
        self.write(move |connection| {
            execute(
                connection,
                "UPDATE cleanup SET next_attempt_at = ?3 WHERE kind = ?1 AND subject = ?2",
                (kind.as_str(), subject, at.as_millis()),
            )?;
            Ok(())
        })
        .await
    }

    async fn finish(&self, kind: CleanupKind, subject: &str) -> Result<()> {
        let subject = subject.to_owned();
        let take = move |connection: &Connection| {
            execute(
                connection,
                "DELETE FROM cleanup WHERE kind = ?1 AND subject = ?2",
                (kind.as_str(), subject),
            )?;
            Ok(())
        };
        self.writer.erase(take).await
    }
}
