//! Opens repositories that may be hostile: nothing outside the root is read, no configuration but
//! the repository's own is, and nothing is ever run. What looks wrong is treated as absent.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use gitflare_core::{Error, Result};

use super::{
    deadline::Deadline,
    errors,
    recent::{Recent, Weight},
    repo::Repo,
    scan::{self, Found},
};

/// The folders that are served, and the repositories opened last.
#[derive(Debug)]
pub(super) struct Roots {
    paths: Vec<PathBuf>,
    opened: Recent<PathBuf, Arc<Opened>>,
}

/// An open repository, and what its folder looked like when it was checked.
pub(super) struct Opened {
    git: gix::ThreadSafeRepository,
    print: Fingerprint,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened").finish_non_exhaustive()
    }
}

impl Weight for Arc<Opened> {
    fn weight(&self) -> usize {
        1
    }
}

impl Roots {
    /// Resolves the folders, once.
    pub(super) fn new(roots: &[PathBuf]) -> io::Result<Self> {
        let mut paths = Vec::with_capacity(roots.len());
        for root in roots {
            let path = fs::canonicalize(root)
                .map_err(|error| io::Error::new(error.kind(), describe(root, &error)))?;
            if !path.is_dir() {
                return Err(io::Error::new(
                    io::ErrorKind::NotADirectory,
                    describe(root, &"not a folder"),
                ));
            }
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
        Ok(Self {
            paths,
            opened: Recent::new(64, 64),
        })
    }

    /// Every repository, by id, bytewise. An id that two roots have means the first root's.
    pub(super) fn repositories(&self, deadline: Deadline) -> Result<Vec<Found>> {
        let mut all = Vec::new();
        for root in &self.paths {
            all.extend(scan::repositories(root, deadline)?);
        }
        if self.paths.len() > 1 {
            // Stable, so of two equal ids the first root's stays in front.
            all.sort_by(|a, b| a.id.cmp(&b.id));
            all.dedup_by(|later, earlier| later.id == earlier.id);
        }
        Ok(all)
    }

    /// The repository of that id without opening it; `REPOSITORY_NOT_FOUND` when there is none.
    pub(super) fn find(&self, id: &str) -> Result<Found> {
        for root in &self.paths {
            if let Some(found) = scan::find(root, id)? {
                return Ok(found);
            }
        }
        Err(errors::no_repository())
    }

    /// Opens the repository of that id.
    pub(super) fn open(&self, id: &str, deadline: Deadline) -> Result<Repo> {
        let found = self.find(id)?;
        let print = Fingerprint::of(&found.git_dir)?;
        if let Some(opened) = self.opened.find(&found.git_dir)
            && opened.print == print
        {
            return Ok(Repo::new(opened.git.to_thread_local(), print.id, deadline));
        }
        check_layout(&found)?;
        let git = open_isolated(&found.git_dir)?;
        let opened = Arc::new(Opened { git, print });
        let repo = Repo::new(opened.git.to_thread_local(), opened.print.id, deadline);
        self.opened.insert(found.git_dir, opened);
        Ok(repo)
    }
}

fn describe(root: &Path, error: &dyn std::fmt::Display) -> String {
    format!("local root {}: {error}", root.display())
}

fn open_isolated(git_dir: &Path) -> Result<gix::ThreadSafeRepository> {
    let git = gix::open::Options::isolated()
        .with(gix::sec::Trust::Reduced)
        .open_path_as_is(true)
        // A replacement would silently swap one commit for another.
        .config_overrides(["core.useReplaceRefs=false"])
        .open(git_dir)
        .map_err(errors::unreadable)?;
    let repo = git.to_thread_local();
    if repo.common_dir() != git_dir || git.objects_dir() != git_dir.join("objects") {
        tracing::warn!(path = %git_dir.display(), "the repository points outside its folder");
        return Err(errors::no_repository());
    }
    Ok(git)
}

/// Refuses, as if it were absent, a repository that borrows from elsewhere or holds anything but
/// files and folders where Git would read (a link leads out, a pipe never ends).
pub(super) fn check_layout(found: &Found) -> Result<()> {
    let refuse = |what: &str| {
        tracing::warn!(path = %found.git_dir.display(), what, "a local repository is not served");
        Err(errors::no_repository())
    };
    let dir = &found.git_dir;
    for pointer in ["commondir", "gitdir", "objects/info/alternates"] {
        if fs::symlink_metadata(dir.join(pointer)).is_ok() {
            return refuse(pointer);
        }
    }
    for file in [
        "HEAD",
        "config",
        "config.worktree",
        "packed-refs",
        "shallow",
    ] {
        if fs::symlink_metadata(dir.join(file)).is_ok_and(|meta| !meta.is_file()) {
            return refuse(file);
        }
    }
    for folder in ["objects", "refs"] {
        if !is_plain(&dir.join(folder)).map_err(unreadable_folder)? {
            return refuse(folder);
        }
    }
    Ok(())
}

fn is_plain(folder: &Path) -> io::Result<bool> {
    if !fs::symlink_metadata(folder)?.is_dir() {
        return Ok(false);
    }
    let mut pending = vec![folder.to_path_buf()];
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            match entry.file_type()? {
                kind if kind.is_dir() => pending.push(entry.path()),
                kind if kind.is_file() => {}
                _ => return Ok(false),
            }
        }
    }
    Ok(true)
}

fn unreadable_folder(error: io::Error) -> Error {
    errors::unreadable(error)
}

/// Which folder a path leads to, whatever happens to the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FolderId {
    device: u64,
    inode: u64,
}

/// What tells an unchanged repository folder from a replaced or rearranged one.
#[derive(Debug, PartialEq, Eq)]
struct Fingerprint {
    id: FolderId,
    changed: Vec<Option<SystemTime>>,
}

impl Fingerprint {
    /// The places whose change can add a link, a borrowed store or another configuration.
    const WATCHED: [&'static str; 9] = [
        "",
        "config",
        "shallow",
        "objects",
        "objects/info",
        "objects/pack",
        "refs",
        "refs/heads",
        "refs/tags",
    ];

    fn of(git_dir: &Path) -> Result<Self> {
        let meta = fs::symlink_metadata(git_dir).map_err(errors::unreadable)?;
        let changed = Self::WATCHED
            .iter()
            .map(|part| {
                fs::symlink_metadata(git_dir.join(part))
                    .ok()?
                    .modified()
                    .ok()
            })
            .collect();
        Ok(Self {
            id: FolderId::of(&meta),
            changed,
        })
    }
}

impl FolderId {
    #[cfg(unix)]
    fn of(meta: &fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self {
            device: meta.dev(),
            inode: meta.ino(),
        }
    }

    #[cfg(not(unix))]
    fn of(meta: &fs::Metadata) -> Self {
        let created = meta
            .created()
            .ok()
            .and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
        Self {
            device: 0,
            inode: created.map_or(0, |age| u64::try_from(age.as_nanos()).unwrap_or(u64::MAX)),
        }
    }
}
