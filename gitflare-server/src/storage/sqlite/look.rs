//! A look at the files of a data folder, with or without a server that has them open. Not even SQLite's
//! side files are made.

use std::path::{Path, PathBuf};

use gitflare_core::Result;
use rusqlite::{Connection, OpenFlags};
use url::Url;

use super::{BUSY_TIMEOUT, DATABASE, FILES, connect::failed, files::told, migrations, rows::every};
use crate::storage::{seen::Seen, sql::settings};

/// What the databases of a folder say of themselves; `None` where the one that decides is absent or
/// empty.
///
/// # Errors
/// `INTERNAL_ERROR` whose detail is for the operator: a newer release wrote it, it cannot be read.
pub(crate) fn look(dir: &Path) -> Result<Option<Seen>> {
    if !is_filled(&dir.join(DATABASE)) {
        return Ok(None);
    }
    let mut seen = Seen {
        is_older: false,
        key_checks: Vec::new(),
    };
    for name in FILES {
        let path = dir.join(name);
        if !is_filled(&path) {
            continue;
        }
        let unread = |error| told(&path, format!("cannot read this database: {error}"));
        let connection = open(&path)?;
        let done = migrations::applied(&connection).map_err(unread)?;
        let all = migrations::of(name);
        migrations::check(&path, &done, all)?;
        seen.is_older |= done.len() < all.len();
        if *name == DATABASE && !done.is_empty() {
            let checks = every(&connection, &settings::key_checks(), |row| {
                settings::key_check(row)
            });
            seen.key_checks = checks.map_err(|error| failed(&error))?;
        }
    }
    Ok(Some(seen))
}

/// A connection that changes nothing. A database that nobody has open is read as it stands: SQLite would
/// make its side files otherwise.
fn open(path: &Path) -> Result<Connection> {
    let side = |suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    let unread = |what: &dyn std::fmt::Display| -> gitflare_core::Error {
        told(path, format!("cannot read this database: {what}"))
    };
    let mut flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let name = match (is_filled(&side("-wal")), side("-shm").exists()) {
        (true, true) => path.to_owned(),
        (true, false) => {
            return Err(unread(
                &"its write-ahead log has no index yet, which the next start makes",
            ));
        }
        (false, _) => {
            let whole = std::path::absolute(path).map_err(|error| unread(&error))?;
            let url = Url::from_file_path(whole);
            let mut url = url.map_err(|()| unread(&"its path makes no URL"))?;
            url.set_query(Some("immutable=1"));
            flags |= OpenFlags::SQLITE_OPEN_URI;
            PathBuf::from(url.as_str())
        }
    };
    let connection = Connection::open_with_flags(name, flags).map_err(|error| unread(&error))?;
    let prepared = connection.busy_timeout(BUSY_TIMEOUT);
    prepared.map_err(|error| unread(&error))?;
    Ok(connection)
}

fn is_filled(path: &Path) -> bool {
    path.metadata().is_ok_and(|file| file.len() > 0)
}

#[cfg(test)]
mod tests {
    use gitflare_core::storage::{KeyCheck, SettingsStore, Storage};

    use super::{super::SqliteStorage, *};

    /// The files of a folder with their content.
    fn content(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
        let entries = std::fs::read_dir(dir).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        let mut all: Vec<_> = paths
            .map(|path| (path.clone(), std::fs::read(path).unwrap()))
            .collect();
        all.sort();
        all
    }

    #[tokio::test]
    async fn a_look_sees_the_schema_and_the_keys_and_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("a folder, 100%");
        std::fs::create_dir(&dir).unwrap();
        assert!(look(&dir).unwrap().is_none());
        assert!(content(&dir).is_empty());
        let storage = SqliteStorage::at(&dir).unwrap();
        let check = KeyCheck {
            key_id: 7,
            value: [7; 32],
        };
        storage.insert_key_check(check.clone()).await.unwrap();
        let seen = look(&dir).unwrap().unwrap();
        assert!(!seen.is_older, "beside its server");
        assert_eq!(seen.key_checks.first(), Some(&check));
        storage.close().await.unwrap();
        drop(storage);
        let before = content(&dir);
        let seen = look(&dir).unwrap().unwrap();
        assert_eq!((seen.is_older, seen.key_checks), (false, vec![check]));
        assert_eq!(content(&dir), before);

        let change = |sql: &str| {
            let connection = Connection::open(dir.join(DATABASE)).unwrap();
            connection.execute_batch(sql).unwrap();
        };
        change("DELETE FROM migrations WHERE number = (SELECT max(number) FROM migrations)");
        assert!(look(&dir).unwrap().unwrap().is_older);
        change(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 99)
             INSERT OR IGNORE INTO migrations (number, checksum) SELECT i, x'00' FROM n",
        );
        let error = look(&dir).unwrap_err();
        let detail = error.detail().unwrap();
        assert!(detail.contains("written by a newer release"), "{detail}");
        std::fs::write(dir.join(DATABASE), "no database").unwrap();
        assert!(look(&dir).is_err());
        std::fs::write(dir.join("gitflare.sqlite-wal"), "a log").unwrap();
        let before = content(&dir);
        let error = look(&dir).unwrap_err();
        assert!(error.detail().unwrap().contains("no index"), "{error:?}");
        assert_eq!(content(&dir), before);
    }
}
