//! Branches and tags, by full ref name, bytewise. A page starts after a name, so it does not matter
//! what came or went in between; the pages behind a first one go on in what that one saw, for a
//! while, so that their cost does not grow with the number of refs.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use gitflare_core::{
    Error, Page, PageRequest, Position, Result,
    model::{Branch, Tag},
};
use gix::{ObjectId, object::Kind};

use super::{
    folder::FolderId,
    objects::{RawTag, lossy},
    recent::{Recent, Weight},
    repo::{Namespace, Peeled, RefTarget, Repo},
};

/// How long the pages of a list go on in what its first page saw.
const LISTING_HOLDS: Duration = Duration::from_secs(30);
/// The most refs that are kept, of at most 64 lists.
const MAX_KEPT: usize = 500_000;

/// Lists of refs that are being paged through.
#[derive(Debug)]
pub(super) struct Listings(Recent<(FolderId, Namespace), Listing>);

#[derive(Clone, Debug)]
struct Listing {
    read_at: Instant,
    refs: Arc<Vec<RefTarget>>,
}

impl Weight for Listing {
    fn weight(&self) -> usize {
        self.refs.len()
    }
}

impl Listings {
    pub(super) fn new() -> Self {
        Self(Recent::new(64, MAX_KEPT))
    }

    /// The refs of a namespace. A first page sees what is there now.
    fn read(
        &self,
        repo: &Repo,
        namespace: Namespace,
        page: &PageRequest,
    ) -> Result<Arc<Vec<RefTarget>>> {
        let key = (repo.folder(), namespace);
        if page.position.is_some()
            && let Some(kept) = self.0.find(&key)
            && kept.read_at.elapsed() < LISTING_HOLDS
        {
            return Ok(kept.refs);
        }
        let refs = Arc::new(repo.refs(namespace)?);
        if refs.len() > page.limit.get() {
            let listing = Listing {
                read_at: Instant::now(),
                refs: Arc::clone(&refs),
            };
            self.0.insert(key, listing);
        }
        Ok(refs)
    }
}

pub(super) fn branches(
    repo: &Repo,
    listings: &Listings,
    page: &PageRequest,
) -> Result<Page<Branch>> {
    let default = repo.head()?.branch;
    let refs = slice(repo, listings, Namespace::Branches, page)?;
    Ok(refs.map(|(name, id)| Branch {
        default: Some(default.as_deref() == Some(name.as_str())),
        name,
        commit_sha: id.to_string(),
        protected: None,
        web_url: None,
    }))
}

pub(super) fn tags(repo: &Repo, listings: &Listings, page: &PageRequest) -> Result<Page<Tag>> {
    let refs = slice(repo, listings, Namespace::Tags, page)?;
    let items = refs
        .items
        .into_iter()
        .map(|(name, id)| describe(repo, name, id))
        .collect::<Result<_>>()?;
    Ok(Page::new(items, refs.next))
}

fn describe(repo: &Repo, name: String, id: ObjectId) -> Result<Tag> {
    let annotated = match repo.header(id)? {
        Some((Kind::Tag, _)) => Some(repo.tag(id)?),
        _ => None,
    };
    let commit = match repo.peel(id)? {
        Peeled::Commit(commit) => Some(commit),
        // A tag of something else, or of what this repository lacks, is still a tag.
        Peeled::Other | Peeled::Missing(_) => None,
    };
    Ok(Tag {
        name,
        commit_sha: commit.map(|commit| commit.to_string()),
        message: annotated.as_ref().map(RawTag::message),
        tagger: annotated.as_ref().and_then(RawTag::tagger),
        web_url: None,
    })
}

/// One page of a namespace: short names and targets.
fn slice(
    repo: &Repo,
    listings: &Listings,
    namespace: Namespace,
    page: &PageRequest,
) -> Result<Page<(String, ObjectId)>> {
    let after = page.position.as_ref().map(read_after).transpose()?;
    let refs = listings.read(repo, namespace, page)?;
    let start = after.map_or(0, |after| refs.partition_point(|item| item.name <= after));
    let rest = &refs[start..];
    let limit = page.limit.get();
    let items = rest
        .iter()
        .take(limit)
        .map(|item| (short_name(item, namespace), item.id))
        .collect();
    let next = (rest.len() > limit).then(|| write_after(&rest[limit - 1].name));
    Ok(Page::new(items, next))
}

fn short_name(item: &RefTarget, namespace: Namespace) -> String {
    let name = item.name.strip_prefix(namespace.prefix().as_bytes());
    lossy(name.unwrap_or(&item.name))
}

/// A name that is not UTF-8 travels as bytes.
fn write_after(name: &[u8]) -> Position {
    match str::from_utf8(name) {
        Ok(name) => Position::new().number(0).text(name),
        Err(_) => Position::new().number(1).object(name),
    }
}

fn read_after(position: &Position) -> Result<Vec<u8>> {
    let mut fields = position.fields();
    let after = match fields.number()? {
        0 => fields.text()?.as_bytes().to_vec(),
        1 => fields.object()?.to_vec(),
        _ => return Err(Error::invalid_cursor("unknown kind of ref name")),
    };
    fields.end()?;
    Ok(after)
}
