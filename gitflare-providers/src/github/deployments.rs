//! Deployments. Their state is the newest of a list of statuses that each has, which is read along:
//! a few at a time. Their payload is the customer's own and is never read.

use futures_util::{StreamExt, TryStreamExt, stream};
use gitflare_core::{
    Page, PageRequest, Result, Timestamp,
    model::{Deployment, DeploymentState},
    provider::{Call, DeploymentFilter, RepoRef},
};
use serde::Deserialize;

use super::{
    client::{Client, List},
    profile::WireUser,
};
use crate::{
    upstream::Get,
    wire::{self, Id, Rows, Word},
};

/// GitHub asks its clients to call little at once.
const CONCURRENT_STATES: usize = 4;

pub(super) async fn list(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    filter: &DeploymentFilter,
    page: &PageRequest,
) -> Result<Page<Deployment>> {
    let environment = filter.environment.as_deref();
    let list = List {
        repo: Some(repo),
        segments: vec!["repositories", &repo.id, "deployments"],
        query: environment
            .map(|name| ("environment", name.into()))
            .into_iter()
            .collect(),
        empty: &[],
    };
    let listing = client.list(call, &list, page).await?;
    let deployments: Page<WireDeployment> = listing.page()?;
    let ids: Vec<Id> = deployments.items.iter().map(|wire| wire.id).collect();
    let states: Vec<Option<String>> = stream::iter(ids)
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
            .map(|(wire, state)| wire.into_deployment(state.as_deref()))
            .filter(is_asked_for)
            .collect(),
        next: deployments.next,
    })
}

/// The newest status; `None` while there is none.
async fn state(client: &Client, call: &Call, repo: &RepoRef, id: Id) -> Result<Option<String>> {
    let id = String::from(id);
    let path = ["repositories", &repo.id, "deployments", &id, "statuses"];
    let get = Get::new(&path)?.query("per_page", "1");
    let answer = client.item(call, repo, get).await?;
    let statuses: Rows<WireStatus<'_>> = answer.json()?;
    let newest = statuses.0.first().and_then(|status| status.state.as_ref());
    Ok(newest.map(|word| word.as_str().to_owned()))
}

#[derive(Debug, Deserialize)]
struct WireStatus<'a> {
    #[serde(borrow)]
    state: Option<Word<'a>>,
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
    pub(super) fn into_deployment(self, state: Option<&str>) -> Deployment {
        Deployment {
            id: self.id.into(),
            environment: self.environment,
            state: state.and_then(DeploymentState::parse),
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
