//! Git objects that the provider `local` does not hand out: ids of trees, and contents of files by
//! path or id.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use gitflare_core::{Error, Result};
use gix::{ObjectId, Repository, ThreadSafeRepository, object::Kind};

/// An object of a repository.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) id: String,
    /// Six octal digits.
    pub(crate) mode: String,
    /// Empty for folders and submodules.
    pub(crate) data: Vec<u8>,
    pub(crate) is_tree: bool,
}

/// The repositories of some folders, opened once.
#[derive(Debug)]
pub(crate) struct Objects {
    roots: Vec<PathBuf>,
    open: Mutex<HashMap<String, ThreadSafeRepository>>,
}

impl Objects {
    pub(crate) fn new(roots: Vec<PathBuf>) -> Self {
        Self {
            roots,
            open: Mutex::default(),
        }
    }

    /// What is at a path of a commit, the root folder when `None`; `None` when nothing is.
    pub(crate) fn at(&self, repo: &str, sha: &str, path: Option<&str>) -> Result<Option<Object>> {
        let repo = self.open(repo)?;
        let commit = repo.find_commit(id(sha)?).map_err(broken)?;
        let tree = commit.tree().map_err(broken)?;
        let Some(path) = path else {
            return Ok(Some(Object {
                id: tree.id.to_string(),
                mode: "040000".to_owned(),
                data: Vec::new(),
                is_tree: true,
            }));
        };
        let Some(entry) = tree.lookup_entry_by_path(path).map_err(broken)? else {
            return Ok(None);
        };
        let data = if entry.mode().is_blob_or_symlink() {
            entry.object().map_err(broken)?.data.clone()
        } else {
            Vec::new()
        };
        Ok(Some(Object {
            id: entry.object_id().to_string(),
            mode: format!("{:06o}", entry.mode().value()),
            data,
            is_tree: entry.mode().is_tree(),
        }))
    }

    /// The content of a file by its id; `None` when no file has it.
    pub(crate) fn blob(&self, repo: &str, sha: &str) -> Result<Option<Vec<u8>>> {
        let repo = self.open(repo)?;
        let Ok(id) = id(sha) else { return Ok(None) };
        let found = repo.try_find_object(id).map_err(broken)?;
        let blob = found.filter(|object| object.kind == Kind::Blob);
        Ok(blob.map(|object| object.data.clone()))
    }

    fn open(&self, repo: &str) -> Result<Repository> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = open.get(repo) {
            return Ok(known.to_thread_local());
        }
        let places = self.roots.iter().flat_map(|root| {
            let below = [root.join(repo), root.join(format!("{repo}.git"))];
            let is_root = root.file_stem().is_some_and(|stem| stem == repo);
            below.into_iter().chain(is_root.then(|| root.clone()))
        });
        let options = gix::open::Options::isolated();
        let found = places
            .into_iter()
            .find_map(|place| options.clone().open(place).ok())
            .ok_or_else(|| Error::internal(format!("{repo} cannot be opened")))?;
        let local = found.to_thread_local();
        open.insert(repo.to_owned(), found);
        Ok(local)
    }
}

fn id(sha: &str) -> Result<ObjectId> {
    ObjectId::from_hex(sha.as_bytes()).map_err(broken)
}

fn broken(error: impl std::fmt::Display) -> Error {
    Error::internal(error.to_string())
}
