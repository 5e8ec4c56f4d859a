//! GitFlare: one read API over Git hosting, with consent, a firewall and an audit log.
//!
//! This crate is the paved path for Rust services that embed the gateway: it re-exports the four
//! crates and adds nothing of its own.

#![forbid(unsafe_code)]

pub use gitflare_core as core;
pub use gitflare_firewall as firewall;
pub use gitflare_providers as providers;
pub use gitflare_server as server;
