//! Request bodies as Rust values: a strict JSON object, or the fields of an OAuth form, read into
//! the struct that derives `Deserialize`. `null` counts as left out and unknown members are
//! ignored. An error names the path of its member and never repeats a word of the body.

use std::{fmt, vec};

use gitflare_core::{Error, Result};
use serde::{
    Deserializer,
    de::{
        self, DeserializeOwned, DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess, Visitor,
    },
    forward_to_deserialize_any,
};
use serde_json::{Map, Value, map};

/// Reads an object's members.
///
/// # Errors
/// `INVALID_REQUEST` naming the member that is missing or has another type.
pub(super) fn from_members<T: DeserializeOwned>(members: Map<String, Value>) -> Result<T> {
    T::deserialize(Member(Value::Object(members))).map_err(Mismatch::into_error)
}

/// Reads the fields of a form. One without a value counts as left out (RFC 6749, section 3.2).
///
/// # Errors
/// `INVALID_REQUEST` naming the field that is missing or sent more than once.
pub(super) fn from_form<T: DeserializeOwned>(fields: Vec<(String, String)>) -> Result<T> {
    T::deserialize(Form(fields)).map_err(Mismatch::into_error)
}

/// A fault of a member with its path, which grows from the inside out.
#[derive(Debug)]
struct Mismatch {
    path: String,
    what: String,
}

impl Mismatch {
    fn new(what: impl Into<String>) -> Self {
        Self {
            path: String::new(),
            what: what.into(),
        }
    }

    fn inside(mut self, name: &str) -> Self {
        let joint = match self.path.chars().next() {
            None | Some('[') => "",
            Some(_) => ".",
        };
        self.path = format!("{name}{joint}{}", self.path);
        self
    }

    fn into_error(self) -> Error {
        Error::invalid_request(format!("`{}` {}.", self.path, self.what))
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.path, self.what)
    }
}

impl std::error::Error for Mismatch {}

/// The value is left out of every message: it may be a secret.
impl de::Error for Mismatch {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    fn invalid_type(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::new(format!("must be {expected}"))
    }

    fn invalid_value(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::new(format!("must be {expected}"))
    }

    fn invalid_length(_: usize, expected: &dyn de::Expected) -> Self {
        Self::new(format!("must be {expected}"))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new("is missing").inside(field)
    }
}

/// The value of a member.
struct Member(Value);

impl<'de> Deserializer<'de> for Member {
    type Error = Mismatch;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Number(value) => match (value.as_u64(), value.as_i64()) {
                (Some(value), _) => visitor.visit_u64(value),
                (None, Some(value)) => visitor.visit_i64(value),
                (None, None) => visitor.visit_f64(value.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(value) => visitor.visit_string(value),
            Value::Array(items) => visitor.visit_seq(Items {
                rest: items.into_iter(),
                index: 0,
            }),
            Value::Object(members) => visitor.visit_map(Members {
                rest: members.into_iter(),
                value: None,
            }),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_some(self)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.deserialize_string(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.0 {
            Value::String(text) => visitor.visit_string(text),
            _ => Err(Mismatch::new("must be a string")),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.0 {
            Value::Bool(value) => visitor.visit_bool(value),
            _ => Err(Mismatch::new("must be `true` or `false`")),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.0 {
            Value::Array(_) => self.deserialize_any(visitor),
            // Every list that a request holds is one of strings.
            _ => Err(Mismatch::new("must be a list of strings")),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

/// The members of an object; those that are `null` are passed over.
struct Members {
    rest: map::IntoIter,
    value: Option<(String, Value)>,
}

impl<'de> MapAccess<'de> for Members {
    type Error = Mismatch;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Mismatch> {
        self.value = self.rest.find(|(_, value)| !value.is_null());
        match &self.value {
            None => Ok(None),
            Some((name, _)) => seed
                .deserialize(name.as_str().into_deserializer())
                .map(Some),
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Mismatch> {
        let (name, value) = self
            .value
            .take()
            .ok_or_else(|| Mismatch::new("was read before its name"))?;
        seed.deserialize(Member(value))
            .map_err(|mismatch| mismatch.inside(&name))
    }
}

/// The items of a list.
struct Items {
    rest: vec::IntoIter<Value>,
    index: usize,
}

impl<'de> SeqAccess<'de> for Items {
    type Error = Mismatch;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Mismatch> {
        let Some(item) = self.rest.next() else {
            return Ok(None);
        };
        let at = self.index;
        self.index += 1;
        seed.deserialize(Member(item))
            .map(Some)
            .map_err(|mismatch| mismatch.inside(&format!("[{at}]")))
    }
}

/// The fields of a form, of which only a struct can be read: it says which fields it knows.
struct Form(Vec<(String, String)>);

impl<'de> Deserializer<'de> for Form {
    type Error = Mismatch;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Mismatch> {
        Err(Mismatch::new("is not a field of a form"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        let mut members = Map::new();
        for (name, value) in self.0 {
            if !fields.contains(&name.as_str()) {
                continue;
            }
            if members.contains_key(&name) {
                return Err(Mismatch::new("must be sent once").inside(&name));
            }
            let value = match value.as_str() {
                "" => Value::Null,
                _ => Value::String(value),
            };
            members.insert(name, value);
        }
        Member(Value::Object(members)).deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use gitflare_core::Secret;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Wanted {
        name: String,
        redirect_uris: Option<Vec<String>>,
        on: Option<bool>,
        secret: Option<Secret<String>>,
    }

    fn read(body: Value) -> Result<Wanted> {
        match body {
            Value::Object(members) => from_members(members),
            other => unreachable!("{other}"),
        }
    }

    fn refusal(body: Value) -> String {
        read(body).unwrap_err().message().to_owned()
    }

    #[test]
    fn a_wrong_type_names_the_path_of_its_member_and_repeats_nothing() {
        for (body, message) in [
            (serde_json::json!({"name": 1}), "`name` must be a string."),
            (
                serde_json::json!({"name": ["canary"]}),
                "`name` must be a string.",
            ),
            (
                serde_json::json!({"name": "a", "redirectUris": ["a", {"canary": 1}]}),
                "`redirectUris[1]` must be a string.",
            ),
            (
                serde_json::json!({"name": "a", "redirectUris": "canary"}),
                "`redirectUris` must be a list of strings.",
            ),
            (
                serde_json::json!({"name": "a", "on": "canary"}),
                "`on` must be `true` or `false`.",
            ),
            (
                serde_json::json!({"name": "a", "secret": 7}),
                "`secret` must be a string.",
            ),
            (serde_json::json!({"on": true}), "`name` is missing."),
            (serde_json::json!({"name": null}), "`name` is missing."),
        ] {
            assert_eq!(refusal(body.clone()), message, "{body}");
        }
    }

    #[test]
    fn null_is_absent_and_unknown_members_are_ignored() {
        let body = serde_json::json!({"name": "a", "on": null, "other": {"deep": [1, null]}});
        let wanted = read(body).unwrap();
        assert_eq!(wanted.name, "a");
        assert_eq!(wanted.on, None);
        assert_eq!(wanted.redirect_uris, None);
        assert!(wanted.secret.is_none());
    }

    #[test]
    fn a_form_is_read_by_the_same_struct() {
        let form = |text: &str| {
            let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
            from_form::<Wanted>(pairs.map(|(a, b)| (a.into(), b.into())).collect())
        };
        let wanted = form("name=a&secret=s&x=1&x=2").unwrap();
        assert_eq!(wanted.secret.unwrap().expose(), "s");
        let message = |text: &str| form(text).unwrap_err().message().to_owned();
        assert_eq!(message("name=a&name=b"), "`name` must be sent once.");
        assert_eq!(message("name="), "`name` is missing.");
        assert_eq!(message("name=a&on=true"), "`on` must be `true` or `false`.");
    }
}
