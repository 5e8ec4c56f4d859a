//! Provider `gitflic` over HTTP: what is asked of the upstream, down to the last parameter, and what
//! its answers and refusals become. The upstream is a real server that replays fixtures. Those of
//! branches, changes, merge requests and pipelines are made up from the documentation's lists of
//! fields: GitFlic publishes no examples of them.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops where its ground is not as expected"
)]

mod api;
mod hooks;
mod names;
mod oauth;
mod published;
mod refusals;
mod table;

use std::time::Duration;

use gitflare_core::{Result, provider::RepoRef};
use gitflare_providers::gitflic::Gitflic;

use crate::support;

/// The repository that the tests read.
const ID: &str = "7c1d9b52-3e0f-4f5a-9d41-0c5a5f8f1a27";
const SHA: &str = "0123456789abcdef0123456789abcdef01234567";
const WEB: &str = "https://gitflic.ru";

fn repo() -> RepoRef {
    RepoRef {
        id: ID.to_owned(),
        full_name: Some("mill/loom-engine".to_owned()),
    }
}

/// Below the repository.
fn below(rest: &str) -> String {
    format!("project/mill/loom-engine{rest}")
}

/// The adapter where names never go to others: it makes no request but those of the reads.
fn believing(provider: Result<Gitflic>) -> Gitflic {
    provider.unwrap().with_names_believed_for(Duration::MAX)
}
