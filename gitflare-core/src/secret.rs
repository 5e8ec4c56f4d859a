//! Values that must not be seen ([`Secret`]) and the credentials we issue ([`Credential`]): a
//! scannable prefix, 256 random bits, a checksum. Only a hash of a credential is ever stored.

use std::fmt;

use serde::{Deserialize, Deserializer, Serializer};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use crate::Random;

/// A value that `Debug` does not print and that is wiped when dropped (KY-5).
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Wraps a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for the one place that fills it.
    pub const fn expose_mut(&mut self) -> &mut T {
        &mut self.0
    }

    /// The value, for the one place that needs it.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize + Clone> Clone for Secret<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// A secret can be read from a body; nothing writes one by itself.
impl<'de> Deserialize<'de> for Secret<String> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

impl From<&str> for Secret<String> {
    fn from(value: &str) -> Self {
        Self(value.to_owned())
    }
}

impl From<String> for Secret<String> {
    fn from(value: String) -> Self {
        Self(value)
    }
}

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 62^43 is just above 2^256.
const BODY_LEN: usize = 43;
const CHECK_LEN: usize = 6;
/// How many characters of the body a family has in common: 131 bits, and 125 are left to each.
const FAMILY_LEN: usize = 22;

/// The kinds of credential that we issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialKind {
    /// `sggat_`: reads the unified API.
    AccessToken,
    /// `sggmt_`: reads the same as tools of an agent, and nothing elsewhere.
    ToolToken,
    /// `sggcs_`: authenticates a client.
    ClientSecret,
    /// `sggst_`: a user session as bearer.
    SessionToken,
    /// `sggac_`: an authorization code.
    AuthorizationCode,
    /// `sggmc_`: an authorization code for a token of tools.
    ToolCode,
    /// `sggrt_`: brings a public client its next access token, once.
    RefreshToken,
    /// `sggem_`: signs customer links.
    EmbedSecret,
    /// `sggls_`: the state that a provider hands back.
    LinkState,
    /// `sgglb_`: tells the browser that started a link flow.
    LinkBrowser,
    /// `sgglc_`: claims a linked account.
    LinkCompletion,
}

impl CredentialKind {
    /// The prefix by which secret scanners recognise the kind.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::AccessToken => "sggat_",
            Self::ToolToken => "sggmt_",
            Self::ClientSecret => "sggcs_",
            Self::SessionToken => "sggst_",
            Self::AuthorizationCode => "sggac_",
            Self::ToolCode => "sggmc_",
            Self::RefreshToken => "sggrt_",
            Self::EmbedSecret => "sggem_",
            Self::LinkState => "sggls_",
            Self::LinkBrowser => "sgglb_",
            Self::LinkCompletion => "sgglc_",
        }
    }
}

/// A freshly issued credential, to be shown once.
#[derive(Clone, Debug)]
pub struct Credential(Secret<String>);

impl Credential {
    /// A new credential: prefix, 256 random bits as 43 base-62 characters, CRC-32 over all of that
    /// as 6 more.
    #[must_use]
    pub fn generate(kind: CredentialKind, random: &dyn Random) -> Self {
        Self::behind(String::from(kind.prefix()), 0, random)
    }

    /// The credential that takes the place of one that was presented: the same first 22 characters
    /// behind the prefix (131 bits), which tell the family, and 21 new ones.
    #[must_use]
    pub fn successor(presented: &PresentedMember<'_>, random: &dyn Random) -> Self {
        Self::behind(presented.family_text().to_owned(), FAMILY_LEN, random)
    }

    /// Adds the characters of a new body, but the first few, and the checksum.
    fn behind(mut text: String, skipped: usize, random: &dyn Random) -> Self {
        let mut bits = Secret::new([0u8; 32]);
        random.fill(&mut bits.0);
        text.reserve_exact(BODY_LEN - skipped + CHECK_LEN);
        let body = base62(&mut bits.0);
        text.extend(body[skipped..].iter().map(|&byte| char::from(byte)));
        let check = checksum(text.as_bytes());
        text.extend(check.iter().map(|&byte| char::from(byte)));
        Self(Secret::new(text))
    }

    /// The text, to be handed to its owner.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The SHA-256 that is stored instead of the text.
    #[must_use]
    pub fn hash(&self) -> CredentialHash {
        CredentialHash::of(self.expose())
    }
}

/// A text that has the form of a credential of a kind that comes in families.
#[derive(Clone, Copy)]
pub struct PresentedMember<'a> {
    text: &'a str,
    kind: CredentialKind,
}

impl<'a> PresentedMember<'a> {
    /// The text, if it has the kind's shape and checksum.
    #[must_use]
    pub fn parse(kind: CredentialKind, text: &'a str) -> Option<Self> {
        CredentialHash::of_presented(kind, text)?;
        Some(Self { text, kind })
    }

    /// The hash of what all of its family have in common.
    #[must_use]
    pub fn family(&self) -> CredentialHash {
        CredentialHash::of(self.family_text())
    }

    /// The hash of the whole text.
    #[must_use]
    pub fn hash(&self) -> CredentialHash {
        CredentialHash::of(self.text)
    }

    fn family_text(&self) -> &'a str {
        // Letters and digits alone, as it was parsed.
        &self.text[..self.kind.prefix().len() + FAMILY_LEN]
    }
}

impl fmt::Debug for PresentedMember<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// Writes a credential into the one answer that shows it:
/// `#[serde(serialize_with = "show_once")]`.
pub(crate) fn show_once<S: Serializer>(
    credential: &Credential,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(credential.expose())
}

/// As [`show_once`], for an answer that may have none.
pub(crate) fn show_some_once<S: Serializer>(
    credential: &Option<Credential>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match credential {
        Some(credential) => show_once(credential, serializer),
        None => serializer.serialize_none(),
    }
}

/// The SHA-256 of a credential. With 256 random bits inside, no slower hash is needed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CredentialHash([u8; 32]);

impl CredentialHash {
    /// The hash of a text that has the kind's shape and checksum, `None` for any other: what
    /// cannot be ours costs no storage read (TK-6).
    #[must_use]
    pub fn of_presented(kind: CredentialKind, text: &str) -> Option<Self> {
        let body = text.strip_prefix(kind.prefix())?;
        if body.len() != BODY_LEN + CHECK_LEN
            || !body.bytes().all(|byte| byte.is_ascii_alphanumeric())
        {
            return None;
        }
        let (checked, check) = text.as_bytes().split_at(text.len() - CHECK_LEN);
        (checksum(checked) == check).then(|| Self::of(text))
    }

    /// The hash of any text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// A hash read back from storage.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes to store.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Equality in constant time.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for CredentialHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hash]")
    }
}

/// The number in `bytes` to base 62, zero-padded; `bytes` is used up.
fn base62(bytes: &mut [u8; 32]) -> [u8; BODY_LEN] {
    let mut text = [b'0'; BODY_LEN];
    for slot in text.iter_mut().rev() {
        let mut remainder = 0u32;
        for byte in bytes.iter_mut() {
            let value = remainder << 8 | u32::from(*byte);
            *byte = (value / 62) as u8;
            remainder = value % 62;
        }
        *slot = ALPHABET[remainder as usize];
    }
    text
}

fn checksum(bytes: &[u8]) -> [u8; CHECK_LEN] {
    let mut value = crc32fast::hash(bytes);
    let mut text = [b'0'; CHECK_LEN];
    for slot in text.iter_mut().rev() {
        *slot = ALPHABET[(value % 62) as usize];
        value /= 62;
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::SeededRandom;

    #[test]
    fn debug_prints_no_secret() {
        // sec: KY-5
        let credential = Credential::generate(CredentialKind::AccessToken, &SeededRandom::new(7));
        assert_eq!(format!("{:?}", Secret::from("hunter2")), "[secret]");
        assert!(!format!("{credential:?}").contains(&credential.expose()[6..]));
        assert_eq!(format!("{:?}", credential.hash()), "[hash]");
    }

    #[test]
    fn an_access_token_has_the_published_shape() {
        // sec: TK-6
        let token = Credential::generate(CredentialKind::AccessToken, &SeededRandom::new(1));
        assert!(token.expose().starts_with("sggat_"));
        assert_eq!(token.expose().len(), 6 + 43 + 6);
        assert_eq!(
            CredentialHash::of_presented(CredentialKind::AccessToken, token.expose()),
            Some(token.hash())
        );
        assert_eq!(
            CredentialHash::of_presented(CredentialKind::ClientSecret, token.expose()),
            None
        );
    }

    #[test]
    fn a_successor_is_of_the_same_family_and_another_credential() {
        // sec: MC-3
        let kind = CredentialKind::RefreshToken;
        let first = Credential::generate(kind, &SeededRandom::new(1));
        let presented = PresentedMember::parse(kind, first.expose()).unwrap();
        assert_eq!(presented.hash(), first.hash());
        let second = Credential::successor(&presented, &SeededRandom::new(2));
        let other = PresentedMember::parse(kind, second.expose()).unwrap();
        assert_eq!(other.family(), presented.family());
        assert_ne!(other.hash(), presented.hash());
        assert_eq!(second.expose().len(), first.expose().len());
        assert_eq!(second.expose()[..28], first.expose()[..28]);
        assert_ne!(second.expose()[28..49], first.expose()[28..49]);
        let stranger = Credential::generate(kind, &SeededRandom::new(3));
        let stranger = PresentedMember::parse(kind, stranger.expose()).unwrap();
        assert_ne!(stranger.family(), presented.family());
        assert!(PresentedMember::parse(CredentialKind::ToolToken, first.expose()).is_none());
    }

    #[test]
    fn a_mutated_token_is_refused_before_storage() {
        // sec: TK-6
        let rounds = if std::env::var_os("CI_DRILLS").is_some() {
            1_000_000
        } else {
            100_000
        };
        let random = SeededRandom::new(2);
        let token = Credential::generate(CredentialKind::AccessToken, &random);
        let mut accepted = 0;
        for _ in 0..rounds {
            let mut bytes = token.expose().as_bytes().to_vec();
            let mut dice = [0u8; 3];
            random.fill(&mut dice);
            let at = dice[0] as usize % bytes.len();
            let new = ALPHABET[dice[1] as usize % 62];
            if bytes[at] == new {
                continue;
            }
            bytes[at] = new;
            let text = String::from_utf8(bytes).unwrap();
            accepted += usize::from(
                CredentialHash::of_presented(CredentialKind::AccessToken, &text).is_some(),
            );
        }
        assert_eq!(accepted, 0);
    }

    proptest! {
        #[test]
        fn any_text_is_judged_without_panic(text in "\\PC{0,80}") {
            prop_assert_eq!(CredentialHash::of_presented(CredentialKind::AccessToken, &text), None);
        }
    }
}
