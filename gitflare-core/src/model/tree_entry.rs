//! An entry of a file tree.

use serde::{Deserialize, Serialize};

use super::words;
use crate::{
    Result,
    filter::{Filterable, Screen},
};

/// A file, folder, link or submodule in a tree.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct TreeEntry {
    /// The path from the root of the repository.
    pub path: String,
    /// The last part of the path.
    pub name: String,
    /// Kind of the entry.
    #[serde(rename = "type")]
    pub kind: TreeEntryType,
    /// Git's mode as six octal digits.
    pub mode: Option<String>,
    /// The object's name.
    pub sha: Option<String>,
    /// The size in bytes; `None` for folders and submodules.
    pub size: Option<u64>,
}

words! {
    /// Kind of a tree entry.
    TreeEntryType {
        /// A regular file.
        File = "file",
        /// A folder, which has entries of its own.
        Directory = "directory",
        /// A symbolic link.
        Symlink = "symlink",
        /// A commit of another repository.
        Submodule = "submodule",
    }
}

impl Filterable for TreeEntry {
    fn pass(self, screen: &mut Screen<'_>) -> Result<Option<Self>> {
        // A folder is told as one: patterns may name folders alone.
        let folder = (self.kind == TreeEntryType::Directory).then(|| format!("{}/", self.path));
        let paths = std::iter::once(self.path.as_str()).chain(folder.as_deref());
        Ok((!screen.strips(paths)).then_some(self))
    }
}
