//! Deployments. They name their environment by its UUID alone, so the environments are listed beside
//! them; and nothing selects them upstream, so that pages are filtered here.
//! <https://developer.atlassian.com/cloud/bitbucket/rest/api-group-deployments/>

use std::collections::HashMap;

use gitflare_core::{
    Limit, Page, PageRequest, Result, Timestamp,
    model::{Deployment, DeploymentState},
    provider::{Call, DeploymentFilter, Endpoint, RepoRef},
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
    let list = below(Endpoint::Deployments, repo, &["deployments"]).paged(&NUMBERED);
    let (deployments, known) = tokio::try_join!(
        client.rows(call, list, page, |wire: WireDeployment| wire),
        environments(client, call, repo),
    )?;
    let wanted = filter.environment.as_deref();
    let is_named = |one: &WireEnvironment| wanted.is_none_or(|wanted| one.is_called(wanted));
    if !known.iter().any(is_named) && wanted.is_some() {
        return Ok(Page::last(Vec::new()));
    }
    let known: HashMap<String, WireEnvironment> = known
        .into_iter()
        .map(|one| (one.uuid.clone(), one))
        .collect();
    let is_wanted = |wire: &WireDeployment| {
        let is_there = wire.environment(&known).is_some_and(is_named) || wanted.is_none();
        is_there && filter.state.is_none_or(|state| wire.state() == Some(state))
    };
    let items = deployments.items.into_iter().filter(is_wanted);
    let items = items.map(|wire| wire.into_deployment(&known)).collect();
    Ok(Page::new(items, deployments.next))
}

/// How many pages of environments are read; no repository may have as many.
const MAX_PAGES: usize = 10;

/// All environments of a repository.
async fn environments(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
) -> Result<Vec<WireEnvironment>> {
    let list = below(Endpoint::Deployments, repo, &["environments"]).paged(&NUMBERED);
    let mut all = Vec::new();
    let mut page = PageRequest::first(Limit::MAX);
    for _ in 0..MAX_PAGES {
        let each = |wire: WireEnvironment| wire;
        let found = client.rows(call, list.clone(), page.clone(), each).await?;
        all.extend(found.items);
        match found.next {
            Some(next) => page.position = Some(next),
            None => break,
        }
    }
    Ok(all)
}

#[derive(Debug, Deserialize)]
struct WireEnvironment {
    uuid: String,
    name: Option<String>,
}

impl WireEnvironment {
    /// Whether it has that name, in any letter case, or that id.
    fn is_called(&self, wanted: &str) -> bool {
        let is = |text: &str| text.eq_ignore_ascii_case(wanted);
        let bare = unbraced(self.uuid.clone());
        self.name.as_deref().is_some_and(is) || is(&self.uuid) || is(&bare)
    }
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

#[derive(Debug, Default, Deserialize)]
struct WireState {
    name: Option<Word>,
    status: Option<WireStatus>,
    deployer: Option<WireUser>,
    url: Option<String>,
    #[serde(default, deserialize_with = "wire::moment")]
    started_on: Option<Timestamp>,
    #[serde(default, deserialize_with = "wire::moment")]
    completed_on: Option<Timestamp>,
    /// What the reference calls these two.
    #[serde(default, deserialize_with = "wire::moment")]
    start_date: Option<Timestamp>,
    #[serde(default, deserialize_with = "wire::moment")]
    completion_date: Option<Timestamp>,
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
    fn state(&self) -> Option<DeploymentState> {
        self.state.as_ref()?.state()
    }

    /// Its environment, where that is known.
    fn environment<'k>(
        &self,
        known: &'k HashMap<String, WireEnvironment>,
    ) -> Option<&'k WireEnvironment> {
        known.get(self.environment.as_ref()?.uuid.as_ref()?)
    }

    fn into_deployment(self, known: &HashMap<String, WireEnvironment>) -> Deployment {
        let environment = self.environment(known).and_then(|one| one.name.clone());
        let (commit, release_url) = match self.release {
            Some(release) => (release.commit, release.url),
            None => (None, None),
        };
        let at = self.state.unwrap_or_default();
        let ended = at.completed_on.or(at.completion_date);
        Deployment {
            id: unbraced(self.uuid),
            environment,
            state: at.state(),
            git_ref: None,
            commit_sha: commit.and_then(|commit| commit.hash),
            description: None,
            creator: at.deployer.map(Into::into),
            web_url: at.url.or(release_url),
            created_at: at.started_on.or(at.start_date),
            updated_at: self.last_update_time.or(ended),
        }
    }
}
