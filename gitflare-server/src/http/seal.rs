//! The key under which the test app keeps a visit in the browser's own cookie. It is made when the
//! process starts and stored nowhere: a restart forgets every visit.

use std::fmt;

use gitflare_core::{
    Error, Random, Result, Secret, SystemRandom,
    keys::{Cell, KeyRing, MasterKey, Vault},
};

const CELL: Cell<'_> = Cell {
    table: "testapp",
    column: "visit",
    row: "",
    tenant: "",
};

/// The key of the visits, made when the process starts. Without one nothing is remembered.
pub(super) struct Seal(Option<Vault>);

impl Seal {
    /// A key of its own for this process.
    pub(super) fn new(random: &dyn Random) -> Self {
        let mut bytes = vec![0u8; 32];
        random.fill(&mut bytes);
        let key = MasterKey::new(1, Secret::new(bytes)).ok();
        Self(key.map(|key| Vault::new(&KeyRing::new(key, Vec::new()))))
    }

    /// Encrypts a text; only this process can open it.
    pub(super) fn seal(&self, text: &str) -> Result<Vec<u8>> {
        self.vault()?.seal(CELL, text, &SystemRandom)
    }

    /// The text that [`Self::seal`] has encrypted; `None` for anything else.
    pub(super) fn open(&self, sealed: &[u8]) -> Option<Secret<String>> {
        self.vault().ok()?.open(CELL, sealed).ok()
    }

    fn vault(&self) -> Result<&Vault> {
        let missing = || Error::internal("the test app has no key");
        self.0.as_ref().ok_or_else(missing)
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal")
    }
}
