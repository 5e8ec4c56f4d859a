//! Delivers queued webhook events. Each app has at most [`PER_APP`] deliveries in flight, so that a
//! slow one delays no other; the rest stays in the queue. What is sent, how it is signed and when it
//! is tried again the gateway decides.

use std::{collections::HashMap, sync::Arc, time::Duration};

use gitflare_core::{
    ClientId,
    gateway::{DeliveryOutcome, DueDelivery},
    storage::Capacity,
};
use tokio::sync::{Notify, Semaphore};

use super::Stopping;
use crate::http::App;

const BETWEEN_ROUNDS: Duration = Duration::from_millis(250);
/// Deliveries in flight, in all.
const IN_ALL: usize = 64;
/// Deliveries in flight to one app.
const PER_APP: usize = 16;
/// Deliveries started for one app per polling round. An app with fewer free slots is skipped.
const MAX_PER_ROUND: usize = 4;
/// Polling rounds between two deletions of finished deliveries.
const ROUNDS_BETWEEN_PURGES: u32 = 1_000;

/// The free slots of deliveries in flight.
struct Slots {
    all: Arc<Semaphore>,
    apps: HashMap<ClientId, Arc<Semaphore>>,
    /// Notified whenever a delivery has ended.
    ended: Arc<Notify>,
}

/// Polls the queue four times a second, and at once again while there is work.
pub(crate) async fn run(app: Arc<App>, mut stopping: Stopping) {
    let mut slots = Slots {
        all: Arc::new(Semaphore::new(IN_ALL)),
        apps: HashMap::new(),
        ended: Arc::default(),
    };
    let mut rounds = 0u32;
    loop {
        let pause = match round(&app, &mut slots).await {
            0 => BETWEEN_ROUNDS,
            _ => Duration::ZERO,
        };
        tokio::select! {
            // Slots that become free are used at once.
            () = slots.ended.notified(), if !pause.is_zero() => {}
            goes_on = stopping.pause(pause) => if !goes_on { return },
        }
        rounds = rounds.wrapping_add(1);
        if rounds.is_multiple_of(ROUNDS_BETWEEN_PURGES)
            && let Err(error) = app.gateway().purge_deliveries().await
        {
            tracing::warn!(error = ?error, "finished deliveries could not be deleted");
        }
    }
}

/// Starts the deliveries that there are free slots for, and returns how many.
async fn round(app: &Arc<App>, slots: &mut Slots) -> usize {
    slots
        .apps
        .retain(|_, free| free.available_permits() < PER_APP);
    let saturated_clients: Vec<_> = slots
        .apps
        .iter()
        .filter(|(_, free)| free.available_permits() < MAX_PER_ROUND)
        .map(|(client, _)| client.clone())
        .collect();
    let capacity = Capacity {
        total: slots.all.available_permits(),
        per_client: MAX_PER_ROUND,
        saturated_clients: &saturated_clients,
    };
    if capacity.total == 0 {
        return 0;
    }
    let due = match app.gateway().due_deliveries(capacity).await {
        Ok(due) => due,
        Err(error) => {
            tracing::warn!(error = ?error, "the queue of deliveries could not be worked off");
            return 0;
        }
    };
    let count = due.len();
    for delivery in due {
        let free = slots
            .apps
            .entry(delivery.client_id.clone())
            .or_insert_with(|| Arc::new(Semaphore::new(PER_APP)));
        // Both are free: no more deliveries are due than there were slots.
        let slot = Arc::clone(free).acquire_owned().await;
        let permit = Arc::clone(&slots.all).acquire_owned().await;
        let (app, ended) = (Arc::clone(app), Arc::clone(&slots.ended));
        tokio::spawn(async move {
            let outcome = send(&app, &delivery).await;
            settle(&app, &delivery, outcome).await;
            drop((slot, permit));
            ended.notify_one();
        });
    }
    count
}

async fn send(app: &App, delivery: &DueDelivery) -> DeliveryOutcome {
    let sent = match app.callbacks() {
        Ok(callbacks) => {
            let body = delivery.body.clone();
            callbacks.post(&delivery.url, &delivery.headers, body).await
        }
        Err(error) => Err(error.message().to_owned()),
    };
    match sent {
        Ok(status) => DeliveryOutcome::Answered(status),
        Err(error) => {
            tracing::info!(
                event = delivery.id.as_str(),
                error,
                "an app could not be reached"
            );
            DeliveryOutcome::Failed
        }
    }
}

async fn settle(app: &App, delivery: &DueDelivery, outcome: DeliveryOutcome) {
    if let Err(error) = app.gateway().settle_delivery(delivery, outcome).await {
        tracing::warn!(error = ?error, "the end of a delivery could not be kept");
    }
}
