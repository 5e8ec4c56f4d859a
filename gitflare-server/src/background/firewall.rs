//! The firewall's configuration as other nodes over the same storage have changed it: looked at every
//! second, so that a change holds everywhere a second later. Changes nothing itself.

use std::{sync::Arc, time::Duration};

use super::Stopping;
use crate::http::App;

const LOOKED_AT_EVERY: Duration = Duration::from_secs(1);

/// Looks until it is stopped.
pub(crate) async fn run(app: Arc<App>, mut stopping: Stopping) {
    while stopping.pause(LOOKED_AT_EVERY).await {
        if let Err(error) = app.gateway().refresh_firewall().await {
            tracing::warn!(error = ?error, "the firewall's stored configuration cannot be read");
        }
    }
}
