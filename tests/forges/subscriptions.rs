//! What becomes of a subscription after it was made: changes of its address, its pause, and calls of
//! hosts that give their deliveries no name.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::forges::{
    events::{emit, eventually, subscribe},
    receiver::Receiver,
    stand::Stand,
};

#[tokio::test(flavor = "multi_thread")]
async fn an_address_and_a_pause_hold_from_the_next_event_on() {
    let (first, second) = (Receiver::start().await, Receiver::start().await);
    let callbacks = format!("{},{}", first.address, second.address);
    let stand = Stand::start(&[("GITFLARE_ALLOW_PRIVATE_CALLBACKS", &callbacks)]).await;
    let wish = json!({"callbackUrl": first.url(), "events": ["push"]});
    let made = subscribe(&stand, "github", &wish).await;
    let path = format!("/v1/subscriptions/{}", made["data"]["id"].as_str().unwrap());
    let change = async |change| stand.call(Method::PATCH, &path, Some(&change)).await;

    // What cannot be called, and what is no change, leaves everything as it was.
    for (bad, named) in [
        (json!({"callbackUrl": "http://127.0.0.1:1/"}), "callbackUrl"),
        (
            json!({"callbackUrl": "https://169.254.169.254/"}),
            "callbackUrl",
        ),
        (json!({"callbackUrl": "javascript:alert(1)"}), "callbackUrl"),
        (json!({"callbackUrl": 7}), "callbackUrl"),
        (json!({"active": "no"}), "active"),
        (json!({"active": false, "events": []}), "events"),
    ] {
        let refused = change(bad.clone()).await;
        assert_eq!(refused.code(), "INVALID_REQUEST", "{bad}: {}", refused.body);
        let message = refused.body["error"]["message"].as_str().unwrap();
        assert!(message.contains(named), "{bad}: {message}");
    }
    let now = stand.get("/v1/subscriptions").await;
    assert_eq!(now.rows()[0]["callbackUrl"], first.url());
    assert_eq!(now.rows()[0]["active"], true);

    let changed = change(json!({"callbackUrl": second.url()})).await;
    assert_eq!(
        changed.body["data"]["callbackUrl"],
        second.url(),
        "{}",
        changed.body
    );
    emit(&stand, "github", "push").await;
    eventually("a push at the new address", async || {
        second.received().pop()
    })
    .await;
    assert!(first.received().is_empty());

    let paused = change(json!({"active": false})).await;
    assert_eq!(paused.body["data"]["active"], false, "{}", paused.body);
    emit(&stand, "github", "push").await;
    let resumed = change(json!({"active": true, "callbackUrl": first.url()})).await;
    assert_eq!(resumed.body["data"]["active"], true, "{}", resumed.body);
    emit(&stand, "github", "push").await;
    eventually("the push after the pause", async || first.received().pop()).await;
    assert_eq!((first.received().len(), second.received().len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_without_a_name_is_delivered_where_hosts_send_none() {
    let receiver = Receiver::start().await;
    let stand = Stand::start(&[("GITFLARE_ALLOW_PRIVATE_CALLBACKS", &receiver.address)]).await;
    let nameless = json!({"repository": "acme/storefront", "event": "push", "nameless": true});
    for (provider, status) in [("gitlab", 204), ("gitflic", 204), ("github", 400)] {
        let wish = json!({"callbackUrl": receiver.url(), "events": ["push"]});
        subscribe(&stand, provider, &wish).await;
        let before = receiver.received().len();
        let sent = stand
            .control(provider, Method::POST, "/__emit", &nameless)
            .await;
        assert_eq!(
            sent["deliveries"][0]["status"], status,
            "{provider}: {sent}"
        );
        if status == 204 {
            let received = eventually(provider, async || {
                receiver.received().into_iter().nth(before)
            })
            .await;
            assert_eq!(received.json()["provider"], provider);
        }
    }
}

/// A token that is limited to the share of one provider's account.
async fn limited_to(stand: &Stand, provider: &str) -> (String, String) {
    let list = async |path: &str| stand.admin(Method::GET, path, None).await.rows().clone();
    let connections = list("/v1/connections?limit=100").await;
    let of_provider = |row: &&Value| row["provider"] == provider;
    let connection = connections.iter().find(of_provider).unwrap();
    let grants = list("/v1/platform/grants?limit=100").await;
    let over_it = |row: &&Value| row["connectionId"] == connection["id"];
    let grant = grants.iter().find(over_it).unwrap()["id"].as_str().unwrap();
    let wish = json!({
        "client_id": stand.app.0, "client_secret": stand.app.1, "grant_id": grant,
    });
    let path = "/v1/platform/tokens";
    let issued = stand.bare(Method::POST, path, None, Some(&wish)).await;
    let token = issued.body["accessToken"].as_str().unwrap();
    (token.to_owned(), grant.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_one_share_rules_over_its_own_subscriptions_alone() {
    // sec: TK-9, CA-1
    let receiver = Receiver::start().await;
    let stand = Stand::start(&[("GITFLARE_ALLOW_PRIVATE_CALLBACKS", &receiver.address)]).await;
    let wish = json!({"callbackUrl": receiver.url(), "events": ["push"]});
    let mut paths = Vec::new();
    for provider in ["github", "gitlab"] {
        let made = subscribe(&stand, provider, &wish).await;
        let id = made["data"]["id"].as_str().unwrap();
        paths.push(format!("/v1/subscriptions/{id}"));
    }
    emit(&stand, "github", "push").await;
    let delivery = eventually("a delivery", async || {
        let listed = stand.get(&format!("{}/deliveries", paths[0])).await;
        let first = listed.rows().first()?;
        Some(first["id"].as_str().unwrap().to_owned())
    })
    .await;
    let (narrow, grant) = limited_to(&stand, "gitlab").await;
    let call = async |method, path: &str, body: Option<Value>| {
        stand.bare(method, path, Some(&narrow), body.as_ref()).await
    };
    let more = json!({"callbackUrl": receiver.url(), "events": ["push", "comment"]});
    let replay = format!("{}/deliveries/{delivery}/replay", paths[0]);
    let others = async || {
        let listed = call(Method::GET, "/v1/subscriptions", None).await;
        let others = listed
            .rows()
            .iter()
            .filter(|row| row["provider"] == "github");
        assert_eq!(others.count(), 0);
        for (method, path, body) in [
            (Method::PATCH, paths[0].clone(), Some(more.clone())),
            (
                Method::PATCH,
                paths[0].clone(),
                Some(json!({"active": false})),
            ),
            (Method::GET, format!("{}/deliveries", paths[0]), None),
            (Method::POST, replay.clone(), Some(json!({}))),
        ] {
            let refused = call(method.clone(), &path, body).await;
            assert_eq!(refused.code(), "RESOURCE_NOT_FOUND", "{method} {path}");
        }
        assert_eq!(call(Method::DELETE, &paths[0], None).await.status, 204);
        let whole = stand.get("/v1/subscriptions").await;
        let kept = whole.rows().iter().find(|row| row["provider"] == "github");
        assert_eq!(kept.unwrap()["events"], json!(["push"]));
    };
    others().await;
    // Its own ones are its business, until its share ends.
    let changed = call(Method::PATCH, &paths[1], Some(more.clone())).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    let path = format!("/v1/platform/grants/{grant}");
    assert_eq!(stand.admin(Method::DELETE, &path, None).await.status, 204);
    let refused = call(Method::PATCH, &paths[1], Some(more.clone())).await;
    assert_eq!(refused.code(), "RESOURCE_NOT_FOUND");
    others().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_has_events_again_only_so_often() {
    // sec: RL-1
    let receiver = Receiver::start().await;
    let stand = Stand::start(&[("GITFLARE_ALLOW_PRIVATE_CALLBACKS", &receiver.address)]).await;
    let wish = json!({"callbackUrl": receiver.url(), "events": ["push"]});
    let mut replays = Vec::new();
    for provider in ["github", "gitlab"] {
        let made = subscribe(&stand, provider, &wish).await;
        let id = made["data"]["id"].as_str().unwrap();
        emit(&stand, provider, "push").await;
        let deliveries = format!("/v1/subscriptions/{id}/deliveries");
        let delivery = eventually("a delivery", async || {
            let listed = stand.get(&deliveries).await;
            Some(listed.rows().first()?["id"].as_str().unwrap().to_owned())
        })
        .await;
        replays.push(format!("{deliveries}/{delivery}/replay"));
    }
    let replay = async |path: &str| stand.call(Method::POST, path, None).await;
    let mut taken = 0;
    // While this runs a few more become free.
    let refused = loop {
        let answer = replay(&replays[0]).await;
        if answer.status != 204 {
            break answer;
        }
        taken += 1;
        assert!(taken < 1000, "it is never refused");
    };
    assert!(taken >= 120, "{taken}");
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (429, "RATE_LIMITED")
    );
    let error = &refused.body["error"];
    assert_eq!(
        (&error["source"], &error["retryable"]),
        (&json!("gitflare"), &json!(true))
    );
    assert!(error["retry_after_seconds"].as_u64().unwrap() > 0);
    assert_eq!(replay(&replays[1]).await.status, 204, "another one goes on");
    // What does not exist is no replay to somebody who may not ask.
    let foreign = replays[0].replace("/v1/subscriptions/", "/v1/subscriptions/x");
    assert_eq!(replay(&foreign).await.code(), "RESOURCE_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_changes_at_once_lose_neither_each_other_nor_a_hook() {
    // sec: SR-10, CA-2
    let receiver = Receiver::start().await;
    let stand = Stand::start(&[("GITFLARE_ALLOW_PRIVATE_CALLBACKS", &receiver.address)]).await;
    let hooks = async |provider: &str| {
        let hooks = stand.control(provider, Method::GET, "/__hooks", &Value::Null);
        hooks.await.as_array().unwrap().len()
    };
    for provider in ["github", "gitlab"] {
        for other in [
            json!({"callbackUrl": format!("{}?moved", receiver.url()), "active": false}),
            json!({"events": ["push", "pull_request"]}),
        ] {
            let wish = json!({"callbackUrl": receiver.url(), "events": ["push"]});
            let made = subscribe(&stand, provider, &wish).await;
            let path = format!("/v1/subscriptions/{}", made["data"]["id"].as_str().unwrap());
            // The first change waits for the answer to the hook that it has made.
            let slow = json!({"kind": "slow", "path": "/api", "count": 1, "milliseconds": 3000});
            stand
                .control(provider, Method::POST, "/__faults", &slow)
                .await;
            let first = json!({"events": ["push", "comment"]});
            let slow = stand.call(Method::PATCH, &path, Some(&first));
            let fast = async {
                eventually("another hook", async || {
                    (hooks(provider).await == 2).then_some(())
                })
                .await;
                stand.call(Method::PATCH, &path, Some(&other)).await
            };
            let (slow, fast) = tokio::join!(slow, fast);
            assert_eq!(
                (slow.status, fast.status),
                (StatusCode::OK, StatusCode::OK),
                "{provider}"
            );
            let listed = stand.get("/v1/subscriptions").await;
            let row = &listed.rows()[0];
            assert_eq!(row["events"], first["events"], "{provider}: the last word");
            for name in ["callbackUrl", "active"] {
                let expected = other.get(name).unwrap_or(&made["data"][name]);
                assert_eq!(&row[name], expected, "{provider}: {name}");
            }
            eventually("one hook", async || {
                (hooks(provider).await == 1).then_some(())
            })
            .await;
            if row["active"] == true {
                let before = receiver.received().len();
                emit(&stand, provider, "comment").await;
                eventually("a comment", async || {
                    (receiver.received().len() > before).then_some(())
                })
                .await;
            }
            assert_eq!(stand.call(Method::DELETE, &path, None).await.status, 204);
            eventually("no hook", async || {
                (hooks(provider).await == 0).then_some(())
            })
            .await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_about_subscriptions_count_like_reads() {
    // sec: RL-1
    let stand = Stand::start(&[("GITFLARE_RATE_LIMIT_PER_MINUTE", "3")]).await;
    let mut codes = Vec::new();
    for _ in 0..8 {
        codes.push(stand.get("/v1/subscriptions").await.code().to_owned());
    }
    assert!(codes.contains(&"RATE_LIMITED".to_owned()), "{codes:?}");
}
