//! Secrets in files of their own, as container engines and systemd hand them over: the variable
//! `<SETTING>_FILE` names the file. Its text counts without the line end behind it.

use std::{
    env, fs,
    io::Read,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
};

use super::setting::Setting;
use crate::private::is_private;

/// The longest secret that is read, in bytes.
const MAX_BYTES: u64 = 64 * 1024;

/// The secret setting that a variable `<SETTING>_FILE` is for.
pub(super) fn setting(variable: &str) -> Option<&'static Setting> {
    let name = variable.strip_suffix("_FILE")?;
    Setting::find(name).filter(|row| row.is_secret && row.variable == name)
}

/// The secret that a file holds.
///
/// # Errors
/// What is wrong with the file, to be read behind the variable's name.
pub(super) fn read(path: &Path) -> Result<String, String> {
    let unreadable = |error| format!("names a file that cannot be read: {error}");
    let about = fs::metadata(path).map_err(unreadable)?;
    if about.is_dir() {
        return Err("names a folder: name the file in it that holds the secret".to_owned());
    }
    let is_closed = is_private(path).map_err(unreadable)? || is_handed_over(&about);
    if !is_closed && !is_mounted(path) {
        return Err("names a file that others may read: run `chmod 600` on it".to_owned());
    }
    let mut text = String::new();
    fs::File::open(path)
        .and_then(|file| file.take(MAX_BYTES + 1).read_to_string(&mut text))
        .map_err(unreadable)?;
    match text.trim() {
        "" => Err("names an empty file".to_owned()),
        _ if text.len() as u64 > MAX_BYTES => Err("names a file that is too large".to_owned()),
        secret => Ok(secret.to_owned()),
    }
}

/// Whether root lets a group read the file, and nobody write it: how Kubernetes gives a secret to a
/// process that is not root (`fsGroup`, mode 0440).
fn is_handed_over(about: &fs::Metadata) -> bool {
    about.uid() == 0 && about.permissions().mode() & 0o037 == 0
}

/// Whether the file is mounted for this service alone, whatever its mode says: systemd grants access to
/// credentials by an access control list, container engines mount secrets for everybody in the container.
fn is_mounted(path: &Path) -> bool {
    let own = env::var_os("CREDENTIALS_DIRECTORY");
    let is_own = own.is_some_and(|folder| path.parent() == Some(Path::new(&folder)));
    is_own || path.parent() == Some(Path::new("/run/secrets"))
}
