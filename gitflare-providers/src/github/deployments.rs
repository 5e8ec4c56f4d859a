//! Deployments. Their state is the newest of a list of statuses that each has, which is read along:
//! a few at a time. Their payload is the customer's own and is never read.

use futures_util::{StreamExt, TryStreamExt, stream};
use gitflare_core::{
    Page, PageRequest, Result, Timestamp,
    model::{Deployment, DeploymentState},
    provider::{Call, DeploymentFilter, Endpoint, RepoRef},
};
use serde::Deserialize;

use super::{
    client::{Client, below},
    profile::WireUser,
};
use crate::{
    listing::Api,
    request::Get,
    wire::{self, Id, Rows, Word},
};

/// GitHub asks its clients to call little at once.
const CONCURRENT_STATES: usize = 4;

pub(super) async fn list(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    filter: &DeploymentFilter,
    page: PageRequest,
) -> Result<Page<Deployment>> {
    let list = below(Endpoint::Deployments, repo, &["deployments"])
        .query_opt("environment", filter.environment.as_deref());
    let deployments = client
        .rows(call, list, page, |wire: WireDeployment| wire)
        .await?;
    let ids: Vec<Id> = deployments.items.iter().map(|wire| wire.id).collect();
    let states: Vec<Option<Word>> = stream::iter(ids)
        .map(|id| state(client, call, repo, id))
        .buffered(CONCURRENT_STATES)
        .try_collect()
        .await?;
    let is_asked_for =
        |deployment: &Deployment| filter.state.is_none() || deployment.state == filter.state;
    Ok(Page {
        items: deployments
            .items
            .into_iter()
            .zip(states)
            .map(|(wire, state)| wire.into_deployment(state))
            .filter(is_asked_for)
            .collect(),
        next: deployments.next,
    })
}

/// The newest status; `None` while there is none.
async fn state(client: &Client, call: &Call, repo: &RepoRef, id: Id) -> Result<Option<Word>> {
    let id = String::from(id);
    let path = ["repositories", &repo.id, "deployments", &id, "statuses"];
    let get = Get::new(&path)?.query("per_page", "1");
    let answer = client.item(call, Endpoint::Deployments, repo, get).await?;
    let statuses: Rows<WireStatus> = answer.json()?;
    Ok(statuses.into_iter().next().and_then(|status| status.state))
}

#[derive(Debug, Deserialize)]
struct WireStatus {
    state: Option<Word>,
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
    pub(super) fn into_deployment(self, state: Option<Word>) -> Deployment {
        Deployment {
            id: self.id.into(),
            environment: self.environment,
            state: state.and_then(|word| DeploymentState::parse(word.as_str())),
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
