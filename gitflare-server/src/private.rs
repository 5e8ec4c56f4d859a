//! Folders and files that only the owner of the process may read: the data folder, key files, the
//! database. Unix permissions only; what a failure is called is the caller's business.

use std::{
    fs::{self, DirBuilder, File, Permissions},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
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
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    Ok(file)
}

/// Writes a file with mode 0600, whole or not at all, and durably. `false` when one of that name is
/// there already; it stays as it is.
#[cfg(feature = "server")]
pub(crate) fn write_new(folder: &Path, name: &str, content: &[u8]) -> io::Result<bool> {
    use std::io::Write;

    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(content)?;
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
