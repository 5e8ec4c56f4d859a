//! Changing the master key (KY-4): every encrypted value is sealed anew with the primary key, a few
//! at a time, while everything else goes on. It begins where there is something left, so it can be
//! cut off at any moment; when nothing is left, the old keys are needed no more.

use crate::{
    Random, Result,
    keys::{KeyRing, Vault},
    storage::{SealedPlace, SealedValue, Storage},
};

/// Values per transaction: few enough that no other write waits for long.
const AT_ONCE: usize = 64;

/// A rotation on its way.
#[derive(Debug)]
pub struct KeyRotation {
    vault: Vault,
    primary: u8,
    places: std::slice::Iter<'static, SealedPlace>,
    place: Option<SealedPlace>,
    after: Option<String>,
    replaced: usize,
    unreadable: usize,
}

impl KeyRotation {
    /// A rotation to the primary key of this ring.
    #[must_use]
    pub fn new(ring: &KeyRing) -> Self {
        let mut places = SealedPlace::ALL.iter();
        Self {
            vault: Vault::new(ring),
            primary: ring.primary().id(),
            place: places.next().copied(),
            places,
            after: None,
            replaced: 0,
            unreadable: 0,
        }
    }

    /// Number of values encrypted under the current key.
    #[must_use]
    pub const fn replaced(&self) -> usize {
        self.replaced
    }

    /// Number of values that no key of the ring opens. They are left unchanged.
    #[must_use]
    pub const fn unreadable(&self) -> usize {
        self.unreadable
    }

    /// Seals a few values anew; `false` when nothing is left.
    ///
    /// # Errors
    /// The storage's own.
    pub async fn step(&mut self, storage: &dyn Storage, random: &dyn Random) -> Result<bool> {
        let Some(place) = self.place else {
            return Ok(false);
        };
        let sealed = storage.sealed();
        let after = self.after.as_deref();
        let values = sealed.list(place, self.primary, after, AT_ONCE).await?;
        match values.last() {
            Some(last) => self.after = Some(last.key.clone()),
            None => {
                self.place = self.places.next().copied();
                self.after = None;
            }
        }
        let mut renewed = Vec::with_capacity(values.len());
        for value in values {
            match self.renew(&value, random) {
                Ok(ciphertext) => renewed.push((value, ciphertext)),
                Err(error) => {
                    self.unreadable += 1;
                    tracing::error!(place = value.place.as_str(), key = value.key, error = ?error,
                        "an encrypted value cannot be opened");
                }
            }
        }
        if !renewed.is_empty() {
            self.replaced += sealed.replace(renewed).await?;
        }
        Ok(self.place.is_some())
    }

    /// Ends a rotation that has nothing left: forgets the old keys, which may be taken out of the
    /// configuration then. `false` when values are left that no key opens; then nothing is written.
    ///
    /// # Errors
    /// The storage's own.
    pub async fn finish(self, storage: &dyn Storage) -> Result<bool> {
        if self.place.is_some() || self.unreadable > 0 {
            return Ok(false);
        }
        storage.settings().keep_key_check(self.primary).await?;
        Ok(true)
    }

    fn renew(&self, value: &SealedValue, random: &dyn Random) -> Result<Vec<u8>> {
        let plain = self.vault.open(value.cell(), &value.sealed)?;
        self.vault.seal(value.cell(), plain.expose(), random)
    }
}
