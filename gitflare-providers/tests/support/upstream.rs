//! An adapter over a stand-in for its upstream, and what the tests of all adapters ask of it.

use gitflare_core::{
    Result,
    provider::{GitRef, RepoRef},
};
use gitflare_providers::{
    Http,
    conformance::{Reply, StandIn},
    github::Github,
    gitlab::Gitlab,
};

use super::table::fixture;

pub(crate) const SHA: &str = "1111111111222222222233333333334444444444";

/// An adapter as these tests make it.
pub(crate) trait Adapter: Sized {
    /// The folder of its fixtures.
    const FIXTURES: &str;
    /// Where its API starts at a host of its own.
    const API: &str;
    /// A repository's full name there.
    const REPOSITORY: &str;

    fn over(http: Http, api_url: &str) -> Result<Self>;
}

impl Adapter for Github {
    const FIXTURES: &str = "github";
    const API: &str = "/api/v3";
    const REPOSITORY: &str = "mill/loom-engine";

    fn over(http: Http, api_url: &str) -> Result<Self> {
        Self::new(http, api_url)
    }
}

impl Adapter for Gitlab {
    const FIXTURES: &str = "gitlab";
    const API: &str = "/api/v4";
    const REPOSITORY: &str = "mill/weavers/loom-engine";

    fn over(http: Http, api_url: &str) -> Result<Self> {
        Self::new(http, api_url)
    }
}

/// A stand-in and the adapter that is configured for it.
pub(crate) struct Upstream<P> {
    pub(crate) replay: StandIn,
    pub(crate) provider: P,
}

impl<P: Adapter> Upstream<P> {
    /// Answers these targets below the API's base.
    pub(crate) async fn start(routes: &[(&str, Reply)]) -> Self {
        let below: Vec<_> = routes
            .iter()
            .map(|(target, reply)| (format!("{}/{target}", P::API), reply.clone()))
            .collect();
        let routes: Vec<_> = below
            .iter()
            .map(|(target, reply)| (target.as_str(), reply.clone()))
            .collect();
        let replay = StandIn::start(&routes).await;
        let api_url = format!("{}{}", replay.url(), P::API);
        let provider = P::over(replay.http(), &api_url).unwrap();
        Self { replay, provider }
    }

    /// Answers one target with a fixture.
    pub(crate) async fn of(target: &str, fixture: &str) -> Self {
        Self::start(&[(target, Self::reply(fixture))]).await
    }

    /// The answer that a fixture holds.
    pub(crate) fn reply(fixture: &str) -> Reply {
        Reply::ok(self::fixture(&format!("{}/{fixture}.json", P::FIXTURES)))
    }

    /// The targets that were asked for, below the API's base.
    pub(crate) fn asked(&self) -> Vec<String> {
        let base = format!("{}/", P::API);
        let asked = self.replay.asked();
        asked
            .iter()
            .map(|target| target.strip_prefix(&base).unwrap_or(target).to_owned())
            .collect()
    }

    /// That repository, by its number.
    pub(crate) fn repo() -> RepoRef {
        RepoRef {
            id: "7".to_owned(),
            full_name: Some(P::REPOSITORY.to_owned()),
        }
    }
}

pub(crate) fn git_ref(name: &str) -> GitRef {
    GitRef::parse("ref", name).unwrap()
}
