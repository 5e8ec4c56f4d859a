//! Pull requests and their changes. GitHub's list knows no merged state: closed and merged ones
//! come together, and what was not asked for is left out of the page.

use gitflare_core::{
    Code, Error, Page, PageRequest, Result, Timestamp,
    model::{Commit, Diff, PullRequest, PullRequestFilter, PullRequestState, PullRequestStats},
    provider::{Call, Endpoint, ProviderId, RepoRef},
};
use serde::Deserialize;

use super::{
    client::{Client, below, page_number},
    commits::WireCommit,
    diff::WireFile,
    profile::WireUser,
};
use crate::{
    diff_files::DiffFiles,
    listing::Api,
    request::Get,
    wire::{self, Id, Rows, Word},
};

pub(super) async fn list(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    state: PullRequestFilter,
    page: PageRequest,
) -> Result<Page<PullRequest>> {
    let (theirs, ours) = match state {
        PullRequestFilter::Open => ("open", None),
        PullRequestFilter::Closed => ("closed", Some(PullRequestState::Closed)),
        PullRequestFilter::Merged => ("closed", Some(PullRequestState::Merged)),
        PullRequestFilter::All => ("all", None),
    };
    let list = below(Endpoint::PullRequests, repo, &["pulls"])
        .query("state", theirs)
        .query("sort", "created")
        .query("direction", "desc");
    let mut pulls: Page<PullRequest> = client.rows(call, list, page, WirePull::into).await?;
    pulls
        .items
        .retain(|pull| ours.is_none_or(|ours| pull.state == ours));
    Ok(pulls)
}

pub(super) async fn find(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    number: u64,
) -> Result<PullRequest> {
    let get = Get::new(&["repositories", &repo.id, "pulls", &number.to_string()])?;
    let answer = client.item(call, Endpoint::PullRequest, repo, get).await?;
    Ok(answer.json::<WirePull>()?.into())
}

pub(super) async fn diff(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    number: u64,
) -> Result<Diff> {
    let number = number.to_string();
    let get = Get::new(&["repositories", &repo.id, "pulls", &number])?;
    let list = below(
        Endpoint::PullRequestDiff,
        repo,
        &["pulls", &number, "files"],
    );
    let (answer, (files, _)) = tokio::try_join!(
        client.item(call, Endpoint::PullRequestDiff, repo, get),
        DiffFiles::walk::<WireFile>(client, call, list),
    )?;
    let wire: WireDetail = answer.json()?;
    let mut diff = files.into_diff();
    if let Some(changed) = wire.changed_files {
        diff.truncated |= changed > diff.files.len() as u64;
        diff.stats.files = Some(changed);
    }
    diff.stats.additions = wire.additions;
    diff.stats.deletions = wire.deletions;
    diff.base_sha = wire.base.and_then(|end| end.sha);
    diff.head_sha = wire.head.and_then(|end| end.sha);
    Ok(diff)
}

/// The most commits of a pull request that GitHub lists.
/// <https://docs.github.com/en/rest/pulls/pulls#list-commits-on-a-pull-request>
const MOST_COMMITS: u64 = 250;

/// The commits of a pull request, oldest first. Whether there are more than GitHub lists is not told.
pub(super) async fn commits(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    number: u64,
    page: PageRequest,
) -> Result<Page<Commit>> {
    let number = number.to_string();
    let list = below(
        Endpoint::PullRequestCommits,
        repo,
        &["pulls", &*number, "commits"],
    );
    let before = (page_number(&page) - 1) * page.limit.get() as u64;
    let mut commits = client.rows(call, list, page, WireCommit::into).await?;
    if commits.next.is_none() && before + commits.items.len() as u64 >= MOST_COMMITS {
        commits.errors.push(Error::upstream(
            Code::UnsupportedEndpoint,
            ProviderId::GITHUB,
            format!(
                "GitHub lists the first {MOST_COMMITS} commits of a pull request: others may be missing."
            ),
        ));
    }
    Ok(commits)
}

/// What a single pull request says about its diff.
#[derive(Debug, Deserialize)]
struct WireDetail {
    changed_files: Option<u64>,
    additions: Option<u64>,
    deletions: Option<u64>,
    base: Option<WireEnd>,
    head: Option<WireEnd>,
}

#[derive(Debug, Default, Deserialize)]
struct WireEnd {
    #[serde(rename = "ref")]
    branch: Option<String>,
    sha: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct WirePull {
    id: Id,
    number: u64,
    title: Option<String>,
    body: Option<String>,
    state: Option<Word>,
    draft: Option<bool>,
    /// `null` once the account is deleted.
    user: Option<WireUser>,
    head: Option<WireEnd>,
    base: Option<WireEnd>,
    merge_commit_sha: Option<String>,
    labels: Option<Rows<WireLabel>>,
    /// Teams stand in a list of their own.
    requested_reviewers: Option<Rows<WireUser>>,
    /// Sent for single ones alone, as the next four.
    merged_by: Option<WireUser>,
    commits: Option<u64>,
    changed_files: Option<u64>,
    additions: Option<u64>,
    deletions: Option<u64>,
    html_url: Option<String>,
    #[serde(default, deserialize_with = "wire::moment")]
    created_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "wire::moment")]
    updated_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "wire::moment")]
    closed_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "wire::moment")]
    merged_at: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
struct WireLabel {
    name: Option<String>,
}

impl WirePull {
    fn state(&self) -> PullRequestState {
        let is_closed = match &self.state {
            Some(word) => word.as_str() == "closed",
            None => self.closed_at.is_some(),
        };
        if self.merged_at.is_some() {
            PullRequestState::Merged
        } else if is_closed {
            PullRequestState::Closed
        } else {
            PullRequestState::Open
        }
    }
}

impl From<WirePull> for PullRequest {
    fn from(wire: WirePull) -> Self {
        let state = wire.state();
        let (head, base) = (wire.head.unwrap_or_default(), wire.base.unwrap_or_default());
        let labels = wire.labels.unwrap_or_default();
        let stats = PullRequestStats {
            commits: wire.commits,
            files: wire.changed_files,
            additions: wire.additions,
            deletions: wire.deletions,
        };
        let reviewers = wire.requested_reviewers;
        Self {
            id: wire.id.into(),
            number: wire.number,
            title: wire.title,
            description: wire.body,
            state,
            draft: wire.draft,
            author: wire.user.and_then(WireUser::into_actor),
            merged_by: wire.merged_by.and_then(WireUser::into_actor),
            requested_reviewers: reviewers.map(|people| {
                let people = people.into_iter();
                people.filter_map(WireUser::into_actor).collect()
            }),
            source_branch: head.branch,
            target_branch: base.branch,
            head_sha: head.sha,
            base_sha: base.sha,
            // Before the merge it names a trial that nobody has made.
            merge_commit_sha: wire
                .merge_commit_sha
                .filter(|_| state == PullRequestState::Merged),
            labels: labels.into_iter().filter_map(|label| label.name).collect(),
            stats: stats.known(),
            web_url: wire.html_url,
            created_at: wire.created_at,
            updated_at: wire.updated_at,
            closed_at: wire.closed_at,
            merged_at: wire.merged_at,
        }
    }
}
