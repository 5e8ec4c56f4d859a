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
        AuditStore, AuthorizationStore, CleanupStore, ClientStore, CodeStore, ConnectionStore,
        DeliveryStore, LinkStore, ProofStore, RequestStore, SealedStore, SessionStore,
        SettingsStore, Storage, SubscriptionStore, TenantStore, TokenStore, UsageQuery, UsageRow,
        UsageStore, UsageSummary, UserStore, conformance, memory::MemoryStorage,
    },
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
}

#[async_trait]
impl Storage for Metered {
    fn usage(&self) -> &dyn UsageStore {
        self
    }

    fn tenants(&self) -> &dyn TenantStore {
        self.inner.tenants()
    }

    fn users(&self) -> &dyn UserStore {
        self.inner.users()
    }

    fn sessions(&self) -> &dyn SessionStore {
        self.inner.sessions()
    }

    fn clients(&self) -> &dyn ClientStore {
        self.inner.clients()
    }

    fn connections(&self) -> &dyn ConnectionStore {
        self.inner.connections()
    }

    fn authorizations(&self) -> &dyn AuthorizationStore {
        self.inner.authorizations()
    }

    fn requests(&self) -> &dyn RequestStore {
        self.inner.requests()
    }

    fn proofs(&self) -> &dyn ProofStore {
        self.inner.proofs()
    }

    fn deliveries(&self) -> &dyn DeliveryStore {
        self.inner.deliveries()
    }

    fn codes(&self) -> &dyn CodeStore {
        self.inner.codes()
    }

    fn tokens(&self) -> &dyn TokenStore {
        self.inner.tokens()
    }

    fn subscriptions(&self) -> &dyn SubscriptionStore {
        self.inner.subscriptions()
    }

    fn links(&self) -> &dyn LinkStore {
        self.inner.links()
    }

    fn cleanup(&self) -> &dyn CleanupStore {
        self.inner.cleanup()
    }

    fn sealed(&self) -> &dyn SealedStore {
        self.inner.sealed()
    }

    fn settings(&self) -> &dyn SettingsStore {
        self.inner.settings()
    }

    fn audit(&self) -> &dyn AuditStore {
        self.inner.audit()
    }

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
