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
    /// Where the list goes on.
    pub(crate) page_info: &'a PageInfo,
}

/// A whole list.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "{T}List")]
pub(crate) struct List<T> {
    /// The objects.
    pub(crate) data: Vec<T>,
}

/// The answer to a unified read.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Unified{T}")]
pub(crate) struct Unified<'a, T> {
    /// What was read.
    pub(crate) data: T,
    /// Where the list goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) page_info: Option<&'a PageInfo>,
    /// What the firewall did to this page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) firewall: Option<FirewallReport>,
    /// What is missing from this answer; empty when nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) errors: Option<Vec<Canonical<'a>>>,
}

/// The canonical error.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Error")]
pub(crate) struct CanonicalBody<'a> {
    /// What failed.
    pub(crate) error: Canonical<'a>,
}

/// The error of an OAuth endpoint to a form (RFC 6749, section 5.2).
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OauthError")]
pub(crate) struct OauthErrorBody<'a> {
    /// The error code of RFC 6749.
    pub(crate) error: &'a str,
    /// What failed, for people.
    pub(crate) error_description: String,
    /// The canonical error.
    pub(crate) gitflare_error: Canonical<'a>,
}
