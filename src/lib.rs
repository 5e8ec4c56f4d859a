//! GitFlare: one read API over Git hosting, with consent, a firewall and an audit log.
//!
//! This crate is the paved path for Rust services that embed the gateway. [`gateway()`] begins one
//! with the firewall's default rules, [`master_key_file`] keeps its key; everything else stands in the
//! crates that are re-exported here.
//!
//! ```no_run
//! use gitflare::{providers::local::Local, sqlite::SqliteStorage};
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
//! The token is what a customer's approval gives: a consent page issues it over HTTP, and code that may
//! approve for its own customers makes tenant, client, connection and grant, then calls
//! [`Gateway::issue_for`](core::gateway::Gateway::issue_for): `examples/embed_gateway.rs` does, in one
//! function. A reader borrows its gateway; [`Gateway::shared_reader`](core::gateway::Gateway::shared_reader)
//! gives one to keep.
//!
//! A server elsewhere is read by the same methods: `client`, by the feature of its name.
//!
//! # What runs beside
//! A mounted surface has it all in one handle (`Service::background`). Who reads in process alone calls
//! [`Gateway::delete_expired`](core::gateway::Gateway::delete_expired) every minute (tokens, sessions,
//! usage and audit rows that are over) and [`Gateway::clean_up`](core::gateway::Gateway::clean_up)
//! (tokens to revoke at providers). Nothing has to be closed: a row is written before its answer leaves.
//!
//! # Parts of one's own
//! A code host is a [`core::provider::Provider`], a storage a [`core::storage::Storage`], a firewall
//! [`core::filter::FilterRules`], a limit of reads a [`core::gateway::Admission`]. The feature
//! `conformance` exports the suite that holds each to what the gateway relies on:
//! `providers::conformance`, `core::storage::conformance`, `core::filter::conformance`,
//! `core::gateway::conformance`. Several code hosts of one kind are told apart by
//! [`core::provider::Instance`], which gives an adapter an id and a name of its own.
//!
//! In a debug build the firewall is slow; `[profile.dev.package.gitflare-firewall] opt-level = 2` in the
//! workspace that embeds it mends that.
//!
//! # Features
//! All are on by default. Without any there is the core with the firewall: no socket, no database and
//! no async runtime. A test counts the packages that each set brings, and holds them to this table.
//!
//! | feature | what it adds | packages, at most |
//! |---|---|--:|
//! | (none) | the gateway, memory as its storage, the firewall | 65 |
//! | `github` | this adapter, over the one HTTP client | 162 |
//! | `gitlab` | the same | 162 |
//! | `bitbucket` | the same | 162 |
//! | `azure` | the same, with the diffs of `local` | 250 |
//! | `gitflic` | the same | 162 |
//! | `local` | the adapter of local Git repositories | 165 |
//! | `hosts` | every adapter | 250 |
//! | `conformance` | the suites for parts of one's own, with `providers` where an adapter is chosen | 65 |
//! | `client` | typed reads of a server elsewhere, over HTTP | 162 |
//! | `sqlite` | the storage in SQLite | 95 |
//! | `postgres` | the storage in PostgreSQL, for several nodes | 115 |
//! | `service` | the HTTP surface, to be mounted in a server that exists already | 188 |
//! | `tower` | the same as a tower service too, for axum | 188 |
//! | `mcp` | the reads as tools for agents at `POST /mcp`, in the HTTP surface | 206 |
//! | `server` | the ready-made server: `service`, `sqlite`, `postgres`, configuration, listeners, mail | 250 |
//! | `sandbox` | emulated code hosts and sample repositories, in the server with `hosts` and `mcp` | 330 |

#![forbid(unsafe_code)]
#![deny(missing_docs)]

#[cfg(feature = "client")]
pub mod client;
mod master_key;

pub use gitflare_core as core;
pub use gitflare_firewall as firewall;
#[cfg(feature = "providers")]
pub use gitflare_providers as providers;
#[cfg(feature = "service")]
pub use gitflare_server as server;
/// The storage in PostgreSQL, which several processes can share.
#[cfg(feature = "postgres")]
pub use gitflare_server::storage::postgres;
#[cfg(feature = "sqlite")]
pub use gitflare_server::storage::sqlite;

pub use gitflare_core::gateway::{Gateway, GatewayBuilder};
pub use master_key::master_key_file;

/// Begins a gateway whose firewall has the default rules. Storage, a provider and keys are still
/// needed; see [`GatewayBuilder`].
pub fn gateway() -> GatewayBuilder {
    Gateway::builder().firewall(gitflare_firewall::FirewallConfig::default())
}
