//! Rows as earlier releases have stored them, one by one with all their texts: packed and counted at
//! the first start, an hour at a time, each in a transaction of its own, so that it can be cut off.

use gitflare_core::{Result, storage::UsageRow};
use rusqlite::Connection;

use super::{HOUR_MILLIS, desk::change, seal};
use crate::storage::{
    sql::{saturated, usage},
    sqlite::{
        failed,
        rows::{execute, one},
        writer::Health,
    },
};

/// Rows between two lines of progress.
const TOLD_EVERY: u64 = 250_000;

/// Moves all rows of the old form; tells the log how far it is.
pub(super) fn move_all(connection: &Connection, health: &Health) -> Result<()> {
    let left: i64 = connection
        .query_row("SELECT count(*) FROM usage", [], |row| row.get(0))
        .map_err(|error| failed(&error))?;
    if left == 0 {
        return Ok(());
    }
    tracing::info!(rows = left, "packing the rows of the usage log");
    let (mut moved, mut told) = (0u64, 0u64);
    loop {
        match change(connection, health, move_some)? {
            0 => break,
            rows => moved += rows,
        }
        if moved - told >= TOLD_EVERY {
            told = moved;
            tracing::info!(moved, of = left, "packing the rows of the usage log");
        }
    }
    tracing::info!(moved, "the rows of the usage log are packed");
    Ok(())
}

/// Moves rows of the oldest hour; how many.
fn move_some(connection: &Connection) -> Result<u64> {
    let oldest = one(
        connection,
        "SELECT at FROM usage ORDER BY at, id LIMIT 1",
        [],
        |row| row.get::<_, i64>(0),
    );
    let Some(at) = oldest.map_err(|error| failed(&error))? else {
        return Ok(0);
    };
    let hour = at.div_euclid(HOUR_MILLIS);
    let mut rows: Vec<UsageRow> = connection
        .prepare_cached(&format!(
            "SELECT {} FROM usage WHERE at >= ?1 AND at < ?2 ORDER BY at, id LIMIT ?3",
            usage::COLUMNS
        ))
        .and_then(|mut statement| {
            let limit = saturated(seal::SEALED_AT_ONCE as u64);
            let (from, to) = (hour * HOUR_MILLIS, (hour + 1) * HOUR_MILLIS);
            statement
                .query_map((from, to, limit), |row| usage::row(row))?
                .collect()
        })
        .map_err(|error| failed(&error))?;
    let count = rows.len() as u64;
    if let Some(last) = rows.last() {
        execute(
            connection,
            "DELETE FROM usage WHERE (at, id) <= (?1, ?2)",
            (last.at.as_millis(), last.id.as_str()),
        )?;
    }
    rows.sort_by(|a, b| (&a.client_id, a.at, &a.id).cmp(&(&b.client_id, b.at, &b.id)));
    while let Some(first) = rows.first() {
        let client = first.client_id.clone();
        let end = rows.partition_point(|row| row.client_id == client);
        let rest = rows.split_off(end);
        seal::store(connection, hour, client.as_str(), rows)?;
        rows = rest;
    }
    Ok(count)
}
