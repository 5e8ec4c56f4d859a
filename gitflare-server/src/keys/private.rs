//! Folders and files that nobody but the owner of the process may read. Unix permissions only.

use std::{fs, io, os::unix::fs::PermissionsExt, path::Path};

/// Whether only the owner can read or write the file (mode 0600 or less).
pub(crate) fn is_private(path: &Path) -> io::Result<bool> {
    Ok(fs::metadata(path)?.permissions().mode() & 0o077 == 0)
}
