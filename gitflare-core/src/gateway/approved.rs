//! A page of the repositories that a grant lists, in the order of approval: the upstream is asked for
//! exactly these, so that a page is full however many others the account has. What a grant over
//! everything shows, and long lists of upstreams that answer one id at a time, are walked instead.

use std::time::Instant;

use futures_util::future::join_all;

use super::Gateway;
use crate::{
    Code, Error, Limit, Page, Position, PositionFields, Result,
    model::Repository,
    provider::{Call, KnownRepository, Provider, RepoRef, Told},
    storage::{ApprovedRepository, Repositories, Share},
};

/// How many approved repositories are read singly where the upstream answers one id at a time; a
/// longer list is walked.
const MAX_SINGLE: usize = 100;
/// How many of them are read at once.
const AT_ONCE: usize = 10;

/// Where a chain of pages stands within one connection.
pub(super) enum Place {
    /// Before its first repository.
    Start,
    /// Behind an approved repository: how many came before it, and its id.
    Listed { before: u64, id: String },
    /// Where the provider's own list goes on.
    Walked(Position),
}

const LISTED: u64 = 0;
const WALKED: u64 = 1;

impl Place {
    /// The place that a position names behind its connection.
    pub(super) fn read(mut fields: PositionFields<'_>) -> Result<Self> {
        if fields.is_empty() {
            return Ok(Self::Start);
        }
        match fields.number()? {
            LISTED => {
                let (before, id) = (fields.number()?, fields.text()?.to_owned());
                fields.end()?;
                Ok(Self::Listed { before, id })
            }
            WALKED => Ok(Self::Walked(fields.rest())),
            _ => Err(Error::invalid_cursor("a list of another kind")),
        }
    }

    /// Where the provider's own list goes on; `None` for its first page.
    pub(super) fn walked(self) -> Option<Position> {
        match self {
            Self::Walked(position) => Some(position),
            Self::Start | Self::Listed { .. } => None,
        }
    }

    /// The position of a place in the provider's own list.
    pub(super) fn at_walked(position: &Position) -> Position {
        Position::new().number(WALKED).then(position)
    }

    /// Where the page begins in the list as it is now. A repository that was taken off it has moved
    /// the later ones forward by one.
    fn first_of(&self, list: &[ApprovedRepository]) -> usize {
        match self {
            Self::Start | Self::Walked(_) => 0,
            Self::Listed { before, id } => {
                let found = list.iter().position(|repository| repository.id == *id);
                let gone = || usize::try_from(*before).unwrap_or(usize::MAX);
                found.map_or_else(gone, |at| at + 1).min(list.len())
            }
        }
    }
}

impl Gateway {
    /// A page of what a grant lists; `None` when the provider's own list is to be walked.
    pub(super) async fn approved_page(
        &self,
        share: &Share,
        place: &Place,
        limit: Limit,
        deadline: Instant,
    ) -> Result<Option<Page<Repository>>> {
        if share.approves_all || matches!(place, Place::Walked(_)) {
            return Ok(None);
        }
        let grants = self.storage.authorizations();
        let grant = grants.find_grant(&share.grant_id).await?;
        let list = match grant.map(|grant| grant.repositories) {
            Some(Repositories::Listed(list)) => list,
            // Ended since the checks, or widened: the walk leaves out what is not approved.
            Some(Repositories::All) | None => return Ok(None),
        };
        let first = place.first_of(&list);
        let asked = &list[first..list.len().min(first + limit.get())];
        let known: &[KnownRepository] = &asked.iter().map(known).collect::<Vec<_>>();
        // A chain that has begun so goes on so.
        let may_be_single = list.len() <= MAX_SINGLE || matches!(place, Place::Listed { .. });
        let provider = &**self.provider_of(share)?;
        let told = self
            .with_credential(share, deadline, |call| async move {
                told(provider, &call, known, may_be_single).await
            })
            .await?;
        let Some(told) = told else {
            return Ok(None);
        };
        let mut page = Page::last(Vec::with_capacity(asked.len()));
        for (known, told) in asked.iter().zip(told) {
            match told {
                // Whatever an upstream answers, only what was asked for is approved.
                Ok(repository) if repository.id == known.id => page.items.push(repository),
                Ok(_) => page.errors.push(named(known, &moved(provider))),
                Err(error) => page.errors.push(named(known, &error)),
            }
        }
        self.note_all(share, asked, &page.items).await?;
        if let Some(last) = asked.last().filter(|_| first + asked.len() < list.len()) {
            let before = (first + asked.len() - 1) as u64;
            let listed = Position::new().number(LISTED).number(before);
            page.next = Some(listed.text(&last.id));
        }
        Ok(Some(page))
    }

    /// Keeps what grants say of the repositories that were seen up to date.
    async fn note_all(
        &self,
        share: &Share,
        asked: &[ApprovedRepository],
        seen: &[Repository],
    ) -> Result<()> {
        let is_told = |row: &&Repository| {
            let mut known = asked.iter().filter(|known| known.id == row.id);
            known.any(|known| is_news(known, row))
        };
        let news: Vec<_> = seen.iter().filter(is_told).map(approval).collect();
        match news.is_empty() {
            true => Ok(()),
            false => {
                let grants = self.storage.authorizations();
                grants.note_seen(&share.grant_id, news).await
            }
        }
    }
}

/// What a grant keeps of a repository.
pub(super) fn approval(seen: &Repository) -> ApprovedRepository {
    ApprovedRepository {
        id: seen.id.clone(),
        full_name: seen.full_name.clone(),
        node_id: seen.node_id.clone(),
        default_branch: seen.default_branch.clone(),
    }
}

/// Whether what is seen of a repository tells anything that its approval does not say yet.
pub(super) fn is_news(known: &ApprovedRepository, seen: &Repository) -> bool {
    let differs = |seen: &Option<String>, known: &Option<String>| seen.is_some() && seen != known;
    known.full_name != seen.full_name
        || differs(&seen.node_id, &known.node_id)
        || differs(&seen.default_branch, &known.default_branch)
}

fn known(approved: &ApprovedRepository) -> KnownRepository {
    KnownRepository {
        repo: RepoRef {
            id: approved.id.clone(),
            full_name: Some(approved.full_name.clone()),
        },
        node_id: approved.node_id.clone(),
    }
}

/// What the upstream says of each, in their order; what it does not tell together is read singly.
async fn told(
    provider: &dyn Provider,
    call: &Call,
    known: &[KnownRepository],
    may_be_single: bool,
) -> Result<Option<Vec<Result<Repository>>>> {
    let mut told: Vec<Told> = match provider.repositories_by_id(call, known).await? {
        Some(told) => told,
        None if may_be_single => known.iter().map(|_| None).collect(),
        None => return Ok(None),
    };
    let mut rows: Vec<_> = told.iter_mut().zip(known).collect();
    rows.retain(|(row, _)| row.is_none());
    for some in rows.chunks_mut(AT_ONCE) {
        let reads = some
            .iter()
            .map(|(_, known)| provider.repository(call, &known.repo));
        let read = join_all(reads).await;
        for ((row, _), read) in some.iter_mut().zip(read) {
            **row = Some(read);
        }
    }
    let all = told.into_iter().flatten().map(|row| match row {
        Err(error) if !is_of_one(&error) => Err(error),
        row => Ok(row),
    });
    all.collect::<Result<_>>().map(Some)
}

/// Whether a refusal concerns one repository; any other one concerns the connection.
fn is_of_one(error: &Error) -> bool {
    matches!(
        error.code(),
        Code::RepositoryNotFound
            | Code::ResourceNotFound
            | Code::InstallationNotFound
            | Code::AccessBlockedByPolicy
            | Code::InsufficientScope
            | Code::UnsupportedEndpoint
    )
}

fn moved(provider: &dyn Provider) -> Error {
    let message = "Another repository has its place at the provider.";
    Error::upstream(Code::RepositoryNotFound, provider.id(), message)
}

/// The refusal of one repository, with its name.
fn named(known: &ApprovedRepository, error: &Error) -> Error {
    let message = format!("{} ({}): {}", known.full_name, known.id, error.message());
    error.clone().with_message(message)
}
