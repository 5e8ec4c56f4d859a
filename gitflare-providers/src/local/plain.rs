//! Whether folders hold nothing that leads elsewhere. Links are not followed to find out.

use std::{fs, io, path::Path};

/// Whether a folder holds files and folders alone, all the way down. What vanishes meanwhile was one
/// of them: `git gc` removes folders while others read, and Git itself goes on.
pub(super) fn is_plain(folder: &Path) -> io::Result<bool> {
    if !fs::symlink_metadata(folder)?.is_dir() {
        return Ok(false);
    }
    let mut pending = vec![folder.to_path_buf()];
    while let Some(folder) = pending.pop() {
        let Some(entries) = still_there(fs::read_dir(folder))? else {
            continue;
        };
        for entry in entries {
            let kind = entry.and_then(|entry| Ok((entry.file_type()?, entry)));
            match still_there(kind)? {
                Some((kind, entry)) if kind.is_dir() => pending.push(entry.path()),
                Some((kind, _)) if !kind.is_file() => return Ok(false),
                Some(_) | None => {}
            }
        }
    }
    Ok(true)
}

/// `None` for what was removed in between.
fn still_there<T>(looked: io::Result<T>) -> io::Result<Option<T>> {
    match looked {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
