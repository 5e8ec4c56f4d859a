//! Settings in SQLite.

use async_trait::async_trait;
use gitflare_core::{
    Result, Timestamp,
    storage::{AuditEntry, FirewallSettings, KeyCheck, SettingsStore},
};

use super::{
    SqliteStorage,
    rows::{audit, run, taken},
};
use crate::storage::sql::{settings, text};

#[async_trait]
impl SettingsStore for SqliteStorage {
    async fn firewall(&self) -> Result<Option<FirewallSettings>> {
        let stored = self.one(settings::find_firewall(), |row| text(row, 0))?;
        stored.as_deref().map(settings::of_text).transpose()
    }

    async fn set_firewall(&self, new: &FirewallSettings, entry: AuditEntry) -> Result<bool> {
        let new = new.clone();
        self.write(move |connection| {
            let stored = taken(connection, &settings::find_firewall(), |row| text(row, 0))?;
            if !settings::follows(&new, stored.as_deref())? {
                return Ok(false);
            }
            run(connection, &settings::store_firewall(&new)?)?;
            audit(connection, &entry)?;
            Ok(true)
        })
        .await
    }

    async fn last_used(&self) -> Result<Option<Timestamp>> {
        let stored = self.one(settings::last_used(), |row| text(row, 0))?;
        // A text that is no time is as good as none: it decides nothing but whether to wait.
        Ok(stored.and_then(|text| Timestamp::parse(&text)))
    }

    async fn note_used(&self, at: Timestamp) -> Result<()> {
        self.write(move |connection| run(connection, &settings::note_used(at)).map(|_| ()))
            .await
    }

    async fn key_checks(&self) -> Result<Vec<KeyCheck>> {
        self.all(settings::key_checks(), |row| settings::key_check(row))
    }

    async fn insert_key_check(&self, check: KeyCheck) -> Result<()> {
        self.write(move |connection| {
            run(connection, &settings::insert_key_check(&check)).map(|_| ())
        })
        .await
    }

    async fn keep_key_check(&self, key_id: u8) -> Result<()> {
        self.write(move |connection| run(connection, &settings::keep_key_check(key_id)).map(|_| ()))
            .await
    }
}
