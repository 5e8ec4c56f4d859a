//! Which files count as binary by their attributes (`binary`, `-diff`, `diff`, `diff=driver`), read
//! where Git reads them for a diff: `info/attributes`, the tree that `attr.tree` names, else the
//! work tree and, where a file is absent there, its index. A bare repository without `attr.tree`
//! therefore has those of `info/attributes` alone. Source:
//! <https://git-scm.com/docs/gitattributes>.
//!
//! No external driver runs, and `core.attributesFile` is not read: it leads out of the repository.

use std::path::{Path, PathBuf};

use gitflare_core::Result;
use gix::{
    ObjectId,
    attrs::{
        Search, StateRef,
        search::{MetadataCollection, Outcome},
    },
    bstr::{BStr, ByteSlice},
    glob::pattern::Case,
};

use super::changes::Side;
use crate::local::{
    entries::{self, Mode},
    repo::{Blob, Repo},
};

const FILE: &str = ".gitattributes";
const MACROS: &[u8] = b"[attr]binary -diff -merge -text\n";

/// How a file's content is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    Text,
    Binary,
    /// As its bytes look.
    Sniffed,
}

/// The attributes of one repository. Paths are asked for in any order; neighbours cost least.
pub(super) struct Attributes<'a> {
    repo: &'a Repo,
    source: Source,
    case: Case,
    names: MetadataCollection,
    found: Outcome,
    /// `info/attributes`, which goes before all else; `None` where there is none.
    info: Option<Search>,
    /// The built-in macros, and the list of each open folder that has one.
    files: Search,
    /// From the root to the folder of the path that was asked for last.
    open: Vec<Folder>,
}

/// Where the files of attributes lie.
enum Source {
    Nowhere,
    Tree(ObjectId),
    WorkTree(PathBuf),
}

struct Folder {
    /// Relative to the root, with a final slash; empty for the root itself.
    path: Vec<u8>,
    /// Its tree, where the source is one that has this folder.
    tree: Option<ObjectId>,
    has_list: bool,
}

impl<'a> Attributes<'a> {
    pub(super) fn of(repo: &'a Repo) -> Self {
        let source = match (repo.attribute_tree(), repo.work_tree()) {
            (Some(tree), _) => Source::Tree(tree),
            (None, Some(folder)) => Source::WorkTree(folder),
            (None, None) => Source::Nowhere,
        };
        let mut attributes = Self {
            repo,
            source,
            case: match repo.ignores_case() {
                true => Case::Fold,
                false => Case::Sensitive,
            },
            names: MetadataCollection::default(),
            found: Outcome::default(),
            info: None,
            files: Search::default(),
            open: Vec::new(),
        };
        attributes.add(MACROS, "[built in]", b"", true);
        if let Some(bytes) = repo.plain_file(&repo.git_dir().join("info/attributes")) {
            let mut info = Search::default();
            let told = info.add_patterns_buffer(
                &bytes,
                "info/attributes".into(),
                None,
                &mut attributes.names,
                true,
            );
            attributes.info = told.is_ok().then_some(info);
        }
        attributes.select();
        attributes
    }

    /// How the content of that side of a path is taken. Attributes are those of files: a link or a
    /// submodule has none.
    pub(super) fn taken(&mut self, path: &[u8], side: Option<Side>) -> Result<Taken> {
        let is_file = side.is_some_and(|side| matches!(side.mode, Mode::File | Mode::Executable));
        if !is_file || (self.info.is_none() && matches!(self.source, Source::Nowhere)) {
            return Ok(Taken::Sniffed);
        }
        self.enter(path)?;
        self.found.reset();
        let path = path.as_bstr();
        if let Some(info) = &self.info {
            info.pattern_matching_relative_path(path, self.case, Some(false), &mut self.found);
        }
        if !self.found.is_done() {
            let found = &mut self.found;
            self.files
                .pattern_matching_relative_path(path, self.case, Some(false), found);
        }
        let told = self.found.iter_selected().next();
        Ok(match told.map(|told| told.assignment.state) {
            Some(StateRef::Set) => Taken::Text,
            Some(StateRef::Unset) => Taken::Binary,
            Some(StateRef::Value(driver)) => self.driver(driver.as_bstr()),
            Some(StateRef::Unspecified) | None => Taken::Sniffed,
        })
    }

    /// What the configuration says of a driver's files; nothing is run.
    fn driver(&self, name: &BStr) -> Taken {
        match self.repo.is_binary_driver(name) {
            Some(true) => Taken::Binary,
            Some(false) => Taken::Text,
            None => Taken::Sniffed,
        }
    }

    /// Opens the folders that lead to a path, and closes those that do not.
    fn enter(&mut self, path: &[u8]) -> Result<()> {
        if matches!(self.source, Source::Nowhere) {
            return Ok(());
        }
        while self
            .open
            .last()
            .is_some_and(|folder| !path.starts_with(&folder.path))
        {
            if self.open.pop().is_some_and(|folder| folder.has_list) {
                self.files.pop_pattern_list();
            }
        }
        if self.open.is_empty() {
            self.open_folder(Vec::new())?;
        }
        let from = self.open.last().map_or(0, |folder| folder.path.len());
        let ends = path.iter().enumerate().skip(from);
        let ends = ends.filter(|(_, byte)| **byte == b'/');
        for end in ends.map(|(at, _)| at + 1).collect::<Vec<_>>() {
            self.open_folder(path[..end].to_vec())?;
        }
        Ok(())
    }

    fn open_folder(&mut self, path: Vec<u8>) -> Result<()> {
        self.repo.deadline.check()?;
        let tree = self.tree_of(&path)?;
        let bytes = match &self.source {
            Source::Nowhere => None,
            Source::Tree(_) => self.blob_of(tree)?,
            Source::WorkTree(root) => match checked_out(self.repo, root, &path) {
                Some(bytes) => Some(bytes),
                None => self.indexed(&path)?,
            },
        };
        let mut has_list = false;
        if let Some(bytes) = bytes {
            has_list = self.add(&bytes, FILE, &path, path.is_empty());
            self.select();
        }
        self.open.push(Folder {
            path,
            tree,
            has_list,
        });
        Ok(())
    }

    /// Adds a list, and says whether it could be: macros count at the root alone.
    fn add(&mut self, bytes: &[u8], name: &str, folder: &[u8], macros: bool) -> bool {
        let Ok(folder) = folder.to_path() else {
            return false;
        };
        let (source, root) = (folder.join(name), Some(Path::new("")));
        self.files
            .add_patterns_buffer(bytes, source, root, &mut self.names, macros)
            .is_ok()
    }

    /// Has to follow every list that was added.
    fn select(&mut self) {
        // Names get their places as lists come in: only a new outcome knows all of them.
        self.found = Outcome::default();
        self.found.initialize_with_selection(&self.names, ["diff"]);
    }

    /// The tree of a folder whose parent is open.
    fn tree_of(&self, path: &[u8]) -> Result<Option<ObjectId>> {
        let Source::Tree(root) = self.source else {
            return Ok(None);
        };
        let Some(parent) = self.open.last() else {
            return Ok(Some(root));
        };
        let name = &path[parent.path.len()..path.len() - 1];
        self.entry(parent.tree, name, Mode::is_directory)
    }

    fn blob_of(&self, tree: Option<ObjectId>) -> Result<Option<Vec<u8>>> {
        let is_file = |mode: Mode| matches!(mode, Mode::File | Mode::Executable);
        let blob = self.entry(tree, FILE.as_bytes(), is_file)?;
        self.content(blob)
    }

    fn indexed(&self, folder: &[u8]) -> Result<Option<Vec<u8>>> {
        self.content(self.repo.indexed(&[folder, FILE.as_bytes()].concat()))
    }

    fn content(&self, blob: Option<ObjectId>) -> Result<Option<Vec<u8>>> {
        Ok(match blob.map(|blob| self.repo.blob(blob)).transpose()? {
            Some(Blob::Data(bytes)) => Some(bytes),
            Some(Blob::Unavailable) | None => None,
        })
    }

    fn entry(
        &self,
        tree: Option<ObjectId>,
        name: &[u8],
        is_meant: impl Fn(Mode) -> bool,
    ) -> Result<Option<ObjectId>> {
        let Some(tree) = tree else {
            return Ok(None);
        };
        let entries = entries::read(self.repo, tree)?;
        let found = entries.iter().find(|entry| entry.name == name);
        Ok(found
            .filter(|entry| is_meant(entry.mode))
            .map(|entry| entry.id))
    }
}

/// The file of attributes as it lies in a work tree. A folder on the way that is a link is not
/// entered.
fn checked_out(repo: &Repo, root: &Path, folder: &[u8]) -> Option<Vec<u8>> {
    let mut at = root.to_path_buf();
    for part in folder.split(|byte| *byte == b'/') {
        if part.is_empty() {
            continue;
        }
        // A tree can hold any name; only a plain one is a step down.
        if part == b"." || part == b".." {
            return None;
        }
        at.push(part.to_path().ok()?);
        if !std::fs::symlink_metadata(&at).is_ok_and(|meta| meta.is_dir()) {
            return None;
        }
    }
    repo.plain_file(&at.join(FILE))
}
