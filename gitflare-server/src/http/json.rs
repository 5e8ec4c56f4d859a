//! Request bodies as JSON, read strictly: one object, no member twice at any depth, at most 32
//! levels deep (HT-5). Members are taken out by name and type; unknown members are ignored.

use std::fmt;

use gitflare_core::{Error, Result};
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

const MAX_DEPTH: usize = 32;

/// The members of a request's object that are not read yet.
#[derive(Debug)]
pub(super) struct Members(Map<String, Value>);

impl Members {
    /// Parses a body that must be one JSON object.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self> {
        let mut deserializer = serde_json::Deserializer::from_slice(bytes);
        let value = Strict { depth: MAX_DEPTH }
            .deserialize(&mut deserializer)
            .and_then(|value| deserializer.end().map(|()| value))
            .map_err(|error| refusal(&error))?;
        match value {
            Value::Object(members) => Ok(Self(members)),
            _ => Err(Error::invalid_request("The body must be a JSON object.")),
        }
    }

    /// A member of any type; `null` counts as absent.
    pub(super) fn value(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|value| !value.is_null())
    }

    /// A text that may be absent.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>> {
        self.value(name).map(|value| text(name, value)).transpose()
    }

    /// A text that must be there.
    pub(super) fn required_text(&mut self, name: &str) -> Result<String> {
        self.text(name)?.ok_or_else(|| missing(name))
    }

    /// A truth value that may be absent.
    pub(super) fn flag(&mut self, name: &str) -> Result<Option<bool>> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(Error::invalid_request(format!(
                "`{name}` must be `true` or `false`."
            ))),
        }
    }

    /// A list of texts that may be absent.
    pub(super) fn texts(&mut self, name: &str) -> Result<Option<Vec<String>>> {
        self.value(name).map(|value| texts(name, value)).transpose()
    }

    /// A list of texts that must be there.
    pub(super) fn required_texts(&mut self, name: &str) -> Result<Vec<String>> {
        self.texts(name)?.ok_or_else(|| missing(name))
    }
}

/// A member's value as a list of texts.
pub(super) fn texts(name: &str, value: Value) -> Result<Vec<String>> {
    let Value::Array(items) = value else {
        return Err(Error::invalid_request(format!(
            "`{name}` must be a list of strings."
        )));
    };
    items
        .into_iter()
        .enumerate()
        .map(|(index, item)| text(&format!("{name}[{index}]"), item))
        .collect()
}

/// The refusal of a body without that member.
pub(super) fn missing(name: &str) -> Error {
    Error::invalid_request(format!("`{name}` is missing."))
}

fn text(path: &str, value: Value) -> Result<String> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err(Error::invalid_request(format!(
            "`{path}` must be a string."
        ))),
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
        Members::parse(body.as_bytes())
            .unwrap_err()
            .message()
            .to_owned()
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
        assert!(Members::parse(br#"{"a":{"b":1},"b":{"a":1}}"#).is_ok());
    }

    #[test]
    fn a_body_is_at_most_32_levels_deep() {
        // sec: HT-5
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(Members::parse(nested(30).as_bytes()).is_ok());
        assert!(Members::parse(nested(31).as_bytes()).is_ok());
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

    #[test]
    fn a_wrong_type_names_the_path_of_its_member() {
        let mut members =
            Members::parse(br#"{"name":1,"uris":["a",{}],"on":"yes","none":null,"list":"x"}"#)
                .unwrap();
        let of = |result: Result<()>| result.unwrap_err().message().to_owned();
        assert_eq!(
            of(members.text("name").map(drop)),
            "`name` must be a string."
        );
        assert_eq!(
            of(members.texts("uris").map(drop)),
            "`uris[1]` must be a string."
        );
        assert_eq!(
            of(members.flag("on").map(drop)),
            "`on` must be `true` or `false`."
        );
        assert_eq!(
            of(members.texts("list").map(drop)),
            "`list` must be a list of strings."
        );
        assert_eq!(
            of(members.required_text("none").map(drop)),
            "`none` is missing."
        );
        assert_eq!(members.text("absent").unwrap(), None);
    }
}
