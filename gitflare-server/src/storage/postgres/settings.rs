//! Settings in PostgreSQL.

use async_trait::async_trait;
#[cfg(feature = "server")]
use gitflare_core::CredentialHash;
use gitflare_core::{
    Result,
    storage::{AuditEntry, FirewallSettings, KeyCheck, SettingsStore},
};

use super::{PostgresStorage, session::transaction};
#[cfg(feature = "server")]
use crate::storage::sql::{Statement, list, to_list, values};
use crate::storage::sql::{settings, text};

/// The row of the hashes of the admin keys that nodes were started with.
#[cfg(feature = "server")]
const ADMIN_KEYS: &str = "admin_keys";

#[cfg(feature = "server")]
impl PostgresStorage {
    /// Remembers the hashes of this node's admin keys for the nodes that start later, unless none of
    /// them is known and others are: then `false`, and nothing is written.
    pub(crate) async fn agree_on_admin_keys(&self, keys: &[CredentialHash]) -> Result<bool> {
        let ours: Vec<_> = keys.iter().map(|key| hex::encode(key.as_bytes())).collect();
        transaction!(self.database, |transaction| {
            transaction
                .batch("LOCK TABLE settings IN SHARE ROW EXCLUSIVE MODE")
                .await?;
            let known = "SELECT value FROM settings WHERE name = ?1";
            let known = Statement::new(known, values![ADMIN_KEYS]);
            let known = transaction
                .one(known, |row| list::<_, String>(row, 0))
                .await?;
            if let Some(known) = known
                && !known.iter().any(|key| ours.contains(key))
            {
                return Ok(false);
            }
            let stored = Statement::new(
                "INSERT INTO settings (name, value) VALUES (?1, ?2)
                 ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                values![ADMIN_KEYS, to_list(&ours)],
            );
            transaction.run(stored).await?;
            Ok(true)
        })
    }
}

#[async_trait]
impl SettingsStore for PostgresStorage {
    async fn firewall(&self) -> Result<Option<FirewallSettings>> {
        let stored = self.one(settings::find_firewall(), |row| text(row, 0));
        let stored = stored.await?;
        stored.as_deref().map(settings::of_text).transpose()
    }

    async fn set_firewall(&self, new: &FirewallSettings, entry: AuditEntry) -> Result<bool> {
        transaction!(self.database, |transaction| {
            // Also where there is no row yet: of two callers the second one sees the first one's.
            transaction
                .batch("LOCK TABLE settings IN SHARE ROW EXCLUSIVE MODE")
                .await?;
            let stored = transaction.one(settings::find_firewall(), |row| text(row, 0));
            let stored = stored.await?;
            if !settings::follows(new, stored.as_deref())? {
                return Ok(false);
            }
            transaction.run(settings::store_firewall(new)?).await?;
            transaction.audit(&entry).await?;
            Ok(true)
        })
    }

    async fn key_checks(&self) -> Result<Vec<KeyCheck>> {
        self.all(settings::key_checks(), settings::key_check).await
    }

    async fn insert_key_check(&self, check: KeyCheck) -> Result<()> {
        let inserted = self.run(settings::insert_key_check(&check)).await;
        inserted.map(|_| ())
    }

    async fn keep_key_check(&self, key_id: u8) -> Result<()> {
        self.run(settings::keep_key_check(key_id)).await.map(|_| ())
    }
}
