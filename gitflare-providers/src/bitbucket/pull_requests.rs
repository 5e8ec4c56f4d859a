//! Pull requests and their changes. Bitbucket shortens the commit ids in them to twelve digits, and
//! tells no moment of a merge.

use std::{collections::HashSet, time::Instant};

use gitflare_core::{
    Result, Timestamp,
    model::{Actor, Diff, PullRequest, PullRequestFilter, PullRequestState},
    provider::{Call, CommitId, Endpoint, RepoRef},
};
use serde::Deserialize;
use tokio::time::timeout;

use super::{
    client::{Client, PULL_REQUESTS, WireLinks, WireNamed, WireText, below, href, object},
    diff,
    profile::WireUser,
    refs::is_beginning,
    reviews::WireParticipant,
};
use crate::{
    listing::{Api, List},
    wire::{self, Id, Rows, Word},
};

pub(super) fn list(repo: &RepoRef, state: PullRequestFilter) -> Result<List<'_>> {
    let states: &[&str] = match state {
        PullRequestFilter::Open => &["OPEN"],
        PullRequestFilter::Closed => &["DECLINED", "SUPERSEDED"],
        PullRequestFilter::Merged => &["MERGED"],
        PullRequestFilter::All => &["OPEN", "MERGED", "DECLINED", "SUPERSEDED"],
    };
    let list = below(Endpoint::PullRequests, repo, &["pullrequests"]).paged(&PULL_REQUESTS);
    Ok(states
        .iter()
        .fold(list, |list, state| list.query("state", *state)))
}

pub(super) async fn find(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    number: u64,
) -> Result<PullRequest> {
    let get = object(repo, &["pullrequests", &number.to_string()])?;
    let answer = client.item(call, Endpoint::PullRequest, repo, get).await?;
    let found = PullRequest::from(answer.json::<WirePullRequest>()?);
    // Beside each other: none waits for another one.
    let (head_sha, base_sha, merge_commit_sha) = tokio::join!(
        whole(client, call, repo, found.head_sha),
        whole(client, call, repo, found.base_sha),
        whole(client, call, repo, found.merge_commit_sha),
    );
    Ok(PullRequest {
        head_sha,
        base_sha,
        merge_commit_sha,
        ..found
    })
}

/// The whole id of a commit that is told by its beginning; as it was told where Bitbucket does not find
/// the commit in half of the time that is left.
async fn whole(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    told: Option<String>,
) -> Option<String> {
    let told = told?;
    if CommitId::parse(&told).is_ok() || !is_beginning(&told) {
        return Some(told);
    }
    let asked = async {
        let get = object(repo, &["commit", &told])?.query("fields", "hash");
        let answer = client.upstream.get(call, &get).await?;
        answer.json::<WireHash>()
    };
    let left = call.deadline.saturating_duration_since(Instant::now());
    let found = timeout(left / 2, asked).await.ok().and_then(Result::ok);
    let hash = found.and_then(|found| found.hash);
    Some(hash.filter(|hash| hash.starts_with(&told)).unwrap_or(told))
}

pub(super) async fn diff(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    number: u64,
) -> Result<Diff> {
    let endpoint = Endpoint::PullRequestDiff;
    let number = number.to_string();
    let path = |rest| ["pullrequests", &*number, rest];
    let ends = async {
        let get = object(repo, &["pullrequests", &*number])?;
        let answer = client.item(call, endpoint, repo, get).await?;
        let wire: WirePullRequest = answer.json()?;
        let ends = (wire.destination, wire.source);
        Ok(tokio::join!(
            whole(client, call, repo, ends.0.and_then(WireEnd::into_hash)),
            whole(client, call, repo, ends.1.and_then(WireEnd::into_hash)),
        ))
    };
    let (text, list) = (path("diff"), path("diffstat"));
    let ((base_sha, head_sha), diff) = tokio::try_join!(
        ends,
        diff::read(client, call, endpoint, repo, (&text, &list), &[]),
    )?;
    Ok(Diff {
        base_sha,
        head_sha,
        ..diff
    })
}

/// The commits of a pull request; none once the branch that they were on is gone.
pub(super) fn commits(repo: &RepoRef, number: u64) -> Result<List<'_>> {
    let list = below(Endpoint::PullRequestCommits, repo, &["pullrequests"]);
    Ok(list.then(number.to_string()).at(&["commits"]))
}

#[derive(Debug, Deserialize)]
pub(super) struct WirePullRequest {
    id: Id,
    title: Option<String>,
    #[serde(default, deserialize_with = "wire::filled")]
    description: Option<String>,
    summary: Option<WireText>,
    state: Option<Word>,
    draft: Option<bool>,
    /// `null` for an account that was deleted.
    author: Option<WireUser>,
    source: Option<WireEnd>,
    destination: Option<WireEnd>,
    merge_commit: Option<WireHash>,
    /// Who merged it, or gave it up.
    closed_by: Option<WireUser>,
    /// Not in lists.
    reviewers: Option<Rows<WireUser>>,
    participants: Option<Rows<WireParticipant>>,
    links: Option<WireLinks>,
    #[serde(default, deserialize_with = "wire::moment")]
    created_on: Option<Timestamp>,
    #[serde(default, deserialize_with = "wire::moment")]
    updated_on: Option<Timestamp>,
}

/// One of the two branches. The repository beside them is gone with a deleted fork.
#[derive(Debug, Deserialize)]
struct WireEnd {
    branch: Option<WireNamed>,
    commit: Option<WireHash>,
}

#[derive(Debug, Deserialize)]
struct WireHash {
    hash: Option<String>,
}

impl WireEnd {
    fn into_hash(self) -> Option<String> {
        self.commit.and_then(|commit| commit.hash)
    }

    /// Branch and commit.
    fn split(end: Option<Self>) -> (Option<String>, Option<String>) {
        match end {
            Some(Self { branch, commit }) => (
                branch.and_then(|branch| branch.name),
                commit.and_then(|commit| commit.hash),
            ),
            None => (None, None),
        }
    }
}

impl WirePullRequest {
    pub(super) fn number(&self) -> u64 {
        self.id.number()
    }
}

fn state(word: &str) -> PullRequestState {
    match word {
        "MERGED" => PullRequestState::Merged,
        "DECLINED" | "SUPERSEDED" => PullRequestState::Closed,
        _ => PullRequestState::Open,
    }
}

impl From<WirePullRequest> for PullRequest {
    fn from(wire: WirePullRequest) -> Self {
        let (source_branch, head_sha) = WireEnd::split(wire.source);
        let (target_branch, base_sha) = WireEnd::split(wire.destination);
        let state = state(wire.state.as_ref().map_or("", Word::as_str));
        let participants = wire.participants.unwrap_or_default();
        let voters: HashSet<String> = participants
            .into_iter()
            .filter_map(WireParticipant::voter)
            .collect();
        let has_voted = |person: &Actor| person.id.as_ref().is_some_and(|id| voters.contains(id));
        let merged_by = wire.closed_by;
        let merged_by = merged_by.filter(|_| state == PullRequestState::Merged);
        Self {
            number: wire.id.number(),
            id: wire.id.into(),
            state,
            merged_by: merged_by.map(Into::into),
            requested_reviewers: wire.reviewers.map(|people| {
                let people = people.into_iter().map(Actor::from);
                people.filter(|person| !has_voted(person)).collect()
            }),
            stats: None,
            title: wire.title,
            description: wire
                .description
                .or_else(|| wire.summary.and_then(|summary| summary.raw)),
            draft: wire.draft,
            author: wire.author.map(Into::into),
            source_branch,
            target_branch,
            head_sha,
            base_sha,
            merge_commit_sha: wire.merge_commit.and_then(|commit| commit.hash),
            labels: Vec::new(),
            web_url: href(wire.links.unwrap_or_default().html),
            created_at: wire.created_on,
            updated_at: wire.updated_on,
            // `updated_on` moves with every comment: it is no moment of an end.
            closed_at: None,
            merged_at: None,
        }
    }
}
