//! Encrypts everything under the primary key while the server runs, when its key ring has retired keys (KY-4). What is
//! sealed, and with which key, is the core's business.

use std::{sync::Arc, time::Duration};

use gitflare_core::{Result, SystemRandom, keys::KeyRing, rotation::KeyRotation, storage::Storage};
use tokio::time::sleep;

/// The pause after each batch, in which other writes run.
const BETWEEN_BATCHES: Duration = Duration::from_millis(5);

/// The counts of a finished rotation: values sealed anew, and values that no key opens.
pub(crate) struct Rotated {
    pub(crate) replaced: usize,
    pub(crate) unreadable: usize,
}

/// Rotates in a background task, which ends when the last other owner drops the storage.
pub(crate) fn spawn(storage: &Arc<dyn Storage>, ring: &KeyRing) {
    if !ring.has_retired() {
        return;
    }
    let (storage, ring) = (Arc::downgrade(storage), ring.clone());
    tokio::spawn(async move {
        let mut rotation = KeyRotation::new(&ring);
        loop {
            let Some(storage) = storage.upgrade() else {
                return;
            };
            match rotation.step(&*storage, &SystemRandom).await {
                Ok(true) => {}
                Ok(false) => {
                    report(finish(rotation, &*storage).await);
                    return;
                }
                Err(error) => {
                    tracing::error!(error = ?error, "the key rotation stopped; a restart resumes it");
                    return;
                }
            }
            drop(storage);
            sleep(BETWEEN_BATCHES).await;
        }
    });
}

/// Seals everything with the primary key and returns when it is done.
pub(crate) async fn run(storage: &dyn Storage, ring: &KeyRing) -> Result<Rotated> {
    let mut rotation = KeyRotation::new(ring);
    while rotation.step(storage, &SystemRandom).await? {}
    finish(rotation, storage).await
}

async fn finish(rotation: KeyRotation, storage: &dyn Storage) -> Result<Rotated> {
    let rotated = Rotated {
        replaced: rotation.replaced(),
        unreadable: rotation.unreadable(),
    };
    rotation.finish(storage).await?;
    Ok(rotated)
}

fn report(rotated: Result<Rotated>) {
    match rotated {
        Ok(rotated) if rotated.unreadable == 0 => tracing::info!(
            replaced = rotated.replaced,
            "everything is sealed with the primary key: the old ones can be taken out of GITFLARE_MASTER_KEY"
        ),
        Ok(rotated) => tracing::error!(
            unreadable = rotated.unreadable,
            "encrypted values are left that no key opens: the old keys must stay"
        ),
        Err(error) => tracing::error!(error = ?error, "the key rotation could not be ended"),
    }
}
