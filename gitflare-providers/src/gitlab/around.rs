//! What stands around a project: its forks, its labels, and the people who gave it a star or can be
//! assigned. GitLab has no list of those who watch it.

use gitflare_core::{
    Page, PageRequest, Result,
    model::{Person, Repository},
    provider::{Call, Endpoint, RepoRef},
};
use serde::Deserialize;

use super::{
    client::{Client, below},
    repositories::WireProject,
};
use crate::{
    listing::{Api, List},
    wire::Id,
};

pub(super) async fn forks(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    page: PageRequest,
) -> Result<Page<Repository>> {
    // New ones come last: pages by number stay where they are.
    let list = below(Endpoint::Forks, repo, &["forks"])
        .query("order_by", "id")
        .query("sort", "asc");
    client
        .rows(call, list, page, |wire: WireProject| {
            wire.into_repository(call)
        })
        .await
}

pub(super) fn labels(repo: &RepoRef) -> Result<List<'_>> {
    Ok(below(Endpoint::Labels, repo, &["labels"]))
}

pub(super) fn stargazers(repo: &RepoRef) -> Result<List<'_>> {
    Ok(below(Endpoint::Stargazers, repo, &["starrers"]))
}

/// Everybody with a share in the project, as GitLab's own pages offer them.
/// <https://docs.gitlab.com/api/projects/#list-users-of-a-project>
pub(super) fn assignees(repo: &RepoRef) -> Result<List<'_>> {
    Ok(below(Endpoint::Assignees, repo, &["users"]))
}

#[derive(Debug, Deserialize)]
pub(super) struct WireStarrer {
    user: WirePerson,
}

#[derive(Debug, Deserialize)]
pub(super) struct WirePerson {
    id: Option<Id>,
    username: Option<String>,
    name: Option<String>,
    avatar_url: Option<String>,
    web_url: Option<String>,
}

impl From<WireStarrer> for Person {
    fn from(wire: WireStarrer) -> Self {
        wire.user.into()
    }
}

impl From<WirePerson> for Person {
    fn from(wire: WirePerson) -> Self {
        Self {
            id: wire.id.map(Into::into),
            login: wire.username,
            name: wire.name,
            avatar_url: wire.avatar_url,
            web_url: wire.web_url,
        }
    }
}
