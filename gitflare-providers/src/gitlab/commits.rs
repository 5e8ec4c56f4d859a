//! Histories, one commit's changes, and what a ref leads to. GitLab links no account to a commit:
//! people are a name and an e-mail.

use gitflare_core::{
    Code, Error, Page, PageRequest, Result, Timestamp,
    model::{Commit, Diff, DiffStats, Signature},
    provider::{Call, CommitId, CommitPrefix, Endpoint, GitRef, ProviderId, RefSelector, RepoRef},
};
use serde::Deserialize;

use super::{
    client::{Client, below},
    diff::WireFile,
};
use crate::{
    diff_files::DiffFiles,
    listing::Api,
    request::Get,
    wire::{self, Rows},
};

pub(super) async fn list(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    branch: Option<&GitRef>,
    page: PageRequest,
) -> Result<Page<Commit>> {
    let is_first = page.position.is_none();
    let name = branch.map(of_branch);
    let list = below(Endpoint::Commits, repo, &["repository", "commits"])
        .query_opt("ref_name", name.as_deref());
    let commits = client.rows(call, list, page, WireCommit::into).await?;
    // An unknown branch is an empty list upstream, and a branch without commits does not exist.
    let nothing = commits.items.is_empty() && commits.next.is_none() && is_first;
    if nothing && branch.is_some() && !client.is_empty(call, repo).await? {
        return Err(no_such_ref());
    }
    Ok(commits)
}

pub(super) async fn find(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    commit: &CommitPrefix,
) -> Result<Commit> {
    let path = [
        "projects",
        &*repo.id,
        "repository",
        "commits",
        commit.as_str(),
    ];
    let get = Get::new(&path)?.query("stats", "true");
    let answer = client.item(call, Endpoint::Commit, repo, get).await?;
    Ok(answer.json::<WireCommit>()?.into())
}

pub(super) async fn diff(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    commit: &CommitId,
) -> Result<Diff> {
    let path = ["repository", "commits", commit.as_str(), "diff"];
    let get = Get::new(&[&["projects", &*repo.id], &path[..3]].concat())?;
    let list = below(Endpoint::CommitDiff, repo, &path);
    let (answer, (files, _)) = tokio::try_join!(
        client.item(call, Endpoint::CommitDiff, repo, get),
        DiffFiles::walk::<WireFile>(client, call, list),
    )?;
    let commit: WireCommit = answer.json()?;
    let mut diff = files.into_diff();
    if let Some(stats) = commit.stats {
        diff.truncated |= is_cut(&diff, &stats);
        diff.stats = DiffStats {
            files: diff.stats.files.filter(|_| !diff.truncated),
            additions: stats.additions,
            deletions: stats.deletions,
        };
    }
    diff.base_sha = commit.parent_ids.and_then(|ids| ids.into_iter().next());
    diff.head_sha = Some(commit.id);
    Ok(diff)
}

/// The least that makes an instance cut a diff: files, and changed lines.
/// <https://docs.gitlab.com/administration/diff_limits/>
const LEAST_CUT: (usize, u64) = (1000, 50_000);

/// Whether files are missing. GitLab does not mark those that its instance's limits cost; totals alone
/// prove nothing, for they differ at times. Where lines are not known, neither is which limits the
/// instance has: then the least number of files, to the file, is taken for the limit.
fn is_cut(diff: &Diff, stats: &WireStats) -> bool {
    let total = stats.additions.unwrap_or_default() + stats.deletions.unwrap_or_default();
    let listed = diff.stats.additions.zip(diff.stats.deletions);
    let (files, lines) = LEAST_CUT;
    let at_limit = diff.files.len() >= files || total >= lines;
    match listed {
        Some((added, removed)) => at_limit && added + removed < total,
        None => diff.files.len() == files,
    }
}

/// The commit that a selector leads to; `None` in an empty repository.
pub(super) async fn resolve(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    endpoint: Endpoint,
    at: &RefSelector,
) -> Result<Option<CommitId>> {
    if let RefSelector::Ref(name) = at
        && let Ok(commit) = CommitId::parse(name.as_str())
    {
        return Ok(Some(commit));
    }
    let name = ref_name(at);
    let list =
        below(endpoint, repo, &["repository", "commits"]).query_opt("ref_name", name.as_deref());
    let tip = PageRequest::first(gitflare_core::Limit::new(1)?);
    let id = |tip: WireTip| tip.id;
    let tips = client.rows(call, list, tip, id).await?;
    match tips.items.first() {
        Some(id) => CommitId::parse(id).map(Some).map_err(|_| {
            Error::upstream(
                Code::UpstreamUnavailable,
                ProviderId::GITLAB,
                "GitLab names a commit that cannot be one.",
            )
        }),
        None if client.is_empty(call, repo).await? => Ok(None),
        None => Err(no_such_ref()),
    }
}

/// What GitLab is asked with for a selector; `None` for the default branch.
pub(super) fn ref_name(at: &RefSelector) -> Option<String> {
    match at {
        RefSelector::DefaultBranch => None,
        RefSelector::Branch(name) => Some(of_branch(name)),
        RefSelector::Ref(name) => Some(name.to_string()),
    }
}

/// The full name of a branch: a tag or a commit of the same name is not meant.
fn of_branch(name: &GitRef) -> String {
    format!("refs/heads/{name}")
}

fn no_such_ref() -> Error {
    Error::upstream(
        Code::ResourceNotFound,
        ProviderId::GITLAB,
        "There is no such branch, tag or commit in the repository.",
    )
}

#[derive(Debug, Deserialize)]
struct WireTip {
    id: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct WireCommit {
    id: String,
    title: Option<String>,
    message: Option<String>,
    #[serde(default, deserialize_with = "wire::filled")]
    author_name: Option<String>,
    #[serde(default, deserialize_with = "wire::filled")]
    author_email: Option<String>,
    #[serde(default, deserialize_with = "wire::moment")]
    authored_date: Option<Timestamp>,
    #[serde(default, deserialize_with = "wire::filled")]
    committer_name: Option<String>,
    #[serde(default, deserialize_with = "wire::filled")]
    committer_email: Option<String>,
    #[serde(default, deserialize_with = "wire::moment")]
    committed_date: Option<Timestamp>,
    parent_ids: Option<Rows<String>>,
    web_url: Option<String>,
    /// Sent for single commits only.
    stats: Option<WireStats>,
}

#[derive(Debug, Deserialize)]
struct WireStats {
    additions: Option<u64>,
    deletions: Option<u64>,
}

impl WireCommit {
    pub(super) fn sha(&self) -> &str {
        &self.id
    }
}

impl From<WireCommit> for Commit {
    fn from(wire: WireCommit) -> Self {
        let first_line = |message: &String| message.lines().next().map(str::to_owned);
        Self {
            sha: wire.id,
            title: wire
                .title
                .or_else(|| wire.message.as_ref().and_then(first_line)),
            message: wire.message,
            author: signature(wire.author_name, wire.author_email, wire.authored_date),
            committer: signature(
                wire.committer_name,
                wire.committer_email,
                wire.committed_date,
            ),
            parents: wire.parent_ids.map(|ids| ids.0),
            // How many files there are is not told.
            stats: wire.stats.map(|stats| DiffStats {
                files: None,
                additions: stats.additions,
                deletions: stats.deletions,
            }),
            web_url: wire.web_url,
        }
    }
}

/// `None` when nothing of it was sent.
fn signature(
    name: Option<String>,
    email: Option<String>,
    date: Option<Timestamp>,
) -> Option<Signature> {
    let signature = Signature {
        name,
        email,
        date,
        login: None,
        avatar_url: None,
    };
    (signature != Signature::default()).then_some(signature)
}
