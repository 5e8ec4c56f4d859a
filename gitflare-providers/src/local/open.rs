//! Opens repositories that may be hostile: nothing outside the root is read, no configuration but
//! the repository's own is, and nothing is ever run. What looks wrong is treated as absent.

use std::{
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use gitflare_core::{Error, Result};

use super::{
    alternates,
    deadline::Deadline,
    errors,
    folder::Fingerprint,
    plain::is_plain,
    recent::{Recent, Weight},
    repo::Repo,
    scan::{self, Found, Scan},
    survey::Survey,
};

/// How long a checked folder is believed where a change leaves no trace in what is watched.
const CHECK_HOLDS: Duration = Duration::from_secs(30);
/// How long the pages of a list go on in one scan.
const LISTING_HOLDS: Duration = Duration::from_secs(30);
/// How many refused folders are remembered, so that each is logged once.
const MAX_REFUSED: usize = 1000;

/// The folders that are served, and the repositories opened last.
#[derive(Debug)]
pub(super) struct Roots {
    paths: Vec<PathBuf>,
    /// What the last scan has seen, and when.
    listing: Mutex<Option<(Instant, Arc<Scan>)>>,
    opened: Recent<PathBuf, Arc<Opened>>,
    refused: Mutex<HashSet<PathBuf>>,
}

/// An open repository, and what its folder looked like when it was checked.
pub(super) struct Opened {
    git: gix::ThreadSafeRepository,
    print: Fingerprint,
    checked: Instant,
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
            listing: Mutex::default(),
            opened: Recent::new(64, 64),
            refused: Mutex::default(),
        })
    }

    /// Every repository, by id, bytewise, and whether some are missing. A first page sees what is there now; the pages behind it
    /// go on in what it saw, for as long as that is young.
    pub(super) fn repositories(
        &self,
        is_first_page: bool,
        deadline: Deadline,
    ) -> Result<Arc<Scan>> {
        if !is_first_page {
            let listing = self.listing.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((at, scan)) = &*listing
                && at.elapsed() < LISTING_HOLDS
            {
                return Ok(Arc::clone(scan));
            }
        }
        let scan = Arc::new(self.scan(deadline)?);
        let kept = (Instant::now(), Arc::clone(&scan));
        *self.listing.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
        Ok(scan)
    }

    /// An id that two roots have means the first root's.
    fn scan(&self, deadline: Deadline) -> Result<Scan> {
        let mut all = Scan::default();
        for root in &self.paths {
            let below = scan::below(root, deadline)?;
            all.found.extend(below.found);
            all.links += below.links;
            all.is_cut |= below.is_cut;
            all.pointers.extend(below.pointers);
        }
        if self.paths.len() > 1 {
            // Stable, so of two equal ids the first root's stays in front.
            all.found.sort_by(|a, b| a.id.cmp(&b.id));
            all.found.dedup_by(|later, earlier| later.id == earlier.id);
        }
        Ok(all)
    }

    /// What is served and what is not, and why, for whoever runs this.
    pub(super) fn survey(&self, deadline: Deadline) -> Result<Survey> {
        let scan = self.scan(deadline)?;
        let mut survey = Survey {
            links: scan.links,
            is_cut: scan.is_cut,
            ..Survey::default()
        };
        for path in scan.pointers {
            survey.refuse(
                path,
                "its `.git` leads to a repository elsewhere".to_owned(),
            );
        }
        for found in scan.found {
            deadline.check()?;
            match self.flaw(&found) {
                Ok(None) => survey.served += 1,
                Ok(Some(Flaw::Reftable)) => {
                    survey.refuse(found.git_dir, errors::reftable().message().to_owned());
                }
                Ok(Some(Flaw::LeadsOut(reason))) => survey.refuse(found.git_dir, reason.to_owned()),
                // Whoever reads it is told to try again, as it may be for a moment only.
                Err(error) => {
                    let detail = error.detail().unwrap_or_default();
                    survey.refuse(found.git_dir, format!("it cannot be read: {detail}"));
                }
            }
        }
        Ok(survey)
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
        if let Some(opened) = self.recall(&found, &print) {
            return Ok(Repo::new(opened.git.to_thread_local(), print.id, deadline));
        }
        self.check_layout(&found)?;
        let git = self.open_isolated(&found)?;
        let repo = Repo::new(git.to_thread_local(), print.id, deadline);
        let checked = Instant::now();
        let opened = Opened {
            git,
            print,
            checked,
        };
        self.opened.insert(found.git_dir, Arc::new(opened));
        Ok(repo)
    }

    /// Whether the repository may be served: `REPOSITORY_NOT_FOUND` when it is refused.
    pub(super) fn check(&self, found: &Found) -> Result<()> {
        match self.recall(found, &Fingerprint::of(&found.git_dir)?) {
            Some(_) => Ok(()),
            None => self.check_layout(found),
        }
    }

    /// The open repository, as long as nothing says that its folder is another one by now.
    fn recall(&self, found: &Found, print: &Fingerprint) -> Option<Arc<Opened>> {
        let opened = self.opened.find(&found.git_dir)?;
        let holds = opened.print == *print && opened.checked.elapsed() < CHECK_HOLDS;
        holds.then_some(opened)
    }

    fn open_isolated(&self, found: &Found) -> Result<gix::ThreadSafeRepository> {
        let git = gix::open::Options::isolated()
            .with(gix::sec::Trust::Reduced)
            .open_path_as_is(true)
            // A replacement would silently swap one commit for another.
            .config_overrides(["core.useReplaceRefs=false"])
            .open(&found.git_dir)
            .map_err(errors::unreadable)?;
        if git.to_thread_local().common_dir() != found.git_dir {
            return Err(self.refuse(found, "it is a work tree of a repository elsewhere"));
        }
        if git.objects_dir() != found.git_dir.join("objects") {
            return Err(self.refuse(found, "its objects lie elsewhere"));
        }
        Ok(git)
    }

    /// Refuses, as if it were absent, a repository that leads out of the roots.
    fn check_layout(&self, found: &Found) -> Result<()> {
        match self.flaw(found)? {
            None => Ok(()),
            Some(Flaw::Reftable) => Err(errors::reftable()),
            Some(Flaw::LeadsOut(reason)) => Err(self.refuse(found, reason)),
        }
    }

    /// Why a repository is not served: it borrows from outside the roots, or holds anything but
    /// files and folders where Git would read (a link leads out, a pipe never ends).
    fn flaw(&self, found: &Found) -> Result<Option<Flaw>> {
        let at = |part: &str| found.git_dir.join(part);
        // <https://git-scm.com/docs/reftable>
        if fs::symlink_metadata(at("reftable")).is_ok() {
            return Ok(Some(Flaw::Reftable));
        }
        for pointer in ["commondir", "gitdir"] {
            if fs::symlink_metadata(at(pointer)).is_ok() {
                return Ok(Some(Flaw::LeadsOut(
                    "it is a work tree of a repository elsewhere",
                )));
            }
        }
        const FILES: [&str; 5] = [
            "HEAD",
            "config",
            "config.worktree",
            "packed-refs",
            "shallow",
        ];
        let is_other =
            |file: &&str| fs::symlink_metadata(at(file)).is_ok_and(|meta| !meta.is_file());
        if FILES.iter().any(is_other) {
            return Ok(Some(Flaw::LeadsOut(
                "one of its files is a link or no file",
            )));
        }
        for folder in ["objects", "refs"] {
            if !is_plain(&at(folder)).map_err(errors::unreadable)? {
                return Ok(Some(Flaw::LeadsOut(
                    "there are links among its objects or refs",
                )));
            }
        }
        let borrowed = alternates::outside(&at("objects"), &self.paths);
        Ok(borrowed.map_err(errors::unreadable)?.map(Flaw::LeadsOut))
    }

    fn refuse(&self, found: &Found, reason: &str) -> Error {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if refused.len() < MAX_REFUSED && refused.insert(found.git_dir.clone()) {
            let path = found.git_dir.display();
            tracing::warn!(%path, reason, "a local repository is not served");
        }
        errors::no_repository()
    }
}

/// Why a repository is not served.
enum Flaw {
    Reftable,
    /// Git would read outside the roots, or what never ends.
    LeadsOut(&'static str),
}

fn describe(root: &Path, error: &dyn std::fmt::Display) -> String {
    format!("local root {}: {error}", root.display())
}
