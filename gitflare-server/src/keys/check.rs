//! Tells the operator when the master keys are not those of the database.

use gitflare_core::{
    key_check::{self, KeyProblem},
    keys::KeyRing,
    storage::{KeyCheck, Storage},
};

use crate::config::Problem;

/// Refuses a ring that is not the one of the storage, in the words of the configuration; the storage
/// remembers the keys that are new.
pub(crate) async fn verify(ring: &KeyRing, storage: &dyn Storage) -> Result<(), Problem> {
    let verified = key_check::verify(ring, storage).await;
    verified.map_err(unread)?.map_err(told)
}

/// Refuses a ring that is not the one of the storage, which remembers nothing of it.
pub(crate) async fn look(ring: &KeyRing, storage: &dyn Storage) -> Result<(), Problem> {
    let known = storage.settings().key_checks().await;
    compare(ring, &known.map_err(unread)?)
}

/// Refuses a ring that is not the one of these checks of a database.
pub(crate) fn compare(ring: &KeyRing, known: &[KeyCheck]) -> Result<(), Problem> {
    key_check::compare(ring, known).map_err(told)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it is the tail of map_err, which hands the error over"
)]
fn unread(error: gitflare_core::Error) -> Problem {
    Problem::new(format!("the database cannot be read: {error:?}"))
}

fn told(problem: KeyProblem) -> Problem {
    Problem::new(match problem {
        KeyProblem::Missing(id) => format!(
            "GITFLARE_MASTER_KEY lacks the key of id {id}, which the database names: bring it back as `{id}:<key>`"
        ),
        KeyProblem::Other(id) => format!(
            "GITFLARE_MASTER_KEY: the key of id {id} is not the one that this database was made with"
        ),
    })
}
