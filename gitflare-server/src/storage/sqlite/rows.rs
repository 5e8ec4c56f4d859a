//! How our types stand in columns: ids as text, times as milliseconds, sets as bits, closed words
//! as words, lists as JSON. A value that none of ours can be is the database's fault and an error.

use gitflare_core::{
    Result, Timestamp,
    storage::{AuditEntry, ListRange},
};
use rusqlite::{
    Connection, OptionalExtension, Params, Row,
    types::{Type, Value},
};

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

/// A column of a number that is never negative.
pub(super) fn natural(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| corrupt(column))
}

/// A count, as SQLite takes it; beyond its range the largest.
pub(super) fn saturated(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
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

/// A WHERE clause that grows. Only what narrows is in it, so that an index can serve it.
pub(super) struct Conditions {
    clause: String,
    values: Vec<Value>,
}

impl Conditions {
    /// Begins with a condition that is always there.
    pub(super) fn new(first: &str) -> Self {
        Self {
            clause: first.to_owned(),
            values: Vec::new(),
        }
    }

    /// Adds `column operator value`, when there is a value.
    pub(super) fn compare(
        &mut self,
        column: &str,
        operator: &str,
        value: Option<impl Into<Value>>,
    ) {
        if let Some(value) = value {
            self.clause.push_str(&format!(" AND {column} {operator} ?"));
            self.values.push(value.into());
        }
    }

    /// Adds `column = text`, when there is a text.
    pub(super) fn equal(&mut self, column: &str, text: Option<&str>) {
        self.compare(column, "=", text.map(str::to_owned));
    }

    /// Adds `column = text` as a condition that no index is chosen by: the unary plus of SQLite.
    /// For a column whose value follows from another one that is given too.
    pub(super) fn also_equal(&mut self, column: &str, text: Option<&str>) {
        self.equal(&format!("+{column}"), text);
    }

    /// The clause without its keyword.
    pub(super) fn clause(&self) -> &str {
        &self.clause
    }

    /// The parameters, in the order of the clause.
    pub(super) fn values(&self) -> &[Value] {
        &self.values
    }
}

/// One page of a list, ready to be read on another thread: the rows of `select` that fulfil the
/// conditions, in the order of the id column `key`.
pub(super) struct Page {
    statement: String,
    values: Vec<Value>,
}

impl Page {
    pub(super) fn new(
        select: &str,
        mut conditions: Conditions,
        key: &str,
        range: ListRange<'_>,
    ) -> Self {
        conditions.compare(key, ">", range.after.map(str::to_owned));
        let clause = conditions.clause;
        let mut values = conditions.values;
        values.push(saturated(range.limit as u64).into());
        Self {
            statement: format!("{select} WHERE {clause} ORDER BY {key} LIMIT ?"),
            values,
        }
    }

    pub(super) fn read<T>(
        self,
        connection: &Connection,
        row: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Vec<T>> {
        connection
            .prepare_cached(&self.statement)?
            .query_map(rusqlite::params_from_iter(self.values), row)?
            .collect()
    }
}

/// The one row that a statement finds.
pub(super) fn one<T>(
    connection: &Connection,
    statement: &str,
    parameters: impl Params,
    row: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Option<T>> {
    connection
        .prepare_cached(statement)?
        .query_row(parameters, row)
        .optional()
}

/// Whether a statement finds a row. For use within writes.
pub(super) fn exists(
    connection: &Connection,
    statement: &str,
    parameters: impl Params,
) -> Result<bool> {
    connection
        .prepare_cached(statement)
        .and_then(|mut statement| statement.exists(parameters))
        .map_err(|error| failed(&error))
}

/// Runs a statement; how many rows it changed.
pub(super) fn execute(
    connection: &Connection,
    statement: &str,
    parameters: impl Params,
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
