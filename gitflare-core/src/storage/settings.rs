//! Settings that change while the gateway runs, and the check that its keys are the right ones.

use async_trait::async_trait;
use serde::Serialize;

use super::AuditEntry;
use crate::{Result, Timestamp};

/// The firewall's configuration as it was last set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct FirewallSettings {
    /// Whether anything is filtered.
    pub enabled: bool,
    /// Glob patterns of paths that are stripped from every answer.
    pub blocked_file_patterns: Vec<String>,
    /// Rises by one with every change.
    pub version: u64,
    /// Time of the last change; `None` for the built-in configuration.
    pub updated_at: Option<Timestamp>,
    /// The actor who set it; `None` for the defaults.
    pub updated_by: Option<String>,
}

/// A value that only the right master key can make, by the key's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyCheck {
    /// The master key's id.
    pub key_id: u8,
    /// Hash of the key derived for [`crate::keys::Purpose::Check`].
    pub value: [u8; 32],
}

/// Stores settings that change at run time.
#[async_trait]
pub trait SettingsStore: Send + Sync {
    /// The firewall's configuration; `None` when it was never set.
    async fn firewall(&self) -> Result<Option<FirewallSettings>>;

    /// Replaces the firewall's configuration, if its version is still one below the new one:
    /// otherwise somebody else was faster and the answer is `false`.
    async fn set_firewall(&self, settings: &FirewallSettings, audit: AuditEntry) -> Result<bool>;

    /// When [`SettingsStore::note_used`] was told last; `None` when it never was, and in a storage whose own
    /// clock is gone by.
    async fn last_used(&self) -> Result<Option<Timestamp>> {
        Ok(None)
    }

    /// Notes that the storage is in use at a time.
    async fn note_used(&self, _at: Timestamp) -> Result<()> {
        Ok(())
    }

    /// The check values of every key that was ever in use here.
    async fn key_checks(&self) -> Result<Vec<KeyCheck>>;

    /// Adds a key's check value; an id that has one keeps it.
    async fn insert_key_check(&self, check: KeyCheck) -> Result<()>;

    /// Forgets the check values of all other keys: nothing is sealed with them any more.
    async fn keep_key_check(&self, key_id: u8) -> Result<()>;
}
