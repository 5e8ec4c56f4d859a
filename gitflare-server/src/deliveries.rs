//! Delivers queued webhook events for as long as the server runs. Each app has a bounded number of
//! deliveries in flight; the rest stays in the queue. What is sent, how it is signed and when it is
//! retried, the gateway decides.

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
    time::Duration,
};

use gitflare_core::{
    ClientId,
    gateway::{DeliveryOutcome, DueDelivery},
    storage::Capacity,
};
use tokio::{
    sync::{Notify, Semaphore},
    time::timeout,
};

use crate::http::App;

const BETWEEN_ROUNDS: Duration = Duration::from_millis(250);
/// Deliveries in flight, over all apps.
const AT_ONCE: usize = 64;
/// Deliveries in flight to one app.
const TO_ONE_APP: usize = 16;
/// Deliveries started for one app per polling round; an app with fewer free slots is saturated.
const MAX_PER_ROUND: usize = 4;
/// How many rounds pass between two looks for old ones.
const ROUNDS_TO_PURGE: u32 = 1_000;

/// Who is being delivered to.
struct Slots {
    all: Arc<Semaphore>,
    apps: HashMap<ClientId, Arc<Semaphore>>,
    /// Tells that one has ended.
    ended: Arc<Notify>,
}

/// Looks four times a second, and at once again while there is work.
pub(crate) fn spawn(app: &Arc<App>) {
    let app = Arc::downgrade(app);
    tokio::spawn(async move {
        let mut slots = Slots {
            all: Arc::new(Semaphore::new(AT_ONCE)),
            apps: HashMap::new(),
            ended: Arc::default(),
        };
        let mut rounds = 0u32;
        loop {
            match round(&app, &mut slots).await {
                None => return,
                // A slot that comes free is used at once.
                Some(0) => drop(timeout(BETWEEN_ROUNDS, slots.ended.notified()).await),
                Some(_) => {}
            }
            rounds = rounds.wrapping_add(1);
            if rounds.is_multiple_of(ROUNDS_TO_PURGE)
                && let Some(app) = app.upgrade()
                && let Err(error) = app.gateway().purge_deliveries().await
            {
                tracing::warn!(error = ?error, "finished deliveries could not be deleted");
            }
        }
    });
}

/// Starts due deliveries up to the free capacity and returns how many; `None` when the server has
/// ended.
async fn round(app: &Weak<App>, slots: &mut Slots) -> Option<usize> {
    let app = app.upgrade()?;
    slots
        .apps
        .retain(|_, free| free.available_permits() < TO_ONE_APP);
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
        return Some(0);
    }
    let due = match app.gateway().due_deliveries(capacity).await {
        Ok(due) => due,
        Err(error) => {
            tracing::warn!(error = ?error, "the queue of deliveries could not be worked off");
            return Some(0);
        }
    };
    let count = due.len();
    for delivery in due {
        let free = slots
            .apps
            .entry(delivery.client_id.clone())
            .or_insert_with(|| Arc::new(Semaphore::new(TO_ONE_APP)));
        // Both permits are free: no more was started than there was capacity for.
        let slot = Arc::clone(free).acquire_owned().await;
        let permit = Arc::clone(&slots.all).acquire_owned().await;
        let (app, ended) = (Arc::clone(&app), Arc::clone(&slots.ended));
        tokio::spawn(async move {
            let outcome = send(&app, &delivery).await;
            settle(&app, &delivery, outcome).await;
            drop((slot, permit));
            ended.notify_one();
        });
    }
    Some(count)
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
