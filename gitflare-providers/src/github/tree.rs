//! File trees. GitHub sends a tree whole, so pages are slices of one: the first page resolves ref
//! and path to a tree's id, which the cursor keeps, and the later ones ask for that tree again.

use gitflare_core::{
    Code, Error, Page, PageRequest, Result,
    model::{TreeEntry, TreeEntryType},
    provider::{Call, CommitId, Endpoint, ProviderId, RepoRef, TreeQuery},
};
use serde::Deserialize;

use super::{
    client::{Client, below},
    commits,
};
use crate::{
    listing::{Api, List, Paging},
    pinned::{pin, unpin},
    wire::Word,
};

pub(super) async fn list(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    query: &TreeQuery,
    page: PageRequest,
) -> Result<Page<TreeEntry>> {
    let folder = query.path.as_ref().map_or("", |path| path.as_str());
    // Ids of trees and commits have one form, and a commit's names its tree here.
    let (root, position) = match &page.position {
        Some(position) => unpin(position)?,
        None => match commits::resolve(client, call, repo, Endpoint::FileTree, &query.at).await? {
            Some(commit) => match walk(client, call, repo, commit, folder).await? {
                (Found::Tree(tree), _) => (tree, None),
                (Found::Entry(entry), parent) => {
                    return Ok(Page::last(vec![entry.into_entry(&parent)]));
                }
            },
            None => return Ok(Page::last(Vec::new())),
        },
    };
    let mut list = tree(repo, &root);
    if query.recursive {
        // Any value switches it on, `false` included.
        // <https://docs.github.com/en/rest/git/trees#get-a-tree>
        list = list.query("recursive", "1");
    }
    let limit = page.limit;
    let page = PageRequest { limit, position };
    let into = |wire: WireEntry| wire.into_entry(folder);
    let mut listing = client.listing(call, &list, &page, into).await?;
    if let Some(answer) = &listing.answer
        && answer.json::<WireTree>()?.truncated == Some(true)
    {
        listing.page.errors.push(Error::upstream(
            Code::UnsupportedEndpoint,
            ProviderId::GITHUB,
            "GitHub lists no tree this large whole, and the rows behind its cut are missing: leave `recursive` out, or name a `path`.",
        ));
    }
    Ok(pin(listing.page, &root))
}

/// The entries of a tree, which GitHub sends whole.
fn tree<'a>(repo: &'a RepoRef, tree: &'a CommitId) -> List<'a> {
    below(Endpoint::FileTree, repo, &["git", "trees", tree.as_str()])
        .paged(&Paging::Slices)
        .rows_in("tree")
}

/// The entry at the path of a file; `None` for a folder.
pub(super) async fn entry(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    commit: CommitId,
    path: &str,
) -> Result<Option<WireEntry>> {
    match walk(client, call, repo, commit, path).await? {
        (Found::Entry(entry), _) => Ok(Some(entry)),
        (Found::Tree(_), _) => Ok(None),
    }
}

/// What stands at a path.
enum Found {
    Tree(CommitId),
    Entry(WireEntry),
}

/// Follows a path through the trees, one call to a folder. Also gives the folders that were entered.
async fn walk(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    commit: CommitId,
    path: &str,
) -> Result<(Found, String)> {
    let mut id = commit;
    let mut parent = String::new();
    let mut segments = path.split_terminator('/').peekable();
    while let Some(segment) = segments.next() {
        let entry = find(client, call, repo, &id, segment).await?;
        if entry.kind.as_str() != "tree" {
            return match segments.peek() {
                Some(_) => Err(no_such_path()),
                None => Ok((Found::Entry(entry), parent)),
            };
        }
        let sha = entry.sha.as_deref().map(CommitId::parse);
        id = sha.and_then(Result::ok).ok_or_else(no_id)?;
        if !parent.is_empty() {
            parent.push('/');
        }
        parent.push_str(segment);
    }
    Ok((Found::Tree(id), parent))
}

/// The entry of that name in a tree.
async fn find(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    id: &CommitId,
    name: &str,
) -> Result<WireEntry> {
    let mut found = None;
    let look = |entry: WireEntry| {
        if entry.path == name {
            found.get_or_insert(entry);
        }
    };
    let list = tree(repo, id).paged(&Paging::Whole);
    client
        .rows(call, list, PageRequest::default(), look)
        .await?;
    found.ok_or_else(no_such_path)
}

pub(super) fn no_id() -> Error {
    Error::upstream(
        Code::UpstreamUnavailable,
        ProviderId::GITHUB,
        "GitHub names an entry of a tree without its object.",
    )
}

pub(super) fn no_such_path() -> Error {
    Error::upstream(
        Code::ResourceNotFound,
        ProviderId::GITHUB,
        "There is no such path at that commit.",
    )
}

/// What stands around the entries of a tree.
#[derive(Debug, Deserialize)]
struct WireTree {
    truncated: Option<bool>,
}

#[derive(Debug, Deserialize)]
pub(super) struct WireEntry {
    /// Relative to the tree that was asked for.
    path: String,
    pub(super) mode: Option<String>,
    #[serde(rename = "type")]
    pub(super) kind: Word,
    pub(super) sha: Option<String>,
    pub(super) size: Option<u64>,
}

impl WireEntry {
    fn into_entry(self, folder: &str) -> TreeEntry {
        let kind = match (self.kind.as_str(), self.mode.as_deref()) {
            ("tree", _) => TreeEntryType::Directory,
            ("commit", _) => TreeEntryType::Submodule,
            (_, Some("120000")) => TreeEntryType::Symlink,
            _ => TreeEntryType::File,
        };
        let path = match folder {
            "" => self.path,
            folder => format!("{folder}/{}", self.path),
        };
        TreeEntry {
            name: path.rsplit('/').next().unwrap_or_default().to_owned(),
            path,
            kind,
            mode: self.mode,
            sha: self.sha,
            size: self.size,
        }
    }
}
