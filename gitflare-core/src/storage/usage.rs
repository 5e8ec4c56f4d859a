//! The usage log: one row per unified read with an access token, refusals included. Written off
//! the request path; the last second may be lost in a crash, nothing is lost in an orderly stop.

use async_trait::async_trait;
use serde::Serialize;

use crate::{
    ClientId, LogId, RequestId, Result, TenantId, Timestamp, TokenId, provider::ProviderId,
};

/// One unified read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UsageRow {
    /// Our id of the row.
    pub id: LogId,
    /// When it began.
    pub at: Timestamp,
    /// The request.
    pub request_id: RequestId,
    /// The customer.
    pub tenant_id: TenantId,
    /// The client.
    pub client_id: ClientId,
    /// The token.
    pub token_id: TokenId,
    /// The endpoint's key.
    pub endpoint_key: &'static str,
    /// The HTTP method.
    pub method: &'static str,
    /// The path without query.
    pub path: String,
    /// The provider, where one was named.
    pub provider: Option<ProviderId>,
    /// The provider's own id of the repository, or what the client called it.
    pub repository_id: Option<String>,
    /// The HTTP status of the answer.
    pub status: u16,
    /// The error code, when it failed.
    pub error_code: Option<&'static str>,
    /// Milliseconds until the answer was ready.
    pub duration_ms: u64,
    /// Milliseconds of it spent on the upstream.
    pub upstream_ms: u64,
    /// How many resources were returned.
    pub items: u64,
    /// How many files were stripped.
    pub blocked_files: u64,
    /// How many secrets were hashed.
    pub redacted_secrets: u64,
}

/// Which rows to look at. All members narrow; times are half-open.
#[derive(Clone, Debug, Default)]
pub struct UsageQuery {
    /// Only these customers'; empty is all.
    pub tenants: Vec<TenantId>,
    /// Only these clients'; empty is all.
    pub clients: Vec<ClientId>,
    /// From this moment on.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub to: Option<Timestamp>,
    /// Only this endpoint.
    pub endpoint_key: Option<String>,
    /// Only this provider.
    pub provider: Option<ProviderId>,
    /// Only this repository.
    pub repository_id: Option<String>,
}

impl UsageQuery {
    /// Whether a row is one of those.
    #[must_use]
    pub fn matches(&self, row: &UsageRow) -> bool {
        (self.tenants.is_empty() || self.tenants.contains(&row.tenant_id))
            && (self.clients.is_empty() || self.clients.contains(&row.client_id))
            && self.from.is_none_or(|from| row.at >= from)
            && self.to.is_none_or(|to| row.at < to)
            && self
                .endpoint_key
                .as_deref()
                .is_none_or(|key| row.endpoint_key == key)
            && self
                .provider
                .is_none_or(|provider| row.provider == Some(provider))
            && self
                .repository_id
                .as_ref()
                .is_none_or(|id| row.repository_id.as_ref() == Some(id))
    }
}

/// Counts over some rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    /// What the rows have in common; empty for all of them.
    pub key: String,
    /// How many reads.
    pub requests: u64,
    /// How many of them failed.
    pub errors: u64,
    /// How many files were stripped.
    pub blocked_files: u64,
    /// How many secrets were hashed.
    pub redacted_secrets: u64,
    /// Half of the reads took at most so long; `None` without reads.
    pub p50_ms: Option<u64>,
    /// 95 of 100 reads took at most so long; `None` without reads.
    pub p95_ms: Option<u64>,
}

/// Counts over all rows of a query, and by what they have in common; most requests first. Of
/// the days, the latest ones, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsageSummary {
    /// Over all rows.
    pub totals: Tally,
    /// By endpoint key.
    pub by_endpoint: Vec<Tally>,
    /// By provider.
    pub by_provider: Vec<Tally>,
    /// By client.
    pub by_client: Vec<Tally>,
    /// By repository.
    pub by_repository: Vec<Tally>,
    /// By HTTP status.
    pub by_status: Vec<Tally>,
    /// By day, as `YYYY-MM-DD`.
    pub by_day: Vec<Tally>,
}

/// Keeps the usage log.
#[async_trait]
pub trait UsageStore: Send + Sync {
    /// Queues a row. Waits only when the queue is full: nothing is dropped. An error means that the
    /// row is not queued, and that its read must not be answered.
    async fn record(&self, row: UsageRow) -> Result<()>;

    /// Waits until every row queued before is written.
    async fn flush(&self) -> Result<()>;

    /// Written rows, newest first, from the `offset`-th on, and how many match in all.
    async fn list(
        &self,
        query: &UsageQuery,
        offset: u64,
        limit: usize,
    ) -> Result<(Vec<UsageRow>, u64)>;

    /// Counts over written rows, each list cut at `top`.
    async fn summary(&self, query: &UsageQuery, top: usize) -> Result<UsageSummary>;

    /// Deletes up to `limit` rows from before `before`; how many it were.
    async fn purge(&self, before: Timestamp, limit: usize) -> Result<usize>;
}
