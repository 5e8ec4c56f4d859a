//! What a secret becomes: `gf_sha256:` and sixteen hexadecimal digits, keyed per tenant. Twelve
//! digits are the secret's hash, four are a keyed check over those twelve, so that only who holds
//! the key can write a tag that is left alone; 48 bits still tell the secrets of a tenant apart.
//! Secrets under eight bytes all become sixteen zeros: their hash could be tried out.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What every tag begins with.
pub const TAG_PREFIX: &str = "gf_sha256:";

/// The letters of the prefix, which a matcher may take for a part of something else.
pub(crate) const TAG_NAME: &[u8] = TAG_PREFIX.as_bytes().split_at(TAG_PREFIX.len() - 1).0;

/// Bytes of a tag.
pub(crate) const TAG_LEN: usize = TAG_PREFIX.len() + DIGITS;

const DIGITS: usize = 16;
const HASH_DIGITS: usize = 12;
/// A secret shorter than this becomes zeros.
const HASHED_FROM: usize = 8;
const ZEROS: &[u8; DIGITS] = b"0000000000000000";
const HEX: &[u8; 16] = b"0123456789abcdef";

/// A tag, as bytes.
pub(crate) type Tag = [u8; TAG_LEN];

/// One tenant's key, ready for use: the state after the key block is kept and cloned.
#[derive(Clone)]
pub(crate) struct Tagger {
    values: Hmac<Sha256>,
    checks: Hmac<Sha256>,
}

impl Tagger {
    /// The tagger of a key.
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let derive = |purpose: &[u8]| {
            let mut mac = keyed(key);
            mac.update(purpose);
            keyed(&mac.finalize().into_bytes().into())
        };
        Self {
            values: derive(b"gitflare firewall value"),
            checks: derive(b"gitflare firewall check"),
        }
    }

    /// The tagger of a tenant under the gateway's key.
    pub(crate) fn for_tenant(root: &[u8; 32], tenant: &str) -> Self {
        let mut mac = keyed(root);
        mac.update(tenant.as_bytes());
        Self::new(&mac.finalize().into_bytes().into())
    }

    /// The tag of a secret. Backslashes, line ends and padding around it do not count, so that a
    /// secret has one tag however deeply it is escaped.
    pub(crate) fn tag(&self, secret: &[u8]) -> Tag {
        let mut digits = *ZEROS;
        let mut mac = self.values.clone();
        let mut len = 0;
        let mut rest = secret;
        while let Some(at) = memchr::memchr3(b'\\', b'\r', b'\n', rest) {
            mac.update(&rest[..at]);
            len += at;
            rest = &rest[at + 1..];
        }
        mac.update(rest);
        len += rest.len();
        if len >= HASHED_FROM {
            let hash = mac.finalize().into_bytes();
            write_hex(&hash[..HASH_DIGITS / 2], &mut digits[..HASH_DIGITS]);
            let check = self.check(&digits[..HASH_DIGITS]);
            digits[HASH_DIGITS..].copy_from_slice(&check);
        }
        let mut tag = [0; TAG_LEN];
        tag[..TAG_PREFIX.len()].copy_from_slice(TAG_PREFIX.as_bytes());
        tag[TAG_PREFIX.len()..].copy_from_slice(&digits);
        tag
    }

    /// Whether a tag that this tagger made begins at `at`.
    pub(crate) fn is_tag_at(&self, text: &[u8], at: usize) -> bool {
        let Some(tag) = text.get(at..at + TAG_LEN) else {
            return false;
        };
        let Some(digits) = tag.strip_prefix(TAG_PREFIX.as_bytes()) else {
            return false;
        };
        let (hash, check) = digits.split_at(HASH_DIGITS);
        digits == ZEROS
            || (hash.iter().all(|digit| HEX.contains(digit)) && self.check(hash) == check)
    }

    fn check(&self, digits: &[u8]) -> [u8; DIGITS - HASH_DIGITS] {
        let mut mac = self.checks.clone();
        mac.update(digits);
        let mut check = [0; DIGITS - HASH_DIGITS];
        write_hex(&mac.finalize().into_bytes()[..2], &mut check);
        check
    }
}

impl std::fmt::Debug for Tagger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[key]")
    }
}

fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    // HMAC takes keys of every length; the error type is the trait's.
    Hmac::new_from_slice(key).unwrap_or_else(|_| unreachable!("HMAC refused a key"))
}

fn write_hex(bytes: &[u8], out: &mut [u8]) {
    for (pair, byte) in out.chunks_exact_mut(2).zip(bytes) {
        pair[0] = HEX[usize::from(byte >> 4)];
        pair[1] = HEX[usize::from(byte & 15)];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tagger() -> Tagger {
        Tagger::for_tenant(&[7; 32], "tenant_a")
    }

    #[test]
    fn a_tag_verifies_and_an_altered_one_does_not() {
        let tag = tagger().tag(b"correct horse");
        assert!(tagger().is_tag_at(&tag, 0));
        for index in TAG_PREFIX.len()..TAG_LEN {
            let mut altered = tag;
            altered[index] = if tag[index] == b'0' { b'1' } else { b'0' };
            assert!(!tagger().is_tag_at(&altered, 0), "digit {index}");
        }
        assert!(!Tagger::for_tenant(&[7; 32], "tenant_b").is_tag_at(&tag, 0));
    }

    #[test]
    fn short_secrets_become_zeros() {
        for secret in ["", "1234567", "a\\b\\c"] {
            assert_eq!(
                &tagger().tag(secret.as_bytes())[TAG_PREFIX.len()..],
                ZEROS,
                "{secret}"
            );
        }
        assert_ne!(&tagger().tag(b"12345678")[TAG_PREFIX.len()..], ZEROS);
        assert!(tagger().is_tag_at(b"gf_sha256:0000000000000000", 0));
    }

    #[test]
    fn tenants_do_not_share_hashes() {
        let other = Tagger::for_tenant(&[7; 32], "tenant_b");
        assert_ne!(tagger().tag(b"correct horse"), other.tag(b"correct horse"));
        assert_eq!(
            tagger().tag(b"correct horse"),
            tagger().tag(b"correct horse")
        );
    }

    #[test]
    fn escaping_does_not_change_the_tag() {
        let plain = tagger().tag(br#"pass"word1"#);
        assert_eq!(plain, tagger().tag(br#"pass\"word1"#));
        assert_eq!(plain, tagger().tag(br#"pass\\\"word1"#));
    }
}
