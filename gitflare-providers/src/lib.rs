//! Adapters from each code host's API to the unified resources of `gitflare-core`.
//!
//! To add a provider:
//! 1. add its row to the kinds of [`gitflare_core::provider::ProviderKind`];
//! 2. make a folder named as its id, with the file names the others have (`capabilities`,
//!    `client`, `oauth`, `profile`, `repositories`, `refs`, `commits`, ...); what it cannot serve has
//!    no file;
//! 3. in `client.rs` say how its API is spoken: a `Dialect`, its `Paging`, what its refusals mean; in
//!    the other files a list is one `List` and one wire struct;
//! 4. in `mod.rs` write the table of what it serves (`serve!`), in `capabilities.rs` the operations
//!    that it lacks, with the reason, in `oauth.rs` its paths and scope words;
//! 5. write its reads as a table (`tests/github/table.rs` is one), over which the suite of the
//!    `conformance` module runs.
//!
//! Nothing here knows tenants, tokens of ours, cursors' seals or the firewall.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod bitbucket;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod dialect;
mod diff_files;
mod git_diff;
pub mod github;
pub mod gitlab;
mod hooks;
mod http;
mod listing;
pub mod local;
mod oauth;
mod oauth_tokens;
mod pagination;
mod patch;
mod pinned;
mod quotas;
mod request;
mod serve;
mod upstream;
mod upstream_answer;
mod upstream_error;
mod wire;

pub use http::{Callbacks, Http, HttpConfig};
pub use oauth::OauthConfig;
