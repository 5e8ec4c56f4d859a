//! Ids of our own objects: a prefix that says the kind, then 26 characters that say nothing to a
//! client. They sort by creation time, so that lists page by id alone.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Clock, Error, Random, Result, Timestamp};

/// Crockford's base 32: no letter that can be mistaken for a digit.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The longest id we accept behind its prefix; ours have 26 characters.
const MAX_BODY: usize = 64;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident $prefix:literal $what:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Box<str>);

        impl $name {
            /// The kind's prefix, underscore included.
            pub const PREFIX: &'static str = $prefix;

            /// A new id, unique by 80 random bits within its millisecond.
            pub fn generate(clock: &dyn Clock, random: &dyn Random) -> Self {
                Self(generate($prefix, clock, random))
            }

            /// Accepts the kind's prefix followed by 1 to 64 letters and digits.
            ///
            /// # Errors
            /// `INVALID_REQUEST` for anything else; whether the object exists is another question.
            pub fn parse(text: &str) -> Result<Self> {
                match text.strip_prefix($prefix) {
                    Some(body) if is_body(body) => Ok(Self(text.into())),
                    _ => Err(Error::invalid_request(concat!("This is not a ", $what, " id (", $prefix, "...)."))),
                }
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                Self::parse(&text).map_err(|error| serde::de::Error::custom(error.message()))
            }
        }

        #[cfg(feature = "schemars")]
        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let pattern = concat!("^", $prefix, "[0-9A-Za-z]{1,64}$");
                schemars::json_schema!({"type": "string", "pattern": pattern})
            }
        }
    )*};
}

ids! {
    /// A developer or a customer company.
    TenantId "tenant_" "tenant";
    /// A developer app.
    ClientId "client_" "client";
    /// A client secret's record (not the secret).
    SecretId "secret_" "client secret";
    /// A customer's consent for a client.
    AuthorizationId "authz_" "authorization";
    /// An authorization's share for one connection.
    GrantId "grant_" "grant";
    /// A linked provider account.
    ConnectionId "conn_" "connection";
    /// A flow that links a provider account.
    FlowId "flow_" "flow";
    /// An issued access token's record (not the token).
    TokenId "atk_" "access token";
    /// A signed-up person.
    UserId "user_" "user";
    /// A session's record (not the session token).
    SessionId "sess_" "session";
    /// An event subscription.
    SubscriptionId "sub_" "subscription";
    /// A delivered event.
    EventId "evt_" "event";
    /// A usage log row.
    LogId "log_" "usage log";
    /// A security audit row.
    AuditId "audit_" "audit";
    /// One request to the gateway.
    RequestId "gf_req_" "request";
}

impl RequestId {
    /// When the request came, as the id says; `None` for an id that is not of our making.
    #[must_use]
    pub fn made_at(&self) -> Option<Timestamp> {
        let bits = to_bits(self.0.strip_prefix(Self::PREFIX)?)?;
        let millis = i64::try_from(bits >> 80).ok()?;
        Some(Timestamp::from_millis(millis))
    }
}

fn is_body(body: &str) -> bool {
    (1..=MAX_BODY).contains(&body.len()) && body.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// How many characters stand behind the prefix of an id that we made.
const BODY: usize = 26;

/// The 128 bits of an id that we made, from what stands behind its prefix; `None` for any other.
pub(crate) fn to_bits(body: &str) -> Option<u128> {
    // Two bits of the first character are more than there are.
    if body.len() != BODY || !body.starts_with(|first: char| ('0'..='7').contains(&first)) {
        return None;
    }
    body.bytes().try_fold(0u128, |bits, byte| {
        let digit = ALPHABET.iter().position(|letter| *letter == byte)?;
        Some(bits << 5 | digit as u128)
    })
}

/// What stands behind the prefix of an id of those bits.
pub(crate) fn from_bits(mut bits: u128) -> String {
    let mut text = [0u8; BODY];
    for slot in text.iter_mut().rev() {
        *slot = ALPHABET[(bits & 31) as usize];
        bits >>= 5;
    }
    text.iter().map(|&byte| char::from(byte)).collect()
}

fn generate(prefix: &str, clock: &dyn Clock, random: &dyn Random) -> Box<str> {
    let mut entropy = [0u8; 16];
    random.fill(&mut entropy[6..]);
    // 48 bits of milliseconds first: later ids are greater.
    let millis = u64::try_from(clock.now().as_millis()).unwrap_or(0);
    entropy[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
    format!("{prefix}{}", from_bits(u128::from_be_bytes(entropy))).into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{FixedClock, SeededRandom, Timestamp};

    #[test]
    fn later_ids_are_greater() {
        let clock = FixedClock::at(Timestamp::from_millis(1_800_000_000_000));
        let random = SeededRandom::new(1);
        let mut last = TenantId::generate(&clock, &random);
        for _ in 0..100 {
            clock.advance_millis(1);
            let next = TenantId::generate(&clock, &random);
            assert!(next > last, "{next} after {last}");
            last = next;
        }
    }

    #[test]
    fn an_id_of_another_kind_is_refused() {
        assert!(TenantId::parse("client_123").is_err());
        assert!(TenantId::parse("tenant_").is_err());
        assert!(TenantId::parse("tenant_a b").is_err());
        assert!(TenantId::parse("tenant_123").is_ok());
    }

    proptest! {
        #[test]
        fn generated_ids_parse(seed: u64) {
            let id = RequestId::generate(&FixedClock::at(Timestamp::from_millis(0)), &SeededRandom::new(seed));
            prop_assert_eq!(id.made_at(), Some(Timestamp::from_millis(0)));
            prop_assert_eq!(RequestId::parse(id.as_str()).unwrap(), id);
        }

        #[test]
        fn only_the_grammar_is_accepted(text in "\\PC{0,80}") {
            let valid = text.strip_prefix("tenant_").is_some_and(|body| {
                (1..=64).contains(&body.len()) && body.chars().all(|c| c.is_ascii_alphanumeric())
            });
            prop_assert_eq!(TenantId::parse(&text).is_ok(), valid);
        }

        #[test]
        fn any_body_of_letters_and_digits_is_accepted(body in "[0-9A-Za-z]{1,64}") {
            let text = format!("tenant_{body}");
            prop_assert!(TenantId::parse(&text).is_ok());
        }
    }
}
