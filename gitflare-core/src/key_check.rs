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

/// Refuses a ring that lacks a key the storage names, or holds another one of its id; remembers
/// the keys that are new.
///
/// # Errors
/// The storage's own outside, what is wrong with the ring inside.
pub async fn verify(
    ring: &KeyRing,
    storage: &dyn Storage,
) -> Result<std::result::Result<(), KeyProblem>> {
    let settings = storage.settings();
    let known = settings.key_checks().await?;
    let given: Vec<_> = ring
        .derive(Purpose::Check)
        .into_iter()
        .map(|(key_id, key)| KeyCheck {
            key_id,
            value: Sha256::digest(key.expose()).into(),
        })
        .collect();
    for check in &known {
        match given.iter().find(|given| given.key_id == check.key_id) {
            None => return Ok(Err(KeyProblem::Missing(check.key_id))),
            Some(given) if given != check => return Ok(Err(KeyProblem::Other(check.key_id))),
            Some(_) => {}
        }
    }
    for check in given {
        if !known.contains(&check) {
            settings.insert_key_check(check).await?;
        }
    }
    Ok(Ok(()))
}
