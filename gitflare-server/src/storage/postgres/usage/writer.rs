//! The one task that stores what is recorded: it takes what waits, stores it as one group, and then
//! tells every caller. While a group is on its way the next one gathers. The queue is bounded; when
//! it is full, reads wait for a while and then fail: no row is dropped.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use gitflare_core::{Error, Result, storage::UsageRow};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::timeout,
};

use super::{
    DAY_MILLIS,
    counts::{Counted, lock_day},
    partitions, rows,
};
use crate::storage::{
    postgres::{
        Database,
        session::{Failure, ours, transaction},
    },
    sql::passing,
};

/// Rows that may wait to be stored.
const QUEUE: usize = 16_384;
/// The most rows of a group.
const MOST_TOGETHER: usize = 1000;
/// How long a read waits for room in the queue.
const PATIENCE: Duration = Duration::from_secs(5);

/// A row that waits, and who is told.
#[derive(Debug)]
struct Item {
    row: UsageRow,
    stored: oneshot::Sender<Result<()>>,
}

/// A handle to the task.
#[derive(Debug)]
pub(super) struct Writer {
    /// `None` when it takes no more.
    queue: Mutex<Option<mpsc::Sender<Item>>>,
    is_healthy: Arc<AtomicBool>,
    task: Mutex<Option<JoinHandle<()>>>,
}

fn ended() -> Error {
    Error::internal("the usage log takes no more rows")
}

impl Writer {
    pub(super) fn start(database: Database) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let is_healthy = Arc::new(AtomicBool::new(true));
        let task = tokio::spawn(serve(database, waiting, Arc::clone(&is_healthy)));
        Self {
            queue: Mutex::new(Some(queue)),
            is_healthy,
            task: Mutex::new(Some(task)),
        }
    }

    /// Whether the last group could be stored.
    pub(super) fn is_healthy(&self) -> bool {
        self.is_healthy.load(Ordering::Relaxed)
    }

    /// Stores a row with those that wait beside it.
    pub(super) async fn record(&self, row: UsageRow) -> Result<()> {
        let (stored, answer) = oneshot::channel();
        let queue = self
            .queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let queue = queue.ok_or_else(ended)?;
        let item = Item {
            row: rows::storable(row),
            stored,
        };
        match timeout(PATIENCE, queue.send(item)).await {
            Ok(sent) => sent.map_err(|_| ended())?,
            Err(_) => {
                let full = "the usage log's queue is full and is not being written";
                return Err(passing(full));
            }
        }
        answer.await.map_err(|_| ended())?
    }

    /// Stores what waits and takes no more.
    pub(super) async fn close(&self) -> Result<()> {
        drop(
            self.queue
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        let task = self
            .task
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        match task {
            Some(task) => task
                .await
                .map_err(|_| Error::internal("the usage writer panicked")),
            None => Ok(()),
        }
    }
}

/// Stores groups until nobody can record any more.
async fn serve(database: Database, mut waiting: mpsc::Receiver<Item>, is_healthy: Arc<AtomicBool>) {
    let mut items = Vec::new();
    while waiting.recv_many(&mut items, MOST_TOGETHER).await > 0 {
        let (rows, callers): (Vec<_>, Vec<_>) =
            items.drain(..).map(|item| (item.row, item.stored)).unzip();
        let stored = ours(store(&database, &rows).await);
        is_healthy.store(stored.is_ok(), Ordering::Relaxed);
        if let Err(error) = &stored {
            tracing::error!(error = ?error, rows = rows.len(), "usage rows were not stored");
        }
        for caller in callers {
            // Nobody waits any more when the request was dropped.
            let _ = caller.send(stored.clone());
        }
    }
}

/// Stores and counts rows in one transaction, those aside that are stored already.
pub(super) async fn store(
    database: &Database,
    group: &[UsageRow],
) -> std::result::Result<(), Failure> {
    let day = |row: &UsageRow| row.at.as_millis().div_euclid(DAY_MILLIS);
    let days: BTreeSet<_> = group.iter().map(day).collect();
    let mut how = How::Copied;
    let mut may_make = true;
    loop {
        match store_in(database, group, &days, how).await {
            Err(failure) if failure.is_without_partition() && may_make => {
                may_make = false;
                let days: Vec<_> = days.iter().copied().collect();
                partitions::make(database, &days).await?;
            }
            Err(failure) if failure.is_duplicate() && how == How::Copied => how = How::Inserted,
            outcome => return outcome,
        }
    }
}

/// How a group is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    /// For half of what an insert costs the server; refused when a row is there already.
    Copied,
    /// But for the rows that are there already.
    Inserted,
}

async fn store_in(
    database: &Database,
    group: &[UsageRow],
    days: &BTreeSet<i64>,
    how: How,
) -> std::result::Result<(), Failure> {
    transaction!(database, |transaction| {
        for day in days {
            lock_day(transaction, *day, true).await?;
        }
        let counted = match how {
            How::Copied => {
                rows::copy(transaction, group).await?;
                Counted::of(group)
            }
            How::Inserted => {
                let fresh = rows::insert(transaction, group).await?;
                Counted::of(group.iter().filter(|row| fresh.contains(row.id.as_str())))
            }
        };
        counted.store(transaction).await
    })
}
