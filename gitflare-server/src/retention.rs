//! Deletes usage rows that are older than they are to be kept, a few at a time, so that requests
//! hardly notice (LG-5).

use std::{sync::Arc, time::Duration};

use gitflare_core::{Clock, SystemClock, Timestamp, storage::Storage};
use tokio::time::sleep;

const ROWS_AT_ONCE: usize = 1000;
const BETWEEN_BATCHES: Duration = Duration::from_millis(50);
const BETWEEN_ROUNDS: Duration = Duration::from_secs(3600);
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
