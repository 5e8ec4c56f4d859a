//! The schema's history: numbered files, applied in order, each in a transaction of its own with
//! its checksum beside it. Forward only; before an existing file changes, a copy is made.

use std::path::Path;

use gitflare_core::{Error, Result};
use rusqlite::{Connection, TransactionBehavior};
use sha2::{Digest, Sha256};

use super::failed;

/// Every migration, oldest first. One that was released is never edited: its checksum is stored.
const MIGRATIONS: &[&str] = &[include_str!("../../../migrations/0001_core.sql")];

/// Brings a database up to date.
pub(super) fn run(connection: &mut Connection, path: &Path, existed: bool) -> Result<()> {
    apply(connection, path, existed, MIGRATIONS)
}

fn apply(connection: &mut Connection, path: &Path, existed: bool, all: &[&str]) -> Result<()> {
    let made = connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS migrations
           (number INTEGER PRIMARY KEY, checksum BLOB NOT NULL) STRICT",
    );
    made.map_err(|error| failed(&error))?;
    let done = applied(connection).map_err(|error| failed(&error))?;
    if done.len() > all.len() {
        return Err(Error::internal(format!(
            "{} was written by a newer release (schema {}, this one knows {}): start that release",
            path.display(),
            done.len(),
            all.len()
        )));
    }
    for (number, (stored, text)) in done.iter().zip(all).enumerate() {
        if stored.as_slice() != checksum(text) {
            return Err(Error::internal(format!(
                "{} does not have this release's schema (migration {} differs)",
                path.display(),
                number + 1
            )));
        }
    }
    if existed && !done.is_empty() && done.len() < all.len() {
        copy(connection, path, done.len())?;
    }
    for (index, text) in all.iter().enumerate().skip(done.len()) {
        let step = (|| {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.execute_batch(text)?;
            transaction.execute(
                "INSERT INTO migrations (number, checksum) VALUES (?1, ?2)",
                (index + 1, checksum(text).as_slice()),
            )?;
            transaction.commit()
        })();
        step.map_err(|error| {
            Error::internal(format!(
                "migration {} of {} failed: {error}",
                index + 1,
                path.display()
            ))
        })?;
    }
    Ok(())
}

fn applied(connection: &Connection) -> rusqlite::Result<Vec<Vec<u8>>> {
    connection
        .prepare("SELECT checksum FROM migrations ORDER BY number")?
        .query_map([], |row| row.get(0))?
        .collect()
}

fn checksum(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// Copies the database beside itself, as it is before the change.
fn copy(connection: &Connection, path: &Path, version: usize) -> Result<()> {
    let target = path.with_extension(format!("before-{}.sqlite", version + 1));
    let told = |error: &dyn std::fmt::Display| {
        Error::internal(format!(
            "cannot copy {} before migrating: {error}",
            path.display()
        ))
    };
    // One from an attempt that was cut off may be incomplete.
    if target.exists() {
        std::fs::remove_file(&target).map_err(|error| told(&error))?;
    }
    super::private_file(&target)?;
    let text = target
        .to_str()
        .ok_or_else(|| told(&"its path is not UTF-8"))?;
    connection
        .execute("VACUUM INTO ?1", [text])
        .map_err(|error| told(&error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database(folder: &Path) -> (Connection, std::path::PathBuf) {
        let path = folder.join("test.sqlite");
        (Connection::open(&path).unwrap(), path)
    }

    #[test]
    fn a_newer_schema_is_refused() {
        // sec: DU-4
        let folder = tempfile::tempdir().unwrap();
        let (mut connection, path) = database(folder.path());
        apply(
            &mut connection,
            &path,
            false,
            &["CREATE TABLE a (x)", "CREATE TABLE b (x)"],
        )
        .unwrap();
        let error = apply(&mut connection, &path, true, &["CREATE TABLE a (x)"]).unwrap_err();
        assert!(error.detail().unwrap().contains("newer release"));
    }

    #[test]
    fn an_edited_migration_is_refused() {
        // sec: DU-4
        let folder = tempfile::tempdir().unwrap();
        let (mut connection, path) = database(folder.path());
        apply(&mut connection, &path, false, &["CREATE TABLE a (x)"]).unwrap();
        assert!(apply(&mut connection, &path, true, &["CREATE TABLE a (x, y)"]).is_err());
    }

    #[test]
    fn a_failed_migration_leaves_the_old_schema_and_a_copy() {
        // sec: DU-4
        let folder = tempfile::tempdir().unwrap();
        let (mut connection, path) = database(folder.path());
        apply(
            &mut connection,
            &path,
            false,
            &["CREATE TABLE a (x); INSERT INTO a VALUES (7)"],
        )
        .unwrap();
        let all = [
            "CREATE TABLE a (x); INSERT INTO a VALUES (7)",
            "CREATE TABLE b (x); SELECT broken",
        ];
        assert!(apply(&mut connection, &path, true, &all).is_err());
        assert_eq!(applied(&connection).unwrap().len(), 1);
        assert!(
            connection.prepare("SELECT x FROM b").is_err(),
            "nothing of it is left"
        );
        let copy = Connection::open(path.with_extension("before-2.sqlite")).unwrap();
        let seven: i64 = copy
            .query_row("SELECT x FROM a", [], |row| row.get(0))
            .unwrap();
        assert_eq!(seven, 7);
    }
}
