//! Rows and parameters of SQLite, and how statements run on a connection.

use gitflare_core::{Result, storage::AuditEntry};
use rusqlite::{
    CachedStatement, Connection, OptionalExtension, Params, Row, ToSql, params_from_iter,
    types::{FromSqlError, ToSqlOutput, Type, ValueRef},
};

use super::failed;
use crate::storage::sql::{self, Columns, Statement, Value};

/// A column that cannot be read.
#[expect(clippy::needless_pass_by_value, reason = "a function for map_err")]
fn unreadable(column: usize, error: FromSqlError) -> rusqlite::Error {
    match error {
        FromSqlError::Utf8Error(cause) => {
            rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(cause))
        }
        _ => Row::corrupt(column),
    }
}

impl Columns for Row<'_> {
    type Error = rusqlite::Error;

    fn corrupt(column: usize) -> rusqlite::Error {
        let what = "not a value of ours";
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, what.into())
    }

    fn text(&self, column: usize) -> rusqlite::Result<Option<&str>> {
        let value = self.get_ref(column)?;
        value
            .as_str_or_null()
            .map_err(|error| unreadable(column, error))
    }

    fn number(&self, column: usize) -> rusqlite::Result<Option<i64>> {
        let value = self.get_ref(column)?;
        value
            .as_i64_or_null()
            .map_err(|error| unreadable(column, error))
    }

    fn bytes(&self, column: usize) -> rusqlite::Result<Option<&[u8]>> {
        let value = self.get_ref(column)?;
        value
            .as_blob_or_null()
            .map_err(|error| unreadable(column, error))
    }

    fn flag(&self, column: usize) -> rusqlite::Result<bool> {
        self.get(column)
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Number(number) => ValueRef::Integer(*number),
            Self::Flag(flag) => ValueRef::Integer((*flag).into()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// Prepares a statement of ours, once for each connection.
fn prepared<'c>(
    connection: &'c Connection,
    statement: &Statement<'_>,
) -> rusqlite::Result<CachedStatement<'c>> {
    connection.prepare_cached(&statement.text)
}

/// The one row that a statement finds.
pub(super) fn first<T>(
    connection: &Connection,
    statement: &Statement<'_>,
    row: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Option<T>> {
    prepared(connection, statement)?
        .query_row(params_from_iter(&statement.values), row)
        .optional()
}

/// The rows that a statement finds.
pub(super) fn every<T>(
    connection: &Connection,
    statement: &Statement<'_>,
    row: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    prepared(connection, statement)?
        .query_map(params_from_iter(&statement.values), row)?
        .collect()
}

/// Whether a statement finds a row.
pub(super) fn finds(connection: &Connection, statement: &Statement<'_>) -> rusqlite::Result<bool> {
    prepared(connection, statement)?.exists(params_from_iter(&statement.values))
}

/// The one row that a statement finds. For use within writes.
pub(super) fn taken<T>(
    connection: &Connection,
    statement: &Statement<'_>,
    row: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<T>> {
    first(connection, statement, row).map_err(|error| failed(&error))
}

/// Whether a statement finds a row. For use within writes.
pub(super) fn exists(connection: &Connection, statement: &Statement<'_>) -> Result<bool> {
    finds(connection, statement).map_err(|error| failed(&error))
}

/// Runs a statement; how many rows it changed.
pub(super) fn run(connection: &Connection, statement: &Statement<'_>) -> Result<usize> {
    prepared(connection, statement)
        .and_then(|mut prepared| prepared.execute(params_from_iter(&statement.values)))
        .map_err(|error| failed(&error))
}

/// Runs statements one after the other; how many rows the last one changed.
#[expect(
    clippy::needless_pass_by_value,
    reason = "statements are made for one run"
)]
pub(super) fn run_all<const N: usize>(
    connection: &Connection,
    statements: [Statement<'_>; N],
) -> Result<usize> {
    let mut changed = 0;
    for statement in &statements {
        changed = run(connection, statement)?;
    }
    Ok(changed)
}

/// Writes an audit row, in the transaction of what it is about.
pub(super) fn audit(connection: &Connection, entry: &AuditEntry) -> Result<()> {
    run(connection, &sql::audit::insert(entry)).map(|_| ())
}

/// The one row that a text with parameters of SQLite's own finds.
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

/// Runs a text with parameters of SQLite's own; how many rows it changed.
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
