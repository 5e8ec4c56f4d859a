//! The emulated hosts over HTTP, held against what the providers' documentation says. What the
//! gateway reads through them is tested with the gateway.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod bitbucket;
mod clients;
mod gitflic;
mod github;
mod gitlab;
mod support;
