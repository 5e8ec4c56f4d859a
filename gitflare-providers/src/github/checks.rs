//! Checks: the runs of apps first, then the statuses of older services, in one chain of pages. The
//! ref is resolved on the first page, so that both sources speak of one commit.

use gitflare_core::{
    Code, Error, Page, PageRequest, Position, Result, Timestamp,
    model::{Check, CheckConclusion, CheckStatus},
    provider::{Call, CommitId, Endpoint, RefSelector, RepoRef},
};
use serde::Deserialize;

use super::{
    client::{Client, below},
    commits,
};
use crate::{
    listing::Api,
    pinned::{pin, unpin},
    upstream_error::recode,
    wire::{self, Id, Word},
};

/// Where a chain is, as its positions say: in which source.
const RUNS: u64 = 0;
const STATUSES: u64 = 1;

pub(super) async fn list(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    at: &RefSelector,
    page: PageRequest,
) -> Result<Page<Check>> {
    let (commit, source, position) = match &page.position {
        Some(position) => {
            let (commit, rest) = unpin(position)?;
            let rest = rest.unwrap_or_default();
            let mut fields = rest.fields();
            let source = fields.number()?;
            (commit, source, (!fields.is_empty()).then(|| fields.rest()))
        }
        None => match commits::resolve(client, call, repo, Endpoint::Checks, at).await? {
            Some(commit) => (commit, RUNS, None),
            None => return Ok(Page::last(Vec::new())),
        },
    };
    let limit = page.limit;
    let page = PageRequest { limit, position };
    let checks = match source {
        RUNS => runs_first(client, call, repo, &commit, page).await?,
        STATUSES => statuses_last(client, call, repo, &commit, page).await?,
        _ => return Err(Error::invalid_cursor("checks of another source")),
    };
    Ok(pin(checks, &commit))
}

/// A page of runs. Where there are none, or the connection may not read them, a page of statuses: an
/// empty page would only send the caller on.
async fn runs_first(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    commit: &CommitId,
    page: PageRequest,
) -> Result<Page<Check>> {
    let (is_first, statuses_page) = (page.position.is_none(), PageRequest::first(page.limit));
    let forbidden = match runs(client, call, repo, commit, page).await {
        Ok(mut runs) => {
            let is_last = runs.next.is_none();
            if !(is_first && is_last && runs.items.is_empty()) {
                runs.next = Some(match &runs.next {
                    Some(next) => Position::new().number(RUNS).then(next),
                    None => Position::new().number(STATUSES),
                });
                return Ok(runs);
            }
            let mut statuses = statuses_last(client, call, repo, commit, statuses_page).await?;
            statuses.errors.splice(..0, runs.errors);
            return Ok(statuses);
        }
        Err(error) if error.code() == Code::InsufficientScope => error,
        Err(error) => return Err(error),
    };
    // Both forbidden: the read is.
    let mut statuses = statuses(client, call, repo, commit, statuses_page).await?;
    let message = "The connection may not read the check runs of GitHub Apps; commit statuses are listed alone.";
    statuses
        .errors
        .push(recode(&forbidden, Code::InsufficientScope, message));
    Ok(statuses)
}

/// A page of statuses behind the runs. Where the connection may not read them, the list ends.
async fn statuses_last(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    commit: &CommitId,
    page: PageRequest,
) -> Result<Page<Check>> {
    match statuses(client, call, repo, commit, page).await {
        Err(error) if error.code() == Code::InsufficientScope => {
            let message = "The connection may not read commit statuses; the check runs of GitHub Apps are listed alone.";
            let mut end = Page::last(Vec::new());
            end.errors
                .push(recode(&error, Code::InsufficientScope, message));
            Ok(end)
        }
        asked => asked,
    }
}

async fn runs(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    commit: &CommitId,
    page: PageRequest,
) -> Result<Page<Check>> {
    let path = ["commits", commit.as_str(), "check-runs"];
    let list = below(Endpoint::Checks, repo, &path)
        .query("filter", "latest")
        .rows_in("check_runs");
    client.rows(call, list, page, WireRun::into).await
}

/// The combined `state` beside the statuses is `pending` even when there are none, so it is not read.
/// <https://docs.github.com/en/rest/commits/statuses#get-the-combined-status-for-a-specific-reference>
async fn statuses(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    commit: &CommitId,
    page: PageRequest,
) -> Result<Page<Check>> {
    let path = ["commits", commit.as_str(), "status"];
    let list = below(Endpoint::Checks, repo, &path).rows_in("statuses");
    // They were asked for by this commit.
    let into = |status: WireStatus| status.into_check(commit.as_str());
    let mut statuses = client.rows(call, list, page, into).await?;
    statuses.next = statuses
        .next
        .map(|next| Position::new().number(STATUSES).then(&next));
    Ok(statuses)
}

#[derive(Debug, Deserialize)]
pub(super) struct WireRun {
    id: Id,
    name: Option<String>,
    head_sha: Option<String>,
    status: Option<Word>,
    conclusion: Option<Word>,
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

impl From<WireRun> for Check {
    fn from(wire: WireRun) -> Self {
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

#[derive(Debug, Deserialize)]
pub(super) struct WireStatus {
    id: Id,
    context: Option<String>,
    description: Option<String>,
    state: Option<Word>,
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

impl WireStatus {
    /// GitHub's word for the state.
    pub(super) fn word(&self) -> Option<String> {
        let word = self.state.as_ref()?.as_str();
        Some(word.to_owned())
    }

    pub(super) fn updated_at(&self) -> Option<Timestamp> {
        self.updated_at
    }

    pub(super) fn into_check(self, commit: &str) -> Check {
        let (status, conclusion) = outcome(self.state.as_ref().map_or("", Word::as_str));
        Check {
            id: format!("status:{}", String::from(self.id)),
            name: self.context,
            description: self.description,
            status,
            conclusion,
            commit_sha: Some(commit.to_owned()),
            git_ref: None,
            web_url: self.target_url.filter(|url| !url.is_empty()),
            started_at: self.created_at,
            completed_at: self.updated_at.filter(|_| conclusion.is_some()),
        }
    }
}
