//! What stands around a repository: its forks, its labels, and the people who gave it a star, watch it
//! or can be assigned. Whom GitHub calls watchers in its older answers are those who gave a star; who
//! is told of what happens it calls subscribers.
//! <https://docs.github.com/en/rest/activity/watching>

use gitflare_core::{
    Page, PageRequest, Result,
    model::{Person, Repository},
    provider::{Call, Endpoint, RepoRef},
};
use serde::Deserialize;

use super::{
    client::{Client, below},
    repositories::WireRepository,
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
    let list = below(Endpoint::Forks, repo, &["forks"]).query("sort", "oldest");
    let into = |wire: WireRepository| wire.into_repository(&call.connection_id);
    client.rows(call, list, page, into).await
}

pub(super) fn labels(repo: &RepoRef) -> Result<List<'_>> {
    Ok(below(Endpoint::Labels, repo, &["labels"]))
}

pub(super) fn stargazers(repo: &RepoRef) -> Result<List<'_>> {
    Ok(below(Endpoint::Stargazers, repo, &["stargazers"]))
}

pub(super) fn watchers(repo: &RepoRef) -> Result<List<'_>> {
    Ok(below(Endpoint::Watchers, repo, &["subscribers"]))
}

pub(super) fn assignees(repo: &RepoRef) -> Result<List<'_>> {
    Ok(below(Endpoint::Assignees, repo, &["assignees"]))
}

/// An account as lists have it: without the display name, mostly.
#[derive(Debug, Deserialize)]
pub(super) struct WirePerson {
    id: Option<Id>,
    login: Option<String>,
    name: Option<String>,
    avatar_url: Option<String>,
    html_url: Option<String>,
}

impl From<WirePerson> for Person {
    fn from(wire: WirePerson) -> Self {
        Self {
            id: wire.id.map(Into::into),
            login: wire.login,
            name: wire.name,
            avatar_url: wire.avatar_url,
            web_url: wire.html_url,
        }
    }
}
