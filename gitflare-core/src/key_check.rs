//! Tells a wrong master key from the right one before anything is sealed with it: the storage
//! remembers, for every key that was ever in use, a value that only that key can make.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::{
    Result,
    keys::{KeyRing, Purpose},
    storage::{KeyCheck, Storage},
};

/// Mismatch between a key ring and a storage. The numbers are key ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyProblem {
    /// The ring lacks a key that the storage names.
    Missing(u8),
    /// The ring holds another key under an id that the storage names.
    Other(u8),
}

impl fmt::Display for KeyProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(id) => write!(
                f,
                "The master key of id {id}, which the storage names, is missing."
            ),
            Self::Other(id) => write!(
                f,
                "The master key of id {id} is not the one of this storage."
            ),
        }
    }
}

/// Refuses a ring that lacks a key which one of these checks names, or holds another one of its id. Keys
/// that no check names are new, which is right.
///
/// # Errors
/// The first check that the ring does not meet.
pub fn compare(ring: &KeyRing, known: &[KeyCheck]) -> std::result::Result<(), KeyProblem> {
    let given = checks(ring);
    for check in known {
        match given.iter().find(|given| given.key_id == check.key_id) {
            None => return Err(KeyProblem::Missing(check.key_id)),
            Some(given) if given != check => return Err(KeyProblem::Other(check.key_id)),
            Some(_) => {}
        }
    }
    Ok(())
}

/// What the storage remembers of each key of a ring.
fn checks(ring: &KeyRing) -> Vec<KeyCheck> {
    let keys = ring.derive(Purpose::Check).into_iter();
    keys.map(|(key_id, key)| KeyCheck {
        key_id,
        value: Sha256::digest(key.expose()).into(),
    })
    .collect()
}

/// Refuses a ring as [`compare`] does with the checks of a storage, which remembers the keys that are
/// new.
///
/// # Errors
/// The storage's own outside, what is wrong with the ring inside.
pub async fn verify(
    ring: &KeyRing,
    storage: &dyn Storage,
) -> Result<std::result::Result<(), KeyProblem>> {
    let settings = storage.settings();
    let known = settings.key_checks().await?;
    if let Err(problem) = compare(ring, &known) {
        return Ok(Err(problem));
    }
    for check in checks(ring) {
        if !known.contains(&check) {
            settings.insert_key_check(check).await?;
        }
    }
    Ok(Ok(()))
}
