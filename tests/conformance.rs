//! The storage suite over every backend of this release, and over SQLite files that are opened
//! again: what was acknowledged is there, whatever the suite did.

#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::{
    cell::Cell,
    path::{Path, PathBuf},
    sync::Arc,
};

use gitflare::{
    core::storage::{
        ClientFilter, ConnectionFilter, GrantFilter, ListRange, Storage, TokenFilter, UsageQuery,
        conformance, memory::MemoryStorage,
    },
    server::storage::sqlite::SqliteStorage,
};

#[test]
fn the_firewall_keeps_every_promise_of_a_filter() {
    let found = "It is postgres://ada:Zx9kQ2vT7pLm@db.example/shop until Monday.";
    let rules = gitflare::firewall::FirewallConfig::default();
    gitflare::core::filter::conformance::keeps_every_promise(&rules, found);
}

fn open(dir: &Path) -> Arc<dyn Storage> {
    Arc::new(SqliteStorage::at(dir).unwrap())
}

/// A new folder with every call.
fn folders(root: &Path) -> impl Fn() -> PathBuf {
    let number = Cell::new(0);
    move || {
        number.set(number.get() + 1);
        root.join(number.get().to_string())
    }
}

/// All that the lists of a storage show.
async fn contents(storage: &dyn Storage) -> String {
    let all = ListRange {
        after: None,
        limit: usize::MAX,
    };
    let usage = UsageQuery::default();
    format!(
        "{:#?}",
        (
            storage.tenants().list(all).await.unwrap(),
            storage.clients().list(&ClientFilter::default(), all).await,
            storage
                .connections()
                .list(&ConnectionFilter::default(), all)
                .await,
            storage
                .authorizations()
                .list_grants(&GrantFilter::default(), all)
                .await,
            storage.tokens().list(&TokenFilter::default(), all).await,
            storage.settings().firewall().await,
            storage.settings().key_checks().await,
            storage.audit().list(all).await,
            storage.usage().list(&usage, 0, usize::MAX).await,
        )
    )
}

#[tokio::test]
async fn memory_keeps_every_promise() {
    conformance::run_all(async || Arc::new(MemoryStorage::new()) as Arc<dyn Storage>).await;
}

#[tokio::test]
async fn sqlite_keeps_every_promise() {
    let root = tempfile::tempdir().unwrap();
    let folder = folders(root.path());
    conformance::run_all(async || open(&folder())).await;
}

#[tokio::test]
async fn sqlite_keeps_every_promise_in_a_file_that_is_opened_again() {
    let root = tempfile::tempdir().unwrap();
    let folder = folders(root.path());
    conformance::run_all(async || {
        let dir = folder();
        open(&dir).close().await.unwrap();
        open(&dir)
    })
    .await;
}

#[tokio::test]
async fn what_sqlite_has_acknowledged_is_there_after_a_restart() {
    // sec: DU-2
    let root = tempfile::tempdir().unwrap();
    let folder = folders(root.path());
    for (name, check) in conformance::CHECKS {
        let dir = folder();
        let storage = open(&dir);
        check(&*storage).await;
        let before = contents(&*storage).await;
        storage.close().await.unwrap();
        drop(storage);
        assert_eq!(contents(&*open(&dir)).await, before, "{name}");
    }
}
