//! Merge requests, which the unified API calls pull requests, and their changes.

use gitflare_core::{
    Result, Timestamp,
    model::{Diff, PullRequest, PullRequestFilter, PullRequestState, PullRequestStats},
    provider::{Call, Endpoint, RepoRef},
};
use serde::Deserialize;

use super::{
    client::{Client, below},
    diff::WireFile,
    profile::WireUser,
};
use crate::{
    diff_files::DiffFiles,
    listing::{Api, List},
    request::Get,
    wire::{self, Id, Rows, Word},
};

pub(super) fn list(repo: &RepoRef, state: PullRequestFilter) -> Result<List<'_>> {
    // The upstream's default is `all`.
    // <https://docs.gitlab.com/api/merge_requests/#list-project-merge-requests>
    let state = match state {
        PullRequestFilter::Open => "opened",
        PullRequestFilter::Closed => "closed",
        PullRequestFilter::Merged => "merged",
        PullRequestFilter::All => "all",
    };
    Ok(below(Endpoint::PullRequests, repo, &["merge_requests"])
        .query("state", state)
        .query("order_by", "created_at")
        .query("sort", "desc"))
}

pub(super) async fn find(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    number: u64,
) -> Result<PullRequest> {
    let number = number.to_string();
    let get = Get::new(&["projects", &repo.id, "merge_requests", &number])?;
    let answer = client.item(call, Endpoint::PullRequest, repo, get).await?;
    Ok(answer.json::<WireMergeRequest>()?.into())
}

pub(super) async fn diff(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    number: u64,
) -> Result<Diff> {
    let number = number.to_string();
    let get = Get::new(&["projects", &repo.id, "merge_requests", &number])?;
    let path = ["merge_requests", &number, "diffs"];
    let list = below(Endpoint::PullRequestDiff, repo, &path);
    let (answer, (files, _)) = tokio::try_join!(
        client.item(call, Endpoint::PullRequestDiff, repo, get),
        DiffFiles::walk::<WireFile>(client, call, list),
    )?;
    let ends: WireEnds = answer.json()?;
    let mut diff = files.into_diff();
    let changes = ends.changes_count.unwrap_or_default();
    if let Ok(count) = changes.parse::<u64>() {
        diff.truncated |= count > diff.files.len() as u64;
        diff.stats.files = Some(count);
    }
    // `1000+` when over the instance's limit; not prepared yet when nothing is known at all.
    diff.truncated |= changes.ends_with('+') || ends.diff_refs.is_none() && diff.files.is_empty();
    if diff.truncated {
        diff.stats.additions = None;
        diff.stats.deletions = None;
        diff.stats.files = changes.parse().ok();
    }
    let refs = ends.diff_refs.unwrap_or_default();
    diff.base_sha = refs.base_sha;
    diff.head_sha = refs.head_sha.or(ends.sha);
    Ok(diff)
}

pub(super) fn commits(repo: &RepoRef, number: u64) -> Result<List<'_>> {
    let list = below(Endpoint::PullRequestCommits, repo, &["merge_requests"]);
    Ok(list.then(number.to_string()).at(&["commits"]))
}

/// What a single merge request says about its diff.
#[derive(Debug, Deserialize)]
struct WireEnds {
    sha: Option<String>,
    diff_refs: Option<WireDiffRefs>,
    /// A number as text.
    changes_count: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct WireDiffRefs {
    base_sha: Option<String>,
    head_sha: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct WireMergeRequest {
    id: Id,
    iid: u64,
    title: Option<String>,
    description: Option<String>,
    state: Option<Word>,
    draft: Option<bool>,
    /// What `draft` was called before.
    work_in_progress: Option<bool>,
    author: Option<WireUser>,
    source_branch: Option<String>,
    target_branch: Option<String>,
    sha: Option<String>,
    diff_refs: Option<WireDiffRefs>,
    merge_commit_sha: Option<String>,
    squash_commit_sha: Option<String>,
    labels: Option<Rows<String>>,
    merge_user: Option<WireUser>,
    /// What `merge_user` was called before.
    merged_by: Option<WireUser>,
    reviewers: Option<Rows<WireUser>>,
    /// A number as text, sent for single ones alone; `1000+` when over the instance's limit.
    changes_count: Option<String>,
    web_url: Option<String>,
    #[serde(default, deserialize_with = "wire::moment")]
    created_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "wire::moment")]
    updated_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "wire::moment")]
    closed_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "wire::moment")]
    merged_at: Option<Timestamp>,
}

pub(super) fn state(word: &str) -> Option<PullRequestState> {
    match word {
        // `locked` lasts while GitLab merges; `reopened` is what old releases said.
        "opened" | "locked" | "reopened" => Some(PullRequestState::Open),
        "closed" => Some(PullRequestState::Closed),
        "merged" => Some(PullRequestState::Merged),
        _ => None,
    }
}

impl WireMergeRequest {
    /// A word that this adapter does not know leaves the dates to tell.
    fn state(&self) -> PullRequestState {
        match self.state.as_ref().and_then(|word| state(word.as_str())) {
            Some(state) => state,
            None if self.merged_at.is_some() => PullRequestState::Merged,
            None if self.closed_at.is_some() => PullRequestState::Closed,
            None => PullRequestState::Open,
        }
    }
}

impl From<WireMergeRequest> for PullRequest {
    fn from(wire: WireMergeRequest) -> Self {
        let files = wire.changes_count.as_ref();
        let stats = PullRequestStats {
            files: files.and_then(|count| count.parse().ok()),
            ..PullRequestStats::default()
        };
        Self {
            id: wire.id.into(),
            number: wire.iid,
            state: wire.state(),
            stats: stats.known(),
            merged_by: wire.merge_user.or(wire.merged_by).map(Into::into),
            requested_reviewers: wire
                .reviewers
                .map(|people| people.into_iter().map(Into::into).collect()),
            title: wire.title,
            description: wire.description,
            draft: wire.draft.or(wire.work_in_progress),
            author: wire.author.map(Into::into),
            source_branch: wire.source_branch,
            target_branch: wire.target_branch,
            head_sha: wire.sha,
            base_sha: wire.diff_refs.and_then(|refs| refs.base_sha),
            // Both are null after a fast-forward: no commit was made to merge it.
            merge_commit_sha: wire.merge_commit_sha.or(wire.squash_commit_sha),
            labels: wire.labels.unwrap_or_default().0,
            web_url: wire.web_url,
            created_at: wire.created_at,
            updated_at: wire.updated_at,
            closed_at: wire.closed_at,
            merged_at: wire.merged_at,
        }
    }
}
