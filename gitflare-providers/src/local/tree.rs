//! The file tree of a commit, depth first in Git's own order. A position pins the commit and says
//! which entry of which folder comes next, so every page costs the same however deep it lies.

use gitflare_core::{
    Error, Page, PageRequest, Position, Result, model::TreeEntry, provider::TreeQuery,
};
use gix::ObjectId;

use super::{
    entries::{self, Entry},
    errors,
    objects::lossy,
    repo::Repo,
};

/// How many folders deep a listing goes; deeper ones are listed by their path.
const MAX_DEPTH: usize = 128;

pub(super) fn list(repo: &Repo, query: &TreeQuery, page: &PageRequest) -> Result<Page<TreeEntry>> {
    let (commit, indices) = match &page.position {
        Some(position) => read_position(repo, position)?,
        None => match (repo.resolve(&query.at)?, &query.path) {
            (Some(commit), _) => (commit, vec![0]),
            (None, None) => return Ok(Page::last(Vec::new())),
            (None, Some(_)) => return Err(no_such_path()),
        },
    };
    let root = repo.commit(commit)?.tree;
    let (tree, prefix) = match &query.path {
        None => (root, Vec::new()),
        Some(path) => match find(repo, root, path.as_str())? {
            entry if entry.mode.is_directory() => (entry.id, path.as_str().as_bytes().to_vec()),
            entry => {
                let path = path.as_str().as_bytes();
                return Ok(Page::last(vec![describe(repo, path, &entry)?]));
            }
        },
    };
    let mut walk = Walk::resume(repo, tree, prefix, &indices)?;
    let mut items = Vec::with_capacity(page.limit.get());
    while items.len() < page.limit.get() {
        repo.deadline.check()?;
        let Some((path, entry)) = walk.next(query.recursive)? else {
            return Ok(Page::last(items));
        };
        items.push(describe(repo, &path, &entry)?);
    }
    let next = walk.has_more().then(|| walk.position(commit));
    Ok(Page::new(items, next))
}

/// The entry at a path.
pub(super) fn find(repo: &Repo, root: ObjectId, path: &str) -> Result<Entry> {
    let mut tree = root;
    let mut components = path.split('/').peekable();
    while let Some(component) = components.next() {
        let entry = entries::read(repo, tree)?
            .into_iter()
            .find(|entry| entry.name == component.as_bytes())
            .ok_or_else(no_such_path)?;
        if components.peek().is_none() {
            return Ok(entry);
        }
        if !entry.mode.is_directory() {
            break;
        }
        tree = entry.id;
    }
    Err(no_such_path())
}

pub(super) fn no_such_path() -> Error {
    errors::no_resource("There is no such path in that commit.")
}

fn describe(repo: &Repo, path: &[u8], entry: &Entry) -> Result<TreeEntry> {
    use entries::Mode;
    let size = match entry.mode {
        Mode::File | Mode::Executable | Mode::Symlink => repo.header(entry.id)?,
        Mode::Directory | Mode::Submodule => None,
    };
    Ok(TreeEntry {
        path: lossy(path),
        name: lossy(&entry.name),
        kind: entry.mode.kind(),
        mode: Some(entry.mode.octal().to_owned()),
        sha: Some(entry.id.to_string()),
        size: size.map(|(_, size)| size),
    })
}

/// A depth-first walk that can start at any entry.
struct Walk<'a> {
    repo: &'a Repo,
    /// The folders that are open, outermost first.
    levels: Vec<Level>,
    /// What the entries of the open folders weigh.
    weight: usize,
}

struct Level {
    path: Vec<u8>,
    entries: Vec<Entry>,
    /// The entry that comes next, or, below the innermost level, the one that was entered.
    index: usize,
}

impl Level {
    fn path_of(&self, entry: &Entry) -> Vec<u8> {
        let mut path = self.path.clone();
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(&entry.name);
        path
    }
}

impl<'a> Walk<'a> {
    fn resume(repo: &'a Repo, tree: ObjectId, prefix: Vec<u8>, indices: &[usize]) -> Result<Self> {
        let mut walk = Self {
            repo,
            levels: Vec::new(),
            weight: 0,
        };
        let (mut tree, mut path) = (tree, prefix);
        for (depth, &index) in indices.iter().enumerate() {
            walk.enter(tree, path, index)?;
            if depth + 1 == indices.len() {
                break;
            }
            let level = &walk.levels[depth];
            let entered = level.entries.get(index).filter(|e| e.mode.is_directory());
            let entry = entered.ok_or_else(|| Error::invalid_cursor("not a folder"))?;
            (tree, path) = (entry.id, level.path_of(entry));
        }
        Ok(walk)
    }

    fn enter(&mut self, tree: ObjectId, path: Vec<u8>, index: usize) -> Result<()> {
        if self.levels.len() == MAX_DEPTH {
            return Err(Error::invalid_request(format!(
                "The tree is nested more than {MAX_DEPTH} folders deep here; name a folder in `path`."
            )));
        }
        let entries = entries::read(self.repo, tree)?;
        self.weight += entries::weight(&entries);
        if self.weight > entries::MAX_OPEN_WEIGHT {
            return Err(errors::unreadable("the folders of a tree are too large"));
        }
        self.levels.push(Level {
            path,
            entries,
            index,
        });
        Ok(())
    }

    fn next(&mut self, recursive: bool) -> Result<Option<(Vec<u8>, Entry)>> {
        if !self.has_more() {
            return Ok(None);
        }
        let Some(level) = self.levels.last_mut() else {
            return Ok(None);
        };
        let entry = level.entries[level.index].clone();
        let path = level.path_of(&entry);
        if recursive && entry.mode.is_directory() {
            self.enter(entry.id, path.clone(), 0)?;
        } else {
            level.index += 1;
        }
        Ok(Some((path, entry)))
    }

    /// Leaves the folders that are done; afterwards the innermost level has an entry to give.
    fn has_more(&mut self) -> bool {
        while let Some(level) = self.levels.last() {
            if level.index < level.entries.len() {
                return true;
            }
            self.weight -= entries::weight(&level.entries);
            self.levels.pop();
            if let Some(outer) = self.levels.last_mut() {
                outer.index += 1;
            }
        }
        false
    }

    fn position(&self, commit: ObjectId) -> Position {
        let pinned = Position::new().object(commit.as_slice());
        self.levels.iter().fold(pinned, |position, level| {
            position.number(level.index as u64)
        })
    }
}

fn read_position(repo: &Repo, position: &Position) -> Result<(ObjectId, Vec<usize>)> {
    let mut fields = position.fields();
    let commit = fields.object()?;
    let mut indices = Vec::new();
    while !fields.is_empty() {
        let index = usize::try_from(fields.number()?);
        indices.push(index.map_err(|_| Error::invalid_cursor("index out of range"))?);
    }
    if indices.is_empty() {
        return Err(Error::invalid_cursor("no index"));
    }
    Ok((repo.pinned(commit)?, indices))
}
