//! The usage log: one row per unified read with an access token, refusals included. A row is handed
//! to the operating system before its read is answered, so that the end of the process loses none
//! that was answered; when the machine fails, the last second may be lost.
//!
//! What every backend can share is here: counts that add up (`rollup.rs`), rows as bytes
//! (`packed.rs`). A backend seals the rows of an hour that is over, and keeps its counts by client
//! and hour, by client and day, and by tenant and day: then no summary and no page costs what other
//! people's rows do.

mod bytes;
mod histogram;
mod packed;
mod rollup;

use std::ops::RangeInclusive;

use async_trait::async_trait;
use serde::Serialize;

pub use packed::{Pack, PackedRow, pack};
pub use rollup::{SummaryBuilder, UsageFacts, UsageRollup};

use crate::{
    ClientId, LogId, RequestId, Result, TenantId, Timestamp, TokenId, provider::ProviderId,
};

/// One unified read, as it is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct UsageRow {
    /// Our id of the row.
    pub id: LogId,
    /// Time of the request.
    pub at: Timestamp,
    /// The id of the request, as sent in `x-request-id`.
    pub request_id: RequestId,
    /// The tenant whose data was read.
    pub tenant_id: TenantId,
    /// The client that read.
    pub client_id: ClientId,
    /// The id of the token that was presented.
    pub token_id: TokenId,
    /// The key of the operation, such as `commits.list`.
    pub endpoint_key: &'static str,
    /// The HTTP method, such as `GET`.
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
    /// Milliseconds until the answer was ready, a begun one counted.
    pub duration_ms: u64,
    /// Milliseconds of it spent on the upstream, a begun one counted: 0 where none was called.
    pub upstream_ms: u64,
    /// Number of resources returned.
    pub items: u64,
    /// Number of files stripped by the firewall.
    pub blocked_files: u64,
    /// Number of secrets replaced by their hash.
    pub redacted_secrets: u64,
}

/// Filter of usage rows. All members narrow; times are half-open.
#[derive(Clone, Debug, Default)]
pub struct UsageQuery {
    /// Only these customers'; empty is all.
    pub tenants: Vec<TenantId>,
    /// Only these clients'; empty is all.
    pub clients: Vec<ClientId>,
    /// Only rows from this moment on.
    pub from: Option<Timestamp>,
    /// Only rows before this moment.
    pub to: Option<Timestamp>,
    /// Only rows of this operation, by key.
    pub endpoint_key: Option<String>,
    /// Only rows of this provider.
    pub provider: Option<ProviderId>,
    /// Only rows of this repository, by the provider's id.
    pub repository_id: Option<String>,
    /// Only the rows that this request left.
    pub request_id: Option<RequestId>,
    /// Only rows whose HTTP status is among these.
    pub statuses: Option<RangeInclusive<u16>>,
    /// Only rows with this error code, by name.
    pub error_code: Option<String>,
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
            && self
                .request_id
                .as_ref()
                .is_none_or(|id| *id == row.request_id)
            && self
                .statuses
                .as_ref()
                .is_none_or(|statuses| statuses.contains(&row.status))
            && self
                .error_code
                .as_deref()
                .is_none_or(|code| row.error_code == Some(code))
    }

    /// Whether it asks for some of its owners' rows alone, so that counts do not answer it.
    #[must_use]
    pub const fn is_narrowed(&self) -> bool {
        self.endpoint_key.is_some()
            || self.provider.is_some()
            || self.repository_id.is_some()
            || self.request_id.is_some()
            || self.statuses.is_some()
            || self.error_code.is_some()
    }
}

/// Counts over all reads of a period.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct UsageTotals {
    /// The number of reads, refused ones included.
    pub requests: u64,
    /// The number of reads that were answered with an error.
    pub errors: u64,
    /// The number of files and tree entries that the firewall stripped.
    pub blocked_files: u64,
    /// The number of secrets that the firewall hashed.
    pub redacted_secrets: u64,
    /// The median duration in milliseconds: exact below 64, above it less than 1/32 more than the
    /// truth; `None` without reads.
    pub p50_ms: Option<u64>,
    /// The 95th percentile of the duration in milliseconds, as exact as the median; `None` without
    /// reads.
    pub p95_ms: Option<u64>,
}

/// Counts over the reads that have one value in common.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Tally {
    /// The value that the reads have in common.
    pub key: String,
    /// The number of reads, refused ones included.
    pub requests: u64,
    /// The number of reads that were answered with an error.
    pub errors: u64,
    /// The median duration in milliseconds.
    pub p50_ms: Option<u64>,
    /// The 95th percentile of the duration in milliseconds.
    pub p95_ms: Option<u64>,
}

/// Counts over all reads of a query, and over those with one value in common: the values with the
/// most reads first, but days in order, the latest ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct UsageSummary {
    /// Counts over all reads.
    pub totals: UsageTotals,
    /// Counts by the operation's key, such as `commits.list`.
    pub by_endpoint: Vec<Tally>,
    /// Counts by provider id.
    pub by_provider: Vec<Tally>,
    /// Counts by client id.
    pub by_client: Vec<Tally>,
    /// Counts by repository id.
    pub by_repository: Vec<Tally>,
    /// Counts by HTTP status.
    pub by_status: Vec<Tally>,
    /// Counts by day, as `YYYY-MM-DD`.
    pub by_day: Vec<Tally>,
}

/// Stores usage rows and counts them.
#[async_trait]
pub trait UsageStore: Send + Sync {
    /// Keeps a row: when it is done, the end of the process does not lose it. Waits only when too
    /// many rows are still to be stored: nothing is dropped. An error means that the row is not kept,
    /// and that its read must not be answered.
    async fn record(&self, row: UsageRow) -> Result<()>;

    /// Waits until every row recorded before can be listed.
    async fn flush(&self) -> Result<()>;

    /// Rows, newest first, from the `offset`-th on, and how many match in all.
    async fn list(
        &self,
        query: &UsageQuery,
        offset: u64,
        limit: usize,
    ) -> Result<(Vec<UsageRow>, u64)>;

    /// Counts over rows, each list cut at `top`.
    async fn summary(&self, query: &UsageQuery, top: usize) -> Result<UsageSummary>;

    /// Lets nobody see rows from before `before` any more, rounded down to the hour, and deletes
    /// about `limit` of them; how many it were, 0 when none is left.
    async fn purge(&self, before: Timestamp, limit: usize) -> Result<usize>;

    /// Counts anew what the backend has counted ahead, from the rows alone, and tells `progress`
    /// after each step how many of how many rows are done. A rebuild that was cut off is done again
    /// from the beginning.
    async fn rebuild(&self, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<()>;
}
