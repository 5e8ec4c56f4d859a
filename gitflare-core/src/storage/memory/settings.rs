//! Settings in memory.

use async_trait::async_trait;

use super::MemoryStorage;
use crate::{
    Result, Timestamp,
    storage::{AuditEntry, FirewallSettings, KeyCheck, SettingsStore},
};

#[async_trait]
impl SettingsStore for MemoryStorage {
    async fn firewall(&self) -> Result<Option<FirewallSettings>> {
        Ok(self.state().firewall.clone())
    }

    async fn set_firewall(&self, settings: &FirewallSettings, audit: AuditEntry) -> Result<bool> {
        let mut state = self.state();
        // What was never set is version one.
        let version = state.firewall.as_ref().map_or(1, |stored| stored.version);
        if version + 1 != settings.version {
            return Ok(false);
        }
        state.firewall = Some(settings.clone());
        state.audit.push(audit);
        Ok(true)
    }

    async fn last_used(&self) -> Result<Option<Timestamp>> {
        Ok(self.state().last_used)
    }

    async fn note_used(&self, at: Timestamp) -> Result<()> {
        self.state().last_used = Some(at);
        Ok(())
    }

    async fn key_checks(&self) -> Result<Vec<KeyCheck>> {
        Ok(self.state().key_checks.clone())
    }

    async fn insert_key_check(&self, check: KeyCheck) -> Result<()> {
        let mut state = self.state();
        if state
            .key_checks
            .iter()
            .all(|known| known.key_id != check.key_id)
        {
            state.key_checks.push(check);
        }
        Ok(())
    }
    async fn keep_key_check(&self, key_id: u8) -> Result<()> {
        self.state()
            .key_checks
            .retain(|check| check.key_id == key_id);
        Ok(())
    }
}
