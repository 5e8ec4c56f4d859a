//! Checks: the statuses of a commit, which pipelines post too. They belong to a commit, so a ref is
//! resolved first and the cursor keeps what it led to. Events tell of the builds of pipelines themselves.

use gitflare_core::{
    Page, PageRequest, Result, Timestamp,
    model::{Check, CheckConclusion, CheckStatus},
    provider::{Call, Endpoint, RefSelector, RepoRef},
};
use serde::Deserialize;

use super::{
    client::{Client, below, branch, moment},
    pages::STATUSES,
    refs,
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
    let resolve = refs::resolve(client, call, repo, Endpoint::Checks, at);
    let Some((commit, page)) = start(page, resolve).await? else {
        return Ok(Page::last(Vec::new()));
    };
    let path = ["commits", commit.as_str(), "statuses"];
    // Else every change of a status would be one more row.
    let list = below(Endpoint::Checks, &STATUSES, repo, &path)?.query("latestOnly", "true");
    let into = |wire: WireStatus| wire.of(commit.as_str().to_owned());
    let checks = client.rows(call, list, page, into).await?;
    Ok(pin(checks, &commit))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireStatus {
    /// Missing in older answers.
    id: Option<Id>,
    context: Option<WireContext>,
    state: Option<Word>,
    #[serde(default, deserialize_with = "wire::filled")]
    description: Option<String>,
    target_url: Option<String>,
    #[serde(default, deserialize_with = "moment")]
    creation_date: Option<Timestamp>,
    #[serde(default, deserialize_with = "moment")]
    updated_date: Option<Timestamp>,
}

/// What a status is about. The two together tell those of one commit apart; the definition of a build
/// has a name alone.
#[derive(Debug, Deserialize)]
struct WireContext {
    #[serde(default, deserialize_with = "wire::filled")]
    genre: Option<String>,
    #[serde(default, deserialize_with = "wire::filled")]
    name: Option<String>,
}

impl WireContext {
    fn into_name(self) -> Option<String> {
        let name = self.name?;
        Some(match self.genre {
            Some(genre) => format!("{genre}/{name}"),
            None => name,
        })
    }
}

fn outcome(word: &str) -> (Option<CheckStatus>, Option<CheckConclusion>) {
    // Azure's words come in any letter case.
    let conclusion = match &*word.to_ascii_lowercase() {
        "notset" => return (Some(CheckStatus::Queued), None),
        "pending" => return (Some(CheckStatus::InProgress), None),
        "succeeded" => CheckConclusion::Success,
        "failed" | "error" => CheckConclusion::Failure,
        "notapplicable" | "partiallysucceeded" => CheckConclusion::Neutral,
        _ => return (None, None),
    };
    (Some(CheckStatus::Completed), Some(conclusion))
}

impl WireStatus {
    fn of(self, commit: String) -> Check {
        let (status, conclusion) = outcome(self.state.as_ref().map_or("", Word::as_str));
        let name = self.context.and_then(WireContext::into_name);
        let id = self.id.map(String::from).or_else(|| name.clone());
        let url = self.target_url.map(|url| url.trim().to_owned());
        Check {
            id: id.unwrap_or_default(),
            name,
            description: self.description,
            completed_at: self.updated_date.filter(|_| conclusion.is_some()),
            status,
            conclusion,
            commit_sha: Some(commit),
            git_ref: None,
            web_url: url.filter(|url| !url.is_empty()),
            started_at: self.creation_date,
        }
    }
}

/// A build that has ended, as events tell it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireBuild {
    id: Id,
    definition: Option<WireContext>,
    build_number: Option<String>,
    /// Older payloads have the result as the status.
    result: Option<Word>,
    status: Option<Word>,
    source_branch: Option<String>,
    source_version: Option<String>,
    #[serde(default, deserialize_with = "moment")]
    start_time: Option<Timestamp>,
    #[serde(default, deserialize_with = "moment")]
    finish_time: Option<Timestamp>,
    #[serde(rename = "_links")]
    links: Option<WireLinks>,
}

#[derive(Debug, Deserialize)]
struct WireLinks {
    web: Option<WireHref>,
}

#[derive(Debug, Deserialize)]
struct WireHref {
    href: Option<String>,
}

impl From<WireBuild> for Check {
    fn from(wire: WireBuild) -> Self {
        let result = wire.result.or(wire.status);
        let word = result.as_ref().map_or("", Word::as_str);
        let conclusion = match &*word.to_ascii_lowercase() {
            "succeeded" => Some(CheckConclusion::Success),
            "partiallysucceeded" => Some(CheckConclusion::Neutral),
            "failed" => Some(CheckConclusion::Failure),
            "canceled" | "stopped" => Some(CheckConclusion::Cancelled),
            _ => None,
        };
        let page = wire.links.and_then(|links| links.web);
        Self {
            id: wire.id.into(),
            name: wire.definition.and_then(WireContext::into_name),
            description: wire.build_number,
            status: Some(CheckStatus::Completed),
            conclusion,
            commit_sha: wire.source_version,
            git_ref: wire.source_branch.map(branch),
            web_url: page.and_then(|page| page.href),
            started_at: wire.start_time,
            completed_at: wire.finish_time,
        }
    }
}
