//! Encrypted values in PostgreSQL.

use async_trait::async_trait;
use gitflare_core::{
    Result,
    storage::{SealedPlace, SealedStore, SealedValue},
};

use super::{PostgresStorage, session::transaction};
use crate::storage::sql::{
    Statement, bytes,
    sealed::{Key, Place, place},
    text, values,
};

/// The key as text.
const fn key_text(key: Key) -> &'static str {
    match key {
        Key::Id => "id",
        Key::Hash => "encode(hash, 'hex')",
        Key::Job => "kind || ':' || subject",
    }
}

/// The primary key in the text that is bound as `parameter`.
fn of_text(key: Key, parameter: &str) -> String {
    match key {
        Key::Id => format!("CAST({parameter} AS TEXT)"),
        Key::Hash => format!("decode({parameter}, 'hex')"),
        Key::Job => format!(
            "split_part({parameter}, ':', 1),
             substr({parameter}, strpos({parameter}, ':') + 1)"
        ),
    }
}

#[async_trait]
impl SealedStore for PostgresStorage {
    async fn list(
        &self,
        of: SealedPlace,
        key_id: u8,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<SealedValue>> {
        let Place {
            table, column, key, ..
        } = place(of);
        let key_text = key_text(key);
        let row = place(of).row.unwrap_or(key_text);
        let tenant = match place(of).has_tenant {
            true => "coalesce(tenant_id, '')",
            false => "''",
        };
        let (columns, behind) = (key.columns(), of_text(key, "?2"));
        let key_id = [key_id];
        // The second byte of a ciphertext names its key.
        let statement = Statement::new(
            format!(
                "SELECT {key_text}, {row}, {tenant}, {column} FROM {table}
                 WHERE {column} IS NOT NULL AND substr({column}, 2, 1) <> ?1
                   AND ({columns}) > ({behind})
                 ORDER BY {columns} LIMIT ?3"
            ),
            values![key_id.as_slice(), after.unwrap_or_default(), limit],
        );
        self.all(statement, |row| {
            Ok(SealedValue {
                place: of,
                key: text(row, 0)?,
                row: text(row, 1)?,
                tenant: text(row, 2)?,
                sealed: bytes(row, 3)?,
            })
        })
        .await
    }

    async fn replace(&self, values: Vec<(SealedValue, Vec<u8>)>) -> Result<usize> {
        transaction!(self.database, |transaction| {
            let mut replaced = 0;
            for (value, new) in &values {
                let Place {
                    table, column, key, ..
                } = place(value.place);
                let (columns, at) = (key.columns(), of_text(key, "?1"));
                let statement = Statement::new(
                    format!(
                        "UPDATE {table} SET {column} = ?3
                         WHERE ({columns}) = ({at}) AND {column} = ?2"
                    ),
                    values![&value.key, &value.sealed, new],
                );
                replaced += transaction.run(statement).await?;
            }
            Ok(replaced)
        })
    }
}
