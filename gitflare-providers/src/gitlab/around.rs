//! What stands around a project: its forks, its labels, and the people who gave it a star or can be
//! assigned. GitLab has no list of those who watch it.

use gitflare_core::{
    Page, PageRequest, Result,
    model::{Label, Person, Repository},
    provider::{Call, Endpoint, RepoRef},
};
use serde::Deserialize;

use super::{
    client::{Client, below},
    repositories::WireProject,
};
use crate::{
    listing::Api,
    wire::{Id, color},
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

pub(super) async fn labels(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    page: PageRequest,
) -> Result<Page<Label>> {
    let list = below(Endpoint::Labels, repo, &["labels"]);
    client.rows(call, list, page, WireLabel::into).await
}

pub(super) async fn stargazers(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    page: PageRequest,
) -> Result<Page<Person>> {
    let list = below(Endpoint::Stargazers, repo, &["starrers"]);
    client.rows(call, list, page, WireStarrer::into).await
}

/// Everybody with a share in the project, as GitLab's own pages offer them.
/// <https://docs.gitlab.com/api/projects/#list-users-of-a-project>
pub(super) async fn assignees(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    page: PageRequest,
) -> Result<Page<Person>> {
    let list = below(Endpoint::Assignees, repo, &["users"]);
    client.rows(call, list, page, WirePerson::into).await
}

#[derive(Debug, Deserialize)]
struct WireLabel {
    id: Option<Id>,
    name: Option<String>,
    color: Option<String>,
    description: Option<String>,
}

#[derive(Debug, Deserialize)]
struct WireStarrer {
    user: WirePerson,
}

#[derive(Debug, Deserialize)]
struct WirePerson {
    id: Option<Id>,
    username: Option<String>,
    name: Option<String>,
    avatar_url: Option<String>,
    web_url: Option<String>,
}

impl From<WireLabel> for Label {
    fn from(wire: WireLabel) -> Self {
        Self {
            id: wire.id.map(Into::into),
            name: wire.name,
            color: color(wire.color),
            description: wire.description,
        }
    }
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
