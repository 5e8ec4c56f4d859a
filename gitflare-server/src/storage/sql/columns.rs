//! How our types stand in columns: ids as text, times as milliseconds, sets as bits, closed words
//! as words, lists as JSON. A value that none of ours can be is the database's fault and an error.

use gitflare_core::{CredentialHash, Timestamp};

/// A row of either database, read by the number of its columns.
pub(in crate::storage) trait Columns {
    /// The database's own error.
    type Error;

    /// A column that holds none of our values.
    fn corrupt(column: usize) -> Self::Error;

    /// A column of text, or null.
    fn text(&self, column: usize) -> Result<Option<&str>, Self::Error>;

    /// A column of an integer, or null.
    fn number(&self, column: usize) -> Result<Option<i64>, Self::Error>;

    /// A column of bytes, or null.
    fn bytes(&self, column: usize) -> Result<Option<&[u8]>, Self::Error>;

    /// A column of a truth value.
    fn flag(&self, column: usize) -> Result<bool, Self::Error>;
}

/// A column of text or null, parsed.
pub(in crate::storage) fn maybe<R: Columns, T>(
    row: &R,
    column: usize,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, R::Error> {
    row.text(column)?
        .map(|text| parse(text).ok_or_else(|| R::corrupt(column)))
        .transpose()
}

/// A column of text, parsed.
pub(in crate::storage) fn parsed<R: Columns, T>(
    row: &R,
    column: usize,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<T, R::Error> {
    maybe(row, column, parse)?.ok_or_else(|| R::corrupt(column))
}

/// A column of an id.
macro_rules! id {
    ($row:expr, $column:expr, $kind:ty) => {
        $crate::storage::sql::parsed($row, $column, |text| <$kind>::parse(text).ok())
    };
}
pub(in crate::storage) use id;

/// A column of an id or null.
macro_rules! maybe_id {
    ($row:expr, $column:expr, $kind:ty) => {
        $crate::storage::sql::maybe($row, $column, |text| <$kind>::parse(text).ok())
    };
}
pub(in crate::storage) use maybe_id;

/// A column of text.
pub(in crate::storage) fn text<R: Columns>(row: &R, column: usize) -> Result<String, R::Error> {
    parsed(row, column, |text| Some(text.to_owned()))
}

/// A column of text or null.
pub(in crate::storage) fn maybe_text<R: Columns>(
    row: &R,
    column: usize,
) -> Result<Option<String>, R::Error> {
    maybe(row, column, |text| Some(text.to_owned()))
}

/// A column of bytes.
pub(in crate::storage) fn bytes<R: Columns>(row: &R, column: usize) -> Result<Vec<u8>, R::Error> {
    maybe_bytes(row, column)?.ok_or_else(|| R::corrupt(column))
}

/// A column of bytes or null.
pub(in crate::storage) fn maybe_bytes<R: Columns>(
    row: &R,
    column: usize,
) -> Result<Option<Vec<u8>>, R::Error> {
    Ok(row.bytes(column)?.map(<[u8]>::to_vec))
}

/// A column of a credential's hash.
pub(in crate::storage) fn hash<R: Columns>(
    row: &R,
    column: usize,
) -> Result<CredentialHash, R::Error> {
    let bytes = row
        .bytes(column)?
        .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    bytes
        .map(CredentialHash::from_bytes)
        .ok_or_else(|| R::corrupt(column))
}

/// A column of a time.
pub(in crate::storage) fn time<R: Columns>(row: &R, column: usize) -> Result<Timestamp, R::Error> {
    maybe_time(row, column)?.ok_or_else(|| R::corrupt(column))
}

/// A column of a time or null.
pub(in crate::storage) fn maybe_time<R: Columns>(
    row: &R,
    column: usize,
) -> Result<Option<Timestamp>, R::Error> {
    Ok(row.number(column)?.map(Timestamp::from_millis))
}

/// A column of a number of that type.
pub(in crate::storage) fn number<R: Columns, T: TryFrom<i64>>(
    row: &R,
    column: usize,
) -> Result<T, R::Error> {
    row.number(column)?
        .and_then(|number| T::try_from(number).ok())
        .ok_or_else(|| R::corrupt(column))
}

/// A column of a number that is never negative.
pub(in crate::storage) fn natural<R: Columns>(row: &R, column: usize) -> Result<u64, R::Error> {
    number(row, column)
}

/// A column of a truth value.
pub(in crate::storage) fn flag<R: Columns>(row: &R, column: usize) -> Result<bool, R::Error> {
    row.flag(column)
}

/// A column of a list.
pub(in crate::storage) fn list<R: Columns, T: serde::de::DeserializeOwned>(
    row: &R,
    column: usize,
) -> Result<Vec<T>, R::Error> {
    parsed(row, column, |text| serde_json::from_str(text).ok())
}
