//! Histories, one commit's changes, and what a ref leads to.

use gitflare_core::{
    Code, Error, Limit, PageRequest, Result, Timestamp,
    model::{Commit, Diff, DiffStats, MAX_FILES, Signature},
    provider::{Call, CommitId, CommitPrefix, Endpoint, GitRef, ProviderId, RefSelector, RepoRef},
};
use serde::{Deserialize, de::IgnoredAny};

use super::{
    client::{Client, LINKS_UNSIZED, below, has_no_commits},
    diff::WireFile,
    profile::WireUser,
};
use crate::{
    diff_files::DiffFiles,
    listing::{Api, List},
    pagination,
    request::Get,
    wire::{self, Rows},
};

pub(super) fn list<'a>(repo: &'a RepoRef, branch: Option<&GitRef>) -> Result<List<'a>> {
    // A tag or a commit is no branch; the full name leads to neither.
    let branch = branch.map(|name| format!("refs/heads/{name}"));
    Ok(history(repo).query_opt("sha", branch))
}

fn history(repo: &RepoRef) -> List<'_> {
    below(Endpoint::Commits, repo, &["commits"])
}

/// One commit. Of its files one to a page is asked for, so that the number of the last page is how
/// many there are.
pub(super) async fn find(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    commit: &CommitPrefix,
) -> Result<Commit> {
    let get =
        Get::new(&["repositories", &repo.id, "commits", commit.as_str()])?.query("per_page", "1");
    let answer = client.item(call, Endpoint::Commit, repo, get).await?;
    let mut commit: WireCommit = answer.json()?;
    let is_told = commit.stats.is_some() || commit.files.is_some();
    let listed = commit.files.take().map(|files| files.0.len() as u64);
    let stats = commit.stats.take().unwrap_or_default();
    let stats = DiffStats {
        // GitHub lists no more than that of any commit.
        files: pagination::last_page(&answer)
            .or(listed)
            .filter(|files| *files < MAX_FILES as u64),
        additions: stats.additions,
        deletions: stats.deletions,
    };
    Ok(Commit {
        stats: is_told.then_some(stats),
        ..commit.into()
    })
}

pub(super) async fn diff(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    commit: &CommitId,
) -> Result<Diff> {
    // The commit comes again with every page of its files; the first one's is kept.
    let list = below(Endpoint::CommitDiff, repo, &["commits", commit.as_str()])
        .paged(&LINKS_UNSIZED)
        .rows_in("files")
        .optional();
    let (files, head) = DiffFiles::walk::<WireFile>(client, call, list).await?;
    let head: WireDetail = match head {
        Some(answer) => answer.json()?,
        None => WireDetail::default(),
    };
    let stats = head.stats.unwrap_or_default();
    let mut diff = files.into_diff();
    // The totals of a commit and of its files differ at times: only a full list was cut.
    diff.truncated |= diff.files.len() >= MAX_FILES;
    diff.stats = DiffStats {
        files: diff.stats.files.filter(|_| !diff.truncated),
        additions: stats.additions,
        deletions: stats.deletions,
    };
    diff.base_sha = head
        .parents
        .and_then(|parents| parents.into_iter().next())
        .map(|tip| tip.sha);
    diff.head_sha = head.sha;
    Ok(diff)
}

/// The commit that a selector leads to; `None` in an empty repository.
pub(super) async fn resolve(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    endpoint: Endpoint,
    at: &RefSelector,
) -> Result<Option<CommitId>> {
    let name = match at {
        RefSelector::DefaultBranch => {
            let tip = PageRequest::first(Limit::new(1)?);
            let sha = |tip: WireTip| tip.sha;
            let tips = client.rows(call, history(repo), tip, sha).await?;
            return tips.items.first().map(|sha| parse(sha)).transpose();
        }
        // A tag may have the same name.
        RefSelector::Branch(name) => format!("heads/{name}"),
        RefSelector::Ref(name) => {
            // An id may be that of a tree or a tag, and a folder read as a root hides its own path from
            // the firewall. Checks have none of their own for these.
            if endpoint == Endpoint::Checks
                && let Ok(commit) = CommitId::parse(name.as_str())
            {
                return Ok(Some(commit));
            }
            name.to_string()
        }
    };
    // Its files come along; one of them is the least.
    let get = Get::new(&["repositories", &repo.id, "commits", &name])?.query("per_page", "1");
    match client.item(call, endpoint, repo, get).await {
        Ok(answer) => parse(&answer.json::<WireTip>()?.sha).map(Some),
        Err(error) if has_no_commits(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn parse(sha: &str) -> Result<CommitId> {
    CommitId::parse(sha).map_err(|_| {
        Error::upstream(
            Code::UpstreamUnavailable,
            ProviderId::GITHUB,
            "GitHub names a commit that cannot be one.",
        )
    })
}

#[derive(Debug, Deserialize)]
struct WireTip {
    sha: String,
}

/// What stands around the files of a commit.
#[derive(Debug, Default, Deserialize)]
struct WireDetail {
    sha: Option<String>,
    parents: Option<Rows<WireTip>>,
    stats: Option<WireStats>,
}

#[derive(Debug, Default, Deserialize)]
struct WireStats {
    additions: Option<u64>,
    deletions: Option<u64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct WireCommit {
    sha: String,
    html_url: Option<String>,
    commit: Option<WireGitCommit>,
    /// The accounts behind the addresses; an empty object or `null` when there is none.
    author: Option<WireUser>,
    committer: Option<WireUser>,
    parents: Option<Rows<WireTip>>,
    /// Of a commit alone, as the next.
    stats: Option<WireStats>,
    files: Option<Rows<IgnoredAny>>,
}

#[derive(Debug, Default, Deserialize)]
struct WireGitCommit {
    message: Option<String>,
    author: Option<WirePerson>,
    committer: Option<WirePerson>,
}

#[derive(Debug, Default, Deserialize)]
struct WirePerson {
    name: Option<String>,
    email: Option<String>,
    #[serde(default, deserialize_with = "wire::moment")]
    date: Option<Timestamp>,
}

impl WireCommit {
    pub(super) fn sha(&self) -> &str {
        &self.sha
    }
}

impl From<WireCommit> for Commit {
    fn from(wire: WireCommit) -> Self {
        let git = wire.commit.unwrap_or_default();
        let message = git.message;
        Self {
            sha: wire.sha,
            title: message
                .as_ref()
                .and_then(|message| message.lines().next().map(str::to_owned)),
            message,
            author: signature(git.author, wire.author),
            committer: signature(git.committer, wire.committer),
            parents: wire
                .parents
                .map(|parents| parents.into_iter().map(|parent| parent.sha).collect()),
            stats: None,
            web_url: wire.html_url,
        }
    }
}

/// `None` when nothing of it was sent.
fn signature(person: Option<WirePerson>, account: Option<WireUser>) -> Option<Signature> {
    let person = person.unwrap_or_default();
    let (login, avatar_url) = match account {
        Some(account) => (account.login, account.avatar_url),
        None => (None, None),
    };
    let signature = Signature {
        name: person.name,
        email: person.email,
        date: person.date,
        login,
        avatar_url,
    };
    (signature != Signature::default()).then_some(signature)
}
