//! Repositories. An organization lists all of its own at once, in no order that is promised: they are
//! put in that of project, name and id, and pages are slices. A walk goes through the organizations of
//! the account in the order of their names.

use gitflare_core::{
    Code, ConnectionId, Error, Page, PageRequest, Position, Result,
    model::{Owner, OwnerType, Repository, Visibility},
    provider::{Call, Endpoint, ProviderId, RepoRef},
};
use serde::{Deserialize, de::IgnoredAny};

use super::{
    client::{Client, branch, parts, repository_id, without_user},
    profile,
    refusals::{ASLEEP, no_repository},
};
use crate::{
    listing::{Api, List, Paging},
    request::Get,
    wire::{self, Rows, Word},
};

/// Organizations without a row that one page may pass over.
const MAX_HOPS: usize = 5;

pub(super) async fn list(
    client: &Client,
    call: &Call,
    page: PageRequest,
) -> Result<Page<Repository>> {
    let mut walk = Walk {
        client,
        call,
        organizations: call.organization.as_ref().map(|only| vec![only.clone()]),
    };
    let (mut organization, mut start) = match &page.position {
        Some(position) => read(position)?,
        None => match walk.after(None).await? {
            Some(first) => (first, 0),
            None => return Err(no_organization()),
        },
    };
    let mut errors = Vec::new();
    for _ in 0..MAX_HOPS {
        let mut rows = match of_organization(client, call, &organization).await {
            Ok(rows) => rows,
            // A dead token is refused by the list of organizations, too.
            Err(error) if is_closed(&error) && walk.has_others().await? => {
                errors.push(error);
                Vec::new()
            }
            Err(error) => return Err(error),
        };
        let end = start.saturating_add(page.limit.get());
        let next = match rows.len() > end {
            true => Some(position(&organization, end)),
            false => {
                let following = walk.after(Some(&organization)).await?;
                following.map(|following| position(&following, 0))
            }
        };
        rows.truncate(end);
        let rows = rows.split_off(start.min(rows.len()));
        match next {
            Some(next) if rows.is_empty() => (organization, start) = read(&next)?,
            None if rows.is_empty() && walk.is_all(errors.len()) => {
                return Err(errors.remove(0));
            }
            next => {
                return Ok(Page {
                    items: rows,
                    next,
                    errors,
                });
            }
        }
    }
    let next = Some(position(&organization, start));
    Ok(Page {
        items: Vec::new(),
        next,
        errors,
    })
}

/// Whether an organization alone refuses: the others can be read all the same. One that belongs to
/// another tenant wants a token of that tenant, and one may sleep.
fn is_closed(error: &Error) -> bool {
    matches!(
        error.code(),
        Code::AccessBlockedByPolicy
            | Code::AuthExpired
            | Code::InsufficientScope
            | Code::InstallationNotFound
    ) || error.message() == ASLEEP
}

/// The organizations of an account, which are listed once for a page, and only when they are needed.
struct Walk<'a> {
    client: &'a Client,
    call: &'a Call,
    organizations: Option<Vec<String>>,
}

impl Walk<'_> {
    async fn all(&mut self) -> Result<&[String]> {
        let all = match self.organizations.take() {
            Some(known) => known,
            None => organizations(self.client, self.call).await?,
        };
        Ok(self.organizations.insert(all))
    }

    /// The organization whose name comes next; `None` behind the last one.
    async fn after(&mut self, name: Option<&str>) -> Result<Option<String>> {
        let mut later = self.all().await?.iter();
        let next = later.find(|known| name.is_none_or(|name| known.as_str() > name));
        Ok(next.cloned())
    }

    /// Whether there are so many, and some.
    fn is_all(&self, count: usize) -> bool {
        let all = self.organizations.as_ref();
        count > 0 && all.is_some_and(|all| all.len() == count)
    }

    async fn has_others(&mut self) -> Result<bool> {
        Ok(self.all().await?.len() > 1)
    }
}

/// The names of the account's organizations, in order.
pub(super) async fn organizations(client: &Client, call: &Call) -> Result<Vec<String>> {
    let member = profile::member_id(client, call).await?;
    let get = Get::new(&["_apis", "accounts"])?.query("memberId", member);
    let answer = client.profiles.get(call, &get).await?;
    let wire: WireAccounts = answer.json()?;
    let mut all: Vec<_> = wire
        .value
        .into_iter()
        .map(|account| account.account_name)
        .collect();
    all.sort_unstable();
    Ok(all)
}

async fn of_organization(
    client: &Client,
    call: &Call,
    organization: &str,
) -> Result<Vec<Repository>> {
    let path = [organization, "_apis", "git", "repositories"];
    let list = List::new(Endpoint::Repositories, &Paging::Whole, &path)
        .query("includeLinks", "false")
        .query("includeHidden", "false")
        .rows_in("value");
    let into = |wire: WireRepository| wire.keyed(organization, call);
    let first = PageRequest::default();
    Ok(in_order(client.rows(call, list, first, into).await?.items))
}

/// What rows are put in order by: project, name and id.
type Key = [String; 3];

/// Rows in the one order that lasts: none is promised.
pub(super) fn in_order(mut rows: Vec<(Key, Repository)>) -> Vec<Repository> {
    rows.sort_by(|(a, _), (b, _)| a.cmp(b));
    rows.into_iter().map(|(_, repository)| repository).collect()
}

/// The rows of a page behind the first `start`, and whether there are more.
pub(super) fn slice(
    mut rows: Vec<Repository>,
    start: usize,
    page: &PageRequest,
) -> Page<Repository> {
    let end = start.saturating_add(page.limit.get());
    let next = (rows.len() > end).then(|| Position::new().number(end as u64));
    rows.truncate(end);
    Page::new(rows.split_off(start.min(rows.len())), next)
}

/// In which organization a page starts, and behind how many rows there.
fn position(organization: &str, start: usize) -> Position {
    Position::new().text(organization).number(start as u64)
}

fn read(position: &Position) -> Result<(String, usize)> {
    let mut fields = position.fields();
    let organization = fields.text()?.to_string();
    let start = usize::try_from(fields.number()?).unwrap_or(usize::MAX);
    fields.end()?;
    Ok((organization, start))
}

fn no_organization() -> Error {
    Error::upstream(
        Code::InstallationNotFound,
        ProviderId::AZURE,
        "The account lists no organization at Azure DevOps; a connection can name one.",
    )
}

pub(super) async fn find(client: &Client, call: &Call, repo: &RepoRef) -> Result<Repository> {
    let [organization, ..] = parts(&repo.id).ok_or_else(no_repository)?;
    let wire: WireRepository = client.of(call, repo).await?.json()?;
    let moved = client.upstream.moved();
    let now = moved.now(&call.connection_id, organization);
    let full_name = wire.full_name(now.as_deref().unwrap_or(organization));
    Ok(Repository {
        full_name,
        ..wire.seen_by(organization, &call.connection_id)
    })
}

pub(super) async fn find_by_name(
    client: &Client,
    call: &Call,
    full_name: &str,
) -> Result<Repository> {
    let names: Vec<&str> = full_name.split('/').collect();
    let &[organization, project, name] = &names[..] else {
        return Err(no_repository());
    };
    let get = Get::new(&[organization, project, "_apis", "git", "repositories", name])?;
    let wire: WireRepository = client.repository(call, &get).await?.json()?;
    Ok(wire.seen_by(organization, &call.connection_id))
}

#[derive(Debug, Deserialize)]
struct WireAccounts {
    value: Rows<WireAccount>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireAccount {
    account_name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireRepository {
    id: String,
    name: String,
    project: WireProject,
    #[serde(default, deserialize_with = "wire::filled")]
    default_branch: Option<String>,
    /// Missing in older answers.
    #[serde(default, deserialize_with = "wire::filled")]
    web_url: Option<String>,
    #[serde(default, deserialize_with = "wire::filled")]
    remote_url: Option<String>,
    is_fork: Option<bool>,
    /// Of forks alone.
    parent_repository: Option<IgnoredAny>,
    is_disabled: Option<bool>,
    is_in_maintenance: Option<bool>,
}

#[derive(Debug, Deserialize)]
pub(super) struct WireProject {
    id: String,
    name: String,
    #[serde(default, deserialize_with = "wire::filled")]
    description: Option<String>,
    visibility: Option<Word>,
}

/// `unchanged` stands where nobody looked.
fn visibility(word: &str) -> Option<Visibility> {
    match &*word.to_ascii_lowercase() {
        "private" => Some(Visibility::Private),
        "organization" => Some(Visibility::Internal),
        "public" => Some(Visibility::Public),
        _ => None,
    }
}

impl WireRepository {
    /// One of which no more is known.
    pub(super) fn known(id: String, name: String, project: WireProject) -> Self {
        Self {
            id,
            name,
            project,
            default_branch: None,
            web_url: None,
            remote_url: None,
            is_fork: None,
            parent_repository: None,
            is_disabled: None,
            is_in_maintenance: None,
        }
    }

    /// The same as a fork, which a list of forks need not say.
    pub(super) fn forked(mut self) -> Self {
        self.is_fork = Some(true);
        self
    }

    /// As its organization's connection sees it, with what it is put in order by.
    pub(super) fn keyed(self, organization: &str, call: &Call) -> (Key, Repository) {
        let key = [
            self.project.name.clone(),
            self.name.clone(),
            self.id.clone(),
        ];
        (key, self.seen_by(organization, &call.connection_id))
    }

    fn id(&self, organization: &str) -> String {
        repository_id(organization, &self.project.id, &self.id)
    }

    fn full_name(&self, organization: &str) -> String {
        format!("{organization}/{}/{}", self.project.name, self.name)
    }

    /// The repository as a connection sees it.
    pub(super) fn seen_by(self, organization: &str, connection: &ConnectionId) -> Repository {
        let visibility = self
            .project
            .visibility
            .and_then(|word| visibility(word.as_str()));
        let clone_url = self.remote_url.clone().and_then(without_user);
        let marks = [self.is_disabled, self.is_in_maintenance];
        Repository {
            provider: ProviderId::AZURE,
            connection_id: connection.clone(),
            id: self.id(organization),
            full_name: self.full_name(organization),
            name: self.name,
            owner: Owner {
                id: Some(self.project.id),
                login: Some(self.project.name),
                kind: Some(OwnerType::Project),
            },
            description: self.project.description,
            private: visibility.map(|visibility| visibility != Visibility::Public),
            visibility,
            archived: marks.into_iter().flatten().reduce(|a, b| a || b),
            fork: self.is_fork.or(self.parent_repository.map(|_| true)),
            default_branch: self.default_branch.map(branch),
            language: None,
            web_url: self.web_url.or_else(|| clone_url.clone()),
            clone_url,
            // Azure DevOps keeps no moments of repositories.
            created_at: None,
            updated_at: None,
            pushed_at: None,
            node_id: None,
        }
    }
}
