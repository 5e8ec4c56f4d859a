//! The tests of the whole product, but for those that need a browser, as one program: linking is
//! what costs. A part of them alone: `cargo test --test suite contract::oauth`.

#![forbid(unsafe_code)]

mod architecture;
// The same for both packages: this one has no program to start, and no support to share.
#[path = "../gitflare-server/tests/support/cluster.rs"]
mod cluster;
mod conformance;
mod contract;
mod dependencies;
mod documents;
mod examples;
mod forges;
mod imports;
mod matrix;
mod postgres;
