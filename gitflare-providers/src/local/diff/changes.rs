//! Which paths differ between two trees. Renames are a later question.

use gitflare_core::Result;
use gix::ObjectId;

use crate::local::{
    entries::{self, Entry, Mode},
    errors,
    repo::Repo,
};

/// How many changes are kept, and how long their paths may be together; those beyond are only
/// counted.
const MAX_CHANGES: usize = 200_000;
const MAX_PATH_BYTES: usize = 64 * 1024 * 1024;
/// How many folders deep two trees are compared.
const MAX_DEPTH: usize = 512;

/// A path that differs.
#[derive(Clone, Debug)]
pub(super) struct Change {
    /// The path on the newer side, on the older one when removed.
    pub(super) path: Vec<u8>,
    /// The path on the older side, when that is another.
    pub(super) previous_path: Option<Vec<u8>>,
    pub(super) old: Option<Side>,
    pub(super) new: Option<Side>,
}

/// What a path leads to on one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Side {
    pub(super) mode: Mode,
    pub(super) id: ObjectId,
}

impl Change {
    pub(super) const fn is_rewrite(&self) -> bool {
        self.previous_path.is_some()
    }
}

/// The changes in order of their paths, and how many more there are.
pub(super) struct Changes {
    pub(super) list: Vec<Change>,
    pub(super) beyond: u64,
}

pub(super) fn between(repo: &Repo, old: Option<ObjectId>, new: ObjectId) -> Result<Changes> {
    let mut comparison = TreeComparison {
        repo,
        path: Vec::new(),
        depth: 0,
        open_weight: 0,
        path_bytes: 0,
        changes: Changes {
            list: Vec::new(),
            beyond: 0,
        },
    };
    if old != Some(new) {
        comparison.trees(old, Some(new))?;
    }
    Ok(comparison.changes)
}

struct TreeComparison<'a> {
    repo: &'a Repo,
    path: Vec<u8>,
    depth: usize,
    /// What the entries of the folders being compared weigh.
    open_weight: usize,
    /// How long the paths of the changes are together.
    path_bytes: usize,
    changes: Changes,
}

impl TreeComparison<'_> {
    fn trees(&mut self, old: Option<ObjectId>, new: Option<ObjectId>) -> Result<()> {
        let read = |tree: Option<ObjectId>| {
            tree.map_or_else(|| Ok(Vec::new()), |tree| entries::read(self.repo, tree))
        };
        let (old, new) = (read(old)?, read(new)?);
        let weight = entries::weight(&old) + entries::weight(&new);
        self.depth += 1;
        self.open_weight += weight;
        if self.depth > MAX_DEPTH || self.open_weight > entries::MAX_OPEN_WEIGHT {
            return Err(errors::unreadable("trees are nested too deeply"));
        }
        let (mut old, mut new) = (old.iter().peekable(), new.iter().peekable());
        loop {
            self.repo.deadline.check()?;
            let order = match (old.peek(), new.peek()) {
                (Some(a), Some(b)) => order(a, b),
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (None, None) => break,
            };
            // Of equal names both, else the one that comes first alone.
            let a = old.next_if(|_| order.is_le());
            let b = new.next_if(|_| order.is_ge());
            self.entries(a, b)?;
        }
        self.depth -= 1;
        self.open_weight -= weight;
        Ok(())
    }

    fn entries(&mut self, old: Option<&Entry>, new: Option<&Entry>) -> Result<()> {
        let side = |entry: &Entry| Side {
            mode: entry.mode,
            id: entry.id,
        };
        let (a, b) = (old.map(side), new.map(side));
        let Some(entry) = new.or(old).filter(|_| a != b) else {
            return Ok(());
        };
        let len = self.path.len();
        if len > 0 {
            self.path.push(b'/');
        }
        self.path.extend_from_slice(&entry.name);
        if entry.mode.is_directory() {
            self.trees(a.map(|side| side.id), b.map(|side| side.id))?;
        } else if self.changes.list.len() < MAX_CHANGES && self.path_bytes < MAX_PATH_BYTES {
            self.path_bytes += self.path.len();
            self.changes.list.push(Change {
                path: self.path.clone(),
                previous_path: None,
                old: a,
                new: b,
            });
        } else {
            self.changes.beyond += 1;
        }
        self.path.truncate(len);
        Ok(())
    }
}

/// Git's order of tree entries: a folder's name counts as if it ended in a slash, so a folder and
/// a file of one name differ.
fn order(a: &Entry, b: &Entry) -> std::cmp::Ordering {
    gix::objs::tree::name_order(
        &a.name,
        a.mode.is_directory(),
        &b.name,
        b.mode.is_directory(),
    )
}
