//! Azure DevOps as the gateway reads it, where it differs from the others: one subscription at the
//! gateway is several there.

use reqwest::Method;
use serde_json::{Value, json};

use crate::forges::events::{emit, eventually, stand, subscribe};

#[tokio::test(flavor = "multi_thread")]
async fn votes_attempts_and_completions_are_told_apart() {
    let (stand, receiver) = stand().await;
    let wish = json!({"callbackUrl": receiver.url(), "events": ["pull_request", "comment"]});
    let made = subscribe(&stand, "azure", &wish).await;
    let hooks = async || {
        let hooks = stand.control("azure", Method::GET, "/__hooks", &Value::Null);
        hooks.await.as_array().unwrap().len()
    };
    assert_eq!(hooks().await, 7, "one for each kind of change");
    for (event, name, action, word, state) in [
        (
            "pull_request",
            "pull_request",
            "created",
            "git.pullrequest.created",
            "open",
        ),
        (
            "pull_request.merge_attempted",
            "pull_request",
            "updated",
            "git.pullrequest.merged",
            "open",
        ),
        (
            "pull_request.merged",
            "pull_request",
            "merged",
            "git.pullrequest.updated",
            "merged",
        ),
        (
            "vote",
            "comment",
            "approved",
            "git.pullrequest.updated",
            "approved",
        ),
    ] {
        let before = receiver.received().len();
        emit(&stand, "azure", event).await;
        let told = eventually(event, async || receiver.received().get(before).cloned()).await;
        let body = told.json();
        assert_eq!(
            (&body["type"], &body["action"], &body["upstreamAction"]),
            (&json!(name), &json!(action), &json!(word)),
            "{event}"
        );
        assert_eq!(body["data"]["state"], state, "{event}");
        if event == "vote" {
            assert_eq!(body["data"]["body"], Value::Null);
            assert_eq!(body["data"]["author"]["name"], "Boris Lind");
        }
    }
    assert_eq!(receiver.received().len(), 4, "each once");
    let id = made["data"]["id"].as_str().unwrap();
    let path = format!("/v1/subscriptions/{id}");
    let ended = stand.call(Method::DELETE, &path, None).await;
    assert_eq!(ended.status, 204);
    eventually("no hook left", async || (hooks().await == 0).then_some(())).await;
}
