//! Checks: the runs of apps first, then the statuses of older services, in one chain of pages. The
//! ref is resolved on the first page, so that both sources speak of one commit.

use gitflare_core::{
    Error, Page, PageRequest, Position, Result, Timestamp,
    model::{Check, CheckConclusion, CheckStatus},
    provider::{Call, CommitId, RefSelector, RepoRef},
};
use serde::Deserialize;

use super::{
    client::{Client, List},
    commits,
};
use crate::{
    pinned::{pin, unpin},
    wire::{self, Id, Rows, Word},
};

/// Where a chain is, as its positions say: in which source.
const RUNS: u64 = 0;
const STATUSES: u64 = 1;

pub(super) async fn list(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    at: &RefSelector,
    page: &PageRequest,
) -> Result<Page<Check>> {
    let (commit, source, position) = match &page.position {
        Some(position) => {
            let (commit, rest) = unpin(position)?;
            let rest = rest.unwrap_or_default();
            let mut fields = rest.fields();
            let source = fields.number()?;
            (commit, source, (!fields.is_empty()).then(|| fields.rest()))
        }
        None => match commits::resolve(client, call, repo, at).await? {
            Some(commit) => (commit, RUNS, None),
            None => return Ok(Page::last(Vec::new())),
        },
    };
    let page = PageRequest {
        limit: page.limit,
        position,
    };
    let mut checks = match source {
        RUNS => runs(client, call, repo, &commit, &page).await?,
        STATUSES => statuses(client, call, repo, &commit, &page).await?,
        _ => return Err(Error::invalid_cursor("checks of another source")),
    };
    if source == RUNS && checks.items.is_empty() && page.position.is_none() {
        // No app has run: a page of nothing would only send the caller on.
        let first = PageRequest::first(page.limit);
        checks = statuses(client, call, repo, &commit, &first).await?;
    }
    Ok(pin(checks, &commit))
}

async fn runs(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    commit: &CommitId,
    page: &PageRequest,
) -> Result<Page<Check>> {
    let list = List {
        repo: Some(repo),
        segments: vec![
            "repositories",
            &repo.id,
            "commits",
            commit.as_str(),
            "check-runs",
        ],
        query: vec![("filter", "latest".into())],
        empty: &[],
    };
    let listing = client.list(call, &list, page).await?;
    let runs = listing.page_in(|wire: WireRuns<'_>| wire.check_runs)?;
    let next = match &runs.next {
        Some(next) => Position::new().number(RUNS).then(next),
        None => Position::new().number(STATUSES),
    };
    Ok(Page {
        items: runs.items.into_iter().map(Check::from).collect(),
        next: Some(next),
    })
}

async fn statuses(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    commit: &CommitId,
    page: &PageRequest,
) -> Result<Page<Check>> {
    let list = List {
        repo: Some(repo),
        segments: vec![
            "repositories",
            &repo.id,
            "commits",
            commit.as_str(),
            "status",
        ],
        query: Vec::new(),
        empty: &[],
    };
    let listing = client.list(call, &list, page).await?;
    let statuses = listing.page_in(|wire: WireStatuses<'_>| wire.statuses)?;
    let next = statuses.next.as_ref();
    Ok(Page {
        next: next.map(|next| Position::new().number(STATUSES).then(next)),
        items: statuses
            .items
            .into_iter()
            .map(|status| status.into_check(commit))
            .collect(),
    })
}

#[derive(Debug, Deserialize)]
struct WireRuns<'a> {
    #[serde(borrow)]
    check_runs: Rows<WireRun<'a>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct WireRun<'a> {
    id: Id,
    name: Option<String>,
    head_sha: Option<String>,
    #[serde(borrow)]
    status: Option<Word<'a>>,
    #[serde(borrow)]
    conclusion: Option<Word<'a>>,
    html_url: Option<String>,
    details_url: Option<String>,
    #[serde(default, deserialize_with = "wire::moment")]
    started_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "wire::moment")]
    completed_at: Option<Timestamp>,
    output: Option<WireOutput>,
}

#[derive(Debug, Deserialize)]
struct WireOutput {
    title: Option<String>,
}

fn run_status(word: &str) -> Option<CheckStatus> {
    match word {
        "queued" | "waiting" | "requested" | "pending" => Some(CheckStatus::Queued),
        "in_progress" => Some(CheckStatus::InProgress),
        "completed" => Some(CheckStatus::Completed),
        _ => None,
    }
}

/// `stale`, which is no outcome of the run, has no word in the contract.
fn run_conclusion(word: &str) -> Option<CheckConclusion> {
    match word {
        "startup_failure" => Some(CheckConclusion::Failure),
        _ => CheckConclusion::parse(word),
    }
}

impl From<WireRun<'_>> for Check {
    fn from(wire: WireRun<'_>) -> Self {
        Self {
            id: format!("run:{}", String::from(wire.id)),
            name: wire.name,
            description: wire.output.and_then(|output| output.title),
            status: wire.status.and_then(|word| run_status(word.as_str())),
            conclusion: wire
                .conclusion
                .and_then(|word| run_conclusion(word.as_str())),
            commit_sha: wire.head_sha,
            git_ref: None,
            web_url: wire.html_url.or(wire.details_url),
            started_at: wire.started_at,
            completed_at: wire.completed_at,
        }
    }
}

/// The combined `state` beside them is `pending` even when there are none, so it is not read.
#[derive(Debug, Deserialize)]
struct WireStatuses<'a> {
    #[serde(borrow)]
    statuses: Rows<WireStatus<'a>>,
}

#[derive(Debug, Deserialize)]
struct WireStatus<'a> {
    id: Id,
    context: Option<String>,
    description: Option<String>,
    #[serde(borrow)]
    state: Option<Word<'a>>,
    target_url: Option<String>,
    #[serde(default, deserialize_with = "wire::moment")]
    created_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "wire::moment")]
    updated_at: Option<Timestamp>,
}

fn outcome(word: &str) -> (Option<CheckStatus>, Option<CheckConclusion>) {
    let conclusion = match word {
        "pending" => return (Some(CheckStatus::InProgress), None),
        "success" => CheckConclusion::Success,
        "failure" | "error" => CheckConclusion::Failure,
        _ => return (None, None),
    };
    (Some(CheckStatus::Completed), Some(conclusion))
}

impl WireStatus<'_> {
    fn into_check(self, commit: &CommitId) -> Check {
        let (status, conclusion) = outcome(self.state.as_ref().map_or("", Word::as_str));
        Check {
            id: format!("status:{}", String::from(self.id)),
            name: self.context,
            description: self.description,
            status,
            conclusion,
            // It was asked for by this commit.
            commit_sha: Some(commit.as_str().to_owned()),
            git_ref: None,
            web_url: self.target_url.filter(|url| !url.is_empty()),
            started_at: self.created_at,
            completed_at: self.updated_at.filter(|_| conclusion.is_some()),
        }
    }
}
