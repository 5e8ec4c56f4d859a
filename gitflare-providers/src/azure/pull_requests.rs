//! Pull requests and their changes. What a pull request says of its repository is not all true: its
//! visibility is never read there.

use gitflare_core::{
    Result, Timestamp,
    model::{Diff, PullRequest, PullRequestFilter, PullRequestState},
    provider::{Call, Endpoint, RepoRef},
};
use percent_encoding::percent_decode_str;
use serde::Deserialize;

use super::{
    changes::{self, Between},
    client::{Client, below, branch, moment, object, without_user},
    diff,
    pages::{COUNTED, TOKENS},
    person::WireIdentity,
    reviews::WireReviewer,
};
use crate::{
    listing::{Api, List},
    oauth::segment,
    wire::{self, Id, Rows, Word, is_uuid},
};

pub(super) fn list(repo: &RepoRef, state: PullRequestFilter) -> Result<List<'_>> {
    let status = match state {
        PullRequestFilter::Open => "active",
        PullRequestFilter::Closed => "abandoned",
        PullRequestFilter::Merged => "completed",
        PullRequestFilter::All => "all",
    };
    Ok(
        below(Endpoint::PullRequests, &COUNTED, repo, &["pullrequests"])?
            .query("searchCriteria.status", status),
    )
}

pub(super) async fn find(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    number: u64,
) -> Result<PullRequest> {
    let get = object(repo, &["pullrequests", &number.to_string()])?;
    let answer = client.item(call, Endpoint::PullRequest, repo, get).await?;
    Ok(answer.json::<WirePullRequest>()?.into())
}

/// The changes of the newest iteration against the commit that both branches have in common; without
/// iterations those of the two branches.
pub(super) async fn diff(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    number: u64,
) -> Result<Diff> {
    let endpoint = Endpoint::PullRequestDiff;
    let number = number.to_string();
    let get = object(repo, &["pullRequests", &number, "iterations"])?;
    let answer = client.item(call, endpoint, repo, get).await?;
    let iterations: WireIterations = answer.json()?;
    let newest = iterations
        .value
        .into_iter()
        .max_by_key(|iteration| iteration.id);
    let changes = match newest {
        Some(newest) => {
            let iteration = newest.id.to_string();
            let at = (
                hash(newest.common_ref_commit),
                hash(newest.source_ref_commit),
            );
            let path = [
                "pullRequests",
                &*number,
                "iterations",
                &*iteration,
                "changes",
            ];
            changes::of_iteration(client, call, endpoint, repo, &path, at).await?
        }
        None => {
            let get = object(repo, &["pullrequests", &number])?;
            let wire: WirePullRequest = client.item(call, endpoint, repo, get).await?.json()?;
            let ends = (
                hash(wire.last_merge_target_commit),
                hash(wire.last_merge_source_commit),
            );
            let (Some(target), Some(source)) = ends else {
                return Err(answer.unusable("the pull request names no commits"));
            };
            let between = Between {
                base: &target,
                head: &source,
                from_common: true,
            };
            let mut found = changes::between(client, call, endpoint, repo, between).await?;
            // The older side of every file is there, not at the target.
            found.base = found.common.take().map(|common| common.commit);
            found
        }
    };
    diff::of(client, call, repo, changes).await
}

pub(super) fn commits(repo: &RepoRef, number: u64) -> Result<List<'_>> {
    let list = below(
        Endpoint::PullRequestCommits,
        &TOKENS,
        repo,
        &["pullRequests"],
    )?;
    Ok(list.then(number.to_string()).at(&["commits"]))
}

fn hash(commit: Option<WireHash>) -> Option<String> {
    commit.and_then(|commit| commit.commit_id)
}

#[derive(Debug, Deserialize)]
struct WireIterations {
    value: Rows<WireIteration>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireIteration {
    id: u64,
    source_ref_commit: Option<WireHash>,
    common_ref_commit: Option<WireHash>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireHash {
    commit_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WirePullRequest {
    pull_request_id: Id,
    repository: Option<WireRepository>,
    url: Option<String>,
    title: Option<String>,
    /// In lists a long one is cut.
    #[serde(default, deserialize_with = "wire::filled")]
    description: Option<String>,
    status: Option<Word>,
    is_draft: Option<bool>,
    created_by: Option<WireIdentity>,
    /// Who completed it, or gave it up.
    closed_by: Option<WireIdentity>,
    reviewers: Option<Rows<WireReviewer>>,
    source_ref_name: Option<String>,
    target_ref_name: Option<String>,
    /// Absent while the merge is queued, as the next two.
    last_merge_source_commit: Option<WireHash>,
    last_merge_target_commit: Option<WireHash>,
    last_merge_commit: Option<WireHash>,
    labels: Option<Rows<WireName>>,
    #[serde(default, deserialize_with = "moment")]
    creation_date: Option<Timestamp>,
    #[serde(default, deserialize_with = "moment")]
    closed_date: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireRepository {
    #[serde(default, deserialize_with = "wire::filled")]
    name: Option<String>,
    #[serde(default, deserialize_with = "wire::filled")]
    web_url: Option<String>,
    #[serde(default, deserialize_with = "wire::filled")]
    remote_url: Option<String>,
    project: Option<WireName>,
}

#[derive(Debug, Deserialize)]
struct WireName {
    #[serde(default, deserialize_with = "wire::filled")]
    name: Option<String>,
}

/// Whether a segment of an address is the project of that name, by its id or its name.
fn is_project(segment: &str, name: &str) -> bool {
    let decoded = percent_decode_str(segment).decode_utf8_lossy();
    is_uuid(segment) || decoded.eq_ignore_ascii_case(name)
}

/// Whether an address names an organization, in its path or, as it once was, in its host.
fn has_organization(address: &str) -> bool {
    let below_host = address
        .split("://")
        .nth(1)
        .is_some_and(|it| it.contains('/'));
    below_host || address.ends_with(".visualstudio.com")
}

impl WirePullRequest {
    pub(super) fn number(&self) -> u64 {
        self.pull_request_id.number()
    }

    pub(super) fn state(&self) -> PullRequestState {
        // Azure's words come in any letter case.
        match &*self
            .status
            .as_ref()
            .map_or("", Word::as_str)
            .to_ascii_lowercase()
        {
            "completed" => PullRequestState::Merged,
            "abandoned" => PullRequestState::Closed,
            _ => PullRequestState::Open,
        }
    }

    /// Its page, below that of its repository: built alike whatever was sent, which is the address of the
    /// API, or that of the repository. Both have the organization in front, and the project by its id, by
    /// its name, or not at all.
    fn page(&self) -> Option<String> {
        let repository = self.repository.as_ref()?;
        let own = repository.web_url.as_ref();
        let own = own.or(repository.remote_url.as_ref()).cloned();
        let own = own.and_then(without_user);
        let project = repository.project.as_ref();
        let project = project.and_then(|project| project.name.as_ref());
        let (Some(project), Some(name)) = (project, &repository.name) else {
            return Some(format!("{}/pullrequest/{}", own?, self.number()));
        };
        let of_api = self.url.as_ref().and_then(|url| url.split_once("/_apis/"));
        let (before, _) = of_api.or(own.as_ref().and_then(|url| url.split_once("/_git/")))?;
        let organization = match before.rsplit_once('/') {
            Some((above, last)) if is_project(last, project) && has_organization(above) => above,
            _ => before,
        };
        let (project, name) = (segment(project), segment(name));
        Some(format!(
            "{organization}/{project}/_git/{name}/pullrequest/{}",
            self.number()
        ))
    }
}

impl From<WirePullRequest> for PullRequest {
    fn from(wire: WirePullRequest) -> Self {
        let (state, number) = (wire.state(), wire.number());
        let web_url = wire.page();
        let labels = wire.labels.unwrap_or_default().into_iter();
        let merged_by = wire.closed_by;
        let merged_by = merged_by.filter(|_| state == PullRequestState::Merged);
        Self {
            number,
            id: wire.pull_request_id.into(),
            title: wire.title,
            description: wire.description,
            state,
            draft: wire.is_draft,
            author: wire.created_by.map(Into::into),
            merged_by: merged_by.map(Into::into),
            requested_reviewers: wire.reviewers.map(|all| {
                all.into_iter()
                    .filter_map(WireReviewer::waited_for)
                    .collect()
            }),
            source_branch: wire.source_ref_name.map(branch),
            target_branch: wire.target_ref_name.map(branch),
            head_sha: hash(wire.last_merge_source_commit),
            base_sha: hash(wire.last_merge_target_commit),
            // Before, it is an attempt.
            merge_commit_sha: hash(wire.last_merge_commit)
                .filter(|_| state == PullRequestState::Merged),
            labels: labels.filter_map(|label| label.name).collect(),
            stats: None,
            web_url,
            created_at: wire.creation_date,
            updated_at: None,
            closed_at: wire.closed_date,
            merged_at: wire
                .closed_date
                .filter(|_| state == PullRequestState::Merged),
        }
    }
}
