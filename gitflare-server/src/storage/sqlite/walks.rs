//! Reads that may walk many rows, on a few threads of their own with a deadline: lists, summaries,
//! searches without an index. However many of them are asked for, the runtime's workers stay free
//! for point reads, and each walk ends when its time is over or nobody waits for it any more.

use std::{
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    time::{Duration, Instant},
};

use gitflare_core::{Error, Result};
use rusqlite::{Connection, ErrorCode};
use tokio::sync::oneshot;

use super::{
    BUSY_TIMEOUT,
    connect::{self, failed},
};

/// How many walks of one file run at a time.
const THREADS: usize = 4;
/// How long a caller waits for a walk, its time in the queue included.
const DEADLINE: Duration = Duration::from_secs(5);
/// Steps of SQLite's machine between two looks at the clock.
const STEPS: i32 = 10_000;

type Job = Box<dyn FnOnce(&Connection) + Send>;

/// A handle to the threads, which end with it.
#[derive(Debug)]
pub(super) struct Walks {
    queue: Sender<Job>,
}

/// A walk that runs: its connection, in a transaction that sees one moment, and its end.
pub(super) struct Walk<'c> {
    pub(super) connection: &'c Connection,
    end: End,
}

/// When a walk is over, done or not.
#[derive(Clone, Debug)]
struct End {
    deadline: Instant,
    is_unwanted: Arc<AtomicBool>,
}

impl End {
    fn is_here(&self) -> bool {
        self.is_unwanted.load(Ordering::Relaxed) || Instant::now() >= self.deadline
    }
}

/// Ends the walk of a caller that goes away.
struct Caller(Arc<AtomicBool>);

impl Drop for Caller {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Walk<'_> {
    /// Fails when the walk is over. SQLite's own steps are stopped without it; for loops of ours
    /// that take long between two of them.
    pub(super) fn check(&self) -> rusqlite::Result<()> {
        match self.end.is_here() {
            true => Err(rusqlite::Error::SqliteFailure(
                rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_INTERRUPT),
                None,
            )),
            false => Ok(()),
        }
    }
}

impl Walks {
    /// Starts the threads over a database that exists.
    pub(super) fn start(path: &Path, name: &str) -> Result<Self> {
        let (queue, jobs) = channel();
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..THREADS {
            let connection = connect::reader(path, BUSY_TIMEOUT)?;
            let jobs = Arc::clone(&jobs);
            std::thread::Builder::new()
                .name(name.to_owned())
                .spawn(move || serve(&connection, &jobs))
                .map_err(|error| Error::internal(format!("cannot start a reader: {error}")))?;
        }
        Ok(Self { queue })
    }

    /// Runs a walk as of one moment.
    ///
    /// # Errors
    /// The walk's own; `INTERNAL_ERROR` when it did not end in time.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        walk: impl FnOnce(&Walk<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        self.run_until(Instant::now() + DEADLINE, walk).await
    }

    async fn run_until<T: Send + 'static>(
        &self,
        deadline: Instant,
        walk: impl FnOnce(&Walk<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let is_unwanted = Arc::new(AtomicBool::new(false));
        let _caller = Caller(Arc::clone(&is_unwanted));
        let end = End {
            deadline,
            is_unwanted,
        };
        let (sender, receiver) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            // Nobody waits any more when the request was dropped.
            let _ = sender.send(step_by_step(connection, end, walk));
        });
        let ended = || Error::internal("the database's readers have ended");
        self.queue.send(job).map_err(|_| ended())?;
        receiver.await.map_err(|_| ended())?
    }
}

/// Works on what waits, until nobody can ask any more.
fn serve(connection: &Connection, jobs: &Mutex<Receiver<Job>>) {
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        job(connection);
    }
}

/// Runs a walk that SQLite stops when its end has come.
fn step_by_step<T>(
    connection: &Connection,
    end: End,
    walk: impl FnOnce(&Walk<'_>) -> rusqlite::Result<T>,
) -> Result<T> {
    let outcome = (|| {
        let watched = end.clone();
        connection.progress_handler(STEPS, Some(move || watched.is_here()))?;
        let walk_now = Walk { connection, end };
        walk_now.check()?;
        let snapshot = connection.unchecked_transaction()?;
        let found = walk(&walk_now);
        // Rolled back: there is nothing to keep.
        drop(snapshot);
        found
    })();
    let unwatched = connection.progress_handler(0, None::<fn() -> bool>);
    outcome
        .and_then(|found| unwatched.map(|()| found))
        .map_err(|error| match error.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) => {
                Error::internal("a read of the database did not end in time")
            }
            _ => failed(&error),
        })
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Waker};

    use super::*;

    const FOREVER: &str = "WITH RECURSIVE n(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM n)
        SELECT count(*) FROM n";

    fn walks(folder: &Path) -> Walks {
        let path = folder.join("test.sqlite");
        drop(connect::writer(&path, BUSY_TIMEOUT).unwrap());
        Walks::start(&path, "walk").unwrap()
    }

    fn forever(walk: &Walk<'_>) -> rusqlite::Result<i64> {
        walk.connection.query_row(FOREVER, [], |row| row.get(0))
    }

    async fn one(walks: &Walks) -> i64 {
        let one = |walk: &Walk<'_>| walk.connection.query_row("SELECT 1", [], |row| row.get(0));
        walks.run(one).await.unwrap()
    }

    #[tokio::test]
    async fn a_walk_ends_at_its_deadline_and_the_next_one_goes_on() {
        // sec: SC-3
        let folder = tempfile::tempdir().unwrap();
        let walks = walks(folder.path());
        for _ in 0..2 * THREADS {
            let soon = Instant::now() + Duration::from_millis(1);
            let error = walks.run_until(soon, forever).await.unwrap_err();
            assert!(error.detail().unwrap().contains("in time"), "{error:?}");
        }
        assert_eq!(one(&walks).await, 1);
    }

    #[tokio::test]
    async fn a_walk_that_nobody_waits_for_makes_room() {
        let folder = tempfile::tempdir().unwrap();
        let walks = walks(folder.path());
        let later = Instant::now() + Duration::from_secs(3600);
        for _ in 0..2 * THREADS {
            let mut walk = Box::pin(walks.run_until(later, forever));
            let mut context = Context::from_waker(Waker::noop());
            assert!(walk.as_mut().poll(&mut context).is_pending());
        }
        assert_eq!(one(&walks).await, 1);
    }
}
