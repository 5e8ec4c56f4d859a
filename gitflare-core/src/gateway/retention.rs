//! Deletes what is over: tokens, refresh tokens, public clients that nobody uses, sessions, codes,
//! requests, nonces, finished deliveries, what is left of deleted tenants, and rows of the usage log and
//! the audit that are older than they are to be kept. A few rows at a time, found by an index, so that
//! requests hardly notice and none of it grows without end (LG-5).

use super::Gateway;
use crate::{Result, Timestamp, storage::Storage};

/// Rows of one transaction.
const ROWS_AT_ONCE: usize = 250;
const DAY_MILLIS: i64 = 86_400_000;
/// How long spent codes stay: until then a replay is noticed and ends what the code has bought.
const CODE_DAYS: u32 = 1;
/// How long ended tokens stay, and are told from unknown ones.
const TOKEN_DAYS: u32 = 1;
/// How long the rows of deleted tenants stay: their tokens, too, are told from unknown ones.
const TENANT_DAYS: u32 = TOKEN_DAYS;
/// How long finished deliveries stay, and are not delivered again.
const DELIVERY_DAYS: u32 = 7;

/// How long what can be chosen is kept, in days.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Usage rows; 0 keeps them without end.
    pub usage_days: u32,
    /// Rows of the security audit; at least 30.
    pub audit_days: u32,
}

impl Default for Retention {
    /// 90 days of usage, 400 of the audit.
    fn default() -> Self {
        Self {
            usage_days: 90,
            audit_days: 400,
        }
    }
}

/// What goes by itself.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Sessions,
    Requests,
    Nonces,
    Codes,
    Tokens,
    RefreshTokens,
    Deliveries,
    Tenants,
    Audit,
    Usage,
}

const KINDS: [Kind; 10] = [
    // A workspace goes with its last session, once no request holds it.
    Kind::Requests,
    Kind::Sessions,
    Kind::Nonces,
    Kind::Codes,
    Kind::Tokens,
    Kind::RefreshTokens,
    Kind::Deliveries,
    Kind::Tenants,
    Kind::Audit,
    Kind::Usage,
];

impl Gateway {
    /// Deletes a piece of each kind of what is over, whatever becomes of the others; returns how many
    /// rows it were, 0 when nothing is left. To be called every minute, and again after a short pause
    /// while it deletes; a server's background work does. Revoking tokens of accounts that were
    /// disconnected is the work of [`Gateway::clean_up`].
    ///
    /// # Errors
    /// The storage's own, when nothing was deleted.
    pub async fn delete_expired(&self, retention: Retention) -> Result<usize> {
        let now = self.clock.now();
        let (mut deleted, mut failed) = (0, None);
        for kind in KINDS {
            match purge_some(&*self.storage, kind, now, retention).await {
                Ok(0) => {}
                Ok(rows) => {
                    tracing::debug!(?kind, rows, "deleted what is over");
                    deleted += rows;
                }
                Err(error) => {
                    tracing::warn!(?kind, error = ?error, "what is over could not be deleted");
                    failed = Some(error);
                }
            }
        }
        match failed {
            Some(error) if deleted == 0 => Err(error),
            _ => Ok(deleted),
        }
    }
}

/// Deletes some rows of a kind; how many.
async fn purge_some(
    storage: &dyn Storage,
    kind: Kind,
    now: Timestamp,
    retention: Retention,
) -> Result<usize> {
    let before = |days: u32| Timestamp::from_millis(now.as_millis() - i64::from(days) * DAY_MILLIS);
    let some = ROWS_AT_ONCE;
    match kind {
        Kind::Sessions => storage.sessions().purge_expired(now, some).await,
        Kind::Requests => storage.requests().purge_expired(now, some).await,
        Kind::Nonces => storage.proofs().purge_nonces(now, some).await,
        Kind::Codes => storage.codes().purge_expired(before(CODE_DAYS), some).await,
        Kind::Tokens => {
            storage
                .tokens()
                .purge_expired(before(TOKEN_DAYS), some)
                .await
        }
        Kind::RefreshTokens => storage.refresh_tokens().purge_expired(now, some).await,
        Kind::Deliveries => {
            let deliveries = storage.deliveries();
            deliveries.purge_finished(before(DELIVERY_DAYS), some).await
        }
        Kind::Tenants => {
            storage
                .tenants()
                .purge_deleted(before(TENANT_DAYS), some)
                .await
        }
        Kind::Audit => {
            storage
                .audit()
                .purge(before(retention.audit_days), some)
                .await
        }
        Kind::Usage if retention.usage_days == 0 => Ok(0),
        Kind::Usage => {
            storage
                .usage()
                .purge(before(retention.usage_days), some)
                .await
        }
    }
}
