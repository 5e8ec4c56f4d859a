//! What Bitbucket's hooks send, and what becomes of it; who is believed.

use gitflare_core::{
    Code, ConnectionId, Secret,
    model::EventName,
    provider::{HookCall, NewHook, Provider},
};
use gitflare_providers::{
    bitbucket::Bitbucket,
    conformance::{Reply, StandIn},
};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::bitbucket::{
    SHA, UUID, below, repo,
    support::{
        call,
        hooks::{deeds, headers, holds, read, told},
        table::fixture,
    },
};

const OTHER: &str = "2222222222333333333344444444445555555555";

async fn upstream(reply: Reply) -> (StandIn, Bitbucket) {
    let stand_in = StandIn::answering(move |_, _, _| reply.clone()).await;
    let url = format!("{}/2.0", stand_in.url());
    let provider = Bitbucket::new(stand_in.http(), &url).unwrap();
    (stand_in, provider)
}

fn parsed(name: &str) -> Value {
    serde_json::from_str(&fixture(&format!("bitbucket/{name}.json"))).unwrap()
}

/// The event, the payload without its repository, and what is told.
fn cases() -> Vec<(&'static str, Value, Value)> {
    let git_ref = |kind: &str, name: &str, hash: &str| json!({"type": kind, "name": name, "target": {"hash": hash}});
    let commits = parsed("commits")["values"].clone();
    let comment = json!({
        "id": 5, "content": {"raw": "Nice", "html": "<p>Nice</p>"}, "user": parsed("profile"),
        "created_on": "2026-03-01T08:00:00+00:00", "links": {"html": {"href": "https://bitbucket.org/x"}},
    });
    let pull_request = parsed("pull_request");
    vec![
        (
            "repo:push",
            json!({"push": {"changes": [{"old": git_ref("branch", "main", OTHER), "new": git_ref("branch", "main", SHA), "commits": commits}]}}),
            json!([["push", {"ref": "refs/heads/main", "before": OTHER, "after": SHA, "commits": [{"title": "Begin"}, {"sha": SHA}]}]]),
        ),
        (
            "repo:push",
            json!({"push": {"changes": [
                {"old": null, "new": git_ref("branch", "weave/new", SHA)},
                {"old": git_ref("tag", "v1", OTHER), "new": null},
                {"old": git_ref("branch", "weave/old", OTHER), "new": null},
            ]}}),
            json!([
                ["push", {"ref": "refs/heads/weave/new", "before": null, "after": SHA}],
                ["branch.created", {"name": "weave/new", "commitSha": SHA}],
                ["push", {"ref": "refs/tags/v1", "before": OTHER, "after": null}],
                ["tag.deleted", {"name": "v1", "commitSha": null}],
                ["push", {"ref": "refs/heads/weave/old", "before": OTHER, "after": null}],
                ["branch.deleted", {"name": "weave/old", "commitSha": OTHER}],
            ]),
        ),
        (
            "pullrequest:created",
            json!({"pullrequest": pull_request}),
            json!([["pull_request", {"number": 4, "state": "open", "sourceBranch": "weave/new"}]]),
        ),
        (
            "pullrequest:anything_new",
            json!({"pullrequest": pull_request}),
            json!([["pull_request", {"number": 4}]]),
        ),
        (
            "pullrequest:comment_created",
            json!({"pullrequest": pull_request, "comment": comment}),
            json!([["comment", {"id": "5", "body": "Nice", "pullRequestNumber": 4, "commitSha": null, "resolved": false}]]),
        ),
        (
            "pullrequest:comment_updated",
            json!({"pullrequest": pull_request, "comment": {"id": 8, "resolution": {"type": "x"}}}),
            json!([["comment", {"id": "8", "resolved": true}]]),
        ),
        (
            "pullrequest:comment_created",
            json!({"pullrequest": pull_request, "comment": {"id": 9, "parent": {"id": 8}}}),
            json!([["comment", {"id": "9", "inReplyToId": "8", "resolved": null}]]),
        ),
        (
            "pullrequest:comment_resolved",
            json!({"pullrequest": pull_request, "comment": {"id": 8}}),
            json!([["comment", {"id": "8", "resolved": true}]]),
        ),
        (
            "pullrequest:comment_reopened",
            json!({"pullrequest": pull_request, "comment": {"id": 8}}),
            json!([["comment", {"id": "8", "resolved": false}]]),
        ),
        (
            "repo:commit_comment_created",
            json!({"commit": {"hash": SHA}, "comment": {"id": 6, "content": {"raw": "Here"}, "commit": {"hash": SHA}}}),
            json!([["comment", {"id": "6", "commitSha": SHA, "pullRequestNumber": null, "resolved": null}]]),
        ),
        (
            "repo:commit_comment_created",
            json!({"commit": {"hash": SHA}, "comment": {"id": 7, "content": {"raw": "There"}}}),
            json!([["comment", {"id": "7", "commitSha": SHA}]]),
        ),
        (
            "repo:commit_status_updated",
            json!({"commit_status": parsed("checks")["values"][0]}),
            json!([["check", {"id": "1", "conclusion": "success", "commitSha": SHA}]]),
        ),
        (
            "repo:updated",
            json!({"changes": {"name": {"new": "x", "old": "y"}}}),
            json!([["repository", {"id": UUID, "fullName": "mill/loom-engine", "connectionId": "conn_fixture"}]]),
        ),
        ("issue:created", json!({}), json!([])),
    ]
}

#[tokio::test]
async fn every_event_is_told_in_the_unified_words() {
    let (_stand_in, provider) = upstream(Reply::new(418, "")).await;
    for (event, mut payload, expected) in cases() {
        payload["repository"] = parsed("repository");
        let sent = [("x-event-key", event), ("x-request-uuid", "delivery-1")];
        let events = read(&provider, &sent, payload.to_string().as_bytes()).unwrap();
        assert_eq!(events.delivery_id.as_deref(), Some("delivery-1"));
        assert_eq!(events.repository_id.as_deref(), Some(UUID));
        let told = told(events);
        assert!(holds(&told, &expected), "{event}: {told:#}");
    }
    // What a workspace's own hook calls with, and what nobody knows.
    for (event, expected) in [
        ("repo:created", json!([["repository", {"id": UUID}]])),
        ("repo:imported", json!([["repository", {"id": UUID}]])),
        ("repo:anything_new", json!([["repository", {"id": UUID}]])),
        ("pullrequest:anything_new", json!([])),
        ("issue:created", json!([])),
    ] {
        let payload = json!({"repository": parsed("repository")}).to_string();
        let sent = [("x-event-key", event), ("x-request-uuid", "d")];
        let told = told(read(&provider, &sent, payload.as_bytes()).unwrap());
        assert!(holds(&told, &expected), "{event}: {told:#}");
    }
    // The commit of a status may be told by its address alone.
    let commit =
        json!({"href": format!("https://api.bitbucket.org/2.0/repositories/x/y/commit/{SHA}")});
    let payload = json!({"commit_status": {"key": "k", "links": {"commit": commit}}}).to_string();
    let sent = [
        ("x-event-key", "repo:commit_status_created"),
        ("x-request-uuid", "d"),
    ];
    let status = told(read(&provider, &sent, payload.as_bytes()).unwrap());
    assert!(
        holds(&status, &json!([["check", {"commitSha": SHA}]])),
        "{status:#}"
    );

    let sent = [("x-event-key", "repo:push"), ("x-request-uuid", "d")];
    for body in ["", "[]", r#"{"push": null}"#, "{"] {
        let refused = read(&provider, &sent, body.as_bytes()).unwrap_err();
        assert_eq!(refused.code(), Code::InvalidRequest, "{body}");
    }
}

#[tokio::test]
async fn what_happened_is_told_and_when() {
    let (_stand_in, provider) = upstream(Reply::new(418, "")).await;
    let time = "2026-03-01T08:00:00.000Z";
    let at = "2026-03-01T08:00:00+00:00";
    let mut pull_request = parsed("pull_request");
    pull_request["updated_on"] = json!(at);
    let pull = json!({"pullrequest": pull_request});
    let comment = json!({"pullrequest": pull_request, "comment": {"id": 5, "created_on": at, "updated_on": at}});
    let review = json!({"date": at, "user": parsed("profile")});
    let approval = json!({"pullrequest": pull_request, "approval": review});
    let changes = json!({"pullrequest": pull_request, "changes_request": review});
    let status = |state: &str| json!({"commit_status": {"key": "1", "state": state, "created_on": at, "updated_on": at}});
    let whole = json!({"repository": parsed("repository")});
    let mut renamed = whole.clone();
    renamed["changes"] = json!({"name": {"old": "shop", "new": "store"}});
    for (event, payload, name, action) in [
        ("pullrequest:created", &pull, "pull_request", "created"),
        ("pullrequest:updated", &pull, "pull_request", "updated"),
        ("pullrequest:push", &pull, "pull_request", "updated"),
        ("pullrequest:fulfilled", &pull, "pull_request", "merged"),
        ("pullrequest:rejected", &pull, "pull_request", "closed"),
        ("pullrequest:approved", &approval, "comment", "approved"),
        ("pullrequest:unapproved", &approval, "comment", "dismissed"),
        (
            "pullrequest:changes_request_created",
            &changes,
            "comment",
            "changes_requested",
        ),
        (
            "pullrequest:changes_request_removed",
            &changes,
            "comment",
            "dismissed",
        ),
        (
            "pullrequest:comment_created",
            &comment,
            "comment",
            "created",
        ),
        (
            "pullrequest:comment_updated",
            &comment,
            "comment",
            "updated",
        ),
        (
            "pullrequest:comment_deleted",
            &comment,
            "comment",
            "deleted",
        ),
        (
            "pullrequest:comment_resolved",
            &comment,
            "comment",
            "updated",
        ),
        (
            "repo:commit_status_created",
            &status("INPROGRESS"),
            "check",
            "created",
        ),
        (
            "repo:commit_status_updated",
            &status("FAILED"),
            "check",
            "completed",
        ),
        ("repo:updated", &whole, "repository", "updated"),
        ("repo:updated", &renamed, "repository", "renamed"),
        ("repo:fork", &whole, "repository", "updated"),
        ("repo:transfer", &whole, "repository", "transferred"),
        ("repo:deleted", &whole, "repository", "deleted"),
    ] {
        let sent = [("x-event-key", event), ("x-request-uuid", "delivery-1")];
        let events = read(&provider, &sent, payload.to_string().as_bytes()).unwrap();
        let deeds = deeds(&events);
        assert_eq!(deeds[0][0], name, "{event}");
        assert_eq!(deeds[0][1], action, "{event}");
        assert_eq!(deeds[0][2], event);
        match (name, action) {
            (_, "deleted") => assert_eq!(deeds[0][3], Value::Null, "{event}"),
            ("repository", _) => {}
            _ => assert_eq!(deeds[0][3], time, "{event}"),
        }
        if event.contains("approved") || event.contains("changes_request") {
            let told = told(events);
            let expected = if action == "dismissed" {
                "dismissed"
            } else {
                action
            };
            assert_eq!(told[0][1]["state"], expected, "{event}");
            assert!(told[0][1]["id"].as_str().unwrap().len() > "review:".len());
            assert_eq!(told[0][1]["pullRequestNumber"], 4);
        }
    }
}

#[tokio::test]
async fn only_who_knows_the_secret_is_believed() {
    let (_stand_in, provider) = upstream(Reply::new(418, "")).await;
    let secret = Secret::from("whsec_fixture");
    let body = br#"{"repository": null}"#;
    let mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).unwrap();
    let right = format!(
        "sha256={}",
        hex::encode(mac.chain_update(body).finalize().into_bytes())
    );
    let connection = ConnectionId::parse("conn_fixture").unwrap();
    for (value, believed) in [
        (right.as_str(), true),
        (&right[..right.len() - 1], false),
        ("sha256=", false),
        (&right["sha256=".len()..], false),
        ("", false),
    ] {
        let headers = headers(&[("x-hub-signature", value)]);
        let call = HookCall {
            headers: &headers,
            body,
            connection_id: &connection,
            repository_id: "7",
        };
        let verified = provider.hooks().unwrap().verify(&call, &secret);
        assert_eq!(verified, believed, "{value}");
    }
}

#[tokio::test]
async fn a_hook_asks_for_what_its_events_need() {
    let made = r#"{"uuid": "{99999999-0000-4000-8000-000000000001}"}"#;
    let (stand_in, provider) = upstream(Reply::new(201, made)).await;
    let hook = NewHook {
        url: "https://gateway.example/v1/hooks/bitbucket/sub_1",
        secret: &Secret::from("whsec_fixture"),
        events: &[EventName::TagCreated, EventName::Check],
    };
    let hooks = provider.hooks().unwrap();
    let id = hooks.create(&call(), &repo(), &hook).await.unwrap();
    assert_eq!(id, "{99999999-0000-4000-8000-000000000001}");
    hooks.delete(&call(), &repo(), &id).await.unwrap();
    let asked = stand_in.asked();
    let path = format!("/2.0/{}", below("/hooks"));
    assert_eq!(asked[0], path);
    assert_eq!(
        asked[1],
        format!("{path}/%7B99999999-0000-4000-8000-000000000001%7D")
    );

    let (_stand_in, provider) = upstream(Reply::new(403, "{}")).await;
    let refused = provider
        .hooks()
        .unwrap()
        .create(&call(), &repo(), &hook)
        .await;
    assert_eq!(refused.unwrap_err().code(), Code::InsufficientScope);
}
