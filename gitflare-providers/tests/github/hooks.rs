//! What GitHub's hooks send, and what becomes of it; who is believed.

use gitflare_core::{
    Code, ConnectionId, Secret,
    model::EventName,
    provider::{HookCall, NewHook, Provider},
};
use gitflare_providers::{
    conformance::{Reply, StandIn},
    github::Github,
};
use serde_json::{Value, json};

use crate::github::{
    SHA, Upstream, repo,
    support::{
        call,
        hooks::{deeds, headers, holds, read, told},
    },
};

const ZEROS: &str = "0000000000000000000000000000000000000000";
const OTHER: &str = "2222222222333333333344444444445555555555";

/// The event, the payload without its repository, and what is told.
fn cases() -> Vec<(&'static str, Value, Value)> {
    let pull = json!({
        "id": 91, "number": 12, "title": "Weave", "state": "open", "draft": false,
        // The fork is gone, and so is its owner.
        "user": null, "head": {"ref": "weave", "sha": SHA, "repo": null},
        "base": {"ref": "main", "sha": OTHER, "repo": {"id": 7}},
        "created_at": "2026-03-01T08:00:00Z",
    });
    vec![
        (
            "push",
            json!({
                "ref": "refs/heads/main", "before": OTHER, "after": SHA, "forced": true,
                // Numbers here, texts elsewhere.
                "repository": {"id": 7, "full_name": "mill/loom", "created_at": 1_772_352_000, "pushed_at": 1_772_352_001},
                "commits": [{
                    "id": SHA, "message": "Tie knots\n\nTightly.", "timestamp": "2026-03-01T09:00:00+01:00",
                    "author": {"name": "Ada", "email": "ada@mill.example", "username": "ada"},
                    "committer": {"name": "Ada", "email": "ada@mill.example"},
                    "url": "https://github.com/mill/loom/commit/1",
                }],
            }),
            json!([["push", {
                "ref": "refs/heads/main", "before": OTHER, "after": SHA,
                "commits": [{"sha": SHA, "title": "Tie knots", "author": {"login": "ada", "date": null}, "committer": {"date": "2026-03-01T08:00:00.000Z"}}],
            }]]),
        ),
        (
            "push",
            json!({"ref": "refs/heads/gone", "before": SHA, "after": ZEROS, "deleted": true, "commits": [], "head_commit": null}),
            json!([["push", {"before": SHA, "after": null, "commits": []}]]),
        ),
        (
            "create",
            json!({"ref": "weave", "ref_type": "branch"}),
            json!([["branch.created", {"name": "weave", "commitSha": null}]]),
        ),
        (
            "create",
            json!({"ref": "v1", "ref_type": "tag"}),
            json!([["tag.created", {"name": "v1"}]]),
        ),
        (
            "delete",
            json!({"ref": "weave", "ref_type": "branch"}),
            json!([["branch.deleted", {"name": "weave"}]]),
        ),
        // Some events name a ref whole, and a branch may be called like one.
        (
            "create",
            json!({"ref": "refs/heads/mill/weave", "ref_type": "branch"}),
            json!([["branch.created", {"name": "mill/weave"}]]),
        ),
        (
            "delete",
            json!({"ref": "refs/tags/v1", "ref_type": "tag"}),
            json!([["tag.deleted", {"name": "v1"}]]),
        ),
        (
            "create",
            json!({"ref": "heads/weave", "ref_type": "branch"}),
            json!([["branch.created", {"name": "heads/weave"}]]),
        ),
        (
            "delete",
            json!({"ref": "v1", "ref_type": "tag"}),
            json!([["tag.deleted", {"name": "v1"}]]),
        ),
        (
            "create",
            json!({"ref": "main", "ref_type": "repository"}),
            json!([]),
        ),
        (
            "pull_request",
            json!({"action": "opened", "number": 12, "pull_request": pull}),
            json!([["pull_request", {"number": 12, "state": "open", "author": null, "sourceBranch": "weave", "headSha": SHA}]]),
        ),
        (
            "issue_comment",
            json!({"action": "created", "issue": {"number": 12, "pull_request": {"url": "x"}}, "comment": {"id": 5, "body": "Nice", "user": {"id": 3, "login": "ada"}}}),
            json!([["comment", {"id": "5", "body": "Nice", "pullRequestNumber": 12, "commitSha": null, "author": {"login": "ada"}}]]),
        ),
        (
            "issue_comment",
            json!({"action": "created", "issue": {"number": 13}, "comment": {"id": 6, "body": "Hm", "user": null}}),
            json!([["comment", {"id": "6", "pullRequestNumber": null, "author": null}]]),
        ),
        (
            "commit_comment",
            json!({"action": "created", "comment": {"id": 7, "body": "Here", "commit_id": SHA}}),
            json!([["comment", {"commitSha": SHA, "pullRequestNumber": null}]]),
        ),
        (
            "pull_request_review",
            json!({"action": "submitted", "pull_request": pull, "review": {"id": 8, "body": "Good", "state": "approved", "submitted_at": "2026-03-01T08:00:00Z"}}),
            json!([["comment", {"id": "8", "body": "Good", "pullRequestNumber": 12, "createdAt": "2026-03-01T08:00:00.000Z"}]]),
        ),
        (
            "pull_request_review",
            json!({"action": "submitted", "pull_request": pull, "review": {"id": 9, "body": null, "state": "approved", "commit_id": SHA}}),
            json!([["comment", {"id": "9", "body": null, "state": "approved", "pullRequestNumber": 12, "commitSha": SHA}]]),
        ),
        (
            "pull_request_review",
            json!({"action": "submitted", "pull_request": pull, "review": {"id": 9, "state": "acknowledged"}}),
            json!([["comment", {"id": "9", "state": "commented"}]]),
        ),
        (
            "release",
            json!({"action": "published", "release": {"id": 4, "tag_name": "v1", "draft": false, "author": {"id": 3, "login": "ada"}}}),
            json!([["release", {"id": "4", "tagName": "v1", "draft": false}]]),
        ),
        (
            "check_run",
            json!({"action": "completed", "check_run": {"id": 44, "name": "build", "status": "completed", "conclusion": "timed_out", "head_sha": SHA}}),
            json!([["check", {"id": "run:44", "status": "completed", "conclusion": "timed_out", "commitSha": SHA}]]),
        ),
        (
            "status",
            json!({"id": 45, "sha": SHA, "name": "mill/loom", "context": "ci/build", "state": "failure", "description": "Broken", "target_url": "https://ci.example/1", "updated_at": "2026-03-01T08:00:00+00:00"}),
            json!([["check", {"id": "status:45", "name": "ci/build", "status": "completed", "conclusion": "failure", "commitSha": SHA, "webUrl": "https://ci.example/1", "completedAt": "2026-03-01T08:00:00.000Z"}]]),
        ),
        (
            "deployment",
            json!({"action": "created", "deployment": {"id": 9, "ref": "main", "sha": SHA, "environment": "live", "payload": "{}"}}),
            json!([["deployment", {"id": "9", "state": "pending", "environment": "live"}]]),
        ),
        (
            "deployment_status",
            json!({"action": "created", "deployment_status": {"state": "success"}, "deployment": {"id": 9, "sha": SHA}}),
            json!([["deployment", {"id": "9", "state": "success", "environment": null}]]),
        ),
        (
            "repository",
            json!({"action": "renamed", "changes": {"repository": {"name": {"from": "loom"}}}}),
            json!([["repository", {"id": "7", "fullName": "mill/loom", "connectionId": "conn_fixture"}]]),
        ),
        (
            "ping",
            json!({"zen": "Keep it logically awesome.", "hook_id": 1}),
            json!([]),
        ),
        ("star", json!({"action": "created"}), json!([])),
    ]
}

#[tokio::test]
async fn every_event_is_told_in_the_unified_words() {
    let up = Upstream::start(&[]).await;
    for (event, mut payload, expected) in cases() {
        let repository = json!({"id": 7, "name": "loom", "full_name": "mill/loom"});
        payload
            .as_object_mut()
            .unwrap()
            .entry("repository")
            .or_insert(repository);
        let sent = [("x-github-event", event), ("x-github-delivery", "guid-1")];
        let events = read(&up.provider, &sent, payload.to_string().as_bytes()).unwrap();
        assert_eq!(events.delivery_id.as_deref(), Some("guid-1"));
        assert_eq!(events.repository_id.as_deref(), Some("7"), "{event}");
        assert_eq!(events.full_name.as_deref(), Some("mill/loom"), "{event}");
        let told = told(events);
        assert!(holds(&told, &expected), "{event}: {told}");
    }
}

const AT: &str = "2026-03-01T08:00:00Z";
const TIME: &str = "2026-03-01T08:00:00.000Z";

/// The event, the payload, and what happened: action, GitHub's word, time.
fn deeds_told() -> Vec<(&'static str, Value, Value)> {
    let acted = |action: &str, more: Value| {
        let mut payload = json!({"action": action});
        payload
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        payload
    };
    let pull = |action: &str, state: Value| {
        let mut pull = json!({"id": 91, "number": 12, "updated_at": AT});
        pull.as_object_mut()
            .unwrap()
            .extend(state.as_object().unwrap().clone());
        acted(action, json!({"pull_request": pull}))
    };
    let comment = |action: &str| {
        acted(
            action,
            json!({"issue": {"number": 1}, "comment": {"id": 5, "created_at": AT, "updated_at": AT}}),
        )
    };
    let review = |action: &str, state: &str| {
        let review = json!({"id": 8, "body": null, "state": state, "submitted_at": AT});
        acted(
            action,
            json!({"pull_request": {"number": 12, "updated_at": "2026-03-01T09:30:00Z"}, "review": review}),
        )
    };
    let release = |action: &str| {
        let release = json!({"id": 4, "tag_name": "v1", "created_at": "2026-02-01T08:00:00Z", "published_at": AT});
        acted(action, json!({"release": release}))
    };
    let run = |action: &str| {
        acted(
            action,
            json!({"check_run": {"id": 44, "status": "queued", "started_at": AT}}),
        )
    };
    let repository = |action: &str| {
        acted(
            action,
            json!({"repository": {"id": 7, "name": "loom", "full_name": "mill/loom", "updated_at": AT}}),
        )
    };
    let (open, merged) = (
        json!({"state": "open"}),
        json!({"state": "closed", "merged_at": AT}),
    );
    vec![
        (
            "push",
            json!({"ref": "refs/heads/main", "repository": {"id": 7, "pushed_at": 1_772_352_000}}),
            json!([["push", null, null, TIME]]),
        ),
        (
            "create",
            json!({"ref": "weave", "ref_type": "branch"}),
            json!([["branch.created", "created", null, null]]),
        ),
        (
            "delete",
            json!({"ref": "v1", "ref_type": "tag"}),
            json!([["tag.deleted", "deleted", null, null]]),
        ),
        (
            "pull_request",
            pull("opened", open.clone()),
            json!([["pull_request", "created", "opened", TIME]]),
        ),
        (
            "pull_request",
            pull("synchronize", open.clone()),
            json!([["pull_request", "updated", "synchronize", TIME]]),
        ),
        (
            "pull_request",
            pull("closed", json!({"state": "closed"})),
            json!([["pull_request", "closed", "closed", TIME]]),
        ),
        (
            "pull_request",
            pull("closed", merged),
            json!([["pull_request", "merged", "closed", TIME]]),
        ),
        (
            "pull_request",
            pull("reopened", open.clone()),
            json!([["pull_request", "reopened", "reopened", TIME]]),
        ),
        (
            "pull_request",
            pull("review_requested", open.clone()),
            json!([["pull_request", "requested", "review_requested", TIME]]),
        ),
        (
            "pull_request",
            pull("a_word_of_tomorrow", open),
            json!([["pull_request", "updated", "a_word_of_tomorrow", TIME]]),
        ),
        (
            "issue_comment",
            comment("created"),
            json!([["comment", "created", "created", TIME]]),
        ),
        (
            "issue_comment",
            comment("edited"),
            json!([["comment", "updated", "edited", TIME]]),
        ),
        (
            "issue_comment",
            comment("deleted"),
            json!([["comment", "deleted", "deleted", null]]),
        ),
        (
            "pull_request_review",
            review("submitted", "approved"),
            json!([["comment", "approved", "submitted", TIME]]),
        ),
        (
            "pull_request_review",
            review("submitted", "changes_requested"),
            json!([["comment", "changes_requested", "submitted", TIME]]),
        ),
        (
            "pull_request_review",
            review("submitted", "commented"),
            json!([["comment", "created", "submitted", TIME]]),
        ),
        // A word that nobody knows yet says neither yes nor no.
        (
            "pull_request_review",
            review("submitted", "acknowledged"),
            json!([["comment", "created", "submitted", TIME]]),
        ),
        (
            "pull_request_review",
            review("edited", "approved"),
            json!([["comment", "updated", "edited", "2026-03-01T09:30:00.000Z"]]),
        ),
        (
            "pull_request_review",
            review("dismissed", "dismissed"),
            json!([[
                "comment",
                "dismissed",
                "dismissed",
                "2026-03-01T09:30:00.000Z"
            ]]),
        ),
        (
            "release",
            release("created"),
            json!([["release", "created", "created", "2026-02-01T08:00:00.000Z"]]),
        ),
        (
            "release",
            release("published"),
            json!([["release", "published", "published", TIME]]),
        ),
        (
            "release",
            release("unpublished"),
            json!([["release", "unpublished", "unpublished", null]]),
        ),
        (
            "release",
            release("prereleased"),
            json!([["release", "updated", "prereleased", null]]),
        ),
        (
            "release",
            release("deleted"),
            json!([["release", "deleted", "deleted", null]]),
        ),
        (
            "check_run",
            run("created"),
            json!([["check", "created", "created", TIME]]),
        ),
        (
            "check_run",
            run("completed"),
            json!([["check", "completed", "completed", TIME]]),
        ),
        (
            "check_run",
            run("rerequested"),
            json!([["check", "requested", "rerequested", TIME]]),
        ),
        (
            "status",
            json!({"id": 45, "sha": SHA, "state": "pending", "updated_at": AT}),
            json!([["check", "updated", "pending", TIME]]),
        ),
        (
            "status",
            json!({"id": 45, "sha": SHA, "state": "success", "updated_at": AT}),
            json!([["check", "completed", "success", TIME]]),
        ),
        (
            "deployment",
            acted(
                "created",
                json!({"deployment": {"id": 9, "created_at": AT}}),
            ),
            json!([["deployment", "created", "created", TIME]]),
        ),
        (
            "deployment_status",
            acted(
                "created",
                json!({"deployment": {"id": 9}, "deployment_status": {"state": "in_progress", "created_at": AT}}),
            ),
            json!([["deployment", "updated", "created", TIME]]),
        ),
        (
            "deployment_status",
            acted(
                "created",
                json!({"deployment": {"id": 9}, "deployment_status": {"state": "failure", "created_at": AT}}),
            ),
            json!([["deployment", "completed", "created", TIME]]),
        ),
        (
            "repository",
            repository("privatized"),
            json!([["repository", "visibility_changed", "privatized", TIME]]),
        ),
        (
            "repository",
            repository("archived"),
            json!([["repository", "archived", "archived", TIME]]),
        ),
        (
            "repository",
            repository("renamed"),
            json!([["repository", "renamed", "renamed", TIME]]),
        ),
        (
            "repository",
            repository("transferred"),
            json!([["repository", "transferred", "transferred", TIME]]),
        ),
        (
            "repository",
            repository("deleted"),
            json!([["repository", "deleted", "deleted", null]]),
        ),
    ]
}

#[tokio::test]
async fn what_happened_is_told_and_when() {
    let up = Upstream::start(&[]).await;
    for (event, payload, expected) in deeds_told() {
        let sent = [("x-github-event", event), ("x-github-delivery", "guid-1")];
        let events = read(&up.provider, &sent, payload.to_string().as_bytes()).unwrap();
        assert_eq!(deeds(&events), expected, "{event}: {payload}");
    }
}

#[tokio::test]
async fn a_hook_for_checks_asks_for_runs_and_statuses() {
    let (sent, bodies) = std::sync::mpsc::channel();
    let host = StandIn::answering(move |_, _, body| {
        sent.send(body.to_owned()).unwrap();
        Reply::new(201, r#"{"id": 1}"#)
    })
    .await;
    let github = Github::new(host.http(), &format!("{}/api/v3", host.url())).unwrap();
    let hook = NewHook {
        url: "https://gateway.example/v1/hooks/github/sub_1",
        secret: &Secret::from("whsec_fixture"),
        events: &[EventName::Check],
    };
    let hooks = github.hooks().unwrap();
    hooks.create(&call(), &repo(), &hook).await.unwrap();
    let body: Value = serde_json::from_str(&bodies.recv().unwrap()).unwrap();
    assert_eq!(body["events"], json!(["check_run", "status"]));
}

#[tokio::test]
async fn what_is_no_payload_is_refused() {
    let up = Upstream::start(&[]).await;
    let named = ("x-github-event", "push");
    let numbered = ("x-github-delivery", "guid-1");
    let whole = br#"{"ref": "refs/heads/main"}"#;
    for (sent, body) in [
        (vec![named], &whole[..]),
        (vec![numbered], whole),
        (vec![named, numbered], b""),
        (vec![named, numbered], b"payload=%7B%7D"),
        (vec![named, numbered], b"[]"),
        (vec![named, numbered], br#"{"commits": []}"#),
        (
            vec![("x-github-event", "pull_request"), numbered],
            br#"{"action": "opened"}"#,
        ),
    ] {
        let refused = read(&up.provider, &sent, body).unwrap_err();
        assert_eq!(refused.code(), Code::InvalidRequest, "{sent:?}");
    }
}

#[tokio::test]
async fn only_the_mac_of_the_body_is_believed() {
    // sec: SR-10
    let up = Upstream::start(&[]).await;
    let connection = ConnectionId::parse("conn_fixture").unwrap();
    let secret = Secret::new("It's a Secret to Everybody".to_owned());
    // The published vector.
    let right = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let wrong = right.replace("17", "18");
    let longer = format!("{right}00");
    for (name, value, body, believed) in [
        ("x-hub-signature-256", right, "Hello, World!", true),
        ("x-hub-signature-256", right, "Hello, World", false),
        ("x-hub-signature-256", &wrong, "Hello, World!", false),
        ("x-hub-signature-256", &right[7..], "Hello, World!", false),
        ("x-hub-signature-256", &right[..40], "Hello, World!", false),
        ("x-hub-signature-256", "sha256=", "Hello, World!", false),
        ("x-hub-signature-256", &longer, "Hello, World!", false),
        ("x-hub-signature-256", "", "Hello, World!", false),
        ("x-gitlab-token", right, "Hello, World!", false),
        ("x-hub-signature", right, "Hello, World!", false),
    ] {
        let headers = headers(&[(name, value)]);
        let call = HookCall {
            headers: &headers,
            body: body.as_bytes(),
            connection_id: &connection,
            repository_id: "7",
        };
        let verified = up.provider.hooks().unwrap().verify(&call, &secret);
        assert_eq!(verified, believed, "{name}: {value} {body}");
        let another = Secret::new("Nobody's Secret".to_owned());
        let verified = up.provider.hooks().unwrap().verify(&call, &another);
        assert!(!verified, "{name}: {value} {body}");
    }
}
