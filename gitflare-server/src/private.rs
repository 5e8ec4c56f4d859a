//! Folders and files that only the owner of the process may read: the data folder, key files, the
//! database. Unix permissions only; what a failure is called is the caller's business.

use std::{
    fs::{self, DirBuilder, File, Permissions},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown},
    path::Path,
};

/// Whether the owner alone can read or write it (mode 0600 or 0700, or less).
pub(crate) fn is_private(path: &Path) -> io::Result<bool> {
    Ok(fs::metadata(path)?.permissions().mode() & 0o077 == 0)
}

/// Makes the folder with mode 0700, and those above it. One that others can enter is closed to them
/// if it `is_ours`; any other one stays as it is, because it may be a home folder or `/tmp`, and
/// the answer is `false`.
pub(crate) fn folder(path: &Path, is_ours: impl FnOnce() -> io::Result<bool>) -> io::Result<bool> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    if is_private(path)? {
        return Ok(true);
    }
    if !is_ours()? {
        return Ok(false);
    }
    fs::set_permissions(path, Permissions::from_mode(0o700))?;
    Ok(true)
}

/// Opens the file for reading and writing; makes it with mode 0600, or takes others' rights from it.
pub(crate) fn file(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true);
    // What is made new is behind no link: only that is handed over.
    match options.clone().create_new(true).mode(0o600).open(path) {
        Ok(file) => {
            if let Some(folder) = path.parent().filter(|it| !it.as_os_str().is_empty()) {
                hand_over(&file, folder)?;
            }
            Ok(file)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let file = options.open(path)?;
            file.set_permissions(Permissions::from_mode(0o600))?;
            Ok(file)
        }
        Err(error) => Err(error),
    }
}

/// Leaves a file that the superuser has just made to the owner of its folder, as SQLite does with its
/// side files: a command that root runs in the data folder must not lock the server out of it.
pub(crate) fn hand_over(file: &File, folder: &Path) -> io::Result<()> {
    let (own, folder) = (file.metadata()?, fs::metadata(folder)?);
    if own.uid() != 0 || folder.uid() == 0 {
        return Ok(());
    }
    match fchown(file, Some(folder.uid()), Some(folder.gid())) {
        // Root without that capability: it stays root's.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        outcome => outcome,
    }
}

/// Writes a file with mode 0600, whole or not at all, and durably. `false` when one of that name is
/// there already; it stays as it is.
#[cfg(feature = "server")]
pub(crate) fn write_new(folder: &Path, name: &str, content: &[u8]) -> io::Result<bool> {
    use std::io::Write;

    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(content)?;
    hand_over(file.as_file(), folder)?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(folder.join(name)) {
        Ok(_) => {
            // The name is durable only once its folder is.
            File::open(folder)?.sync_all()?;
            Ok(true)
        }
        Err(failed) if failed.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(failed) => Err(failed.error),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{chown, symlink};

    use super::*;

    #[test]
    fn what_root_makes_belongs_to_the_owner_of_the_folder() {
        // sec: DU-1
        let folder = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let owner = |path: &Path| {
            let made = fs::metadata(path).unwrap();
            (made.uid(), made.gid(), made.mode() & 0o777)
        };
        let me = fs::metadata(folder.path()).unwrap();
        let (uid, gid) = match me.uid() {
            0 => (4242, 4243),
            uid => (uid, me.gid()),
        };
        chown(folder.path(), Some(uid), Some(gid)).unwrap();
        drop(file(&path("journal")).unwrap());
        assert_eq!(owner(&path("journal")), (uid, gid, 0o600));
        #[cfg(feature = "server")]
        {
            assert!(write_new(folder.path(), "key", b"x").unwrap());
            assert_eq!(owner(&path("key")), (uid, gid, 0o600));
        }
        // Whoever owns the folder cannot have another's file given to them by a link.
        let theirs = outside.path().join("theirs");
        fs::write(&theirs, "x").unwrap();
        symlink(&theirs, path("link")).unwrap();
        drop(file(&path("link")).unwrap());
        assert_eq!(owner(&theirs).0, me.uid());
        symlink(outside.path().join("missing"), path("dangling")).unwrap();
        assert!(file(&path("dangling")).is_err());
        assert!(!outside.path().join("missing").exists());
    }
}
