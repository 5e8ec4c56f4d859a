//! Everything of a SQLite storage, moved into a PostgreSQL one: table by table in pages of its key, each
//! page compared row by row after it was written, and skipped when it is there already. So it can be
//! cut off and run again, and it writes nothing twice. Ids, hashes and ciphertexts stay as they are.

use gitflare_core::{
    Error, Result, Timestamp,
    storage::{Storage, UsageQuery, UsageRow},
};

use super::{postgres::PostgresStorage, sql::Table, sqlite::SqliteStorage};

/// Every table but those of migrations, each behind those that it refers to.
const TABLES: &[&str] = &[
    "tenants",
    "users",
    "memberships",
    "clients",
    "client_secrets",
    "customers",
    "sessions",
    "connections",
    "authorizations",
    "grants",
    "approvals",
    "codes",
    "tokens",
    "requests",
    "proofs",
    "nonces",
    "links",
    "cleanup",
    "subscriptions",
    "endings",
    "deliveries",
    "attempts",
    "lines",
    "receivers",
    "settings",
    "key_checks",
    "audit",
];
const ROWS_AT_ONCE: usize = 500;
const HOUR_MILLIS: i64 = 3_600_000;

/// How much was moved.
#[derive(Debug, Default)]
pub(crate) struct Moved {
    pub(crate) rows: u64,
    pub(crate) usage: u64,
}

/// Moves all tables and the usage log; tells `progress` what it moves, and how many rows of it.
///
/// # Errors
/// The databases', and `INTERNAL_ERROR` where a row is not what it was.
pub(crate) async fn all(
    from: &SqliteStorage,
    to: &PostgresStorage,
    progress: &(dyn Fn(&str, u64) + Sync),
) -> Result<Moved> {
    let mut moved = Moved::default();
    let known = from.table_names().await?;
    if let Some(name) = known.iter().find(|name| !TABLES.contains(&name.as_str())) {
        return Err(Error::internal(format!(
            "the table {name} has no place in PostgreSQL"
        )));
    }
    for name in TABLES {
        let rows = table(from, to, name, progress).await?;
        moved.rows += rows;
        progress(name, rows);
    }
    moved.usage = usage(from, to, progress).await?;
    Ok(moved)
}

async fn table(
    from: &SqliteStorage,
    to: &PostgresStorage,
    name: &str,
    progress: &(dyn Fn(&str, u64) + Sync),
) -> Result<u64> {
    let table: Table = from.table(name).await?;
    let mut done = 0;
    let mut after = None;
    loop {
        let page = from.page_of(&table, after.as_deref(), ROWS_AT_ONCE).await?;
        let (Some(first), Some(last)) = (page.first(), page.last()) else {
            break;
        };
        let (first, last) = (table.key_of(first), table.key_of(last));
        if to.rows_between(&table, &first, &last).await? != page {
            to.insert_rows(&table, &page).await?;
            if to.rows_between(&table, &first, &last).await? != page {
                return Err(Error::internal(format!(
                    "the table {name} holds other rows in PostgreSQL than in SQLite: move into an empty database"
                )));
            }
        }
        done += page.len() as u64;
        progress(name, done);
        after = Some(last);
    }
    match to.count(&table).await? {
        count if count == done => Ok(done),
        count => Err(Error::internal(format!(
            "the table {name} has {count} rows in PostgreSQL and {done} in SQLite: move into an empty database"
        ))),
    }
}

/// Moves the rows of the usage log, an hour at a time; they are counted anew on their way.
async fn usage(
    from: &SqliteStorage,
    to: &PostgresStorage,
    progress: &(dyn Fn(&str, u64) + Sync),
) -> Result<u64> {
    let everything = UsageQuery::default();
    let (newest, total) = from.usage().list(&everything, 0, 1).await?;
    let (oldest, _) = match total {
        0 => return Ok(0),
        _ => from.usage().list(&everything, total - 1, 1).await?,
    };
    let hour = |rows: &[UsageRow]| {
        rows.first()
            .map(|row| row.at.as_millis().div_euclid(HOUR_MILLIS))
    };
    let (Some(first), Some(last)) = (hour(&oldest), hour(&newest)) else {
        return Ok(0);
    };
    let mut done = 0;
    for hour in first..=last {
        let query = UsageQuery {
            from: Some(Timestamp::from_millis(hour * HOUR_MILLIS)),
            to: Some(Timestamp::from_millis((hour + 1) * HOUR_MILLIS)),
            ..UsageQuery::default()
        };
        let rows = pages(from, &query).await?;
        let rows: Vec<_> = rows.into_iter().map(PostgresStorage::as_kept).collect();
        if rows.is_empty() {
            continue;
        }
        if pages(to, &query).await? != rows {
            for group in rows.chunks(ROWS_AT_ONCE) {
                to.store_usage(group).await?;
            }
            if pages(to, &query).await? != rows {
                return Err(Error::internal(
                    "the usage log holds other rows in PostgreSQL than in SQLite: move into an empty database",
                ));
            }
        }
        done += rows.len() as u64;
        progress("usage", done);
    }
    Ok(done)
}

/// All rows of a question.
async fn pages(storage: &dyn Storage, query: &UsageQuery) -> Result<Vec<UsageRow>> {
    let mut all = Vec::new();
    loop {
        let (rows, total) = storage.usage().list(query, all.len() as u64, 1000).await?;
        let is_last = rows.is_empty();
        all.extend(rows);
        if is_last || all.len() as u64 >= total {
            return Ok(all);
        }
    }
}
