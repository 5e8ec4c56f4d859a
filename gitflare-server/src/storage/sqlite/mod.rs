//! SQLite: one file for everything that decides, one for the usage log. Point reads by an index run
//! where they are asked, on pooled read-only connections; whatever may walk many rows goes to
//! threads of its own; writes go to one writer thread, which commits what is waiting together and
//! answers after the commit. Knows nothing of the gateway's rules.

mod audit;
mod authorizations;
#[cfg(feature = "server")]
pub(crate) mod backup;
mod cleanup;
mod clients;
mod codes;
mod connect;
mod connections;
mod deliveries;
mod files;
mod links;
#[cfg(feature = "server")]
mod look;
mod migrations;
#[cfg(feature = "server")]
mod people;
mod proofs;
mod refresh_tokens;
mod requests;
mod rows;
mod sealed;
mod sessions;
mod settings;
mod subscriptions;
#[cfg(feature = "server")]
mod tables;
mod tenants;
#[cfg(test)]
mod tests;
mod tokens;
mod usage;
mod users;
mod walks;
mod writer;

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use gitflare_core::{Error, Result, storage::Storage, stores};
use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::{Connection, Row};

use super::sql::Statement;
use connect::{failed, is_damage};
#[cfg(feature = "server")]
pub(crate) use look::look;
#[cfg(feature = "server")]
pub(crate) use people::People;
use usage::UsageLog;
use walks::{Walk, Walks};
use writer::Writer;

const DATABASE: &str = "gitflare.sqlite";
const USAGE: &str = "usage.sqlite";
/// The database files, the one that decides first.
pub const FILES: &[&str] = &[DATABASE, USAGE];
/// Their write-ahead logs.
const LOGS: &[&str] = &["gitflare.sqlite-wal", "usage.sqlite-wal"];
const LOCK: &str = "gitflare.lock";
/// How long anything waits for a lock that somebody else holds (DU-1).
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Enough that no worker waits for another one's read.
const FEWEST_READERS: usize = 8;

/// Where the database is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SqliteConfig {
    /// The folder of the database files, made when missing, mode 0700.
    pub dir: PathBuf,
    /// The most pages that each database file may have; `None` leaves it to the disk.
    pub max_pages: Option<u32>,
}

/// A [`Storage`] in SQLite files. One process at a time: the folder is locked until the storage is
/// closed or dropped.
#[derive(Debug)]
pub struct SqliteStorage {
    dir: PathBuf,
    readers: r2d2::Pool<SqliteConnectionManager>,
    walks: Walks,
    writer: Writer,
    usage: UsageLog,
    /// Set with the first sign of a damaged file, until a restart.
    is_damaged: AtomicBool,
}

impl SqliteStorage {
    /// Opens or makes the database, bringing an older one up to date.
    ///
    /// # Errors
    /// `INTERNAL_ERROR` whose detail tells the operator which file is wrong and what to do: another
    /// process holds it, a newer release has written it, it is damaged.
    pub fn open(config: &SqliteConfig) -> Result<Self> {
        files::private_folder(&config.dir, DATABASE)?;
        let lock = Arc::new(files::lock(&config.dir.join(LOCK))?);
        let path = config.dir.join(DATABASE);
        let mut connection = connect::writer(&path, BUSY_TIMEOUT)?;
        migrations::run(&mut connection, &path, migrations::CORE)?;
        connections::end_refreshes(&connection)?;
        writer::limit(&connection, config.max_pages)?;
        let workers = std::thread::available_parallelism().map_or(FEWEST_READERS, usize::from);
        let readers = u32::try_from(workers.max(FEWEST_READERS)).unwrap_or(u32::MAX);
        Ok(Self {
            dir: config.dir.clone(),
            readers: connect::readers(&path, readers, BUSY_TIMEOUT)?,
            walks: Walks::start(&path, "sqlite-walk")?,
            writer: Writer::start(connection, Arc::clone(&lock))?,
            usage: UsageLog::open(&config.dir.join(USAGE), config.max_pages, lock)?,
            is_damaged: AtomicBool::new(false),
        })
    }

    /// Whether an fsync has failed: nothing is written any more, and only a restart tells what is
    /// on the disk (DU-3).
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.writer.is_broken() || self.usage.is_broken()
    }

    /// [`SqliteStorage::open`] with the database files in this folder.
    ///
    /// # Errors
    /// As [`SqliteStorage::open`].
    pub fn at(dir: impl Into<PathBuf>) -> Result<Self> {
        Self::open(&SqliteConfig {
            dir: dir.into(),
            max_pages: None,
        })
    }

    /// Runs a point read on a pooled connection, on the calling thread: it costs less than the hop
    /// to another one.
    fn read<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        let connection = self
            .readers
            .get()
            .map_err(|error| Error::internal(format!("no database connection: {error}")))?;
        self.watched(read(&connection).map_err(|error| failed(&error)))
    }

    /// Remembers the first sign of a damaged file.
    fn watched<T>(&self, outcome: Result<T>) -> Result<T> {
        if let Err(error) = &outcome
            && is_damage(error)
        {
            self.is_damaged.store(true, Ordering::Relaxed);
        }
        outcome
    }

    /// Runs a read that may walk many rows, away from the runtime's workers.
    async fn walk<T: Send + 'static>(
        &self,
        walk: impl FnOnce(&Walk<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        self.watched(self.walks.run(walk).await)
    }

    /// The row that a point read finds.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a statement is made for one run"
    )]
    fn one<T>(
        &self,
        statement: Statement<'_>,
        row: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        self.read(|connection| rows::first(connection, &statement, row))
    }

    /// The rows that a point read finds.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a statement is made for one run"
    )]
    fn all<T>(
        &self,
        statement: Statement<'_>,
        row: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        self.read(|connection| rows::every(connection, &statement, row))
    }

    /// Whether a point read finds a row.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a statement is made for one run"
    )]
    fn finds(&self, statement: Statement<'_>) -> Result<bool> {
        self.read(|connection| rows::finds(connection, &statement))
    }

    /// The rows of a page, away from the runtime's workers.
    async fn page<T: Send + 'static>(
        &self,
        statement: Statement<'static>,
        row: impl FnMut(&Row<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<Vec<T>> {
        self.walk(move |walk| rows::every(walk.connection, &statement, row))
            .await
    }

    /// Runs a write on the writer thread; the answer comes after the commit.
    async fn write<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.watched(self.writer.run(write).await)
    }

    /// Whether a write goes through; asked only when the last one did not.
    async fn can_write(&self) -> bool {
        let probe = self.write(|connection| {
            rows::execute(
                connection,
                "REPLACE INTO settings (name, value) VALUES ('probe', '')",
                [],
            )
        });
        probe.await.is_ok()
    }
}

#[async_trait]
impl Storage for SqliteStorage {
    stores!(self => self, usage => &self.usage);

    async fn is_healthy(&self) -> bool {
        !self.is_damaged.load(Ordering::Relaxed)
            && self.usage.is_healthy()
            && self
                .read(|connection| connection.query_row("SELECT 1", [], |_| Ok(())))
                .is_ok()
            && (self.writer.is_healthy() || self.can_write().await)
    }

    fn file_sizes(&self) -> Vec<(&'static str, u64)> {
        let size = |file: &'static str| Some((file, self.dir.join(file).metadata().ok()?.len()));
        FILES.iter().chain(LOGS).copied().filter_map(size).collect()
    }

    async fn close(&self) -> Result<()> {
        let written = self.usage.close().await;
        self.writer.close().await.and(written)
    }
}
