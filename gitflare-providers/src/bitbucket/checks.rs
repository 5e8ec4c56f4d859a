//! Checks: the build statuses of a commit, which Bitbucket's own pipelines post too. They belong to a
//! commit, so a ref is resolved first and the cursor keeps what it led to.

use gitflare_core::{
    Page, PageRequest, Result, Timestamp,
    model::{Check, CheckConclusion, CheckStatus},
    provider::{Call, CommitId, Endpoint, RefSelector, RepoRef},
};
use serde::Deserialize;

use super::{
    client::{Client, WireHref, below, href},
    refs,
};
use crate::{
    listing::Api,
    pinned::{pin, start},
    wire::{self, Word},
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
    let branch = match at {
        RefSelector::Branch(name) => Some(name.as_str()),
        RefSelector::DefaultBranch | RefSelector::Ref(_) => None,
    };
    let path = ["commit", commit.as_str(), "statuses"];
    // Statuses without a branch come along, as they are about the commit whatever its branch.
    let list = below(Endpoint::Checks, repo, &path).query_opt("refname", branch);
    let into = |wire: WireStatus| {
        let check = Check::from(wire);
        let known = check.commit_sha.is_some();
        let asked = (!known).then(|| commit.as_str().to_owned());
        Check {
            commit_sha: asked.or(check.commit_sha),
            ..check
        }
    };
    let checks = client.rows(call, list, page, into).await?;
    Ok(pin(checks, &commit))
}

#[derive(Debug, Deserialize)]
pub(super) struct WireStatus {
    /// What tells the statuses of one commit apart.
    key: String,
    #[serde(default, deserialize_with = "wire::filled")]
    name: Option<String>,
    #[serde(default, deserialize_with = "wire::filled")]
    description: Option<String>,
    state: Option<Word>,
    #[serde(default, deserialize_with = "wire::filled")]
    url: Option<String>,
    #[serde(default, deserialize_with = "wire::filled")]
    refname: Option<String>,
    commit: Option<WireHash>,
    links: Option<WireStatusLinks>,
    #[serde(default, deserialize_with = "wire::moment")]
    created_on: Option<Timestamp>,
    #[serde(default, deserialize_with = "wire::moment")]
    updated_on: Option<Timestamp>,
}

/// Hooks name the commit by its address.
#[derive(Debug, Deserialize)]
struct WireStatusLinks {
    commit: Option<WireHref>,
}

impl WireStatusLinks {
    fn commit(self) -> Option<String> {
        let address = href(self.commit)?;
        let last = address.rsplit('/').next()?;
        CommitId::parse(last).is_ok().then(|| last.to_owned())
    }
}

#[derive(Debug, Deserialize)]
struct WireHash {
    hash: Option<String>,
}

fn outcome(word: &str) -> (Option<CheckStatus>, Option<CheckConclusion>) {
    let conclusion = match word {
        "INPROGRESS" => return (Some(CheckStatus::InProgress), None),
        "SUCCESSFUL" => CheckConclusion::Success,
        "FAILED" => CheckConclusion::Failure,
        "STOPPED" => CheckConclusion::Cancelled,
        _ => return (None, None),
    };
    (Some(CheckStatus::Completed), Some(conclusion))
}

impl From<WireStatus> for Check {
    fn from(wire: WireStatus) -> Self {
        let (status, conclusion) = outcome(wire.state.as_ref().map_or("", Word::as_str));
        Self {
            id: wire.key,
            name: wire.name,
            description: wire.description,
            completed_at: wire.updated_on.filter(|_| conclusion.is_some()),
            status,
            conclusion,
            commit_sha: wire
                .commit
                .and_then(|commit| commit.hash)
                .or_else(|| wire.links?.commit()),
            git_ref: wire.refname,
            web_url: wire.url,
            started_at: wire.created_on,
        }
    }
}
