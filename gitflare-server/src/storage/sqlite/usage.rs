//! The usage log in a file of its own: append only, written in groups by one thread. The queue is
//! bounded: when it is full, readers wait; no row is dropped.

use std::{
    path::Path,
    sync::{
        Mutex, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use gitflare_core::{
    ClientId, Error, LogId, RequestId, Result, TenantId, Timestamp, TokenId,
    provider::{Endpoint, ProviderId},
    storage::{Tally, UsageQuery, UsageRow, UsageStore, UsageSummary},
};
use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::{Connection, OpenFlags, Row, ToSql, types::Value};
use tokio::sync::{Semaphore, oneshot};

use super::{
    failed, open, prepare,
    rows::{id, maybe, parsed, time},
};

/// Rows that may wait to be written.
const QUEUE: usize = 10_000;
const GROUP: usize = 1000;
const GROUP_EVERY: Duration = Duration::from_millis(8);
/// How soon a failed write is tried again.
const RETRY_EVERY: Duration = Duration::from_secs(1);

const COLUMNS: &str = "id, at, request_id, tenant_id, client_id, token_id, endpoint_key, method,
    path, provider, repository_id, status, error_code, duration_ms, upstream_ms, items,
    blocked_files, redacted_secrets";

#[expect(clippy::large_enum_variant, reason = "nearly every order is a row")]
enum Order {
    Row(UsageRow),
    Flush(oneshot::Sender<Result<()>>),
    Purge(Timestamp, usize, oneshot::Sender<Result<usize>>),
    Close(oneshot::Sender<Result<()>>),
}

/// A handle to the log.
#[derive(Debug)]
pub(super) struct UsageLog {
    orders: std::sync::mpsc::Sender<Order>,
    /// One permit per row that may still be queued.
    room: std::sync::Arc<Semaphore>,
    readers: r2d2::Pool<SqliteConnectionManager>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl UsageLog {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let connection = open(
            path,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        )?;
        connection
            .execute_batch(
                "CREATE TABLE IF NOT EXISTS usage (
                   id TEXT NOT NULL, at INTEGER NOT NULL, request_id TEXT NOT NULL,
                   tenant_id TEXT NOT NULL, client_id TEXT NOT NULL, token_id TEXT NOT NULL,
                   endpoint_key TEXT NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL,
                   provider TEXT, repository_id TEXT, status INTEGER NOT NULL, error_code TEXT,
                   duration_ms INTEGER NOT NULL, upstream_ms INTEGER NOT NULL,
                   items INTEGER NOT NULL, blocked_files INTEGER NOT NULL,
                   redacted_secrets INTEGER NOT NULL) STRICT",
            )
            .map_err(|error| failed(&error))?;
        let manager = SqliteConnectionManager::file(path)
            .with_flags(OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .with_init(|connection| prepare(connection, true));
        let readers = r2d2::Pool::builder()
            .max_size(2)
            .min_idle(Some(0))
            .test_on_check_out(false)
            .build(manager)
            .map_err(|error| Error::internal(format!("cannot open {}: {error}", path.display())))?;
        let (orders, receiver) = channel();
        let room = std::sync::Arc::new(Semaphore::new(QUEUE));
        let thread = std::thread::Builder::new()
            .name("usage-writer".into())
            .spawn({
                let room = std::sync::Arc::clone(&room);
                move || serve(&connection, &receiver, &room)
            })
            .map_err(|error| Error::internal(format!("cannot start the usage writer: {error}")))?;
        Ok(Self {
            orders,
            room,
            readers,
            thread: Mutex::new(Some(thread)),
        })
    }

    pub(super) async fn close(&self) -> Result<()> {
        let written = self.order(Order::Close).await;
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        match thread.map(JoinHandle::join) {
            Some(Err(_)) => Err(Error::internal("the usage writer panicked")),
            _ => written,
        }
    }

    async fn order<T>(&self, order: impl FnOnce(oneshot::Sender<Result<T>>) -> Order) -> Result<T> {
        let (sender, receiver) = oneshot::channel();
        let ended = || Error::internal("the usage writer has ended");
        self.orders.send(order(sender)).map_err(|_| ended())?;
        receiver.await.map_err(|_| ended())?
    }

    fn read<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        let connection = self
            .readers
            .get()
            .map_err(|error| Error::internal(format!("no usage connection: {error}")))?;
        read(&connection).map_err(|error| failed(&error))
    }
}

fn serve(connection: &Connection, orders: &Receiver<Order>, room: &Semaphore) {
    let mut waiting: Vec<UsageRow> = Vec::with_capacity(GROUP);
    let mut since = Instant::now();
    let mut patience = GROUP_EVERY;
    loop {
        let order = if waiting.is_empty() {
            orders.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            orders.recv_timeout(patience.saturating_sub(since.elapsed()))
        };
        if waiting.is_empty() {
            since = Instant::now();
        }
        let written = match order {
            Ok(Order::Row(row)) => {
                waiting.push(row);
                if !waiting.len().is_multiple_of(GROUP) {
                    continue;
                }
                write_all(connection, &mut waiting, room)
            }
            Ok(Order::Flush(done)) => {
                let written = write_all(connection, &mut waiting, room);
                let _ = done.send(written.clone());
                written
            }
            Ok(Order::Purge(before, limit, done)) => {
                let _ = done.send(purge(connection, before, limit));
                continue;
            }
            Ok(Order::Close(done)) => {
                let _ = done.send(write_all(connection, &mut waiting, room));
                return;
            }
            Err(RecvTimeoutError::Timeout) => write_all(connection, &mut waiting, room),
            Err(RecvTimeoutError::Disconnected) => {
                // Dropped without a close: what waits is written all the same.
                let _ = write_all(connection, &mut waiting, room);
                return;
            }
        };
        since = Instant::now();
        patience = if written.is_ok() {
            GROUP_EVERY
        } else {
            RETRY_EVERY
        };
    }
}

/// Writes what waits. Rows that cannot be written stay, and take up their room, until they can.
fn write_all(connection: &Connection, waiting: &mut Vec<UsageRow>, room: &Semaphore) -> Result<()> {
    if waiting.is_empty() {
        return Ok(());
    }
    let outcome = (|| {
        let transaction = connection.unchecked_transaction()?;
        for row in waiting.iter() {
            insert(&transaction, row)?;
        }
        transaction.commit()
    })();
    match outcome {
        Ok(()) => {
            room.add_permits(waiting.len());
            waiting.clear();
            Ok(())
        }
        Err(error) => {
            tracing::error!(%error, rows = waiting.len(), "usage rows could not be written yet");
            Err(failed(&error))
        }
    }
}

fn insert(connection: &Connection, row: &UsageRow) -> rusqlite::Result<()> {
    connection
        .prepare_cached(&format!(
            "INSERT INTO usage ({COLUMNS}) VALUES
             (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)"
        ))?
        .execute::<&[&dyn ToSql]>(&[
            &row.id.as_str(),
            &row.at.as_millis(),
            &row.request_id.as_str(),
            &row.tenant_id.as_str(),
            &row.client_id.as_str(),
            &row.token_id.as_str(),
            &row.endpoint_key,
            &row.method,
            &row.path,
            &row.provider.map(ProviderId::as_str),
            &row.repository_id,
            &row.status,
            &row.error_code,
            &number(row.duration_ms),
            &number(row.upstream_ms),
            &number(row.items),
            &number(row.blocked_files),
            &number(row.redacted_secrets),
        ])?;
    Ok(())
}

fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn purge(connection: &Connection, before: Timestamp, limit: usize) -> Result<usize> {
    connection
        .execute(
            "DELETE FROM usage WHERE rowid IN (SELECT rowid FROM usage WHERE at < ?1 ORDER BY rowid LIMIT ?2)",
            (before.as_millis(), limit),
        )
        .map_err(|error| failed(&error))
}

fn usage_row(row: &Row<'_>) -> rusqlite::Result<UsageRow> {
    Ok(UsageRow {
        id: id!(row, 0, LogId)?,
        at: time(row, 1)?,
        request_id: id!(row, 2, RequestId)?,
        tenant_id: id!(row, 3, TenantId)?,
        client_id: id!(row, 4, ClientId)?,
        token_id: id!(row, 5, TokenId)?,
        endpoint_key: parsed(row, 6, |key| {
            Endpoint::ALL
                .iter()
                .map(|endpoint| endpoint.key())
                .find(|known| *known == key)
        })?,
        method: parsed(row, 7, |method| {
            ["GET", "POST", "HEAD"]
                .into_iter()
                .find(|known| *known == method)
        })?,
        path: row.get(8)?,
        provider: maybe(row, 9, ProviderId::parse)?,
        repository_id: row.get(10)?,
        status: row.get(11)?,
        error_code: maybe(row, 12, |name| {
            gitflare_core::CODES
                .iter()
                .map(|code| code.name)
                .find(|known| *known == name)
        })?,
        duration_ms: row.get(13)?,
        upstream_ms: row.get(14)?,
        items: row.get(15)?,
        blocked_files: row.get(16)?,
        redacted_secrets: row.get(17)?,
    })
}

/// A query's members as a WHERE clause with its parameters.
fn condition(query: &UsageQuery) -> (String, Vec<Value>) {
    let mut clause = String::from("1");
    let mut values: Vec<Value> = Vec::new();
    let mut any_of = |column: &str, texts: Vec<String>| {
        if !texts.is_empty() {
            let places = vec!["?"; texts.len()].join(", ");
            clause.push_str(&format!(" AND {column} IN ({places})"));
            values.extend(texts.into_iter().map(Value::from));
        }
    };
    any_of(
        "tenant_id",
        query.tenants.iter().map(ToString::to_string).collect(),
    );
    any_of(
        "client_id",
        query.clients.iter().map(ToString::to_string).collect(),
    );
    any_of("endpoint_key", query.endpoint_key.iter().cloned().collect());
    any_of(
        "provider",
        query.provider.iter().map(ToString::to_string).collect(),
    );
    any_of(
        "repository_id",
        query.repository_id.iter().cloned().collect(),
    );
    for (bound, operator) in [(query.from, ">="), (query.to, "<")] {
        if let Some(bound) = bound {
            clause.push_str(&format!(" AND at {operator} ?"));
            values.push(bound.as_millis().into());
        }
    }
    (clause, values)
}

#[async_trait]
impl UsageStore for UsageLog {
    async fn record(&self, row: UsageRow) -> Result<()> {
        let ended = || Error::internal("the usage writer has ended");
        self.room.acquire().await.map_err(|_| ended())?.forget();
        self.orders.send(Order::Row(row)).map_err(|_| ended())
    }

    async fn flush(&self) -> Result<()> {
        self.order(Order::Flush).await
    }

    async fn list(
        &self,
        query: &UsageQuery,
        offset: u64,
        limit: usize,
    ) -> Result<(Vec<UsageRow>, u64)> {
        let (clause, mut values) = condition(query);
        self.read(|connection| {
            let total = connection.query_row(
                &format!("SELECT count(*) FROM usage WHERE {clause}"),
                rusqlite::params_from_iter(&values),
                |row| row.get(0),
            )?;
            values.push(number(limit as u64).into());
            values.push(number(offset).into());
            let rows = connection
                .prepare(&format!(
                    "SELECT {COLUMNS} FROM usage WHERE {clause} ORDER BY at DESC, id DESC LIMIT ? OFFSET ?"
                ))?
                .query_map(rusqlite::params_from_iter(&values), usage_row)?
                .collect::<rusqlite::Result<_>>()?;
            Ok((rows, total))
        })
    }

    async fn summary(&self, query: &UsageQuery, top: usize) -> Result<UsageSummary> {
        let (clause, values) = condition(query);
        self.read(|connection| {
            // All tallies of one key column, over one moment of the log.
            let transaction = connection.unchecked_transaction()?;
            let tallies = |key: &str, order: &str| -> rusqlite::Result<Vec<Tally>> {
                transaction
                    .prepare(&format!(
                        "WITH ranked AS (SELECT {key} AS key, duration_ms, error_code, blocked_files,
                           redacted_secrets, row_number() OVER (PARTITION BY {key} ORDER BY duration_ms) AS n,
                           count(*) OVER (PARTITION BY {key}) AS total
                           FROM usage WHERE {clause} AND {key} IS NOT NULL)
                         SELECT CAST(key AS TEXT), count(*), count(error_code), sum(blocked_files),
                           sum(redacted_secrets),
                           max(duration_ms) FILTER (WHERE n = max(1, (total * 50 + 99) / 100)),
                           max(duration_ms) FILTER (WHERE n = max(1, (total * 95 + 99) / 100))
                         FROM ranked GROUP BY key ORDER BY {order} LIMIT {top}"
                    ))?
                    .query_map(rusqlite::params_from_iter(&values), |row| {
                        Ok(Tally {
                            key: row.get(0)?,
                            requests: row.get(1)?,
                            errors: row.get(2)?,
                            blocked_files: row.get(3)?,
                            redacted_secrets: row.get(4)?,
                            p50_ms: row.get(5)?,
                            p95_ms: row.get(6)?,
                        })
                    })?
                    .collect()
            };
            let most = "count(*) DESC, key";
            Ok(UsageSummary {
                totals: tallies("''", "key")?.pop().unwrap_or_default(),
                by_endpoint: tallies("endpoint_key", most)?,
                by_provider: tallies("provider", most)?,
                by_client: tallies("client_id", most)?,
                by_repository: tallies("repository_id", most)?,
                by_status: tallies("CAST(status AS TEXT)", most)?,
                by_day: tallies("date(at / 1000, 'unixepoch')", "key")?,
            })
        })
    }

    async fn purge(&self, before: Timestamp, limit: usize) -> Result<usize> {
        self.order(|done| Order::Purge(before, limit, done)).await
    }
}
