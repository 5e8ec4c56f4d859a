//! Events from a provider's hook to an app: verified, unified, filtered, signed, once, and not after
//! the end.

use std::time::{Duration, Instant};

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::forges::{
    receiver::{Received, Receiver},
    stand::{HOSTS, PROVIDERS, STOREFRONT, Stand, storefront},
};

/// Waits until something is so; longer than an attempt and the wait after it.
pub(super) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(started.elapsed() < Duration::from_secs(30), "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub(super) async fn stand() -> (Stand, Receiver) {
    let receiver = Receiver::start().await;
    let stand = Stand::start(&[
        ("GITFLARE_ALLOW_PRIVATE_CALLBACKS", &receiver.address),
        ("GITFLARE_MCP_CLIENTS", "*,dynamic"),
    ])
    .await;
    (stand, receiver)
}

pub(super) async fn subscribe(stand: &Stand, provider: &str, wish: &Value) -> Value {
    let name = storefront(provider);
    let path = format!("/v1/repositories/{provider}/{name}/events/subscribe");
    let made = stand.call(Method::POST, &path, Some(wish)).await;
    assert_eq!(made.status, 201, "{}", made.body);
    made.body
}

pub(super) async fn emit(stand: &Stand, provider: &str, event: &str) -> Value {
    let wish = json!({"repository": "acme/storefront", "event": event});
    stand
        .control(provider, Method::POST, "/__emit", &wish)
        .await
}

async fn hooks(stand: &Stand, provider: &str) -> usize {
    let hooks = stand
        .control(provider, Method::GET, "/__hooks", &Value::Null)
        .await;
    hooks.as_array().unwrap().len()
}

/// Checks a delivery as the documentation of Standard Webhooks tells receivers to.
fn is_signed(received: &Received, secret: &str) -> bool {
    let key = STANDARD
        .decode(secret.strip_prefix("whsec_").unwrap())
        .unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    let (id, at) = (
        received.header("webhook-id"),
        received.header("webhook-timestamp"),
    );
    mac.update(format!("{id}.{at}.{}", received.body).as_bytes());
    let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    received.header("webhook-signature") == expected
}

/// The events that a host tells of, each with a member of its data that is never `null`.
pub(super) fn events_of(provider: &str) -> Vec<(&'static str, &'static str)> {
    let mut events = vec![
        ("push", "ref"),
        ("branch.created", "name"),
        ("branch.deleted", "name"),
        ("tag.created", "name"),
        ("tag.deleted", "name"),
        ("pull_request", "number"),
        ("comment", "body"),
        ("release", "tagName"),
        ("check", "status"),
        ("deployment", "state"),
        ("repository", "fullName"),
    ];
    let lacks: &[&str] = match provider {
        "gitlab" => &["repository"],
        "bitbucket" | "azure" => &["release", "deployment"],
        "gitflic" => &["release", "deployment", "repository"],
        _ => &[],
    };
    events.retain(|(name, _)| !lacks.contains(name));
    events
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_reaches_the_app_unified_filtered_and_signed() {
    // sec: SR-10
    let (stand, receiver) = stand().await;
    for provider in HOSTS {
        let events = events_of(provider);
        let names: Vec<_> = events.iter().map(|(name, _)| *name).collect();
        let made = subscribe(
            &stand,
            provider,
            &json!({"callbackUrl": receiver.url(), "events": names}),
        )
        .await;
        let secret = made["secret"].as_str().unwrap();
        assert_eq!(made["data"]["events"], json!(names));
        for (name, member) in events {
            let before = receiver.received().len();
            emit(&stand, provider, name).await;
            let delivered = eventually(name, async || {
                let all = receiver.received();
                let new = all[before..].iter().find(|one| one.json()["type"] == name);
                new.cloned()
            })
            .await;
            let body = delivered.json();
            assert!(is_signed(&delivered, secret), "{provider} {name}");
            assert_eq!(delivered.header("webhook-id"), body["id"]);
            assert_eq!(body["provider"], provider);
            assert!(body["receivedAt"].is_string(), "{provider} {name}");
            let full_name = match provider {
                "azure" => "acme/Web Shop/storefront",
                _ => "acme/storefront",
            };
            // Some of Azure's payloads name the repository by its id alone.
            let told = &body["repository"]["fullName"];
            assert!(
                told == full_name || (provider == "azure" && told.is_null()),
                "{body}"
            );
            assert_eq!(body["subscriptionId"], made["data"]["id"]);
            assert!(!body["data"][member].is_null(), "{provider} {name}: {body}");
            let text = body.to_string();
            for planted in stand.sample.planted.all() {
                assert!(!text.contains(planted), "{provider} {name}: {planted}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_proves_nothing_or_comes_again_delivers_nothing() {
    // sec: SR-10
    let (stand, receiver) = stand().await;
    // GitFlic's calls have no name by which one could come again.
    for provider in HOSTS.into_iter().filter(|host| *host != "gitflic") {
        let wish = json!({"callbackUrl": receiver.url(), "events": ["push"]});
        let made = subscribe(&stand, provider, &wish).await;
        let id = made["data"]["id"].as_str().unwrap();
        let before = receiver.received().len();
        let post = async |id: &str, signature: (&str, &str)| {
            let url = format!("http://{}/v1/hooks/{provider}/{id}", stand.running.addr());
            let request = stand.client.post(url).body("{}");
            let request = request.header(signature.0, signature.1);
            let answer = request
                .header("x-github-event", "push")
                .send()
                .await
                .unwrap();
            let (status, mut body) = (answer.status(), answer.json::<Value>().await.unwrap());
            body["error"]["request_id"] = Value::Null;
            (status, body)
        };
        // Unknown and wrong are answered alike.
        let unknown = post("sub_unknown", ("x-gitlab-token", "x")).await;
        assert_eq!(unknown.0, 404);
        for signature in [
            ("x-gitlab-token", "wrong"),
            ("x-gitlab-token", ""),
            ("x-hub-signature-256", "sha256=00"),
            ("x-hub-signature-256", "garbage"),
            ("authorization", "Basic Z2l0ZmxhcmU6d3Jvbmc="),
            ("x-other", "x"),
        ] {
            assert_eq!(post(id, signature).await, unknown, "{signature:?}");
        }
        // Its length is enough to refuse it: who sends it all the same may find the door closed.
        let head = format!(
            "POST /v1/hooks/{provider}/{id} HTTP/1.1\r\nhost: {0}\r\ncontent-length: {1}\r\n\r\n",
            stand.running.addr(),
            25 * 1024 * 1024 + 1
        );
        let mut socket = TcpStream::connect(stand.running.addr()).await.unwrap();
        socket.write_all(head.as_bytes()).await.unwrap();
        let mut status = [0; 12];
        socket.read_exact(&mut status).await.unwrap();
        assert_eq!(&status, b"HTTP/1.1 413");
        // The provider's own delivery, the same again, and another.
        let sent = emit(&stand, provider, "push").await;
        eventually("a push", async || {
            (receiver.received().len() > before).then_some(())
        })
        .await;
        let wish = json!({
            "repository": "acme/storefront", "event": "push", "delivery": sent["deliveries"][0]["delivery"],
        });
        let again = stand
            .control(provider, Method::POST, "/__emit", &wish)
            .await;
        assert_eq!(again["deliveries"][0]["status"], 204, "{again}");
        assert_eq!(
            again["deliveries"][0]["delivery"],
            sent["deliveries"][0]["delivery"]
        );
        emit(&stand, provider, "push").await;
        eventually("another push", async || {
            (receiver.received().len() > before + 1).then_some(())
        })
        .await;
        assert_eq!(receiver.received().len(), before + 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_of_several_branches_is_told_whole_and_once() {
    let (stand, receiver) = stand().await;
    let wish = json!({"callbackUrl": receiver.url(), "events": ["push"]});
    subscribe(&stand, "bitbucket", &wish).await;
    let sent = emit(&stand, "bitbucket", "push.several").await;
    let delivery = &sent["deliveries"][0]["delivery"];
    let again =
        json!({"repository": "acme/storefront", "event": "push.several", "delivery": delivery});
    stand
        .control("bitbucket", Method::POST, "/__emit", &again)
        .await;
    emit(&stand, "bitbucket", "push").await;
    let refs = eventually("three pushes", async || {
        let received = receiver.received();
        let refs = received.iter().map(|one| one.json()["data"]["ref"].clone());
        (received.len() >= 3).then(|| refs.collect::<Vec<_>>())
    })
    .await;
    let (main, other) = ("refs/heads/main", "refs/heads/release/1.x");
    assert_eq!(refs, [main, other, main]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_to_more_events_has_one_hook_for_all_of_them() {
    let (stand, receiver) = stand().await;
    for provider in HOSTS {
        let wish = json!({"callbackUrl": receiver.url(), "events": ["push"]});
        let made = subscribe(&stand, provider, &wish).await;
        let path = format!("/v1/subscriptions/{}", made["data"]["id"].as_str().unwrap());
        let one = hooks(&stand, provider).await;
        let more = json!({"events": ["push", "pull_request"]});
        let changed = stand.call(Method::PATCH, &path, Some(&more)).await;
        assert_eq!(changed.status, 200, "{provider}: {}", changed.body);
        assert_eq!(changed.body["data"]["events"], more["events"], "{provider}");
        // Azure has one for each kind of event.
        eventually("the other hook is gone", async || {
            let after = hooks(&stand, provider).await;
            (provider == "azure" || after == one).then_some(())
        })
        .await;
        let before = receiver.received().len();
        emit(&stand, provider, "pull_request").await;
        eventually(provider, async || {
            let received = receiver.received();
            let is_it =
                |body: &Value| body["type"] == "pull_request" && body["provider"] == provider;
            received[before..]
                .iter()
                .any(|one| is_it(&one.json()))
                .then_some(())
        })
        .await;
        assert_eq!(stand.call(Method::DELETE, &path, None).await.status, 204);
        eventually("no hook is left", async || {
            (hooks(&stand, provider).await == 0).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_is_retried_and_follows_no_redirect() {
    // sec: SR-4
    let (stand, receiver) = stand().await;
    let wish = json!({"callbackUrl": receiver.url(), "events": ["push"]});
    subscribe(&stand, "github", &wish).await;
    receiver.answer_next(&format!(
        "HTTP/1.1 302 Found\r\nlocation: http://{}/elsewhere",
        receiver.address
    ));
    emit(&stand, "github", "push").await;
    let received = eventually("a second attempt", async || {
        let received = receiver.received();
        (received.len() >= 2).then_some(received)
    })
    .await;
    assert_eq!(
        received[0].header("webhook-id"),
        received[1].header("webhook-id")
    );
    assert_eq!(received[0].body, received[1].body);
}

/// The names of the deliveries that were received.
fn names(receiver: &Receiver) -> Vec<String> {
    let received = receiver.received();
    let names = received.iter().map(|one| one.header("webhook-id"));
    names.map(str::to_owned).collect()
}

/// The `sequence` of each delivery, in the order of arrival.
fn sequences(receiver: &Receiver) -> Vec<u64> {
    let received = receiver.received();
    let numbers = received
        .iter()
        .map(|one| one.json()["sequence"].as_u64().unwrap());
    numbers.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_of_an_answer_decides_and_one_slow_answer_stops_nobody() {
    // sec: SR-8, SR-10
    let (receiver, other) = (Receiver::start().await, Receiver::start().await);
    let callbacks = format!("{},{}", receiver.address, other.address);
    let stand = Stand::start(&[("GITFLARE_ALLOW_PRIVATE_CALLBACKS", &callbacks)]).await;
    let wish = json!({"callbackUrl": receiver.url(), "events": ["push"]});
    subscribe(&stand, "github", &wish).await;
    let next = async || {
        let before = receiver.received().len();
        emit(&stand, "github", "push").await;
        let what = "the next delivery, which is nobody's second";
        eventually(what, async || names(&receiver).get(before).cloned()).await
    };
    // Nobody is there any more; somebody is, and says more than anyone wants to hear.
    receiver.answer_next("HTTP/1.1 410 Gone");
    let gone = next().await;
    receiver.never_end_next();
    let taken = next().await;
    // While the app thinks about one, its next ones wait and those of another are told.
    receiver.be_silent_next();
    let silent = next().await;
    let wish = json!({"callbackUrl": other.url(), "events": ["push"]});
    subscribe(&stand, "gitlab", &wish).await;
    for _ in 0..20 {
        emit(&stand, "github", "push").await;
        emit(&stand, "gitlab", "push").await;
    }
    eventually("all of another's burst", async || {
        (other.received().len() == 20).then_some(())
    })
    .await;
    assert_eq!(sequences(&other), (1..=20).collect::<Vec<_>>());
    assert_eq!(names(&receiver).last(), Some(&silent));
    // The one without an answer comes again, and the burst behind it.
    eventually("a second attempt and the burst", async || {
        (receiver.received().len() == 24).then_some(())
    })
    .await;
    assert_eq!(
        sequences(&receiver),
        [1, 2, 3].into_iter().chain(3..=23).collect::<Vec<_>>()
    );
    assert_eq!(names(&receiver)[3], silent);
    for once in [gone, taken] {
        let times = names(&receiver).into_iter().filter(|name| *name == once);
        assert_eq!(times.count(), 1, "{once}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_survives_a_restart() {
    let (stand, receiver) = stand().await;
    let wish = json!({"callbackUrl": receiver.url(), "events": ["push"]});
    subscribe(&stand, "gitlab", &wish).await;
    receiver.answer_next("HTTP/1.1 503 Service Unavailable");
    emit(&stand, "gitlab", "push").await;
    eventually("a first attempt", async || receiver.received().pop()).await;
    let stand = stand.restarted().await;
    let received = eventually("a second attempt", async || {
        let received = receiver.received();
        (received.len() >= 2).then_some(received)
    })
    .await;
    assert_eq!(names(&receiver)[0], names(&receiver)[1]);
    assert_eq!(received[0].body, received[1].body);
    drop(stand);
}

#[tokio::test(flavor = "multi_thread")]
async fn subscriptions_end_with_their_hooks_and_nothing_more_is_sent() {
    // sec: SR-10, CA-1
    let (stand, receiver) = stand().await;
    for provider in PROVIDERS {
        let wish = json!({"callbackUrl": receiver.url(), "events": ["push"]});
        let first = subscribe(&stand, provider, &wish).await;
        subscribe(&stand, provider, &wish).await;
        let listed = stand.get("/v1/subscriptions").await;
        assert_eq!(listed.rows().len(), 2);
        assert_eq!(hooks(&stand, provider).await, 2);
        let path = format!(
            "/v1/subscriptions/{}",
            first["data"]["id"].as_str().unwrap()
        );
        for _ in 0..2 {
            let ended = stand.call(Method::DELETE, &path, None).await;
            assert_eq!(ended.status, 204);
        }
        eventually("one hook left", async || {
            (hooks(&stand, provider).await == 1).then_some(())
        })
        .await;

        // The provider is away while the customer takes the approval back.
        let fault = json!({"kind": "status", "status": 503, "path": "/api"});
        stand
            .control(provider, Method::POST, "/__faults", &fault)
            .await;
        let grants = stand
            .admin(Method::GET, "/v1/platform/grants?limit=100", None)
            .await;
        let connections = stand
            .admin(Method::GET, "/v1/connections?limit=100", None)
            .await;
        let connection = connections
            .rows()
            .iter()
            .find(|row| row["provider"] == provider)
            .unwrap();
        let grant = grants
            .rows()
            .iter()
            .find(|row| row["connectionId"] == connection["id"])
            .unwrap();
        let path = format!("/v1/platform/grants/{}", grant["id"].as_str().unwrap());
        assert_eq!(stand.admin(Method::DELETE, &path, None).await.status, 204);
        let before = receiver.received().len();
        emit(&stand, provider, "push").await;
        assert!(stand.get("/v1/subscriptions").await.rows().is_empty());
        assert_eq!(hooks(&stand, provider).await, 1, "the provider is away");
        assert_eq!(receiver.received().len(), before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_subscribed_is_refused() {
    let (stand, receiver) = stand().await;
    let path =
        |provider: &str| format!("/v1/repositories/{provider}/{STOREFRONT}/events/subscribe");
    let url = receiver.url();
    for (provider, wish, code, named) in [
        (
            "github",
            json!({"callbackUrl": url, "events": []}),
            "INVALID_REQUEST",
            "events",
        ),
        (
            "github",
            json!({"callbackUrl": url, "events": ["push", "star"]}),
            "INVALID_REQUEST",
            "events[1]",
        ),
        (
            "gitlab",
            json!({"callbackUrl": url, "events": ["repository"]}),
            "INVALID_REQUEST",
            "events[0]",
        ),
        (
            "github",
            json!({"events": ["push"]}),
            "INVALID_REQUEST",
            "callbackUrl",
        ),
        (
            "github",
            json!({"callbackUrl": "http://127.0.0.1:1/", "events": ["push"]}),
            "INVALID_REQUEST",
            "callbackUrl",
        ),
        (
            "github",
            json!({"callbackUrl": "https://169.254.169.254/", "events": ["push"]}),
            "INVALID_REQUEST",
            "callbackUrl",
        ),
        (
            "github",
            json!({"callbackUrl": url, "events": ["push"], "secret": "short"}),
            "INVALID_REQUEST",
            "secret",
        ),
        (
            "local",
            json!({"callbackUrl": url, "events": ["push"]}),
            "UNSUPPORTED_ENDPOINT",
            "",
        ),
    ] {
        let refused = stand.call(Method::POST, &path(provider), Some(&wish)).await;
        assert_eq!(refused.code(), code, "{wish}: {}", refused.body);
        let message = refused.body["error"]["message"].as_str().unwrap();
        assert!(message.contains(named), "{wish}: {message}");
    }
    // Who may only read may not make hooks.
    for provider in PROVIDERS {
        let fault = json!({"kind": "missing-scope", "path": "/api"});
        stand
            .control(provider, Method::POST, "/__faults", &fault)
            .await;
        let wish = json!({"callbackUrl": url, "events": ["push"]});
        let refused = stand.call(Method::POST, &path(provider), Some(&wish)).await;
        assert_eq!(refused.code(), "INSUFFICIENT_SCOPE", "{}", refused.body);
    }
}

/// A token for one repository and its events, which the customer has chosen from a list.
async fn token_for(stand: &Stand, provider: &str, repository: &str) -> String {
    let (tenant, owner) = (
        stand.tenant("company").await,
        stand.tenant("developer").await,
    );
    let token = stand.forge(provider).personal_token("anna-berg").unwrap();
    let made = json!({"provider": provider, "accessToken": token, "tenantId": tenant});
    let post = async |path: &str, body: &Value| {
        let made = stand.admin(Method::POST, path, Some(body)).await;
        assert_eq!(made.status, 201, "{}", made.body);
        made.body
    };
    let connection = post("/v1/connections/manual", &made).await;
    let scopes = json!(["read:repositories", "events:subscribe"]);
    let app = json!({
        "tenantId": owner, "name": "App", "allowedRedirectUris": [], "defaultPermissions": scopes,
    });
    let app = post("/v1/platform/clients", &app).await;
    let grant = json!({
        "tenantId": tenant, "clientId": app["client"]["id"], "permissions": scopes,
        "connectionId": connection["connection"]["id"], "repositories": [repository],
    });
    post("/v1/platform/grants", &grant).await;
    let bought = json!({
        "grant_type": "client_credentials", "client_id": app["client"]["id"],
        "client_secret": app["clientSecret"],
    });
    let bought = stand
        .bare(Method::POST, "/oauth/token", None, Some(&bought))
        .await;
    bought.body["accessToken"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_name_that_an_event_tells_is_the_one_to_ask_by() {
    let (stand, receiver) = stand().await;
    for provider in PROVIDERS {
        let found = stand.read(provider, "").await.body["data"].clone();
        let id = found["id"].as_str().unwrap();
        let token = token_for(&stand, provider, id).await;
        let path = format!("/v1/repositories/{provider}/{id}");
        let wish = json!({"callbackUrl": receiver.url(), "events": ["push"]});
        let target = format!("{path}/events/subscribe");
        let made = stand
            .bare(Method::POST, &target, Some(&token), Some(&wish))
            .await;
        assert_eq!(made.status, 201, "{}", made.body);
        let by_name = async |name: &str| {
            let path = format!("/v1/repositories/{provider}/acme%2F{name}");
            stand.bare(Method::GET, &path, Some(&token), None).await
        };
        let emit = async |delivery: &Value| {
            let before = receiver.received().len();
            let wish = json!({"repository": "acme/moved", "event": "push", "delivery": delivery});
            let sent = stand
                .control(provider, Method::POST, "/__emit", &wish)
                .await;
            (before, sent["deliveries"][0]["delivery"].clone())
        };
        let renamed = json!({"repository": "acme/storefront", "name": "moved"});
        stand
            .control(provider, Method::POST, "/__rename", &renamed)
            .await;
        assert_eq!(by_name("moved").await.code(), "REPOSITORY_NOT_APPROVED");
        let (before, first) = emit(&Value::Null).await;
        eventually("a push", async || {
            (receiver.received().len() > before).then_some(())
        })
        .await;
        assert_eq!(by_name("moved").await.body["data"]["id"], id, "{provider}");
        assert_eq!(
            by_name("storefront").await.code(),
            "REPOSITORY_NOT_APPROVED"
        );
        assert!(first.is_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_queued_under_other_rules_passes_the_firewall_again() {
    // sec: SR-10, SR-11, IN-7
    let (stand, receiver) = stand().await;
    let set = async |enabled: bool| {
        let path = "/v1/security/firewall/config";
        let wish = json!({"enabled": enabled});
        let set = stand.admin(Method::POST, path, Some(&wish)).await;
        assert_eq!(set.status, 200);
    };
    set(false).await;
    let events = events_of("github");
    let names: Vec<_> = events.iter().map(|(name, _)| *name).collect();
    let wish = json!({"callbackUrl": receiver.url(), "events": names});
    let made = subscribe(&stand, "github", &wish).await;
    for name in &names {
        emit(&stand, "github", name).await;
    }
    let all = async |count: usize| {
        eventually("all events", async || {
            let received = receiver.received();
            (received.len() >= count).then_some(received)
        })
        .await
    };
    let planted = |text: &str| {
        let mut planted = stand.sample.planted.all().into_iter();
        planted.any(|secret| text.contains(secret))
    };
    let id = made["data"]["id"].as_str().unwrap();
    let listed = format!("/v1/subscriptions/{id}/deliveries?limit=100");
    let count = stand.get(&listed).await.rows().len();
    let raw = all(count).await;
    let raw_ones = raw.iter().filter(|one| planted(&one.body)).count();
    assert!(raw_ones > 0, "the test would see one");

    set(true).await;
    for one in &raw {
        let delivery = one.header("webhook-id");
        let path = format!("/v1/subscriptions/{id}/deliveries/{delivery}/replay");
        assert_eq!(stand.call(Method::POST, &path, None).await.status, 204);
    }
    for one in &all(2 * count).await[count..] {
        let body = one.json();
        assert!(is_signed(one, made["secret"].as_str().unwrap()), "{body}");
        assert!(!planted(&one.body), "{body}");
        let first = raw.iter().find(|raw| raw.json()["id"] == body["id"]);
        let first = first.unwrap().json();
        if !planted(&first.to_string()) {
            assert_eq!(first, body, "nothing else is changed");
        }
    }
}
