//! What GitLab's hooks send, and what becomes of it; who is believed.

use gitflare_core::{
    Code, ConnectionId, Secret,
    model::EventName,
    provider::{HookCall, NewHook, Provider},
};
use gitflare_providers::conformance::Reply;
use serde_json::{Value, json};

use crate::gitlab::{
    SHA, Upstream, repo,
    support::{
        call,
        hooks::{deeds, headers, holds, read, told},
    },
};

const ZEROS: &str = "0000000000000000000000000000000000000000";
const OTHER: &str = "2222222222333333333344444444445555555555";

/// The payload without its project, and what is told.
fn cases() -> Vec<(Value, Value)> {
    let commit = json!({
        "id": SHA, "title": "Tie knots", "message": "Tie knots\n\nTightly.", "timestamp": "2026-03-01T09:00:00+01:00",
        "url": "https://gitlab.com/mill/loom/-/commit/1", "author": {"name": "Ada", "email": "ada@mill.example"},
        "added": ["a"], "modified": [], "removed": [],
    });
    let ada = json!({"id": 3, "name": "Ada", "username": "ada", "avatar_url": "https://gitlab.com/a.png", "email": "[REDACTED]"});
    vec![
        (
            json!({"object_kind": "push", "ref": "refs/heads/main", "before": OTHER, "after": SHA, "commits": [commit, null], "total_commits_count": 1, "user_id": 3}),
            json!([["push", {"ref": "refs/heads/main", "before": OTHER, "after": SHA, "commits": [{"sha": SHA, "title": "Tie knots"}]}]]),
        ),
        (
            json!({"object_kind": "push", "ref": "refs/heads/weave/new", "before": ZEROS, "after": SHA, "commits": []}),
            json!([["push", {"before": null}], ["branch.created", {"name": "weave/new", "commitSha": SHA}]]),
        ),
        (
            json!({"object_kind": "push", "ref": "refs/heads/gone", "before": SHA, "after": ZEROS, "checkout_sha": null, "commits": []}),
            json!([["push", {"after": null}], ["branch.deleted", {"name": "gone", "commitSha": SHA}]]),
        ),
        (
            // An annotated tag is an object of its own beside its commit.
            json!({"object_kind": "tag_push", "ref": "refs/tags/v1", "before": ZEROS, "after": OTHER, "checkout_sha": SHA, "message": "First"}),
            json!([["push", {"ref": "refs/tags/v1"}], ["tag.created", {"name": "v1", "commitSha": SHA}]]),
        ),
        (
            json!({"object_kind": "tag_push", "ref": "refs/tags/v1", "before": OTHER, "after": ZEROS, "checkout_sha": null}),
            json!([["push", {}], ["tag.deleted", {"name": "v1", "commitSha": null}]]),
        ),
        (
            json!({
                "object_kind": "merge_request", "user": ada, "labels": [{"id": 1, "title": "loom"}],
                "object_attributes": {
                    "id": 91, "iid": 12, "title": "Weave", "state": "merged", "action": "merge", "draft": false, "author_id": 3,
                    "source_branch": "weave", "target_branch": "main", "last_commit": commit, "merge_commit_sha": OTHER,
                    "created_at": "2026-03-01 08:00:00 UTC", "updated_at": "2026-03-01T08:00:00Z",
                },
            }),
            json!([["pull_request", {
                "number": 12, "state": "merged", "headSha": SHA, "mergeCommitSha": OTHER, "labels": ["loom"], "author": {"id": "3", "login": null},
                "createdAt": "2026-03-01T08:00:00.000Z", "updatedAt": "2026-03-01T08:00:00.000Z",
            }]]),
        ),
        (
            json!({
                "object_kind": "note", "user": ada, "merge_request": {"id": 91, "iid": 12, "last_commit": commit},
                "object_attributes": {"id": 5, "note": "Nice", "noteable_type": "MergeRequest", "commit_id": "", "created_at": "2026-03-01 08:00:00 UTC"},
            }),
            json!([["comment", {"id": "5", "body": "Nice", "pullRequestNumber": 12, "commitSha": null, "author": {"login": "ada"}}]]),
        ),
        (
            json!({"object_kind": "note", "user": ada, "commit": commit, "object_attributes": {"id": 6, "note": "Here", "noteable_type": "Commit", "line_code": "x"}}),
            json!([["comment", {"commitSha": SHA, "pullRequestNumber": null}]]),
        ),
        (
            json!({"object_kind": "release", "id": 4, "tag": "v1", "name": "First", "description": "Notes", "action": "create", "created_at": "2026-03-01 08:00:00 UTC", "released_at": "2026-03-01 08:00:00 UTC", "commit": commit, "assets": {"count": 1, "links": [{"id": 1, "name": "loom.tar", "url": "https://x.example/loom.tar"}], "sources": []}}),
            json!([["release", {"tagName": "v1", "name": "First", "assets": [{"name": "loom.tar"}], "publishedAt": "2026-03-01T08:00:00.000Z"}]]),
        ),
        (
            // The commit is told by its pipeline's number here.
            json!({
                "object_kind": "build", "ref": "main", "tag": false, "sha": SHA, "before_sha": OTHER, "build_id": 44, "build_name": "test", "build_stage": "test",
                "build_status": "failed", "build_allow_failure": true, "build_started_at": "2026-03-01 08:00:00 UTC", "build_finished_at": null,
                "user": ada, "environment": null, "runner": {"id": 1, "description": "x", "tags": []}, "project_id": 7,
                "commit": {"id": 2293, "name": "Build pipeline", "sha": SHA, "message": "x", "author_name": "Ada", "status": "created", "duration": null},
            }),
            json!([["check", {"id": "44", "name": "test", "status": "completed", "conclusion": "neutral", "commitSha": SHA, "ref": "main", "completedAt": null}]]),
        ),
        (
            json!({"object_kind": "build", "build_id": 45, "build_status": "running", "environment": {"name": "live", "action": "start"}, "commit": {"id": null}}),
            json!([["check", {"id": "45", "status": "in_progress", "conclusion": null}]]),
        ),
        (
            json!({"object_kind": "deployment", "status": "success", "status_changed_at": "2026-03-01 08:00:00 +0000", "deployment_id": 9, "environment": "live", "short_sha": "11111111", "ref": "main", "user": ada, "commit_title": "x"}),
            json!([["deployment", {"id": "9", "state": "success", "environment": "live", "commitSha": null, "creator": {"login": "ada"}}]]),
        ),
        // Not asked for, and of other shapes.
        (
            json!({"object_kind": "pipeline", "object_attributes": {"id": 31, "tag": false, "status": "success", "url": 1}, "commit": {"id": 1}, "status": 5}),
            json!([]),
        ),
        (
            json!({"object_kind": "wiki_page", "object_attributes": "x"}),
            json!([]),
        ),
        (json!({}), json!([])),
    ]
}

#[tokio::test]
async fn every_event_is_told_in_the_unified_words() {
    let up = Upstream::start(&[]).await;
    for (mut payload, expected) in cases() {
        let project = json!({"id": 7, "name": "Loom", "path_with_namespace": "mill/loom"});
        payload["project"] = project;
        let sent = [
            ("idempotency-key", "key-1"),
            ("x-gitlab-event-uuid", "uuid-1"),
        ];
        let body = payload.to_string();
        let events = read(&up.provider, &sent, body.as_bytes()).unwrap();
        assert_eq!(events.delivery_id.as_deref(), Some("key-1"));
        assert_eq!(events.repository_id.as_deref(), Some("7"));
        assert_eq!(events.full_name.as_deref(), Some("mill/loom"));
        let told = told(events);
        assert!(holds(&told, &expected), "{body}: {told}");
    }
}

#[tokio::test]
async fn what_is_no_payload_is_refused() {
    let up = Upstream::start(&[]).await;
    let numbered = ("x-gitlab-event-uuid", "uuid-1");
    for (sent, body) in [
        (vec![numbered], &b""[..]),
        (vec![numbered], b"object_kind=push"),
        (vec![numbered], b"[]"),
        (vec![numbered], br#"{"object_kind": "push", "ref": 5}"#),
    ] {
        let refused = read(&up.provider, &sent, body).unwrap_err();
        assert_eq!(refused.code(), Code::InvalidRequest, "{sent:?}");
    }
}

#[tokio::test]
async fn a_delivery_keeps_its_name_when_it_comes_again() {
    // sec: SR-10
    let up = Upstream::start(&[]).await;
    let id = |sent: &[(&str, &str)], body: &[u8]| {
        let events = read(&up.provider, sent, body).unwrap();
        events.delivery_id.unwrap()
    };
    let named = [("idempotency-key", "a"), ("x-gitlab-event-uuid", "b")];
    assert_eq!(id(&named, b"{}"), "a");
    // Older releases name the event, which hooks that cause each other share, or nothing.
    let one = br#"{"object_kind": "push", "ref": "refs/heads/one"}"#;
    let two = br#"{"object_kind": "push", "ref": "refs/heads/two"}"#;
    for sent in [&[("x-gitlab-event-uuid", "b")][..], &[]] {
        assert_eq!(id(sent, one), id(sent, one));
        assert_ne!(id(sent, one), id(sent, two));
        assert!(id(sent, one).len() <= 200);
    }
    let others = [("x-gitlab-event-uuid", "c")];
    assert_ne!(id(&[("x-gitlab-event-uuid", "b")], one), id(&others, one));
}

#[tokio::test]
async fn what_happened_is_told_and_when() {
    let up = Upstream::start(&[]).await;
    let time = "2026-03-01T08:00:00.000Z";
    let merge_request = |action: Value| json!({"object_kind": "merge_request", "object_attributes": {"id": 91, "iid": 12, "action": action, "updated_at": "2026-03-01 08:00:00 UTC"}});
    let by_anna = |action: &str| {
        let mut payload = merge_request(json!(action));
        payload["user"] = json!({"id": 3, "username": "anna"});
        payload
    };
    let by_push = |action: &str| {
        let mut payload = by_anna(action);
        payload["object_attributes"]["system"] = true.into();
        payload["object_attributes"]["system_action"] = "approvals_reset_on_push".into();
        payload
    };
    let note = |action: Value| json!({"object_kind": "note", "object_attributes": {"id": 5, "note": "Nice", "action": action, "updated_at": "2026-03-01T08:00:00Z"}});
    let release = |action: &str| json!({"object_kind": "release", "tag": "v1", "action": action, "created_at": "2026-03-01 08:00:00 UTC"});
    let build = |status: &str| json!({"object_kind": "build", "build_id": 44, "build_status": status, "build_started_at": "2026-03-01 08:00:00 UTC"});
    let deployment = |status: &str| json!({"object_kind": "deployment", "deployment_id": 9, "status": status, "status_changed_at": "2026-03-01 09:00:00 +0100"});
    for (payload, expected) in [
        (
            json!({"object_kind": "push", "ref": "refs/heads/new", "before": ZEROS, "after": SHA}),
            json!([
                ["push", null, null, null],
                ["branch.created", "created", null, null]
            ]),
        ),
        (
            merge_request(json!("open")),
            json!([["pull_request", "created", "open", time]]),
        ),
        (
            merge_request(json!("update")),
            json!([["pull_request", "updated", "update", time]]),
        ),
        (
            merge_request(json!("close")),
            json!([["pull_request", "closed", "close", time]]),
        ),
        (
            merge_request(json!("reopen")),
            json!([["pull_request", "reopened", "reopen", time]]),
        ),
        (
            merge_request(json!("merge")),
            json!([["pull_request", "merged", "merge", time]]),
        ),
        (
            merge_request(json!("approved")),
            json!([["pull_request", "approved", "approved", time]]),
        ),
        (
            merge_request(json!("unapproved")),
            json!([["pull_request", "dismissed", "unapproved", time]]),
        ),
        // With whose it is, it is told as a review without words as well.
        (
            by_anna("approved"),
            json!([
                ["pull_request", "approved", "approved", time],
                ["comment", "approved", "approved", time]
            ]),
        ),
        (
            by_anna("unapproval"),
            json!([
                ["pull_request", "dismissed", "unapproval", time],
                ["comment", "dismissed", "unapproval", time]
            ]),
        ),
        (
            merge_request(json!("new_word")),
            json!([["pull_request", "updated", "new_word", time]]),
        ),
        // The approvals job of a merge request tells no action.
        (
            merge_request(Value::Null),
            json!([["pull_request", null, null, time]]),
        ),
        (
            note(json!("create")),
            json!([["comment", "created", "create", time]]),
        ),
        (
            note(json!("update")),
            json!([["comment", "updated", "update", time]]),
        ),
        (note(Value::Null), json!([["comment", null, null, time]])),
        (
            release("create"),
            json!([["release", "created", "create", time]]),
        ),
        (
            release("update"),
            json!([["release", "updated", "update", null]]),
        ),
        (
            release("delete"),
            json!([["release", "deleted", "delete", null]]),
        ),
        // A push takes them all back, and who pushed is no reviewer.
        (
            by_push("unapproved"),
            json!([
                ["pull_request", "dismissed", "unapproved", time],
                ["comment", "dismissed", "unapproved", time]
            ]),
        ),
        (
            build("running"),
            json!([["check", "updated", "running", time]]),
        ),
        (
            json!({"object_kind": "build", "build_id": 44, "build_status": "created", "build_created_at": "2026-03-01 08:00:00 UTC", "build_started_at": null}),
            json!([["check", "created", "created", time]]),
        ),
        (
            json!({"object_kind": "build", "build_id": 44, "build_status": "pending", "build_created_at": "2026-03-01 08:00:00 UTC"}),
            json!([["check", "updated", "pending", time]]),
        ),
        (
            json!({"object_kind": "build", "build_id": 44, "build_status": "manual"}),
            json!([["check", "completed", "manual", null]]),
        ),
        (
            build("success"),
            json!([["check", "completed", "success", time]]),
        ),
        (
            deployment("created"),
            json!([["deployment", "created", "created", time]]),
        ),
        (
            deployment("running"),
            json!([["deployment", "updated", "running", time]]),
        ),
        (
            deployment("failed"),
            json!([["deployment", "completed", "failed", time]]),
        ),
    ] {
        let events = read(&up.provider, &[], payload.to_string().as_bytes()).unwrap();
        assert_eq!(deeds(&events), expected, "{payload}");
    }
}

#[tokio::test]
async fn a_push_that_takes_approvals_back_names_no_reviewer() {
    let up = Upstream::start(&[]).await;
    let payload = |system: bool| {
        json!({
            "object_kind": "merge_request", "user": {"id": 3, "username": "anna"},
            "object_attributes": {"id": 91, "iid": 12, "action": "unapproved", "system": system},
        })
    };
    for (system, id, author) in [
        (true, "reviews:91", Value::Null),
        (false, "review:3", json!({"id": "3", "login": "anna"})),
    ] {
        let body = payload(system).to_string();
        let told = told(read(&up.provider, &[], body.as_bytes()).unwrap());
        let comment =
            json!({"id": id, "author": author, "state": "dismissed", "pullRequestNumber": 12});
        assert!(holds(&told[1], &json!(["comment", comment])), "{told:#}");
    }
}

#[tokio::test]
async fn only_the_hooks_token_is_believed() {
    // sec: SR-10
    let up = Upstream::start(&[]).await;
    let connection = ConnectionId::parse("conn_fixture").unwrap();
    let secret = Secret::new("a token of the hook".to_owned());
    for (sent, believed) in [
        (vec![("x-gitlab-token", "a token of the hook")], true),
        (vec![("x-gitlab-token", "a token of the hook ")], false),
        (vec![("x-gitlab-token", "a token of the hool")], false),
        (vec![("x-gitlab-token", "")], false),
        (vec![], false),
    ] {
        let headers = headers(&sent);
        let call = HookCall {
            headers: &headers,
            body: b"{}",
            connection_id: &connection,
            repository_id: "7",
        };
        let verified = up.provider.hooks().unwrap().verify(&call, &secret);
        assert_eq!(verified, believed, "{sent:?}");
    }
}

#[tokio::test]
async fn why_a_hook_is_not_made_is_told_apart() {
    let project = json!({"id": 7, "path": "loom", "path_with_namespace": "mill/loom"}).to_string();
    let secret = Secret::from("a secret of the hook");
    let wish = NewHook {
        url: "https://gateway.example/hooks",
        secret: &secret,
        events: &[EventName::Push],
    };
    for (status, body, code) in [
        (
            403,
            r#"{"error": "insufficient_scope", "scope": "api"}"#,
            Code::InsufficientScope,
        ),
        (
            403,
            r#"{"message": "403 Forbidden"}"#,
            Code::InsufficientScope,
        ),
        (
            404,
            r#"{"message": "404 Not Found"}"#,
            Code::InsufficientScope,
        ),
        (
            404,
            r#"{"message": "404 Project Not Found"}"#,
            Code::RepositoryNotFound,
        ),
        (
            404,
            r#"{"message": "404 Project hook {:base=>[\"Maximum number of project hooks exceeded\"]} Not Found"}"#,
            Code::InvalidRequest,
        ),
        (
            422,
            r#"{"error": "Invalid url given"}"#,
            Code::InvalidRequest,
        ),
        (401, r#"{"message": "401 Unauthorized"}"#, Code::AuthExpired),
        // What stands in front, and policies, are nobody's rights.
        (403, "<html>", Code::UpstreamUnavailable),
        (
            403,
            r#"{"message": "403 Forbidden - SAML sign-in needed"}"#,
            Code::AccessBlockedByPolicy,
        ),
    ] {
        let reply = match body {
            "<html>" => Reply::new(status, body).with("content-type", "text/html"),
            _ => Reply::new(status, body),
        };
        let up = Upstream::start(&[
            ("projects/7/hooks", reply),
            ("projects/7", Reply::ok(&*project)),
        ])
        .await;
        let hooks = up.provider.hooks().unwrap();
        let refused = hooks.create(&call(), &repo(), &wish).await.unwrap_err();
        assert_eq!(refused.code(), code, "{status} {body}");
        assert_eq!(refused.upstream_status(), Some(status), "{body}");
    }
}
