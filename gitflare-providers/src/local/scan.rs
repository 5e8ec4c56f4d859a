//! Which folders below a root are repositories, and which of them a name means. Looks at directory
//! entries only: it follows no symbolic link and opens no repository.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use gitflare_core::Result;

use super::{deadline::Deadline, errors};

/// How many folders deep a repository may lie.
const MAX_DEPTH: usize = 4;
/// How many folders one scan looks at; what lies beyond them is missing from it.
const MAX_FOLDERS: usize = 100_000;
const MAX_NAME_LEN: usize = 1024;
/// How many folders that lead elsewhere are named.
const MAX_POINTERS: usize = 1000;

/// A repository as found on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// The path relative to the root, without a final `.git` where that stays unique.
    pub(super) id: String,
    /// Where its `HEAD`, `objects` and `refs` are.
    pub(super) git_dir: PathBuf,
}

/// What lies below a root.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Every repository, by id, bytewise.
    pub(super) found: Vec<Found>,
    /// How many links stand where a folder could be.
    pub(super) links: usize,
    /// Folders whose `.git` is a file or a link: it leads to a repository elsewhere. At most
    /// [`MAX_POINTERS`].
    pub(super) pointers: Vec<PathBuf>,
    /// Whether there are more folders than were looked at.
    pub(super) is_cut: bool,
}

/// Looks at every folder that a repository may lie in.
pub(super) fn below(root: &Path, deadline: Deadline) -> Result<Scan> {
    up_to(MAX_FOLDERS, root, deadline)
}

fn up_to(max_folders: usize, root: &Path, deadline: Deadline) -> Result<Scan> {
    let mut scan = Scan::default();
    if let Some(found) = root_itself(root) {
        scan.found.push(found);
        return Ok(scan);
    }
    let mut folders_left = max_folders;
    let mut pending = vec![(root.to_path_buf(), String::new(), 0)];
    while let Some((folder, prefix, depth)) = pending.pop() {
        deadline.check()?;
        let Folders { mut names, links } = match folders(&folder) {
            Ok(folders) => folders,
            // The root must be there; a folder that closes itself while we look is just gone.
            Err(error) if depth == 0 => return Err(errors::unreadable(error)),
            Err(error) => {
                tracing::debug!(%error, "a folder below the local root cannot be read");
                continue;
            }
        };
        scan.links += links;
        if names.len() > folders_left {
            scan.is_cut = true;
            // The same ones at every look.
            names.sort_unstable();
            names.truncate(folders_left);
        }
        folders_left -= names.len();
        for name in &names {
            let path = folder.join(name);
            match git_dir_of(&path) {
                Some(git_dir) => scan.found.push(Found {
                    id: format!("{prefix}{}", canonical_name(&folder, name)),
                    git_dir,
                }),
                None if is_pointer(&path.join(".git")) => {
                    scan.pointers
                        .extend((scan.pointers.len() < MAX_POINTERS).then_some(path));
                }
                None if depth + 1 < MAX_DEPTH => {
                    pending.push((path, format!("{prefix}{name}/"), depth + 1));
                }
                None => {}
            }
        }
    }
    scan.found.sort_unstable_by(|a, b| a.id.cmp(&b.id));
    Ok(scan)
}

/// The repository of exactly that id, or `None`. A file system that folds case cannot make two names
/// mean one repository. Beside any number of siblings it looks at the named folders alone.
pub(super) fn find(root: &Path, id: &str) -> Result<Option<Found>> {
    if !is_well_formed(id) {
        return Err(errors::malformed_name());
    }
    if id.split('/').count() > MAX_DEPTH {
        return Ok(None);
    }
    if let Some(found) = root_itself(root) {
        return Ok((found.id == id).then_some(found));
    }
    let (groups, name) = id.rsplit_once('/').map_or(("", id), |(a, b)| (a, b));
    if !is_real_folder(root) {
        return Err(errors::unreadable("the root is gone"));
    }
    let mut folder = root.to_path_buf();
    for group in groups.split('/').filter(|group| !group.is_empty()) {
        if !contains_folder(&folder, group)? {
            return Ok(None);
        }
        folder.push(group);
        // What lies inside a repository is its content, not another repository.
        if git_dir_of(&folder).is_some() {
            return Ok(None);
        }
    }
    for candidate in [name.to_owned(), format!("{name}.git")] {
        if canonical_name(&folder, &candidate) == name
            && contains_folder(&folder, &candidate)?
            && let Some(git_dir) = git_dir_of(&folder.join(&candidate))
        {
            let id = id.to_owned();
            return Ok(Some(Found { id, git_dir }));
        }
    }
    Ok(None)
}

/// A root that is a repository is served as the only one, under its own name.
fn root_itself(root: &Path) -> Option<Found> {
    let git_dir = git_dir_of(root)?;
    let name = root.file_name()?.to_str()?;
    let id = name.strip_suffix(".git").unwrap_or(name).to_owned();
    is_well_formed(&id).then_some(Found { id, git_dir })
}

/// The folder's name in an id: without `.git`, unless that is another repository's name.
fn canonical_name<'a>(folder: &Path, name: &'a str) -> &'a str {
    match name.strip_suffix(".git") {
        Some(stem) if is_servable_name(stem) && git_dir_of(&folder.join(stem)).is_none() => stem,
        _ => name,
    }
}

/// Where the repository in this folder keeps its objects; `None` when it holds none. A `.git` that
/// is a file or a link points elsewhere and does not count.
fn git_dir_of(folder: &Path) -> Option<PathBuf> {
    [folder.join(".git"), folder.to_path_buf()]
        .into_iter()
        .find(|dir| {
            is_real_folder(dir)
                && is_real_folder(&dir.join("objects"))
                && is_real_folder(&dir.join("refs"))
                && fs::symlink_metadata(dir.join("HEAD")).is_ok_and(|head| head.is_file())
        })
}

/// Whether `.git` is there and no folder: the file of a linked work tree or a submodule, or a link.
fn is_pointer(dot_git: &Path) -> bool {
    fs::symlink_metadata(dot_git).is_ok_and(|meta| !meta.is_dir())
}

fn is_real_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|meta| meta.is_dir())
}

/// Whether a folder holds a real folder of exactly that name.
fn contains_folder(folder: &Path, name: &str) -> Result<bool> {
    let found = match fs::symlink_metadata(folder.join(name)) {
        Ok(found) if found.is_dir() => found,
        Ok(_) => return Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(errors::unreadable(error)),
    };
    // Where the same folder answers to a name in the other case, or may do so to another form of
    // the same letters, only the listing tells its true name.
    let other_case: String = name.chars().map(flipped).collect();
    let folds = other_case != name
        && fs::symlink_metadata(folder.join(other_case))
            .is_ok_and(|other| (other.dev(), other.ino()) == (found.dev(), found.ino()));
    if !folds && name.is_ascii() {
        return Ok(true);
    }
    match folders(folder) {
        Ok(folders) => Ok(folders.names.iter().any(|other| other == name)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(errors::unreadable(error)),
    }
}

const fn flipped(letter: char) -> char {
    match letter.is_ascii_lowercase() {
        true => letter.to_ascii_uppercase(),
        false => letter.to_ascii_lowercase(),
    }
}

/// The folders in a folder.
struct Folders {
    /// Of the real ones those whose names can be part of an id.
    names: Vec<String>,
    /// How many links there are.
    links: usize,
}

fn folders(folder: &Path) -> io::Result<Folders> {
    let mut names = Vec::new();
    let mut links = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // The type of the entry itself: a link to a folder is not one.
        let kind = entry.file_type()?;
        links += usize::from(kind.is_symlink());
        if !kind.is_dir() {
            continue;
        }
        if let Ok(name) = entry.file_name().into_string()
            && is_servable_name(&name)
        {
            names.push(name);
        }
    }
    Ok(Folders { names, links })
}

/// Whether a text can be the id of a repository at all.
pub(super) fn is_well_formed(id: &str) -> bool {
    id.len() <= MAX_NAME_LEN && id.split('/').all(is_servable_name)
}

fn is_servable_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('.')
        && !name.ends_with(['.', ' '])
        && !name.contains(['/', '\\', ':'])
        && !name.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use std::path::Component;

    use super::*;

    #[test]
    fn beyond_its_bound_a_scan_says_that_it_was_cut() {
        let root = tempfile::tempdir().unwrap();
        for name in ["a", "b", "c"] {
            for part in ["objects", "refs"] {
                fs::create_dir_all(root.path().join(name).join(part)).unwrap();
            }
            fs::write(root.path().join(name).join("HEAD"), "ref: refs/heads/main").unwrap();
        }
        let ids = |max_folders| {
            let deadline =
                Deadline::at(std::time::Instant::now() + std::time::Duration::from_secs(60));
            let scan = up_to(max_folders, root.path(), deadline).unwrap();
            let ids: Vec<_> = scan.found.into_iter().map(|found| found.id).collect();
            (ids.concat(), scan.is_cut)
        };
        assert_eq!(ids(3), ("abc".to_owned(), false));
        assert_eq!(ids(2), ("ab".to_owned(), true));
        assert_eq!(ids(0), (String::new(), true));
    }

    #[test]
    fn a_well_formed_id_stays_below_the_root_whatever_it_is_made_of() {
        // sec: SR-7
        const PARTS: [&str; 16] = [
            "a", "B", "é", ".", "..", "/", "//", "\\", "\0", " ", ":", "~", "%2e", ".git", "\n",
            "-",
        ];
        let rounds = match std::env::var_os("CI_DRILLS") {
            Some(_) => 100_000,
            None => 10_000,
        };
        let root = Path::new("/root/of/all");
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let mut accepted = 0;
        for _ in 0..rounds {
            let mut id = String::new();
            for _ in 0..=state % 7 {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                id.push_str(PARTS[(state >> 20) as usize % PARTS.len()]);
            }
            if !is_well_formed(&id) {
                continue;
            }
            accepted += 1;
            let path = root.join(&id);
            let below = path.strip_prefix(root).unwrap();
            assert!(
                below
                    .components()
                    .all(|c| matches!(c, Component::Normal(_))),
                "{id:?}"
            );
            assert_eq!(below.components().count(), id.split('/').count(), "{id:?}");
        }
        assert!(accepted > rounds / 100, "{accepted}");
    }
}
