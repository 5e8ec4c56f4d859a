//! PostgreSQL 15 or newer: one database that several nodes share. Everything that must happen once
//! is decided by the database: by a conditional statement, by a row that is locked, by a claim that
//! skips what others hold. Nothing is cached between two requests, so what one node has revoked, no
//! other answers. Knows nothing of the gateway's rules.

mod audit;
mod authorizations;
mod cleanup;
mod clients;
mod clock;
mod codes;
mod connect;
mod connections;
mod deliveries;
mod links;
mod locks;
#[cfg(feature = "server")]
mod look;
mod migrations;
#[cfg(feature = "server")]
mod people;
mod proofs;
mod refresh_tokens;
mod requests;
mod sealed;
mod session;
mod sessions;
mod settings;
mod subscriptions;
#[cfg(feature = "server")]
mod tables;
mod tenants;
mod tls;
mod tokens;
mod touches;
mod usage;
mod users;

use std::sync::Arc;

use async_trait::async_trait;
use deadpool_postgres::Pool;
use gitflare_core::{Clock, Result, Secret, storage::Storage, stores};
use tokio_postgres::Row;

use super::sql::Statement;
use clock::{Keeper, SharedClock};
#[cfg(feature = "server")]
pub(crate) use look::look;
#[cfg(feature = "server")]
pub(crate) use people::People;
use session::{Attempts, Failure, Session};
use touches::Touches;
use usage::UsageLog;

/// Where the database is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PostgresConfig {
    /// `postgres://user:password@host:port/database?parameters`, as libpq reads it. Several hosts
    /// are separated by commas; the one that takes writes is used.
    pub url: Secret<String>,
    /// The most connections that this process opens.
    pub connections: usize,
}

impl PostgresConfig {
    /// The database of that URL, with 16 connections at most.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: Secret::new(url.into()),
            connections: 16,
        }
    }
}

/// A [`Storage`] in a PostgreSQL database, which any number of processes can share.
#[derive(Debug)]
pub struct PostgresStorage {
    database: Database,
    touches: Touches,
    usage: UsageLog,
    clock: SharedClock,
    _keeper: Keeper,
}

impl PostgresStorage {
    /// Connects, and brings the database up to date: one process at a time does.
    ///
    /// # Errors
    /// `INTERNAL_ERROR` whose detail tells the operator what is wrong: a URL that is none, a
    /// database that cannot be reached, is too old, or was written by a newer release.
    pub async fn open(config: &PostgresConfig) -> Result<Self> {
        let database = Database(connect::pool(config)?);
        migrations::run(&database).await?;
        let clock = SharedClock::default();
        clock.ask(&database).await?;
        Ok(Self {
            _keeper: clock.keep(database.clone()),
            clock,
            touches: Touches::start(database.clone()),
            usage: UsageLog::start(database.clone()),
            database,
        })
    }

    /// The time that every node of this database goes by: for a gateway over it.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(self.clock.clone())
    }

    /// The row that a statement finds.
    async fn one<T>(
        &self,
        statement: Statement<'_>,
        row: impl FnOnce(&Row) -> std::result::Result<T, Failure>,
    ) -> Result<Option<T>> {
        let found = self.database.read(&statement).await?;
        Ok(found.first().map(row).transpose()?)
    }

    /// The rows that a statement finds.
    async fn all<T>(
        &self,
        statement: Statement<'_>,
        row: impl FnMut(&Row) -> std::result::Result<T, Failure>,
    ) -> Result<Vec<T>> {
        let found = self.database.read(&statement).await?;
        Ok(found
            .iter()
            .map(row)
            .collect::<std::result::Result<_, _>>()?)
    }

    /// Whether a statement finds a row.
    async fn finds(&self, statement: Statement<'_>) -> Result<bool> {
        Ok(!self.database.read(&statement).await?.is_empty())
    }

    /// Runs one statement that is a transaction of its own; how many rows it changed.
    async fn run(&self, statement: Statement<'_>) -> Result<usize> {
        Ok(self.database.session().await?.run(statement).await?)
    }
}

/// A handle to the pool. Clones share it.
#[derive(Clone, Debug)]
struct Database(Pool);

impl Database {
    /// A connection; waits for a database that is just being promoted.
    async fn session(&self) -> std::result::Result<Session, Failure> {
        let mut attempts = Attempts::begin();
        loop {
            let failure = match Session::of(&self.0).await {
                Ok(session) => return Ok(session),
                Err(failure) => failure,
            };
            if !attempts.again(&failure).await {
                return Err(failure);
            }
        }
    }

    /// Runs a read, once more on another connection when that one was lost.
    async fn read(&self, statement: &Statement<'_>) -> std::result::Result<Vec<Row>, Failure> {
        let mut attempts = Attempts::begin();
        loop {
            let session = self.session().await?;
            let failure = match session.rows(statement).await {
                Ok(rows) => return Ok(rows),
                Err(failure) => failure,
            };
            drop(session);
            if !attempts.again(&failure).await {
                return Err(failure);
            }
        }
    }
}

#[async_trait]
impl Storage for PostgresStorage {
    stores!(self => self, usage => &self.usage);

    async fn is_healthy(&self) -> bool {
        let writable = Statement::new("SELECT 1 WHERE NOT pg_is_in_recovery()", Vec::new());
        self.usage.is_healthy() && self.finds(writable).await.unwrap_or(false)
    }

    async fn close(&self) -> Result<()> {
        let written = self.usage.close().await;
        self.touches.close().await;
        self.database.0.close();
        written
    }
}
