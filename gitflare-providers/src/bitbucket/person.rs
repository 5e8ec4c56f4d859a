//! People as Git knows them, with the account that Bitbucket found for their address.

use gitflare_core::{Timestamp, model::Signature};
use serde::Deserialize;

use super::profile::WireUser;

/// A person as Git knows them, with the account that Bitbucket found for the address.
#[derive(Debug, Deserialize)]
pub(super) struct WirePerson {
    pub(super) raw: Option<String>,
    user: Option<WireUser>,
}

impl WirePerson {
    /// The signature of a commit, with the time that is sent beside it.
    pub(super) fn into_signature(self, date: Option<Timestamp>) -> Signature {
        let (name, email) = self.raw.map_or((None, None), |raw| name_and_email(&raw));
        let (login, avatar_url) = match self.user {
            Some(mut user) => (user.nickname.take(), user.avatar_url()),
            None => (None, None),
        };
        Signature {
            name,
            email,
            date,
            login,
            avatar_url,
        }
    }
}

/// `Name <mail>`; either may be missing.
pub(super) fn name_and_email(raw: &str) -> (Option<String>, Option<String>) {
    let text = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    match raw.rsplit_once('<') {
        Some((name, rest)) => (text(name), text(rest.split('>').next().unwrap_or_default())),
        None => (text(raw), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_a_name_and_an_address_that_may_be_missing() {
        for (raw, name, email) in [
            (
                "Ann B <ann@mail.example>",
                Some("Ann B"),
                Some("ann@mail.example"),
            ),
            (
                "ann <ann@mail.example",
                Some("ann"),
                Some("ann@mail.example"),
            ),
            ("<ann@mail.example>", None, Some("ann@mail.example")),
            ("Ann B", Some("Ann B"), None),
            ("Ann <>", Some("Ann"), None),
            ("", None, None),
        ] {
            let (got_name, got_email) = name_and_email(raw);
            assert_eq!(
                (got_name.as_deref(), got_email.as_deref()),
                (name, email),
                "{raw}"
            );
        }
    }
}
