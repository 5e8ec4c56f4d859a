//! How a connection is set up, and the proof that it is: every setting that a promise rests on is
//! read back (DU-1).

use std::{path::Path, time::Duration};

use gitflare_core::{Error, Result};
use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::{Connection, ErrorCode, OpenFlags, config::DbConfig, ffi, hooks::Wal};

use super::files::{private_file, told};
use crate::storage::sql::passing;

/// Older libraries can corrupt a database when the write-ahead log is reset.
const OLDEST_LIBRARY: i32 = 3_051_003;
const STATEMENTS: usize = 128;
const MAPPED_BYTES: i64 = 256 << 20;
/// Pages in the write-ahead log from which on it is copied into the database.
const CHECKPOINT_PAGES: i32 = 1000;

/// How the detail of an error ends that is a sign of a damaged file.
const DAMAGED: &str = "; stop and restore a backup";

/// Whether an error is a sign that the file is damaged: nothing that it says can be trusted then.
pub(super) fn is_damage(error: &Error) -> bool {
    error
        .detail()
        .is_some_and(|detail| detail.ends_with(DAMAGED))
}

/// Folds SQLite's failures into one of ours. Statements and file names stay in the log. What passes by
/// itself, or once there is room, is told as such, so that callers come again.
pub(super) fn failed(error: &rusqlite::Error) -> Error {
    let advice = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "; free space on the disk of the data folder",
        Some(ErrorCode::DatabaseBusy) => "; something else holds the database's write lock",
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => DAMAGED,
        // Texts are written by us, as UTF-8.
        None if is_no_text(error) => DAMAGED,
        _ => "",
    };
    let detail = format!("database: {error}{advice}");
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull | ErrorCode::DatabaseBusy) => passing(detail),
        _ => Error::internal(detail),
    }
}

/// Whether a column of text held bytes that are no UTF-8.
fn is_no_text(error: &rusqlite::Error) -> bool {
    use rusqlite::Error::{FromSqlConversionFailure, Utf8Error};
    match error {
        Utf8Error(..) => true,
        FromSqlConversionFailure(_, _, cause) => cause.is::<std::str::Utf8Error>(),
        _ => false,
    }
}

/// Whether a failed fsync is behind an error: what was written before it may be lost without
/// another sign, so nothing can be acknowledged any more.
pub(super) fn is_fsync_failure(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| {
        [ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_IOERR_DIR_FSYNC].contains(&error.extended_code)
    })
}

/// Opens the one connection that writes to a file, making the file when missing.
pub(super) fn writer(path: &Path, busy_timeout: Duration) -> Result<Connection> {
    if rusqlite::version_number() < OLDEST_LIBRARY {
        let version = rusqlite::version();
        return Err(told(path, format!("SQLite {version} is too old")));
    }
    drop(private_file(path)?);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = (|| {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(busy_timeout)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        // What is erased is overwritten (CA-3).
        connection.pragma_update(None, "secure_delete", true)?;
        guard(&connection)?;
        connection.wal_hook(Some(checkpoint));
        Ok::<_, rusqlite::Error>(connection)
    })()
    .map_err(|error| told(path, format!("cannot open this database: {error}")))?;
    for (pragma, expected) in [
        ("journal_mode", "wal"),
        ("synchronous", "2"),
        ("foreign_keys", "1"),
        ("secure_delete", "1"),
        ("trusted_schema", "0"),
    ] {
        let actual = pragma_value(&connection, pragma)
            .map_err(|error| told(path, format!("cannot read {pragma}: {error}")))?;
        if actual != expected {
            return Err(told(
                path,
                format!("{pragma} is {actual} instead of {expected}; use a local file system"),
            ));
        }
    }
    Ok(connection)
}

/// A pool of connections that cannot write.
pub(super) fn readers(
    path: &Path,
    size: u32,
    busy_timeout: Duration,
) -> Result<r2d2::Pool<SqliteConnectionManager>> {
    let manager = SqliteConnectionManager::file(path)
        .with_flags(READ_ONLY)
        .with_init(move |connection| prepare_reader(connection, busy_timeout));
    r2d2::Pool::builder()
        .max_size(size)
        .min_idle(Some(1))
        // A file does not hang up; asking it before each read would double a lookup.
        .test_on_check_out(false)
        .connection_timeout(busy_timeout)
        .build(manager)
        .map_err(|error| told(path, format!("cannot open this database: {error}")))
}

const READ_ONLY: OpenFlags =
    OpenFlags::SQLITE_OPEN_READ_ONLY.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);

/// One connection that cannot write.
pub(super) fn reader(path: &Path, busy_timeout: Duration) -> Result<Connection> {
    Connection::open_with_flags(path, READ_ONLY)
        .and_then(|connection| {
            prepare_reader(&connection, busy_timeout)?;
            Ok(connection)
        })
        .map_err(|error| told(path, format!("cannot open this database: {error}")))
}

fn prepare_reader(connection: &Connection, busy_timeout: Duration) -> rusqlite::Result<()> {
    connection.busy_timeout(busy_timeout)?;
    guard(connection)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "mmap_size", MAPPED_BYTES)
}

/// What a test does with every connection that is opened.
#[cfg(test)]
pub(super) static WATCH: std::sync::OnceLock<fn(&Connection)> = std::sync::OnceLock::new();

/// What holds for readers and writers: the file's schema is data, not code to be trusted.
fn guard(connection: &Connection) -> rusqlite::Result<()> {
    #[cfg(test)]
    if let Some(watch) = WATCH.get() {
        watch(connection);
    }
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "foreign_keys", true)
}

/// Copies a long write-ahead log into the database. SQLite's own automatic checkpoint does the
/// same, but swallows the failure of its fsync.
fn checkpoint(wal: &Wal, pages: i32) -> rusqlite::Result<()> {
    if pages < CHECKPOINT_PAGES {
        return Ok(());
    }
    match wal.checkpoint() {
        Err(error) if is_fsync_failure(&error) => Err(error),
        // A reader is in the way or the disk is full: the log keeps everything until the next try.
        _ => Ok(()),
    }
}

fn pragma_value(connection: &Connection, pragma: &str) -> rusqlite::Result<String> {
    connection.pragma_query_value(None, pragma, |row| {
        Ok(match row.get_ref(0)? {
            rusqlite::types::ValueRef::Integer(number) => number.to_string(),
            other => other.as_str()?.to_owned(),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(5);

    #[test]
    fn connections_load_no_extension_and_readers_do_not_write() {
        // sec: DU-1
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.sqlite");
        let writer = writer(&path, PATIENCE).unwrap();
        writer.execute_batch("CREATE TABLE t (x)").unwrap();
        let timeout = pragma_value(&writer, "busy_timeout").unwrap();
        assert_eq!(timeout, "5000");
        let reader = readers(&path, 1, PATIENCE).unwrap().get().unwrap();
        let error = reader.execute_batch("INSERT INTO t VALUES (1)");
        assert!(error.unwrap_err().to_string().contains("readonly"));
        for connection in [&writer, &*reader] {
            let error = connection.query_row("SELECT load_extension('x')", [], |_| Ok(()));
            assert!(error.unwrap_err().to_string().contains("not authorized"));
        }
    }

    #[test]
    fn the_log_is_copied_into_the_database_as_it_grows() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.sqlite");
        let writer = writer(&path, PATIENCE).unwrap();
        writer.execute_batch("CREATE TABLE t (x)").unwrap();
        for _ in 0..30 {
            writer
                .execute("INSERT INTO t VALUES (zeroblob(1000000))", [])
                .unwrap();
        }
        let database = path.metadata().unwrap().len();
        let log = folder.path().join("test.sqlite-wal");
        assert!(database > 20_000_000, "{database}");
        assert!(log.metadata().unwrap().len() < 10_000_000);
    }
}
