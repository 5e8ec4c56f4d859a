//! Encrypted values in PostgreSQL.

use async_trait::async_trait;
use gitflare_core::{
    Result,
    storage::{SealedPlace, SealedStore, SealedValue},
};

use super::{PostgresStorage, session::transaction};
use crate::storage::sql::sealed::{self, Key, Keys};

const KEYS: Keys = Keys {
    as_text: key_text,
    of_text,
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
        let statement = sealed::list(KEYS, of, key_id, after, limit);
        self.all(statement, |row| sealed::value(of, row)).await
    }

    async fn replace(&self, values: Vec<(SealedValue, Vec<u8>)>) -> Result<usize> {
        transaction!(self.database, |transaction| {
            let mut replaced = 0;
            for (value, new) in &values {
                replaced += transaction.run(sealed::replace(KEYS, value, new)).await?;
            }
            Ok(replaced)
        })
    }
}
