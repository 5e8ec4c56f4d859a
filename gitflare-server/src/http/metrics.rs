//! Counters for `GET /metrics` in the OpenMetrics text format, which Prometheus reads. Labels are
//! route templates, methods and statuses; no tenant, client or repository is ever one.

use std::time::Duration;

use http::StatusCode;
use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

use super::route::Route;

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

    /// All metrics in the OpenMetrics text format.
    pub(super) fn page(&self) -> String {
        let mut page = String::with_capacity(16 * 1024);
        // Writing to a string cannot fail.
        text::encode(&mut page, &self.registry).unwrap_or_default();
        page
    }
}

#[cfg(test)]
mod tests {
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
        let page = metrics.page();
        for line in [
            "# TYPE gitflare_http_requests counter",
            r#"gitflare_http_requests_total{method="GET",route="/health",status="200"} 2"#,
            r#"gitflare_http_requests_total{method="none",route="none",status="404"} 1"#,
            r#"gitflare_http_request_duration_seconds_bucket{le="0.0005",method="GET",route="/health"} 0"#,
            r#"gitflare_http_request_duration_seconds_bucket{le="0.001",method="GET",route="/health"} 1"#,
            r#"gitflare_http_request_duration_seconds_bucket{le="+Inf",method="GET",route="/health"} 2"#,
            r#"gitflare_http_request_duration_seconds_sum{method="GET",route="/health"} 60.0007"#,
            "gitflare_connections 0",
            "# EOF",
        ] {
            assert!(page.lines().any(|other| other == line), "{line}\n{page}");
        }
    }
}
