//! Encrypted values in SQLite.

use async_trait::async_trait;
use gitflare_core::{
    Result,
    storage::{SealedPlace, SealedStore, SealedValue},
};

use super::{SqliteStorage, rows::run};
use crate::storage::sql::sealed::{self, Key, Keys};

const KEYS: Keys = Keys {
    as_text: key_text,
    of_text,
};

/// The key as text.
const fn key_text(key: Key) -> &'static str {
    match key {
        Key::Id => "id",
        Key::Hash => "lower(hex(hash))",
        Key::Job => "kind || ':' || subject",
    }
}

/// The primary key in the text that is bound as `parameter`.
fn of_text(key: Key, parameter: &str) -> String {
    match key {
        Key::Id => parameter.to_owned(),
        Key::Hash => format!("unhex({parameter})"),
        Key::Job => format!(
            "substr({parameter}, 1, instr({parameter}, ':') - 1),
             substr({parameter}, instr({parameter}, ':') + 1)"
        ),
    }
}

#[async_trait]
impl SealedStore for SqliteStorage {
    async fn list(
        &self,
        of: SealedPlace,
        key_id: u8,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<SealedValue>> {
        let statement = sealed::list(KEYS, of, key_id, after, limit);
        self.page(statement, move |row| sealed::value(of, row))
            .await
    }

    async fn replace(&self, values: Vec<(SealedValue, Vec<u8>)>) -> Result<usize> {
        self.write(move |connection| {
            let mut replaced = 0;
            for (value, new) in &values {
                replaced += run(connection, &sealed::replace(KEYS, value, new))?;
            }
            Ok(replaced)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use gitflare_core::{
        ConnectionId, Timestamp,
        storage::{Connection, Storage},
    };

    use super::*;
    use crate::storage::sqlite::{SqliteConfig, rows::execute};

    fn open(folder: &std::path::Path) -> SqliteStorage {
        SqliteStorage::open(&SqliteConfig {
            dir: folder.to_owned(),
            max_pages: None,
        })
        .unwrap()
    }

    /// Columns of bytes that hold no ciphertext.
    const PLAIN: &[&str] = &[
        "client_profiles.logo",
        "client_secrets.hash",
        "codes.hash",
        "key_checks.value",
        "links.browser",
        "links.code",
        "links.state",
        "migrations.checksum",
        "nonces.hash",
        "refresh_families.current",
        "refresh_families.id",
        "requests.hash",
        "sessions.hash",
        "tokens.family",
        "tokens.hash",
    ];

    #[test]
    fn every_column_of_bytes_is_a_place_or_known_to_be_plain() {
        // sec: KY-4
        let folder = tempfile::tempdir().unwrap();
        let storage = open(folder.path());
        let columns: Vec<String> = storage
            .read(|connection| {
                connection
                    .prepare(
                        "SELECT t.name || '.' || c.name FROM sqlite_schema t, pragma_table_info(t.name) c
                         WHERE t.type = 'table' AND c.type = 'BLOB'",
                    )?
                    .query_map([], |row| row.get(0))?
                    .collect()
            })
            .unwrap();
        let places: Vec<_> = SealedPlace::ALL
            .iter()
            .map(|place| place.as_str())
            .collect();
        for column in &columns {
            let is_known = places.contains(&column.as_str()) || PLAIN.contains(&column.as_str());
            assert!(is_known, "{column}: is it sealed?");
        }
        for place in places {
            assert!(columns.iter().any(|column| column == place), "{place}");
        }
    }

    #[tokio::test]
    async fn what_a_dead_process_was_refreshing_is_free_again() {
        // sec: PC-9
        let folder = tempfile::tempdir().unwrap();
        let id = ConnectionId::parse("conn_1").unwrap();
        let now = Timestamp::from_millis(1_800_000_000_000);
        let until = Timestamp::from_millis(1_800_000_060_000);
        let begin = async |storage: &SqliteStorage| {
            let connections = storage.connections();
            connections.begin_refresh(&id, 0, now, until).await.unwrap()
        };
        let storage = open(folder.path());
        let made = storage.write(|connection| {
            let insert = "INSERT INTO connections (id, provider, account_id, scopes, mode, status,
                created_at) VALUES ('conn_1', 'github', '1', '[]', 'oauth', 'active', 0)";
            execute(connection, insert, [])
        });
        made.await.unwrap();
        let found: Option<Connection> = storage.connections().find(&id).await.unwrap();
        assert!(found.is_some());
        assert!(begin(&storage).await);
        assert!(!begin(&storage).await);
        storage.close().await.unwrap();
        drop(storage);
        assert!(begin(&open(folder.path())).await);
    }
}
