//! Rows that are in the journal and wait for the database, and what the usage thread is asked for.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use gitflare_core::{ClientId, Error, LogId, Result, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::{
    journal::{Journal, Position},
    seal::Counting,
};

/// Rows after which a group is written at once.
const GROUP: usize = 1000;
/// How long the first row of a group waits for others.
const GROUP_EVERY: Duration = Duration::from_millis(50);

/// A row that waits, with its place in the queue.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) client: ClientId,
    pub(super) at: i64,
    pub(super) id: LogId,
    /// A pack of this row alone.
    pub(super) body: Vec<u8>,
    /// `None` for one that an earlier process has left.
    pub(super) _permit: Option<OwnedSemaphorePermit>,
}

/// What is asked of the thread, and who waits for it.
#[derive(Debug)]
pub(super) enum Order {
    Flush(oneshot::Sender<Result<()>>),
    Purge(Timestamp, usize, oneshot::Sender<Result<usize>>),
    /// Forgets all counts; how many rows there are.
    Forget(oneshot::Sender<Result<u64>>),
    Count(
        Option<Counting>,
        oneshot::Sender<Result<Option<(Counting, u64)>>>,
    ),
    Close(oneshot::Sender<Result<()>>),
}

/// What the thread does next.
pub(super) enum Next {
    Write,
    Obey(Order),
    /// Nothing was asked for in time.
    Idle,
}

#[derive(Debug)]
struct State {
    journal: Journal,
    /// Whether the last row could not be written to it.
    is_refused: bool,
    pending: Vec<Item>,
    /// When the pending rows are written, however few they are.
    due: Instant,
    orders: VecDeque<Order>,
    is_closed: bool,
}

#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    wake: Condvar,
}

impl Queue {
    pub(super) fn new(journal: Journal) -> Self {
        Self {
            state: Mutex::new(State {
                journal,
                is_refused: false,
                pending: Vec::new(),
                due: Instant::now(),
                orders: VecDeque::new(),
                is_closed: false,
            }),
            wake: Condvar::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a row to the journal and queues it.
    pub(super) fn push(&self, item: Item) -> Result<()> {
        let mut state = self.state();
        if state.is_closed {
            return Err(ended());
        }
        let appended = state.journal.append(&item.body);
        state.is_refused = appended.is_err();
        appended?;
        state.pending.push(item);
        let waiting = state.pending.len();
        if waiting == 1 {
            state.due = Instant::now() + GROUP_EVERY;
        }
        drop(state);
        // Between the first and the last row of a group the thread sleeps.
        if waiting == 1 || waiting == GROUP {
            self.wake.notify_one();
        }
        Ok(())
    }

    /// Whether rows can be written to the journal. Where the last one could not, it is tried: a gateway
    /// that nobody asks any more, because it said that it cannot serve, finds out by itself.
    pub(super) fn has_room(&self) -> bool {
        let mut state = self.state();
        if state.is_refused {
            state.is_refused = state.journal.probe().is_err();
        }
        !state.is_refused
    }

    /// Asks the thread for something.
    pub(super) fn order(&self, order: Order) -> Result<()> {
        let mut state = self.state();
        if state.is_closed {
            return Err(ended());
        }
        state.is_closed = matches!(order, Order::Close(_));
        state.orders.push_back(order);
        drop(state);
        self.wake.notify_one();
        Ok(())
    }

    /// Ends the thread without an answer.
    pub(super) fn abandon(&self) {
        let (nobody, _) = oneshot::channel();
        // It has ended already when it is closed.
        let _ = self.order(Order::Close(nobody));
    }

    /// Waits for what is to be done. Rows alone wake nobody who `is_retrying`.
    pub(super) fn next(&self, is_retrying: bool, patience: Duration) -> Next {
        let until = Instant::now() + patience;
        let mut state = self.state();
        loop {
            if let Some(order) = state.orders.pop_front() {
                return Next::Obey(order);
            }
            let now = Instant::now();
            let has_rows = !is_retrying && !state.pending.is_empty();
            if has_rows && (state.pending.len() >= GROUP || state.due <= now) {
                return Next::Write;
            }
            if until <= now {
                return Next::Idle;
            }
            let wake_at = if has_rows {
                state.due.min(until)
            } else {
                until
            };
            state = self
                .wake
                .wait_timeout(state, wake_at - now)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Moves the pending rows behind `waiting`; where the journal stands with them.
    pub(super) fn take(&self, waiting: &mut Vec<Item>) -> Position {
        let mut state = self.state();
        waiting.append(&mut state.pending);
        state.journal.end()
    }
}

pub(super) fn ended() -> Error {
    Error::internal("the usage log is closed")
}
