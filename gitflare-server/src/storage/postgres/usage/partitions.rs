//! A partition for each day: made before its first row, dropped whole when its time is over.

use super::{DAY, DAY_MILLIS, HOUR, HOUR_MILLIS};
use crate::storage::{
    postgres::{
        Database,
        session::{Failure, Session, transaction},
    },
    sql::{Columns, Statement, number, values},
};

/// How the table of a day begins.
const PREFIX: &str = "usage_rows_";
/// The advisory lock of whoever makes or drops partitions: "partitio" in ASCII.
const LOCK: i64 = 0x7061_7274_6974_696f;
const HOURS_OF_DAY: i64 = 24;

async fn lock(transaction: &Session) -> Result<(), Failure> {
    transaction.batch("SET LOCAL lock_timeout = '3s'").await?;
    let lock = Statement::new("SELECT pg_advisory_xact_lock(?1)", values![LOCK]);
    transaction.rows(&lock).await.map(|_| ())
}

/// Makes the partitions of these days, where they are missing.
pub(super) async fn make(database: &Database, days: &[i64]) -> Result<(), Failure> {
    transaction!(database, |transaction| {
        lock(transaction).await?;
        for day in days {
            let name = format!("{PREFIX}{day}");
            let known = Statement::new(
                "SELECT relname FROM pg_class WHERE oid = to_regclass(?1)",
                values![&name],
            );
            if transaction.finds(known).await? {
                continue;
            }
            let (from, to) = (day * DAY_MILLIS, (day + 1) * DAY_MILLIS);
            // Made apart and then attached: readers and writers of other days go on.
            let made = format!(
                "CREATE TABLE {name} (LIKE usage_rows INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
                 ALTER TABLE usage_rows ATTACH PARTITION {name} FOR VALUES FROM ({from}) TO ({to})"
            );
            transaction.batch(&made).await?;
        }
        Ok(())
    })
}

/// The days that have a partition, oldest first.
pub(super) async fn days(session: &Session) -> Result<Vec<i64>, Failure> {
    let tables = Statement::new(
        "SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
         WHERE i.inhparent = to_regclass('usage_rows')",
        values![],
    );
    let of_name = |row: &tokio_postgres::Row| {
        let name = row.text(0)?.unwrap_or_default();
        let day = name
            .strip_prefix(PREFIX)
            .and_then(|day| day.parse::<i64>().ok());
        day.ok_or_else(|| Failure::Corrupt(0))
    };
    let mut days = session.all(tables, of_name).await?;
    days.sort_unstable();
    Ok(days)
}

/// Lets nobody see rows of hours before `hour`, and deletes some of them: days that are over whole,
/// of the last day about `limit` rows; how many it were.
pub(super) async fn purge(database: &Database, hour: i64, limit: usize) -> Result<usize, Failure> {
    let from = Statement::new(
        "INSERT INTO usage_state (name, value) VALUES ('from', ?1) ON CONFLICT (name)
         DO UPDATE SET value = greatest(usage_state.value, excluded.value)",
        values![hour * HOUR_MILLIS],
    );
    let session = database.session().await?;
    session.run(from).await?;
    let last = hour.div_euclid(HOURS_OF_DAY);
    let over: Vec<_> = days(&session)
        .await?
        .into_iter()
        .filter(|day| *day < last)
        .collect();
    let mut deleted = 0;
    for day in over {
        deleted += drop_day(database, day).await?;
        if deleted >= limit {
            return Ok(deleted);
        }
    }
    let some = Statement::new(
        "DELETE FROM usage_rows WHERE (at, id) IN (SELECT at, id FROM usage_rows
           WHERE at >= ?1 AND at < ?2 ORDER BY at, id LIMIT ?3) AND at >= ?1 AND at < ?2",
        values![last * DAY_MILLIS, hour * HOUR_MILLIS, limit - deleted],
    );
    deleted += session.run(some).await?;
    match deleted {
        // Counts of times whose rows are gone are nobody's any more.
        0 => forget_counts(&session, hour, limit).await,
        rows => Ok(rows),
    }
}

/// Drops the partition of a day; how many rows it had, one at least.
async fn drop_day(database: &Database, day: i64) -> Result<usize, Failure> {
    transaction!(database, |transaction| {
        lock(transaction).await?;
        let rows = Statement::new(
            "SELECT coalesce(sum(rows), 0)::bigint FROM usage_counts
             WHERE period = ?1 AND time = ?2 AND starts_with(owner, 'client_')",
            values![DAY, day],
        );
        let rows = transaction.one(rows, |row| number(row, 0)).await?;
        transaction
            .batch(&format!("DROP TABLE IF EXISTS {PREFIX}{day}"))
            .await?;
        Ok(rows.unwrap_or(0usize).max(1))
    })
}

async fn forget_counts(session: &Session, hour: i64, limit: usize) -> Result<usize, Failure> {
    let mut forgotten = 0;
    for (period, time) in [(HOUR, hour), (DAY, hour.div_euclid(HOURS_OF_DAY))] {
        let some = Statement::new(
            "DELETE FROM usage_counts WHERE (owner, period, time) IN (
               SELECT owner, period, time FROM usage_counts WHERE period = ?1 AND time < ?2
               ORDER BY period, time LIMIT ?3)",
            values![period, time, limit],
        );
        forgotten += session.run(some).await?;
    }
    Ok(forgotten)
}
