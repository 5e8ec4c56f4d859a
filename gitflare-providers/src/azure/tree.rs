//! File trees: the folder is looked up once, and the cursor keeps its id. Azure DevOps sends a tree
//! whole: pages are slices of it.
//! <https://learn.microsoft.com/en-us/rest/api/azure/devops/git/trees/get>

use gitflare_core::{
    Code, Error, Page, PageRequest, Result,
    model::{TreeEntry, TreeEntryType},
    provider::{Call, CommitId, Endpoint, ProviderId, RefSelector, RepoRef, TreePath, TreeQuery},
};
use serde::Deserialize;

use super::client::{Client, below, object};
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
    let (name, kinds): (Option<&str>, &[&str]) = match at {
        RefSelector::DefaultBranch => (None, &[""]),
        RefSelector::Branch(name) => (Some(name.as_str()), &["branch"]),
        RefSelector::Ref(name) if CommitId::parse(name.as_str()).is_ok() => {
            (Some(name.as_str()), &["commit"])
        }
        RefSelector::Ref(name) => (Some(name.as_str()), &["branch", "tag"]),
    };
    let mut missing = no_such_path();
    for kind in kinds {
        let mut get = object(repo, &["items"])?
            .query("scopePath", path.clone())
            .query("recursionLevel", "none");
        if let Some(name) = name {
            // Without a kind a commit or a tag would be taken for a branch.
            get = get
                .query("versionDescriptor.version", name.to_owned())
                .query("versionDescriptor.versionType", *kind);
        }
        // Else the content of a file would come as it is.
        let get = get.query("$format", "json");
        match client.item(call, Endpoint::FileTree, repo, get).await {
            Ok(answer) => {
                let items: WireItems = answer.json()?;
                let mut items = items.value.unwrap_or_default().into_iter();
                return items.next().map(Some).ok_or_else(no_such_path);
            }
            Err(error) if error.code() == Code::ResourceNotFound => missing = error,
            Err(error) => return Err(error),
        }
    }
    match name.is_none() && client.is_without_commits(call, repo, &missing).await? {
        true => Ok(None),
        false => Err(missing),
    }
}

fn no_such_path() -> Error {
    Error::upstream(
        Code::ResourceNotFound,
        ProviderId::AZURE,
        "There is no such path at that commit.",
    )
}

/// A refusal may come with the status of an answer: then there is no list.
#[derive(Debug, Deserialize)]
struct WireItems {
    value: Option<Vec<WireItem>>,
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
        self.git_object_type.as_str() == kind
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
        let kind = match self.git_object_type.as_str() {
            "tree" => TreeEntryType::Directory,
            "commit" => TreeEntryType::Submodule,
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
