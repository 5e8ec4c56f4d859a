//! File trees. GitFlic lists one folder of a branch, with its folders; or all files of a commit below
//! a folder, without any. A folder of a commit is made of the latter: Git has no folder without a
//! file. Sizes stand in the list of files alone; modes, blob ids and submodules in neither.

use std::collections::BTreeSet;

use gitflare_core::{
    Code, Error, Page, PageRequest, Position, Result,
    model::{TreeEntry, TreeEntryType},
    provider::{
        Call, CommitId, Endpoint, GitRef, ProviderId, RefSelector, RepoRef, TreePath, TreeQuery,
    },
};
use serde::Deserialize;

use super::{
    api::FileInfo,
    client::{Client, below, missing},
    refs,
};
use crate::{
    listing::{Api, Paging},
    pinned::{pin, unpin},
    upstream_error::recode,
};

pub(super) async fn list(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    query: &TreeQuery,
    page: PageRequest,
) -> Result<Page<TreeEntry>> {
    let branch = match &query.at {
        RefSelector::DefaultBranch => None,
        RefSelector::Branch(name) => Some(name),
        RefSelector::Ref(name) => match CommitId::parse(name.as_str()) {
            Ok(commit) => return of_commit(client, call, repo, query, Some(commit), page).await,
            Err(_) => Some(name),
        },
    };
    if !query.recursive {
        return folder(client, call, repo, query, branch, page).await;
    }
    let head = match &page.position {
        Some(_) => None,
        None => {
            let head = refs::head(client, call, repo, branch).await;
            match head.map_err(|error| of_ref(query, error))? {
                Some(head) => Some(head),
                None => return Ok(Page::last(Vec::new())),
            }
        }
    };
    of_commit(client, call, repo, query, head, page).await
}

/// One folder of a branch, of the default one when `None`.
async fn folder(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    query: &TreeQuery,
    branch: Option<&GitRef>,
    page: PageRequest,
) -> Result<Page<TreeEntry>> {
    let path = query.path.as_ref().map(TreePath::as_str);
    let list = below(Endpoint::FileTree, repo, &["files"])?
        .query_opt("filepath", path)
        .query_opt("branch", branch.map(GitRef::as_str));
    client.admit(call, repo).await?;
    let found = client.rows(call, list.admitted(), page, entry).await;
    found.or_else(|error| match error.code() {
        // An empty project; without commits it has no folder either.
        Code::ResourceNotFound if branch.is_none() && path.is_none() => Ok(Page::last(Vec::new())),
        Code::ResourceNotFound => Err(of_ref(query, error)),
        _ if path.is_some() || branch.is_some() => Err(missing(&error)),
        _ => Err(error),
    })
}

/// What it means that a branch of that name was not found: a `ref` may be a tag, of which GitFlic
/// lists no files.
fn of_ref(query: &TreeQuery, error: Error) -> Error {
    match (&query.at, error.code()) {
        (RefSelector::Ref(_), Code::ResourceNotFound) => recode(
            &error,
            Code::InvalidRequest,
            "GitFlic lists the files of branches and of whole commit ids: `ref` is neither.",
        ),
        _ => error,
    }
}

/// All files of a commit come at once, whatever is wanted of them. The commit is that of the cursor
/// where none is given.
async fn of_commit(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    query: &TreeQuery,
    commit: Option<CommitId>,
    page: PageRequest,
) -> Result<Page<TreeEntry>> {
    let (commit, start) = match &page.position {
        Some(position) => {
            let (commit, rest) = unpin(position)?;
            let rest = rest.unwrap_or_default();
            let mut fields = rest.fields();
            let start = fields.number()?;
            fields.end()?;
            (commit, usize::try_from(start).unwrap_or(usize::MAX))
        }
        None => (
            commit.ok_or_else(|| Error::internal("a tree of no commit"))?,
            0,
        ),
    };
    let folder = query.path.as_ref().map_or("", |path| path.as_str());
    let list = below(Endpoint::FileTree, repo, &["blob", "recursive"])?
        .query("commitHash", commit.as_str())
        .query_opt(
            "directory",
            Some(folder).filter(|folder| !folder.is_empty()),
        )
        .paged(&Paging::Whole)
        .admitted();
    client.admit(call, repo).await?;
    let all = client.rows(call, list, PageRequest::default(), |it: WireBlob| it);
    let files = all.await.map_err(|error| missing(&error))?.items;
    if files.is_empty() && !folder.is_empty() {
        return Err(no_folder());
    }
    let files = whole_paths(files, folder);
    let entries = match query.recursive {
        true => files.into_iter().map(Into::into).collect(),
        false => one_level(files, folder),
    };
    let total = entries.len();
    let end = start.saturating_add(page.limit.get());
    let items = entries.into_iter().skip(start).take(page.limit.get());
    let next = (end < total).then(|| Position::new().number(end as u64));
    Ok(pin(Page::new(items.collect(), next), &commit))
}

fn no_folder() -> Error {
    Error::upstream(
        Code::ResourceNotFound,
        ProviderId::GITFLIC,
        "There is no such folder at that commit.",
    )
}

/// A file of a commit.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireBlob {
    file_path: String,
    size: Option<u64>,
}

/// The files with paths from the root: whether GitFlic writes them from there or from the folder that
/// was asked for is not documented.
fn whole_paths(mut files: Vec<WireBlob>, folder: &str) -> Vec<WireBlob> {
    let is_below = |file: &WireBlob| below_folder(&file.file_path, folder).is_some();
    if !files.iter().all(is_below) {
        for file in &mut files {
            file.file_path = format!("{folder}/{}", file.file_path);
        }
    }
    files
}

/// The path from a folder on; `None` for what is not in it.
fn below_folder<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    match folder {
        "" => Some(path),
        _ => path.strip_prefix(folder)?.strip_prefix('/'),
    }
}

/// What stands in the folder itself.
fn one_level(files: Vec<WireBlob>, folder: &str) -> Vec<TreeEntry> {
    let mut folders = BTreeSet::new();
    let mut entries = Vec::new();
    for file in files {
        let rest = below_folder(&file.file_path, folder).unwrap_or(&file.file_path);
        match rest.split_once('/') {
            None => entries.push(file.into()),
            Some((name, _)) if folders.insert(name.to_owned()) => {
                let path = file.file_path[..file.file_path.len() - rest.len()].to_owned() + name;
                entries.push(TreeEntry {
                    name: name.to_owned(),
                    path,
                    kind: TreeEntryType::Directory,
                    mode: None,
                    sha: None,
                    size: None,
                });
            }
            Some(_) => {}
        }
    }
    entries
}

fn entry(file: FileInfo) -> TreeEntry {
    let kind = match file.is_folder() {
        Some(true) => TreeEntryType::Directory,
        _ => TreeEntryType::File,
    };
    let path = file.path.trim_end_matches('/');
    TreeEntry {
        name: match file.filename {
            Some(name) if !name.is_empty() => name,
            _ => path.rsplit('/').next().unwrap_or(path).to_owned(),
        },
        path: path.to_owned(),
        kind,
        mode: None,
        sha: None,
        size: None,
    }
}

impl From<WireBlob> for TreeEntry {
    fn from(wire: WireBlob) -> Self {
        let name = wire.file_path.rsplit('/').next().unwrap_or_default();
        Self {
            name: name.to_owned(),
            path: wire.file_path,
            kind: TreeEntryType::File,
            mode: None,
            sha: None,
            size: wire.size,
        }
    }
}
