//! GitFlare: one read API over Git hosting, with consent, a firewall and an audit log.
//!
//! This crate is the paved path for Rust services that embed the gateway. [`gateway()`] begins one
//! with the firewall's default rules, [`master_key_file`] keeps its key; everything else stands in the
//! crates that are re-exported here.
//!
//! ```no_run
//! use gitflare::{providers::local::Local, server::storage::sqlite::SqliteStorage};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! # let token = String::new();
//! let gateway = gitflare::gateway()
//!     .storage(SqliteStorage::at("data")?)
//!     .provider(Local::at("/srv/git")?)
//!     .keys(gitflare::master_key_file("data/master.key")?)
//!     .build()
//!     .await?;
//!
//! let reader = gateway.reader(token);
//! let commits = reader.repository("local", "acme/storefront").commits().branch("main");
//! for commit in &commits.clone().limit(50).send().await? {
//!     println!("{} {}", commit.sha, commit.title.as_deref().unwrap_or_default());
//! }
//!
//! let mut all = commits.stream(); // follows the cursors, one page at a time
//! while let Some(commit) = all.try_next().await? {
//!     println!("{}", commit.sha);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//! | feature | what it adds |
//! |---|---|
//! | `providers` (default) | the adapters: GitHub, GitLab, local repositories |
//! | `server` (default) | the HTTP server, its configuration, and the SQLite storage |
//! | `tower` (default) | the server as a tower service, for axum |
//! | `sandbox` (default) | emulated code hosts and sample repositories, in the server |

#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod master_key;

pub use gitflare_core as core;
pub use gitflare_firewall as firewall;
#[cfg(feature = "providers")]
pub use gitflare_providers as providers;
#[cfg(feature = "server")]
pub use gitflare_server as server;

pub use gitflare_core::gateway::{Gateway, GatewayBuilder};
pub use master_key::master_key_file;

/// Begins a gateway whose firewall has the default rules. Storage, a provider and keys are still
/// needed; see [`GatewayBuilder`].
pub fn gateway() -> GatewayBuilder {
    Gateway::builder().firewall(gitflare_firewall::FirewallConfig::default())
}
