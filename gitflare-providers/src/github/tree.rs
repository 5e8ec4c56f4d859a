//! File trees. GitHub sends a tree whole, so pages are slices of one: the first page resolves ref
//! and path to a tree's id, which the cursor keeps, and the later ones ask for that tree again.

use std::borrow::Cow;

use gitflare_core::{
    Code, Error, Page, PageRequest, Position, Result,
    model::{TreeEntry, TreeEntryType},
    provider::{Call, CommitId, ProviderId, RepoRef, TreeQuery},
};
use serde::Deserialize;

use super::{client::Client, commits};
use crate::{
    pinned::{pin, unpin},
    upstream::{Answer, Get},
    wire::{Rows, Word},
};

pub(super) async fn list(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    query: &TreeQuery,
    page: &PageRequest,
) -> Result<Page<TreeEntry>> {
    let folder = query.path.as_ref().map_or("", |path| path.as_str());
    // Ids of trees and commits have one form, and a commit's names its tree here.
    let (root, offset) = match &page.position {
        Some(position) => {
            let (tree, rest) = unpin(position)?;
            let rest = rest.unwrap_or_default();
            (tree, rest.fields().number()?)
        }
        None => match commits::resolve(client, call, repo, &query.at).await? {
            Some(commit) => match walk(client, call, repo, &commit, folder).await? {
                Found::Tree(tree) => (tree, 0),
                Found::Entry(entry) => return Ok(Page::last(vec![entry])),
            },
            None => return Ok(Page::last(Vec::new())),
        },
    };
    let answer = fetch(client, call, repo, &root, query.recursive).await?;
    let tree: WireTree<'_> = answer.json()?;
    if tree.truncated == Some(true) {
        return Err(Error::invalid_request(
            "GitHub does not list a tree this large at once: leave `recursive` out, or name a `path`.",
        )
        .with_provider(ProviderId::GITHUB));
    }
    let offset = usize::try_from(offset).unwrap_or(usize::MAX);
    let end = offset.saturating_add(page.limit.get());
    let next = (end < tree.tree.0.len()).then(|| Position::new().number(end as u64));
    let entries = tree.tree.into_iter().skip(offset).take(page.limit.get());
    let items = entries.map(|wire| wire.into_entry(folder)).collect();
    Ok(pin(Page { items, next }, &root))
}

/// What stands at a path.
enum Found {
    Tree(CommitId),
    Entry(TreeEntry),
}

/// Follows a path through the trees, one call to a folder.
async fn walk(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    commit: &CommitId,
    path: &str,
) -> Result<Found> {
    let mut tree = commit.clone();
    let mut parent = String::new();
    let mut segments = path.split_terminator('/').peekable();
    while let Some(segment) = segments.next() {
        let answer = fetch(client, call, repo, &tree, false).await?;
        let wire: WireTree<'_> = answer.json()?;
        let entry = wire
            .tree
            .into_iter()
            .find(|entry| entry.path == segment)
            .ok_or_else(no_such_path)?;
        if entry.kind.as_str() != "tree" {
            return match segments.peek() {
                Some(_) => Err(no_such_path()),
                None => Ok(Found::Entry(entry.into_entry(&parent))),
            };
        }
        let id = entry.sha.as_deref().map(CommitId::parse);
        tree = id
            .and_then(Result::ok)
            .ok_or_else(|| answer.unusable("a tree without id"))?;
        if !parent.is_empty() {
            parent.push('/');
        }
        parent.push_str(segment);
    }
    Ok(Found::Tree(tree))
}

async fn fetch(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    tree: &CommitId,
    recursive: bool,
) -> Result<Answer> {
    let mut get = Get::new(&["repositories", &repo.id, "git", "trees", tree.as_str()])?;
    if recursive {
        // Any value switches it on, `false` included.
        get = get.query("recursive", "1");
    }
    client.item(call, repo, get).await
}

fn no_such_path() -> Error {
    Error::upstream(
        Code::ResourceNotFound,
        ProviderId::GITHUB,
        "There is no such path at that commit.",
    )
}

#[derive(Debug, Deserialize)]
struct WireTree<'a> {
    truncated: Option<bool>,
    #[serde(borrow)]
    tree: Rows<WireEntry<'a>>,
}

#[derive(Debug, Deserialize)]
struct WireEntry<'a> {
    /// Relative to the tree that was asked for.
    #[serde(borrow)]
    path: Cow<'a, str>,
    #[serde(borrow)]
    mode: Option<Word<'a>>,
    #[serde(rename = "type", borrow)]
    kind: Word<'a>,
    #[serde(borrow)]
    sha: Option<Cow<'a, str>>,
    size: Option<u64>,
}

impl WireEntry<'_> {
    fn into_entry(self, folder: &str) -> TreeEntry {
        let mode = self.mode.as_ref().map(Word::as_str);
        let kind = match (self.kind.as_str(), mode) {
            ("tree", _) => TreeEntryType::Directory,
            ("commit", _) => TreeEntryType::Submodule,
            (_, Some("120000")) => TreeEntryType::Symlink,
            _ => TreeEntryType::File,
        };
        let path = match folder {
            "" => self.path.clone().into_owned(),
            folder => format!("{folder}/{}", self.path),
        };
        Self::entry(path, kind, mode.map(str::to_owned), self.sha, self.size)
    }

    fn entry(
        path: String,
        kind: TreeEntryType,
        mode: Option<String>,
        sha: Option<Cow<'_, str>>,
        size: Option<u64>,
    ) -> TreeEntry {
        TreeEntry {
            name: path.rsplit('/').next().unwrap_or_default().to_owned(),
            path,
            kind,
            mode,
            sha: sha.map(Cow::into_owned),
            size,
        }
    }
}
