//! Deployments. They name their environment by its UUID alone, so the environments are listed beside
//! them.
//! <https://developer.atlassian.com/cloud/bitbucket/rest/api-group-deployments/>

use std::collections::HashMap;

use gitflare_core::{
    Error, Limit, Page, PageRequest, Result, Timestamp,
    model::{Deployment, DeploymentState},
    provider::{Call, DeploymentFilter, Endpoint, ProviderId, RepoRef},
};
use serde::Deserialize;

use super::{
    client::{Client, NUMBERED, below, unbraced},
    profile::WireUser,
};
use crate::{
    listing::Api,
    wire::{self, Word},
};

pub(super) async fn list(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    filter: &DeploymentFilter,
    page: PageRequest,
) -> Result<Page<Deployment>> {
    if *filter != DeploymentFilter::default() {
        return Err(
            Error::invalid_request("Bitbucket cannot filter deployments.")
                .with_provider(ProviderId::BITBUCKET),
        );
    }
    let list = |path| below(Endpoint::Deployments, repo, &[path]).paged(&NUMBERED);
    let into = |wire: WireEnvironment| (wire.uuid, wire.name);
    let all = PageRequest::first(Limit::MAX);
    let (deployments, environments) = tokio::try_join!(
        client.rows(call, list("deployments"), page, |wire: WireDeployment| wire),
        client.rows(call, list("environments"), all, into),
    )?;
    let names: HashMap<String, Option<String>> = environments.items.into_iter().collect();
    let items = deployments.items.into_iter();
    let items = items.map(|wire| wire.into_deployment(&names)).collect();
    Ok(Page::new(items, deployments.next))
}

#[derive(Debug, Deserialize)]
struct WireEnvironment {
    uuid: String,
    name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct WireDeployment {
    uuid: String,
    environment: Option<WireUuid>,
    release: Option<WireRelease>,
    state: Option<WireState>,
    #[serde(default, deserialize_with = "wire::moment")]
    last_update_time: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
struct WireUuid {
    uuid: Option<String>,
}

#[derive(Debug, Deserialize)]
struct WireRelease {
    commit: Option<WireHash>,
    url: Option<String>,
}

#[derive(Debug, Deserialize)]
struct WireHash {
    hash: Option<String>,
}

#[derive(Debug, Deserialize)]
struct WireState {
    name: Option<Word>,
    status: Option<WireStatus>,
    deployer: Option<WireUser>,
    url: Option<String>,
}

#[derive(Debug, Deserialize)]
struct WireStatus {
    name: Option<Word>,
}

impl WireState {
    fn state(&self) -> Option<DeploymentState> {
        let status = self.status.as_ref().and_then(|status| status.name.as_ref());
        match (self.name.as_ref()?.as_str(), status.map(Word::as_str)) {
            ("UNDEPLOYED", _) => Some(DeploymentState::Pending),
            ("IN_PROGRESS", _) => Some(DeploymentState::InProgress),
            ("COMPLETED", Some("SUCCESSFUL")) => Some(DeploymentState::Success),
            ("COMPLETED", Some("FAILED")) => Some(DeploymentState::Failure),
            ("COMPLETED", Some("STOPPED")) => Some(DeploymentState::Cancelled),
            _ => None,
        }
    }
}

impl WireDeployment {
    fn into_deployment(self, environments: &HashMap<String, Option<String>>) -> Deployment {
        let environment = self.environment.and_then(|environment| environment.uuid);
        let (commit, release_url) = match self.release {
            Some(release) => (release.commit, release.url),
            None => (None, None),
        };
        let state = self.state.as_ref().and_then(WireState::state);
        let (creator, state_url) = match self.state {
            Some(state) => (state.deployer, state.url),
            None => (None, None),
        };
        Deployment {
            id: unbraced(self.uuid),
            environment: environment.and_then(|uuid| environments.get(&uuid).cloned().flatten()),
            state,
            git_ref: None,
            commit_sha: commit.and_then(|commit| commit.hash),
            description: None,
            creator: creator.map(Into::into),
            web_url: state_url.or(release_url),
            // The moments that are sent are those of the release and of the state.
            created_at: None,
            updated_at: self.last_update_time,
        }
    }
}
