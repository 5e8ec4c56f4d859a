//! The time that all nodes of a database go by: each node's own, and the database's where the two are
//! apart. Leases, codes and lifetimes that one node writes another one judges: by clocks of their own
//! a node that is ahead would take a living refresh for a dead one, and use a token twice.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use gitflare_core::{Clock, SystemClock, Timestamp};
use tokio::{task::JoinHandle, time::sleep};

use super::{Database, session::Failure};
use crate::storage::sql::{Statement, number, values};

const ASKED_EVERY: Duration = Duration::from_secs(10);
/// Up to so much apart, clocks are left alone: synchronised ones never jump.
const LEFT_ALONE_MILLIS: i64 = 1000;

/// A node's time, corrected by what the database's was last ahead of it.
#[derive(Clone, Debug, Default)]
pub(super) struct SharedClock(Arc<AtomicI64>);

impl Clock for SharedClock {
    fn now(&self) -> Timestamp {
        let own = SystemClock.now().as_millis();
        Timestamp::from_millis(own.saturating_add(self.0.load(Ordering::Relaxed)))
    }
}

impl SharedClock {
    /// Takes over a measured difference, unless the way there and back explains it.
    fn correct(&self, ahead: i64, took: i64) {
        let ahead = match ahead.abs() <= LEFT_ALONE_MILLIS + took {
            true => 0,
            false => ahead,
        };
        let before = self.0.swap(ahead, Ordering::Relaxed);
        if ahead != 0 && (ahead - before).abs() > LEFT_ALONE_MILLIS {
            tracing::warn!(
                database_ahead_ms = ahead,
                "this node's clock and the database's are apart: the database's is used; keep both by NTP"
            );
        }
    }

    /// Asks the database for its time.
    pub(super) async fn ask(&self, database: &Database) -> Result<(), Failure> {
        let session = database.session().await?;
        let statement = Statement::new(
            "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)",
            values![],
        );
        let (own, begun) = (SystemClock.now().as_millis(), Instant::now());
        let theirs = session.one(statement, |row| number::<_, i64>(row, 0));
        let theirs = theirs.await?.unwrap_or(own);
        let took = i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX / 4);
        self.correct(theirs - own - took / 2, took);
        Ok(())
    }

    /// Asks it again and again. A database that is away keeps the last difference.
    pub(super) fn keep(&self, database: Database) -> Keeper {
        let clock = self.clone();
        Keeper(tokio::spawn(async move {
            loop {
                sleep(ASKED_EVERY).await;
                if let Err(failure) = clock.ask(&database).await {
                    let error = gitflare_core::Error::from(failure);
                    tracing::debug!(error = ?error, "the database's time is not known");
                }
            }
        }))
    }
}

/// Asks as long as it is kept.
#[derive(Debug)]
pub(super) struct Keeper(JoinHandle<()>);

impl Drop for Keeper {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_apart_goes_by_the_databases() {
        let clock = SharedClock::default();
        let is_ahead = |millis: i64| {
            let ahead = clock.now().as_millis() - SystemClock.now().as_millis();
            (ahead - millis).abs() < 60_000
        };
        clock.correct(300_000, 3);
        assert!(is_ahead(300_000));
        clock.correct(-300_000, 3);
        assert!(is_ahead(-300_000));
        // What an answer that took long may have added is no difference.
        clock.correct(400_000, 399_000);
        assert!(is_ahead(0));
        clock.correct(900, 0);
        assert_eq!(clock.0.load(Ordering::Relaxed), 0);
    }
}
