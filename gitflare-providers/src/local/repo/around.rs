//! What stands around the objects and refs of an open repository: its configuration, work tree and
//! index. Reads plain files alone, and nothing outside of the repository's folder.

use std::{
    fs,
    path::{Path, PathBuf},
};

use gix::{
    ObjectId,
    bstr::{BStr, ByteSlice},
    object::Kind,
};

use super::{BRANCHES, Repo, TAGS};

/// The largest file that is read.
const MAX_PLAIN_FILE: u64 = 1024 * 1024;

impl Repo {
    /// The folder of `HEAD`, `objects` and `refs`.
    pub(in crate::local) fn git_dir(&self) -> &Path {
        self.git.git_dir()
    }

    /// The folder that this repository's files are checked out to: the one around `.git`. `None` for
    /// a bare repository, and for one that names another folder, which may lie anywhere.
    pub(in crate::local) fn work_tree(&self) -> Option<PathBuf> {
        let named = self.git.config_snapshot().string("core.worktree");
        let git_dir = self.git_dir();
        let is_inside = git_dir.file_name().is_some_and(|name| name == ".git");
        (is_inside && named.is_none() && !self.git.is_bare())
            .then(|| git_dir.parent().map(Path::to_path_buf))
            .flatten()
    }

    /// Whether names that differ in case alone mean one file here.
    pub(in crate::local) fn ignores_case(&self) -> bool {
        self.git.config_snapshot().boolean("core.ignoreCase") == Some(true)
    }

    /// `diff.<name>.binary`; `None` when that is unset, `auto`, or neither true nor false.
    pub(in crate::local) fn is_binary_driver(&self, name: &BStr) -> Option<bool> {
        let config = self.git.config_snapshot();
        let told = config.plumbing().boolean_by("diff", Some(name), "binary");
        told.ok().flatten()
    }

    /// The tree that `attr.tree` names by `HEAD`, a ref or an object; `None` when it is unset or
    /// leads to no tree, which Git overlooks as well.
    pub(in crate::local) fn attribute_tree(&self) -> Option<ObjectId> {
        let name = self.git.config_snapshot().string("attr.tree")?;
        let name = name.to_str().ok()?;
        let id = match ObjectId::from_hex(name.as_bytes()) {
            Ok(id) => Some(id),
            Err(_) if name == "HEAD" => self.head().ok()?.id,
            Err(_) => [name, &format!("refs/{name}")]
                .into_iter()
                .map(str::to_owned)
                .chain([format!("{TAGS}{name}"), format!("{BRANCHES}{name}")])
                .filter(|full| full.starts_with("refs/"))
                .find_map(|full| self.find_ref(full.as_bytes()).ok().flatten()),
        }?;
        match self.header(id).ok()?? {
            (Kind::Tree, _) => Some(id),
            _ => {
                let commit = self.commit_behind(id).ok()?;
                Some(self.commit(commit).ok()?.tree)
            }
        }
    }

    /// The object of a path in the index; `None` where there is no index or no such path in it.
    pub(in crate::local) fn indexed(&self, path: &[u8]) -> Option<ObjectId> {
        // The engine opens it: only a file may be there.
        let is_file = fs::symlink_metadata(self.git.index_path()).is_ok_and(|meta| meta.is_file());
        let index = is_file
            .then(|| self.git.try_index().ok().flatten())
            .flatten()?;
        Some(index.entry_by_path(path.as_bstr())?.id)
    }

    /// The content of a small file of this repository's folder or work tree; `None` where none is,
    /// or a link, a pipe or something large.
    pub(in crate::local) fn plain_file(&self, path: &Path) -> Option<Vec<u8>> {
        let meta = fs::symlink_metadata(path).ok()?;
        (meta.is_file() && meta.len() <= MAX_PLAIN_FILE)
            .then(|| fs::read(path).ok())
            .flatten()
    }
}
