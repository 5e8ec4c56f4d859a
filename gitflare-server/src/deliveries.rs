//! Sends what is due to apps, for as long as the server runs. A slow app holds up nobody but
//! itself; what is to be sent, how it is signed and when it comes again, the gateway decides.

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
    time::Duration,
};

use gitflare_core::gateway::{DeliveryOutcome, DueDelivery};
use tokio::{sync::Semaphore, time::sleep};
use url::Url;

use crate::http::App;

const BETWEEN_ROUNDS: Duration = Duration::from_millis(250);
/// How many are on their way at once.
const AT_ONCE: usize = 64;
/// How many of them go to one host.
const TO_ONE_HOST: usize = 4;
/// How many rounds pass between two looks for old ones.
const ROUNDS_TO_PURGE: u32 = 1_000;

/// Looks four times a second, and at once again while there is work.
pub(crate) fn spawn(app: &Arc<App>) {
    let app = Arc::downgrade(app);
    tokio::spawn(async move {
        let all = Arc::new(Semaphore::new(AT_ONCE));
        let mut hosts: HashMap<String, Arc<Semaphore>> = HashMap::new();
        let mut rounds = 0u32;
        loop {
            let begun = round(&app, &all, &mut hosts).await;
            match begun {
                None => return,
                Some(0) => sleep(BETWEEN_ROUNDS).await,
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
async fn round(
    app: &Weak<App>,
    all: &Arc<Semaphore>,
    hosts: &mut HashMap<String, Arc<Semaphore>>,
) -> Option<usize> {
    let app = app.upgrade()?;
    let room = all.available_permits();
    if room == 0 {
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
        let host = Url::parse(&delivery.url)
            .ok()
            .and_then(|url| url.host_str().map(str::to_owned))
            .unwrap_or_default();
        let slots = hosts
            .entry(host)
            .or_insert_with(|| Arc::new(Semaphore::new(TO_ONE_HOST)));
        let (Ok(slot), Ok(permit)) = (
            Arc::clone(slots).try_acquire_owned(),
            Arc::clone(all).try_acquire_owned(),
        ) else {
            // The host is busy: it comes again when its time is over.
            settle(&app, &delivery, DeliveryOutcome::Failed).await;
            continue;
        };
        let app = Arc::clone(&app);
        tokio::spawn(async move {
            let outcome = send(&app, &delivery).await;
            settle(&app, &delivery, outcome).await;
            drop((slot, permit));
        });
    }
    hosts.retain(|_, slots| slots.available_permits() < TO_ONE_HOST);
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
