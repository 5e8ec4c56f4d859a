//! Adapters from each code host's API to the unified resources of `gitflare-core`.
//!
//! An adapter is made over the one outbound client and given to a gateway:
//!
//! ```
//! # #[cfg(all(feature = "github", feature = "gitlab"))] {
//! use gitflare_core::provider::{Endpoint, Provider};
//! use gitflare_providers::{Http, HttpConfig, github::Github, gitlab::Gitlab};
//!
//! let http = Http::new(&HttpConfig::default())?;
//! let github = Github::new(http.clone(), "https://api.github.com")?;
//! let gitlab = Gitlab::new(http, "https://gitlab.example.com/api/v4")?;
//! let provider: &dyn Provider = &github;
//! assert!(provider.support(Endpoint::Commits).reason().is_none());
//! // Addresses of this machine's networks are refused unless the operator names them.
//! assert!(Github::new(Http::new(&HttpConfig::default())?, "https://10.0.0.7/api/v3").is_err());
//! # let _ = gitlab;
//! # }
//! # Ok::<(), gitflare_core::Error>(())
//! ```
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
//! Each adapter is a feature of its name: add it to the manifests of this crate, of the server and of
//! `gitflare`. Nothing here knows tenants, tokens of ours, cursors' seals or the firewall.

#![forbid(unsafe_code)]
#![deny(missing_docs)]
// What adapters share is unused where those that share it are left out.
#![cfg_attr(
    not(all(
        feature = "azure",
        feature = "bitbucket",
        feature = "gitflic",
        feature = "github",
        feature = "gitlab"
    )),
    allow(dead_code, unused_imports, reason = "adapters are left out")
)]

#[cfg(feature = "azure")]
pub mod azure;
#[cfg(feature = "bitbucket")]
pub mod bitbucket;
#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(feature = "http")]
mod dialect;
#[cfg(feature = "http")]
mod diff_files;
#[cfg(feature = "http")]
mod file;
#[cfg(feature = "http")]
mod git_diff;
#[cfg(feature = "gitflic")]
pub mod gitflic;
#[cfg(feature = "github")]
pub mod github;
#[cfg(feature = "gitlab")]
pub mod gitlab;
#[cfg(feature = "http")]
mod graphql;
#[cfg(feature = "http")]
mod hooks;
#[cfg(feature = "http")]
mod http;
#[cfg(feature = "http")]
mod lenient;
#[cfg(feature = "http")]
mod listing;
#[cfg(feature = "local")]
pub mod local;
#[cfg(feature = "http")]
mod moved;
#[cfg(feature = "http")]
mod oauth;
#[cfg(feature = "http")]
mod oauth_tokens;
#[cfg(feature = "http")]
mod pagination;
#[cfg(feature = "http")]
mod patch;
#[cfg(feature = "http")]
mod phases;
#[cfg(feature = "http")]
mod pinned;
#[cfg(feature = "http")]
mod quotas;
#[cfg(feature = "http")]
mod request;
#[cfg(any(
    feature = "azure",
    feature = "bitbucket",
    feature = "gitflic",
    feature = "github",
    feature = "gitlab"
))]
mod serve;
#[cfg(feature = "http")]
mod trail;
#[cfg(feature = "http")]
mod upstream;
#[cfg(feature = "http")]
mod upstream_answer;
#[cfg(feature = "http")]
mod upstream_error;
#[cfg(feature = "http")]
mod wire;

#[cfg(feature = "http")]
pub use http::{
    Callbacks, Documents, FoundDocument, Http, HttpConfig, Loopback, LoopbackAnswer, tls, use_pool,
};
#[cfg(feature = "http")]
pub use oauth::OauthConfig;
