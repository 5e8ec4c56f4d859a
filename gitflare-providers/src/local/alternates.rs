//! Where a repository borrows objects from: the folders that `objects/info/alternates` names, and
//! those that they name in turn. Looks at them level by level, so that nothing outside the roots is
//! read before it is refused. Source: <https://git-scm.com/docs/gitrepository-layout>.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::plain::is_plain;

/// How many stores one repository may borrow from, all levels together.
const MAX_BORROWED: usize = 64;
/// The longest list of them that is read.
const MAX_LIST: u64 = 64 * 1024;

/// Why what a repository borrows cannot be served; `None` when it lies under the roots, or when it
/// borrows nothing.
pub(super) fn outside(objects: &Path, roots: &[PathBuf]) -> io::Result<Option<&'static str>> {
    let mut seen = vec![objects.to_path_buf()];
    let mut at = 0;
    while let Some(store) = seen.get(at).cloned() {
        let Some(named) = named_by(&store)? else {
            return Ok(Some("its list of borrowed stores cannot be read"));
        };
        for path in named {
            // The engine reads such a path from the first store, Git from the one that names it.
            if at > 0 && path.is_relative() {
                return Ok(Some(
                    "a store that it borrows from borrows by a relative path",
                ));
            }
            let Ok(path) = fs::canonicalize(store.join(path)) else {
                return Ok(Some("it borrows objects from a folder that is not there"));
            };
            if !roots.iter().any(|root| path.starts_with(root)) {
                return Ok(Some("it borrows objects from outside the root"));
            }
            if seen.contains(&path) {
                continue;
            }
            if seen.len() > MAX_BORROWED {
                return Ok(Some("it borrows objects from too many folders"));
            }
            if !is_plain(&path)? {
                return Ok(Some("there are links among the objects that it borrows"));
            }
            seen.push(path);
        }
        at += 1;
    }
    Ok(None)
}

/// The folders that a store names; `None` when the list is no small file.
fn named_by(store: &Path) -> io::Result<Option<Vec<PathBuf>>> {
    let list = store.join("info/alternates");
    let meta = match fs::symlink_metadata(&list) {
        Ok(meta) => meta,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Some(Vec::new())),
        Err(error) => return Err(error),
    };
    if !meta.is_file() || meta.len() > MAX_LIST {
        return Ok(None);
    }
    Ok(gix::odb::alternate::parse(&fs::read(list)?).ok())
}
