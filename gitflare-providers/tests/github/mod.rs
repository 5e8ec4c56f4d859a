//! Provider `github` over HTTP: what is asked of the upstream, down to the last parameter, and what
//! its answers and refusals become. The upstream is a real server that replays fixtures.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test stops where its ground is not as expected, and says what it skips"
)]

mod golden;
mod hooks;
mod paging;
mod partial;
mod published;
mod recordings;
mod refusals;
mod sizes;
mod table;
mod together;

use gitflare_core::provider::RepoRef;
use gitflare_providers::github::Github;

use crate::support::{
    self,
    upstream::{SHA, git_ref},
};

const TREE: &str = "aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd";

/// A stand-in and the adapter over it.
type Upstream = support::upstream::Upstream<Github>;

fn repo() -> RepoRef {
    Upstream::repo()
}
