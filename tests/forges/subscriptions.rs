//! What becomes of a subscription after it was made: changes of its address, its pause, and calls of
//! hosts that give their deliveries no name.

use reqwest::Method;
use serde_json::json;

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
