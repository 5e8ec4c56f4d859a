//! A tree object as a list of entries, with modes as Git reads them: old repositories hold
//! permissions that no longer exist.

use gitflare_core::{Result, model::TreeEntryType};
use gix::ObjectId;

use super::{errors, repo::Repo};

/// One line of a tree.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) mode: Mode,
    pub(super) name: Vec<u8>,
    pub(super) id: ObjectId,
}

/// A mode in one of the five forms that Git writes today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    File,
    Executable,
    Symlink,
    Directory,
    Submodule,
}

impl Mode {
    const fn canonical(raw: u16) -> Self {
        match raw & 0o170_000 {
            0o100_000 if raw & 0o100 != 0 => Self::Executable,
            0o100_000 => Self::File,
            0o120_000 => Self::Symlink,
            0o040_000 => Self::Directory,
            _ => Self::Submodule,
        }
    }

    pub(super) const fn octal(self) -> &'static str {
        match self {
            Self::File => "100644",
            Self::Executable => "100755",
            Self::Symlink => "120000",
            Self::Directory => "040000",
            Self::Submodule => "160000",
        }
    }

    pub(super) const fn kind(self) -> TreeEntryType {
        match self {
            Self::File | Self::Executable => TreeEntryType::File,
            Self::Symlink => TreeEntryType::Symlink,
            Self::Directory => TreeEntryType::Directory,
            Self::Submodule => TreeEntryType::Submodule,
        }
    }

    pub(super) const fn is_directory(self) -> bool {
        matches!(self, Self::Directory)
    }
}

/// The entries of a tree in their own order.
pub(super) fn read(repo: &Repo, tree: ObjectId) -> Result<Vec<Entry>> {
    let data = repo.tree(tree)?;
    gix::objs::TreeRefIter::from_bytes(&data, repo.hash_kind())
        .map(|entry| {
            let entry = entry.map_err(errors::unreadable)?;
            Ok(Entry {
                mode: Mode::canonical(entry.mode.value()),
                name: entry.filename.to_vec(),
                id: entry.oid.to_owned(),
            })
        })
        .collect()
}

/// About how much memory entries take.
pub(super) fn weight(entries: &[Entry]) -> usize {
    entries
        .iter()
        .map(|entry| size_of::<Entry>() + entry.name.len())
        .sum()
}

/// How much memory the open folders of one walk may take.
pub(super) const MAX_OPEN_WEIGHT: usize = 128 * 1024 * 1024;
