//! What stays while a server runs, and the gateway that follows from it and a configuration. Made
//! once at the start, and again when the configuration is read anew.

use std::{path::PathBuf, sync::Arc};

use gitflare_core::{
    Clock,
    gateway::{Gateway, GatewaySettings},
    keys::KeyRing,
    storage::Storage,
};
use gitflare_firewall::FirewallConfig;

use crate::{
    config::{BaseUrl, Config, Problem},
    http::RateLimits,
    upstreams,
};

/// The parts of a gateway that a new configuration leaves as they are.
pub(crate) struct Assembly {
    pub(crate) keys: KeyRing,
    pub(crate) storage: Arc<dyn Storage>,
    /// Of several nodes the database's, so that none goes by its own.
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rate_limits: Arc<RateLimits>,
    pub(crate) public_url: BaseUrl,
    /// Folders of local repositories behind the configured one.
    pub(crate) further_roots: Vec<PathBuf>,
    pub(crate) enforce_platform_auth: bool,
    pub(crate) dev: bool,
}

impl Assembly {
    /// The folders of local repositories.
    pub(crate) fn local_roots(&self, config: &Config) -> Vec<PathBuf> {
        let configured = config.local_root.iter();
        configured.chain(&self.further_roots).cloned().collect()
    }

    /// A gateway of this configuration.
    ///
    /// # Errors
    /// A provider that cannot be made, as one line; the storage's own.
    pub(crate) async fn gateway(&self, config: &Config) -> Result<Gateway, Problem> {
        let mut settings = GatewaySettings::default();
        settings.token_ttl = config.token_ttl;
        settings.cursor_ttl = config.cursor_ttl;
        settings.upstream_timeout = config.upstream_timeout;
        settings.enforce_platform_auth = self.enforce_platform_auth;
        settings.allow_localhost_redirects = self.dev;
        let roots = self.local_roots(config);
        let built = Gateway::builder()
            .shared_storage(Arc::clone(&self.storage))
            .clock(Arc::clone(&self.clock))
            .providers(upstreams::providers(config, &self.public_url, &roots)?)
            .firewall(FirewallConfig::default())
            .keys(self.keys.clone())
            .admission(Arc::clone(&self.rate_limits) as _)
            .public_clients(match cfg!(feature = "mcp") {
                true => config.mcp_clients.clone(),
                false => Vec::new(),
            })
            .settings(settings)
            .build();
        built.await.map_err(|error| Problem::from(&error))
    }
}
