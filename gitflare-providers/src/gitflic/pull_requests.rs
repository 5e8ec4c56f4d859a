//! Merge requests, which are GitFlic's pull requests, and their changes. The list is asked for whole
//! and filtered here, for GitFlic knows no filter for what is open: pages may be short, or empty.
//! When one was merged or closed is not told.

use gitflare_core::{
    Page, PageRequest, Result, Timestamp,
    model::{Diff, PullRequest, PullRequestFilter, PullRequestState},
    provider::{Call, Endpoint, RepoRef},
};
use serde::Deserialize;

use super::{
    api::{Label, User},
    client::{Client, Told, Web, below, object, web},
    diff::{self, WireFile},
    person::actor,
};
use crate::{
    diff_files::DiffFiles,
    listing::Api,
    wire::{self, Id, Rows, Word, known},
};

pub(super) async fn list(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    state: PullRequestFilter,
    page: PageRequest,
) -> Result<Page<PullRequest>> {
    let wanted = match state {
        PullRequestFilter::Open => Some(PullRequestState::Open),
        PullRequestFilter::Closed => Some(PullRequestState::Closed),
        PullRequestFilter::Merged => Some(PullRequestState::Merged),
        PullRequestFilter::All => None,
    };
    let base = client.web(call)?;
    let list = below(Endpoint::PullRequests, repo, &["merge-request", "list"])?.admitted();
    let mut told = Told::default();
    let into = |mut wire: WireMergeRequest| {
        told.note(repo, wire.project());
        wire.of(repo, web(&base))
    };
    let mut found = client.rows(call, list, page, into).await?;
    client.vouch(call, repo, told).await?;
    found
        .items
        .retain(|it| wanted.is_none_or(|wanted| it.state == wanted));
    Ok(found)
}

pub(super) async fn find(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    number: u64,
) -> Result<PullRequest> {
    let base = client.web(call)?;
    let wire = one(client, call, Endpoint::PullRequest, repo, number).await?;
    Ok(wire.of(repo, web(&base)))
}

/// One merge request, which says whose it is.
async fn one(
    client: &Client,
    call: &Call,
    endpoint: Endpoint,
    repo: &RepoRef,
    number: u64,
) -> Result<WireMergeRequest> {
    let get = object(repo, &["merge-request", &number.to_string()])?;
    let answer = client.vouched_item(call, endpoint, repo, get).await?;
    let mut wire: WireMergeRequest = answer.json()?;
    let mut told = Told::default();
    told.note(repo, wire.project());
    client.vouch(call, repo, told).await?;
    Ok(wire)
}

pub(super) async fn diff(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    number: u64,
) -> Result<Diff> {
    let endpoint = Endpoint::PullRequestDiff;
    let segment = number.to_string();
    let list = below(endpoint, repo, &["merge-request", &*segment, "changes"])?;
    let mut files = Vec::new();
    let changes = diff::walk(client, call, list, |file: WireFile| files.push(file.into()));
    let wire = one(client, call, endpoint, repo, number);
    let (wire, (truncated, head)) = match client.is_believed(call, repo) {
        true => tokio::try_join!(wire, changes)?,
        // The merge request says whose it is, which spares a look.
        false => (wire.await?, changes.await?),
    };
    let mut all = DiffFiles::of(files.into_iter());
    all.truncated |= truncated;
    let mut diff = all.into_diff();
    if let (true, Some(head)) = (truncated, head) {
        // What was not read is counted by GitFlic.
        let told: WireTotals = head.json()?;
        diff.stats.files = told.page.and_then(|page| page.total_elements);
        diff.stats.additions = told.total_added_lines;
        diff.stats.deletions = told.total_removed_lines;
    }
    diff.base_sha = wire.target_branch.and_then(|branch| known(branch.hash));
    diff.head_sha = wire.source_branch.and_then(|branch| known(branch.hash));
    Ok(diff)
}

/// What stands around the changes.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireTotals {
    total_added_lines: Option<u64>,
    total_removed_lines: Option<u64>,
    page: Option<WirePage>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WirePage {
    total_elements: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireMergeRequest {
    id: String,
    local_id: Id,
    title: Option<String>,
    description: Option<String>,
    /// Branches and the status have the shape of a choice on GitFlic's pages.
    source_branch: Option<WireChoice>,
    target_branch: Option<WireChoice>,
    status: Option<WireStatus>,
    created_by: Option<User>,
    /// Known of newer releases alone.
    work_in_progress: Option<bool>,
    labels: Option<Rows<Label>>,
    reviewers: Option<Rows<User>>,
    target_project: Option<WireProject>,
    merge_commit: Option<WireHash>,
    #[serde(default, deserialize_with = "wire::moment")]
    created_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "wire::moment")]
    updated_at: Option<Timestamp>,
}

/// A branch: its name, and the commit at its head.
#[derive(Debug, Deserialize)]
struct WireChoice {
    title: Option<String>,
    hash: Option<String>,
}

#[derive(Debug, Deserialize)]
struct WireProject {
    id: Option<String>,
}

#[derive(Debug, Deserialize)]
struct WireStatus {
    id: Option<Word>,
}

#[derive(Debug, Deserialize)]
struct WireHash {
    hash: Option<String>,
}

/// One that could not be merged stays open, and so does what nobody knows.
pub(super) fn state(word: &str) -> PullRequestState {
    match word {
        "MERGED" => PullRequestState::Merged,
        "CLOSED" | "CANCELED" | "CANCELLED" => PullRequestState::Closed,
        _ => PullRequestState::Open,
    }
}

impl WireMergeRequest {
    /// The project that it is in.
    fn project(&mut self) -> Option<String> {
        self.target_project.take()?.id
    }

    fn of(self, repo: &RepoRef, web: Web<'_>) -> PullRequest {
        let split = |branch: Option<WireChoice>| match branch {
            Some(branch) => (known(branch.title), known(branch.hash)),
            None => (None, None),
        };
        let (source_branch, head_sha) = split(self.source_branch);
        let (target_branch, base_sha) = split(self.target_branch);
        let status = self.status.and_then(|status| status.id);
        let number = self.local_id.number();
        let labels = self.labels.unwrap_or_default().into_iter();
        PullRequest {
            id: self.id,
            number,
            title: known(self.title),
            description: known(self.description),
            state: state(status.as_ref().map_or("", Word::as_str)),
            draft: self.work_in_progress,
            author: self.created_by.map(|user| actor(user, web)),
            merged_by: None,
            requested_reviewers: self.reviewers.map(|people| {
                let people = people.into_iter();
                people.map(|user| actor(user, web)).collect()
            }),
            source_branch,
            target_branch,
            head_sha,
            base_sha,
            merge_commit_sha: self.merge_commit.and_then(|commit| commit.hash),
            labels: labels.filter_map(|label| label.title).collect(),
            stats: None,
            web_url: web.project(repo, &["merge-request", &number.to_string()]),
            created_at: self.created_at,
            updated_at: self.updated_at,
            closed_at: None,
            merged_at: None,
        }
    }
}
