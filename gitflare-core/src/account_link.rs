//! One-time links that an operator hands out: to make an account, or to choose a new password. They
//! are sealed and not stored, so that a command line without a server can make one. What ends a link
//! after its use is the account itself: its address is taken, its password is another one.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    Error, Result, Secret, Timestamp, UserId,
    keys::{KeyRing, Purpose},
    sealed_text::SealedTexts,
    storage::PasswordHash,
};

/// Bytes of a password's hash that a link names it by.
const FINGERPRINT_LEN: usize = 16;
/// The longest e-mail address that mail can be sent to (RFC 5321).
const MAX_EMAIL: usize = 254;
/// The longest link that is read, in characters.
const MAX_LEN: usize = 1024;

/// How long an invitation is good for.
pub const INVITATION_LIFETIME: Duration = Duration::from_secs(7 * 24 * 3600);

/// How long a link for a new password is good for.
pub const RESET_LIFETIME: Duration = Duration::from_secs(3600);

/// What a link allows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "for", rename_all = "camelCase")]
#[non_exhaustive]
pub enum AccountLink {
    /// To make an account.
    SignUp {
        /// The one address it is for, in the form that is stored; `None` for the first account of a
        /// gateway that has none.
        email: Option<String>,
    },
    /// To choose a new password.
    Reset {
        /// Whose.
        user: UserId,
        /// The fingerprint of the password that is replaced.
        replaces: String,
    },
}

/// An address in the one form that is stored. Whether mail arrives there is not asked.
///
/// # Errors
/// `INVALID_REQUEST` naming `email` when it is none.
pub fn email_address(text: &str) -> Result<String> {
    let email = text.trim().to_lowercase();
    let is_plain = email
        .chars()
        .all(|c| !c.is_control() && !c.is_whitespace() && !matches!(c, '<' | '>' | '"' | ','));
    let is_address = email.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && !domain.contains('@')
            && domain.contains('.')
            && domain.split('.').all(|label| !label.is_empty())
    });
    if email.len() > MAX_EMAIL || !is_plain || !is_address {
        return Err(Error::invalid_request(
            "`email` must be an e-mail address of at most 254 bytes.",
        ));
    }
    Ok(email)
}

/// A link and its end.
#[derive(Debug, Serialize, Deserialize)]
struct Sealed {
    link: AccountLink,
    /// Milliseconds since 1970.
    until: i64,
}

impl AccountLink {
    /// To make an account with this address alone.
    ///
    /// # Errors
    /// `INVALID_REQUEST` when it is no e-mail address.
    pub fn invitation(email: &str) -> Result<Self> {
        Ok(Self::SignUp {
            email: Some(email_address(email)?),
        })
    }

    /// To replace a password that has this hash.
    #[must_use]
    pub fn reset(user: UserId, password: &PasswordHash) -> Self {
        Self::Reset {
            user,
            replaces: fingerprint(password),
        }
    }

    /// Whether it replaces the password of this hash.
    #[must_use]
    pub fn replaces(&self, password: &PasswordHash) -> bool {
        matches!(self, Self::Reset { replaces, .. } if *replaces == fingerprint(password))
    }
}

fn fingerprint(password: &PasswordHash) -> String {
    let digest = Sha256::digest(password.as_str());
    URL_SAFE_NO_PAD.encode(&digest[..FINGERPRINT_LEN])
}

/// Seals links and opens them again.
#[derive(Clone, Debug)]
pub struct AccountLinks(SealedTexts);

impl AccountLinks {
    /// With keys of their own from a ring: the primary one seals, all of them open.
    #[must_use]
    pub fn new(ring: &KeyRing) -> Self {
        Self(SealedTexts::new(ring, Purpose::AccountLink))
    }

    /// The text of a link that ends at `until`: safe in a URL, a secret until then.
    #[must_use]
    pub fn seal(&self, link: &AccountLink, until: Timestamp) -> Secret<String> {
        Secret::new(self.0.seal(&Sealed {
            link: link.clone(),
            until: until.as_millis(),
        }))
    }

    /// The link of a text; `None` when it is not ours, was altered, or has ended.
    #[must_use]
    pub fn open(&self, text: &str, now: Timestamp) -> Option<AccountLink> {
        if text.len() > MAX_LEN {
            return None;
        }
        let sealed: Sealed = self.0.open(text)?;
        (now.as_millis() < sealed.until).then_some(sealed.link)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::MasterKey;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn ring(id: u8) -> KeyRing {
        let bytes: Vec<u8> = (0..32).map(|number| number ^ id).collect();
        KeyRing::new(MasterKey::new(id, Secret::new(bytes)).unwrap(), Vec::new())
    }

    #[test]
    fn a_link_opens_until_it_ends_and_only_unaltered() {
        // sec: KY-3
        let links = AccountLinks::new(&ring(1));
        let link = AccountLink::SignUp {
            email: Some("ada@mail.example".into()),
        };
        let until = Timestamp::from_millis(NOW.as_millis() + 1000);
        let text = links.seal(&link, until);
        let text = text.expose();
        assert_eq!(links.open(text, NOW), Some(link));
        assert_eq!(links.open(text, until), None, "it has ended");
        assert_eq!(AccountLinks::new(&ring(2)).open(text, NOW), None);
        for at in 0..text.len() {
            let other = if text.as_bytes()[at] == b'A' {
                "B"
            } else {
                "A"
            };
            let mut altered = text.clone();
            altered.replace_range(at..=at, other);
            assert_eq!(links.open(&altered, NOW), None, "{at}");
        }
        for text in ["", "A", "é", &"A".repeat(2000)] {
            assert_eq!(links.open(text, NOW), None);
        }
    }

    #[test]
    fn a_reset_is_for_one_password() {
        let user = UserId::parse("user_1").unwrap();
        let (old, new) = (PasswordHash::new("old"), PasswordHash::new("new"));
        let link = AccountLink::reset(user, &old);
        assert!(link.replaces(&old) && !link.replaces(&new));
    }

    #[test]
    fn an_address_has_one_form() {
        for (text, expected) in [
            (" Ada@Mail.Example ", Some("ada@mail.example")),
            ("a+b@x.y", Some("a+b@x.y")),
            ("ada", None),
            ("@x.y", None),
            ("a@b@x.y", None),
            ("a@xy", None),
            ("a@x..y", None),
            ("a b@x.y", None),
            ("a\n@x.y", None),
            ("", None),
        ] {
            assert_eq!(email_address(text).ok().as_deref(), expected, "{text}");
        }
        assert!(email_address(&format!("{}@x.example", "a".repeat(250))).is_err());
    }
}
