//! Checks: the statuses of a commit, which pipelines post too. They belong to a commit, so a ref is
//! resolved first and the cursor keeps what it led to.

use gitflare_core::{
    Page, PageRequest, Result, Timestamp,
    model::{Check, CheckConclusion, CheckStatus},
    provider::{Call, Endpoint, RefSelector, RepoRef},
};
use serde::Deserialize;

use super::{
    client::{Client, below, moment},
    pages::STATUSES,
    refs,
};
use crate::{
    listing::Api,
    pinned::{pin, unpin},
    wire::{self, Id, Word},
};

pub(super) async fn list(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    at: &RefSelector,
    page: PageRequest,
) -> Result<Page<Check>> {
    let limit = page.limit;
    let (commit, position) = match &page.position {
        Some(position) => unpin(position)?,
        None => match refs::resolve(client, call, repo, Endpoint::Checks, at).await? {
            Some(commit) => (commit, None),
            None => return Ok(Page::last(Vec::new())),
        },
    };
    let path = ["commits", commit.as_str(), "statuses"];
    // Else every change of a status would be one more row.
    let list = below(Endpoint::Checks, &STATUSES, repo, &path)?.query("latestOnly", "true");
    let page = PageRequest { limit, position };
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

/// What a status is about. The two together tell those of one commit apart.
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
    let conclusion = match word {
        "notSet" => return (Some(CheckStatus::Queued), None),
        "pending" => return (Some(CheckStatus::InProgress), None),
        "succeeded" => CheckConclusion::Success,
        "failed" | "error" => CheckConclusion::Failure,
        "notApplicable" | "partiallySucceeded" => CheckConclusion::Neutral,
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
