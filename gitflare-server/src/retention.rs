//! Deletes usage rows that are older than they are to be kept, and sessions, codes, requests and
//! nonces whose time is over, a few at a time, so that requests hardly notice (LG-5).

use std::{sync::Arc, time::Duration};

use gitflare_core::{Clock, Result, SystemClock, Timestamp, storage::Storage};
use tokio::time::sleep;

const ROWS_AT_ONCE: usize = 1000;
const BETWEEN_BATCHES: Duration = Duration::from_millis(50);
const BETWEEN_ROUNDS: Duration = Duration::from_secs(3600);
const BETWEEN_EXPIRIES: Duration = Duration::from_secs(600);
const DAY_MILLIS: i64 = 86_400_000;

/// Purges now and every hour for as long as somebody else keeps the storage; 0 days keep
/// everything.
pub(crate) fn spawn(storage: &Arc<dyn Storage>, days: u32) {
    if days == 0 {
        return;
    }
    let storage = Arc::downgrade(storage);
    tokio::spawn(async move {
        while let Some(storage) = storage.upgrade() {
            let before = SystemClock.now().as_millis() - i64::from(days) * DAY_MILLIS;
            purge(&*storage, Timestamp::from_millis(before)).await;
            drop(storage);
            sleep(BETWEEN_ROUNDS).await;
        }
    });
}

/// Purges what is over now and every ten minutes, for as long as somebody else keeps the storage.
pub(crate) fn spawn_expiry(storage: &Arc<dyn Storage>) {
    let storage = Arc::downgrade(storage);
    tokio::spawn(async move {
        while let Some(storage) = storage.upgrade() {
            if let Err(error) = purge_expired(&*storage, SystemClock.now()).await {
                tracing::warn!(error = ?error, "what is over could not be deleted");
            }
            drop(storage);
            sleep(BETWEEN_EXPIRIES).await;
        }
    });
}

/// Spent codes stay for a day: until then a replay is noticed and ends what the code has bought.
async fn purge_expired(storage: &dyn Storage, now: Timestamp) -> Result<()> {
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
