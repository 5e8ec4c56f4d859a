//! Deliveries to apps: what is sent, signed as Standard Webhooks say, and when it is tried again.
//! <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value};
use sha2::Sha256;

use super::{Gateway, cells, events::Told};
use crate::{
    Backoff, ClientId, Code, Error, EventId, Result, Secret, Timestamp,
    filter::Filtered,
    model::{EventData, EventName},
    storage::{Backlog, Capacity, Delivery, DeliveryAttempt, Settlement, StoredSubscription},
};

/// Longer than any attempt can run.
const ATTEMPT: Duration = Duration::from_secs(60);
/// Age at which a delivery is given up.
const GIVE_UP_AFTER: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a delivery that fails holds back later ones of its subscription.
const HOLDS_BACK: Duration = Duration::from_secs(5 * 60);
/// The longest `Retry-After` of a receiver that counts.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60 * 60);
/// A delivery that has waited this many milliseconds is late.
const LATE_AFTER: i64 = 60_000;
const BACKOFF: Backoff = Backoff {
    first: Duration::from_secs(5),
    longest: Duration::from_secs(3 * 60 * 60),
    jitter: 0.25,
};

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
    queued_at: Timestamp,
    first_attempt_at: Timestamp,
    attempts: u32,
}

/// The result of one attempt to deliver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// The app answered.
    Answered {
        /// With this status.
        status: u16,
        /// When it wants to be asked again (`Retry-After`), if it says so.
        retry_after: Option<Duration>,
    },
    /// The app did not answer, or may not be called.
    Failed,
}

impl Gateway {
    /// Begins what is due, as far as there is capacity. What may no longer be delivered is canceled.
    ///
    /// # Errors
    /// The storage's own.
    pub async fn due_deliveries(&self, capacity: Capacity<'_>) -> Result<Vec<DueDelivery>> {
        let now = self.clock.now();
        let queue = self.storage.deliveries();
        let begun = queue.begin(now, now.after(ATTEMPT), capacity).await?;
        let mut due = Vec::with_capacity(begun.len());
        for (delivery, stored) in begun {
            let may_go = stored.subscription.active && self.approval(&stored).await?.is_some();
            let id = delivery.id.clone();
            let passed = match may_go {
                true => self.passed(delivery, &stored),
                false => None,
            };
            match passed {
                Some(delivery) => due.push(self.signed(delivery, &stored, now)?),
                None => queue.settle(&id, None, Settlement::Canceled).await?,
            }
        }
        Ok(due)
    }

    /// A delivery as it may leave now: one that has passed the firewall under other settings passes it
    /// again. `None` when it must not leave, or cannot be judged (SR-11).
    fn passed(&self, mut delivery: Delivery, stored: &StoredSubscription) -> Option<Delivery> {
        if delivery.firewall == self.firewall_settings().version {
            return Some(delivery);
        }
        match self.pass_again(&delivery.payload, stored) {
            Ok(payload) => {
                delivery.payload = payload;
                Some(delivery)
            }
            Err(error) => {
                if error.code() != Code::AccessBlockedByPolicy {
                    tracing::error!(delivery = %delivery.id, error = ?error,
                        "a queued event could not be judged and is not sent");
                }
                None
            }
        }
    }

    /// The body of a delivery, read back and passed through the firewall.
    fn pass_again(&self, payload: &str, stored: &StoredSubscription) -> Result<String> {
        let unread = |_| Error::internal("a stored delivery cannot be read");
        let mut members: Map<String, Value> = serde_json::from_str(payload).map_err(unread)?;
        let member = |name: &str| members.get(name).cloned().unwrap_or_default();
        let name = member("type").as_str().and_then(EventName::parse);
        let name = name.ok_or_else(|| Error::internal("a stored delivery of no event"))?;
        let told = Told {
            data: EventData::read(name, member("data")).map_err(unread)?,
            word: member("upstreamAction").as_str().map(str::to_owned),
        };
        let passed = Filtered::through(&*self.filter, &stored.tenant_id, told)?;
        let Told { data, word } = passed.value();
        members.insert("upstreamAction".to_owned(), word.clone().into());
        let data = serde_json::to_value(data).map_err(unread)?;
        members.insert("data".to_owned(), data);
        serde_json::to_string(&members).map_err(unread)
    }

    /// How long until the next delivery is due; `None` when none waits.
    ///
    /// # Errors
    /// The storage's own.
    pub async fn until_next_delivery(&self) -> Result<Option<Duration>> {
        let next = self.storage.deliveries().next_due().await?;
        let now = self.clock.now();
        Ok(next.map(|next| {
            let millis = next.as_millis().saturating_sub(now.as_millis());
            Duration::from_millis(u64::try_from(millis).unwrap_or(0))
        }))
    }

    /// Notes how an attempt ended, and what comes of the delivery: done, given up, or to be tried
    /// again; which of them.
    ///
    /// # Errors
    /// The storage's own.
    pub async fn settle_delivery(
        &self,
        due: &DueDelivery,
        outcome: DeliveryOutcome,
        took: Duration,
    ) -> Result<Settlement> {
        let now = self.clock.now();
        let status = match outcome {
            DeliveryOutcome::Answered { status, .. } => Some(status),
            DeliveryOutcome::Failed => None,
        };
        let attempt = DeliveryAttempt {
            at: now,
            status,
            duration_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        };
        let settlement = match outcome {
            DeliveryOutcome::Answered {
                status: 200..=299, ..
            } => Settlement::Delivered,
            // It says that nobody listens there any more.
            DeliveryOutcome::Answered { status: 410, .. } => Settlement::GivenUp,
            _ if due.queued_at.after(GIVE_UP_AFTER) <= now => Settlement::GivenUp,
            _ => Settlement::Retry {
                at: now.after(self.wait(due, outcome)),
                holds_until: due.first_attempt_at.after(HOLDS_BACK),
            },
        };
        let queue = self.storage.deliveries();
        queue.settle(&due.id, Some(attempt), settlement).await?;
        Ok(settlement)
    }

    /// How many deliveries wait, and how many of them have waited for longer than a minute.
    ///
    /// # Errors
    /// The storage's own.
    pub async fn delivery_backlog(&self) -> Result<Backlog> {
        let now = self.clock.now().as_millis();
        let minute_ago = Timestamp::from_millis(now.saturating_sub(LATE_AFTER));
        self.storage.deliveries().backlog(minute_ago).await
    }

    /// How long a delivery waits for its next attempt: as long as the receiver wants, within bounds.
    fn wait(&self, due: &DueDelivery, outcome: DeliveryOutcome) -> Duration {
        let own = BACKOFF.wait(due.attempts, &*self.random);
        match outcome {
            DeliveryOutcome::Answered {
                retry_after: Some(asked),
                ..
            } => asked.clamp(BACKOFF.first, LONGEST_RETRY_AFTER),
            _ => own,
        }
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
        let body = numbered(&delivery.payload, delivery.sequence)?;
        let signature = sign(&secret, &id, &at, &body)?;
        Ok(DueDelivery {
            client_id: stored.client_id.clone(),
            url: subscription.callback_url.clone(),
            headers: vec![
                ("webhook-id", id),
                ("webhook-timestamp", at),
                ("webhook-signature", signature),
            ],
            id: delivery.id,
            body,
            queued_at: delivery.queued_at,
            first_attempt_at: delivery.first_attempt_at,
            attempts: delivery.attempts,
        })
    }
}

/// A stored body with its sequence number, which is known only when it is queued.
fn numbered(payload: &str, sequence: u64) -> Result<String> {
    match payload.strip_prefix('{') {
        Some(members) => Ok(format!("{{\"sequence\":{sequence},{members}")),
        None => Err(Error::internal("a stored delivery is not a JSON object")),
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
