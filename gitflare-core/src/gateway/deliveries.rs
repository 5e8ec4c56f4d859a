//! Deliveries to apps: what is sent, signed as Standard Webhooks say, and when it is tried again.
//! <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{Gateway, cells};
use crate::{
    Backoff, ClientId, Error, EventId, Result, Secret, Timestamp,
    filter::Filtered,
    model::{Envelope, EnvelopeRepository, EventData, EventName, Subscription},
    storage::{Capacity, Delivery, StoredSubscription},
};

/// Longer than any attempt can run.
const ATTEMPT: Duration = Duration::from_secs(60);
/// How long a delivery is tried.
const GIVE_UP_AFTER: Duration = Duration::from_secs(24 * 60 * 60);
const BACKOFF: Backoff = Backoff {
    first: Duration::from_secs(5),
    longest: Duration::from_secs(3 * 60 * 60),
    jitter: 0.25,
};
/// How long what was delivered is remembered, so that it is not delivered twice.
const REMEMBERED: Duration = Duration::from_secs(3 * 24 * 60 * 60);

/// A delivery that is to be posted now.
#[derive(Debug)]
pub struct DueDelivery {
    /// The id of the delivery, sent as `webhook-id`; the same at every attempt.
    pub id: EventId,
    /// The client that has subscribed.
    pub client_id: ClientId,
    /// The subscription's callback URL.
    pub url: String,
    /// The headers that sign it.
    pub headers: Vec<(&'static str, String)>,
    /// The JSON body, as it is signed.
    pub body: String,
    /// When the event was queued; counts towards giving up.
    created_at: Timestamp,
    attempts: u32,
}

/// The result of one attempt to deliver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// The app answered with this status.
    Answered(u16),
    /// The app did not answer, or may not be called.
    Failed,
}

impl Gateway {
    /// Begins what is due, as far as there is capacity. What may no longer be delivered is dropped.
    ///
    /// # Errors
    /// The storage's own.
    pub async fn due_deliveries(&self, capacity: Capacity<'_>) -> Result<Vec<DueDelivery>> {
        let now = self.clock.now();
        let queue = self.storage.deliveries();
        let begun = queue.begin(now, now.after(ATTEMPT), capacity).await?;
        let mut due = Vec::with_capacity(begun.len());
        for (delivery, stored) in begun {
            let may_go = stored.subscription.active && self.is_approved(&stored).await?;
            if may_go {
                due.push(self.signed(delivery, &stored, now)?);
            } else {
                queue.finish(&delivery.id).await?;
            }
        }
        Ok(due)
    }

    /// Notes how an attempt ended: done, given up, or to be tried again.
    ///
    /// # Errors
    /// The storage's own.
    pub async fn settle_delivery(&self, due: &DueDelivery, outcome: DeliveryOutcome) -> Result<()> {
        let now = self.clock.now();
        let queue = self.storage.deliveries();
        let is_over = match outcome {
            // 410 says that nobody listens there any more.
            DeliveryOutcome::Answered(200..=299 | 410) => true,
            DeliveryOutcome::Answered(_) | DeliveryOutcome::Failed => {
                due.created_at.after(GIVE_UP_AFTER) <= now
            }
        };
        if is_over {
            return queue.finish(&due.id).await;
        }
        let wait = BACKOFF.wait(due.attempts, &*self.random);
        queue.postpone(&due.id, now.after(wait)).await
    }

    /// Forgets deliveries that are long over.
    ///
    /// # Errors
    /// The storage's own.
    pub async fn purge_deliveries(&self) -> Result<usize> {
        let before = Timestamp::from_millis(
            self.clock.now().as_millis() - i64::try_from(REMEMBERED.as_millis()).unwrap_or(0),
        );
        self.storage.deliveries().purge_finished(before, 500).await
    }

    fn signed(
        &self,
        delivery: Delivery,
        stored: &StoredSubscription,
        now: Timestamp,
    ) -> Result<DueDelivery> {
        let subscription = &stored.subscription;
        let cell = cells::delivery_secret(&subscription.id, &stored.tenant_id);
        let secret = self.vault.open(cell, &stored.sealed_secret)?;
        let id = delivery.id.as_str().to_owned();
        let at = now.as_seconds().to_string();
        let signature = sign(&secret, &id, &at, &delivery.payload)?;
        Ok(DueDelivery {
            client_id: stored.client_id.clone(),
            url: subscription.callback_url.clone(),
            headers: vec![
                ("webhook-id", id),
                ("webhook-timestamp", at),
                ("webhook-signature", signature),
            ],
            id: delivery.id,
            body: delivery.payload,
            created_at: delivery.created_at,
            attempts: delivery.attempts,
        })
    }
}

/// The signature of a delivery: the version, and a MAC over id, moment and body.
fn sign(secret: &Secret<String>, id: &str, at: &str, body: &str) -> Result<String> {
    let text = secret.expose();
    let key = match text.strip_prefix("whsec_") {
        Some(encoded) => STANDARD
            .decode(encoded)
            .map_err(|_| Error::internal("a stored secret is not base64"))?,
        None => text.as_bytes().to_vec(),
    };
    let mut mac = Hmac::<Sha256>::new_from_slice(&key)
        .map_err(|_| Error::internal("a key of a length that no MAC takes"))?;
    for part in [id, ".", at, ".", body] {
        mac.update(part.as_bytes());
    }
    Ok(format!(
        "v1,{}",
        STANDARD.encode(mac.finalize().into_bytes())
    ))
}

/// The body of a delivery.
pub(super) fn payload(
    id: &EventId,
    name: EventName,
    subscription: &Subscription,
    full_name: Option<&str>,
    at: Timestamp,
    data: &Filtered<EventData>,
) -> Result<String> {
    let body = Envelope {
        id,
        name,
        provider: subscription.provider,
        repository: EnvelopeRepository {
            id: &subscription.repository_id,
            full_name,
        },
        subscription_id: &subscription.id,
        occurred_at: at,
        data: data.value(),
    };
    serde_json::to_string(&body)
        .map_err(|error| Error::internal(format!("a delivery could not be written: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_the_standard() {
        // sec: SR-10
        // The key, id, moment and body of the specification's own example.
        let secret = Secret::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let signature = sign(
            &secret,
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "1614265330",
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(
            signature.unwrap(),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }
}
