//! SQLite: one file for everything that decides, one for the usage log. Reads run where they are
//! asked, on pooled read-only connections; writes go to one writer thread, which commits what is
//! waiting together and answers after the commit. Knows nothing of the gateway's rules.

mod audit;
mod authorizations;
mod clients;
mod connections;
mod migrations;
mod rows;
mod settings;
mod tenants;
mod tokens;
mod usage;
mod writer;

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    time::Duration,
};

use async_trait::async_trait;
use gitflare_core::{
    Error, Result,
    storage::{
        AuditStore, AuthorizationStore, ClientStore, ConnectionStore, SettingsStore, Storage,
        TenantStore, TokenStore, UsageStore,
    },
};
use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::{Connection, OpenFlags, config::DbConfig};

use usage::UsageLog;
use writer::Writer;

/// Older libraries can corrupt a database when the write-ahead log is reset.
const OLDEST_LIBRARY: i32 = 3_051_003;
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const READERS: u32 = 8;
const DATABASE: &str = "gitflare.sqlite";
const USAGE: &str = "usage.sqlite";
const LOCK: &str = "gitflare.lock";

/// Where the database is.
#[derive(Clone, Debug)]
pub struct SqliteConfig {
    /// The folder of the database files, made when missing, mode 0700.
    pub dir: PathBuf,
    /// The most pages the main database may have; a stand-in for a full disk in tests.
    pub max_pages: Option<u32>,
}

/// A [`Storage`] in SQLite files. One process at a time: the folder is locked while it is open.
#[derive(Debug)]
pub struct SqliteStorage {
    readers: r2d2::Pool<SqliteConnectionManager>,
    writer: Writer,
    usage: UsageLog,
    /// Released when dropped.
    _lock: File,
}

impl SqliteStorage {
    /// Opens or makes the database, bringing an older one up to date.
    ///
    /// # Errors
    /// `INTERNAL_ERROR` whose detail tells the operator which file is wrong, and how: another
    /// process holds it, a newer release has written it, it is damaged.
    pub fn open(config: &SqliteConfig) -> Result<Self> {
        if rusqlite::version_number() < OLDEST_LIBRARY {
            return Err(Error::internal(format!(
                "SQLite {} is too old",
                rusqlite::version()
            )));
        }
        private_folder(&config.dir)?;
        let lock = lock(&config.dir.join(LOCK))?;
        let path = config.dir.join(DATABASE);
        let existed = path.exists();
        let mut connection = open(
            &path,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        )?;
        migrations::run(&mut connection, &path, existed)?;
        if let Some(pages) = config.max_pages {
            connection
                .pragma_update(None, "max_page_count", pages)
                .map_err(|error| failed(&error))?;
        }
        let manager = SqliteConnectionManager::file(&path)
            .with_flags(OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .with_init(|connection| prepare(connection, true));
        let readers = r2d2::Pool::builder()
            .max_size(READERS)
            .min_idle(Some(2))
            .test_on_check_out(false)
            .connection_timeout(BUSY_TIMEOUT)
            .build(manager)
            .map_err(|error| Error::internal(format!("cannot open {}: {error}", path.display())))?;
        Ok(Self {
            readers,
            writer: Writer::start(connection)?,
            usage: UsageLog::open(&config.dir.join(USAGE))?,
            _lock: lock,
        })
    }

    /// Runs a read on a pooled connection, on the calling thread: an indexed read costs less than
    /// the hop to another one.
    fn read<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        let connection = self
            .readers
            .get()
            .map_err(|error| Error::internal(format!("no database connection: {error}")))?;
        read(&connection).map_err(|error| failed(&error))
    }

    /// Runs a write on the writer thread; the answer comes after the commit.
    async fn write<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.writer.run(write).await
    }
}

#[async_trait]
impl Storage for SqliteStorage {
    fn tenants(&self) -> &dyn TenantStore {
        self
    }

    fn clients(&self) -> &dyn ClientStore {
        self
    }

    fn connections(&self) -> &dyn ConnectionStore {
        self
    }

    fn authorizations(&self) -> &dyn AuthorizationStore {
        self
    }

    fn tokens(&self) -> &dyn TokenStore {
        self
    }

    fn settings(&self) -> &dyn SettingsStore {
        self
    }

    fn usage(&self) -> &dyn UsageStore {
        &self.usage
    }

    fn audit(&self) -> &dyn AuditStore {
        self
    }

    async fn is_healthy(&self) -> bool {
        self.writer.is_alive()
            && self
                .read(|connection| connection.query_row("SELECT 1", [], |_| Ok(())))
                .is_ok()
    }

    async fn close(&self) -> Result<()> {
        self.usage.close().await?;
        self.writer.close().await
    }
}

/// Folds SQLite's failures into one of ours. Statements and file names stay in the log.
fn failed(error: &rusqlite::Error) -> Error {
    Error::internal(format!("database: {error}"))
}

/// Opens a file that only its owner can read, with every setting that the promises rest on.
fn open(path: &Path, flags: OpenFlags) -> Result<Connection> {
    let told = |error: &dyn std::fmt::Display| {
        Error::internal(format!("cannot open {}: {error}", path.display()))
    };
    private_file(path)?;
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|error| told(&error))?;
    let mut connection = connection;
    prepare(&mut connection, false).map_err(|error| told(&error))?;
    let mode: String = connection
        .pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))
        .map_err(|error| told(&error))?;
    if mode != "wal" {
        return Err(told(&"the file system does not allow a write-ahead log"));
    }
    Ok(connection)
}

fn prepare(connection: &mut Connection, read_only: bool) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.pragma_update(None, "foreign_keys", true)?;
    if read_only {
        connection.pragma_update(None, "mmap_size", 256 * 1024 * 1024)?;
        connection.pragma_update(None, "query_only", true)?;
    } else {
        connection.pragma_update(None, "synchronous", "FULL")?;
        // What is erased is overwritten.
        connection.pragma_update(None, "secure_delete", true)?;
    }
    Ok(())
}

fn lock(path: &Path) -> Result<File> {
    private_file(path)?;
    let told = |error: &dyn std::fmt::Display| {
        Error::internal(format!("cannot lock {}: {error}", path.display()))
    };
    let file = File::options()
        .write(true)
        .open(path)
        .map_err(|error| told(&error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(told(&"another process is using this data folder")),
        Err(TryLockError::Error(error)) => Err(told(&error)),
    }
}

fn private_folder(path: &Path) -> Result<()> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    let told = |error| Error::internal(format!("cannot use {}: {error}", path.display()));
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(told)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700)).map_err(told)
}

/// Makes the file, or takes others' rights from it. SQLite gives its side files the same mode.
fn private_file(path: &Path) -> Result<()> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let told = |error| Error::internal(format!("cannot use {}: {error}", path.display()));
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(told)?;
    file.set_permissions(std::fs::Permissions::from_mode(0o600))
        .map_err(told)
}
