//! Rows whose hour is over, and those of a client that has very many, become packs, and are counted: by
//! client and hour, by client and day, by tenant and day. Rows that come later are merged into the packs
//! that they belong between, so that packs never overlap and every row is counted once.

use std::collections::HashMap;

use gitflare_core::{
    ClientId, Error, Result,
    storage::{Pack, PackedRow, UsageRollup, UsageRow, pack},
};
use rusqlite::{Connection, params};

use super::{HOUR_MILLIS, HOURS_OF_DAY};
use crate::storage::{
    sql::saturated,
    sqlite::{
        failed,
        rows::{execute, one},
    },
};

/// The most rows of a pack.
pub(super) const PACK_ROWS: usize = 1024;
/// The most rows that one transaction seals.
pub(super) const SEALED_AT_ONCE: usize = 8192;
/// The most packs that one transaction counts anew.
const COUNTED_AT_ONCE: i64 = 64;

/// Counts that are to be added to those that are kept.
#[derive(Debug, Default)]
struct Counted {
    hours: HashMap<(i64, String), UsageRollup>,
    days: HashMap<(i64, String), UsageRollup>,
}

impl Counted {
    fn add(&mut self, row: &PackedRow<'_>) {
        let facts = row.facts();
        let hour = row.at().as_millis().div_euclid(HOUR_MILLIS);
        let day = hour.div_euclid(HOURS_OF_DAY);
        let client = facts.client_id;
        let of = |map: &mut HashMap<_, UsageRollup>, time: i64, owner: &str| {
            map.entry((time, owner.to_owned())).or_default().add(&facts);
        };
        of(&mut self.hours, hour, client);
        of(&mut self.days, day, client);
        of(&mut self.days, day, row.tenant_id());
    }

    fn store(self, connection: &Connection) -> Result<()> {
        for (table, column, counted) in [("hours", "hour", self.hours), ("days", "day", self.days)]
        {
            for ((time, owner), mut rollup) in counted {
                let kept: Option<Vec<u8>> = one(
                    connection,
                    &format!("SELECT body FROM {table} WHERE {column} = ?1 AND owner = ?2"),
                    (time, &owner),
                    |row| row.get(0),
                )
                .map_err(|error| failed(&error))?;
                if let Some(kept) = kept {
                    rollup.absorb(&kept)?;
                }
                execute(
                    connection,
                    &format!(
                        "REPLACE INTO {table} ({column}, owner, rows, body) VALUES (?1, ?2, ?3, ?4)"
                    ),
                    (
                        time,
                        &owner,
                        saturated(rollup.requests()),
                        rollup.to_bytes(),
                    ),
                )?;
            }
        }
        Ok(())
    }
}

/// Seals rows of one client and one hour that are older than `before`, within a transaction; how many.
/// With a `least` number of rows, none when there are fewer, and as many as fill their packs.
pub(super) fn seal(
    connection: &Connection,
    hour: i64,
    client: &str,
    before: i64,
    least: usize,
) -> Result<usize> {
    let (from, to) = (hour * HOUR_MILLIS, ((hour + 1) * HOUR_MILLIS).min(before));
    let mut bodies: Vec<Vec<u8>> = connection
        .prepare_cached(
            "SELECT body FROM recent WHERE client = ?1 AND at >= ?2 AND at < ?3
             ORDER BY at, id LIMIT ?4",
        )
        .and_then(|mut statement| {
            let limit = saturated(SEALED_AT_ONCE as u64);
            statement
                .query_map((client, from, to, limit), |row| row.get(0))?
                .collect()
        })
        .map_err(|error| failed(&error))?;
    match bodies.len() {
        few if few < least => return Ok(0),
        many if least > 0 => bodies.truncate(many - many % PACK_ROWS),
        _ => {}
    }
    let mut rows = Vec::with_capacity(bodies.len());
    for body in &bodies {
        unpack(body, &mut rows)?;
    }
    let Some(last) = rows.last() else {
        return Ok(0);
    };
    let upto = (last.at.as_millis(), last.id.as_str().to_owned());
    let count = rows.len();
    store(connection, hour, client, rows)?;
    execute(
        connection,
        "DELETE FROM recent WHERE client = ?1 AND at >= ?2 AND (at, id) <= (?3, ?4)",
        (client, from, upto.0, upto.1),
    )?;
    Ok(count)
}

/// Stores and counts rows of one client and one hour, in the order of time and id.
pub(super) fn store(
    connection: &Connection,
    hour: i64,
    client: &str,
    new: Vec<UsageRow>,
) -> Result<()> {
    let Some(first) = new.first() else {
        return Ok(());
    };
    let first_at = first.at.as_millis();
    // Their packs are written anew, the earlier ones stay.
    let overlapping: Vec<(i64, Vec<u8>)> = connection
        .prepare_cached(
            "DELETE FROM packs WHERE hour = ?1 AND client = ?2 AND last_at >= ?3
             RETURNING number, body",
        )
        .and_then(|mut statement| {
            statement
                .query_map((hour, client, first_at), |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?
                .collect()
        })
        .map_err(|error| failed(&error))?;
    let mut rows = Vec::new();
    for (_, body) in &overlapping {
        unpack(body, &mut rows)?;
    }
    let key = |row: &UsageRow| (row.at, row.id.clone());
    rows.sort_by_key(key);
    let mut counted = Counted::default();
    // One that stands there already is the same row, sent twice.
    let new: Vec<_> = new
        .into_iter()
        .filter(|row| rows.binary_search_by_key(&key(row), key).is_err())
        .collect();
    let packed = pack(&new);
    let mut fresh = Pack::open(&packed)?;
    while let Some(row) = fresh.next_row()? {
        counted.add(&row);
    }
    rows.extend(new);
    rows.sort_by_key(key);
    let kept: Option<i64> = connection
        .query_row(
            "SELECT max(number) FROM packs WHERE hour = ?1 AND client = ?2",
            (hour, client),
            |row| row.get(0),
        )
        .map_err(|error| failed(&error))?;
    for (number, some) in (kept.map_or(0, |number| number + 1)..).zip(rows.chunks(PACK_ROWS)) {
        let last_at = some.last().map_or(0, |row| row.at.as_millis());
        execute(
            connection,
            "INSERT INTO packs (hour, client, number, rows, last_at, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                hour,
                client,
                number,
                saturated(some.len() as u64),
                last_at,
                pack(some)
            ],
        )?;
    }
    if let Some(last) = rows.last() {
        note_newest(connection, last.at.as_millis())?;
    }
    counted.store(connection)
}

/// Notes that no pack holds a row that is newer: what a question up to now covers need not be read.
pub(super) fn note_newest(connection: &Connection, at: i64) -> Result<()> {
    execute(
        connection,
        "INSERT INTO state (name, value) VALUES ('newest', ?1) ON CONFLICT (name)
         DO UPDATE SET value = max(value, excluded.value)",
        [at],
    )
    .map(|_| ())
}

/// Notes the newest row of all packs: another release may have made some.
pub(super) fn find_newest(connection: &Connection) -> Result<()> {
    let newest = one(
        connection,
        "SELECT max(last_at) FROM packs WHERE hour = (SELECT max(hour) FROM packs)",
        [],
        |row| row.get::<_, Option<i64>>(0),
    );
    match newest.map_err(|error| failed(&error))?.flatten() {
        Some(at) => note_newest(connection, at),
        None => Ok(()),
    }
}

fn unpack(body: &[u8], rows: &mut Vec<UsageRow>) -> Result<()> {
    let mut pack = Pack::open(body)?;
    while let Some(row) = pack.next_row()? {
        rows.push(row.to_row()?);
    }
    Ok(())
}

/// Which pack was counted last.
pub(super) type Counting = (i64, String, i64);

/// Forgets all counts; how many rows are to be counted anew.
pub(super) fn forget_counts(connection: &Connection) -> Result<u64> {
    connection
        .execute_batch(
            "DELETE FROM hours; DELETE FROM days;
             REPLACE INTO state (name, value) VALUES ('rebuilding', 1)",
        )
        .and_then(|()| {
            connection.query_row("SELECT coalesce(sum(rows), 0) FROM packs", [], |row| {
                row.get::<_, i64>(0)
            })
        })
        .map(i64::unsigned_abs)
        .map_err(|error| failed(&error))
}

/// Counts some packs behind `after`: the last one of them, and how many rows they hold; `None` when
/// none is left and the counts are complete.
pub(super) fn count_some(
    connection: &Connection,
    after: Option<&Counting>,
) -> Result<Option<(Counting, u64)>> {
    let (hour, client, number) = match after {
        Some((hour, client, number)) => (*hour, client.as_str(), *number),
        None => (i64::MIN, "", 0),
    };
    let some: Vec<(Counting, Vec<u8>)> = connection
        .prepare_cached(
            "SELECT hour, client, number, body FROM packs WHERE (hour, client, number) > (?1, ?2, ?3)
             ORDER BY hour, client, number LIMIT ?4",
        )
        .and_then(|mut statement| {
            statement
                .query_map((hour, client, number, COUNTED_AT_ONCE), |row| {
                    Ok(((row.get(0)?, row.get(1)?, row.get(2)?), row.get(3)?))
                })?
                .collect()
        })
        .map_err(|error| failed(&error))?;
    let mut counted = Counted::default();
    let mut rows = 0;
    for (_, body) in &some {
        let mut pack = Pack::open(body)?;
        while let Some(row) = pack.next_row()? {
            counted.add(&row);
            rows += 1;
        }
    }
    counted.store(connection)?;
    let Some((last, _)) = some.into_iter().next_back() else {
        execute(
            connection,
            "DELETE FROM state WHERE name = 'rebuilding'",
            [],
        )?;
        return Ok(None);
    };
    Ok(Some((last, rows)))
}

/// The client and the hour of a row that waits.
pub(super) fn place_of(client: &ClientId, at: i64) -> (i64, String) {
    (at.div_euclid(HOUR_MILLIS), client.as_str().to_owned())
}

/// Refuses what cannot be stored while the disk is in doubt.
pub(super) fn refused() -> Error {
    Error::internal("the usage log is not written to since an fsync failed; restart gitflare")
}
