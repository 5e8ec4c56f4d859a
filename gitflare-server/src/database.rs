//! The storage that a configuration names, opened: SQLite files in the data folder, or a PostgreSQL
//! database that other nodes may share.

use std::sync::Arc;

use gitflare_core::{Clock, CredentialHash, Error, Result, SystemClock, storage::Storage};

use crate::{
    config::{Config, Database as Named, Problem},
    keys::DataDir,
    storage::{
        look,
        postgres::{PostgresConfig, PostgresStorage},
        seen::Seen,
        sqlite::{self, SqliteConfig, SqliteStorage},
    },
};

/// An open storage.
#[derive(Clone, Debug)]
pub(crate) enum Database {
    Sqlite(Arc<SqliteStorage>),
    Postgres(Arc<PostgresStorage>),
}

impl Database {
    /// Refuses a data folder that had SQLite files and has none.
    ///
    /// # Errors
    /// That, as one line.
    pub(crate) fn check_folder(
        config: &Config,
        data: &DataDir,
    ) -> std::result::Result<(), Problem> {
        match config.database {
            Named::Sqlite => data.require_database(sqlite::FILES),
            Named::Postgres(_) => Ok(()),
        }
    }

    /// Opens or makes what the configuration names.
    ///
    /// # Errors
    /// What stops it, as one line.
    pub(crate) async fn open(
        config: &Config,
        data: &DataDir,
    ) -> std::result::Result<Self, Problem> {
        let opened = match &config.database {
            Named::Sqlite => SqliteStorage::open(&SqliteConfig {
                dir: data.path().to_owned(),
                max_pages: None,
            })
            .map(|storage| Self::Sqlite(Arc::new(storage))),
            Named::Postgres(url) => PostgresStorage::open(&PostgresConfig::new(url.expose()))
                .await
                .map(|storage| Self::Postgres(Arc::new(storage))),
        };
        opened.map_err(|error| told(&error))
    }

    /// What the database that the configuration names says of itself, beside whoever serves it; `None`
    /// where there is none yet. Nothing is made and nothing is changed. Blocks.
    ///
    /// # Errors
    /// What stops it, as one line.
    pub(crate) fn look(config: &Config) -> std::result::Result<Option<Seen>, Problem> {
        let seen = match &config.database {
            Named::Sqlite => look::of_folder(&config.data_dir),
            Named::Postgres(url) => look::of_url(url),
        };
        seen.map_err(|error| told(&error))
    }

    /// The storage behind its traits.
    pub(crate) fn storage(&self) -> Arc<dyn Storage> {
        match self {
            Self::Sqlite(storage) => Arc::clone(storage) as _,
            Self::Postgres(storage) => Arc::clone(storage) as _,
        }
    }

    /// The time that its nodes go by.
    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        match self {
            Self::Sqlite(_) => Arc::new(SystemClock),
            Self::Postgres(storage) => storage.clock(),
        }
    }

    /// Whether nothing can be written before a restart (DU-3). A database in another process is
    /// there again when it is.
    pub(crate) fn is_broken(&self) -> bool {
        match self {
            Self::Sqlite(storage) => storage.is_broken(),
            Self::Postgres(_) => false,
        }
    }

    /// Refuses admin keys of which the other nodes know none.
    ///
    /// # Errors
    /// That, as one line, and the storage's.
    pub(crate) async fn agree_on_admin_keys(
        &self,
        keys: &[CredentialHash],
    ) -> std::result::Result<(), Problem> {
        let Self::Postgres(storage) = self else {
            return Ok(());
        };
        match storage.agree_on_admin_keys(keys).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Problem::new(
                "SGG_ADMIN_API_KEY is none of the other nodes' keys: to change it, start every node with the new key and the old one first",
            )),
            Err(error) => Err(told(&error)),
        }
    }

    /// Writes what is queued and takes no more.
    ///
    /// # Errors
    /// The storage's.
    pub(crate) async fn close(&self) -> Result<()> {
        self.storage().close().await
    }
}

/// The operator reads what the log would hold.
fn told(error: &Error) -> Problem {
    Problem::new(error.detail().unwrap_or_else(|| error.message()))
}
