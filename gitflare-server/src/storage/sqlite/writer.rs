//! The one writer: a thread that owns the read-write connection. Writes that wait together are
//! committed together, each behind a savepoint of its own, so that one's failure is not another's.
//! Nothing is acknowledged before its commit is on disk.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread::JoinHandle,
    time::Duration,
};

use gitflare_core::{Error, Result, Timestamp};
use rusqlite::{Connection, ErrorCode};
use tokio::sync::oneshot;

use super::failed;

/// The most writes that one commit carries.
const MOST_TOGETHER: usize = 128;
/// How late the time of a last use may be written.
const TOUCH_EVERY: Duration = Duration::from_secs(2);

/// What to do with an operation's outcome once the commit has succeeded or failed.
type Answer = Box<dyn FnOnce(Result<()>) + Send>;
type Job = Box<dyn FnOnce(&Connection) -> (Result<()>, Answer) + Send>;

enum Order {
    Write(Job),
    /// Write what is noted and end.
    Close(oneshot::Sender<()>),
}

/// A handle to the writer thread.
#[derive(Debug)]
pub(super) struct Writer {
    orders: Sender<Order>,
    touched: Arc<Mutex<Touched>>,
    alive: Arc<AtomicBool>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// Last uses that are not written yet, by statement and id: only the latest counts.
#[derive(Debug, Default)]
pub(super) struct Touched(HashMap<(&'static str, String), Timestamp>);

impl Writer {
    pub(super) fn start(connection: Connection) -> Result<Self> {
        let (orders, receiver) = channel();
        let touched = Arc::new(Mutex::new(Touched::default()));
        let alive = Arc::new(AtomicBool::new(true));
        let thread = std::thread::Builder::new()
            .name("sqlite-writer".into())
            .spawn({
                let (touched, alive) = (Arc::clone(&touched), Arc::clone(&alive));
                move || serve(connection, &receiver, &touched, &alive)
            })
            .map_err(|error| Error::internal(format!("cannot start the writer: {error}")))?;
        Ok(Self {
            orders,
            touched,
            alive,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Runs one operation in a transaction; its outcome comes after the commit.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (sender, receiver) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let (mark, outcome) = match write(connection) {
                Ok(value) => (Ok(()), Ok(value)),
                Err(error) => (Err(error.clone()), Err(error)),
            };
            let answer: Answer = Box::new(move |committed| {
                // Nobody waits any more when the request was dropped.
                let _ = sender.send(committed.and(outcome));
            });
            (mark, answer)
        });
        let ended = || Error::internal("the database writer has ended");
        self.orders.send(Order::Write(job)).map_err(|_| ended())?;
        receiver.await.map_err(|_| ended())?
    }

    /// Notes a last use; `statement` sets it to `?2` where the id is `?1`.
    pub(super) fn touch(&self, statement: &'static str, id: &str, at: Timestamp) {
        let mut touched = self.touched.lock().unwrap_or_else(PoisonError::into_inner);
        touched.0.insert((statement, id.to_owned()), at);
    }

    pub(super) fn is_alive(&self) -> bool {
        self.alive.load(Ordering::Relaxed)
    }

    pub(super) async fn close(&self) -> Result<()> {
        let (sender, receiver) = oneshot::channel();
        if self.orders.send(Order::Close(sender)).is_ok() {
            // An error means that the thread had ended already.
            let _ = receiver.await;
        }
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        match thread.map(JoinHandle::join) {
            Some(Err(_)) => Err(Error::internal("the database writer panicked")),
            _ => Ok(()),
        }
    }
}

fn serve(
    mut connection: Connection,
    orders: &Receiver<Order>,
    touched: &Mutex<Touched>,
    alive: &AtomicBool,
) {
    let mut closing = None;
    while closing.is_none() {
        let mut jobs = Vec::new();
        match orders.recv_timeout(TOUCH_EVERY) {
            Ok(Order::Write(job)) => jobs.push(job),
            Ok(Order::Close(done)) => closing = Some(done),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        while jobs.len() < MOST_TOGETHER && closing.is_none() {
            match orders.try_recv() {
                Ok(Order::Write(job)) => jobs.push(job),
                Ok(Order::Close(done)) => closing = Some(done),
                Err(_) => break,
            }
        }
        if alive.load(Ordering::Relaxed) {
            commit(&mut connection, jobs, alive);
            write_touched(&mut connection, touched);
        } else {
            // After a failed fsync nothing that was written can be trusted to be there: the jobs
            // are dropped, which their callers see as the writer's end.
            drop(jobs);
        }
    }
    alive.store(false, Ordering::Relaxed);
    if let Err(error) = connection.pragma_update(None, "wal_checkpoint", "TRUNCATE") {
        tracing::warn!(%error, "the write-ahead log was not emptied; the next start does it");
    }
    drop(connection);
    if let Some(done) = closing {
        let _ = done.send(());
    }
}

/// Runs jobs in one transaction and answers them after its commit.
fn commit(connection: &mut Connection, jobs: Vec<Job>, alive: &AtomicBool) {
    if jobs.is_empty() {
        return;
    }
    let mut answers = Vec::with_capacity(jobs.len());
    let outcome = (|| {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        for job in jobs {
            connection.execute_batch("SAVEPOINT job")?;
            let (mark, answer) = job(connection);
            answers.push(answer);
            if connection.is_autocommit() {
                // SQLite has undone the whole transaction, the jobs before this one with it.
                return Err(rusqlite::Error::SqliteFailure(
                    rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_FULL),
                    Some("the transaction was rolled back".into()),
                ));
            }
            connection.execute_batch(match mark {
                Ok(()) => "RELEASE job",
                Err(_) => "ROLLBACK TO job; RELEASE job",
            })?;
        }
        connection.execute_batch("COMMIT")
    })();
    if let Err(error) = &outcome {
        if !connection.is_autocommit() {
            let _ = connection.execute_batch("ROLLBACK");
        }
        if is_fsync_failure(error) {
            tracing::error!(%error, "fsync failed: no more writes until a restart");
            alive.store(false, Ordering::Relaxed);
        }
    }
    for answer in answers {
        answer(outcome.as_ref().copied().map_err(failed));
    }
}

fn is_fsync_failure(error: &rusqlite::Error) -> bool {
    matches!(
        error,
        rusqlite::Error::SqliteFailure(inner, _)
            if inner.code == ErrorCode::SystemIoFailure
                && inner.extended_code == rusqlite::ffi::SQLITE_IOERR_FSYNC
    )
}

fn write_touched(connection: &mut Connection, touched: &Mutex<Touched>) {
    let touched = std::mem::take(&mut *touched.lock().unwrap_or_else(PoisonError::into_inner));
    if touched.0.is_empty() {
        return;
    }
    let outcome = (|| {
        let transaction = connection.transaction()?;
        for ((statement, id), at) in &touched.0 {
            transaction
                .prepare_cached(statement)?
                .execute((id, at.as_millis()))?;
        }
        transaction.commit()
    })();
    if let Err(error) = outcome {
        // A time of last use may be lost; a later use writes a later time.
        tracing::warn!(%error, "times of last use were not written");
    }
}
