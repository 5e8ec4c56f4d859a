//! Texts that we hand out instead of storing what they say: JSON behind a tag that only our keys make
//! (HMAC-SHA-256). Whoever holds one can read it, and cannot change it. When one ends is its own
//! business.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Serialize, de::DeserializeOwned};
use sha2::Sha256;

use crate::{
    Secret,
    keys::{KeyRing, Purpose},
};

const TAG_LEN: usize = 32;

/// Seals texts of one purpose and opens them again.
#[derive(Clone, Debug)]
pub(crate) struct SealedTexts(Vec<Secret<[u8; 32]>>);

impl SealedTexts {
    /// With keys of their own from a ring: the primary one seals, all of them open.
    pub(crate) fn new(ring: &KeyRing, purpose: Purpose) -> Self {
        let keys = ring.derive(purpose);
        Self(keys.into_iter().map(|(_, key)| key).collect())
    }

    /// The text of a value, safe in a URL.
    pub(crate) fn seal(&self, value: &impl Serialize) -> String {
        let mut bytes = serde_json::to_vec(value).expect("texts and numbers are JSON");
        let tag = self.mac(0, &bytes).finalize().into_bytes();
        bytes.extend_from_slice(&tag);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The value of a text; `None` when it is not ours or was altered.
    pub(crate) fn open<T: DeserializeOwned>(&self, text: &str) -> Option<T> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (body, tag) = bytes.split_at_checked(bytes.len().checked_sub(TAG_LEN)?)?;
        let is_ours = (0..self.0.len()).any(|key| self.mac(key, body).verify_slice(tag).is_ok());
        match is_ours {
            true => serde_json::from_slice(body).ok(),
            false => None,
        }
    }

    fn mac(&self, key: usize, body: &[u8]) -> Hmac<Sha256> {
        let key = self.0[key].expose();
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
        mac.update(body);
        mac
    }
}
