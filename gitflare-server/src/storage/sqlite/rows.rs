//! How our types stand in columns: ids as text, times as milliseconds, sets as bits, closed words
//! as words, lists as JSON. A value that none of ours can be is the database's fault and an error.

use gitflare_core::{
    Result, Timestamp,
    storage::{AuditEntry, ListRange},
};
use rusqlite::{Connection, Row, types::Type};

use super::failed;

/// A column that holds none of our values.
fn corrupt(column: usize) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, "not a value of ours".into())
}

/// A column of text, parsed.
pub(super) fn parsed<T>(
    row: &Row<'_>,
    column: usize,
    parse: impl FnOnce(&str) -> Option<T>,
) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str().map_err(|_| corrupt(column))?;
    parse(text).ok_or_else(|| corrupt(column))
}

/// A column of text or null, parsed.
pub(super) fn maybe<T>(
    row: &Row<'_>,
    column: usize,
    parse: impl FnOnce(&str) -> Option<T>,
) -> rusqlite::Result<Option<T>> {
    let text = row
        .get_ref(column)?
        .as_str_or_null()
        .map_err(|_| corrupt(column))?;
    text.map(|text| parse(text).ok_or_else(|| corrupt(column)))
        .transpose()
}

/// A column of an id.
macro_rules! id {
    ($row:expr, $column:expr, $kind:ty) => {
        $crate::storage::sqlite::rows::parsed($row, $column, |text| <$kind>::parse(text).ok())
    };
}
pub(super) use id;

/// A column of an id or null.
macro_rules! maybe_id {
    ($row:expr, $column:expr, $kind:ty) => {
        $crate::storage::sqlite::rows::maybe($row, $column, |text| <$kind>::parse(text).ok())
    };
}
pub(super) use maybe_id;

/// A column of a time.
pub(super) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    Ok(Timestamp::from_millis(row.get(column)?))
}

/// A column of a time or null.
pub(super) fn maybe_time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row
        .get::<_, Option<i64>>(column)?
        .map(Timestamp::from_millis))
}

/// A column of a list.
pub(super) fn list<T: serde::de::DeserializeOwned>(
    row: &Row<'_>,
    column: usize,
) -> rusqlite::Result<Vec<T>> {
    parsed(row, column, |text| serde_json::from_str(text).ok())
}

/// A list, as it stands in a column.
pub(super) fn to_list<T: serde::Serialize>(values: &[T]) -> String {
    // Lists of texts and ids always have a JSON form.
    serde_json::to_string(values).unwrap_or_default()
}

/// The text behind which a list goes on; the empty text is before every id.
pub(super) fn after<'a>(range: &ListRange<'a>) -> &'a str {
    range.after.unwrap_or_default()
}

/// A limit, as SQLite takes it.
pub(super) fn limit(range: &ListRange<'_>) -> i64 {
    i64::try_from(range.limit).unwrap_or(i64::MAX)
}

/// Runs a statement; how many rows it changed.
pub(super) fn execute(
    connection: &Connection,
    statement: &str,
    parameters: impl rusqlite::Params,
) -> Result<usize> {
    connection
        .prepare_cached(statement)
        .and_then(|mut statement| statement.execute(parameters))
        .map_err(|error| failed(&error))
}

/// Writes an audit row, in the transaction of what it is about.
pub(super) fn audit(connection: &Connection, entry: &AuditEntry) -> Result<()> {
    execute(
        connection,
        "INSERT INTO audit (id, at, actor, action, object, outcome, request_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        (
            entry.id.as_str(),
            entry.at.as_millis(),
            entry.actor.as_str(),
            entry.action.as_str(),
            &entry.object,
            entry.outcome.as_str(),
            entry.request_id.as_str(),
        ),
    )?;
    Ok(())
}
