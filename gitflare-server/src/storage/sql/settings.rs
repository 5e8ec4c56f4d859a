//! Settings and the checks of keys.

use gitflare_core::{
    Error, Result as OurResult, Timestamp,
    storage::{FirewallSettings, KeyCheck},
};
use serde::{Deserialize, Serialize};

use super::{Columns, Statement, number, values};

const FIREWALL: &str = "firewall";
const LAST_USED: &str = "last_used";

/// The firewall's configuration, as it stands in its row.
#[derive(Deserialize, Serialize)]
struct Stored {
    enabled: bool,
    blocked_file_patterns: Vec<String>,
    version: u64,
    updated_at: Option<Timestamp>,
    updated_by: Option<String>,
}

/// The configuration of a stored text.
pub(in crate::storage) fn of_text(text: &str) -> OurResult<FirewallSettings> {
    let stored: Stored = serde_json::from_str(text).map_err(|error| {
        Error::internal(format!(
            "the stored firewall configuration is damaged: {error}"
        ))
    })?;
    Ok(FirewallSettings {
        enabled: stored.enabled,
        blocked_file_patterns: stored.blocked_file_patterns,
        version: stored.version,
        updated_at: stored.updated_at,
        updated_by: stored.updated_by,
    })
}

/// Whether a configuration follows the one that is stored. What was never set is version one.
pub(in crate::storage) fn follows(new: &FirewallSettings, stored: Option<&str>) -> OurResult<bool> {
    let version = stored.map(of_text).transpose()?;
    Ok(version.map_or(1, |stored| stored.version) + 1 == new.version)
}

pub(in crate::storage) fn last_used() -> Statement<'static> {
    Statement::new(
        "SELECT value FROM settings WHERE name = ?1",
        values![LAST_USED],
    )
}

pub(in crate::storage) fn note_used(at: Timestamp) -> Statement<'static> {
    Statement::new(
        "INSERT INTO settings (name, value) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        values![LAST_USED, at.to_string()],
    )
}

pub(in crate::storage) fn find_firewall() -> Statement<'static> {
    Statement::new(
        "SELECT value FROM settings WHERE name = ?1",
        values![FIREWALL],
    )
}

pub(in crate::storage) fn store_firewall(
    settings: &FirewallSettings,
) -> OurResult<Statement<'static>> {
    let stored = Stored {
        enabled: settings.enabled,
        blocked_file_patterns: settings.blocked_file_patterns.clone(),
        version: settings.version,
        updated_at: settings.updated_at,
        updated_by: settings.updated_by.clone(),
    };
    let text = serde_json::to_string(&stored)
        .map_err(|error| Error::internal(format!("firewall configuration: {error}")))?;
    Ok(Statement::new(
        "INSERT INTO settings (name, value) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        values![FIREWALL, text],
    ))
}

pub(in crate::storage) fn key_check<R: Columns>(row: &R) -> Result<KeyCheck, R::Error> {
    let value = row.bytes(1)?.and_then(|bytes| bytes.try_into().ok());
    Ok(KeyCheck {
        key_id: number(row, 0)?,
        value: value.ok_or_else(|| R::corrupt(1))?,
    })
}

pub(in crate::storage) fn key_checks() -> Statement<'static> {
    Statement::new(
        "SELECT key_id, value FROM key_checks ORDER BY key_id",
        values![],
    )
}

/// Adds a key's check, unless its id has one.
pub(in crate::storage) fn insert_key_check(check: &KeyCheck) -> Statement<'_> {
    Statement::new(
        "INSERT INTO key_checks (key_id, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        values![check.key_id, &check.value],
    )
}

pub(in crate::storage) fn keep_key_check(key_id: u8) -> Statement<'static> {
    Statement::new("DELETE FROM key_checks WHERE key_id <> ?1", values![key_id])
}
