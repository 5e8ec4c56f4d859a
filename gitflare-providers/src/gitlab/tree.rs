//! File trees. The ref is resolved on the first page and the cursor keeps the commit, so that all
//! pages of a chain are of one snapshot. GitLab sends no sizes.

use gitflare_core::{
    Code, Error, Page, PageRequest, Result,
    model::{TreeEntry, TreeEntryType},
    provider::{Call, Endpoint, ProviderId, RepoRef, TreePath, TreeQuery},
};
use serde::Deserialize;

use super::{
    client::{Client, KEYSET, below},
    commits,
};
use crate::{
    listing::Api,
    pinned::{pin, start},
    wire::Word,
};

pub(super) async fn list(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    query: &TreeQuery,
    page: PageRequest,
) -> Result<Page<TreeEntry>> {
    let is_first = page.position.is_none();
    let resolve = commits::resolve(client, call, repo, Endpoint::FileTree, &query.at);
    let Some((commit, page)) = start(page, resolve).await? else {
        return Ok(Page::last(Vec::new()));
    };
    let list = below(Endpoint::FileTree, repo, &["repository", "tree"])
        .query("ref", commit.as_str())
        .query("recursive", if query.recursive { "true" } else { "false" })
        .query_opt("path", query.path.as_ref().map(TreePath::as_str))
        .paged(&KEYSET);
    let entries = client.rows(call, list, page, WireEntry::into).await?;
    // Git has no empty folders: releases before 16.6 answer so for a path that does not exist.
    if is_first && entries.items.is_empty() && entries.next.is_none() && query.path.is_some() {
        return Err(Error::upstream(
            Code::ResourceNotFound,
            ProviderId::GITLAB,
            "There is no such folder at that commit.",
        ));
    }
    Ok(pin(entries, &commit))
}

#[derive(Debug, Deserialize)]
pub(super) struct WireEntry {
    id: Option<String>,
    name: String,
    #[serde(rename = "type")]
    kind: Word,
    path: String,
    mode: Option<String>,
}

impl WireEntry {
    fn entry_type(&self) -> TreeEntryType {
        match (self.kind.as_str(), self.mode.as_deref()) {
            ("tree", _) => TreeEntryType::Directory,
            ("commit", _) => TreeEntryType::Submodule,
            (_, Some("120000")) => TreeEntryType::Symlink,
            _ => TreeEntryType::File,
        }
    }

    pub(super) fn is_link(&self) -> bool {
        self.entry_type() == TreeEntryType::Symlink
    }

    pub(super) fn is_submodule(&self) -> bool {
        self.entry_type() == TreeEntryType::Submodule
    }

    pub(super) fn is_folder(&self) -> bool {
        self.entry_type() == TreeEntryType::Directory
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }
}

impl From<WireEntry> for TreeEntry {
    fn from(wire: WireEntry) -> Self {
        let kind = wire.entry_type();
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
