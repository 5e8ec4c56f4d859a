//! Repositories. Since the lists over all workspaces are gone, a walk goes through the workspaces of
//! the account in the order of their slugs, and through each one's repositories.
//! <https://developer.atlassian.com/cloud/bitbucket/changelog/#CHANGE-2770>

use gitflare_core::{
    Code, ConnectionId, Error, Limit, Page, PageRequest, Position, Result, Timestamp,
    model::{Owner, OwnerType, Repository, Visibility},
    provider::{Call, Endpoint, ProviderId, RepoRef},
};
use serde::{Deserialize, de::IgnoredAny};
use url::Url;

use super::client::{Client, NEXT, WireHref, WireNamed, href, object, unbraced};
use crate::{
    listing::{Api, List},
    request::Get,
    upstream_error::recode,
    wire::{self, Rows, Word},
};

/// Pages of workspaces that are read; nobody has as many.
const MAX_PAGES: usize = 50;
/// Workspaces without a row that one page may pass over.
const MAX_HOPS: usize = 5;

pub(super) async fn list(
    client: &Client,
    call: &Call,
    page: PageRequest,
) -> Result<Page<Repository>> {
    let limit = page.limit;
    let (mut slugs, mut errors) = (None, Vec::new());
    let of = |items, next, errors| Page {
        items,
        next,
        errors,
    };
    let (mut slug, mut within) = match &page.position {
        Some(position) => read(position)?,
        None => match slug_after(client, call, &mut slugs, None).await? {
            Some(slug) => (slug, None),
            None => return Err(no_workspace()),
        },
    };
    for _ in 0..MAX_HOPS {
        let found = match of_workspace(client, call, &slug, limit, within.take()).await {
            Ok(found) => found,
            Err(error) if is_closed(&error) && has_others(client, call, &mut slugs).await? => {
                errors.push(error);
                Page::last(Vec::new())
            }
            Err(error) => return Err(error),
        };
        if let Some(rest) = found.next {
            let next = position(&slug, Some(&rest));
            return Ok(of(found.items, Some(next), errors));
        }
        let Some(following) = slug_after(client, call, &mut slugs, Some(&slug)).await? else {
            // Where each has refused, there is no answer.
            let all = slugs.as_ref().map_or(0, Vec::len);
            return match !errors.is_empty() && errors.len() == all {
                true => Err(errors.remove(0)),
                false => Ok(of(found.items, None, errors)),
            };
        };
        slug = following;
        if !found.items.is_empty() {
            return Ok(of(found.items, Some(position(&slug, None)), errors));
        }
    }
    Ok(of(Vec::new(), Some(position(&slug, None)), errors))
}

/// Whether a workspace alone refuses: the others can be read all the same.
fn is_closed(error: &Error) -> bool {
    matches!(
        error.code(),
        Code::AccessBlockedByPolicy | Code::InsufficientScope | Code::InstallationNotFound
    )
}

/// Whether the account has more than one workspace.
async fn has_others(client: &Client, call: &Call, slugs: &mut Option<Vec<String>>) -> Result<bool> {
    let known = match slugs {
        Some(known) => known,
        None => slugs.insert(workspaces(client, call).await?),
    };
    Ok(known.len() > 1)
}

async fn of_workspace(
    client: &Client,
    call: &Call,
    slug: &str,
    limit: Limit,
    position: Option<Position>,
) -> Result<Page<Repository>> {
    let list = List::new(Endpoint::Repositories, &NEXT, &["repositories", slug])
        // Else public repositories of the workspace come along that nobody shared with the account.
        .query("role", "member")
        .query("sort", "full_name")
        .rows_in("values");
    let page = PageRequest { limit, position };
    let into = |wire: WireRepository| wire.seen_by(&call.connection_id);
    let asked = client.rows(call, list, page, into).await;
    asked.map_err(|error| match error.upstream_status() {
        Some(410) if error.code() == Code::ResourceNotFound => recode(
            &error,
            Code::AccessBlockedByPolicy,
            "Bitbucket has blocked the owner of this workspace.",
        ),
        Some(404) if error.code() != Code::InvalidCursor => recode(
            &error,
            Code::InstallationNotFound,
            "Bitbucket has no such workspace, or the connection cannot see it.",
        ),
        _ => error,
    })
}

/// The workspace whose slug comes next; `None` behind the last one. The workspaces are listed once for
/// each page, and only when one of them has come to its end.
async fn slug_after(
    client: &Client,
    call: &Call,
    slugs: &mut Option<Vec<String>>,
    slug: Option<&str>,
) -> Result<Option<String>> {
    let slugs = match slugs {
        Some(known) => known,
        None => slugs.insert(workspaces(client, call).await?),
    };
    let mut later = slugs.iter();
    Ok(later
        .find(|known| slug.is_none_or(|slug| known.as_str() > slug))
        .cloned())
}

/// The slugs of the account's workspaces, in order; the one that the connection names, where it does:
/// tokens of a workspace or a repository cannot list theirs.
async fn workspaces(client: &Client, call: &Call) -> Result<Vec<String>> {
    if let Some(only) = &call.organization {
        return Ok(vec![only.clone()]);
    }
    let mut all = Vec::new();
    let mut page = PageRequest::first(Limit::MAX);
    for _ in 0..MAX_PAGES {
        let list = List::new(Endpoint::Repositories, &NEXT, &["user", "workspaces"])
            .query("sort", "slug")
            .rows_in("values");
        let into = |access: WireAccess| access.workspace.slug;
        let found = client.rows(call, list, page.clone(), into).await?;
        all.extend(found.items);
        match found.next {
            Some(next) => page.position = Some(next),
            None => break,
        }
    }
    all.sort_unstable();
    Ok(all)
}

/// In which workspace a page starts, and where there.
fn position(slug: &str, within: Option<&Position>) -> Position {
    let position = Position::new().text(slug);
    match within {
        Some(within) => position.then(within),
        None => position,
    }
}

fn read(position: &Position) -> Result<(String, Option<Position>)> {
    let mut fields = position.fields();
    let slug = fields.text()?.to_string();
    // A connection may name its workspace by its UUID.
    let is_slug = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.{}".contains(&byte);
    if slug.is_empty() || !slug.bytes().all(is_slug) {
        return Err(Error::invalid_cursor("no workspace in it"));
    }
    Ok((slug, (!fields.is_empty()).then(|| fields.rest())))
}

fn no_workspace() -> Error {
    Error::upstream(
        Code::InstallationNotFound,
        ProviderId::BITBUCKET,
        "The account lists no workspace at Bitbucket; a connection can name one.",
    )
}

pub(super) async fn find(client: &Client, call: &Call, repo: &RepoRef) -> Result<Repository> {
    let answer = client.repository(call, &object(repo, &[])?).await?;
    Ok(answer
        .json::<WireRepository>()?
        .seen_by(&call.connection_id))
}

pub(super) async fn find_by_name(
    client: &Client,
    call: &Call,
    full_name: &str,
) -> Result<Repository> {
    let Some((workspace, slug)) = full_name.split_once('/') else {
        return Err(Error::upstream(
            Code::RepositoryNotFound,
            ProviderId::BITBUCKET,
            "A repository at Bitbucket is named `workspace/repository`.",
        ));
    };
    let get = Get::new(&["repositories", workspace, slug])?;
    let answer = client.repository(call, &get).await?;
    Ok(answer
        .json::<WireRepository>()?
        .seen_by(&call.connection_id))
}

/// `permission` and `workspace` in old answers, `workspace` alone in newer ones.
#[derive(Debug, Deserialize)]
struct WireAccess {
    workspace: WireSlug,
}

#[derive(Debug, Deserialize)]
struct WireSlug {
    slug: String,
}

#[derive(Debug, Deserialize)]
struct WireWorkspace {
    slug: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct WireRepository {
    uuid: String,
    name: Option<String>,
    full_name: String,
    owner: Option<WireOwner>,
    workspace: Option<WireWorkspace>,
    #[serde(default, deserialize_with = "wire::filled")]
    description: Option<String>,
    is_private: Option<bool>,
    /// `null` while there are no commits.
    mainbranch: Option<WireNamed>,
    #[serde(default, deserialize_with = "wire::filled")]
    language: Option<String>,
    /// Sent as `null` where the repository is no fork.
    #[serde(default, deserialize_with = "wire::sent")]
    parent: Option<Option<IgnoredAny>>,
    links: Option<WireRepositoryLinks>,
    #[serde(default, deserialize_with = "wire::moment")]
    created_on: Option<Timestamp>,
    #[serde(default, deserialize_with = "wire::moment")]
    updated_on: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
struct WireOwner {
    uuid: Option<String>,
    #[serde(rename = "type")]
    kind: Option<Word>,
}

#[derive(Debug, Default, Deserialize)]
struct WireRepositoryLinks {
    html: Option<WireHref>,
    clone: Option<Rows<WireClone>>,
}

#[derive(Debug, Deserialize)]
struct WireClone {
    name: Option<Word>,
    href: Option<String>,
}

fn owner_type(kind: &str) -> Option<OwnerType> {
    match kind {
        "user" => Some(OwnerType::User),
        "team" => Some(OwnerType::Organization),
        _ => None,
    }
}

/// The https address, without the name of the account that Bitbucket writes into it.
fn clone_url(links: Rows<WireClone>) -> Option<String> {
    let is_https = |link: &WireClone| link.name.is_some_and(|name| name.as_str() == "https");
    let link = links.into_iter().find(is_https)?.href?;
    let mut url = Url::parse(&link).ok()?;
    if url.username().is_empty() && url.password().is_none() {
        return Some(link);
    }
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    Some(url.into())
}

impl WireRepository {
    pub(super) fn id(&self) -> String {
        unbraced(self.uuid.clone())
    }

    pub(super) fn full_name(&self) -> String {
        self.full_name.clone()
    }

    /// The repository as a connection sees it.
    pub(super) fn seen_by(self, connection: &ConnectionId) -> Repository {
        let links = self.links.unwrap_or_default();
        // The owner's `username` may be another name than the workspace's slug.
        let slug = self.workspace.and_then(|workspace| workspace.slug);
        let login = slug.or_else(|| {
            let (workspace, _) = self.full_name.split_once('/')?;
            Some(workspace.to_owned())
        });
        let (id, kind) = match self.owner {
            Some(owner) => (owner.uuid, owner.kind),
            None => (None, None),
        };
        Repository {
            node_id: None,
            provider: ProviderId::BITBUCKET,
            connection_id: connection.clone(),
            id: unbraced(self.uuid),
            name: self.name.unwrap_or_else(|| {
                let (_, slug) = self.full_name.split_once('/').unwrap_or_default();
                slug.to_owned()
            }),
            full_name: self.full_name,
            owner: Owner {
                id: id.map(unbraced),
                login,
                kind: kind.and_then(|kind| owner_type(kind.as_str())),
            },
            description: self.description,
            private: self.is_private,
            visibility: self.is_private.map(|private| match private {
                true => Visibility::Private,
                false => Visibility::Public,
            }),
            archived: None,
            fork: self.parent.map(|parent| parent.is_some()),
            default_branch: self.mainbranch.and_then(|branch| branch.name),
            language: self.language,
            web_url: href(links.html),
            clone_url: links.clone.and_then(clone_url),
            created_at: self.created_on,
            updated_at: self.updated_on,
            pushed_at: None,
        }
    }
}
