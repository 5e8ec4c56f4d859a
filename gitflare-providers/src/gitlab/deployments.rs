//! Deployments. What they embed of runners, jobs and users beyond the named fields is not read.

use gitflare_core::{
    Error, Page, PageRequest, Result, Timestamp,
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

/// The states that both sides have. `blocked` and `skipped` have no word in the contract, so they
/// are unknown; `queued`, `error` and `inactive` have none at GitLab, so they cannot be asked for.
const STATES: &[(DeploymentState, &str)] = &[
    (DeploymentState::Pending, "created"),
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
    let list = below(Endpoint::Deployments, repo, &["deployments"])
        // The upstream's default is the oldest first.
        // <https://docs.gitlab.com/api/deployments/#list-project-deployments>
        .query("order_by", "id")
        .query("sort", "desc")
        .query_opt("environment", filter.environment.as_deref())
        .query_opt("status", filter.state.map(status).transpose()?);
    client.rows(call, list, page, WireDeployment::into).await
}

fn status(state: DeploymentState) -> Result<&'static str> {
    STATES
        .iter()
        .find(|(ours, _)| *ours == state)
        .map(|(_, theirs)| *theirs)
        .ok_or_else(|| {
            let words: Vec<_> = STATES.iter().map(|(ours, _)| ours.as_str()).collect();
            Error::invalid_request(format!(
                "GitLab has no deployments in that `state`; it must be one of: {}.",
                words.join(", ")
            ))
            .with_provider(ProviderId::GITLAB)
        })
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
