//! The usage log in a file of its own: append only, written in groups by one thread. The queue is
//! bounded: when it is full, reads wait for a while and then fail; no row is dropped. Summaries
//! count over the rows; nothing is counted ahead.

use std::{
    fs::File,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use gitflare_core::{
    ClientId, Error, LogId, RequestId, Result, TenantId, Timestamp, TokenId,
    provider::{Endpoint, ProviderId},
    storage::{SummaryBuilder, UsageFacts, UsageQuery, UsageRow, UsageStore, UsageSummary},
};
use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::{
    Connection, Row, ToSql, Transaction, TransactionBehavior, params_from_iter, types::ValueRef,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError, oneshot};

use super::{
    BUSY_TIMEOUT,
    connect::{self, failed},
    migrations,
    rows::{Conditions, id, maybe, natural, parsed, saturated, time},
    writer::{self, Health},
};

/// Rows that may wait to be written.
const QUEUE: usize = 16_384;
/// Rows after which a group is written at once.
const GROUP: usize = 1000;
/// How long the first row of a group waits for others.
const GROUP_EVERY: Duration = Duration::from_millis(8);
/// How long a group that could not be written waits for the next try.
const RETRY_EVERY: Duration = Duration::from_millis(250);
/// How long a read waits for room in the queue.
const PATIENCE: Duration = Duration::from_secs(5);
const READERS: u32 = 4;
/// The methods of the unified routes; HEAD is answered like GET.
const METHODS: [&str; 4] = ["GET", "HEAD", "POST", "DELETE"];

const COLUMNS: &str = "id, at, request_id, tenant_id, client_id, token_id, endpoint_key, method,
    path, provider, repository_id, status, error_code, duration_ms, upstream_ms, items,
    blocked_files, redacted_secrets";

/// A row that waits, with its place in the queue.
type Waiting = (UsageRow, OwnedSemaphorePermit);

enum Order {
    Row(Box<Waiting>),
    Flush(oneshot::Sender<Result<()>>),
    Purge(Timestamp, usize, oneshot::Sender<Result<usize>>),
    Close(oneshot::Sender<Result<()>>),
}

/// A handle to the log.
#[derive(Debug)]
pub(super) struct UsageLog {
    /// Taken away on closing: whoever still finds it has queued before the end.
    orders: Mutex<Option<Sender<Order>>>,
    /// One permit per row that may still be queued.
    room: Arc<Semaphore>,
    readers: r2d2::Pool<SqliteConnectionManager>,
    health: Arc<Health>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl UsageLog {
    /// Opens or makes the log and starts its thread, which holds the folder's lock.
    pub(super) fn open(path: &Path, max_pages: Option<u32>, lock: Arc<File>) -> Result<Self> {
        let mut connection = connect::writer(path, BUSY_TIMEOUT)?;
        migrations::run(&mut connection, path, migrations::USAGE)?;
        writer::limit(&connection, max_pages)?;
        let readers = connect::readers(path, READERS, BUSY_TIMEOUT)?;
        let (orders, receiver) = channel();
        let health = Arc::new(Health::new());
        let mut desk = Desk {
            connection,
            health: Arc::clone(&health),
            waiting: Vec::with_capacity(GROUP),
            due: Instant::now(),
            _lock: lock,
        };
        let thread = std::thread::Builder::new()
            .name("usage-writer".into())
            .spawn(move || desk.serve(&receiver))
            .map_err(|error| Error::internal(format!("cannot start the usage writer: {error}")))?;
        Ok(Self {
            orders: Mutex::new(Some(orders)),
            room: Arc::new(Semaphore::new(QUEUE)),
            readers,
            health,
            thread: Mutex::new(Some(thread)),
        })
    }

    pub(super) fn is_healthy(&self) -> bool {
        self.health.is_well()
    }

    pub(super) fn is_broken(&self) -> bool {
        self.health.is_broken()
    }

    /// Writes what waits and takes no more.
    pub(super) async fn close(&self) -> Result<()> {
        let (sender, receiver) = oneshot::channel();
        let orders = self.orders().take();
        let Some(orders) = orders else {
            return Ok(());
        };
        orders.send(Order::Close(sender)).map_err(|_| ended())?;
        let written = receiver.await.map_err(|_| ended())?;
        writer::join(&self.thread)?;
        written
    }

    fn orders(&self) -> std::sync::MutexGuard<'_, Option<Sender<Order>>> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(&self, order: Order) -> Result<()> {
        match &*self.orders() {
            Some(orders) => orders.send(order).map_err(|_| ended()),
            None => Err(ended()),
        }
    }

    async fn ask<T>(&self, order: impl FnOnce(oneshot::Sender<Result<T>>) -> Order) -> Result<T> {
        let (sender, receiver) = oneshot::channel();
        self.send(order(sender))?;
        receiver.await.map_err(|_| ended())?
    }

    /// Runs a read over many rows away from the async workers, as of one moment.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let readers = self.readers.clone();
        tokio::task::spawn_blocking(move || {
            let connection = readers
                .get()
                .map_err(|error| Error::internal(format!("no usage connection: {error}")))?;
            let transaction = connection
                .unchecked_transaction()
                .map_err(|error| failed(&error))?;
            read(&transaction).map_err(|error| failed(&error))
        })
        .await
        .map_err(|error| Error::internal(format!("a usage read was cut off: {error}")))?
    }
}

fn ended() -> Error {
    Error::internal("the usage log is closed")
}

/// What the thread works with.
struct Desk {
    connection: Connection,
    health: Arc<Health>,
    waiting: Vec<Waiting>,
    /// When the waiting rows are written, however few they are.
    due: Instant,
    _lock: Arc<File>,
}

impl Desk {
    fn serve(&mut self, orders: &Receiver<Order>) {
        loop {
            let order = match self.waiting.is_empty() {
                true => orders.recv().map_err(|_| RecvTimeoutError::Disconnected),
                false => orders.recv_timeout(self.due.saturating_duration_since(Instant::now())),
            };
            match order {
                Ok(Order::Row(row)) => self.accept(*row),
                Ok(Order::Flush(done)) => {
                    let _ = done.send(self.write());
                }
                Ok(Order::Purge(before, limit, done)) => {
                    let _ = done.send(self.purge(before, limit));
                }
                Ok(Order::Close(done)) => {
                    let _ = done.send(self.write());
                    return;
                }
                Err(RecvTimeoutError::Timeout) => {
                    // The rows stay, and are tried again.
                    let _ = self.write();
                }
                Err(RecvTimeoutError::Disconnected) => {
                    let _ = self.write();
                    return;
                }
            }
        }
    }

    fn accept(&mut self, row: Waiting) {
        if self.waiting.is_empty() {
            self.due = Instant::now() + GROUP_EVERY;
        }
        self.waiting.push(row);
        if self.waiting.len() == GROUP || self.due <= Instant::now() {
            let _ = self.write();
        }
    }

    /// Writes what waits. Rows that cannot be written stay, and keep their place in the queue.
    fn write(&mut self) -> Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let outcome = self.change(|connection, waiting| {
            for (row, _) in waiting {
                insert(connection, row)?;
            }
            Ok(())
        });
        match outcome {
            Ok(()) => self.waiting.clear(),
            Err(_) => self.due = Instant::now() + RETRY_EVERY,
        }
        outcome
    }

    fn purge(&self, before: Timestamp, limit: usize) -> Result<usize> {
        self.change(|connection, _| {
            connection.execute(
                "DELETE FROM usage WHERE (at, id) IN
                   (SELECT at, id FROM usage WHERE at < ?1 ORDER BY at, id LIMIT ?2)",
                (before.as_millis(), saturated(limit as u64)),
            )
        })
    }

    fn change<T>(
        &self,
        work: impl FnOnce(&Connection, &[Waiting]) -> rusqlite::Result<T>,
    ) -> Result<T> {
        if self.health.is_broken() {
            return Err(Error::internal(
                "the usage log is not written to since an fsync failed; restart gitflare",
            ));
        }
        let outcome = (|| {
            let transaction =
                Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
            let value = work(&transaction, &self.waiting)?;
            transaction.commit()?;
            Ok(value)
        })();
        self.health.note(&outcome);
        outcome.map_err(|error| failed(&error))
    }
}

/// Appends a row. One whose id stands there already is the same row, sent twice.
fn insert(connection: &Connection, row: &UsageRow) -> rusqlite::Result<()> {
    connection
        .prepare_cached(&format!(
            "INSERT INTO usage ({COLUMNS}) VALUES
             (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)
             ON CONFLICT DO NOTHING"
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
            &saturated(row.duration_ms),
            &saturated(row.upstream_ms),
            &saturated(row.items),
            &saturated(row.blocked_files),
            &saturated(row.redacted_secrets),
        ])?;
    Ok(())
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
            METHODS.into_iter().find(|known| *known == method)
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
        duration_ms: natural(row, 13)?,
        upstream_ms: natural(row, 14)?,
        items: natural(row, 15)?,
        blocked_files: natural(row, 16)?,
        redacted_secrets: natural(row, 17)?,
    })
}

/// A query's members as conditions.
fn conditions(query: &UsageQuery) -> Conditions {
    let mut conditions = Conditions::new("1");
    conditions.any_of("tenant_id", query.tenants.iter().map(TenantId::as_str));
    conditions.any_of("client_id", query.clients.iter().map(ClientId::as_str));
    conditions.equal("endpoint_key", query.endpoint_key.as_deref());
    conditions.equal("provider", query.provider.map(ProviderId::as_str));
    conditions.equal("repository_id", query.repository_id.as_deref());
    conditions.compare("at", ">=", query.from.map(Timestamp::as_millis));
    conditions.compare("at", "<", query.to.map(Timestamp::as_millis));
    conditions
}

/// The columns that a summary counts, as [`facts`] reads them.
const FACTS: &str = "at, client_id, endpoint_key, provider, repository_id, status,
    error_code IS NOT NULL, duration_ms, blocked_files, redacted_secrets";

fn facts<'r>(row: &'r Row<'_>) -> rusqlite::Result<UsageFacts<'r>> {
    let text = |column| -> rusqlite::Result<Option<&'r str>> {
        match row.get_ref(column)? {
            ValueRef::Null => Ok(None),
            value => Ok(Some(value.as_str()?)),
        }
    };
    Ok(UsageFacts {
        at: time(row, 0)?,
        client_id: text(1)?.unwrap_or_default(),
        endpoint_key: text(2)?.unwrap_or_default(),
        provider: text(3)?,
        repository_id: text(4)?,
        status: row.get(5)?,
        is_error: row.get(6)?,
        duration_ms: natural(row, 7)?,
        blocked_files: natural(row, 8)?,
        redacted_secrets: natural(row, 9)?,
    })
}

#[async_trait]
impl UsageStore for UsageLog {
    async fn record(&self, row: UsageRow) -> Result<()> {
        if self.health.is_broken() {
            return Err(Error::internal(
                "the usage log is not written to since an fsync failed; restart gitflare",
            ));
        }
        let permit = match Arc::clone(&self.room).try_acquire_owned() {
            Ok(permit) => permit,
            Err(TryAcquireError::Closed) => return Err(ended()),
            Err(TryAcquireError::NoPermits) => {
                let room = Arc::clone(&self.room).acquire_owned();
                match tokio::time::timeout(PATIENCE, room).await {
                    Ok(permit) => permit.map_err(|_| ended())?,
                    Err(_) => {
                        return Err(Error::internal(
                            "the usage log's queue is full and is not being written",
                        ));
                    }
                }
            }
        };
        self.send(Order::Row(Box::new((row, permit))))
    }

    async fn flush(&self) -> Result<()> {
        self.ask(Order::Flush).await
    }

    async fn list(
        &self,
        query: &UsageQuery,
        offset: u64,
        limit: usize,
    ) -> Result<(Vec<UsageRow>, u64)> {
        let conditions = conditions(query);
        self.read(move |connection| {
            let clause = conditions.clause();
            let mut values = conditions.values().to_vec();
            let total = connection
                .prepare_cached(&format!("SELECT count(*) FROM usage WHERE {clause}"))?
                .query_row(params_from_iter(&values), |row| natural(row, 0))?;
            values.push(saturated(limit as u64).into());
            values.push(saturated(offset).into());
            let rows = connection
                .prepare_cached(&format!(
                    "SELECT {COLUMNS} FROM usage WHERE {clause}
                     ORDER BY at DESC, id DESC LIMIT ? OFFSET ?"
                ))?
                .query_map(params_from_iter(&values), usage_row)?
                .collect::<rusqlite::Result<_>>()?;
            Ok((rows, total))
        })
        .await
    }

    async fn summary(&self, query: &UsageQuery, top: usize) -> Result<UsageSummary> {
        let conditions = conditions(query);
        self.read(move |connection| {
            let mut summary = SummaryBuilder::default();
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {FACTS} FROM usage WHERE {}",
                conditions.clause()
            ))?;
            let mut rows = statement.query(params_from_iter(conditions.values()))?;
            while let Some(row) = rows.next()? {
                summary.add(&facts(row)?);
            }
            Ok(summary.finish(top))
        })
        .await
    }

    async fn purge(&self, before: Timestamp, limit: usize) -> Result<usize> {
        self.ask(|done| Order::Purge(before, limit, done)).await
    }
}
