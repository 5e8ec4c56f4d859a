//! Tells a wrong master key from the right one before anything is sealed with it: the database
//! remembers, for every key that was ever in use, a value that only that key can make.

use gitflare_core::{
    keys::{KeyRing, Purpose},
    storage::{KeyCheck, Storage},
};
use sha2::{Digest, Sha256};

use crate::config::Problem;

/// Refuses a ring that lacks a key the database names, or holds another one of its id; remembers
/// the keys that are new.
pub(crate) async fn verify(ring: &KeyRing, storage: &dyn Storage) -> Result<(), Problem> {
    let failed = |error| Problem::new(format!("the database cannot be read: {error:?}"));
    let settings = storage.settings();
    let known = settings.key_checks().await.map_err(failed)?;
    let given: Vec<_> = ring
        .derive(Purpose::Check)
        .into_iter()
        .map(|(key_id, key)| KeyCheck {
            key_id,
            value: Sha256::digest(key.expose()).into(),
        })
        .collect();
    for check in &known {
        let id = check.key_id;
        match given.iter().find(|given| given.key_id == id) {
            None => {
                return Err(Problem::new(format!(
                    "GITFLARE_MASTER_KEY lacks the key of id {id}, which the database names: bring it back as `{id}:<key>`"
                )));
            }
            Some(given) if given != check => {
                return Err(Problem::new(format!(
                    "GITFLARE_MASTER_KEY: the key of id {id} is not the one that this database was made with"
                )));
            }
            Some(_) => {}
        }
    }
    for check in given {
        if !known.contains(&check) {
            settings.insert_key_check(check).await.map_err(failed)?;
        }
    }
    Ok(())
}
