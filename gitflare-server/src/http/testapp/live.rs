//! The test app's probes: unified reads through this server with the visit's token, timed and
//! listed, as a page or as JSON.

use std::time::{Duration, Instant};

use gitflare_core::{Code, Error, Secret, Timestamp, provider::Endpoint};
use http::{Method, StatusCode, header};
use percent_encoding::utf8_percent_encode;
use serde_json::Value;

use super::{
    super::{
        bodies::testapp::{Outcome, Report},
        exchange::Exchange,
        pages::{
            View,
            testapp::{ProbeRow, ProbeView},
        },
        refusal::Refusal,
        reply::Reply,
    },
    caller::Caller,
    repository::{SEGMENT, Target},
    visit::{BrowserState, require_on},
};

/// Number of repositories that a suite samples.
const SAMPLES: usize = 3;
/// Most pages of a list that are read.
const PAGES: u32 = 3;

struct Probe {
    caller: Caller,
    token: Secret<String>,
    started_at: Timestamp,
    started: Instant,
    results: Vec<Outcome>,
}

impl Probe {
    fn new(x: &Exchange) -> Result<Self, Refusal> {
        require_on(x)?;
        let token = BrowserState::of(x).disconnect().ok_or_else(|| {
            Error::new(
                Code::AuthRequired,
                "Connect the test app first: open /testapp.",
            )
        })?;
        Ok(Self {
            caller: Caller::new(x)?,
            token,
            started_at: x.gateway().clock().now(),
            started: Instant::now(),
            results: Vec::new(),
        })
    }

    /// Walks up to `pages` pages of a read and keeps what came of it.
    async fn read(
        &mut self,
        endpoint: Endpoint,
        target: Option<&Target>,
        first: &str,
        pages: u32,
    ) -> Result<&Outcome, Refusal> {
        let mut outcome = Outcome {
            endpoint_key: endpoint.key(),
            repository_id: target.map(|it| it.id.clone()),
            repository: target.map(|it| it.shown().to_owned()),
            status: 0,
            error_code: None,
            request_id: None,
            items: 0,
            pages: 0,
            duration_ms: 0,
            took: Duration::ZERO,
            first: Value::Null,
        };
        let mut next = Some(first.to_owned());
        while let Some(path) = next.take() {
            let mut answer = self
                .caller
                .call(Method::GET, &path, Some(&self.token), None)
                .await?;
            outcome.status = answer.status;
            outcome.request_id = answer.request_id;
            outcome.took += answer.duration;
            outcome.pages += 1;
            outcome.error_code = answer.body["error"]["code"].as_str().map(str::to_owned);
            let data = answer.body["data"].take();
            outcome.items += match &data {
                Value::Array(items) => items.len() as u64,
                Value::Object(one) => one
                    .get("files")
                    .and_then(Value::as_array)
                    .map_or(1, |files| files.len() as u64),
                _ => 0,
            };
            if outcome.pages == 1 {
                outcome.first = data;
            }
            if let Some(cursor) = answer.body["page_info"]["next_cursor"].as_str()
                && outcome.pages < pages
            {
                let joint = if first.contains('?') { '&' } else { '?' };
                let cursor = utf8_percent_encode(cursor, SEGMENT);
                next = Some(format!("{first}{joint}cursor={cursor}"));
            }
        }
        outcome.duration_ms = outcome.took.as_millis();
        self.results.push(outcome);
        // It was pushed on the line above.
        self.results
            .last()
            .ok_or_else(|| Error::internal("no outcome").into())
    }

    /// The first approved repositories.
    async fn targets(&mut self, count: usize) -> Result<Vec<Target>, Refusal> {
        let list = self
            .read(
                Endpoint::Repositories,
                None,
                "/v1/repositories?limit=100",
                1,
            )
            .await?;
        Ok(Target::all_of(&list.first).take(count).collect())
    }

    /// Every read of one repository.
    async fn repository(&mut self, target: &Target, pages: u32) -> Result<(), Refusal> {
        let mut commit = None;
        let mut pull_request = None;
        for (endpoint, rest) in [
            (Endpoint::Repository, ""),
            (Endpoint::Branches, "/branches"),
            (Endpoint::Commits, "/commits"),
            (Endpoint::PullRequests, "/pull-requests?state=all"),
            (Endpoint::Contributors, "/contributors"),
            (Endpoint::Tags, "/tags"),
            (Endpoint::Releases, "/releases"),
            (Endpoint::Checks, "/checks"),
            (Endpoint::Deployments, "/deployments"),
            (Endpoint::FileTree, "/file-tree"),
            (Endpoint::Forks, "/forks"),
            (Endpoint::Labels, "/labels"),
            (Endpoint::Stargazers, "/stargazers"),
            (Endpoint::Watchers, "/watchers"),
            (Endpoint::Assignees, "/assignees"),
        ] {
            let outcome = self
                .read(endpoint, Some(target), &target.path(rest), pages)
                .await?;
            match endpoint {
                Endpoint::Commits => commit = outcome.first[0]["sha"].as_str().map(str::to_owned),
                Endpoint::PullRequests => pull_request = outcome.first[0]["number"].as_u64(),
                _ => {}
            }
        }
        if let Some(sha) = commit {
            for (endpoint, below) in [(Endpoint::Commit, ""), (Endpoint::CommitDiff, "/diff")] {
                let path = target.path(&format!("/commits/{sha}{below}"));
                self.read(endpoint, Some(target), &path, 1).await?;
            }
        }
        if let Some(number) = pull_request {
            for (endpoint, below) in [
                (Endpoint::PullRequest, ""),
                (Endpoint::PullRequestDiff, "/diff"),
                (Endpoint::PullRequestCommits, "/commits"),
                (Endpoint::Reviews, "/reviews"),
                (Endpoint::Comments, "/comments"),
            ] {
                let path = target.path(&format!("/pull-requests/{number}{below}"));
                self.read(endpoint, Some(target), &path, 1).await?;
            }
        }
        Ok(())
    }

    fn reply(self, x: &Exchange, title: &'static str) -> Result<Reply, Refusal> {
        let took = self.started.elapsed();
        let report = Report {
            started_at: self.started_at,
            duration_ms: took.as_millis(),
            results: self.results,
        };
        let wants_json = x
            .headers()
            .get(header::ACCEPT)
            .and_then(|accept| accept.to_str().ok())
            .is_some_and(|accept| accept.contains("application/json"));
        if wants_json {
            return Reply::ok(&report);
        }
        let row = |outcome: &Outcome| ProbeRow {
            endpoint_key: outcome.endpoint_key,
            repository: outcome.repository.as_deref().map(Into::into),
            status: outcome.status,
            error_code: outcome.error_code.as_deref().map(Into::into),
            request_id: outcome.request_id.as_deref().map(Into::into),
            items: outcome.items,
            pages: outcome.pages,
            took: in_words(outcome.took),
        };
        ProbeView {
            title,
            took: in_words(took),
            rows: report.results.iter().map(row).collect(),
        }
        .reply(StatusCode::OK)
    }
}

/// A duration for people: whole microseconds, from ten milliseconds on tenths of one.
fn in_words(took: Duration) -> String {
    match took.as_micros() {
        micros @ 0..10_000 => format!("{micros} µs"),
        micros => format!("{}.{} ms", micros / 1000, micros % 1000 / 100),
    }
}

/// `GET /testapp/live/commit-metrics`
pub(crate) async fn commit_metrics(x: Exchange) -> Result<Reply, Refusal> {
    let mut probe = Probe::new(&x)?;
    for target in probe.targets(usize::MAX).await? {
        let path = target.path("/commits?limit=100");
        probe
            .read(Endpoint::Commits, Some(&target), &path, PAGES)
            .await?;
    }
    probe.reply(&x, "Commits of every approved repository")
}

/// `GET /testapp/live/endpoint-suite`
pub(crate) async fn endpoint_suite(x: Exchange) -> Result<Reply, Refusal> {
    let mut probe = Probe::new(&x)?;
    probe.read(Endpoint::Profile, None, "/v1/me", 1).await?;
    for target in probe.targets(SAMPLES).await? {
        probe.repository(&target, 1).await?;
    }
    probe.reply(&x, "Every operation on sample repositories")
}

/// `GET /testapp/live/repository-scenario`
pub(crate) async fn repository_scenario(x: Exchange) -> Result<Reply, Refusal> {
    let mut probe = Probe::new(&x)?;
    let query = x.query()?;
    let id = match query.value("repoId")? {
        Some(id) => Some(id),
        None => query.value("repositoryId")?,
    };
    let target = match (query.value("provider")?, id) {
        (Some(provider), Some(id)) => Some(Target {
            provider: provider.to_owned(),
            id: id.to_owned(),
            name: None,
        }),
        (None, None) => probe.targets(1).await?.pop(),
        _ => {
            let text = "Name both `provider` and `repoId`, or neither.";
            return Err(Error::invalid_request(text).into());
        }
    };
    if let Some(target) = target {
        probe.repository(&target, PAGES).await?;
    }
    probe.reply(&x, "Every operation on one repository")
}
