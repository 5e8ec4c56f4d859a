//! The data folder and the files in it: nobody but the owner of the process may read them, and one
//! process at a time works in them (DU-1). Unix permissions only.

use std::{
    fmt::Display,
    fs::{self, File, TryLockError},
    io,
    path::Path,
    thread,
    time::Duration,
};

use gitflare_core::{Error, Result};

use crate::{private, storage::sql::passing};

/// A failure at start, in words for the operator: the file, and what is wrong with it.
pub(super) fn told(path: &Path, what: impl Display) -> Error {
    Error::internal(format!("{}: {what}", path.display()))
}

/// Makes the folder with mode 0700. One that others can enter is closed to them if it is empty or
/// `ours` is in it; any other one is refused, because it may be somebody's home or `/tmp`.
pub(super) fn private_folder(path: &Path, ours: &str) -> Result<()> {
    let is_ours = || Ok(path.join(ours).exists() || fs::read_dir(path)?.next().is_none());
    match private::folder(path, is_ours) {
        Ok(true) => Ok(()),
        Ok(false) => Err(told(
            path,
            "other users can enter this folder; run `chmod 700` on it or choose another one",
        )),
        Err(error) => Err(told(path, format!("cannot use this folder: {error}"))),
    }
}

/// Makes the file with mode 0600, or takes others' rights from it. SQLite gives its side files the
/// mode of the database.
pub(super) fn private_file(path: &Path) -> Result<File> {
    private::file(path).map_err(|error| refused(path, "cannot open this file", &error))
}

/// A failure of the file system; that it is full passes.
pub(super) fn refused(path: &Path, what: &str, error: &io::Error) -> Error {
    let detail = format!("{}: {what}: {error}", path.display());
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => passing(detail),
        _ => Error::internal(detail),
    }
}

/// How often a held lock is tried, and how long apart.
const LOCK_TRIES: u32 = 20;
const BETWEEN_TRIES: Duration = Duration::from_millis(25);

/// Locks a file for as long as the answer lives. A process that is about to end holds its lock for a
/// moment longer, and so does a child of ours until it becomes another program: that is waited for.
pub(super) fn lock(path: &Path) -> Result<File> {
    let file = private_file(path)?;
    let mut tries = 1;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if tries < LOCK_TRIES => {
                tries += 1;
                thread::sleep(BETWEEN_TRIES);
            }
            Err(TryLockError::WouldBlock) => {
                return Err(told(
                    path,
                    "another gitflare process works in this folder; stop it or choose another folder",
                ));
            }
            Err(TryLockError::Error(error)) => {
                return Err(told(path, format!("cannot lock this file: {error}")));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs::Permissions, os::unix::fs::PermissionsExt};

    use super::*;

    #[test]
    fn a_folder_of_somebody_else_is_not_closed() {
        // sec: DU-1
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let mode = || fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let open = || fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
        open();
        private_folder(path, "ours").unwrap();
        assert_eq!(mode(), 0o700, "an empty one is");
        open();
        fs::write(path.join("notes"), "theirs").unwrap();
        let error = private_folder(path, "ours").unwrap_err();
        assert!(error.detail().unwrap().contains("chmod 700"));
        assert_eq!(mode(), 0o755);
        fs::write(path.join("ours"), "").unwrap();
        private_folder(path, "ours").unwrap();
        assert_eq!(mode(), 0o700, "ours is");
    }

    #[test]
    fn a_lock_is_held_by_one_at_a_time() {
        // sec: DU-1
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let held = lock(&path).unwrap();
        let error = lock(&path).unwrap_err();
        assert!(error.detail().unwrap().contains("another gitflare process"));
        assert!(!error.message().contains("lock"), "clients see no paths");
        drop(held);
        lock(&path).unwrap();
    }
}
