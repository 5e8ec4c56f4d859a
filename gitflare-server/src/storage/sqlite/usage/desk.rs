//! The thread of the usage log: stores what is in the journal in groups, seals hours that are over and
//! rows of busy clients between two groups, purges, and counts anew.

use std::{
    collections::BTreeMap,
    fs::File,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use gitflare_core::{Clock, Result, SystemClock, Timestamp};
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::{
    HOUR_MILLIS, HOURS_OF_DAY,
    journal::{self, Position},
    queue::{Item, Next, Order, Queue},
    seal,
};
use crate::storage::{
    sql::saturated,
    sqlite::{failed, rows::execute, writer::Health},
};

/// How long a group that could not be written waits for the next try.
const RETRY_EVERY: Duration = Duration::from_millis(250);
/// How often it is asked whether an hour is over.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long after its end an hour is sealed: longer than most of its reads take.
const GRACE_MILLIS: i64 = 120_000;
/// How old rows of a busy client are when they are sealed before their hour is over.
const BUSY_GRACE_MILLIS: i64 = 10_000;

/// What the thread works with.
pub(super) struct Desk {
    pub(super) connection: Connection,
    pub(super) folder: PathBuf,
    pub(super) queue: Arc<Queue>,
    pub(super) health: Arc<Health>,
    /// Rows that are not stored yet, and where the journal stands behind them.
    pub(super) waiting: Vec<Item>,
    pub(super) taken: Position,
    /// Up to where the journal is stored.
    pub(super) stored: Position,
    /// Hours with rows that are not sealed, and how many there are.
    pub(super) open: BTreeMap<(i64, String), usize>,
    /// When a busy client's rows are looked at again: those that were there were too young.
    pub(super) may_seal: Instant,
    /// Whether all packs are counted; none is made while they are not.
    pub(super) is_counted: bool,
    pub(super) _lock: Arc<File>,
}

impl Desk {
    /// Works until it is closed.
    pub(super) fn serve(&mut self) {
        if let Err(error) = self.find_open() {
            tracing::error!(error = ?error, "the open hours of the usage log are not known");
        }
        let (mut has_sealed, mut is_idle) = (false, false);
        loop {
            let is_retrying = !self.waiting.is_empty();
            let patience = match (is_retrying, has_sealed) {
                (true, _) => RETRY_EVERY,
                (false, true) => Duration::ZERO,
                (false, false) => LOOK_EVERY,
            };
            let next = self.queue.next(is_retrying, patience);
            is_idle = matches!(next, Next::Idle) && (is_idle || patience == LOOK_EVERY);
            match next {
                Next::Obey(Order::Close(done)) => {
                    let _ = done.send(self.write());
                    return;
                }
                Next::Obey(order) => self.obey(order),
                // Rows that cannot be written stay, and are tried again.
                Next::Write => drop(self.write()),
                Next::Idle if is_retrying => drop(self.write()),
                Next::Idle => {}
            }
            has_sealed = self.seal_some(SystemClock.now(), is_idle);
        }
    }

    fn obey(&mut self, order: Order) {
        // Nobody waits any more when the request was dropped.
        match order {
            Order::Flush(done) | Order::Close(done) => drop(done.send(self.write())),
            Order::Purge(before, limit, done) => drop(done.send(self.purge(before, limit))),
            Order::Forget(done) => {
                self.is_counted = false;
                drop(done.send(self.change(seal::forget_counts)));
            }
            Order::Count(after, done) => {
                let counted =
                    self.change(|connection| seal::count_some(connection, after.as_ref()));
                self.is_counted |= matches!(counted, Ok(None));
                drop(done.send(counted));
            }
        }
    }

    /// Stores what waits.
    pub(super) fn write(&mut self) -> Result<()> {
        self.taken = self.queue.take(&mut self.waiting);
        if !self.waiting.is_empty() {
            self.change(|connection| {
                for item in &self.waiting {
                    insert(connection, item)?;
                }
                set_position(connection, self.taken)
            })?;
            for item in self.waiting.drain(..) {
                let place = seal::place_of(&item.client, item.at);
                *self.open.entry(place).or_default() += 1;
            }
        }
        if self.stored.segment < self.taken.segment
            && let Err(error) = journal::remove_before(&self.folder, self.taken.segment)
        {
            tracing::warn!(error = ?error, "a journal that is stored was not deleted");
        }
        self.stored = self.taken;
        Ok(())
    }

    /// Seals rows of an hour that is over, or of a client that has very many, so that a question walks few;
    /// whether there were any. Of a busy client it is full packs, and where nothing else is to be written,
    /// one is enough.
    pub(super) fn seal_some(&mut self, now: Timestamp, is_idle: bool) -> bool {
        if !self.is_counted {
            return false;
        }
        let is_over = |hour: i64| (hour + 1) * HOUR_MILLIS + GRACE_MILLIS <= now.as_millis();
        let over = self.open.keys().next().filter(|(hour, _)| is_over(*hour));
        if let Some(place) = over.cloned() {
            let rows = self.seal(&place, i64::MAX, 0);
            if rows.is_some_and(|rows| rows < seal::SEALED_AT_ONCE) {
                self.open.remove(&place);
            }
            return rows.is_some();
        }
        if Instant::now() < self.may_seal {
            return false;
        }
        let least = match is_idle {
            true => seal::PACK_ROWS,
            false => seal::SEALED_AT_ONCE,
        };
        let before = now.as_millis() - BUSY_GRACE_MILLIS;
        let busy = self.open.iter().filter(|(_, rows)| **rows >= least);
        let busy: Vec<_> = busy.map(|(place, _)| place.clone()).collect();
        for place in busy {
            let sealed = self.seal(&place, before, least).unwrap_or(0);
            if let (1.., Some(left)) = (sealed, self.open.get_mut(&place)) {
                *left = left.saturating_sub(sealed);
                return true;
            }
        }
        self.may_seal = Instant::now() + LOOK_EVERY;
        false
    }

    /// Seals rows of one place; how many, `None` when it failed.
    fn seal(&self, (hour, client): &(i64, String), before: i64, least: usize) -> Option<usize> {
        let sealed = self.change(|connection| seal::seal(connection, *hour, client, before, least));
        if let Err(error) = &sealed {
            tracing::warn!(error = ?error, "rows of the usage log could not be sealed");
        }
        sealed.ok()
    }

    fn purge(&mut self, before: Timestamp, limit: usize) -> Result<usize> {
        let hour = before.as_millis().div_euclid(HOUR_MILLIS);
        let open: Vec<_> = self
            .open
            .keys()
            .take_while(|(open, _)| *open < hour)
            .cloned()
            .collect();
        self.change(|connection| {
            execute(
                connection,
                "INSERT INTO state (name, value) VALUES ('from', ?1) ON CONFLICT (name)
                 DO UPDATE SET value = max(value, excluded.value)",
                [hour * HOUR_MILLIS],
            )?;
            let mut left = limit;
            for (hour, client) in &open {
                let (from, to) = (hour * HOUR_MILLIS, (hour + 1) * HOUR_MILLIS);
                left -= execute(
                    connection,
                    "DELETE FROM recent WHERE client = ?1 AND (at, id) IN (
                       SELECT at, id FROM recent WHERE client = ?1 AND at >= ?2 AND at < ?3
                       ORDER BY at, id LIMIT ?4)",
                    (client, from, to, saturated(left as u64)),
                )?;
            }
            let packed = delete_packs(connection, hour, left)?;
            let deleted = limit - left + packed;
            match deleted {
                // Counts of hours whose rows are gone are nobody's any more.
                0 => delete_counts(connection, hour, limit),
                rows => Ok(rows),
            }
        })
    }

    /// Finds the hours whose rows an earlier process has left.
    fn find_open(&mut self) -> Result<()> {
        let found: rusqlite::Result<Vec<(String, i64, i64)>> = self
            .connection
            .prepare("SELECT client, at / ?1 AS hour, count(*) FROM recent GROUP BY client, hour")
            .and_then(|mut statement| {
                statement
                    .query_map([HOUR_MILLIS], |row| {
                        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                    })?
                    .collect()
            });
        for (client, hour, rows) in found.map_err(|error| failed(&error))? {
            let rows = usize::try_from(rows).unwrap_or(usize::MAX);
            self.open.insert((hour, client), rows);
        }
        Ok(())
    }

    fn change<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        change(&self.connection, &self.health, work)
    }
}

/// Runs a change in a transaction.
pub(super) fn change<T>(
    connection: &Connection,
    health: &Health,
    work: impl FnOnce(&Connection) -> Result<T>,
) -> Result<T> {
    if health.is_broken() {
        return Err(seal::refused());
    }
    let begun = Transaction::new_unchecked(connection, TransactionBehavior::Immediate);
    let transaction = match begun {
        Ok(transaction) => transaction,
        Err(error) => {
            let told = failed(&error);
            health.note::<()>(&Err(error));
            return Err(told);
        }
    };
    let done = work(&transaction);
    if done.is_err() {
        health.suspect();
        return done;
    }
    let committed = transaction.commit();
    health.note(&committed);
    committed.map_err(|error| failed(&error)).and(done)
}

/// Stores a row. One whose id stands there already is the same row, sent twice.
fn insert(connection: &Connection, item: &Item) -> Result<()> {
    execute(
        connection,
        "INSERT INTO recent (client, at, id, body) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
        (item.client.as_str(), item.at, item.id.as_str(), &item.body),
    )?;
    Ok(())
}

fn set_position(connection: &Connection, position: Position) -> Result<()> {
    for (name, value) in [("segment", position.segment), ("offset", position.offset)] {
        execute(
            connection,
            "REPLACE INTO state (name, value) VALUES (?1, ?2)",
            (name, saturated(value)),
        )?;
    }
    Ok(())
}

/// Deletes packs of hours before `hour` with about `limit` rows; how many rows they held.
fn delete_packs(connection: &Connection, hour: i64, limit: usize) -> Result<usize> {
    let mut rows = 0;
    while rows < limit {
        let first = crate::storage::sqlite::rows::one(
            connection,
            "DELETE FROM packs WHERE (hour, client, number) IN (
               SELECT hour, client, number FROM packs WHERE hour < ?1
               ORDER BY hour, client, number LIMIT 1) RETURNING rows",
            [hour],
            |row| row.get::<_, i64>(0),
        );
        match first.map_err(|error| failed(&error))? {
            Some(count) => rows += usize::try_from(count).unwrap_or(0),
            None => break,
        }
    }
    Ok(rows)
}

fn delete_counts(connection: &Connection, hour: i64, limit: usize) -> Result<usize> {
    let limit = saturated(limit as u64);
    let hours = execute(
        connection,
        "DELETE FROM hours WHERE (hour, owner) IN (
           SELECT hour, owner FROM hours WHERE hour < ?1 ORDER BY hour, owner LIMIT ?2)",
        (hour, limit),
    )?;
    let days = execute(
        connection,
        "DELETE FROM days WHERE (day, owner) IN (
           SELECT day, owner FROM days WHERE day < ?1 ORDER BY day, owner LIMIT ?2)",
        (hour.div_euclid(HOURS_OF_DAY), limit),
    )?;
    Ok(hours + days)
}
