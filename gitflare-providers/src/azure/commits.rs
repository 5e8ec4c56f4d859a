//! Histories and one commit's changes. The first page says which commit it started from, and the cursor
//! keeps it, so that all pages of a chain are of one history.

use gitflare_core::{
    Page, PageRequest, Result, Timestamp,
    model::{Commit, Diff, Signature},
    provider::{Call, CommitId, CommitPrefix, Endpoint, GitRef, RepoRef},
};
use serde::Deserialize;

use super::{
    changes::{self, Between},
    client::{Client, below, moment, object},
    diff,
    pages::HISTORY,
};
use crate::{
    listing::Api,
    pinned::{pin, unpin},
    upstream_answer::Answer,
    wire::{self, Rows},
};

const VERSION: &str = "searchCriteria.itemVersion.version";
const KIND: &str = "searchCriteria.itemVersion.versionType";

pub(super) async fn list(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    branch: Option<&GitRef>,
    page: PageRequest,
) -> Result<Page<Commit>> {
    let list = below(Endpoint::Commits, &HISTORY, repo, &["commits"])?;
    let limit = page.limit;
    if let Some(position) = &page.position {
        let (commit, position) = unpin(position)?;
        let list = list.query(VERSION, commit.as_str()).query(KIND, "commit");
        let page = PageRequest { limit, position };
        let commits = client.rows(call, list, page, WireCommit::into).await?;
        return Ok(pin(commits, &commit));
    }
    // Without a kind the name would be taken for another thing, or for none.
    let list = match branch {
        Some(name) => list.query(VERSION, name.as_str()).query(KIND, "branch"),
        None => list,
    };
    let read = client.listing(call, &list, &page, WireCommit::into).await;
    let (commits, answer) = match read {
        Ok(listing) => (listing.page, listing.answer),
        Err(error) if branch.is_none() => {
            return match client.is_without_commits(call, repo, &error).await? {
                true => Ok(Page::last(Vec::new())),
                false => Err(error),
            };
        }
        Err(error) => return Err(error),
    };
    Ok(match starting_commit(answer.as_ref(), &commits) {
        Some(commit) => pin(commits, &commit),
        None => Page::last(commits.items),
    })
}

/// The commit that a history was read from: `Link: <sha>;rel="startingCommitId"`, else its first row.
fn starting_commit(answer: Option<&Answer>, commits: &Page<Commit>) -> Option<CommitId> {
    let link = answer.and_then(|answer| answer.header("link"));
    let named = link
        .filter(|link| link.contains("startingCommitId"))
        .and_then(|link| link.strip_prefix('<')?.split('>').next())
        .and_then(|hash| CommitId::parse(hash).ok());
    named.or_else(|| CommitId::parse(&commits.items.first()?.sha).ok())
}

/// One commit. What it counts as changes are folders as well as files, so that no count of files is told.
pub(super) async fn find(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    commit: &CommitPrefix,
) -> Result<Commit> {
    let get = object(repo, &["commits", commit.as_str()])?.query("changeCount", "0");
    let answer = client.item(call, Endpoint::Commit, repo, get).await?;
    Ok(answer.json::<WireCommit>()?.into())
}

pub(super) async fn diff(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    commit: &CommitId,
) -> Result<Diff> {
    let endpoint = Endpoint::CommitDiff;
    let get = object(repo, &["commits", commit.as_str()])?.query("changeCount", "0");
    let answer = client.item(call, endpoint, repo, get).await?;
    let commit: WireCommit = answer.json()?;
    let parents = commit.parents.unwrap_or_default();
    let base = parents.into_iter().next();
    let changes = match &base {
        Some(base) => {
            let between = Between {
                base,
                head: &commit.commit_id,
                from_common: false,
            };
            changes::between(client, call, endpoint, repo, between).await?
        }
        None => changes::of_first(client, call, endpoint, repo, &commit.commit_id).await?,
    };
    diff::of(client, call, repo, changes).await
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireCommit {
    commit_id: String,
    /// In lists a long one is cut.
    comment: Option<String>,
    author: Option<WirePerson>,
    committer: Option<WirePerson>,
    /// Not in lists.
    parents: Option<Rows<String>>,
    remote_url: Option<String>,
}

/// A person as Git knows them.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WirePerson {
    #[serde(default, deserialize_with = "wire::filled")]
    name: Option<String>,
    #[serde(default, deserialize_with = "wire::filled")]
    email: Option<String>,
    #[serde(default, deserialize_with = "moment")]
    date: Option<Timestamp>,
    image_url: Option<String>,
}

impl From<WirePerson> for Signature {
    fn from(wire: WirePerson) -> Self {
        Self {
            name: wire.name,
            email: wire.email,
            date: wire.date,
            login: None,
            avatar_url: wire.image_url,
        }
    }
}

impl From<WireCommit> for Commit {
    fn from(wire: WireCommit) -> Self {
        let title = wire.comment.as_ref();
        Self {
            sha: wire.commit_id,
            title: title.and_then(|text| text.lines().next().map(str::to_owned)),
            message: wire.comment,
            author: wire.author.map(Into::into),
            committer: wire.committer.map(Into::into),
            parents: wire.parents.map(|parents| parents.0),
            stats: None,
            web_url: wire.remote_url,
        }
    }
}
