//! The report of the test app's probes, as JSON.

use std::time::Duration;

use gitflare_core::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// The outcome of one probe.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ProbeOutcome")]
pub(crate) struct Outcome {
    /// The key of the operation that was called.
    pub(crate) endpoint_key: &'static str,
    /// The id of the repository; `None` for operations without one.
    pub(crate) repository_id: Option<String>,
    /// The HTTP status of the last answer.
    pub(crate) status: u16,
    /// The error code of the last answer; `None` for a success.
    pub(crate) error_code: Option<String>,
    /// The request id of the last answer; `None` when there was none.
    pub(crate) request_id: Option<String>,
    /// The number of items that were read.
    pub(crate) items: u64,
    /// The number of pages that were read.
    pub(crate) pages: u32,
    /// The duration of all calls in milliseconds.
    pub(crate) duration_ms: u128,
    /// The repository's full name, for the page; the id where the name is not known.
    #[serde(skip)]
    pub(crate) repository: Option<String>,
    /// The duration of all calls, for the page.
    #[serde(skip)]
    pub(crate) took: Duration,
    /// The first page's data, for the probes that need an id out of it.
    #[serde(skip)]
    pub(crate) first: Value,
}

/// The report of a run of probes.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ProbeReport")]
pub(crate) struct Report {
    /// Start of the run.
    pub(crate) started_at: Timestamp,
    /// The duration of the run in milliseconds.
    pub(crate) duration_ms: u128,
    /// The outcome of each probe, in order.
    pub(crate) results: Vec<Outcome>,
}
