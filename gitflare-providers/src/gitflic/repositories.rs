//! Projects, which are GitFlic's repositories. A walk goes through the account's own, then through
//! those of others that it takes part in; the two lists may name one project twice.

use gitflare_core::{
    Code, ConnectionId, Error, Page, PageRequest, Position, Result,
    model::{Owner, OwnerType, Repository, Visibility},
    provider::{Call, Endpoint, ProviderId, RepoRef},
};
use serde::Deserialize;

use super::{
    api::{KEYS, Project},
    client::{Client, PAGES, split},
};
use crate::{
    listing::{Api, List},
    request::Get,
    wire::known,
};

/// The lists of a walk, by their place in positions: append, never reorder.
const LISTS: &[&str] = &["my", "shared"];

pub(super) async fn list(
    client: &Client,
    call: &Call,
    page: PageRequest,
) -> Result<Page<Repository>> {
    let (at, position) = match &page.position {
        None => (0, None),
        Some(position) => {
            let mut fields = position.fields();
            let at = fields.number()?;
            (at, (!fields.is_empty()).then(|| fields.rest()))
        }
    };
    let name = usize::try_from(at).ok().and_then(|at| LISTS.get(at));
    let name = name.ok_or_else(|| Error::invalid_cursor("no list of projects in it"))?;
    let list = List::new(Endpoint::Repositories, &PAGES, &["project", name])
        .embedded(KEYS)
        .optional();
    let request = PageRequest {
        limit: page.limit,
        position,
    };
    let into = |named: Named| named.seen_by(&call.connection_id);
    let mut found = client.rows(call, list, request, into).await?;
    for seen in &found.items {
        client.note(call, &seen.full_name, &seen.id);
    }
    let following = (at + 1 < LISTS.len() as u64).then(|| Position::new().number(at + 1));
    found.next = match found.next {
        Some(next) => Some(Position::new().number(at).then(&next)),
        None => following,
    };
    Ok(found)
}

/// The project of the name that was last seen, if it is the same one still.
pub(super) async fn find(client: &Client, call: &Call, repo: &RepoRef) -> Result<Repository> {
    let answer = client.project(call, repo).await?;
    Ok(answer.json::<Named>()?.seen_by(&call.connection_id))
}

pub(super) async fn find_by_name(
    client: &Client,
    call: &Call,
    full_name: &str,
) -> Result<Repository> {
    let Some((owner, project)) = split(full_name) else {
        return Err(Error::upstream(
            Code::RepositoryNotFound,
            ProviderId::GITFLIC,
            "A repository at GitFlic is named `owner/project`.",
        ));
    };
    let get = Get::new(&["project", owner, project])?;
    let answer = client.upstream.get(call, &get).await?;
    let found = answer.json::<Named>()?.seen_by(&call.connection_id);
    client.note(call, full_name, &found.id);
    Ok(found)
}

/// A project with the name of its owner, wherever that stood: without it there is no full name.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Project")]
struct Named {
    project: Project,
    owner: String,
}

impl TryFrom<Project> for Named {
    type Error = &'static str;

    fn try_from(project: Project) -> Result<Self, Self::Error> {
        let owner = project.owner_name().filter(|name| !name.is_empty());
        let owner = owner.ok_or("a project without an owner")?.to_owned();
        Ok(Self { project, owner })
    }
}

impl Named {
    /// The repository as a connection sees it.
    fn seen_by(self, connection: &ConnectionId) -> Repository {
        let Self { project, owner } = self;
        let kind = project.owner.and_then(|owner| owner.kind);
        Repository {
            node_id: None,
            provider: ProviderId::GITFLIC,
            connection_id: connection.clone(),
            id: project.id,
            full_name: format!("{owner}/{}", project.alias),
            name: project.alias,
            owner: Owner {
                id: None,
                login: Some(owner),
                kind: Some(owner_type(kind.as_deref())),
            },
            description: known(project.description),
            private: project.private,
            visibility: project.private.map(|private| match private {
                true => Visibility::Private,
                false => Visibility::Public,
            }),
            archived: None,
            fork: project.forked_from_id.map(|parent| parent.is_some()),
            default_branch: known(project.default_branch),
            language: known(project.language),
            web_url: project.http_transport_url.as_deref().map(page_of),
            clone_url: project.http_transport_url,
            created_at: None,
            updated_at: None,
            pushed_at: None,
        }
    }
}

/// The page of a project is where Git clones it from, without the ending.
fn page_of(clone_url: &str) -> String {
    clone_url
        .strip_suffix(".git")
        .unwrap_or(clone_url)
        .to_owned()
}

/// Where GitFlic names an owner alone, its documentation calls that one a user.
pub(super) fn owner_type(kind: Option<&str>) -> OwnerType {
    match kind {
        Some("TEAM") => OwnerType::Group,
        Some("COMPANY") => OwnerType::Organization,
        _ => OwnerType::User,
    }
}
