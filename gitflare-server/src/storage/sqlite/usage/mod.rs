//! The usage log in a file of its own. A row is written to a journal before its read is answered,
//! stored by one thread in groups, and sealed when its hour is over: then it stands in a pack of its
//! client's rows, and is counted. The queue is bounded: when it is full, reads wait for a while and
//! then fail; no row is dropped.

mod desk;
mod journal;
mod old;
mod queue;
mod read;
mod seal;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    fs::File,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use gitflare_core::{
    Error, Result, Timestamp,
    storage::{Pack, UsageQuery, UsageRow, UsageStore, UsageSummary, pack},
};
use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError, oneshot};

use super::{
    BUSY_TIMEOUT, connect, failed, migrations,
    rows::one,
    walks::Walks,
    writer::{self, Health},
};
use desk::{Desk, change};
use journal::{Journal, Position};
use queue::{Item, Order, Queue, ended};
use read::Reader;

use crate::storage::sql::passing;

/// Rows that may wait to be stored.
const QUEUE: usize = 16_384;
/// How long a read waits for room in the queue.
const PATIENCE: Duration = Duration::from_secs(5);
const HOUR_MILLIS: i64 = 3_600_000;
const HOURS_OF_DAY: i64 = 24;

/// A handle to the log.
#[derive(Debug)]
pub(super) struct UsageLog {
    queue: Arc<Queue>,
    /// One permit per row that may still be queued.
    room: Arc<Semaphore>,
    walks: Walks,
    health: Arc<Health>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl UsageLog {
    /// Opens or makes the log, stores what an earlier process has left in the journal, and starts
    /// the thread, which holds the folder's lock.
    pub(super) fn open(path: &Path, max_pages: Option<u32>, lock: Arc<File>) -> Result<Self> {
        let mut connection = connect::writer(path, BUSY_TIMEOUT)?;
        migrations::run(&mut connection, path, migrations::USAGE)?;
        writer::limit(&connection, max_pages)?;
        let folder = path.parent().unwrap_or(Path::new(".")).to_owned();
        let health = Arc::new(Health::new());
        old::move_all(&connection, &health)?;
        recount_if_cut_off(&connection, &health)?;
        change(&connection, &health, seal::find_newest)?;
        let stored = stored_position(&connection)?;
        let mut waiting = Vec::new();
        let last = journal::replay(&folder, stored, |body| {
            waiting.push(item(body.to_vec(), None)?);
            Ok(())
        })?;
        let journal = Journal::begin(&folder, last.max(stored.segment) + 1)?;
        let mut desk = Desk {
            connection,
            folder,
            taken: stored,
            stored,
            queue: Arc::new(Queue::new(journal)),
            health: Arc::clone(&health),
            waiting,
            open: BTreeMap::new(),
            may_seal: Instant::now(),
            is_counted: true,
            _lock: lock,
        };
        // What cannot be stored now stays in the journal, and is tried again.
        drop(desk.write());
        let queue = Arc::clone(&desk.queue);
        let walks = Walks::start(path, "usage-walk")?;
        let thread = std::thread::Builder::new()
            .name("usage-writer".into())
            .spawn(move || desk.serve())
            .map_err(|error| Error::internal(format!("cannot start the usage writer: {error}")))?;
        Ok(Self {
            queue,
            room: Arc::new(Semaphore::new(QUEUE)),
            walks,
            health,
            thread: Mutex::new(Some(thread)),
        })
    }

    pub(super) fn is_healthy(&self) -> bool {
        self.health.is_well() && self.queue.has_room()
    }

    pub(super) fn is_broken(&self) -> bool {
        self.health.is_broken()
    }

    /// Stores what waits and takes no more.
    pub(super) async fn close(&self) -> Result<()> {
        let (sender, receiver) = oneshot::channel();
        if self.queue.order(Order::Close(sender)).is_err() {
            return Ok(());
        }
        let written = receiver.await.map_err(|_| ended())?;
        writer::join(&self.thread)?;
        written
    }

    async fn ask<T>(&self, order: impl FnOnce(oneshot::Sender<Result<T>>) -> Order) -> Result<T> {
        let (sender, receiver) = oneshot::channel();
        self.queue.order(order(sender))?;
        receiver.await.map_err(|_| ended())?
    }

    /// A place in the queue.
    async fn permit(&self) -> Result<OwnedSemaphorePermit> {
        let room = Arc::clone(&self.room);
        match Arc::clone(&room).try_acquire_owned() {
            Ok(permit) => Ok(permit),
            Err(TryAcquireError::Closed) => Err(ended()),
            Err(TryAcquireError::NoPermits) => {
                let permit = tokio::time::timeout(PATIENCE, room.acquire_owned()).await;
                let full = "the usage log's queue is full and is not being written";
                permit.map_err(|_| passing(full))?.map_err(|_| ended())
            }
        }
    }
}

impl Drop for UsageLog {
    fn drop(&mut self) {
        self.queue.abandon();
        // The folder is free when the log has gone.
        let thread = self
            .thread
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(thread) = thread.take() {
            drop(thread.join());
        }
    }
}

/// A packed row as it waits.
fn item(body: Vec<u8>, permit: Option<OwnedSemaphorePermit>) -> Result<Item> {
    let row = Pack::open(&body)?.next_row()?.map(|row| row.to_row());
    let row = row.ok_or_else(|| Error::internal("the usage journal holds an empty pack"))??;
    Ok(Item {
        client: row.client_id,
        at: row.at.as_millis(),
        id: row.id,
        body,
        _permit: permit,
    })
}

fn stored_position(connection: &Connection) -> Result<Position> {
    let number = |name: &str| {
        let statement = "SELECT value FROM state WHERE name = ?1";
        one(connection, statement, [name], |row| row.get::<_, i64>(0))
            .map(|value| value.unwrap_or(0).unsigned_abs())
            .map_err(|error| failed(&error))
    };
    Ok(Position {
        segment: number("segment")?,
        offset: number("offset")?,
    })
}

/// Ends a rebuild of the counts that another process has begun.
fn recount_if_cut_off(connection: &Connection, health: &Health) -> Result<()> {
    let statement = "SELECT 1 FROM state WHERE name = 'rebuilding'";
    let is_cut_off = one(connection, statement, [], |_| Ok(())).map_err(|error| failed(&error))?;
    if is_cut_off.is_none() {
        return Ok(());
    }
    tracing::info!("counting the usage log anew: the last rebuild was cut off");
    change(connection, health, seal::forget_counts)?;
    let mut after = None;
    while let Some((last, _)) = change(connection, health, |connection| {
        seal::count_some(connection, after.as_ref())
    })? {
        after = Some(last);
    }
    Ok(())
}

#[async_trait]
impl UsageStore for UsageLog {
    async fn record(&self, row: UsageRow) -> Result<()> {
        if self.health.is_broken() {
            return Err(seal::refused());
        }
        let permit = self.permit().await?;
        self.queue.push(Item {
            body: pack(std::slice::from_ref(&row)),
            client: row.client_id,
            at: row.at.as_millis(),
            id: row.id,
            _permit: Some(permit),
        })
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
        let query = query.clone();
        self.walks
            .run(move |walk| Reader::new(walk, query)?.list(offset, limit))
            .await
    }

    async fn summary(&self, query: &UsageQuery, top: usize) -> Result<UsageSummary> {
        let query = query.clone();
        self.walks
            .run(move |walk| Reader::new(walk, query)?.summary(top))
            .await
    }

    async fn purge(&self, before: Timestamp, limit: usize) -> Result<usize> {
        self.ask(|done| Order::Purge(before, limit, done)).await
    }

    async fn rebuild(&self, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<()> {
        let total = self.ask(Order::Forget).await?;
        let (mut done, mut after) = (0, None);
        while let Some((last, rows)) = self.ask(|answer| Order::Count(after, answer)).await? {
            done += rows;
            after = Some(last);
            progress(done, total);
        }
        Ok(())
    }
}
