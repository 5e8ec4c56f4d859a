//! Request bodies as JSON, read strictly: one object, no member twice at any depth, at most 32
//! levels deep (HT-5). Which members there are, and of which types, is the business of [`typed`].

use std::fmt;

use gitflare_core::{Error, Result};
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor,
};
use serde_json::{Map, Value};

use super::typed;

const MAX_DEPTH: usize = 32;

/// Reads a body into the struct of its members.
///
/// # Errors
/// `INVALID_REQUEST`: the body is not one strict JSON object, or a member is missing or of another
/// type; the message names the member's path.
pub(super) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    typed::from_members(object(bytes)?)
}

/// Reads a body's members.
fn object(bytes: &[u8]) -> Result<Map<String, Value>> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { depth: MAX_DEPTH }
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value))
        .map_err(|error| refusal(&error))?;
    match value {
        Value::Object(members) => Ok(members),
        _ => Err(Error::invalid_request("The body must be a JSON object.")),
    }
}

/// Says what is wrong and where, without a word of the body itself.
fn refusal(error: &serde_json::Error) -> Error {
    let what = match error.classify() {
        // The only data errors are this file's own: `Strict` accepts every type.
        serde_json::error::Category::Data => {
            let message = error.to_string();
            if message.starts_with(TOO_DEEP) {
                TOO_DEEP
            } else {
                TWICE
            }
        }
        _ => "is not valid JSON",
    };
    Error::invalid_request(format!(
        "The body {what} (line {}, column {}).",
        error.line(),
        error.column()
    ))
}

const TOO_DEEP: &str = "is nested more than 32 levels deep";
const TWICE: &str = "has an object with the same member twice";

/// Builds a value while checking what serde_json lets pass.
#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: de::Error>(self) -> Result<Self, E> {
        match self.depth.checked_sub(1) {
            Some(depth) => Ok(Self { depth }),
            None => Err(E::custom(TOO_DEEP)),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = Map::new();
        // Names arrive unescaped, so that `a` and `\u0061` are the same member.
        while let Some(name) = members.next_key::<String>()? {
            if object.contains_key(&name) {
                return Err(de::Error::custom(TWICE));
            }
            let value = members.next_value_seed(inner)?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(body: &str) -> String {
        object(body.as_bytes()).unwrap_err().message().to_owned()
    }

    #[test]
    fn a_member_may_stand_once_at_any_depth() {
        // sec: HT-5
        for body in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"x":[{"y":{"b":1,"c":2,"b":3}}]}"#,
        ] {
            assert!(
                message(body).starts_with("The body has an object with the same member twice"),
                "{body}"
            );
        }
        assert!(object(br#"{"a":{"b":1},"b":{"a":1}}"#).is_ok());
    }

    #[test]
    fn a_body_is_at_most_32_levels_deep() {
        // sec: HT-5
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(object(nested(30).as_bytes()).is_ok());
        assert!(object(nested(31).as_bytes()).is_ok());
        assert!(message(&nested(32)).starts_with("The body is nested more than 32 levels deep"));
        assert!(message(&nested(5000)).starts_with("The body is nested"));
    }

    #[test]
    fn what_is_not_one_json_object_is_refused_without_repeating_it() {
        for body in [
            "",
            "canary",
            "{",
            "{\"canary\":}",
            "{} {}",
            "\u{feff}{}",
            "{\"a\":1,}",
        ] {
            let message = message(body);
            assert!(message.starts_with("The body is not valid JSON"), "{body}");
            assert!(!message.contains("canary"), "{message}");
        }
        for body in ["[]", "null", "\"text\"", "1"] {
            assert_eq!(message(body), "The body must be a JSON object.");
        }
    }
}
