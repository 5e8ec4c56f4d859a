//! Deployments. Their state is the newest of a list of statuses that each has, which is read along:
//! a few at a time, and as long as time is left. One without statuses is pending, one that is not
//! learned is unknown, and said to be.
//! Their payload is the customer's own and is never read.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use gitflare_core::{
    Code, Error, Page, PageRequest, Result, Timestamp,
    model::{Deployment, DeploymentState},
    provider::{Call, DeploymentFilter, Endpoint, ProviderId, RepoRef},
};
use serde::Deserialize;
use tokio::time::{Instant, timeout_at};

use super::{
    client::{Client, below},
    profile::WireUser,
};
use crate::{
    listing::Api,
    request::Get,
    upstream_error::recode,
    wire::{self, Id, Word},
};

/// GitHub asks its clients to call little at once.
/// <https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api>
const CONCURRENT_STATES: usize = 4;
/// What is kept of a read's time to answer without the states that did not come.
const TO_ANSWER: Duration = Duration::from_secs(1);

pub(super) async fn list(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    filter: &DeploymentFilter,
    page: PageRequest,
) -> Result<Page<Deployment>> {
    let list = below(Endpoint::Deployments, repo, &["deployments"])
        .query_opt("environment", filter.environment.as_deref());
    let own = |wire: WireDeployment| wire;
    let wires = client.rows(call, list, page, own).await?;
    let states = states(client, call, repo, &wires.items).await?;
    let mut deployments = Page::new(Vec::with_capacity(wires.items.len()), wires.next);
    deployments.errors = wires.errors;
    deployments.errors.extend(not_learned(&states));
    for (wire, state) in wires.items.into_iter().zip(states) {
        let deployment = wire.into_deployment(state.ok().flatten());
        if filter.state.is_none() || deployment.state == filter.state {
            deployments.items.push(deployment);
        }
    }
    Ok(deployments)
}

/// The state of each deployment, or why it was not learned in time; one call each.
///
/// # Errors
/// `AUTH_EXPIRED`, which ends the read: the others would say the same.
async fn states(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    deployments: &[WireDeployment],
) -> Result<Vec<Result<Option<DeploymentState>>>> {
    let until = Instant::from_std(call.deadline) - TO_ANSWER;
    let ids: Vec<Id> = deployments.iter().map(|wire| wire.id).collect();
    let states: Vec<Result<Option<DeploymentState>>> = stream::iter(ids)
        .map(|id| async move {
            match timeout_at(until, state(client, call, repo, id)).await {
                Ok(state) => state,
                Err(_) => Err(Error::upstream(
                    Code::UpstreamTimeout,
                    ProviderId::GITHUB,
                    "GitHub did not answer in time.",
                )),
            }
        })
        .buffered(CONCURRENT_STATES)
        .collect()
        .await;
    let mut errors = states.iter().filter_map(|state| state.as_ref().err());
    match errors.find(|error| error.code() == Code::AuthExpired) {
        Some(error) => Err(error.clone()),
        None => Ok(states),
    }
}

/// What is missing from the page for states that were not learned.
fn not_learned(states: &[Result<Option<DeploymentState>>]) -> Option<Error> {
    let failed = states.iter().filter_map(|state| state.as_ref().err());
    let count = failed.clone().count();
    let first = failed.clone().next()?;
    let message = format!(
        "The state of {count} deployments was not learned: {}",
        first.message()
    );
    Some(recode(first, first.code(), message))
}

/// The newest status; `None` for a word that is not known, or when the deployment was deleted meanwhile.
async fn state(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    id: Id,
) -> Result<Option<DeploymentState>> {
    let id = String::from(id);
    let path = ["repositories", &repo.id, "deployments", &id, "statuses"];
    let get = Get::new(&path)?.query("per_page", "1");
    // The repository is there, for it has just answered: nothing needs to be settled.
    let answer = match client.upstream.get(call, &get).await {
        Err(error) if error.code() == Code::ResourceNotFound => return Ok(None),
        asked => asked?,
    };
    let statuses: Vec<Option<WireStatus>> = answer.json()?;
    Ok(match statuses.first() {
        Some(status) => status.as_ref().and_then(WireStatus::state),
        // Nobody has begun it.
        None => Some(DeploymentState::Pending),
    })
}

/// One status of a deployment, as lists and events have it.
#[derive(Debug, Deserialize)]
pub(super) struct WireStatus {
    state: Option<Word>,
    #[serde(default, deserialize_with = "wire::moment")]
    pub(super) created_at: Option<Timestamp>,
}

impl WireStatus {
    pub(super) fn state(&self) -> Option<DeploymentState> {
        DeploymentState::parse(self.state.as_ref()?.as_str())
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct WireDeployment {
    id: Id,
    sha: Option<String>,
    #[serde(rename = "ref")]
    git_ref: Option<String>,
    environment: Option<String>,
    description: Option<String>,
    creator: Option<WireUser>,
    #[serde(default, deserialize_with = "wire::moment")]
    created_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "wire::moment")]
    updated_at: Option<Timestamp>,
}

impl WireDeployment {
    pub(super) fn into_deployment(self, state: Option<DeploymentState>) -> Deployment {
        Deployment {
            id: self.id.into(),
            environment: self.environment,
            state,
            git_ref: self.git_ref,
            commit_sha: self.sha,
            description: self.description,
            creator: self.creator.and_then(WireUser::into_actor),
            web_url: None,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}
