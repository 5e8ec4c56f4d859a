//! One page of a collection: how much is asked ([`Limit`]), where it starts ([`Position`]) and
//! what came back ([`Page`]). Sealing a position for a client is the cursor module's business.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Code, Error, Result};

/// Largest number of items of a page: 1 to 100, 25 by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(u8);

impl Limit {
    /// The largest page, 100 rows.
    pub const MAX: Self = Self(100);
    /// The page size when the client names none.
    pub const DEFAULT: Self = Self(25);

    /// A limit in range.
    ///
    /// # Errors
    /// `INVALID_LIMIT` outside 1..=100.
    pub fn new(limit: u32) -> Result<Self> {
        match u8::try_from(limit) {
            Ok(limit @ 1..=100) => Ok(Self(limit)),
            _ => Err(Self::refusal()),
        }
    }

    /// Parses what a client sent: decimal digits only.
    ///
    /// # Errors
    /// `INVALID_LIMIT` for anything but an integer from 1 to 100.
    pub fn parse(text: &str) -> Result<Self> {
        if text.is_empty() || text.len() > 3 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Self::refusal());
        }
        Self::new(text.parse().map_err(|_| Self::refusal())?)
    }

    /// The limit as a number.
    #[must_use]
    pub const fn get(self) -> usize {
        self.0 as usize
    }

    /// The limit in one byte, as cursors hold it.
    #[must_use]
    pub const fn as_u8(self) -> u8 {
        self.0
    }

    fn refusal() -> Error {
        Error::new(
            Code::InvalidLimit,
            "`limit` must be an integer from 1 to 100.",
        )
    }
}

impl Serialize for Limit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.0)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let limit = u32::deserialize(deserializer)?;
        Self::new(limit).map_err(|error| serde::de::Error::custom(error.message()))
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Where a page starts, in the upstream's own terms: a short list of typed fields. What the fields
/// mean is the adapter's secret; they are never a URL and never spliced into one unparsed (CU-5).
///
/// Kept as the bytes that a cursor carries: a kind, a length or value in LEB128, the content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position(pub(crate) Vec<u8>);

const NUMBER: u8 = 0;
const TEXT: u8 = 1;
const OBJECT: u8 = 2;

impl Position {
    /// A position without fields.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Appends a number to the fields.
    #[must_use]
    pub fn number(mut self, value: u64) -> Self {
        self.0.push(NUMBER);
        self.leb128(value);
        self
    }

    /// Appends a text to the fields.
    #[must_use]
    pub fn text(self, value: impl AsRef<str>) -> Self {
        self.bytes(TEXT, value.as_ref().as_bytes())
    }

    /// Appends the raw bytes of an object name: 20, or 32 in a SHA-256 repository.
    #[must_use]
    pub fn object(self, bytes: impl AsRef<[u8]>) -> Self {
        self.bytes(OBJECT, bytes.as_ref())
    }

    /// Appends the fields of another position.
    #[must_use]
    pub fn then(mut self, other: &Self) -> Self {
        self.0.extend_from_slice(&other.0);
        self
    }

    /// Reads the fields back, in the order they were appended.
    #[must_use]
    pub fn fields(&self) -> PositionFields<'_> {
        PositionFields(&self.0)
    }

    /// The fields as a cursor carries them: equal for equal fields alone.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn bytes(mut self, kind: u8, bytes: &[u8]) -> Self {
        self.0.push(kind);
        self.leb128(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    /// Seven bits a byte, lowest first.
    fn leb128(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

/// Takes the fields of a [`Position`] apart, front to back. An authentic position is still
/// untrusted: a field of another kind, or bytes that are no field, are `INVALID_CURSOR`.
#[derive(Clone, Debug)]
pub struct PositionFields<'a>(&'a [u8]);

impl<'a> PositionFields<'a> {
    /// The next field, a number.
    ///
    /// # Errors
    /// `INVALID_CURSOR` when it is of another kind or absent; so for all fields.
    pub fn number(&mut self) -> Result<u64> {
        self.kind(NUMBER)?;
        self.leb128()
    }

    /// The next field, a text.
    ///
    /// # Errors
    /// `INVALID_CURSOR`.
    pub fn text(&mut self) -> Result<&'a str> {
        std::str::from_utf8(self.content(TEXT)?)
            .map_err(|_| Error::invalid_cursor("position text is not UTF-8"))
    }

    /// The next field, an object name's bytes.
    ///
    /// # Errors
    /// `INVALID_CURSOR`.
    pub fn object(&mut self) -> Result<&'a [u8]> {
        self.content(OBJECT)
    }

    /// Whether any field is left.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// `INVALID_CURSOR` when fields are left over.
    pub fn end(self) -> Result<()> {
        if self.is_empty() {
            Ok(())
        } else {
            Err(Error::invalid_cursor("position has fields left over"))
        }
    }

    /// The fields that are left, as a position of their own.
    #[must_use]
    pub fn rest(self) -> Position {
        Position(self.0.to_vec())
    }

    fn content(&mut self, kind: u8) -> Result<&'a [u8]> {
        self.kind(kind)?;
        let len = usize::try_from(self.leb128()?).unwrap_or(usize::MAX);
        self.take(len)
    }

    fn kind(&mut self, kind: u8) -> Result<()> {
        if self.take(1)? == [kind] {
            Ok(())
        } else {
            Err(Error::invalid_cursor("position field of another kind"))
        }
    }

    fn leb128(&mut self) -> Result<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.take(1)?[0];
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                break;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Error::invalid_cursor("position number out of range"))
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self
            .0
            .split_at_checked(len)
            .ok_or_else(|| Error::invalid_cursor("position ends early"))?;
        self.0 = rest;
        Ok(taken)
    }
}

/// What an adapter is asked for: at most `limit` items, from `position` on (the start when `None`).
#[derive(Clone, Debug, Default)]
pub struct PageRequest {
    /// The most items that may come back.
    pub limit: Limit,
    /// Position to continue from: an earlier page's [`Page::next`]. `None` for the first page.
    pub position: Option<Position>,
}

impl PageRequest {
    /// Asks for the first page.
    #[must_use]
    pub const fn first(limit: Limit) -> Self {
        Self {
            limit,
            position: None,
        }
    }
}

/// One upstream page: at most one upstream list call, in the upstream's order.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The items; may be fewer than asked for, or none, with more to come.
    pub items: Vec<T>,
    /// Position of the next page; `None` when this page is the last, and only then.
    pub next: Option<Position>,
    /// What is missing from the items, such as a source that the credential may not read. The page
    /// counts as answered all the same.
    pub errors: Vec<Error>,
}

impl<T> Page<T> {
    /// A page, and where the next one starts if there is one.
    #[must_use]
    pub const fn new(items: Vec<T>, next: Option<Position>) -> Self {
        Self {
            items,
            next,
            errors: Vec::new(),
        }
    }

    /// A page that is the last one.
    #[must_use]
    pub const fn last(items: Vec<T>) -> Self {
        Self::new(items, None)
    }

    /// The same page of other items.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(f).collect(),
            next: self.next,
            errors: self.errors,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_an_integer_from_1_to_100() {
        for (text, expected) in [
            ("1", Some(1)),
            ("25", Some(25)),
            ("100", Some(100)),
            ("007", Some(7)),
        ] {
            assert_eq!(Limit::parse(text).ok().map(Limit::get), expected, "{text}");
        }
        for text in [
            "",
            "0",
            "101",
            "-1",
            "+1",
            "1.0",
            "x",
            " 1",
            "1e1",
            "99999999999999999999",
            "١",
        ] {
            assert_eq!(
                Limit::parse(text).unwrap_err().code(),
                Code::InvalidLimit,
                "{text}"
            );
        }
    }

    #[test]
    fn position_fields_come_back_in_order_and_kind() {
        let position = Position::new().number(7).text("main").object([1u8; 20]);
        let mut fields = position.fields();
        assert_eq!(fields.number().unwrap(), 7);
        assert_eq!(fields.text().unwrap(), "main");
        assert_eq!(fields.object().unwrap(), [1u8; 20]);
        fields.end().unwrap();
        assert_eq!(
            position.fields().text().unwrap_err().code(),
            Code::InvalidCursor
        );
        assert_eq!(
            position.fields().end().unwrap_err().code(),
            Code::InvalidCursor
        );
    }
}
