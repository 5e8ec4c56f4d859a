//! The emulated hosts over HTTP, held against what the providers' documentation says. What the
//! gateway reads through them is tested with the gateway.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod bitbucket;
mod clients;
mod gitflic;
#[path = "../examples/gitflic_api.rs"]
#[expect(dead_code, reason = "as a program of its own it has a `main`")]
mod gitflic_api;
mod github;
mod gitlab;
mod support;
