//! Delivers queued webhook events. Each app has at most [`PER_APP`] deliveries in flight, each of
//! another subscription, so that a slow one delays no other; the rest stays in the queue. What is
//! sent, how it is signed and when it is tried again the gateway decides.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use gitflare_core::{
    ClientId,
    gateway::{DeliveryOutcome, DueDelivery},
    storage::{Capacity, Settlement},
};
use tokio::sync::{Notify, Semaphore};

use super::Stopping;
use crate::http::App;

/// How long it sleeps at most: other nodes may queue something.
const LONGEST_SLEEP: Duration = Duration::from_secs(5);
const SHORTEST_SLEEP: Duration = Duration::from_millis(10);
/// How long it waits after a failure of the storage.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// Deliveries in flight, in all.
const IN_ALL: usize = 256;
/// Deliveries in flight to one app.
const PER_APP: usize = 64;
/// Deliveries started for one app per round; an app with fewer free slots is saturated.
const MAX_PER_ROUND: usize = 16;

/// The free slots of deliveries in flight.
struct Slots {
    all: Arc<Semaphore>,
    apps: HashMap<ClientId, Arc<Semaphore>>,
    /// Notified whenever a delivery has ended or was queued.
    wake: Arc<Notify>,
}

/// Delivers what is due, and sleeps until something is.
pub(crate) async fn run(app: Arc<App>, mut stopping: Stopping) {
    let mut slots = Slots {
        all: Arc::new(Semaphore::new(IN_ALL)),
        apps: HashMap::new(),
        wake: Arc::clone(app.deliveries()),
    };
    loop {
        let pause = round(&app, &mut slots).await;
        tokio::select! {
            () = slots.wake.notified(), if !pause.is_zero() => {}
            goes_on = stopping.pause(pause) => if !goes_on { return },
        }
    }
}

/// Starts the deliveries that there are free slots for, and returns how long nothing is to be done
/// unless something wakes it.
async fn round(app: &Arc<App>, slots: &mut Slots) -> Duration {
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
        return LONGEST_SLEEP;
    }
    let due = match app.gateway().due_deliveries(capacity).await {
        Ok(due) => due,
        Err(error) => {
            tracing::warn!(error = ?error, "the queue of deliveries could not be worked off");
            return AFTER_FAILURE;
        }
    };
    if due.is_empty() {
        return until_due(app, saturated_clients.is_empty()).await;
    }
    for delivery in due {
        start(app, slots, delivery).await;
    }
    Duration::ZERO
}

/// How long nothing is due. What a saturated app has waiting is due already: its next free slot
/// wakes the loop.
async fn until_due(app: &App, all_have_room: bool) -> Duration {
    let next = match app.gateway().until_next_delivery().await {
        Ok(next) if all_have_room => next,
        Ok(_) => None,
        Err(error) => {
            tracing::warn!(error = ?error, "the queue of deliveries could not be read");
            return AFTER_FAILURE;
        }
    };
    let Some(next) = next else {
        return LONGEST_SLEEP;
    };
    // What was due while it was asked is looked at again, but not in a tight loop.
    next.clamp(SHORTEST_SLEEP, LONGEST_SLEEP)
}

async fn start(app: &Arc<App>, slots: &mut Slots, delivery: DueDelivery) {
    let free = slots
        .apps
        .entry(delivery.client_id.clone())
        .or_insert_with(|| Arc::new(Semaphore::new(PER_APP)));
    // Both permits are free: no more was started than there was capacity for.
    let slot = Arc::clone(free).acquire_owned().await;
    let permit = Arc::clone(&slots.all).acquire_owned().await;
    let (app, wake) = (Arc::clone(app), Arc::clone(&slots.wake));
    tokio::spawn(async move {
        let started = Instant::now();
        let outcome = send(&app, &delivery).await;
        app.delivery_tried(&outcome);
        let gateway = app.gateway();
        let settled = gateway.settle_delivery(&delivery, outcome, started.elapsed());
        match settled.await {
            Ok(Settlement::GivenUp) => app.delivery_given_up(),
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(error = ?error, "the end of a delivery could not be kept");
            }
        }
        drop((slot, permit));
        wake.notify_one();
    });
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
        Ok((status, retry_after)) => DeliveryOutcome::Answered {
            status,
            retry_after,
        },
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
