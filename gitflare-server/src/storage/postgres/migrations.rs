//! The schema's history: numbered files with their checksums, applied by one process at a time in
//! one transaction, so that a database has all of them or is as it was. Forward only.
//!
//! To change the schema: add the next numbered file and its line here, and never edit an older one.

use gitflare_core::{Error, Result};
use sha2::{Digest, Sha256};

use super::{
    Database,
    session::{Failure, Session, transaction},
};
use crate::storage::sql::{Columns, Statement, number};

/// Oldest first.
const ALL: &[&str] = &[
    include_str!("../../../migrations/postgres/0001_core.sql"),
    include_str!("../../../migrations/postgres/0002_usage.sql"),
    include_str!("../../../migrations/postgres/0003_default_branches.sql"),
    include_str!("../../../migrations/postgres/0004_public_clients.sql"),
    include_str!("../../../migrations/postgres/0005_to_reconnect.sql"),
    include_str!("../../../migrations/postgres/0006_abandoned.sql"),
    include_str!("../../../migrations/postgres/0007_customer_names.sql"),
    include_str!("../../../migrations/postgres/0008_usage_storage.sql"),
    include_str!("../../../migrations/postgres/0009_numbers.sql"),
];
/// The advisory lock of whoever migrates: "gitflare" in ASCII.
const LOCK: i64 = 0x6769_7466_6c61_7265;
const OLDEST_SERVER: i64 = 150_000;
/// How long one step may take, at any size.
const STEP_SECONDS: u64 = 24 * 3600;
/// How long another node's migration is waited for.
const WAIT_SECONDS: u64 = 60;

/// Brings the database up to date.
pub(super) async fn run(database: &Database) -> Result<()> {
    transaction!(database, |transaction| {
        check_server(transaction).await?;
        transaction.allow(STEP_SECONDS, WAIT_SECONDS).await?;
        let lock = Statement::new("SELECT pg_advisory_xact_lock(?1)", vec![LOCK.into()]);
        transaction.rows(&lock).await?;
        migrate(transaction).await
    })
}

async fn check_server(transaction: &Session) -> std::result::Result<(), Failure> {
    let asked = Statement::new(
        "SELECT CAST(current_setting('server_version_num') AS BIGINT),
           current_setting('server_encoding')",
        Vec::new(),
    );
    let found = transaction
        .one(asked, |row| {
            Ok((number(row, 0)?, row.text(1)? == Some("UTF8")))
        })
        .await?;
    let (version, is_utf8): (i64, bool) = found.unwrap_or_default();
    if version < OLDEST_SERVER {
        return Err(told("PostgreSQL is too old: 15 or newer is needed").into());
    }
    if !is_utf8 {
        return Err(
            told("the database's encoding is not UTF8: make it with ENCODING 'UTF8'").into(),
        );
    }
    Ok(())
}

async fn migrate(transaction: &Session) -> std::result::Result<(), Failure> {
    transaction
        .batch(
            "CREATE TABLE IF NOT EXISTS migrations
               (number BIGINT PRIMARY KEY, checksum BYTEA NOT NULL)",
        )
        .await?;
    let done = transaction
        .all(done(), |row| Ok(row.bytes(0)?.map(<[u8]>::to_vec)))
        .await?;
    check(&done)?;
    for (number, text) in (1i64..).zip(ALL).skip(done.len()) {
        tracing::info!(number, of = ALL.len(), "migrating the database");
        transaction.batch(text).await?;
        let checksum = checksum(text);
        let note = Statement::new(
            "INSERT INTO migrations (number, checksum) VALUES (?1, ?2)",
            vec![number.into(), checksum.as_slice().into()],
        );
        transaction.run(note).await?;
    }
    Ok(())
}

/// The checksums of the migrations that the database has seen.
pub(super) fn done() -> Statement<'static> {
    Statement::new(
        "SELECT checksum FROM migrations ORDER BY number",
        Vec::new(),
    )
}

/// Refuses what this release did not write; whether some of its migrations are missing.
pub(super) fn check(done: &[Option<Vec<u8>>]) -> Result<bool> {
    if done.len() > ALL.len() {
        return Err(told(&format!(
            "written by a newer release (schema {}, this one knows {}); start that release",
            done.len(),
            ALL.len()
        )));
    }
    let is_other = |(stored, text): (&Option<Vec<u8>>, &&str)| {
        stored.as_deref() != Some(checksum(text).as_slice())
    };
    match done.iter().zip(ALL).position(is_other) {
        Some(index) => Err(told(&format!(
            "migration {} is not this release's; start the release that wrote it",
            index + 1
        ))),
        None => Ok(done.len() < ALL.len()),
    }
}

fn told(what: &str) -> Error {
    Error::internal(format!("database: {what}"))
}

fn checksum(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_releases_schema_is_refused() {
        let ours: Vec<_> = ALL
            .iter()
            .map(|text| Some(checksum(text).to_vec()))
            .collect();
        assert!(check(&[]).unwrap());
        assert!(check(&ours[..1]).unwrap());
        assert!(!check(&ours).unwrap());
        let mut newer = ours.clone();
        newer.push(Some(vec![0; 32]));
        assert!(
            check(&newer)
                .unwrap_err()
                .detail()
                .unwrap()
                .contains("newer release")
        );
        let mut other = ours;
        other[0] = Some(vec![0; 32]);
        let error = check(&other).unwrap_err();
        assert!(
            error.detail().unwrap().contains("migration 1 is not"),
            "{error:?}"
        );
    }
}
