//! Works off the clean-up queue, and link flows that have ended, for as long as the server runs. What a job does, and when it comes
//! again, the gateway decides.

use std::{sync::Arc, time::Duration};

use tokio::time::sleep;

use crate::http::App;

const BETWEEN_ROUNDS: Duration = Duration::from_secs(1);

/// Looks every second, and at once again while there is work.
pub(crate) fn spawn(app: &Arc<App>) {
    let app = Arc::downgrade(app);
    tokio::spawn(async move {
        while let Some(app) = app.upgrade() {
            let begun = app.gateway().clean_up().await;
            if let Err(error) = app.gateway().purge_links().await {
                tracing::warn!(error = ?error, "ended link flows could not be deleted");
            }
            drop(app);
            match begun {
                Ok(jobs) if jobs > 0 => continue,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(error = ?error, "the clean-up queue could not be worked off");
                }
            }
            sleep(BETWEEN_ROUNDS).await;
        }
    });
}
