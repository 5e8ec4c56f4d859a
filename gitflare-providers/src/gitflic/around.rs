//! What stands around a project: its forks, its labels, and the people who gave it a star, follow it
//! or can be assigned. The five lists stand in the documentation of 2023; newer pages do not show them.

use gitflare_core::{
    ConnectionId, Page, PageRequest, Result,
    model::{Label, Owner, Person, Repository, Visibility},
    provider::{Call, Endpoint, ProviderId, RepoRef},
};
use serde::Deserialize;

use super::{
    api::{self, User},
    client::{Client, Web, below, web},
    person::actor,
    repositories::owner_type,
};
use crate::{
    listing::{Api, present},
    wire::{color, known},
};

pub(super) async fn forks(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    page: PageRequest,
) -> Result<Page<Repository>> {
    let list = below(Endpoint::Forks, repo, &["forked"])?;
    let into = |fork: Fork| fork.seen_by(&call.connection_id);
    client.rows(call, list, page, into).await.map(present)
}

pub(super) async fn labels(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    page: PageRequest,
) -> Result<Page<Label>> {
    let list = below(Endpoint::Labels, repo, &["labels"])?;
    let into = |label: api::Label| Label {
        id: known(label.id),
        name: known(label.title),
        color: color(label.hex_color),
        description: known(label.description),
    };
    client.rows(call, list, page, into).await
}

pub(super) async fn stargazers(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    page: PageRequest,
) -> Result<Page<Person>> {
    people(client, call, (Endpoint::Stargazers, "stars"), repo, page).await
}

pub(super) async fn watchers(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    page: PageRequest,
) -> Result<Page<Person>> {
    people(client, call, (Endpoint::Watchers, "followers"), repo, page).await
}

pub(super) async fn assignees(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    page: PageRequest,
) -> Result<Page<Person>> {
    let of = (Endpoint::Assignees, "users-can-be-assigned");
    people(client, call, of, repo, page).await
}

async fn people(
    client: &Client,
    call: &Call,
    (endpoint, name): (Endpoint, &str),
    repo: &RepoRef,
    page: PageRequest,
) -> Result<Page<Person>> {
    let base = client.web(call)?;
    let list = below(endpoint, repo, &[name])?;
    let into = |user: User| person(user, web(&base));
    client.rows(call, list, page, into).await
}

fn person(user: User, web: Web<'_>) -> Person {
    let actor = actor(user, web);
    Person {
        id: actor.id,
        web_url: actor.login.as_deref().map(|name| web.page(&["user", name])),
        login: actor.login,
        name: actor.name,
        avatar_url: actor.avatar_url,
    }
}

/// A fork with the name of its owner: without it there is no full name.
#[derive(Debug, Deserialize)]
#[serde(try_from = "api::Fork")]
struct Fork {
    fork: api::Fork,
    owner: String,
}

impl TryFrom<api::Fork> for Fork {
    type Error = &'static str;

    fn try_from(fork: api::Fork) -> Result<Self, Self::Error> {
        let owner = known(fork.owner_alias.clone()).ok_or("a fork without an owner")?;
        Ok(Self { fork, owner })
    }
}

impl Fork {
    /// The fork as a connection sees it; `None` for one that was deleted.
    fn seen_by(self, connection: &ConnectionId) -> Option<Repository> {
        let Self { fork, owner } = self;
        if fork.is_deleted == Some(true) {
            return None;
        }
        Some(Repository {
            node_id: None,
            provider: ProviderId::GITFLIC,
            connection_id: connection.clone(),
            id: fork.id,
            full_name: format!("{owner}/{}", fork.alias),
            name: fork.alias,
            owner: Owner {
                id: None,
                login: Some(owner),
                kind: Some(owner_type(None)),
            },
            description: known(fork.description),
            private: fork.private,
            visibility: fork.private.map(|private| match private {
                true => Visibility::Private,
                false => Visibility::Public,
            }),
            archived: None,
            fork: Some(true),
            default_branch: None,
            language: known(fork.language),
            web_url: fork
                .http_transport_url
                .as_deref()
                .map(|url| url.strip_suffix(".git").unwrap_or(url).to_owned()),
            clone_url: fork.http_transport_url,
            created_at: None,
            updated_at: None,
            pushed_at: None,
        })
    }
}
