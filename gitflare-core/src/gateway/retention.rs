//! Deletes what is over: tokens, refresh tokens, public clients that nobody uses, sessions, codes,
//! requests, nonces, finished deliveries, what is left of deleted tenants, and rows of the usage log and
//! the audit that are older than they are to be kept. A few rows at a time, found by an index, so that
//! requests hardly notice and none of it grows without end (LG-5).

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

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

/// How far ahead of the last use, and behind it, a clock is doubted.
const AHEAD_MILLIS: i64 = 7 * DAY_MILLIS;
const BEHIND_MILLIS: i64 = 5 * 60_000;
/// How long a doubted clock deletes nothing: an operator sees the warning before it is too late.
const DOUBT: Duration = Duration::from_secs(24 * 3600);
/// How often the last use is noted.
const NOTED_EVERY: Duration = Duration::from_secs(50);

/// What this process thinks of its clock.
#[derive(Debug, Default)]
pub(super) struct ClockWatch(Mutex<Watch>);

/// Moments are those of [`Clock::monotonic`](crate::Clock::monotonic).
#[derive(Clone, Copy, Debug, Default)]
struct Watch {
    /// When the last use was noted, and what the clock showed.
    noted: Option<(Duration, Timestamp)>,
    /// Since when the clock is doubted.
    doubted: Option<Duration>,
}

impl ClockWatch {
    fn lock(&self) -> MutexGuard<'_, Watch> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

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
    /// Whatever is over is judged by the clock: where that is more than seven days after the last use of
    /// the storage, or five minutes before it, or was set by so much since, a warning is logged and
    /// nothing is deleted for a day.
    ///
    /// # Errors
    /// The storage's own, when nothing was deleted.
    pub async fn delete_expired(&self, retention: Retention) -> Result<usize> {
        if self.doubts_clock().await? {
            return Ok(0);
        }
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

impl Gateway {
    /// Whether the clock may be wrong, which deletes what is not over; notes that the storage is in use.
    pub(super) async fn doubts_clock(&self) -> Result<bool> {
        let (now, at) = (self.clock.now(), self.clock.monotonic());
        let watch = *self.clock_watch.lock();
        let since = |then: Duration| at.saturating_sub(then);
        if watch.doubted.is_some_and(|then| since(then) < DOUBT) {
            return Ok(true);
        }
        let settings = self.storage.settings();
        let last = match watch {
            Watch {
                noted: Some((then, shown)),
                ..
            } => Some(shown.after(since(then))),
            // An operator has had a day to set it.
            Watch {
                doubted: Some(_), ..
            } => None,
            _ => settings.last_used().await?,
        };
        if let Some(last) = last.filter(|last| is_far(now, *last)) {
            tracing::warn!(
                clock = %now,
                last_used = %last,
                "the clock is far from when this storage was used last: nothing that is over is deleted for a day; if the clock is wrong, stop, set it and start again"
            );
            *self.clock_watch.lock() = Watch {
                noted: None,
                doubted: Some(at),
            };
            return Ok(true);
        }
        if watch
            .noted
            .is_none_or(|(then, _)| since(then) >= NOTED_EVERY)
        {
            settings.note_used(now).await?;
            *self.clock_watch.lock() = Watch {
                noted: Some((at, now)),
                doubted: None,
            };
        }
        Ok(false)
    }
}

/// Whether no clock that is right shows this time after that one.
fn is_far(now: Timestamp, last: Timestamp) -> bool {
    let apart = now.as_millis() - last.as_millis();
    !(-BEHIND_MILLIS..=AHEAD_MILLIS).contains(&apart)
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
