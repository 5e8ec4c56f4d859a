//! Checks: the jobs and external statuses of a commit's pipelines. GitLab matches pipelines by the
//! literal commit id, so a ref is resolved first and the cursor keeps what it led to.

use gitflare_core::{
    Page, PageRequest, Result, Timestamp,
    model::{Check, CheckConclusion, CheckStatus},
    provider::{Call, Endpoint, RefSelector, RepoRef},
};
use serde::Deserialize;

use super::{
    client::{Client, below},
    commits,
};
use crate::{
    listing::Api,
    pinned::{pin, start},
    wire::{self, Id, Word},
};

pub(super) async fn list(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    at: &RefSelector,
    page: PageRequest,
) -> Result<Page<Check>> {
    let resolve = commits::resolve(client, call, repo, Endpoint::Checks, at);
    let Some((commit, page)) = start(page, resolve).await? else {
        return Ok(Page::last(Vec::new()));
    };
    let branch = match at {
        RefSelector::Branch(name) => Some(name.as_str()),
        RefSelector::DefaultBranch | RefSelector::Ref(_) => None,
    };
    let path = ["repository", "commits", commit.as_str(), "statuses"];
    let list = below(Endpoint::Checks, repo, &path)
        // The latest of each name, no retried jobs.
        .query("all", "false")
        .query("order_by", "id")
        .query("sort", "desc")
        .query_opt("ref", branch);
    let checks = client.rows(call, list, page, WireStatus::into).await?;
    Ok(pin(checks, &commit))
}

#[derive(Debug, Deserialize)]
struct WireStatus {
    id: Id,
    name: Option<String>,
    description: Option<String>,
    status: Option<Word>,
    allow_failure: Option<bool>,
    sha: Option<String>,
    #[serde(rename = "ref")]
    git_ref: Option<String>,
    target_url: Option<String>,
    #[serde(default, deserialize_with = "wire::moment")]
    started_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "wire::moment")]
    finished_at: Option<Timestamp>,
}

/// How far a check is and how it ended. A failure that the pipeline allows does not fail it.
pub(super) fn outcome(
    word: &str,
    allow_failure: bool,
) -> (Option<CheckStatus>, Option<CheckConclusion>) {
    let conclusion = match word {
        "created"
        | "waiting_for_resource"
        | "preparing"
        | "waiting_for_callback"
        | "pending"
        | "scheduled" => return (Some(CheckStatus::Queued), None),
        "running" | "canceling" => return (Some(CheckStatus::InProgress), None),
        "success" => CheckConclusion::Success,
        "failed" if allow_failure => CheckConclusion::Neutral,
        "failed" => CheckConclusion::Failure,
        "canceled" => CheckConclusion::Cancelled,
        "skipped" => CheckConclusion::Skipped,
        "manual" => CheckConclusion::ActionRequired,
        _ => return (None, None),
    };
    (Some(CheckStatus::Completed), Some(conclusion))
}

impl From<WireStatus> for Check {
    fn from(wire: WireStatus) -> Self {
        let word = wire.status.as_ref().map_or("", Word::as_str);
        let (status, conclusion) = outcome(word, wire.allow_failure == Some(true));
        Self {
            id: wire.id.into(),
            name: wire.name,
            description: wire.description,
            status,
            conclusion,
            commit_sha: wire.sha,
            git_ref: wire.git_ref,
            web_url: wire.target_url,
            started_at: wire.started_at,
            completed_at: wire.finished_at,
        }
    }
}
