//! Keys: one master key from the operator, everything else derived from it by purpose (KY-3), and
//! the vault that encrypts provider tokens at rest (KY-1). Where keys come from is the server's
//! business.

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hkdf::Hkdf;
use sha2::Sha256;

use crate::{Error, Random, Result, Secret};

/// The shortest master key that is accepted, in bytes.
pub const MIN_MASTER_KEY_LEN: usize = 32;

/// First byte of every ciphertext; rises when the layout changes.
const FORMAT: u8 = 1;
const NONCE_LEN: usize = 24;
const HEAD_LEN: usize = 2 + NONCE_LEN;

/// Purpose of a derived key. Keys of different purposes have no bytes in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Encrypts columns at rest.
    Vault,
    /// Seals cursors.
    Cursor,
    /// Keys the firewall's hashes.
    Firewall,
    /// Binds forms to sessions.
    Csrf,
    /// Binds provider OAuth flows to browsers.
    OauthState,
    /// Seals an operator's links to accounts.
    AccountLink,
    /// Seals the ids of clients that have registered themselves.
    Registration,
    /// Makes the validators of files.
    Validator,
    /// Signs records of consent.
    ConsentRecord,
    /// Tells a wrong master key from the right one at start.
    Check,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Vault => b"gitflare/v1/vault",
            Self::Cursor => b"gitflare/v1/cursor",
            Self::Firewall => b"gitflare/v1/firewall",
            Self::Csrf => b"gitflare/v1/csrf",
            Self::OauthState => b"gitflare/v1/oauth-state",
            Self::AccountLink => b"gitflare/v1/account-link",
            Self::Registration => b"gitflare/v1/registration",
            Self::Validator => b"gitflare/v1/validator",
            Self::ConsentRecord => b"gitflare/v1/consent-record",
            Self::Check => b"gitflare/v1/check",
        }
    }
}

/// A master key and its id.
#[derive(Clone, Debug)]
pub struct MasterKey {
    id: u8,
    bytes: Secret<Vec<u8>>,
}

impl MasterKey {
    /// A master key of at least [`MIN_MASTER_KEY_LEN`] bytes.
    ///
    /// # Errors
    /// `INTERNAL_ERROR` (an operator's mistake, never a client's) for a shorter one, or one made
    /// of a single repeated byte.
    pub fn new(id: u8, bytes: Secret<Vec<u8>>) -> Result<Self> {
        let raw = bytes.expose();
        if raw.len() < MIN_MASTER_KEY_LEN {
            return Err(Error::internal(format!(
                "the master key has fewer than {MIN_MASTER_KEY_LEN} bytes"
            )));
        }
        if raw.iter().all(|byte| *byte == raw[0]) {
            return Err(Error::internal("the master key is one repeated byte"));
        }
        Ok(Self { id, bytes })
    }

    /// The key's id, which ciphertexts and cursors name.
    #[must_use]
    pub const fn id(&self) -> u8 {
        self.id
    }

    /// The key for a purpose (HKDF-SHA-256, RFC 5869).
    #[must_use]
    pub fn derive(&self, purpose: Purpose) -> Secret<[u8; 32]> {
        let mut key = [0u8; 32];
        Hkdf::<Sha256>::new(None, self.bytes.expose())
            .expand(purpose.label(), &mut key)
            .expect("32 bytes are within what HKDF-SHA-256 can give");
        Secret::new(key)
    }
}

/// The master keys, the primary one first: it encrypts, all of them decrypt.
#[derive(Clone, Debug)]
pub struct KeyRing(Vec<MasterKey>);

impl KeyRing {
    /// A ring with `primary` and the retired keys that still open what they sealed.
    #[must_use]
    pub fn new(primary: MasterKey, retired: Vec<MasterKey>) -> Self {
        let mut keys = vec![primary];
        keys.extend(retired);
        Self(keys)
    }

    /// The key that seals.
    #[must_use]
    pub fn primary(&self) -> &MasterKey {
        &self.0[0]
    }

    /// Whether keys are in it that no longer seal.
    #[must_use]
    pub fn has_retired(&self) -> bool {
        self.0.len() > 1
    }

    /// One derived key per master key, the primary's first.
    #[must_use]
    pub fn derive(&self, purpose: Purpose) -> Vec<(u8, Secret<[u8; 32]>)> {
        self.0
            .iter()
            .map(|key| (key.id, key.derive(purpose)))
            .collect()
    }
}

/// Which cell a ciphertext belongs to; moved to another, it does not open.
#[derive(Clone, Copy, Debug)]
pub struct Cell<'a> {
    /// The table's name.
    pub table: &'a str,
    /// The column's name.
    pub column: &'a str,
    /// The id of the row.
    pub row: &'a str,
    /// The tenant that owns the row, empty without one.
    pub tenant: &'a str,
}

impl Cell<'_> {
    fn associated_data(&self) -> Vec<u8> {
        let mut data = Vec::new();
        for part in [self.table, self.column, self.row, self.tenant] {
            data.extend_from_slice(&(part.len() as u32).to_le_bytes());
            data.extend_from_slice(part.as_bytes());
        }
        data
    }
}

/// The id of the key that a ciphertext was sealed with; `None` for what is no ciphertext.
#[must_use]
pub fn key_id(sealed: &[u8]) -> Option<u8> {
    sealed.get(1).copied()
}

/// Encrypts and decrypts columns (XChaCha20-Poly1305, random nonce, format byte and key id in
/// front, the cell as associated data).
pub struct Vault(Vec<(u8, XChaCha20Poly1305)>);

impl Vault {
    /// The vault of a key ring.
    #[must_use]
    pub fn new(ring: &KeyRing) -> Self {
        Self(
            ring.derive(Purpose::Vault)
                .into_iter()
                .map(|(id, key)| (id, XChaCha20Poly1305::new(key.expose().into())))
                .collect(),
        )
    }

    /// Encrypts `plain` for `cell`.
    ///
    /// # Errors
    /// `INTERNAL_ERROR` when the cipher refuses, which only absurd lengths make it do.
    pub fn seal(&self, cell: Cell<'_>, plain: &str, random: &dyn Random) -> Result<Vec<u8>> {
        let (id, cipher) = &self.0[0];
        let mut sealed = vec![0u8; HEAD_LEN];
        sealed[0] = FORMAT;
        sealed[1] = *id;
        random.fill(&mut sealed[2..]);
        let payload = Payload {
            msg: plain.as_bytes(),
            aad: &cell.associated_data(),
        };
        let nonce = XNonce::try_from(&sealed[2..]).map_err(|_| Error::internal("nonce length"))?;
        let body = cipher
            .encrypt(&nonce, payload)
            .map_err(|_| Error::internal("encryption failed"))?;
        sealed.extend_from_slice(&body);
        Ok(sealed)
    }

    /// Decrypts what was sealed for the same cell.
    ///
    /// # Errors
    /// `INTERNAL_ERROR` when it was altered, moved, or sealed with a key that is not in the ring.
    pub fn open(&self, cell: Cell<'_>, sealed: &[u8]) -> Result<Secret<String>> {
        if sealed.len() < HEAD_LEN || sealed[0] != FORMAT {
            return Err(Error::internal("ciphertext of an unknown format"));
        }
        let (_, cipher) = self
            .0
            .iter()
            .find(|(id, _)| *id == sealed[1])
            .ok_or_else(|| {
                Error::internal(format!("ciphertext names unknown key {}", sealed[1]))
            })?;
        let payload = Payload {
            msg: &sealed[HEAD_LEN..],
            aad: &cell.associated_data(),
        };
        let nonce =
            XNonce::try_from(&sealed[2..HEAD_LEN]).map_err(|_| Error::internal("nonce length"))?;
        let plain = cipher
            .decrypt(&nonce, payload)
            .map_err(|_| Error::internal("ciphertext does not belong to its cell or key"))?;
        String::from_utf8(plain)
            .map(Secret::new)
            .map_err(|_| Error::internal("plaintext is not UTF-8"))
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeededRandom;

    fn master(id: u8) -> MasterKey {
        MasterKey::new(id, Secret::new((id..id + 32).collect())).unwrap()
    }

    const CELL: Cell<'_> = Cell {
        table: "connections",
        column: "access_token",
        row: "conn_a",
        tenant: "tenant_a",
    };

    #[test]
    fn every_purpose_has_bytes_of_its_own() {
        // sec: KY-3
        let purposes = [
            Purpose::Vault,
            Purpose::Cursor,
            Purpose::Firewall,
            Purpose::Csrf,
            Purpose::OauthState,
            Purpose::ConsentRecord,
            Purpose::Check,
        ];
        let keys: std::collections::BTreeSet<_> = purposes
            .iter()
            .map(|p| *master(1).derive(*p).expose())
            .collect();
        assert_eq!(keys.len(), purposes.len());
    }

    #[test]
    fn a_ciphertext_opens_in_its_own_cell_only() {
        // sec: KY-1
        let vault = Vault::new(&KeyRing::new(master(1), Vec::new()));
        let sealed = vault.seal(CELL, "canary", &SeededRandom::new(1)).unwrap();
        assert!(!sealed.windows(6).any(|window| window == b"canary"));
        assert_eq!(vault.open(CELL, &sealed).unwrap().expose(), "canary");
        for moved in [
            Cell {
                table: "clients",
                ..CELL
            },
            Cell {
                column: "refresh_token",
                ..CELL
            },
            Cell {
                row: "conn_b",
                ..CELL
            },
            Cell {
                tenant: "tenant_b",
                ..CELL
            },
        ] {
            assert!(vault.open(moved, &sealed).is_err(), "{moved:?}");
        }
        let mut altered = sealed;
        *altered.last_mut().unwrap() ^= 1;
        assert!(vault.open(CELL, &altered).is_err());
    }

    #[test]
    fn a_retired_key_still_opens() {
        // sec: KY-1
        let old = Vault::new(&KeyRing::new(master(1), Vec::new()))
            .seal(CELL, "x", &SeededRandom::new(1))
            .unwrap();
        assert!(
            Vault::new(&KeyRing::new(master(2), vec![master(1)]))
                .open(CELL, &old)
                .is_ok()
        );
        assert!(
            Vault::new(&KeyRing::new(master(2), Vec::new()))
                .open(CELL, &old)
                .is_err()
        );
    }

    #[test]
    fn a_weak_master_key_is_refused() {
        // sec: KY-2
        assert!(MasterKey::new(1, Secret::new(vec![1; 31])).is_err());
        assert!(MasterKey::new(1, Secret::new(vec![7; 32])).is_err());
    }
}
