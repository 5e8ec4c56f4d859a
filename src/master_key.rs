//! The master key of an embedded gateway in a file of its owner, in the form that the server writes:
//! `<id>:<key as hexadecimal digits>`, one a line, the first one seals. Rotation is the server's
//! business.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::Path,
};

use gitflare_core::{
    Error, Random, Result, Secret, SystemRandom,
    keys::{KeyRing, MIN_MASTER_KEY_LEN, MasterKey},
};

/// Reads the master keys of a file; makes it, with one new key, when there is none.
///
/// # Errors
/// `INVALID_REQUEST` naming the file when others than its owner may read it, it cannot be read or
/// made, or a line is not a key.
pub fn master_key_file(path: impl AsRef<Path>) -> Result<KeyRing> {
    let path = path.as_ref();
    let failed =
        |what: &str| Error::invalid_request(format!("The key file {} {what}.", path.display()));
    match make(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(failed(&format!("cannot be made: {error}"))),
    }
    if !is_private(path).map_err(|error| failed(&format!("cannot be read: {error}")))? {
        return Err(failed(
            "can be read by others than its owner: run `chmod 600` on it",
        ));
    }
    let text = fs::read_to_string(path).map(Secret::new);
    let text = text.map_err(|error| failed(&format!("cannot be read: {error}")))?;
    let lines = text.expose().lines().filter(|line| !line.is_empty());
    let keys: Option<Vec<_>> = lines.map(parse).collect();
    let mut keys = keys
        .ok_or_else(|| failed("holds a line that is not `<id>:<64 or more hexadecimal digits>`"))?
        .into_iter();
    let primary = keys.next().ok_or_else(|| failed("holds no key"))?;
    Ok(KeyRing::new(primary, keys.collect()))
}

/// Makes the file with a new key, never over another one.
fn make(path: &Path) -> io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let mut key = Secret::new([0u8; MIN_MASTER_KEY_LEN]);
    SystemRandom.fill(key.expose_mut());
    let line = Secret::new(format!("1:{}\n", hex::encode(key.expose())));
    file.write_all(line.expose().as_bytes())?;
    file.sync_all()
}

fn parse(line: &str) -> Option<MasterKey> {
    let (id, key) = line.split_once(':')?;
    let bytes = hex::decode(key).ok()?;
    MasterKey::new(id.parse().ok()?, Secret::new(bytes)).ok()
}

/// Whether nobody but the owner may read the file.
fn is_private(path: &Path) -> io::Result<bool> {
    let metadata = fs::metadata(path)?;
    #[cfg(unix)]
    let is_private = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o077 == 0;
    #[cfg(not(unix))]
    let is_private = metadata.is_file();
    Ok(is_private)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gitflare_core::keys::Purpose;

    fn derived(ring: &KeyRing) -> [u8; 32] {
        *ring.primary().derive(Purpose::Check).expose()
    }

    #[test]
    fn the_key_is_made_once_and_for_its_owner() {
        // sec: KY-2, KY-5
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("master.key");
        let made = master_key_file(&path).expect("made");
        assert_eq!(
            derived(&master_key_file(&path).expect("read")),
            derived(&made)
        );
        assert!(is_private(&path).expect("there"));
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        fs::set_permissions(&path, open).expect("set");
        assert!(master_key_file(&path).is_err(), "others may read it");
    }

    #[test]
    fn a_damaged_file_is_named_without_its_content() {
        // sec: KY-5
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("master.key");
        for damaged in ["canary", "1:abcd", "x:00", ""] {
            fs::write(&path, damaged).expect("written");
            let open = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            fs::set_permissions(&path, open).expect("set");
            let error = master_key_file(&path).expect_err(damaged);
            assert!(error.message().contains("master.key"), "{error}");
            assert!(!error.message().contains("canary"), "{error}");
        }
    }
}
