//! Checks: the pipelines of a project, newest first. GitFlic filters them by nothing, so that what was
//! asked for is picked out of every page here: pages may be short, or empty.
//!
//! A branch is looked up on the first page, and the cursor keeps its name.

use gitflare_core::{
    Page, PageRequest, Position, Result, Timestamp,
    model::{Check, CheckConclusion, CheckStatus},
    provider::{Call, CommitId, Endpoint, RefSelector, RepoRef},
};
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;

use super::{
    api::Project,
    client::{Client, Told, Web, below, web},
    refs,
};
use crate::{
    listing::Api,
    wire::{self, Word, known},
};

pub(super) async fn list(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    at: &RefSelector,
    page: PageRequest,
) -> Result<Page<Check>> {
    let (name, position) = match &page.position {
        Some(position) => {
            let mut fields = position.fields();
            (fields.text()?.to_owned(), Some(fields.rest()))
        }
        None => match resolve(client, call, repo, at).await? {
            Some(name) => (name, None),
            None => return Ok(Page::last(Vec::new())),
        },
    };
    let base = client.web(call)?;
    let list = below(Endpoint::Checks, repo, &["cicd", "pipeline"])?.admitted();
    let limit = page.limit;
    let request = PageRequest { limit, position };
    let mut told = Told::default();
    let into = |mut wire: WirePipeline| {
        told.note(repo, wire.project_id.take());
        let is_meant = wire.is_about(&name, at);
        (is_meant, wire.of(repo, web(&base)))
    };
    let found = client.rows(call, list, request, into).await?;
    client.vouch(call, repo, told).await?;
    let next = found
        .next
        .map(|next| Position::new().text(&name).then(&next));
    let items = found.items.into_iter();
    let items = items.filter_map(|(is_meant, check)| is_meant.then_some(check));
    Ok(Page::new(items.collect(), next))
}

/// The name by which pipelines are picked; `None` in a project without branches. What is no branch
/// and is asked for as one is not found.
async fn resolve(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    at: &RefSelector,
) -> Result<Option<String>> {
    match at {
        RefSelector::DefaultBranch => {
            let answer = client.project(call, repo).await?;
            Ok(known(answer.json::<Project>()?.default_branch))
        }
        RefSelector::Branch(name) => {
            refs::head(client, call, repo, Some(name)).await?;
            Ok(Some(name.as_str().to_owned()))
        }
        RefSelector::Ref(name) => Ok(Some(name.as_str().to_owned())),
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WirePipeline {
    id: String,
    /// A text by the documentation, a number in answers.
    #[serde(default, deserialize_with = "digits")]
    local_id: Option<String>,
    status: Option<Word>,
    project_id: Option<String>,
    commit_id: Option<String>,
    #[serde(rename = "ref")]
    git_ref: Option<String>,
    #[serde(default, deserialize_with = "wire::moment")]
    started_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "wire::moment")]
    finished_at: Option<Timestamp>,
}

/// A number, or a text.
pub(super) fn digits<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    match Option::deserialize(from)? {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(known(Some(text))),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(_) => Err(D::Error::custom("neither a number nor a text")),
    }
}

impl WirePipeline {
    /// Whether it ran for what was asked for: the name of a branch or tag, whole or short, or a commit.
    fn is_about(&self, name: &str, at: &RefSelector) -> bool {
        let folders: &[&str] = match at {
            RefSelector::Ref(_) => &["", "refs/heads/", "refs/tags/"],
            RefSelector::DefaultBranch | RefSelector::Branch(_) => &["", "refs/heads/"],
        };
        let is_commit = matches!(at, RefSelector::Ref(_)) && CommitId::parse(name).is_ok();
        let own = self.git_ref.as_deref().unwrap_or_default();
        let is_ref = || {
            let mut folders = folders.iter();
            folders.any(|folder| own.strip_prefix(folder) == Some(name))
        };
        let is_same = |id: &String| id.eq_ignore_ascii_case(name);
        is_ref() || is_commit && self.commit_id.as_ref().is_some_and(is_same)
    }

    fn of(self, repo: &RepoRef, web: Web<'_>) -> Check {
        let (status, conclusion) = outcome(self.status.as_ref().map_or("", Word::as_str));
        Check {
            id: self.id,
            name: self.local_id.as_ref().map(|id| format!("pipeline #{id}")),
            description: None,
            status,
            conclusion,
            commit_sha: known(self.commit_id),
            git_ref: known(self.git_ref).map(short_name),
            web_url: self
                .local_id
                .and_then(|id| web.project(repo, &["ci-cd", "pipeline", &id])),
            started_at: self.started_at,
            completed_at: self.finished_at,
        }
    }
}

/// A ref's short name.
pub(super) fn short_name(name: String) -> String {
    let short = name.strip_prefix("refs/heads/");
    match short.or_else(|| name.strip_prefix("refs/tags/")) {
        Some(short) => short.to_owned(),
        None => name,
    }
}

/// What the words of pipelines come to. A pipeline with a word that nobody knows waits for something.
pub(super) fn outcome(word: &str) -> (Option<CheckStatus>, Option<CheckConclusion>) {
    let conclusion = match word {
        "CREATED" | "PENDING" | "WAITING" | "WAITING_FOR_RESOURCE" | "SCHEDULED" | "PREPARING" => {
            return (Some(CheckStatus::Queued), None);
        }
        "RUNNING" => return (Some(CheckStatus::InProgress), None),
        "SUCCESS" => CheckConclusion::Success,
        "WARNING" => CheckConclusion::Neutral,
        "FAILED" | "ERROR" | "CONFIG_ERROR" => CheckConclusion::Failure,
        "CANCELED" | "CANCELLED" => CheckConclusion::Cancelled,
        "SKIPPED" => CheckConclusion::Skipped,
        "MANUAL" => CheckConclusion::ActionRequired,
        "" => return (None, None),
        _ => return (Some(CheckStatus::Queued), None),
    };
    (Some(CheckStatus::Completed), Some(conclusion))
}
