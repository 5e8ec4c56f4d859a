//! Repositories. A person's own token lists what they can see; a GitHub App's token lists one
//! installation after the other. Links with short-lived credentials in them are never read.

use gitflare_core::{
    ConnectionId, Error, Page, PageRequest, Position, Result, Timestamp,
    model::{Owner, OwnerType, Repository, Visibility},
    provider::{Call, Endpoint, ProviderId, RepoRef},
};
use serde::Deserialize;

use super::client::{Client, LINKS, is_app_user, not_installed, owner};
use crate::{
    listing::{Api, List},
    upstream_error::is_of_list,
    wire::{self, Id, Word},
};

pub(super) async fn list(
    client: &Client,
    call: &Call,
    page: PageRequest,
) -> Result<Page<Repository>> {
    if is_app_user(call) {
        return installed(client, call, page).await;
    }
    let list = List::new(Endpoint::Repositories, &LINKS, &["user", "repos"])
        .query("affiliation", "owner,collaborator,organization_member")
        .query("visibility", "all")
        // New ones come last: pages by number stay where they are.
        .query("sort", "created")
        .query("direction", "asc");
    let into = |wire: WireRepository| client.seen(call, wire);
    client.rows(call, list, page, into).await
}

/// The installations by id, each to its end. The position is the installation, then GitHub's own
/// pointer in its list.
async fn installed(client: &Client, call: &Call, page: PageRequest) -> Result<Page<Repository>> {
    let (installation, position, known) = match &page.position {
        Some(position) => {
            let mut fields = position.fields();
            let installation = fields.number()?;
            let rest = (!fields.is_empty()).then(|| fields.rest());
            (installation, rest, None)
        }
        None => {
            let mut installations = client.installations(call).await?;
            let Some(first) = installations.items.first() else {
                return Err(installations.errors.pop().unwrap_or_else(not_installed));
            };
            (first.id, None, Some(installations))
        }
    };
    let id = installation.to_string();
    let path = ["user", "installations", &id, "repositories"];
    let list = List::new(Endpoint::Repositories, &LINKS, &path).rows_in("repositories");
    let request = PageRequest {
        limit: page.limit,
        position,
    };
    let into = |wire: WireRepository| client.seen(call, wire);
    let (mut repositories, refusal) = match client.rows(call, list, request, into).await {
        Ok(rows) => (rows, None),
        // One that is closed to the app, or gone, costs the others nothing.
        Err(error) if is_of_list(&error) => (Page::last(Vec::new()), Some(error)),
        Err(error) => return Err(error),
    };
    let is_first = known.is_some();
    let known = match (known, &repositories.next) {
        (None, None) => Some(client.installations(call).await?),
        (known, _) => known,
    };
    let at = |installation| Position::new().number(installation);
    repositories.next = match (&repositories.next, &known) {
        (Some(next), _) => Some(at(installation).then(next)),
        (None, known) => {
            let mut all = known.iter().flat_map(|known| &known.items);
            let following = all.find(|next| next.id > installation);
            following.map(|next| at(next.id))
        }
    };
    match refusal {
        Some(refusal) if is_first && repositories.next.is_none() => return Err(refusal),
        refusal => repositories.errors.extend(refusal),
    }
    // The list of installations says once for all of them what it hides.
    let hidden = known.into_iter().flat_map(|known| known.errors);
    repositories.errors.extend(hidden);
    Ok(repositories)
}

pub(super) async fn find(client: &Client, call: &Call, repo: &RepoRef) -> Result<Repository> {
    let owner = repo.full_name.as_deref().and_then(owner);
    read(client, call, &["repositories", &repo.id], owner).await
}

pub(super) async fn find_by_name(
    client: &Client,
    call: &Call,
    full_name: &str,
) -> Result<Repository> {
    let (owner, name) = full_name
        .split_once('/')
        .filter(|(owner, name)| is_owner(owner) && is_name(name))
        .ok_or_else(|| {
            Error::invalid_request("A GitHub repository is named `owner/name`, or by its number.")
                .with_provider(ProviderId::GITHUB)
        })?;
    read(client, call, &["repos", owner, name], Some(owner)).await
}

async fn read(
    client: &Client,
    call: &Call,
    path: &[&str],
    owner: Option<&str>,
) -> Result<Repository> {
    let answer = client.repository(call, path, owner).await?;
    let wire: WireRepository = answer.json()?;
    Ok(client.seen(call, wire))
}

impl Client {
    /// A repository that a connection has looked at.
    fn seen(&self, call: &Call, wire: WireRepository) -> Repository {
        let row = wire.into_repository(&call.connection_id);
        self.default_branches.note(row)
    }
}

/// Letters, digits and hyphens; accounts that an enterprise manages have an underscore too.
fn is_owner(owner: &str) -> bool {
    !owner.is_empty()
        && owner
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn is_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..")
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

#[derive(Debug, Deserialize)]
pub(super) struct WireRepository {
    id: Id,
    node_id: Option<String>,
    name: String,
    full_name: String,
    owner: Option<WireOwner>,
    description: Option<String>,
    private: Option<bool>,
    /// Old servers do not send it.
    visibility: Option<Word>,
    archived: Option<bool>,
    fork: Option<bool>,
    default_branch: Option<String>,
    language: Option<String>,
    html_url: Option<String>,
    clone_url: Option<String>,
    #[serde(default, deserialize_with = "wire::moment")]
    created_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "wire::moment")]
    updated_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "wire::moment")]
    pushed_at: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
struct WireOwner {
    id: Option<Id>,
    login: Option<String>,
    #[serde(rename = "type")]
    kind: Option<Word>,
}

fn owner_type(kind: &str) -> Option<OwnerType> {
    match kind {
        "User" => Some(OwnerType::User),
        "Organization" => Some(OwnerType::Organization),
        _ => None,
    }
}

impl WireRepository {
    pub(super) fn into_repository(self, connection: &ConnectionId) -> Repository {
        let visibility = match (&self.visibility, self.private) {
            (Some(word), _) => Visibility::parse(word.as_str()),
            (None, Some(false)) => Some(Visibility::Public),
            // Private or internal.
            (None, _) => None,
        };
        let (id, login, kind) = match self.owner {
            Some(owner) => (owner.id, owner.login, owner.kind),
            None => (None, None, None),
        };
        Repository {
            provider: ProviderId::GITHUB,
            connection_id: connection.clone(),
            id: self.id.into(),
            node_id: self.node_id,
            name: self.name,
            full_name: self.full_name,
            owner: Owner {
                id: id.map(Into::into),
                login,
                kind: kind.and_then(|kind| owner_type(kind.as_str())),
            },
            description: self.description,
            private: self.private,
            visibility,
            archived: self.archived,
            fork: self.fork,
            default_branch: self.default_branch,
            language: self.language,
            web_url: self.html_url,
            clone_url: self.clone_url,
            created_at: self.created_at,
            updated_at: self.updated_at,
            pushed_at: self.pushed_at,
        }
    }
}
