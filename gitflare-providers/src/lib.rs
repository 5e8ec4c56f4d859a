//! Adapters from each code host's API to the unified resources of `gitflare-core`.
//!
//! To add a provider:
//! 1. add its row to [`gitflare_core::provider::ProviderId`];
//! 2. make a folder named as its id, with the file names the others have (`capabilities`,
//!    `profile`, `repositories`, `refs`, `commits`, ...); what it cannot serve has no file;
//! 3. implement [`gitflare_core::provider::Provider`] in its `mod.rs` as one-line delegations, and
//!    give every endpoint a row in `capabilities.rs`;
//! 4. run the suite of the `conformance` module over it.
//!
//! Nothing here knows tenants, tokens of ours, cursors' seals or the firewall.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod github;
pub mod gitlab;
mod hooks;
mod http;
mod listing;
pub mod local;
mod oauth;
mod pagination;
mod patch;
mod pinned;
mod quotas;
mod upstream;
mod upstream_error;
mod wire;

pub use http::{Callbacks, Http, HttpConfig};
pub use oauth::OauthConfig;
