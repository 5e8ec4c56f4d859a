//! When a receiver that refuses is called again: by its `Retry-After`, in seconds or as a date, at most
//! an hour; and how long it holds back its subscription's other events. Real hooks and receivers, and
//! a clock that stands until it is moved: nothing here waits for time.

use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use gitflare_core::{
    Clock, FixedClock, Secret, SystemClock, Timestamp,
    gateway::{Gateway, GatewaySettings},
    keys::{KeyRing, MasterKey},
};
use gitflare_firewall::FirewallConfig;
use gitflare_providers::{Http, HttpConfig, github::Github, local::Local};
use gitflare_server::{
    RateLimits, ServiceSettings,
    http::{self, Listeners},
    sandbox::{self, ForgeOptions, Forges, sample},
    storage::sqlite::SqliteStorage,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::forges::{events::eventually, receiver::Receiver, stand::STOREFRONT};

/// A gateway over the emulated GitHub that goes by a clock of ours, and an app with two
/// subscriptions to one repository.
struct Timed {
    forges: Forges,
    clock: Arc<FixedClock>,
    client: reqwest::Client,
    base: String,
    token: String,
    /// Refuses what the test says, and takes the rest.
    receiver: Receiver,
    /// Takes everything. What reached it shows that the deliveries were looked at.
    other: Receiver,
    subscription: String,
    _folder: TempDir,
}

impl Timed {
    async fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("repositories");
        sample::write(&root).unwrap();
        let options = ForgeOptions {
            roots: vec![root.clone()],
            ..ForgeOptions::default()
        };
        let forges = Forges::start(&options).await.unwrap();
        let (receiver, other) = (Receiver::start().await, Receiver::start().await);
        let clock = Arc::new(FixedClock::at(SystemClock.now()));
        let gateway = gateway(&forges, &root, &folder, Arc::clone(&clock)).await;
        let account = forges.github().personal_token("anna-berg").unwrap();
        let accounts = [("github", account)];
        let seeded = sandbox::seed(&gateway, &accounts, Vec::new(), None);
        let token = seeded.await.unwrap().access_token;

        let public = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let base = format!("http://{}", public.local_addr().unwrap());
        let mut settings = ServiceSettings::new(base.clone(), base.clone());
        settings.private_callbacks = vec![receiver.address.clone(), other.address.clone()];
        let service = gitflare_server::service(gateway, settings);
        // It ends with the test's runtime.
        std::mem::forget(service.background());
        let listeners = Listeners {
            public,
            internal: None,
        };
        tokio::spawn(http::serve(service, listeners, std::future::pending()));
        let mut timed = Self {
            forges,
            clock,
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
            base,
            token,
            receiver,
            other,
            subscription: String::new(),
            _folder: folder,
        };
        let url = timed.receiver.url();
        timed.subscription = timed.subscribe(&url).await;
        timed.subscribe(&timed.other.url()).await;
        timed
    }

    async fn subscribe(&self, url: &str) -> String {
        let wish = json!({"callbackUrl": url, "events": ["push"]});
        let path = format!("/v1/repositories/github/{STOREFRONT}/events/subscribe");
        let request = self.client.post(format!("{}{path}", self.base)).json(&wish);
        let answer = request.bearer_auth(&self.token).send().await.unwrap();
        assert_eq!(answer.status(), 201);
        let made: Value = answer.json().await.unwrap();
        made["data"]["id"].as_str().unwrap().to_owned()
    }

    /// Reports a push, and waits until the other receiver has it: by then whatever was due to the
    /// first one was begun in the same round, or an earlier one.
    async fn push(&self) {
        let before = self.other.received().len();
        let url = format!("{}/__emit", self.forges.github().web_url());
        let wish = json!({"repository": "acme/storefront", "event": "push"});
        let sent = self.client.post(url).json(&wish).send().await.unwrap();
        assert!(sent.status().is_success());
        eventually("the other receiver has the push", async || {
            (self.other.received().len() > before).then_some(())
        })
        .await;
    }

    /// The deliveries to the first receiver, as their app sees them, by their numbers: the clock
    /// stands, and ids of one moment have no order.
    async fn deliveries(&self) -> Vec<Value> {
        let path = format!("/v1/subscriptions/{}/deliveries", self.subscription);
        let request = self.client.get(format!("{}{path}", self.base));
        let answer = request.bearer_auth(&self.token).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let body: Value = answer.json().await.unwrap();
        let mut rows = body["data"].as_array().unwrap().clone();
        rows.sort_by_key(|row| row["sequence"].as_u64());
        rows
    }

    /// The first delivery once it has ended that many attempts.
    async fn tried(&self, attempts: usize) -> Value {
        eventually("an attempt has ended", async || {
            let first = self.deliveries().await.into_iter().next()?;
            (first["attempts"].as_array().unwrap().len() == attempts).then_some(first)
        })
        .await
    }

    /// How long the first delivery waits from now on.
    fn wait(&self, delivery: &Value) -> Duration {
        let next = Timestamp::parse(delivery["nextAttemptAt"].as_str().unwrap()).unwrap();
        let millis = next.as_millis() - self.clock.now().as_millis();
        Duration::from_millis(u64::try_from(millis).unwrap())
    }

    fn advance(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).unwrap();
        self.clock.advance_millis(millis);
    }

    fn sequences(&self) -> Vec<u64> {
        let received = self.receiver.received();
        let numbers = received.iter().map(|one| one.json()["sequence"].as_u64());
        numbers.map(Option::unwrap).collect()
    }
}

async fn gateway(
    forges: &Forges,
    root: &std::path::Path,
    folder: &TempDir,
    clock: Arc<FixedClock>,
) -> Gateway {
    let mut config = HttpConfig::default();
    config.allowed_private = vec![forges.github().address().to_string()];
    let http = Http::new(&config);
    let key = MasterKey::new(1, Secret::new((0..32).collect())).unwrap();
    let storage = SqliteStorage::at(folder.path().join("data")).unwrap();
    let mut settings = GatewaySettings::default();
    // The clock is moved by more than an hour.
    settings.token_ttl = Duration::from_secs(24 * 3600);
    Gateway::builder()
        .settings(settings)
        .shared_storage(Arc::new(storage))
        .provider(Local::at(root).unwrap())
        .provider(Github::new(http.unwrap(), &forges.github().api_url()).unwrap())
        .firewall(FirewallConfig::default())
        .keys(KeyRing::new(key, Vec::new()))
        .clock(clock)
        .admission(Arc::new(RateLimits::new(0)))
        .build()
        .await
        .unwrap()
}

/// A refusal of nine o'clock, by the receiver's own clock.
fn refuse(retry_after: &str) -> String {
    format!(
        "HTTP/1.1 503 Service Unavailable\r\ndate: Mon, 02 Mar 2026 09:00:00 GMT\r\n\
         retry-after: {retry_after}"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receivers_retry_after_is_kept_up_to_an_hour() {
    let timed = Timed::start().await;
    let seconds = Duration::from_secs;
    let cases = [
        ("20", seconds(20)..=seconds(20)),
        ("Mon, 02 Mar 2026 09:01:30 GMT", seconds(90)..=seconds(90)),
        // Sooner than we would ask by ourselves, or no time at all: our own pace.
        ("0", seconds(5)..=seconds(5)),
        ("soon", seconds(20)..=seconds(60)),
        ("7200", seconds(3600)..=seconds(3600)),
    ];
    timed.receiver.answer_next(&refuse(cases[0].0));
    timed.push().await;
    for (number, (asked, expected)) in cases.iter().enumerate() {
        let attempts = number + 1;
        let delivery = timed.tried(attempts).await;
        assert_eq!(delivery["status"], "pending");
        assert_eq!(delivery["attempts"][number]["status"], 503);
        let wait = timed.wait(&delivery);
        assert!(expected.contains(&wait), "{asked}: {wait:?}");
        // A millisecond early it is not called, ...
        timed.advance(wait - Duration::from_millis(1));
        let before = timed.sequences();
        let tries = |all: &[u64]| all.iter().filter(|sequence| **sequence == 1).count();
        timed.push().await;
        assert_eq!(tries(&timed.sequences()), tries(&before), "{asked}");
        // ... and then it is, with the same id and number.
        timed.advance(Duration::from_millis(1));
        if let Some((next, _)) = cases.get(attempts) {
            timed.receiver.answer_next(&refuse(next));
        }
        timed.push().await;
        eventually("another attempt", async || {
            (tries(&timed.sequences()) > tries(&before)).then_some(())
        })
        .await;
    }
    let received = timed.receiver.received();
    let first = received.first().unwrap().header("webhook-id");
    let same = received.iter().filter(|one| one.json()["sequence"] == 1);
    assert!(
        same.into_iter()
            .all(|one| one.header("webhook-id") == first)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn events_behind_a_late_retry_pass_after_five_minutes() {
    let timed = Timed::start().await;
    let tomorrow = "Tue, 03 Mar 2026 09:00:00 GMT";
    timed.receiver.answer_next(&refuse(tomorrow));
    timed.push().await;
    let first = timed.tried(1).await;
    assert_eq!(timed.wait(&first), Duration::from_secs(3600));
    assert_eq!(first["overtaken"], true, "it says so");
    timed.push().await;
    timed.push().await;
    assert_eq!(timed.sequences(), [1], "held");
    timed.advance(Duration::from_secs(300) - Duration::from_millis(1));
    timed.push().await;
    assert_eq!(timed.sequences(), [1], "still held");
    timed.advance(Duration::from_millis(1));
    timed.push().await;
    eventually("the others pass, in order", async || {
        (timed.sequences() == [1, 2, 3, 4, 5]).then_some(())
    })
    .await;
    // And the first one comes again in its own time.
    timed.advance(Duration::from_secs(3300));
    timed.push().await;
    eventually("the first again, and all there is", async || {
        let mut seen = timed.sequences();
        seen.sort_unstable();
        (seen == [1, 1, 2, 3, 4, 5, 6]).then_some(())
    })
    .await;
    let delivered = eventually("all are delivered", async || {
        let all = timed.deliveries().await;
        all.iter()
            .all(|one| one["status"] == "delivered")
            .then_some(all)
    })
    .await;
    assert_eq!(delivered[0]["attempts"].as_array().unwrap().len(), 2);
}
