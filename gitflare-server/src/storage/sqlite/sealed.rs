//! Encrypted values in SQLite: where each place's are, as one table.

use async_trait::async_trait;
use gitflare_core::{
    Result,
    storage::{SealedPlace, SealedStore, SealedValue},
};

use super::{
    SqliteStorage,
    rows::{execute, saturated},
};

/// How the rows of a table are told apart, and how their key stands in a text.
#[derive(Clone, Copy)]
enum Key {
    /// By a column of text.
    Id,
    /// By the bytes of `hash`, as hexadecimal digits.
    Hash,
    /// By `kind` and `subject`, joined by a colon.
    Job,
}

impl Key {
    /// The key as text.
    const fn select(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Hash => "lower(hex(hash))",
            Self::Job => "kind || ':' || subject",
        }
    }

    /// The columns of the primary key, which rows are found and ordered by.
    const fn columns(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Hash => "hash",
            Self::Job => "kind, subject",
        }
    }

    /// The primary key in a text that is bound as `parameter`.
    fn value(self, parameter: &str) -> String {
        match self {
            Self::Id => parameter.to_owned(),
            Self::Hash => format!("unhex({parameter})"),
            Self::Job => format!(
                "substr({parameter}, 1, instr({parameter}, ':') - 1),
                 substr({parameter}, instr({parameter}, ':') + 1)"
            ),
        }
    }
}

/// (table, column, key, row that it was sealed for, tenant that it was sealed for)
type Place = (&'static str, &'static str, Key, &'static str, &'static str);

#[rustfmt::skip]
const fn place(place: SealedPlace) -> Place {
    match place {
        SealedPlace::ClientEmbedSecret => ("clients", "embed_secret", Key::Id, "id", "tenant_id"),
        SealedPlace::SubscriptionHookSecret => ("subscriptions", "hook_secret", Key::Id, "id", "tenant_id"),
        SealedPlace::SubscriptionSecret => ("subscriptions", "secret", Key::Id, "id", "tenant_id"),
        SealedPlace::RequestState => ("requests", "state", Key::Hash, "lower(hex(hash))", "tenant_id"),
        SealedPlace::ConnectionAccessToken => ("connections", "access_token", Key::Id, "id", "tenant_id"),
        SealedPlace::ConnectionRefreshToken => ("connections", "refresh_token", Key::Id, "id", "tenant_id"),
        SealedPlace::LinkVerifier => ("links", "verifier", Key::Id, "id", "NULL"),
        SealedPlace::LinkAccessToken => ("links", "access_token", Key::Id, "account_connection_id", "NULL"),
        SealedPlace::LinkRefreshToken => ("links", "refresh_token", Key::Id, "account_connection_id", "NULL"),
        SealedPlace::CleanupAccessToken => ("cleanup", "access_token", Key::Job, "connection_id", "tenant_id"),
        SealedPlace::CleanupRefreshToken => ("cleanup", "refresh_token", Key::Job, "connection_id", "tenant_id"),
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
        let (table, column, key, row, tenant) = place(of);
        let (select, columns, behind) = (key.select(), key.columns(), key.value("?2"));
        // The second byte of a ciphertext names its key.
        let statement = format!(
            "SELECT {select}, {row}, coalesce({tenant}, ''), {column} FROM {table}
             WHERE {column} IS NOT NULL AND substr({column}, 2, 1) <> ?1
               AND ({columns}) > ({behind})
             ORDER BY {columns} LIMIT ?3"
        );
        let after = after.unwrap_or_default().to_owned();
        self.walk(move |walk| {
            walk.connection
                .prepare_cached(&statement)?
                .query_map(
                    ([key_id].as_slice(), after, saturated(limit as u64)),
                    |row| {
                        Ok(SealedValue {
                            place: of,
                            key: row.get(0)?,
                            row: row.get(1)?,
                            tenant: row.get(2)?,
                            sealed: row.get(3)?,
                        })
                    },
                )?
                .collect()
        })
        .await
    }

    async fn replace(&self, values: Vec<(SealedValue, Vec<u8>)>) -> Result<usize> {
        self.write(move |connection| {
            let mut replaced = 0;
            for (value, new) in &values {
                let (table, column, key, ..) = place(value.place);
                let (columns, at) = (key.columns(), key.value("?1"));
                replaced += execute(
                    connection,
                    &format!(
                        "UPDATE {table} SET {column} = ?3
                         WHERE ({columns}) = ({at}) AND {column} = ?2"
                    ),
                    (&value.key, &value.sealed, new),
                )?;
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
    use crate::storage::sqlite::SqliteConfig;

    fn open(folder: &std::path::Path) -> SqliteStorage {
        SqliteStorage::open(&SqliteConfig {
            dir: folder.to_owned(),
            max_pages: None,
        })
        .unwrap()
    }

    /// Columns of bytes that hold no ciphertext.
    const PLAIN: &[&str] = &[
        "client_secrets.hash",
        "codes.hash",
        "key_checks.value",
        "links.browser",
        "links.code",
        "links.state",
        "migrations.checksum",
        "nonces.hash",
        "requests.hash",
        "sessions.hash",
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
