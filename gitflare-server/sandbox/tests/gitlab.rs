//! The emulated GitLab where services are less kind than emulators use to be.

use gitflare_sandbox::{ForgeKind, sample};
use serde_json::{Value, json};

use crate::support::{Host, Receiver};

fn path(below: &str) -> String {
    let project = sample::FULL_NAME.replace('/', "%2F");
    format!("/api/v4/projects/{project}{below}")
}

#[tokio::test]
async fn a_tag_push_tells_tag_object_and_commit_apart() {
    let host = Host::start(ForgeKind::Gitlab).await;
    for (event, nameless) in [("tag.created", false), ("tag.deleted", true)] {
        let receiver = Receiver::new();
        let hook = json!({
            "url": receiver.url(), "push_events": false, "tag_push_events": true, "token": "t",
        });
        let (status, hook) = host.post(&path("/hooks"), &hook).await;
        assert_eq!(status, 201);
        let body = json!({"repository": sample::FULL_NAME, "event": event, "nameless": nameless});
        let sent = host.emitted(receiver, body).await;
        assert_eq!(sent.header("x-gitlab-event"), Some("Tag Push Hook"));
        assert_eq!(sent.header("idempotency-key").is_none(), nameless);
        assert_eq!(sent.header("x-gitlab-event-uuid").is_none(), nameless);
        let (_, head) = host.json(&path("/repository/commits/main")).await;
        let checkout = &sent.body["checkout_sha"];
        if event == "tag.created" {
            assert_eq!(checkout, &head["id"]);
            assert_ne!(checkout, &sent.body["after"]);
        } else {
            assert_eq!(checkout, &Value::Null);
            assert_ne!(sent.body["before"], head["id"]);
        }
        let id = path(&format!("/hooks/{}", hook["id"]));
        let gone = host.request(reqwest::Method::DELETE, &id);
        let gone = gone.bearer_auth(&host.token).send().await.unwrap();
        assert_eq!(gone.status(), 204);
    }
}

#[tokio::test]
async fn booleans_are_read_as_grape_reads_them() {
    let host = Host::start(ForgeKind::Gitlab).await;
    for (value, is_recursive) in [
        ("true", true),
        ("True", true),
        ("1", true),
        ("false", false),
    ] {
        let below = format!("/repository/tree?per_page=100&recursive={value}");
        let (_, rows) = host.json(&path(&below)).await;
        let rows = rows.as_array().unwrap();
        let is_deep = rows.iter().any(|row| row["path"] == "src/basket.py");
        assert_eq!(is_deep, is_recursive, "{value}");
    }
}

#[tokio::test]
async fn a_binary_file_is_named_in_place_of_a_diff() {
    let host = Host::start(ForgeKind::Gitlab).await;
    let (_, commits) = host.json(&path("/repository/commits?per_page=100")).await;
    let mut diffs = Vec::new();
    for commit in commits.as_array().unwrap() {
        let sha = commit["id"].as_str().unwrap();
        let (_, files) = host
            .json(&path(&format!("/repository/commits/{sha}/diff")))
            .await;
        diffs.extend(files.as_array().unwrap().clone());
    }
    let logo = diffs
        .iter()
        .find(|file| file["new_path"] == "assets/logo.png");
    let text = logo.unwrap()["diff"].as_str().unwrap();
    assert!(
        text.starts_with("Binary files ") && text.ends_with(" differ\n"),
        "{text}"
    );
}
