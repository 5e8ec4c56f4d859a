//! The receiver of the test app: deliveries of events whose signature is right, a few of them, in
//! memory. What is not signed with an inbox's own secret is refused and leaves nothing behind.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use gitflare_core::{Code, Error, Random, Result, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use sha2::Sha256;

/// How many deliveries are kept, of all inboxes together.
const KEPT: usize = 30;
/// How far a delivery's clock may be from ours, in seconds, as Standard Webhooks recommends.
const TOLERANCE: u64 = 300;

/// The deliveries that the test app has received.
pub(super) struct Inbox {
    key: [u8; 32],
    received: Mutex<VecDeque<Received>>,
}

/// A delivery whose signature was right.
#[derive(Clone, Debug)]
pub(super) struct Received {
    inbox: String,
    /// `webhook-id`.
    pub(super) id: String,
    /// `webhook-timestamp`, in Unix seconds.
    pub(super) timestamp: String,
    /// `webhook-signature`.
    pub(super) signature: String,
    /// When it came in.
    pub(super) at: Timestamp,
    /// The body as received.
    pub(super) body: String,
}

impl Inbox {
    /// An empty one, with a key of its own for this process.
    pub(super) fn new(random: &dyn Random) -> Self {
        let mut key = [0; 32];
        random.fill(&mut key);
        Self {
            key,
            received: Mutex::default(),
        }
    }

    /// The secret that deliveries to an inbox are signed with, as a subscription takes it.
    pub(super) fn secret(&self, inbox: &str) -> String {
        format!("whsec_{}", STANDARD.encode(self.key_of(inbox)))
    }

    fn key_of(&self, inbox: &str) -> Vec<u8> {
        mac(&self.key, &[inbox]).map_or_else(Vec::new, |mac| mac.finalize().into_bytes().to_vec())
    }

    /// Takes a delivery; one that comes again replaces the first.
    ///
    /// # Errors
    /// `INVALID_CREDENTIALS` when it is not signed with the inbox's secret, or at another time.
    pub(super) fn take(
        &self,
        inbox: String,
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Result<()> {
        let refused = || Error::new(Code::InvalidCredentials, "The signature is not right.");
        let text = |name: &str| {
            let value = headers.get(name).and_then(|value| value.to_str().ok());
            value.map(str::to_owned).ok_or_else(refused)
        };
        let received = Received {
            id: text("webhook-id")?,
            timestamp: text("webhook-timestamp")?,
            signature: text("webhook-signature")?,
            at: now,
            body: String::from_utf8(body.to_vec()).map_err(|_| refused())?,
            inbox,
        };
        let seconds: i64 = received.timestamp.parse().map_err(|_| refused())?;
        if now.as_seconds().abs_diff(seconds) > TOLERANCE || !self.is_signed(&received) {
            return Err(refused());
        }
        let mut kept = self.received();
        kept.retain(|one| one.id != received.id);
        kept.truncate(KEPT - 1);
        kept.push_front(received);
        Ok(())
    }

    /// Whether one of the signatures is right, compared in constant time.
    fn is_signed(&self, received: &Received) -> bool {
        let key = self.key_of(&received.inbox);
        let (id, at) = (received.id.as_str(), received.timestamp.as_str());
        let signed = [id, ".", at, ".", received.body.as_str()];
        received.signature.split(' ').any(|one| {
            let given = one
                .strip_prefix("v1,")
                .and_then(|text| STANDARD.decode(text).ok());
            given.is_some_and(|given| {
                mac(&key, &signed).is_some_and(|mac| mac.verify_slice(&given).is_ok())
            })
        })
    }

    /// What an inbox has received, the newest first.
    pub(super) fn of(&self, inbox: &str) -> Vec<Received> {
        let kept = self.received();
        kept.iter()
            .filter(|one| one.inbox == inbox)
            .cloned()
            .collect()
    }

    fn received(&self) -> MutexGuard<'_, VecDeque<Received>> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn mac(key: &[u8], parts: &[&str]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    parts.iter().for_each(|part| mac.update(part.as_bytes()));
    Some(mac)
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Inbox")
    }
}

#[cfg(test)]
mod tests {
    use gitflare_core::SystemRandom;

    use super::*;

    fn headers(id: &str, at: &str, signature: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("webhook-id", id),
            ("webhook-timestamp", at),
            ("webhook-signature", signature),
        ] {
            headers.insert(name, value.parse().unwrap());
        }
        headers
    }

    fn sign(inbox: &Inbox, name: &str, id: &str, at: &str, body: &str) -> String {
        let mac = mac(&inbox.key_of(name), &[id, ".", at, ".", body]).unwrap();
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }

    #[test]
    fn only_what_is_signed_for_this_inbox_and_this_moment_is_kept() {
        let inbox = Inbox::new(&SystemRandom);
        let now = Timestamp::from_millis(1_800_000_000_000);
        let at = "1800000000";
        let signature = sign(&inbox, "one", "evt_1", at, "{}");
        let take = |name: &str, headers: &HeaderMap, body: &str, now| {
            inbox.take(name.to_owned(), headers, body.as_bytes(), now)
        };
        let right = headers("evt_1", at, &signature);
        let several = headers("evt_1", at, &format!("v1,AAAA {signature}"));
        assert!(take("one", &right, "{}", now).is_ok());
        assert!(take("one", &several, "{}", now).is_ok());
        assert!(take("two", &right, "{}", now).is_err());
        assert!(take("one", &right, "{ }", now).is_err());
        assert!(take("one", &headers("evt_2", at, &signature), "{}", now).is_err());
        let late = Timestamp::from_millis(1_800_000_301_000);
        assert!(take("one", &right, "{}", late).is_err());
        assert!(take("one", &HeaderMap::new(), "{}", now).is_err());
        assert_eq!(inbox.of("one").len(), 1, "the same delivery came twice");
        assert!(inbox.of("two").is_empty());
    }

    #[test]
    fn old_deliveries_make_room() {
        let inbox = Inbox::new(&SystemRandom);
        let now = Timestamp::from_millis(1_800_000_000_000);
        for n in 0..KEPT + 5 {
            let id = format!("evt_{n}");
            let signature = sign(&inbox, "one", &id, "1800000000", "{}");
            let headers = headers(&id, "1800000000", &signature);
            inbox.take("one".to_owned(), &headers, b"{}", now).unwrap();
        }
        let kept = inbox.of("one");
        assert_eq!(kept.len(), KEPT);
        assert_eq!(kept[0].id, format!("evt_{}", KEPT + 4));
    }
}
