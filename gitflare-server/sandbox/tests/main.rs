//! The emulated hosts over HTTP, held against what the providers' documentation says. What the
//! gateway reads through them is tested with the gateway.

mod bitbucket;
mod clients;
mod gitflic;
mod github;
mod gitlab;
mod support;
