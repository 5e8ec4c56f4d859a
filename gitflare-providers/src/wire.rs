//! Pieces of wire structs that adapters share: ids that become text, moments that may be nonsense,
//! words of closed sets, lists with holes. Reading is lenient where the value may be unknown, never otherwise.

use std::{fmt, marker::PhantomData, vec};

use gitflare_core::{
    Timestamp,
    model::{Actor, Label},
};
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

/// A number that the unified resources write as text; some upstreams write it so themselves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Id(u64);

impl Id {
    /// The number itself.
    pub(crate) const fn number(self) -> u64 {
        self.0
    }
}

impl From<Id> for String {
    fn from(id: Id) -> Self {
        id.0.to_string()
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(IdVisitor)
    }
}

struct IdVisitor;

impl Visitor<'_> for IdVisitor {
    type Value = Id;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_u64<E>(self, number: u64) -> Result<Id, E> {
        Ok(Id(number))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Id, E> {
        // A sign is no digit, though the parser would take one.
        let digits = Some(text).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        let number = digits.and_then(|digits| digits.parse().ok());
        number.map(Id).ok_or_else(|| E::custom("no number"))
    }
}

/// Tells `null`, which was sent, from what was not.
pub(crate) fn sent<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    from: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// Whether a text is a UUID, in either case and without braces.
pub(crate) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// A word of a closed set, looked at and thrown away: kept in place, without an allocation.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Word {
    text: [u8; Self::LONGEST],
    length: u8,
}

impl Word {
    /// Longer than any word that an adapter knows.
    const LONGEST: usize = 31;

    /// The word; empty when it is longer than any that is known.
    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.text[..self.length.into()]).unwrap_or_default()
    }

    /// Whether it is this one, in any letter case.
    pub(crate) fn is(&self, word: &str) -> bool {
        self.as_str().eq_ignore_ascii_case(word)
    }
}

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(WordVisitor)
    }
}

struct WordVisitor;

impl Visitor<'_> for WordVisitor {
    type Value = Word;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a word")
    }

    fn visit_str<E>(self, text: &str) -> Result<Word, E> {
        let mut word = Word::default();
        if let Some(place) = word.text.get_mut(..text.len()) {
            place.copy_from_slice(text.as_bytes());
            word.length = text.len() as u8;
        }
        Ok(word)
    }
}

/// A list. GitHub has answered lists with a `null` among the rows: such a row is nothing, and the
/// others are not lost for it.
#[derive(Debug)]
pub(crate) struct Rows<T>(pub(crate) Vec<T>);

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> IntoIterator for Rows<T> {
    type Item = T;
    type IntoIter = vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Rows<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_seq(RowsVisitor(PhantomData))
    }
}

struct RowsVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for RowsVisitor<T> {
    type Value = Rows<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Self::Value, A::Error> {
        let mut all = Vec::new();
        while let Some(row) = rows.next_element::<Option<T>>()? {
            all.extend(row);
        }
        Ok(Rows(all))
    }
}

/// A moment, for `#[serde(default, deserialize_with = "wire::moment")]`; one that cannot be read
/// is unknown, and so is one without a zone: no upstream says which would be meant. Some events write `2025-03-01 08:00:00 UTC` or `2025-03-01 09:00:00 +0100`, others seconds
/// since 1970.
pub(crate) fn moment<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
    from.deserialize_any(MomentVisitor)
}

struct MomentVisitor;

impl<'de> Visitor<'de> for MomentVisitor {
    type Value = Option<Timestamp>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a moment")
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Timestamp::parse(text).or_else(|| {
            let (moment, zone) = text.rsplit_once(' ')?;
            let moment = moment.replacen(' ', "T", 1);
            match zone.split_at_checked(3) {
                Some(("UTC", "")) => Timestamp::parse(&format!("{moment}Z")),
                Some((hours, minutes)) => Timestamp::parse(&format!("{moment}{hours}:{minutes}")),
                None => None,
            }
        }))
    }

    fn visit_i64<E>(self, seconds: i64) -> Result<Self::Value, E> {
        Ok(Timestamp::from_seconds(seconds))
    }

    fn visit_u64<E>(self, seconds: u64) -> Result<Self::Value, E> {
        Ok(seconds.try_into().ok().and_then(Timestamp::from_seconds))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

/// A colour as six hexadecimal digits, whatever stands in front of them; `None` for any other form.
pub(crate) fn color(text: Option<String>) -> Option<String> {
    let text = text?;
    let digits = text.strip_prefix('#').unwrap_or(&text);
    let is_color = digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_color.then(|| digits.to_owned())
}

/// A label as GitHub and GitLab have it.
#[derive(Debug, Deserialize)]
pub(crate) struct WireLabel {
    id: Option<Id>,
    name: Option<String>,
    color: Option<String>,
    description: Option<String>,
}

impl From<WireLabel> for Label {
    fn from(wire: WireLabel) -> Self {
        Self {
            id: wire.id.map(Into::into),
            name: wire.name,
            color: color(wire.color),
            description: wire.description,
        }
    }
}

/// An account that stands for what it did, for `deserialize_with`: one without an id stands for nothing.
pub(crate) fn identified<'de, D, W>(from: D) -> Result<Actor, D::Error>
where
    D: Deserializer<'de>,
    W: Deserialize<'de> + Into<Actor>,
{
    let actor: Actor = W::deserialize(from)?.into();
    match actor.id {
        Some(_) => Ok(actor),
        None => Err(D::Error::custom("an account without an id")),
    }
}

/// A text that upstreams leave empty where they know none.
pub(crate) fn known(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// The same for `deserialize_with`.
pub(crate) fn filled<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Option::deserialize(from).map(known)
}
