//! What GitFlic's hooks send, and what becomes of it; who is believed.

use gitflare_core::{
    Code, ConnectionId, Secret,
    model::EventName,
    provider::{HookCall, NewHook, Provider, RepoRef},
};
use gitflare_providers::{
    conformance::{Reply, StandIn},
    gitflic::Gitflic,
};
use serde_json::{Value, json};

use crate::gitflic::{
    ID, SHA, believing, below, repo,
    support::{
        call,
        hooks::{deeds, headers, holds, read, told},
    },
};

async fn upstream(reply: Reply) -> (StandIn, Gitflic) {
    let stand_in = StandIn::answering(move |_, _, _| reply.clone()).await;
    let url = format!("{}/rest-api", stand_in.url());
    let provider = believing(Gitflic::new(stand_in.http(), &url, None));
    (stand_in, provider)
}

/// The payload without its project, and what is told.
fn cases() -> Vec<(Value, Value)> {
    let pushed = |action: &str, name: &str| json!({"action": action, "push": {"ref": name}});
    let merge_request = |action: &str| {
        json!({
            "action": action,
            "merge_request": {
                "id": "m", "local_id": 4, "title": "Weave", "description": "", "source_branch": "weave/new",
                "target_branch": "main", "user_alias": "ada",
            },
        })
    };
    let pipeline = |action: &str| {
        json!({
            "action": action,
            "pipeline": {
                "id": "p", "local_id": 41, "ref": "refs/heads/main", "commit_id": SHA, "url": "https://gitflic.ru/x",
                "commit": {"id": SHA, "author_name": "Ada"},
            },
        })
    };
    let state = |state: &str| json!([["pull_request", {"id": "m", "number": 4, "state": state, "description": null, "author": {"login": "ada"}}]]);
    vec![
        (
            pushed("BRANCH_UPDATE", "refs/heads/main"),
            json!([["push", {"ref": "refs/heads/main", "before": null, "after": null, "commits": []}]]),
        ),
        (
            pushed("BRANCH_CREATE", "refs/heads/weave/new"),
            json!([
                ["push", {"ref": "refs/heads/weave/new"}],
                ["branch.created", {"name": "weave/new", "commitSha": null}],
            ]),
        ),
        (
            pushed("BRANCH_DELETE", "refs/heads/weave/new"),
            json!([["branch.deleted", {"name": "weave/new"}]]),
        ),
        (
            pushed("TAG_CREATE", "refs/tags/v1"),
            json!([["tag.created", {"name": "v1"}]]),
        ),
        (
            pushed("TAG_DELETE", "refs/tags/v1"),
            json!([["tag.deleted", {"name": "v1"}]]),
        ),
        (merge_request("MERGE_REQUEST_CREATE"), state("open")),
        (merge_request("MERGE_REQUEST_CANCEL"), state("closed")),
        (merge_request("MERGE_REQUEST_CLOSE"), state("closed")),
        (merge_request("MERGE"), state("merged")),
        (
            json!({"action": "DISCUSSION_CREATE", "discussion": {"id": "d", "message": "Nice"}}),
            json!([["comment", {"id": "d", "body": "Nice", "pullRequestNumber": null}]]),
        ),
        (
            pipeline("PIPELINE_WARNING"),
            json!([["check", {"id": "p", "status": "completed", "conclusion": "neutral", "commitSha": SHA, "ref": "main"}]]),
        ),
        (
            pipeline("PIPELINE_NEW"),
            json!([["check", {"status": "queued", "conclusion": null}]]),
        ),
        // What cannot be told without being made up.
        (
            json!({"action": "MERGE_REQUEST_UPDATE", "merge_request": {"title": "x"}}),
            json!([]),
        ),
        (json!({"action": "COLLABORATOR_ADD"}), json!([])),
    ]
}

#[tokio::test]
async fn every_event_is_told_in_the_unified_words() {
    let (_stand_in, provider) = upstream(Reply::new(418, "")).await;
    for (mut payload, expected) in cases() {
        payload["project_id"] = json!(ID);
        payload["project"] =
            json!({"project_id": ID, "alias": "loom-engine", "owner_alias": "mill"});
        let events = read(&provider, &[], payload.to_string().as_bytes()).unwrap();
        assert_eq!(events.delivery_id, None, "nothing tells calls apart");
        assert_eq!(events.repository_id.as_deref(), Some(ID));
        assert_eq!(events.full_name.as_deref(), Some("mill/loom-engine"));
        let told = told(events);
        assert!(holds(&told, &expected), "{payload}: {told:#}");
    }
    for body in ["", "[]", r#"{"action": null}"#, "{"] {
        let refused = read(&provider, &[], body.as_bytes()).unwrap_err();
        assert_eq!(refused.code(), Code::InvalidRequest, "{body}");
    }
}

/// GitFlic's word for what happened, and what is told of it: events and their actions.
/// A word of the host, and what it becomes.
type Deed = (&'static str, Option<&'static str>);

const DEEDS: &[(&str, &[Deed])] = &[
    ("BRANCH_UPDATE", &[("push", None)]),
    (
        "BRANCH_CREATE",
        &[("push", None), ("branch.created", Some("created"))],
    ),
    ("BRANCH_DELETE", &[("branch.deleted", Some("deleted"))]),
    ("TAG_CREATE", &[("tag.created", Some("created"))]),
    ("TAG_DELETE", &[("tag.deleted", Some("deleted"))]),
    ("MERGE_REQUEST_CREATE", &[("pull_request", Some("created"))]),
    ("MERGE_REQUEST_UPDATE", &[("pull_request", Some("updated"))]),
    ("MERGE_REQUEST_CLOSE", &[("pull_request", Some("closed"))]),
    ("MERGE_REQUEST_CANCEL", &[("pull_request", Some("closed"))]),
    ("MERGE", &[("pull_request", Some("merged"))]),
    ("MERGE_REQUEST_ACCEPT", &[("comment", Some("approved"))]),
    ("NEW_ISSUE_NOTE", &[("comment", Some("created"))]),
    ("DISCUSSION_CREATE", &[("comment", Some("created"))]),
    ("PIPELINE_NEW", &[("check", Some("created"))]),
    ("PIPELINE_SUCCESS", &[("check", Some("completed"))]),
    ("PIPELINE_WARNING", &[("check", Some("completed"))]),
    ("PIPELINE_FAIL", &[("check", Some("completed"))]),
    // Of no unified kind.
    ("ISSUE_CREATE", &[]),
    ("ISSUE_UPDATE", &[]),
    ("COLLABORATOR_ADD", &[]),
    ("COLLABORATOR_UPDATE", &[]),
    ("COLLABORATOR_DELETE", &[]),
    ("SOMETHING_NEW", &[]),
];

#[tokio::test]
async fn every_word_for_what_happened_has_its_action() {
    let (_stand_in, provider) = upstream(Reply::new(418, "")).await;
    for (word, expected) in DEEDS {
        let payload = json!({
            "action": word,
            "project_id": ID,
            "push": {"ref": "refs/heads/main"},
            "merge_request": {
                "id": "m", "local_id": 4, "title": "Weave", "source_branch": "new",
                "target_branch": "main", "user_alias": "ada",
            },
            "pipeline": {"id": "p", "local_id": 41, "ref": "refs/heads/main", "commit_id": SHA},
            "discussion": {"id": "d", "message": "Nice"},
        });
        let events = read(&provider, &[], payload.to_string().as_bytes()).unwrap();
        let expected: Value = expected
            .iter()
            .map(|(name, action)| json!([name, action, word, null]))
            .collect();
        assert_eq!(deeds(&events), expected, "{word}");
    }
}

#[tokio::test]
async fn an_approval_without_words_is_told_with_its_state() {
    let (_stand_in, provider) = upstream(Reply::new(418, "")).await;
    let approved = |members: Value| {
        let mut payload = json!({"action": "MERGE_REQUEST_ACCEPT", "project_id": ID});
        payload
            .as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        told(read(&provider, &[], payload.to_string().as_bytes()).unwrap())
    };
    let merge_request = json!({"id": "m", "local_id": 4, "user_alias": "ada"});
    let wordless = approved(json!({"merge_request": merge_request}));
    let expected = json!([["comment", {
        "id": "approval:m", "state": "approved", "body": null, "author": null, "pullRequestNumber": 4,
    }]]);
    assert!(holds(&wordless, &expected), "{wordless:#}");
    let note =
        json!({"merge_request": merge_request, "discussion": {"id": "d", "message": "Nice"}});
    let expected = json!([["comment", {"id": "d", "state": "approved", "body": "Nice"}]]);
    let with_words = approved(note);
    assert!(holds(&with_words, &expected), "{with_words:#}");
    assert_eq!(approved(json!({})), json!([]), "nobody could say of what");
    // Both spellings may come at once.
    let both = approved(json!({"merge_request": merge_request, "discussion": {
        "id": "d", "uuid": "e", "message": "<p>Nice</p>", "raw_message": "Nice",
    }}));
    assert!(holds(&both, &expected), "{both:#}");
}

#[tokio::test]
async fn what_has_another_shape_than_was_guessed_is_unknown_and_refuses_no_call() {
    let (_stand_in, provider) = upstream(Reply::new(418, "")).await;
    for (payload, expected) in [
        (
            json!({"action": "NEW_ISSUE_NOTE", "note": {"id": "n", "message": "hi"}, "comment": {"id": "m"}}),
            json!([["comment", {"id": "n", "body": "hi"}]]),
        ),
        (
            json!({"action": "NEW_ISSUE_NOTE", "discussion": "n", "issue_note": {"id": 7, "uuid": "n"}}),
            json!([["comment", {"id": "n"}]]),
        ),
        (json!({"action": "BRANCH_UPDATE", "push": {}}), json!([])),
        (
            json!({"action": "BRANCH_UPDATE", "push": {"name": "x"}}),
            json!([]),
        ),
        (json!({"action": "BRANCH_UPDATE", "push": []}), json!([])),
        (
            json!({"action": "PIPELINE_FAIL", "pipeline": {"id": 7}, "project": "p", "project_id": 9}),
            json!([["check", {"id": "7", "conclusion": "failure"}]]),
        ),
        (json!({"action": "MERGE", "merge_request": "m"}), json!([])),
    ] {
        let events = read(&provider, &[], payload.to_string().as_bytes());
        let told = told(events.unwrap());
        assert!(holds(&told, &expected), "{payload}: {told:#}");
    }
}

#[tokio::test]
async fn the_test_of_a_hook_tells_nothing() {
    let (_stand_in, provider) = upstream(Reply::new(418, "")).await;
    let body = format!(r#"{{"action": "TEST_WEBHOOK", "project_id": "{ID}"}}"#);
    let events = read(&provider, &[], body.as_bytes()).unwrap();
    assert_eq!(events.repository_id.as_deref(), Some(ID));
    assert_eq!((events.full_name, events.events.len()), (None, 0));
}

#[tokio::test]
async fn only_who_knows_the_secret_is_believed() {
    // sec: SR-10
    let (_stand_in, provider) = upstream(Reply::new(418, "")).await;
    let secret = Secret::from("whsec_fixture");
    let connection = ConnectionId::parse("conn_fixture").unwrap();
    for (sent, believed) in [
        (vec![("gitflic-webhook-secret", "whsec_fixture")], true),
        (vec![("gitflic-webhook-secret", "whsec_fixturf")], false),
        (vec![("gitflic-webhook-secret", "whsec_fixture ")], false),
        (vec![("gitflic-webhook-secret", "")], false),
        (vec![], false),
    ] {
        let headers = headers(&sent);
        let call = HookCall {
            headers: &headers,
            body: b"{}",
            connection_id: &connection,
            repository_id: "7",
        };
        let verified = provider.hooks().unwrap().verify(&call, &secret);
        assert_eq!(verified, believed, "{sent:?}");
    }
}

#[tokio::test]
async fn a_hook_asks_for_what_its_events_need() {
    let made = r#"{"id": "99999999-0000-4000-8000-000000000001", "secret": "whsec_fixture"}"#;
    let stand_in = StandIn::answering(move |method, target, body| {
        let shown = json!([
            method,
            target,
            serde_json::from_str::<Value>(body).unwrap_or_default()
        ]);
        let asked = json!(["POST", format!("/rest-api/{}", below("/setting/webhook")), {
            "url": "https://gateway.example/v1/hooks/gitflic/sub_1", "secret": "whsec_fixture",
            "events": {"BRANCH_CREATE": true, "BRANCH_UPDATE": true, "TAG_CREATE": true},
        }]);
        let deleted =
            target.ends_with("/setting/webhook/99999999-0000-4000-8000-000000000001/delete");
        match (shown == asked, deleted && method == "POST") {
            (false, false) => Reply::new(418, shown.to_string()),
            _ => Reply::ok(made),
        }
    })
    .await;
    let url = format!("{}/rest-api", stand_in.url());
    let provider = believing(Gitflic::new(stand_in.http(), &url, None));
    let hook = NewHook {
        url: "https://gateway.example/v1/hooks/gitflic/sub_1",
        secret: &Secret::from("whsec_fixture"),
        events: &[EventName::TagCreated, EventName::Push],
    };
    let hooks = provider.hooks().unwrap();
    let id = hooks.create(&call(), &repo(), &hook).await.unwrap();
    assert_eq!(id, "mill/loom-engine/99999999-0000-4000-8000-000000000001");
    let name = hooks.repository_of(&id);
    assert_eq!(name.as_deref(), Some("mill/loom-engine"));
    // It is deleted without the name, which ended subscriptions do not keep.
    let nameless = RepoRef {
        full_name: None,
        ..repo()
    };
    hooks.delete(&call(), &nameless, &id).await.unwrap();

    for (status, code) in [
        (403, Code::InsufficientScope),
        (422, Code::InvalidRequest),
        (404, Code::RepositoryNotFound),
    ] {
        let (_stand_in, provider) = upstream(Reply::new(status, "{}")).await;
        let hooks = provider.hooks().unwrap();
        let refused = hooks.create(&call(), &repo(), &hook).await.unwrap_err();
        assert_eq!(refused.code(), code);
        assert!(!refused.message().contains("whsec"), "{refused}");
        let names = refused.message().contains("BRANCH_CREATE");
        assert_eq!(names, status == 422, "{refused}");
    }
    let (_stand_in, provider) = upstream(Reply::new(404, "{}")).await;
    let gone = provider.hooks().unwrap();
    gone.delete(&call(), &repo(), &id).await.unwrap();
}
