//! Settings in SQLite.

use async_trait::async_trait;
use gitflare_core::{
    Error, Result, Timestamp,
    storage::{AuditEntry, FirewallSettings, KeyCheck, SettingsStore},
};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use super::{
    SqliteStorage, failed,
    rows::{audit, execute, one},
};

const FIREWALL: &str = "firewall";

/// The firewall's configuration, as it stands in its row.
#[derive(Deserialize, Serialize)]
struct Stored {
    enabled: bool,
    blocked_file_patterns: Vec<String>,
    version: u64,
    updated_at: Option<Timestamp>,
    updated_by: Option<String>,
}

fn firewall(connection: &Connection) -> rusqlite::Result<Option<String>> {
    one(
        connection,
        "SELECT value FROM settings WHERE name = ?1",
        [FIREWALL],
        |row| row.get(0),
    )
}

fn parsed(text: &str) -> Result<Stored> {
    serde_json::from_str(text).map_err(|error| {
        Error::internal(format!(
            "the stored firewall configuration is damaged: {error}"
        ))
    })
}

#[async_trait]
impl SettingsStore for SqliteStorage {
    async fn firewall(&self) -> Result<Option<FirewallSettings>> {
        let Some(text) = self.read(firewall)? else {
            return Ok(None);
        };
        let stored = parsed(&text)?;
        Ok(Some(FirewallSettings {
            enabled: stored.enabled,
            blocked_file_patterns: stored.blocked_file_patterns,
            version: stored.version,
            updated_at: stored.updated_at,
            updated_by: stored.updated_by,
        }))
    }

    async fn set_firewall(&self, settings: &FirewallSettings, entry: AuditEntry) -> Result<bool> {
        let new = Stored {
            enabled: settings.enabled,
            blocked_file_patterns: settings.blocked_file_patterns.clone(),
            version: settings.version,
            updated_at: settings.updated_at,
            updated_by: settings.updated_by.clone(),
        };
        self.write(move |connection| {
            let stored = firewall(connection).map_err(|error| failed(&error))?;
            // What was never set is version one.
            let version = stored
                .as_deref()
                .map(parsed)
                .transpose()?
                .map_or(1, |stored| stored.version);
            if version + 1 != new.version {
                return Ok(false);
            }
            let text = serde_json::to_string(&new)
                .map_err(|error| Error::internal(format!("firewall configuration: {error}")))?;
            execute(
                connection,
                "INSERT INTO settings (name, value) VALUES (?1, ?2)
                 ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (FIREWALL, text),
            )?;
            audit(connection, &entry)?;
            Ok(true)
        })
        .await
    }

    async fn key_checks(&self) -> Result<Vec<KeyCheck>> {
        self.read(|connection| {
            connection
                .prepare_cached("SELECT key_id, value FROM key_checks ORDER BY key_id")?
                .query_map([], |row| {
                    Ok(KeyCheck {
                        key_id: row.get(0)?,
                        value: row.get(1)?,
                    })
                })?
                .collect()
        })
    }

    async fn insert_key_check(&self, check: KeyCheck) -> Result<()> {
        self.write(move |connection| {
            execute(
                connection,
                "INSERT INTO key_checks (key_id, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                (check.key_id, check.value),
            )?;
            Ok(())
        })
        .await
    }
    async fn keep_key_check(&self, key_id: u8) -> Result<()> {
        self.write(move |connection| {
            execute(
                connection,
                "DELETE FROM key_checks WHERE key_id <> ?1",
                [key_id],
            )?;
            Ok(())
        })
        .await
    }
}
