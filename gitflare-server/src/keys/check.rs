//! Tells the operator when the master keys are not those of the database.

use gitflare_core::{
    key_check::{self, KeyProblem},
    keys::KeyRing,
    storage::Storage,
};

use crate::config::Problem;

/// Refuses a ring that is not the one of the storage, in the words of the configuration.
pub(crate) async fn verify(ring: &KeyRing, storage: &dyn Storage) -> Result<(), Problem> {
    let verified = key_check::verify(ring, storage)
        .await
        .map_err(|error| Problem::new(format!("the database cannot be read: {error:?}")))?;
    verified.map_err(|problem| {
        Problem::new(match problem {
            KeyProblem::Missing(id) => format!(
                "GITFLARE_MASTER_KEY lacks the key of id {id}, which the database names: bring it back as `{id}:<key>`"
            ),
            KeyProblem::Other(id) => format!(
                "GITFLARE_MASTER_KEY: the key of id {id} is not the one that this database was made with"
            ),
        })
    })
}
