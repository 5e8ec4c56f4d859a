//! A storage backend of your own: implement the traits that you want to answer differently, hand
//! out another backend's for the rest, and run the suite that says what is still promised.
//!
//! ```text
//! cargo run --example custom_storage
//! ```
//! prints how many promises the backend below keeps and how many rows it has counted. Break one
//! (leave the `inner` call out of `record`, say) and the suite names the promise that is broken.

use std::{
    io::{Write, stdout},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use gitflare::core::{
    Result, Timestamp,
    storage::{
        Storage, UsageQuery, UsageRow, UsageStore, UsageSummary, conformance, memory::MemoryStorage,
    },
    stores,
};

/// Keeps everything in memory and counts the usage rows, as a meter for billing would.
struct Metered {
    inner: MemoryStorage,
    rows: Arc<AtomicU64>,
}

#[async_trait]
impl UsageStore for Metered {
    async fn record(&self, row: UsageRow) -> Result<()> {
        self.inner.usage().record(row).await?;
        self.rows.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    async fn flush(&self) -> Result<()> {
        self.inner.usage().flush().await
    }

    async fn list(
        &self,
        query: &UsageQuery,
        offset: u64,
        limit: usize,
    ) -> Result<(Vec<UsageRow>, u64)> {
        self.inner.usage().list(query, offset, limit).await
    }

    async fn summary(&self, query: &UsageQuery, top: usize) -> Result<UsageSummary> {
        self.inner.usage().summary(query, top).await
    }

    async fn purge(&self, before: Timestamp, limit: usize) -> Result<usize> {
        self.inner.usage().purge(before, limit).await
    }

    async fn rebuild(&self, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<()> {
        self.inner.usage().rebuild(progress).await
    }
}

#[async_trait]
impl Storage for Metered {
    stores!(self from &self.inner, usage => self);

    async fn is_healthy(&self) -> bool {
        self.inner.is_healthy().await
    }

    async fn close(&self) -> Result<()> {
        self.inner.close().await
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let rows = Arc::new(AtomicU64::new(0));
    conformance::run_all(async || {
        Arc::new(Metered {
            inner: MemoryStorage::new(),
            rows: Arc::clone(&rows),
        }) as Arc<dyn Storage>
    })
    .await;
    writeln!(
        stdout(),
        "kept all {} promises and counted {} usage rows",
        conformance::CHECKS.len(),
        rows.load(Ordering::Relaxed)
    )
}
