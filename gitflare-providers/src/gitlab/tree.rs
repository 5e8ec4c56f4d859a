//! File trees. The ref is resolved on the first page and the cursor keeps the commit, so that all
//! pages of a chain are of one snapshot. GitLab sends no sizes.

use gitflare_core::{
    Code, Error, Page, PageRequest, Result,
    model::{TreeEntry, TreeEntryType},
    provider::{Call, Endpoint, ProviderId, RepoRef, TreeQuery},
};
use serde::Deserialize;

use super::{
    client::{Client, List, Paging},
    commits,
};
use crate::{
    pinned::{pin, unpin},
    wire::Word,
};

pub(super) async fn list(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    query: &TreeQuery,
    page: &PageRequest,
) -> Result<Page<TreeEntry>> {
    let (limit, is_first) = (page.limit, page.position.is_none());
    let (commit, position) = match &page.position {
        Some(position) => unpin(position)?,
        None => match commits::resolve(client, call, repo, Endpoint::FileTree, &query.at).await? {
            Some(commit) => (commit, None),
            None => return Ok(Page::last(Vec::new())),
        },
    };
    let mut pairs = vec![
        ("ref", commit.as_str().into()),
        (
            "recursive",
            if query.recursive { "true" } else { "false" }.into(),
        ),
    ];
    if let Some(path) = &query.path {
        pairs.push(("path", path.as_str().into()));
    }
    let list = List {
        endpoint: Endpoint::FileTree,
        repo: Some(repo),
        segments: vec!["projects", &repo.id, "repository", "tree"],
        query: pairs,
        paging: Paging::Keyset,
    };
    let page = PageRequest { limit, position };
    let listing = client.list(call, &list, &page).await?;
    let entries: Page<WireEntry<'_>> = listing.page()?;
    // Git has no empty folders: releases before 16.6 answer so for a path that does not exist.
    if is_first && entries.items.is_empty() && entries.next.is_none() && query.path.is_some() {
        return Err(Error::upstream(
            Code::ResourceNotFound,
            ProviderId::GITLAB,
            "There is no such folder at that commit.",
        ));
    }
    Ok(pin(entries, &commit).map(TreeEntry::from))
}

#[derive(Debug, Deserialize)]
struct WireEntry<'a> {
    id: Option<String>,
    name: String,
    #[serde(rename = "type", borrow)]
    kind: Word<'a>,
    path: String,
    mode: Option<String>,
}

impl From<WireEntry<'_>> for TreeEntry {
    fn from(wire: WireEntry<'_>) -> Self {
        let kind = match (wire.kind.as_str(), wire.mode.as_deref()) {
            ("tree", _) => TreeEntryType::Directory,
            ("commit", _) => TreeEntryType::Submodule,
            (_, Some("120000")) => TreeEntryType::Symlink,
            _ => TreeEntryType::File,
        };
        Self {
            path: wire.path,
            name: wire.name,
            kind,
            mode: wire.mode,
            sha: wire.id,
            size: None,
        }
    }
}
