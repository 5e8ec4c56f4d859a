//! Provider `gitlab` over HTTP: what is asked of the upstream, down to the last parameter, and what
//! its answers and refusals become. The upstream is a real server that replays fixtures.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test stops where its ground is not as expected, and says what it skips"
)]

mod damage;
mod golden;
mod operations;
mod paging;
mod recordings;
mod refusals;
#[path = "../support/mod.rs"]
mod support;

use gitflare_core::provider::{GitRef, RepoRef};
use gitflare_providers::gitlab::Gitlab;

use support::replay::{Replay, Reply};

const SHA: &str = "1111111111222222222233333333334444444444";

/// A stand-in and the adapter that is configured for it.
struct Upstream {
    replay: Replay,
    gitlab: Gitlab,
}

impl Upstream {
    /// Answers these targets below the API's base.
    async fn start(routes: &[(&str, Reply)]) -> Self {
        let below: Vec<_> = routes
            .iter()
            .map(|(target, reply)| (format!("/api/v4/{target}"), reply.clone()))
            .collect();
        let routes: Vec<_> = below
            .iter()
            .map(|(target, reply)| (target.as_str(), reply.clone()))
            .collect();
        let replay = Replay::start(&routes).await;
        let gitlab = Gitlab::new(replay.http(), &format!("{}/api/v4", replay.url())).unwrap();
        Self { replay, gitlab }
    }

    /// The targets that were asked for, below the API's base.
    fn asked(&self) -> Vec<String> {
        let asked = self.replay.asked();
        asked
            .iter()
            .map(|target| target.strip_prefix("/api/v4/").unwrap_or(target).to_owned())
            .collect()
    }
}

fn repo() -> RepoRef {
    RepoRef {
        id: "7".to_owned(),
        full_name: Some("mill/weavers/loom-engine".to_owned()),
    }
}

fn git_ref(name: &str) -> GitRef {
    GitRef::parse("ref", name).unwrap()
}
