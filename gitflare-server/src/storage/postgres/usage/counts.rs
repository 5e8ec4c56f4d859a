//! Counts of clients and tenants by hour and by day: changed with the rows, each under the lock of
//! its row, in one order for all nodes; and counted anew, day by day, from the rows alone.

use std::collections::BTreeMap;

use gitflare_core::storage::{UsageFacts, UsageRollup, UsageRow};

use super::{DAY, DAY_MILLIS, HOUR, HOUR_MILLIS, partitions, rows};
use crate::storage::{
    postgres::{
        Database,
        session::{Failure, Session, transaction},
    },
    sql::{Columns, Statement, natural, number, saturated, text, usage, values},
};

/// The most rows that are read at a time when a day is counted anew.
const COUNTED_AT_ONCE: i64 = 10_000;

/// Of whom, by hour or by day, and which one since 1970: the order of the primary key.
type Key = (String, &'static str, i64);

/// Counts that are to be added to those that are kept.
#[derive(Debug, Default)]
pub(super) struct Counted(BTreeMap<Key, UsageRollup>);

impl Counted {
    pub(super) fn add(&mut self, facts: &UsageFacts<'_>, tenant: &str) {
        let at = facts.at.as_millis();
        for owner in [facts.client_id, tenant] {
            for (period, length) in [(HOUR, HOUR_MILLIS), (DAY, DAY_MILLIS)] {
                let key = (owner.to_owned(), period, at.div_euclid(length));
                self.0.entry(key).or_default().add(facts);
            }
        }
    }

    /// The counts of rows.
    pub(super) fn of<'r>(rows: impl IntoIterator<Item = &'r UsageRow>) -> Self {
        let mut counted = Self::default();
        for row in rows {
            counted.add(&UsageFacts::from(row), row.tenant_id.as_str());
        }
        counted
    }

    /// Adds them to what is kept, within a transaction.
    pub(super) async fn store(mut self, transaction: &Session) -> Result<(), Failure> {
        if self.0.is_empty() {
            return Ok(());
        }
        let owners: Vec<_> = self.0.keys().map(|key| key.0.clone()).collect();
        let periods: Vec<_> = self.0.keys().map(|key| key.1).collect();
        let times: Vec<_> = self.0.keys().map(|key| key.2).collect();
        let first = "INSERT INTO usage_counts (owner, period, time, rows, body)
             SELECT owner, period, time, 0, '' FROM unnest($1::text[], $2::text[], $3::bigint[])
               AS counted (owner, period, time) ORDER BY owner COLLATE \"C\", period, time
             ON CONFLICT DO NOTHING";
        transaction
            .execute(first, &[&owners, &periods, &times])
            .await?;
        let kept = "SELECT c.owner, c.period, c.time, c.body FROM usage_counts c
             JOIN unnest($1::text[], $2::text[], $3::bigint[]) AS counted (owner, period, time)
               ON c.owner = counted.owner AND c.period = counted.period AND c.time = counted.time
             ORDER BY c.owner, c.period, c.time FOR UPDATE OF c";
        for row in transaction
            .query(kept, &[&owners, &periods, &times])
            .await?
        {
            let body = row.bytes(3)?.unwrap_or_default();
            let period = if row.text(1)? == Some(DAY) { DAY } else { HOUR };
            let key = (text(&row, 0)?, period, number(&row, 2)?);
            if let (Some(counted), false) = (self.0.get_mut(&key), body.is_empty()) {
                counted.absorb(body)?;
            }
        }
        let rows: Vec<_> = self
            .0
            .values()
            .map(|one| saturated(one.requests()))
            .collect();
        let bodies: Vec<_> = self.0.values().map(UsageRollup::to_bytes).collect();
        let changed = "UPDATE usage_counts c SET rows = counted.rows, body = counted.body
             FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bytea[])
               AS counted (owner, period, time, rows, body)
             WHERE c.owner = counted.owner AND c.period = counted.period AND c.time = counted.time";
        transaction
            .execute(changed, &[&owners, &periods, &times, &rows, &bodies])
            .await
            .map(|_| ())
    }
}

/// Lets a day be counted anew by nobody while its rows are written, or rows be written by nobody
/// while it is counted: until the end of the transaction.
pub(super) async fn lock_day(
    transaction: &Session,
    day: i64,
    is_shared: bool,
) -> Result<(), Failure> {
    /// Told apart from other locks of two numbers.
    const USAGE: i64 = 0x7573_6167;
    let shared = if is_shared { "_shared" } else { "" };
    let lock = Statement::new(
        format!("SELECT pg_advisory_xact_lock{shared}(CAST(?1 AS INTEGER), CAST(?2 AS INTEGER))"),
        values![USAGE, day],
    );
    transaction.rows(&lock).await.map(|_| ())
}

/// Counts every day anew, from its rows alone, each in a transaction of its own: the counts of a day
/// are whole before and after it.
pub(super) async fn rebuild(
    database: &Database,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<(), Failure> {
    let session = database.session().await?;
    let days = partitions::days(&session).await?;
    let total = Statement::new(
        "SELECT coalesce(sum(rows), 0)::bigint FROM usage_counts
         WHERE period = 'day' AND starts_with(owner, 'client_')",
        values![],
    );
    let expected = session
        .one(total, |row| natural(row, 0))
        .await?
        .unwrap_or(0);
    drop(session);
    let mut done = 0;
    for day in days {
        done += recount(database, day).await?;
        progress(done, done.max(expected));
    }
    Ok(())
}

async fn recount(database: &Database, day: i64) -> Result<u64, Failure> {
    transaction!(database, |transaction| {
        // A day of many millions of rows takes its time; nobody waits for it but its own writers.
        transaction.allow(600, 60).await?;
        lock_day(transaction, day, false).await?;
        let forget = "DELETE FROM usage_counts WHERE (period = 'day' AND time = ?1)
             OR (period = 'hour' AND time >= ?1 * 24 AND time < (?1 + 1) * 24)";
        transaction
            .run(Statement::new(forget, values![day]))
            .await?;
        let (mut counted, mut done) = (Counted::default(), 0);
        let mut after = (day * DAY_MILLIS, String::new());
        loop {
            let page = format!(
                "SELECT {} FROM usage_rows WHERE at < $3 AND at >= $1 AND (at, id) > ($1, $2)
                 ORDER BY at, id LIMIT {COUNTED_AT_ONCE}",
                usage::COLUMNS
            );
            let end = (day + 1) * DAY_MILLIS;
            let found = transaction
                .query(&page, &[&after.0, &after.1, &end])
                .await?;
            for row in &found {
                counted.add(&rows::facts(row)?, row.text(3)?.unwrap_or_default());
            }
            done += found.len() as u64;
            match found.last() {
                Some(last) => after = (number(last, 0)?, text(last, 1)?),
                None => break,
            }
        }
        counted.store(transaction).await?;
        Ok(done)
    })
}
