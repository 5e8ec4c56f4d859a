//! What the storage tells when `/metrics` is asked: whether it works, what waits in it (deliveries,
//! clean-up, connections that their owners have to connect again), and the token refreshes since it was
//! asked last. What cannot be read is left out of the page, never shown as zero.

use gitflare_core::gateway::Gateway;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct QueueLabels {
    queue: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ProviderLabels {
    provider: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RefreshLabels {
    provider: &'static str,
    outcome: &'static str,
}

/// Gauges of what waits, and the count of refreshes.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    queued: Family<QueueLabels, Gauge>,
    late: Family<QueueLabels, Gauge>,
    to_reconnect: Family<ProviderLabels, Gauge>,
    refreshes: Family<RefreshLabels, Counter>,
    storage_up: Gauge,
}

impl Waiting {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "gitflare_storage_up",
            "1 while the storage can be read and written, as `/health` has it, else 0",
            self.storage_up.clone(),
        );
        registry.register(
            "gitflare_queued",
            "What waits in a queue: deliveries to apps, clean-up at providers",
            self.queued.clone(),
        );
        registry.register(
            "gitflare_late",
            "What has waited in a queue for longer than a minute",
            self.late.clone(),
        );
        registry.register(
            "gitflare_connections_to_reconnect",
            "Connections that their owners have to connect again",
            self.to_reconnect.clone(),
        );
        registry.register(
            "gitflare_token_refreshes",
            "Provider tokens that were renewed, whose renewal was refused, or failed",
            self.refreshes.clone(),
        );
    }

    /// Brings the gauges up to date.
    pub(super) async fn look(&self, gateway: &Gateway) {
        // At once: a database that answers nothing is waited for once, not four times.
        let (is_up, deliveries, cleanups, waiting) = tokio::join!(
            gateway.storage().is_healthy(),
            gateway.delivery_backlog(),
            gateway.queued_cleanups(),
            gateway.connections_to_reconnect(),
        );
        self.storage_up.set(i64::from(is_up));
        let deliveries = deliveries.ok();
        set(
            &self.queued,
            "deliveries",
            deliveries.map(|told| told.queued),
        );
        set(&self.late, "deliveries", deliveries.map(|told| told.late));
        set(&self.queued, "cleanup", cleanups.ok());
        for id in gateway.providers().ids() {
            let provider = id.as_str();
            let labels = ProviderLabels { provider };
            let Ok(waiting) = &waiting else {
                self.to_reconnect.remove(&labels);
                continue;
            };
            let count = waiting.iter().find(|(of, _)| *of == id);
            let count = count.map_or(0, |(_, count)| *count);
            self.to_reconnect.get_or_create(&labels).set(signed(count));
        }
        self.note_refreshes(gateway);
    }

    /// Takes what a gateway has counted, also before another one follows it.
    pub(super) fn note_refreshes(&self, gateway: &Gateway) {
        for (provider, outcome, count) in gateway.take_refreshes() {
            let labels = RefreshLabels {
                provider: provider.as_str(),
                outcome: outcome.as_str(),
            };
            self.refreshes.get_or_create(&labels).inc_by(count);
        }
    }
}

fn set(gauges: &Family<QueueLabels, Gauge>, queue: &'static str, count: Option<u64>) {
    let labels = QueueLabels { queue };
    match count {
        Some(count) => {
            gauges.get_or_create(&labels).set(signed(count));
        }
        None => {
            gauges.remove(&labels);
        }
    }
}

/// As gauges have it.
pub(super) fn signed(number: u64) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}
