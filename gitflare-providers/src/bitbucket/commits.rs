//! Histories and one commit's changes. The branch is resolved on the first page and the cursor keeps
//! the commit, so that all pages of a chain are of one history.

use gitflare_core::{
    Page, PageRequest, Result, Timestamp,
    model::{Commit, Diff},
    provider::{Call, CommitId, CommitPrefix, Endpoint, GitRef, RefSelector, RepoRef},
};
use serde::Deserialize;

use super::{
    client::{Client, WireLinks, WireText, below, href, object},
    diff,
    person::WirePerson,
    refs,
};
use crate::{
    listing::Api,
    pinned::{pin, unpin},
    wire::{self, Rows},
};

pub(super) async fn list(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    branch: Option<&GitRef>,
    page: PageRequest,
) -> Result<Page<Commit>> {
    let limit = page.limit;
    let (commit, position) = match &page.position {
        Some(position) => unpin(position)?,
        None => {
            let at = match branch {
                Some(name) => RefSelector::Branch(name.clone()),
                None => RefSelector::DefaultBranch,
            };
            match refs::resolve(client, call, repo, Endpoint::Commits, &at).await? {
                Some(commit) => (commit, None),
                None => return Ok(Page::last(Vec::new())),
            }
        }
    };
    // A slash at the end would be taken for a part of the hash.
    let list = below(Endpoint::Commits, repo, &["commits", commit.as_str()]);
    let page = PageRequest { limit, position };
    let commits = client.rows(call, list, page, WireCommit::into).await?;
    Ok(pin(commits, &commit))
}

/// One commit; the counts are those of the list of its files.
pub(super) async fn find(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    commit: &CommitPrefix,
) -> Result<Commit> {
    let get = object(repo, &["commit", commit.as_str()])?;
    let list = ["diffstat", commit.as_str()];
    let (answer, stats) = tokio::try_join!(
        client.item(call, Endpoint::Commit, repo, get),
        diff::stats(client, call, Endpoint::Commit, repo, &list),
    )?;
    let wire: WireCommit = answer.json()?;
    Ok(Commit {
        stats,
        ..wire.into()
    })
}

pub(super) async fn diff(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    commit: &CommitId,
) -> Result<Diff> {
    let endpoint = Endpoint::CommitDiff;
    let id = commit.as_str();
    let get = object(repo, &["commit", id])?;
    let (text, list) = (["diff", id], ["diffstat", id]);
    let (answer, mut diff) = tokio::try_join!(
        client.item(call, endpoint, repo, get),
        diff::read(client, call, endpoint, repo, (&text, &list), &[]),
    )?;
    let commit: WireCommit = answer.json()?;
    diff.base_sha = commit
        .parents
        .and_then(|parents| parents.into_iter().next())
        .and_then(|parent| parent.hash);
    diff.head_sha = Some(commit.hash);
    Ok(diff)
}

#[derive(Debug, Deserialize)]
pub(super) struct WireCommit {
    hash: String,
    message: Option<String>,
    summary: Option<WireText>,
    #[serde(default, deserialize_with = "wire::moment")]
    date: Option<Timestamp>,
    author: Option<WirePerson>,
    /// Not in older answers.
    committer: Option<WirePerson>,
    parents: Option<Rows<WireParent>>,
    links: Option<WireLinks>,
}

#[derive(Debug, Deserialize)]
struct WireParent {
    hash: Option<String>,
}

impl From<WireCommit> for Commit {
    fn from(wire: WireCommit) -> Self {
        let summary = wire.summary.and_then(|summary| summary.raw);
        let title = summary.as_ref().or(wire.message.as_ref());
        let title = title.and_then(|text| text.lines().next().map(str::to_owned));
        Self {
            sha: wire.hash,
            title,
            message: wire.message,
            // The one date that is sent is the author's.
            author: wire.author.map(|author| author.into_signature(wire.date)),
            committer: wire
                .committer
                .map(|committer| committer.into_signature(None)),
            parents: wire
                .parents
                .map(|parents| parents.into_iter().filter_map(|it| it.hash).collect()),
            stats: None,
            web_url: href(wire.links.unwrap_or_default().html),
        }
    }
}
