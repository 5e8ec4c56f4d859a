//! The schema's history: numbered files, applied in order, each in a transaction of its own with
//! its checksum beside it. Forward only; before an existing file changes, a copy is made (DU-4).
//!
//! To change the schema: add the next numbered file and its line here, and never edit an older one.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use gitflare_core::{Error, Result};
use rusqlite::{Connection, TransactionBehavior};
use sha2::{Digest, Sha256};

use super::files::{private_file, told};

/// Of the main database, oldest first.
pub(super) const CORE: &[&str] = &[
    include_str!("../../../migrations/0001_core.sql"),
    include_str!("../../../migrations/0002_cleanup.sql"),
    include_str!("../../../migrations/0003_links.sql"),
    include_str!("../../../migrations/0004_consent.sql"),
    include_str!("../../../migrations/0005_deliveries.sql"),
    include_str!("../../../migrations/0006_indexes.sql"),
    include_str!("../../../migrations/0007_lines.sql"),
    include_str!("../../../migrations/0008_posted_codes.sql"),
    include_str!("../../../migrations/0009_node_ids.sql"),
    include_str!("../../../migrations/0010_workspaces.sql"),
    include_str!("../../../migrations/0011_customers.sql"),
    include_str!("../../../migrations/0012_deleted_tenants.sql"),
    include_str!("../../../migrations/0013_default_branches.sql"),
    include_str!("../../../migrations/0014_public_clients.sql"),
    include_str!("../../../migrations/0015_to_reconnect.sql"),
    include_str!("../../../migrations/0016_abandoned.sql"),
    include_str!("../../../migrations/0017_customer_names.sql"),
    include_str!("../../../migrations/0018_numbers.sql"),
];
/// Of the usage log, oldest first.
pub(super) const USAGE: &[&str] = &[
    include_str!("../../../migrations/usage/0001_usage.sql"),
    include_str!("../../../migrations/usage/0002_packs.sql"),
    include_str!("../../../migrations/usage/0003_packed_counts.sql"),
];

/// Those of a database, by its file name.
#[cfg(feature = "server")]
pub(super) fn of(name: &str) -> &'static [&'static str] {
    match name {
        super::USAGE => USAGE,
        _ => CORE,
    }
}

/// Brings a database up to date.
pub(super) fn run(connection: &mut Connection, path: &Path, all: &[&str]) -> Result<()> {
    let failed = |error: rusqlite::Error| told(path, format!("cannot read the schema: {error}"));
    let done = applied(connection).map_err(failed)?;
    check(path, &done, all)?;
    if done.len() == all.len() {
        return Ok(());
    }
    if !done.is_empty() {
        let (from, to) = (done.len(), all.len());
        tracing::info!(file = %path.display(), from, to, "copying the database before it is brought up to date");
        copy(connection, path, from)?;
    }
    for (number, text) in (1..).zip(all).skip(done.len()) {
        if !done.is_empty() {
            tracing::info!(file = %path.display(), number, of = all.len(), "migrating");
        }
        apply(connection, number, text).map_err(|error| {
            told(
                path,
                format!("migration {number} failed and changed nothing: {error}"),
            )
        })?;
    }
    Ok(())
}

/// Refuses what this release did not write.
pub(super) fn check(path: &Path, done: &[Vec<u8>], all: &[&str]) -> Result<()> {
    if done.len() > all.len() {
        return Err(told(
            path,
            format!(
                "written by a newer release (schema {}, this one knows {}); start that release",
                done.len(),
                all.len()
            ),
        ));
    }
    match done
        .iter()
        .zip(all)
        .position(|(stored, text)| stored.as_slice() != checksum(text))
    {
        Some(index) => Err(told(
            path,
            format!(
                "migration {} is not this release's; start the release that wrote it",
                index + 1
            ),
        )),
        None => Ok(()),
    }
}

/// The checksums of the migrations that a database has seen; none for an empty file.
///
/// # Errors
/// SQLite's, and one for a database that is not ours.
pub(super) fn applied(connection: &Connection) -> rusqlite::Result<Vec<Vec<u8>>> {
    let is_empty: bool = connection.query_row(
        "SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)",
        [],
        |row| row.get(0),
    )?;
    if is_empty {
        return Ok(Vec::new());
    }
    connection
        .prepare("SELECT checksum FROM migrations ORDER BY number")?
        .query_map([], |row| row.get(0))?
        .collect()
}

fn apply(connection: &mut Connection, number: i64, text: &str) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(
        "CREATE TABLE IF NOT EXISTS migrations
           (number INTEGER PRIMARY KEY, checksum BLOB NOT NULL) STRICT",
    )?;
    transaction.execute_batch(text)?;
    transaction.execute(
        "INSERT INTO migrations (number, checksum) VALUES (?1, ?2)",
        (number, checksum(text)),
    )?;
    transaction.commit()
}

fn checksum(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// Where the copy of a database with that schema stands.
fn copy_path(path: &Path, schema: usize) -> PathBuf {
    path.with_extension(format!("schema-{schema}.sqlite"))
}

/// Copies the database beside itself, as it is before the change. The name appears when the copy
/// is complete and on disk.
fn copy(connection: &Connection, path: &Path, schema: usize) -> Result<()> {
    let target = copy_path(path, schema);
    let unfinished = target.with_extension("part");
    let failed = |error: &dyn std::fmt::Display| -> Error {
        told(
            &target,
            format!("cannot copy the database before migrating it: {error}"),
        )
    };
    remove(&unfinished).map_err(|error| failed(&error))?;
    // VACUUM INTO fills an empty file, which has the right mode from the start.
    drop(private_file(&unfinished)?);
    let name = unfinished
        .to_str()
        .ok_or_else(|| failed(&"its path is not UTF-8"))?;
    connection
        .execute("VACUUM INTO ?1", [name])
        .map_err(|error| failed(&error))?;
    (|| {
        File::open(&unfinished)?.sync_all()?;
        fs::rename(&unfinished, &target)?;
        match target.parent() {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    })()
    .map_err(|error| failed(&error))
}

/// Removes what an attempt that was cut off has left.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
