//! Deletes usage rows that are older than they are to be kept, and sessions, codes, requests and
//! nonces whose time is over, a few at a time, so that requests hardly notice (LG-5).

use std::{sync::Arc, time::Duration};

use gitflare_core::{Clock, Result, SystemClock, Timestamp, storage::Storage};
use tokio::time::sleep;

use super::Stopping;
use crate::http::App;

const ROWS_AT_ONCE: usize = 1000;
const BETWEEN_BATCHES: Duration = Duration::from_millis(50);
const BETWEEN_ROUNDS: Duration = Duration::from_secs(3600);
const BETWEEN_EXPIRIES: Duration = Duration::from_secs(600);
const DAY_MILLIS: i64 = 86_400_000;

/// Deletes usage rows that are older than the settings say, now and every hour.
pub(crate) async fn purge_usage(app: Arc<App>, mut stopping: Stopping) {
    let days = app.usage_retention_days();
    if days == 0 {
        return;
    }
    loop {
        let before = SystemClock.now().as_millis() - i64::from(days) * DAY_MILLIS;
        purge(app.gateway().storage(), Timestamp::from_millis(before)).await;
        if !stopping.pause(BETWEEN_ROUNDS).await {
            return;
        }
    }
}

/// Deletes what has expired, now and every ten minutes.
pub(crate) async fn purge_expired(app: Arc<App>, mut stopping: Stopping) {
    loop {
        let storage = app.gateway().storage();
        if let Err(error) = delete_expired(storage, SystemClock.now()).await {
            tracing::warn!(error = ?error, "what has expired could not be deleted");
        }
        if !stopping.pause(BETWEEN_EXPIRIES).await {
            return;
        }
    }
}

/// Spent codes stay for a day: until then a replay is noticed and ends what the code has bought.
async fn delete_expired(storage: &dyn Storage, now: Timestamp) -> Result<()> {
    let yesterday = Timestamp::from_millis(now.as_millis() - DAY_MILLIS);
    loop {
        let deleted = storage.sessions().purge_expired(now, ROWS_AT_ONCE).await?
            + storage.requests().purge_expired(now, ROWS_AT_ONCE).await?
            + storage.proofs().purge_nonces(now, ROWS_AT_ONCE).await?
            + storage
                .codes()
                .purge_expired(yesterday, ROWS_AT_ONCE)
                .await?;
        if deleted == 0 {
            return Ok(());
        }
        sleep(BETWEEN_BATCHES).await;
    }
}

async fn purge(storage: &dyn Storage, before: Timestamp) {
    loop {
        match storage.usage().purge(before, ROWS_AT_ONCE).await {
            Ok(0) => return,
            Ok(rows) => tracing::debug!(rows, "old usage rows deleted"),
            Err(error) => {
                tracing::warn!(error = ?error, "old usage rows could not be deleted");
                return;
            }
        }
        sleep(BETWEEN_BATCHES).await;
    }
}
