//! The emulated GitHub where services are less kind than emulators use to be.

use gitflare_sandbox::{ForgeKind, sample};
use serde_json::json;

use crate::support::{Host, Receiver, fault};

fn path(below: &str) -> String {
    format!("/api/v3/repos/{}{below}", sample::FULL_NAME)
}

#[tokio::test]
async fn a_tree_answers_with_its_own_id() {
    let host = Host::start(ForgeKind::Github).await;
    let (_, commit) = host.json(&path("/commits/main")).await;
    let tree = &commit["commit"]["tree"]["sha"];
    for name in [
        "main",
        commit["sha"].as_str().unwrap(),
        tree.as_str().unwrap(),
    ] {
        let (status, body) = host.json(&path(&format!("/git/trees/{name}"))).await;
        assert_eq!((status, &body["sha"]), (200, tree), "{name}");
        let rows = body["tree"].as_array().unwrap();
        assert!(rows.iter().any(|row| row["path"] == "README.md"), "{body}");
    }
    let (_, body) = host.json(&path("/git/trees/main")).await;
    let rows = body["tree"].as_array().unwrap();
    let readme = rows.iter().find(|row| row["path"] == "README.md").unwrap();
    let (status, blob) = host.json(readme["url"].as_str().unwrap()).await;
    assert_eq!((status, &blob["sha"]), (200, &readme["sha"]));
    assert_eq!(blob["size"], readme["size"]);
}

#[tokio::test]
async fn totals_differ_from_the_files_on_demand() {
    let host = Host::start(ForgeKind::Github).await;
    let sums = async || {
        let (_, commit) = host.json(&path("/commits/main")).await;
        let files = commit["files"].as_array().unwrap().iter();
        let added: u64 = files.map(|file| file["additions"].as_u64().unwrap()).sum();
        (commit["stats"]["additions"].as_u64().unwrap(), added)
    };
    let (total, added) = sums().await;
    assert_eq!(total, added);
    assert_eq!(host.post("/__faults", &fault("other-totals")).await.0, 204);
    let (total, added) = sums().await;
    assert_eq!(total, added + 4);
}

#[tokio::test]
async fn statuses_and_reviews_are_told_and_a_delivery_can_be_nameless() {
    let host = Host::start(ForgeKind::Github).await;
    for (event, name, nameless) in [
        ("status", "status", false),
        ("review", "pull_request_review", true),
    ] {
        let receiver = Receiver::new();
        let hook = json!({
            "events": [name], "config": {"url": receiver.url(), "content_type": "json", "secret": "s"},
        });
        assert_eq!(host.post(&path("/hooks"), &hook).await.0, 201);
        let body = json!({"repository": sample::FULL_NAME, "event": event, "nameless": nameless});
        let sent = host.emitted(receiver, body).await;
        assert_eq!(sent.header("x-github-event"), Some(name));
        assert_eq!(sent.header("x-github-delivery").is_none(), nameless);
        assert!(sent.header("x-hub-signature-256").is_some());
        if event == "status" {
            assert_eq!(sent.body["context"], "ci/lint");
        } else {
            assert_eq!(
                (&sent.body["review"]["state"], &sent.body["review"]["body"]),
                (&json!("approved"), &json!(null))
            );
        }
    }
}

#[tokio::test]
async fn an_event_that_nobody_hears_says_so_and_how_to_subscribe() {
    let host = Host::start(ForgeKind::Github).await;
    let emit = async |event: &str| {
        let body = json!({"repository": sample::FULL_NAME, "event": event});
        host.post("/__emit", &body).await
    };
    let (status, answer) = emit("release").await;
    assert_eq!((status, &answer["deliveries"]), (200, &json!([])));
    let said = answer["message"].as_str().unwrap();
    for part in [
        "Nobody is subscribed to `release` of acme/storefront",
        "POST /v1/repositories/github/acme%2Fstorefront/events/subscribe",
        "\"events\": [\"release\"]",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    let (status, answer) = emit("pushed").await;
    let said = answer["message"].as_str().unwrap();
    assert!(
        status == 400 && said.contains("no such event: pushed; there are push, "),
        "{said}"
    );
}
