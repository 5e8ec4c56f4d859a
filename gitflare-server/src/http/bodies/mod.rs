//! Bodies of requests and answers that are the server's own: envelopes around the gateway's objects,
//! and what the gateway knows nothing of. Handlers read and write them, the OpenAPI document derives
//! its schemas from them; a doc comment here is a description there.

pub(crate) mod access;
pub(crate) mod account;
pub(crate) mod discovery;
pub(crate) mod testapp;

use gitflare_core::{Canonical, filter::FirewallReport, gateway::PageInfo};
use schemars::JsonSchema;
use serde::Serialize;

/// A page of objects.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "{T}Collection")]
pub(crate) struct Collection<'a, T> {
    /// The objects of the page.
    pub(crate) data: &'a [T],
    /// Continuation of the list.
    pub(crate) page_info: &'a PageInfo,
}

/// A list without pages.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "{T}List")]
pub(crate) struct List<T> {
    /// Objects of the list, complete.
    pub(crate) data: Vec<T>,
}

/// The answer to a unified read.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Unified{T}")]
pub(crate) struct Unified<'a, T> {
    /// The resource or the page of resources.
    pub(crate) data: T,
    /// Continuation of the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) page_info: Option<&'a PageInfo>,
    /// Report of the firewall's work on this answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) firewall: Option<FirewallReport>,
    /// Sources that could not be read; empty when the answer is complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) errors: Option<Vec<Canonical<'a>>>,
}

/// The canonical error.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Error")]
pub(crate) struct CanonicalBody<'a> {
    /// The error.
    pub(crate) error: Canonical<'a>,
}

/// The error of an OAuth endpoint to a form (RFC 6749, section 5.2).
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OauthError")]
pub(crate) struct OauthErrorBody<'a> {
    /// The error code of RFC 6749.
    pub(crate) error: &'a str,
    /// Message of the error.
    pub(crate) error_description: String,
    /// The canonical error.
    pub(crate) gitflare_error: Canonical<'a>,
}
