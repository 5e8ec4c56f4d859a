//! Works off the clean-up queue and deletes link flows that have ended. What a job does, and when it
//! comes again, the gateway decides.

use std::{sync::Arc, time::Duration};

use super::Stopping;
use crate::http::App;

const BETWEEN_ROUNDS: Duration = Duration::from_secs(1);

/// Looks every second, and at once again while there is work.
pub(crate) async fn run(app: Arc<App>, mut stopping: Stopping) {
    loop {
        let jobs = app.gateway().clean_up().await.unwrap_or_else(|error| {
            tracing::warn!(error = ?error, "the clean-up queue could not be worked off");
            0
        });
        let flows = app.gateway().purge_links().await.unwrap_or_else(|error| {
            tracing::warn!(error = ?error, "ended link flows could not be deleted");
            0
        });
        let pause = match jobs + flows {
            0 => BETWEEN_ROUNDS,
            _ => Duration::ZERO,
        };
        if !stopping.pause(pause).await {
            return;
        }
    }
}
