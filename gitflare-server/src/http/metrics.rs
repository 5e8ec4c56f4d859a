//! What `GET /metrics` shows in the OpenMetrics text format, which Prometheus reads. Labels are route
//! templates, methods, statuses, providers, operations and error codes; no tenant, client or
//! repository is ever one.

use std::time::Duration;

use gitflare_core::{
    Code,
    filter::FirewallReport,
    gateway::{DeliveryOutcome, ReadFacts, UnifiedReply},
    provider::{Endpoint, ProviderId},
};
use http::StatusCode;
use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

use super::{
    backlog::{Waiting, signed},
    route::Route,
    standing::Standing,
};
use crate::process;

/// The media type of [`Metrics::page`].
pub(super) const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper bounds of the duration histogram, in seconds.
const BUCKETS: [f64; 11] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1.0, 5.0, 25.0,
];

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RouteLabels {
    method: &'static str,
    route: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: &'static str,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ReadLabels {
    provider: &'static str,
    operation: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct DeliveryLabels {
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct StorageLabels {
    operation: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct FileLabels {
    file: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct BuildLabels {
    version: &'static str,
    /// Empty where it is not known.
    commit: &'static str,
}

/// Everything that is counted.
#[derive(Debug)]
pub(super) struct Metrics {
    table: &'static [Route],
    registry: Registry,
    connections: Gauge,
    connections_opened: Counter,
    connections_refused: Counter,
    requests: Family<RequestLabels, Counter>,
    durations: Family<RouteLabels, Histogram, fn() -> Histogram>,
    reads: Family<ReadLabels, Counter>,
    pub(super) standing: Standing,
    pub(super) waiting: Waiting,
    storage: Family<StorageLabels, Histogram, fn() -> Histogram>,
    deliveries: Family<DeliveryLabels, Counter>,
    given_up: Counter,
    withheld_files: Counter,
    hidden_secrets: Counter,
    file_sizes: Family<FileLabels, Gauge>,
    resident: Gauge,
    open_files: Gauge,
    threads: Gauge,
}

impl Metrics {
    /// Counters of zero for a route table.
    pub(super) fn new(table: &'static [Route]) -> Self {
        let histogram: fn() -> Histogram = || Histogram::new(BUCKETS);
        let metrics = Self {
            table,
            registry: Registry::default(),
            connections: Gauge::default(),
            connections_opened: Counter::default(),
            connections_refused: Counter::default(),
            requests: Family::default(),
            durations: Family::new_with_constructor(histogram),
            reads: Family::default(),
            standing: Standing::default(),
            waiting: Waiting::default(),
            storage: Family::new_with_constructor(histogram),
            deliveries: Family::default(),
            given_up: Counter::default(),
            withheld_files: Counter::default(),
            hidden_secrets: Counter::default(),
            file_sizes: Family::default(),
            resident: Gauge::default(),
            open_files: Gauge::default(),
            threads: Gauge::default(),
        };
        metrics.registered()
    }

    /// Names them; OpenMetrics adds `_total` to counters and the full stop to the help.
    fn registered(mut self) -> Self {
        let registry = &mut self.registry;
        registry.register(
            "gitflare_connections",
            "Open connections",
            self.connections.clone(),
        );
        registry.register(
            "gitflare_connections_opened",
            "Connections that were accepted",
            self.connections_opened.clone(),
        );
        registry.register(
            "gitflare_connections_refused",
            "Connections that were closed because there were too many",
            self.connections_refused.clone(),
        );
        registry.register(
            "gitflare_http_requests",
            "Answered requests",
            self.requests.clone(),
        );
        registry.register(
            "gitflare_http_request_duration_seconds",
            "From a request's head to its answer",
            self.durations.clone(),
        );
        self.reads_registered().process_registered()
    }

    fn reads_registered(mut self) -> Self {
        let registry = &mut self.registry;
        registry.register(
            "gitflare_reads",
            "Unified reads by provider, operation and outcome: ok, or the code of the error",
            self.reads.clone(),
        );
        self.standing.register(registry);
        registry.register(
            "gitflare_deliveries",
            "Attempts to deliver an event: accepted by the app, refused by it, or not reached",
            self.deliveries.clone(),
        );
        registry.register(
            "gitflare_deliveries_given_up",
            "Deliveries that are not tried again",
            self.given_up.clone(),
        );
        self.waiting.register(registry);
        registry.register(
            "gitflare_storage_duration_seconds",
            "Time that the storage took in a read: to find the token, to keep the read's rows",
            self.storage.clone(),
        );
        registry.register(
            "gitflare_firewall_withheld_files",
            "Files that the firewall withheld",
            self.withheld_files.clone(),
        );
        registry.register(
            "gitflare_firewall_hidden_secrets",
            "Secrets that the firewall replaced by their tags",
            self.hidden_secrets.clone(),
        );
        self
    }

    /// The names of the process are those that Prometheus' own clients use.
    fn process_registered(mut self) -> Self {
        let registry = &mut self.registry;
        let build = Family::<BuildLabels, Gauge>::default();
        let labels = BuildLabels {
            version: env!("CARGO_PKG_VERSION"),
            commit: env!("BUILD_REVISION"),
        };
        build.get_or_create(&labels).set(1);
        registry.register("gitflare_build_info", "The version that runs", build);
        registry.register(
            "gitflare_storage_file_size_bytes",
            "Size of the database files",
            self.file_sizes.clone(),
        );
        registry.register(
            "process_resident_memory_bytes",
            "Memory that is in use",
            self.resident.clone(),
        );
        registry.register(
            "process_open_fds",
            "Open files and sockets",
            self.open_files.clone(),
        );
        registry.register("process_threads", "Threads", self.threads.clone());
        self
    }

    pub(super) fn connection_opened(&self) {
        self.connections.inc();
        self.connections_opened.inc();
    }

    pub(super) fn connection_closed(&self) {
        self.connections.dec();
    }

    pub(super) fn connection_refused(&self) {
        self.connections_refused.inc();
    }

    /// Counts an answered request; `route` is a position in the table, `None` where no row fits.
    pub(super) fn request_finished(
        &self,
        route: Option<usize>,
        status: StatusCode,
        elapsed: Duration,
    ) {
        let row = route.and_then(|index| self.table.get(index));
        let (method, route) = row.map_or(("none", "none"), |route| {
            (route.method.as_str(), route.template())
        });
        let labels = RequestLabels {
            method,
            route,
            status: status.as_u16(),
        };
        self.requests.get_or_create(&labels).inc();
        let duration = self.durations.get_or_create(&RouteLabels { method, route });
        duration.observe(elapsed.as_secs_f64());
    }

    /// Counts a unified read.
    pub(super) fn read_finished(
        &self,
        facts: &ReadFacts,
        endpoint: Endpoint,
        result: &gitflare_core::Result<UnifiedReply>,
    ) {
        let provider = facts.provider;
        self.standing.note(provider, result);
        let lookup = facts.lookup.map(|time| ("find_token", time));
        for (operation, time) in lookup.into_iter().chain([("keep_rows", facts.recording)]) {
            let duration = self.storage.get_or_create(&StorageLabels { operation });
            duration.observe(time.as_secs_f64());
        }
        let outcome = match result {
            Ok(reply) => Ok(reply.data.report()),
            Err(error) => Err(error.code()),
        };
        self.count_read(provider, endpoint, outcome);
    }

    fn count_read(
        &self,
        provider: Option<ProviderId>,
        endpoint: Endpoint,
        outcome: Result<FirewallReport, Code>,
    ) {
        let labels = ReadLabels {
            provider: provider.map_or("none", ProviderId::as_str),
            operation: endpoint.key(),
            outcome: outcome.map_or_else(Code::name, |_| "ok"),
        };
        self.reads.get_or_create(&labels).inc();
        let report = outcome.unwrap_or_default();
        self.withheld_files.inc_by(report.blocked_files);
        self.hidden_secrets.inc_by(report.redacted_secrets);
    }

    /// Counts an attempt to deliver an event.
    pub(super) fn delivery_tried(&self, outcome: &DeliveryOutcome) {
        let outcome = match outcome {
            DeliveryOutcome::Answered { status, .. } if (200..300).contains(status) => "accepted",
            DeliveryOutcome::Answered { .. } => "refused",
            DeliveryOutcome::Failed => "unreachable",
        };
        let labels = DeliveryLabels { outcome };
        self.deliveries.get_or_create(&labels).inc();
    }

    /// Counts a delivery that is given up.
    pub(super) fn delivery_given_up(&self) {
        self.given_up.inc();
    }

    /// All metrics in the OpenMetrics text format, with the storage's files as they are now.
    pub(super) fn page(&self, files: &[(&'static str, u64)]) -> String {
        for (file, bytes) in files {
            let size = self.file_sizes.get_or_create(&FileLabels { file });
            size.set(signed(*bytes));
        }
        let usage = process::usage();
        self.resident.set(usage.resident_bytes.map_or(0, signed));
        self.open_files.set(usage.open_files.map_or(0, signed));
        self.threads.set(usage.threads.map_or(0, signed));
        let mut page = String::with_capacity(16 * 1024);
        // Writing to a string cannot fail.
        text::encode(&mut page, &self.registry).unwrap_or_default();
        page
    }
}

#[cfg(test)]
mod tests {
    use gitflare_core::Error;

    use super::{super::ROUTES, *};

    #[test]
    fn the_page_counts_requests_by_route_and_status() {
        let metrics = Metrics::new(ROUTES);
        let health = ROUTES
            .iter()
            .position(|route| route.template() == "/health");
        metrics.request_finished(health, StatusCode::OK, Duration::from_micros(700));
        metrics.request_finished(health, StatusCode::OK, Duration::from_secs(60));
        metrics.request_finished(None, StatusCode::NOT_FOUND, Duration::ZERO);
        let report = FirewallReport {
            blocked_files: 1,
            redacted_secrets: 3,
        };
        let github = Some(ProviderId::GITHUB);
        metrics.count_read(github, Endpoint::Commits, Ok(report));
        let limited = Error::upstream(Code::RateLimited, ProviderId::GITHUB, "no");
        let facts = ReadFacts {
            provider: github,
            lookup: Some(Duration::from_millis(2)),
            recording: Duration::from_micros(700),
            ..ReadFacts::default()
        };
        metrics.read_finished(&facts, Endpoint::Commits, &Err(limited));
        metrics.delivery_given_up();
        metrics.delivery_tried(&DeliveryOutcome::Failed);
        metrics.count_read(None, Endpoint::Profile, Ok(FirewallReport::default()));
        let page = metrics.page(&[("gitflare.sqlite", 4096)]);
        for line in [
            "# TYPE gitflare_http_requests counter",
            r#"gitflare_http_requests_total{method="GET",route="/health",status="200"} 2"#,
            r#"gitflare_http_requests_total{method="none",route="none",status="404"} 1"#,
            r#"gitflare_http_request_duration_seconds_bucket{le="0.0005",method="GET",route="/health"} 0"#,
            r#"gitflare_http_request_duration_seconds_bucket{le="0.001",method="GET",route="/health"} 1"#,
            r#"gitflare_http_request_duration_seconds_bucket{le="+Inf",method="GET",route="/health"} 2"#,
            r#"gitflare_http_request_duration_seconds_sum{method="GET",route="/health"} 60.0007"#,
            "gitflare_connections 0",
            r#"gitflare_reads_total{provider="github",operation="commits.list",outcome="ok"} 1"#,
            r#"gitflare_reads_total{provider="github",operation="commits.list",outcome="RATE_LIMITED"} 1"#,
            r#"gitflare_deliveries_total{outcome="unreachable"} 1"#,
            "gitflare_deliveries_given_up_total 1",
            r#"gitflare_storage_duration_seconds_bucket{le="0.001",operation="find_token"} 0"#,
            r#"gitflare_storage_duration_seconds_bucket{le="0.0025",operation="find_token"} 1"#,
            r#"gitflare_storage_duration_seconds_bucket{le="0.001",operation="keep_rows"} 1"#,
            "gitflare_firewall_withheld_files_total 1",
            "gitflare_firewall_hidden_secrets_total 3",
            r#"gitflare_storage_file_size_bytes{file="gitflare.sqlite"} 4096"#,
            concat!(
                r#"gitflare_build_info{version=""#,
                env!("CARGO_PKG_VERSION"),
                r#"",commit=""#,
                env!("BUILD_REVISION"),
                r#""} 1"#
            ),
            "# EOF",
        ] {
            assert!(page.lines().any(|other| other == line), "{line}\n{page}");
        }
    }
}
