//! Deletes what is over, in pieces between which requests find their time. What is over, and how long
//! it stays, the gateway decides.

use std::{sync::Arc, time::Duration};

use super::Stopping;
use crate::http::App;

/// Rows of public clients that are looked at in a round.
const CLIENTS_AT_ONCE: usize = 250;
const BETWEEN_PIECES: Duration = Duration::from_millis(25);
const BETWEEN_ROUNDS: Duration = Duration::from_secs(60);

/// Deletes now and every minute, until nothing is left.
pub(crate) async fn run(app: Arc<App>, mut stopping: Stopping) {
    loop {
        let gateway = app.gateway();
        match gateway.end_unused_clients(CLIENTS_AT_ONCE).await {
            Ok(0) => {}
            Ok(clients) => tracing::debug!(clients, "looked at public clients that nobody uses"),
            Err(error) => tracing::warn!(error = ?error, "unused clients could not be ended"),
        }
        while gateway
            .delete_expired(app.retention())
            .await
            .is_ok_and(|rows| rows > 0)
        {
            if !stopping.pause(BETWEEN_PIECES).await {
                return;
            }
        }
        if !stopping.pause(BETWEEN_ROUNDS).await {
            return;
        }
    }
}
