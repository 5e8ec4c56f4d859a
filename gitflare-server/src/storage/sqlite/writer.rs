//! The one writer: a thread that owns the read-write connection. Writes that wait together are
//! committed together, each behind a savepoint of its own, so that one's refusal is not another's.
//! Nothing is acknowledged before its commit is on disk (DU-2, DU-3).

use std::{
    collections::{HashMap, VecDeque},
    fs::File,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU8, Ordering},
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use gitflare_core::{Code, Error, Result, Timestamp};
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{
    BUSY_TIMEOUT,
    connect::{failed, is_fsync_failure},
};

/// The most writes that one commit carries.
const MOST_TOGETHER: usize = 128;
/// How late the time of a last use may be written.
const TOUCH_EVERY: Duration = Duration::from_secs(2);

/// Tells the caller of a write how its commit ended.
type Answer = Box<dyn FnOnce(Result<()>) + Send>;

/// A write that waits: runs with the connection, or is turned away with an error.
type Job = Box<dyn FnOnce(Result<&Connection>) -> Done + Send>;

struct Done {
    /// Whether its changes are to be kept.
    keep: bool,
    /// Whether the database failed, which is not the same as a refusal.
    is_failure: bool,
    /// Whether what it has erased is to be gone from the write-ahead log too.
    erases: bool,
    answer: Answer,
}

enum Order {
    Write(Job),
    Close(oneshot::Sender<()>),
}

/// How the writer is.
#[derive(Debug)]
pub(super) struct Health(AtomicU8);

impl Health {
    const WELL: u8 = 0;
    const REFUSED: u8 = 1;
    const BROKEN: u8 = 2;

    pub(super) const fn new() -> Self {
        Self(AtomicU8::new(Self::WELL))
    }

    /// Notes how a commit ended.
    pub(super) fn note<T>(&self, outcome: &rusqlite::Result<T>) {
        let next = match outcome {
            Ok(_) => Self::WELL,
            Err(error) if is_fsync_failure(error) => {
                tracing::error!(%error, "fsync failed: nothing is written until a restart");
                Self::BROKEN
            }
            Err(error) => {
                tracing::error!(%error, "a commit failed");
                Self::REFUSED
            }
        };
        self.0.fetch_max(next, Ordering::Relaxed);
        if next == Self::WELL && !self.is_broken() {
            self.0.store(next, Ordering::Relaxed);
        }
    }

    /// Notes that a write failed although the commit around it did not.
    pub(super) fn suspect(&self) {
        self.0.fetch_max(Self::REFUSED, Ordering::Relaxed);
    }

    /// Whether the last commit succeeded.
    pub(super) fn is_well(&self) -> bool {
        self.0.load(Ordering::Relaxed) == Self::WELL
    }

    /// Whether an fsync has failed: what the kernel then drops, no later fsync reports, so only a
    /// restart, which reads the log back from disk, says what is there.
    pub(super) fn is_broken(&self) -> bool {
        self.0.load(Ordering::Relaxed) == Self::BROKEN
    }
}

/// Last uses that are not written yet, by statement and id: only the latest counts.
type Touched = HashMap<(&'static str, String), Timestamp>;

/// A handle to the writer thread.
#[derive(Debug)]
pub(super) struct Writer {
    orders: Sender<Order>,
    touched: Arc<Mutex<Touched>>,
    health: Arc<Health>,
    /// The most rows that one transaction has changed.
    #[cfg(test)]
    most_changes: Arc<std::sync::atomic::AtomicU64>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the thread. It holds the folder's lock as long as it can write.
    pub(super) fn start(connection: Connection, lock: Arc<File>) -> Result<Self> {
        // Nothing reaches the disk before a commit, so that only a commit can fail on it.
        connection
            .pragma_update(None, "cache_spill", false)
            .map_err(|error| failed(&error))?;
        let (orders, receiver) = channel();
        let touched = Arc::new(Mutex::new(Touched::new()));
        let health = Arc::new(Health::new());
        #[cfg(test)]
        let most_changes = Arc::default();
        let mut desk = Desk {
            connection,
            must_empty_log: false,
            #[cfg(test)]
            most_changes: Arc::clone(&most_changes),
            touched: Arc::clone(&touched),
            health: Arc::clone(&health),
            _lock: lock,
        };
        let thread = std::thread::Builder::new()
            .name("sqlite-writer".into())
            .spawn(move || {
                let closing = desk.serve(&receiver);
                // The file is free when the answer is there.
                drop(desk);
                if let Some(done) = closing {
                    let _ = done.send(());
                }
            })
            .map_err(|error| Error::internal(format!("cannot start the writer: {error}")))?;
        Ok(Self {
            orders,
            touched,
            health,
            #[cfg(test)]
            most_changes,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Runs one operation in a transaction; its outcome comes after the commit.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.order(false, write).await
    }

    /// Runs one operation like [`Self::run`]; what it erases is in no file any more as soon as
    /// nobody reads an older state: at the acknowledgement, or within seconds of that read's end
    /// (CA-3).
    pub(super) async fn erase<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.order(true, write).await
    }

    async fn order<T: Send + 'static>(
        &self,
        erases: bool,
        write: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (sender, receiver) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let outcome = connection.and_then(write);
            Done {
                keep: outcome.is_ok(),
                is_failure: outcome.as_ref().is_err_and(|error| {
                    matches!(
                        error.code(),
                        Code::InternalError | Code::UpstreamUnavailable
                    )
                }),
                erases,
                answer: Box::new(move |committed| {
                    // Nobody waits any more when the request was dropped.
                    let _ = sender.send(committed.and(outcome));
                }),
            }
        });
        let ended = || Error::internal("the database writer has ended");
        self.orders.send(Order::Write(job)).map_err(|_| ended())?;
        receiver.await.map_err(|_| ended())?
    }

    /// Notes a last use; `statement` sets it to `?2` where the id is `?1`.
    pub(super) fn touch(&self, statement: &'static str, id: &str, at: Timestamp) {
        let mut touched = self.touched.lock().unwrap_or_else(PoisonError::into_inner);
        touched.insert((statement, id.to_owned()), at);
    }

    /// The most rows that one transaction has changed since this was asked last.
    #[cfg(test)]
    pub(super) fn take_most_changes(&self) -> u64 {
        self.most_changes.swap(0, Ordering::Relaxed)
    }

    pub(super) fn is_healthy(&self) -> bool {
        self.health.is_well()
    }

    pub(super) fn is_broken(&self) -> bool {
        self.health.is_broken()
    }

    /// Writes what waits and ends the thread.
    pub(super) async fn close(&self) -> Result<()> {
        let (sender, receiver) = oneshot::channel();
        if self.orders.send(Order::Close(sender)).is_ok() {
            // An error means that the thread had ended already.
            let _ = receiver.await;
        }
        join(&self.thread)?;
        match self.health.is_well() {
            true => Ok(()),
            false => Err(Error::internal("the database's last write failed")),
        }
    }
}

/// Waits for a thread that is about to end.
pub(super) fn join(thread: &Mutex<Option<JoinHandle<()>>>) -> Result<()> {
    let mut thread = thread.lock().unwrap_or_else(PoisonError::into_inner);
    match thread.take().map(JoinHandle::join) {
        Some(Err(_)) => Err(Error::internal("a database thread panicked")),
        _ => Ok(()),
    }
}

/// Caps the size of a database.
pub(super) fn limit(connection: &Connection, max_pages: Option<u32>) -> Result<()> {
    match max_pages {
        Some(pages) => connection
            .pragma_update(None, "max_page_count", pages)
            .map_err(|error| failed(&error)),
        None => Ok(()),
    }
}

/// What the thread works with.
struct Desk {
    connection: Connection,
    /// Whether something was erased that may still stand in the write-ahead log.
    must_empty_log: bool,
    touched: Arc<Mutex<Touched>>,
    health: Arc<Health>,
    #[cfg(test)]
    most_changes: Arc<std::sync::atomic::AtomicU64>,
    _lock: Arc<File>,
}

impl Desk {
    /// Works until it is closed or nobody can order any more; answers who asked for the end.
    fn serve(&mut self, orders: &Receiver<Order>) -> Option<oneshot::Sender<()>> {
        let mut jobs = VecDeque::new();
        let mut touched_at = Instant::now();
        let closing = loop {
            let mut closing = None;
            let mut is_over = false;
            match orders.recv_timeout(TOUCH_EVERY) {
                Ok(Order::Write(job)) => jobs.push_back(job),
                Ok(Order::Close(done)) => closing = Some(done),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => is_over = true,
            }
            while closing.is_none() && jobs.len() < MOST_TOGETHER {
                match orders.try_recv() {
                    Ok(Order::Write(job)) => jobs.push_back(job),
                    Ok(Order::Close(done)) => closing = Some(done),
                    Err(_) => break,
                }
            }
            is_over |= closing.is_some();
            while !jobs.is_empty() {
                self.commit(&mut jobs);
            }
            if is_over || touched_at.elapsed() >= TOUCH_EVERY {
                self.write_touched();
                touched_at = Instant::now();
                self.empty_log();
            }
            if is_over {
                break closing;
            }
        };
        self.must_empty_log = true;
        self.empty_log();
        closing
    }

    /// Runs jobs in one transaction and answers them after its commit. Jobs behind one that has
    /// undone the transaction stay for the next one.
    fn commit(&mut self, jobs: &mut VecDeque<Job>) {
        if self.health.is_broken() {
            let refusal = "the database is not written to since an fsync failed; restart gitflare";
            for job in jobs.drain(..) {
                (job(Err(Error::internal(refusal))).answer)(Ok(()));
            }
            return;
        }
        let mut answers = Vec::with_capacity(jobs.len());
        let (mut failures, mut erasures) = (0, 0);
        let outcome = self.transaction(|connection| {
            while !jobs.is_empty() {
                connection.execute_batch("SAVEPOINT job")?;
                let Some(job) = jobs.pop_front() else { break };
                let done = job(Ok(connection));
                failures += usize::from(done.is_failure);
                erasures += usize::from(done.erases && done.keep);
                answers.push(done.answer);
                if connection.is_autocommit() {
                    // A full disk or a failed write undoes the jobs before this one too.
                    return Err(rolled_back());
                }
                connection.execute_batch(match done.keep {
                    true => "RELEASE job",
                    false => "ROLLBACK TO job; RELEASE job",
                })?;
            }
            Ok(())
        });
        if answers.is_empty() {
            // The transaction did not even begin.
            answers.extend(jobs.drain(..).map(|job| {
                let error = outcome.as_ref().err().map(failed);
                job(Err(error.unwrap_or_else(|| failed(&rolled_back())))).answer
            }));
        }
        self.health.note(&outcome);
        if failures > 0 {
            self.health.suspect();
        }
        if erasures > 0 && outcome.is_ok() {
            self.must_empty_log = true;
            self.empty_log();
        }
        for answer in answers {
            answer(outcome.as_ref().copied().map_err(failed));
        }
    }

    fn transaction(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        let connection = &self.connection;
        connection.execute_batch("BEGIN IMMEDIATE")?;
        #[cfg(test)]
        let before = connection.total_changes();
        let outcome = work(connection).and_then(|()| connection.execute_batch("COMMIT"));
        if outcome.is_err()
            && !connection.is_autocommit()
            && let Err(error) = connection.execute_batch("ROLLBACK")
        {
            // The first failure decides what happens next, not what came of it.
            tracing::error!(%error, "a transaction could not be rolled back");
        }
        #[cfg(test)]
        self.most_changes
            .fetch_max(connection.total_changes() - before, Ordering::Relaxed);
        outcome
    }

    fn write_touched(&self) {
        let touched =
            std::mem::take(&mut *self.touched.lock().unwrap_or_else(PoisonError::into_inner));
        if touched.is_empty() || self.health.is_broken() {
            return;
        }
        let outcome = self.transaction(|connection| {
            for ((statement, id), at) in &touched {
                connection
                    .prepare_cached(statement)?
                    .execute((id, at.as_millis()))?;
            }
            Ok(())
        });
        // A time of last use may be lost: a later use writes a later time.
        self.health.note(&outcome);
    }

    /// After an erasure, copies the write-ahead log into the database and cuts it to nothing, so
    /// that what was erased is nowhere any more. Waits for no reader: while one still needs the
    /// log, it is tried again every two seconds, and at the end.
    fn empty_log(&mut self) {
        if !self.must_empty_log || self.health.is_broken() {
            return;
        }
        let outcome = self.truncate_log();
        match outcome {
            Ok(is_busy) => self.must_empty_log = is_busy,
            Err(error) if is_fsync_failure(&error) => self.health.note::<()>(&Err(error)),
            Err(error) => tracing::warn!(%error, "the write-ahead log was not emptied"),
        }
    }

    /// Whether somebody still reads in the log, so that it could not be cut.
    fn truncate_log(&self) -> rusqlite::Result<bool> {
        self.connection.busy_timeout(Duration::ZERO)?;
        let is_busy = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0));
        self.connection.busy_timeout(BUSY_TIMEOUT)?;
        is_busy
    }
}

fn rolled_back() -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(
        rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_FULL),
        Some("the transaction was rolled back".into()),
    )
}
