//! What an operator does to the data folder from the command line, in words for a terminal: back it
//! up, bring it back, move it into PostgreSQL. How the databases are copied is the storage's business.

use std::{
    io::{self, Write},
    path::Path,
};

use gitflare_core::{
    Clock, Error, Result as CoreResult, SystemClock, Timestamp,
    storage::{Storage, UsageQuery},
};

use crate::{
    config::{self, Config, Given, Problem, Setting},
    database::Database,
    keys::DataDir,
    storage::{
        hours, moving,
        postgres::{PostgresConfig, PostgresStorage},
        sqlite::{self, SqliteStorage, backup},
    },
};

/// Writes a backup, and tries it when `is_verified`.
///
/// # Errors
/// What stops it, as one line: no database, a file of that name, no room.
pub(crate) fn backup(
    given: &Given,
    config: &Config,
    file: &Path,
    is_verified: bool,
) -> Result<String, Problem> {
    of_sqlite(config, "pg_dump --format=custom --file=FILE")?;
    let bytes = backup::backup(&config.data_dir, file).map_err(|error| failed(&error))?;
    let mut text = format!("{}: {bytes} bytes, mode 0600\n", file.display());
    if is_verified {
        let manifest = backup::verify(file).map_err(|error| failed(&error))?;
        text += &format!(
            "Restored into a scratch folder and checked: the state of {}\n",
            manifest.created_at
        );
    }
    text += &format!(
        "The master key is not in it: keep {} apart from it. Without that key the linked accounts cannot be read.\n",
        key_source(given, config)
    );
    Ok(text)
}

/// Brings a backup back.
///
/// # Errors
/// What stops it, as one line: a damaged file, a database in the folder, no room.
pub(crate) fn restore(
    given: &Given,
    config: &Config,
    file: &Path,
    keeps_credentials: bool,
) -> Result<String, Problem> {
    of_sqlite(config, "pg_restore --exit-on-error --dbname=DATABASE FILE")?;
    let restored = backup::restore(file, &config.data_dir, keeps_credentials)
        .map_err(|error| failed(&error))?;
    let dir = config.data_dir.display();
    let moment = &restored.created_at;
    let credentials = match keeps_credentials {
        true => format!(
            "Sessions, codes and access tokens are those of {moment}: what was revoked since works again.\n"
        ),
        false => format!(
            "{} sessions, codes and access tokens were ended.\n",
            restored.ended
        ),
    };
    Ok(format!(
        "{dir} holds the state of {moment}.\n{credentials}\
         Approvals and accounts that were ended after that moment are back: end them again.\n\
         The next start needs the master key of that moment: {}.\n{}\n",
        key_source(given, config),
        admin_key(given, config)?
    ))
}

/// Moves everything from the SQLite files of a folder into a PostgreSQL database.
///
/// # Errors
/// What stops it, as one line: a server that has the folder, a database that holds something else.
pub(crate) async fn migrate(
    config: &Config,
    from: Option<&str>,
    to: Option<&str>,
) -> Result<String, Problem> {
    let folder = match from.map(|from| from.strip_prefix("sqlite:")) {
        None => config.data_dir.clone(),
        Some(Some(folder)) if !folder.is_empty() => folder.into(),
        Some(_) => return Err(Problem::new("--from must be `sqlite:FOLDER`")),
    };
    if !folder.join(sqlite::FILES[0]).is_file() {
        let folder = folder.display();
        return Err(Problem::new(format!(
            "{folder} holds no database of GitFlare"
        )));
    }
    let url = match (to, &config.database) {
        (Some(url), _) => url,
        (None, config::Database::Postgres(url)) => url.expose(),
        (None, config::Database::Sqlite) => {
            return Err(Problem::new(
                "--to must be `postgres://user:password@host/database`",
            ));
        }
    };
    let from = SqliteStorage::at(&folder).map_err(|error| failed(&error))?;
    let to = PostgresStorage::open(&PostgresConfig::new(url))
        .await
        .map_err(|error| failed(&error))?;
    let progress = |what: &str, done: u64| tracing::info!(what, done, "moving");
    let moved = moving::all(&from, &to, &progress).await;
    let closed = from.close().await.and(to.close().await);
    let moved = moved.map_err(|error| failed(&error))?;
    closed.map_err(|error| failed(&error))?;
    Ok(format!(
        "{} rows and {} rows of the usage log are in PostgreSQL as they were in {}, compared one by one.\n\
         Start every node with GITFLARE_DATABASE_URL, and with the master key and the admin key of that folder.\n",
        moved.rows,
        moved.usage,
        folder.display()
    ))
}

/// Writes the usage log as JSON lines, one a read, the oldest first; how many they are. Reads that are
/// recorded meanwhile are left out.
///
/// # Errors
/// What stops it, as one line: a server that has the folder, the database, the output.
pub(crate) async fn export_usage(
    config: &Config,
    (from, to): (Option<Timestamp>, Option<Timestamp>),
    out: &mut dyn Write,
) -> Result<u64, Problem> {
    let data = DataDir::open(&config.data_dir)?;
    Database::check_folder(config, &data)?;
    let storage = Database::open(config, &data).await?.storage();
    let now = SystemClock.now();
    let query = UsageQuery {
        from,
        to: Some(to.map_or(now, |to| to.min(now))),
        ..UsageQuery::default()
    };
    let exported = lines(&*storage, &query, out).await;
    let closed = storage.close().await;
    exported
        .and_then(|rows| closed.map(|()| rows))
        .map_err(|error| failed(&error))
}

async fn lines(storage: &dyn Storage, query: &UsageQuery, out: &mut dyn Write) -> CoreResult<u64> {
    let unwritten = |error: io::Error| Error::internal(format!("standard output: {error}"));
    let mut done = 0;
    for hour in hours::between(storage, query).await?.into_iter().flatten() {
        let query = hours::of(hour, query);
        let rows = hours::each_page(storage, &query, |page| {
            for row in page {
                serde_json::to_writer(&mut *out, &row).map_err(|error| unwritten(error.into()))?;
                out.write_all(b"\n").map_err(unwritten)?;
            }
            Ok(())
        });
        let rows = rows.await?;
        if rows > 0 {
            done += rows;
            tracing::info!(rows = done, "exporting");
        }
    }
    out.flush().map_err(unwritten)?;
    Ok(done)
}

/// Refuses what PostgreSQL's own tools do better.
fn of_sqlite(config: &Config, instead: &str) -> Result<(), Problem> {
    match config.database {
        config::Database::Sqlite => Ok(()),
        config::Database::Postgres(_) => Err(Problem::new(format!(
            "GITFLARE_DATABASE_URL names PostgreSQL, whose own tools do this: `{instead}`"
        ))),
    }
}

/// Where the master key comes from.
fn key_source(given: &Given, config: &Config) -> String {
    let place = place(given, "GITFLARE_MASTER_KEY").map(|place| format!("that of {place}"));
    place.unwrap_or_else(|| config.data_dir.join("master.key").display().to_string())
}

/// What becomes of the admin key, which no backup holds.
///
/// # Errors
/// A kept key that cannot be read, as one line.
fn admin_key(given: &Given, config: &Config) -> Result<String, Problem> {
    if let Some(place) = place(given, "SGG_ADMIN_API_KEY") {
        return Ok(format!("The admin key is that of {place}."));
    }
    let kept = DataDir::look(&config.data_dir)?.known_admin_keys(config)?;
    Ok(match kept.is_empty() {
        false => "The admin key is the one that this folder had before.",
        true => {
            "The backup holds no admin key: the next start makes a new one and shows it once, unless SGG_ADMIN_API_KEY is set or the old admin.key.sha256 is in the folder."
        }
    }
    .to_owned())
}

/// Where a setting was given.
fn place(given: &Given, variable: &str) -> Option<String> {
    given.place(Setting::find(variable)?)
}

fn failed(error: &Error) -> Problem {
    Problem::new(error.detail().unwrap_or(error.message()).to_owned())
}
