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

/// (table, column, key, row that it was sealed for, tenant that it was sealed for)
type Place = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

#[rustfmt::skip]
const fn place(place: SealedPlace) -> Place {
    match place {
        SealedPlace::ClientEmbedSecret => ("clients", "embed_secret", "id", "id", "tenant_id"),
        SealedPlace::SubscriptionHookSecret => ("subscriptions", "hook_secret", "id", "id", "tenant_id"),
        SealedPlace::SubscriptionSecret => ("subscriptions", "secret", "id", "id", "tenant_id"),
        SealedPlace::RequestState => ("requests", "state", "lower(hex(hash))", "lower(hex(hash))", "tenant_id"),
        SealedPlace::ConnectionAccessToken => ("connections", "access_token", "id", "id", "tenant_id"),
        SealedPlace::ConnectionRefreshToken => ("connections", "refresh_token", "id", "id", "tenant_id"),
        SealedPlace::LinkVerifier => ("links", "verifier", "id", "id", "NULL"),
        SealedPlace::LinkAccessToken => ("links", "access_token", "id", "account_connection_id", "NULL"),
        SealedPlace::LinkRefreshToken => ("links", "refresh_token", "id", "account_connection_id", "NULL"),
        SealedPlace::CleanupAccessToken => ("cleanup", "access_token", "kind || ':' || subject", "connection_id", "tenant_id"),
        SealedPlace::CleanupRefreshToken => ("cleanup", "refresh_token", "kind || ':' || subject", "connection_id", "tenant_id"),
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
        // The second byte of a ciphertext names its key.
        let statement = format!(
            "SELECT {key}, {row}, coalesce({tenant}, ''), {column} FROM {table}
             WHERE {column} IS NOT NULL AND substr({column}, 2, 1) <> ?1 AND {key} > ?2
             ORDER BY {key} LIMIT ?3"
        );
        self.read(|connection| {
            connection
                .prepare_cached(&statement)?
                .query_map(
                    (
                        [key_id].as_slice(),
                        after.unwrap_or(""),
                        saturated(limit as u64),
                    ),
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
    }

    async fn replace(&self, values: Vec<(SealedValue, Vec<u8>)>) -> Result<usize> {
        self.write(move |connection| {
            let mut replaced = 0;
            for (value, new) in &values {
                let (table, column, key, ..) = place(value.place);
                replaced += execute(
                    connection,
                    &format!("UPDATE {table} SET {column} = ?3 WHERE {key} = ?1 AND {column} = ?2"),
                    (&value.key, &value.sealed, new),
                )?;
            }
            Ok(replaced)
        })
        .await
    }
}
