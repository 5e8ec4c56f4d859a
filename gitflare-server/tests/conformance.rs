//! The storage suite over every backend of this release.

#![forbid(unsafe_code)]

use std::sync::Arc;

use gitflare_core::storage::{Storage, conformance, memory::MemoryStorage};
use gitflare_server::storage::sqlite::{SqliteConfig, SqliteStorage};

#[tokio::test]
async fn memory_keeps_every_promise() {
    conformance::run_all(async || Arc::new(MemoryStorage::new()) as Arc<dyn Storage>).await;
}

#[tokio::test]
async fn sqlite_keeps_every_promise() {
    let folder = tempfile::tempdir().unwrap();
    let number = std::cell::Cell::new(0);
    conformance::run_all(async || {
        number.set(number.get() + 1);
        let dir = folder.path().join(number.get().to_string());
        Arc::new(
            SqliteStorage::open(&SqliteConfig {
                dir,
                max_pages: None,
            })
            .unwrap(),
        ) as Arc<dyn Storage>
    })
    .await;
}
