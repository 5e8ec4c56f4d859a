//! Sends what is due to apps, for as long as the server runs. A slow app holds up nobody but
//! itself, and what it has no room for stays where it is; what is to be sent, how it is signed and when it comes again, the gateway decides.

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
    time::Duration,
};

use gitflare_core::{
    ClientId,
    gateway::{DeliveryOutcome, DueDelivery},
    storage::Room,
};
use tokio::{
    sync::{Notify, Semaphore},
    time::timeout,
};

use crate::http::App;

const BETWEEN_ROUNDS: Duration = Duration::from_millis(250);
/// How many are on their way at once.
const AT_ONCE: usize = 64;
/// How many of them go to one app.
const TO_ONE_APP: usize = 16;
/// How many of those are begun in one round; an app with less room than that is busy.
const BEGUN_TOGETHER: usize = 4;
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
                // Room that is made is used at once.
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

/// Begins what there is room for; how many it were, `None` when the server has ended.
async fn round(app: &Weak<App>, slots: &mut Slots) -> Option<usize> {
    let app = app.upgrade()?;
    slots
        .apps
        .retain(|_, free| free.available_permits() < TO_ONE_APP);
    let busy: Vec<_> = slots
        .apps
        .iter()
        .filter(|(_, free)| free.available_permits() < BEGUN_TOGETHER)
        .map(|(client, _)| client.clone())
        .collect();
    let room = Room {
        total: slots.all.available_permits(),
        of_one: BEGUN_TOGETHER,
        busy: &busy,
    };
    if room.total == 0 {
        return Some(0);
    }
    let due = match app.gateway().due_deliveries(room).await {
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
        // Both are free: no more was begun than there was room for.
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
