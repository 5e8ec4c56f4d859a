//! Everything of a SQLite storage, moved into a PostgreSQL one: table by table in pages of its key, each
//! page compared row by row after it was written, and skipped when it is there already. So it can be
//! cut off and run again, and it writes nothing twice. Ids, hashes and ciphertexts stay as they are.

use gitflare_core::{Error, Result, storage::UsageQuery};

use super::{hours, postgres::PostgresStorage, sql::Table, sqlite::SqliteStorage};

/// Every table but those of migrations, each behind those that it refers to.
const TABLES: &[&str] = &[
    "tenants",
    "users",
    "memberships",
    "clients",
    "client_secrets",
    "client_profiles",
    "customers",
    "sessions",
    "connections",
    "authorizations",
    "grants",
    "approvals",
    "codes",
    "tokens",
    "refresh_families",
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
    to.number_on().await?;
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
    let mut done = 0;
    for hour in hours::between(from, &everything)
        .await?
        .into_iter()
        .flatten()
    {
        let query = hours::of(hour, &everything);
        let rows = hours::rows(from, &query).await?;
        let rows: Vec<_> = rows.into_iter().map(PostgresStorage::as_kept).collect();
        if rows.is_empty() {
            continue;
        }
        if hours::rows(to, &query).await? != rows {
            for group in rows.chunks(ROWS_AT_ONCE) {
                to.store_usage(group).await?;
            }
            if hours::rows(to, &query).await? != rows {
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
