//! Counters for `GET /metrics` in the Prometheus text format. Labels are route templates, methods
//! and statuses; no tenant, client or repository is ever one.

use std::{
    fmt::Write,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use http::StatusCode;

use super::route::Route;

/// The statuses that we answer with; any other is counted in the last place.
const STATUSES: [u16; 20] = [
    200, 201, 204, 303, 400, 401, 403, 404, 405, 408, 410, 413, 414, 415, 429, 431, 500, 501, 503,
    504,
];
/// Upper bounds of the duration histogram, in microseconds.
const BUCKETS: [u64; 11] = [
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 100_000, 500_000, 1_000_000, 5_000_000, 25_000_000,
];

/// Everything that is counted.
#[derive(Debug)]
pub(super) struct Metrics {
    table: &'static [Route],
    /// One row per route; the last is for what has none.
    routes: Vec<RouteCounters>,
    connections: AtomicU64,
    connections_opened: AtomicU64,
    connections_refused: AtomicU64,
}

#[derive(Debug, Default)]
struct RouteCounters {
    statuses: [AtomicU64; STATUSES.len() + 1],
    buckets: [AtomicU64; BUCKETS.len() + 1],
    micros: AtomicU64,
}

impl Metrics {
    /// Counters for each route of a table.
    pub(super) fn new(table: &'static [Route]) -> Self {
        Self {
            table,
            routes: (0..=table.len())
                .map(|_| RouteCounters::default())
                .collect(),
            connections: AtomicU64::new(0),
            connections_opened: AtomicU64::new(0),
            connections_refused: AtomicU64::new(0),
        }
    }

    pub(super) fn connection_opened(&self) {
        self.connections.fetch_add(1, Relaxed);
        self.connections_opened.fetch_add(1, Relaxed);
    }

    pub(super) fn connection_closed(&self) {
        self.connections.fetch_sub(1, Relaxed);
    }

    pub(super) fn connection_refused(&self) {
        self.connections_refused.fetch_add(1, Relaxed);
    }

    /// Counts an answered request; `route` is a position in the table.
    pub(super) fn request_finished(
        &self,
        route: Option<usize>,
        status: StatusCode,
        elapsed: Duration,
    ) {
        let row = &self.routes[route.unwrap_or(self.routes.len() - 1)];
        let status = STATUSES
            .iter()
            .position(|&known| known == status.as_u16())
            .unwrap_or(STATUSES.len());
        row.statuses[status].fetch_add(1, Relaxed);
        let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        let bucket = BUCKETS
            .iter()
            .position(|&bound| micros <= bound)
            .unwrap_or(BUCKETS.len());
        row.buckets[bucket].fetch_add(1, Relaxed);
        row.micros.fetch_add(micros, Relaxed);
    }

    /// The page.
    pub(super) fn page(&self) -> String {
        let mut page = String::with_capacity(16 * 1024);
        self.write(&mut page)
            // Writing to a string cannot fail.
            .unwrap_or_default();
        page
    }

    fn write(&self, page: &mut String) -> std::fmt::Result {
        let singles = [
            (
                "gitflare_connections",
                "gauge",
                "Open connections.",
                &self.connections,
            ),
            (
                "gitflare_connections_opened_total",
                "counter",
                "Connections that were accepted.",
                &self.connections_opened,
            ),
            (
                "gitflare_connections_refused_total",
                "counter",
                "Connections that were closed because there were too many.",
                &self.connections_refused,
            ),
        ];
        for (name, kind, help, value) in singles {
            head(page, name, kind, help)?;
            writeln!(page, "{name} {}", value.load(Relaxed))?;
        }
        head(
            page,
            "gitflare_http_requests_total",
            "counter",
            "Answered requests.",
        )?;
        for (index, row) in self.routes.iter().enumerate() {
            let labels = self.labels(index);
            for (place, count) in row.statuses.iter().enumerate() {
                let count = count.load(Relaxed);
                if count > 0 {
                    let status = STATUSES
                        .get(place)
                        .map_or_else(|| "other".to_owned(), u16::to_string);
                    writeln!(
                        page,
                        "gitflare_http_requests_total{{{labels},status=\"{status}\"}} {count}"
                    )?;
                }
            }
        }
        self.write_durations(page)
    }

    fn write_durations(&self, page: &mut String) -> std::fmt::Result {
        const NAME: &str = "gitflare_http_request_duration_seconds";
        head(
            page,
            NAME,
            "histogram",
            "From a request's head to its answer.",
        )?;
        for (index, row) in self.routes.iter().enumerate() {
            let counts = row.buckets.each_ref().map(|count| count.load(Relaxed));
            let total: u64 = counts.iter().sum();
            if total == 0 {
                continue;
            }
            let labels = self.labels(index);
            let mut below = 0;
            for (bound, count) in BUCKETS.iter().zip(counts) {
                below += count;
                let bound = seconds(*bound);
                writeln!(page, "{NAME}_bucket{{{labels},le=\"{bound}\"}} {below}")?;
            }
            writeln!(page, "{NAME}_bucket{{{labels},le=\"+Inf\"}} {total}")?;
            let sum = seconds(row.micros.load(Relaxed));
            writeln!(page, "{NAME}_sum{{{labels}}} {sum}")?;
            writeln!(page, "{NAME}_count{{{labels}}} {total}")?;
        }
        Ok(())
    }

    fn labels(&self, index: usize) -> String {
        self.table.get(index).map_or_else(
            || "method=\"none\",route=\"none\"".to_owned(),
            |route| {
                let (method, route) = (route.method.as_str(), route.template());
                format!("method=\"{method}\",route=\"{route}\"")
            },
        )
    }
}

fn head(page: &mut String, name: &str, kind: &str, help: &str) -> std::fmt::Result {
    writeln!(page, "# HELP {name} {help}\n# TYPE {name} {kind}")
}

fn seconds(micros: u64) -> f64 {
    std::time::Duration::from_micros(micros).as_secs_f64()
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
        metrics.request_finished(None, StatusCode::IM_A_TEAPOT, Duration::ZERO);
        let page = metrics.page();
        for line in [
            r#"gitflare_http_requests_total{method="GET",route="/health",status="200"} 2"#,
            r#"gitflare_http_requests_total{method="none",route="none",status="other"} 1"#,
            r#"gitflare_http_request_duration_seconds_bucket{method="GET",route="/health",le="0.0005"} 0"#,
            r#"gitflare_http_request_duration_seconds_bucket{method="GET",route="/health",le="0.001"} 1"#,
            r#"gitflare_http_request_duration_seconds_bucket{method="GET",route="/health",le="+Inf"} 2"#,
            r#"gitflare_http_request_duration_seconds_sum{method="GET",route="/health"} 60.0007"#,
            "gitflare_connections 0",
        ] {
            assert!(page.lines().any(|other| other == line), "{line}\n{page}");
        }
    }
}
