//! The firewall's configuration at run time: what it is, and changing it for the next request.

use std::sync::{Arc, PoisonError};

use serde::Deserialize;

use super::{AuditContext, Gateway};
use crate::{
    Error, Result,
    filter::FilterConfig,
    storage::{AuditAction, FirewallSettings},
};

/// Changes of the firewall's configuration; a member that is left out keeps its value.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct FirewallUpdate {
    /// Whether paths are blocked and secrets hashed.
    pub enabled: Option<bool>,
    /// The glob patterns of blocked paths, at most 1,000 of at most 256 bytes.
    pub blocked_file_patterns: Option<Vec<String>>,
}

impl FirewallSettings {
    pub(super) fn to_config(&self) -> FilterConfig {
        FilterConfig {
            enabled: self.enabled,
            blocked_file_patterns: self.blocked_file_patterns.clone(),
        }
    }
}

impl Gateway {
    /// The configuration in force.
    #[must_use]
    pub fn firewall_settings(&self) -> Arc<FirewallSettings> {
        self.firewall
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Puts in force what another gateway over the same storage has stored.
    ///
    /// # Errors
    /// The storage's own; the configuration in force stays.
    pub async fn refresh_firewall(&self) -> Result<()> {
        match self.storage.settings().firewall().await? {
            Some(stored) => self.put_in_force(stored).map(|_| ()),
            None => Ok(()),
        }
    }

    /// Changes the configuration, validated whole and audited; the next request sees it.
    ///
    /// # Errors
    /// `INVALID_REQUEST` without any member or with a pattern that is not valid; the configuration
    /// in force stays.
    pub async fn update_firewall(
        &self,
        update: FirewallUpdate,
        act: &AuditContext<'_>,
    ) -> Result<Arc<FirewallSettings>> {
        if update.enabled.is_none() && update.blocked_file_patterns.is_none() {
            return Err(Error::invalid_request(
                "Send `enabled`, `blockedFilePatterns` or both.",
            ));
        }
        loop {
            let before = self.firewall_settings();
            let settings = FirewallSettings {
                enabled: update.enabled.unwrap_or(before.enabled),
                blocked_file_patterns: update
                    .blocked_file_patterns
                    .clone()
                    .unwrap_or_else(|| before.blocked_file_patterns.clone()),
                version: before.version + 1,
                updated_at: Some(self.clock.now()),
                updated_by: Some(act.actor.as_str().to_owned()),
            };
            self.filter.validate(&settings.to_config())?;
            let audit = self.audit_success(
                act,
                AuditAction::FirewallConfigure,
                settings.version.to_string(),
            );
            if self
                .storage
                .settings()
                .set_firewall(&settings, audit)
                .await?
            {
                return self.put_in_force(settings);
            }
            // Somebody else was faster: take what they stored and try again on top of it.
            let stored = self
                .storage
                .settings()
                .firewall()
                .await?
                .ok_or_else(|| Error::internal("the firewall's settings vanished"))?;
            self.put_in_force(stored)?;
        }
    }

    /// Puts stored settings in force, unless newer ones are already.
    fn put_in_force(&self, settings: FirewallSettings) -> Result<Arc<FirewallSettings>> {
        let mut current = self
            .firewall
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if settings.version > current.version {
            self.filter.configure(&settings.to_config())?;
            *current = Arc::new(settings);
        }
        Ok(current.clone())
    }
}
