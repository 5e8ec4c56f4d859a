//! A host that puts scripts where addresses belong: none of them reaches the app, whatever is read.

use reqwest::Method;
use serde_json::{Value, json};

use crate::forges::{
    events::{events_of, eventually, stand, subscribe},
    stand::{HOSTS, Stand},
};

#[tokio::test(flavor = "multi_thread")]
async fn no_script_in_the_place_of_an_address_reaches_the_app() {
    // sec: SR-9
    let stand = Stand::start(&[]).await;
    let commit = stand.sample.leaky_commit.clone();
    for provider in HOSTS {
        let hostile = json!({"kind": "hostile-urls"});
        stand
            .control(provider, Method::POST, "/__faults", &hostile)
            .await;
        let mut answers = vec![
            (String::from("/v1/me"), stand.get("/v1/me").await),
            (
                String::from("/v1/repositories"),
                stand
                    .get(&format!("/v1/repositories?provider={provider}"))
                    .await,
            ),
        ];
        for below in [
            String::new(),
            "/branches".to_owned(),
            "/commits".to_owned(),
            format!("/commits/{commit}"),
            format!("/commits/{commit}/diff"),
            "/compare?base=main&head=feature%2Fsearch".to_owned(),
            "/pull-requests?state=all".to_owned(),
            "/pull-requests/1".to_owned(),
            "/pull-requests/1/diff".to_owned(),
            "/pull-requests/1/commits".to_owned(),
            "/pull-requests/1/reviews".to_owned(),
            "/pull-requests/1/comments".to_owned(),
            "/contributors".to_owned(),
            "/tags".to_owned(),
            "/releases".to_owned(),
            "/checks".to_owned(),
            "/deployments".to_owned(),
            "/file-tree".to_owned(),
            "/contents?path=README.md".to_owned(),
            "/forks".to_owned(),
            "/labels".to_owned(),
            "/stargazers".to_owned(),
            "/watchers".to_owned(),
            "/assignees".to_owned(),
        ] {
            let answer = stand.read(provider, &below).await;
            answers.push((below, answer));
        }
        let mut read = 0;
        for (what, answer) in answers {
            let text = answer.body.to_string();
            assert!(!text.contains("javascript:"), "{provider} {what}: {text}");
            // What a host has not is not asked for.
            let is_none = answer.code() == "UNSUPPORTED_ENDPOINT";
            assert!(answer.status == 200 || is_none, "{provider} {what}: {text}");
            read += usize::from(!is_none);
        }
        assert!(read > 15, "{provider}: {read}");
        let repository = stand.read(provider, "").await;
        assert_eq!(repository.body["data"]["webUrl"], Value::Null, "{provider}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_script_in_the_place_of_an_address_reaches_the_app_by_an_event() {
    // sec: SR-9
    let (stand, receiver) = stand().await;
    for provider in HOSTS {
        let names: Vec<_> = events_of(provider)
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        let wish = json!({"callbackUrl": receiver.url(), "events": names});
        subscribe(&stand, provider, &wish).await;
        for name in names {
            let before = receiver.received().len();
            let wish = json!({"repository": "acme/storefront", "event": name, "hostile": true});
            stand
                .control(provider, Method::POST, "/__emit", &wish)
                .await;
            let told = eventually(name, async || {
                let all = receiver.received();
                let new = all[before..].iter().find(|one| one.json()["type"] == name);
                new.map(|one| one.body.clone())
            })
            .await;
            assert!(!told.contains("javascript:"), "{provider} {name}: {told}");
        }
    }
}
