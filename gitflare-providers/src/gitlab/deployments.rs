//! Deployments. What they embed of runners, jobs and users beyond the named fields is not read.

use gitflare_core::{
    Error, Page, PageRequest, Position, Result, Timestamp,
    model::{Deployment, DeploymentState},
    provider::{Call, DeploymentFilter, Endpoint, ProviderId, RepoRef},
};
use serde::Deserialize;

use super::{
    client::{Client, below},
    profile::WireUser,
};
use crate::{
    listing::Api,
    wire::{self, Id, Word},
};

/// The states that both sides have. `skipped` has no word in the contract, so it is unknown;
/// `queued`, `error` and `inactive` have none at GitLab, so they cannot be asked for. One that is
/// `blocked` waits for an approval.
/// <https://docs.gitlab.com/api/deployments/>
const STATES: &[(DeploymentState, &str)] = &[
    (DeploymentState::Pending, "created"),
    (DeploymentState::Pending, "blocked"),
    (DeploymentState::InProgress, "running"),
    (DeploymentState::Success, "success"),
    (DeploymentState::Failure, "failed"),
    (DeploymentState::Cancelled, "canceled"),
];

pub(super) async fn list(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    filter: &DeploymentFilter,
    page: PageRequest,
) -> Result<Page<Deployment>> {
    let statuses = filter.state.map(statuses).transpose()?.unwrap_or_default();
    let (mut at, page) = place(&statuses, page)?;
    let list = below(Endpoint::Deployments, repo, &["deployments"])
        // The upstream's default is the oldest first.
        // <https://docs.gitlab.com/api/deployments/#list-project-deployments>
        .query("order_by", "id")
        .query("sort", "desc")
        .query_opt("environment", filter.environment.as_deref());
    let read = async |at: usize, page: PageRequest| {
        let list = list.clone().query_opt("status", statuses.get(at).copied());
        client.rows(call, list, page, WireDeployment::into).await
    };
    let limit = page.limit;
    let mut deployments = read(at, page).await?;
    // A status without rows is no page.
    while deployments.items.is_empty() && deployments.next.is_none() && at + 1 < statuses.len() {
        at += 1;
        deployments = read(at, PageRequest::first(limit)).await?;
    }
    if statuses.len() > 1 {
        let here = |at: usize| Position::new().number(at as u64);
        deployments.next = match deployments.next {
            Some(next) => Some(here(at).then(&next)),
            None => (at + 1 < statuses.len()).then(|| here(at + 1)),
        };
    }
    Ok(deployments)
}

/// Where a chain stands: GitLab takes one status at a time, so that a state with several of them is
/// read one after the other, each to its end.
fn place(statuses: &[&str], page: PageRequest) -> Result<(usize, PageRequest)> {
    let Some(position) = page.position.as_ref().filter(|_| statuses.len() > 1) else {
        return Ok((0, page));
    };
    let mut fields = position.fields();
    let at = usize::try_from(fields.number()?).unwrap_or(usize::MAX);
    if at >= statuses.len() {
        return Err(Error::invalid_cursor("deployments of another status"));
    }
    let position = (!fields.is_empty()).then(|| fields.rest());
    let limit = page.limit;
    Ok((at, PageRequest { limit, position }))
}

/// GitLab's words for a state.
fn statuses(state: DeploymentState) -> Result<Vec<&'static str>> {
    let words = STATES.iter().filter(|(ours, _)| *ours == state);
    let words: Vec<_> = words.map(|(_, theirs)| *theirs).collect();
    if words.is_empty() {
        let mut known: Vec<_> = STATES.iter().map(|(ours, _)| ours.as_str()).collect();
        known.dedup();
        return Err(Error::invalid_request(format!(
            "GitLab has no deployments in that `state`; it must be one of: {}.",
            known.join(", ")
        ))
        .with_provider(ProviderId::GITLAB));
    }
    Ok(words)
}

pub(super) fn state(status: &str) -> Option<DeploymentState> {
    STATES
        .iter()
        .find(|(_, theirs)| *theirs == status)
        .map(|(ours, _)| *ours)
}

#[derive(Debug, Deserialize)]
struct WireDeployment {
    id: Id,
    #[serde(rename = "ref")]
    git_ref: Option<String>,
    sha: Option<String>,
    status: Option<Word>,
    user: Option<WireUser>,
    environment: Option<WireEnvironment>,
    /// `null` for deployments that were made through the API.
    deployable: Option<WireJob>,
    #[serde(default, deserialize_with = "wire::moment")]
    created_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "wire::moment")]
    updated_at: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
struct WireEnvironment {
    name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct WireJob {
    pipeline: Option<WirePipeline>,
}

#[derive(Debug, Deserialize)]
struct WirePipeline {
    web_url: Option<String>,
}

impl From<WireDeployment> for Deployment {
    fn from(wire: WireDeployment) -> Self {
        let pipeline = wire.deployable.and_then(|job| job.pipeline);
        Self {
            id: wire.id.into(),
            environment: wire.environment.and_then(|environment| environment.name),
            state: wire.status.and_then(|status| state(status.as_str())),
            git_ref: wire.git_ref,
            commit_sha: wire.sha,
            description: None,
            creator: wire.user.map(Into::into),
            // The environment's `external_url` is the deployed site, no page at the provider.
            web_url: pipeline.and_then(|pipeline| pipeline.web_url),
            created_at: wire.created_at,
            updated_at: wire.updated_at,
        }
    }
}
