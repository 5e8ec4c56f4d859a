//! File trees: the folder is looked up once, and the cursor keeps its id. Azure DevOps sends a tree
//! whole: pages are slices of it.
//! <https://learn.microsoft.com/en-us/rest/api/azure/devops/git/trees/get>

use gitflare_core::{
    Code, Error, Page, PageRequest, Result,
    model::{TreeEntry, TreeEntryType},
    provider::{Call, CommitId, Endpoint, ProviderId, RefSelector, RepoRef, TreePath, TreeQuery},
};
use serde::Deserialize;

use super::{
    client::{Client, below},
    refs::{is_other_version, items},
    refusals::NO_PATH,
};
use crate::{
    listing::{Api, Paging},
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
    let folder = query.path.as_ref().map(TreePath::as_str);
    let limit = page.limit;
    let (tree, position) = match &page.position {
        Some(position) => unpin(position)?,
        None => match find(client, call, repo, &query.at, folder).await? {
            Some(item) if item.is("tree") => (item.id()?, None),
            // A folder's path may lead to a file: then that is all.
            Some(item) => {
                let entry = item.into_entry(folder.unwrap_or_default());
                return Ok(Page::last(vec![entry]));
            }
            None => return Ok(Page::last(Vec::new())),
        },
    };
    let page = PageRequest { limit, position };
    let list = below(
        Endpoint::FileTree,
        &Paging::Slices,
        repo,
        &["trees", tree.as_str()],
    )?
    .rows_in("treeEntries")
    .query("recursive", query.recursive.to_string());
    let into = |wire: WireEntry| wire.below(folder);
    let entries = client.rows(call, list, page, into).await?;
    Ok(pin(entries, &tree))
}

/// What stands at a path at a ref; `None` in an empty repository.
async fn find(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    at: &RefSelector,
    folder: Option<&str>,
) -> Result<Option<WireItem>> {
    let path = format!("/{}", folder.unwrap_or_default());
    let path = [("scopePath", path), ("recursionLevel", "none".to_owned())];
    let asked = client.first_of(
        call,
        Endpoint::FileTree,
        repo,
        items(repo, at, path)?,
        is_other_version,
    );
    match asked.await {
        Ok(answer) => {
            let items: WireItems = answer.json()?;
            let mut items = items.value.into_iter();
            items.next().map(Some).ok_or_else(no_such_path)
        }
        Err(error)
            if matches!(at, RefSelector::DefaultBranch)
                && client.is_without_commits(call, repo, &error).await? =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn no_such_path() -> Error {
    Error::upstream(Code::ResourceNotFound, ProviderId::AZURE, NO_PATH)
}

#[derive(Debug, Deserialize)]
struct WireItems {
    value: Vec<WireItem>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireItem {
    object_id: Option<String>,
    git_object_type: Word,
    is_sym_link: Option<bool>,
}

impl WireItem {
    fn is(&self, kind: &str) -> bool {
        self.git_object_type.is(kind)
    }

    fn id(&self) -> Result<CommitId> {
        let id = self.object_id.as_deref().map(CommitId::parse);
        id.and_then(Result::ok).ok_or_else(no_such_path)
    }

    /// The same as an entry of a tree. Its mode and its size are not told.
    fn into_entry(self, path: &str) -> TreeEntry {
        let kind = match () {
            () if self.is("commit") => TreeEntryType::Submodule,
            () if self.is_sym_link == Some(true) => TreeEntryType::Symlink,
            () => TreeEntryType::File,
        };
        TreeEntry {
            name: path.rsplit('/').next().unwrap_or(path).to_owned(),
            path: path.to_owned(),
            kind,
            mode: None,
            sha: self.object_id,
            size: None,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireEntry {
    object_id: Option<String>,
    relative_path: String,
    /// Of folders five digits: `40000`.
    mode: Option<String>,
    git_object_type: Word,
    size: Option<u64>,
}

impl WireEntry {
    fn below(self, folder: Option<&str>) -> TreeEntry {
        let mode = self.mode.map(|mode| format!("{mode:0>6}"));
        let kind = match self.git_object_type {
            kind if kind.is("tree") => TreeEntryType::Directory,
            kind if kind.is("commit") => TreeEntryType::Submodule,
            _ if mode.as_deref() == Some("120000") => TreeEntryType::Symlink,
            _ => TreeEntryType::File,
        };
        let path = match folder {
            Some(folder) => format!("{folder}/{}", self.relative_path),
            None => self.relative_path,
        };
        let is_content = matches!(kind, TreeEntryType::File | TreeEntryType::Symlink);
        TreeEntry {
            name: path.rsplit('/').next().unwrap_or(&path).to_owned(),
            path,
            kind,
            mode,
            sha: self.object_id,
            // A folder's own size is that of no file.
            size: self.size.filter(|_| is_content),
        }
    }
}
