//! What Azure DevOps' service hooks send, and what becomes of it; who is believed; which subscriptions
//! an event needs.

use std::sync::{Arc, Mutex};

use gitflare_core::{
    Code, ConnectionId, Secret,
    model::EventName,
    provider::{HookCall, HookEvents, NewHook, Provider},
};
use gitflare_providers::{
    azure::Azure,
    conformance::{Reply, StandIn},
};
use serde_json::{Value, json};

use crate::azure::{
    PARENT, PROJECT, REPOSITORY, SHA,
    golden::upstream,
    repo,
    support::{
        call,
        hooks::{deeds, headers, holds, read_of, told},
        table::fixture,
    },
};

const ZEROS: &str = "0000000000000000000000000000000000000000";
/// `gitflare:whsec_fixture` and `gitflare-votes:whsec_fixture`.
const USER: &str = "Basic Z2l0ZmxhcmU6d2hzZWNfZml4dHVyZQ==";
const VOTES: &str = "Basic Z2l0ZmxhcmUtdm90ZXM6d2hzZWNfZml4dHVyZQ==";
const TIME: &str = "2026-03-01T08:00:00.123Z";

fn rows(name: &str) -> Value {
    let text = fixture(&format!("azure/{name}.json"));
    serde_json::from_str::<Value>(&text).unwrap()["value"].take()
}

/// The repository as most payloads have it.
fn place() -> Value {
    json!({
        "id": REPOSITORY, "name": "loom-engine", "defaultBranch": "refs/heads/main",
        "url": format!("https://dev.azure.com/mill/{PROJECT}/_apis/git/repositories/{REPOSITORY}"),
        "project": {"id": PROJECT, "name": "Loom Works", "visibility": "unchanged"},
    })
}

fn pushed(updates: &[(&str, &str, &str)], commits: &Value) -> Value {
    let updates: Vec<_> = updates
        .iter()
        .map(|(name, old, new)| json!({"name": name, "oldObjectId": old, "newObjectId": new}))
        .collect();
    json!({"refUpdates": updates, "commits": commits, "repository": place(), "pushId": 14})
}

fn pull_request(status: &str) -> Value {
    let mut row = rows("pull_requests")[1].take();
    row["status"] = json!(status);
    row
}

fn voted(votes: &[(&str, i64)]) -> Value {
    let mut row = pull_request("active");
    let votes = votes.iter().map(|(name, vote)| {
        json!({"id": format!("id of {name}"), "displayName": name, "uniqueName": "x@mill.example", "vote": vote})
    });
    row["reviewers"] = votes.collect();
    row
}

fn comment(changes: &Value) -> Value {
    let mut comment = json!({
        "id": 2, "parentCommentId": 1, "content": "Nice", "commentType": "text", "author": {"id": "a", "displayName": "Ada"},
        "publishedDate": "2026-03-01T08:00:00.1234567Z", "lastContentUpdatedDate": "2026-03-01T08:00:00.1234567Z",
        "_links": {"threads": {"href": "https://dev.azure.com/mill/_apis/git/repositories/x/pullRequests/3/threads/7"}},
    });
    for (name, value) in changes.as_object().unwrap() {
        comment[name] = value.clone();
    }
    json!({"comment": comment, "pullRequest": pull_request("active")})
}

fn build(changes: &Value) -> Value {
    let mut build = json!({
        "id": 4001, "buildNumber": "20260301.1", "status": "completed", "result": "failed", "definition": {"id": 1, "name": "weave"},
        "sourceBranch": "refs/heads/main", "sourceVersion": SHA, "startTime": "2026-03-01T07:00:00Z", "finishTime": "2026-03-01T08:00:00Z",
        "project": {"id": PROJECT, "name": "Loom Works"}, "repository": {"id": REPOSITORY, "type": "TfsGit"},
        "_links": {"web": {"href": "https://dev.azure.com/mill/_build/results?buildId=4001"}},
    });
    for (name, value) in changes.as_object().unwrap() {
        build[name] = value.clone();
    }
    build
}

fn payload(kind: &str, resource: &Value, message: &str) -> Value {
    json!({
        "id": "event-1", "eventType": kind, "publisherId": "tfs", "message": {"text": message}, "resource": resource,
        "createdDate": "2026-03-01T08:00:00.1234567Z", "subscriptionId": "s", "notificationId": 3,
    })
}

fn read(provider: &Azure, credential: &str, payload: &Value) -> HookEvents {
    let sent = [("authorization", credential)];
    let body = payload.to_string();
    read_of(provider, &repo().id, &sent, body.as_bytes()).unwrap()
}

/// The kind, the resource, and what is told.
fn cases() -> Vec<(&'static str, Value, Value)> {
    let commits = rows("commits");
    let none = json!([]);
    let pull = |state: &str| json!([["pull_request", {"number": 3, "state": state, "sourceBranch": "weave/new"}]]);
    let check = |conclusion: Value| json!([["check", {"id": "4001", "name": "weave", "status": "completed", "conclusion": conclusion, "commitSha": SHA, "ref": "main"}]]);
    let whole = json!({"id": REPOSITORY, "name": "spindle", "project": {"id": PROJECT, "name": "Loom Works", "visibility": "private"}, "isDisabled": true});
    vec![
        (
            "git.push",
            pushed(&[("refs/heads/main", PARENT, SHA)], &commits),
            json!([["push", {"ref": "refs/heads/main", "before": PARENT, "after": SHA, "commits": [{"sha": PARENT}, {"sha": SHA}]}]]),
        ),
        (
            "git.push",
            pushed(
                &[
                    ("refs/heads/weave/new", ZEROS, SHA),
                    ("refs/tags/v1", SHA, ZEROS),
                    ("refs/heads/weave/old", PARENT, ZEROS),
                    ("refs/notes/x", ZEROS, SHA),
                ],
                &commits,
            ),
            json!([
                ["push", {"ref": "refs/heads/weave/new", "before": null, "after": SHA, "commits": []}],
                ["branch.created", {"name": "weave/new", "commitSha": SHA}],
                ["push", {"ref": "refs/tags/v1", "before": SHA, "after": null}],
                ["tag.deleted", {"name": "v1", "commitSha": null}],
                ["push", {"ref": "refs/heads/weave/old", "before": PARENT, "after": null}],
                ["branch.deleted", {"name": "weave/old", "commitSha": PARENT}],
                ["push", {"ref": "refs/notes/x"}],
            ]),
        ),
        // What is not sent is not taken for nothing.
        (
            "git.push",
            json!({"refUpdates": [{"name": "refs/heads/main", "newObjectId": SHA}], "repository": place()}),
            json!([["push", {"before": null, "after": SHA, "commits": []}]]),
        ),
        (
            "git.pullrequest.created",
            pull_request("active"),
            pull("open"),
        ),
        (
            "git.pullrequest.updated",
            pull_request("completed"),
            pull("merged"),
        ),
        (
            "git.pullrequest.merged",
            pull_request("active"),
            pull("open"),
        ),
        (
            "ms.vss-code.git-pullrequest-comment-event",
            comment(&json!({})),
            json!([["comment", {
                "id": "7.2", "body": "Nice", "state": null, "pullRequestNumber": 3, "commitSha": null,
                "author": {"id": "a", "name": "Ada", "login": null}, "createdAt": TIME, "updatedAt": TIME,
            }]]),
        ),
        (
            "ms.vss-code.git-pullrequest-comment-event",
            comment(&json!({"commentType": null})),
            json!([["comment", {"id": "7.2"}]]),
        ),
        (
            "ms.vss-code.git-pullrequest-comment-event",
            comment(&json!({"commentType": "system", "content": "Ada voted 10"})),
            none.clone(),
        ),
        ("build.complete", build(&json!({})), check(json!("failure"))),
        (
            "build.complete",
            build(&json!({"result": null, "status": "partiallySucceeded"})),
            check(json!("neutral")),
        ),
        (
            "git.repo.statuschanged",
            json!({"repository": whole, "disabled": true}),
            json!([["repository", {"id": repo().id, "fullName": "mill/Loom Works/spindle", "archived": true, "connectionId": "conn_fixture"}]]),
        ),
        (
            "git.repo.undeleted",
            json!({"repository": whole}),
            json!([["repository", {"id": repo().id, "fullName": "mill/Loom Works/spindle"}]]),
        ),
        ("git.repo.created", json!({}), none.clone()),
        (
            "git.repo.deleted",
            json!({"repositoryId": REPOSITORY, "repositoryName": "loom-engine", "project": {"id": PROJECT, "name": "Loom Works"}}),
            json!([["repository", {"id": repo().id, "fullName": "mill/Loom Works/loom-engine", "archived": null, "defaultBranch": null}]]),
        ),
        // Of another repository, or of nobody knows which.
        (
            "git.pullrequest.reopened-perhaps",
            pull_request("active"),
            none.clone(),
        ),
        (
            "build.complete",
            build(&json!({"result": "PartiallySucceeded"})),
            check(json!("neutral")),
        ),
        ("build.complete", build(&json!({"repository": null})), none),
    ]
}

#[tokio::test]
async fn every_event_is_told_in_the_unified_words() {
    let (_stand_in, provider) = upstream(Vec::new()).await;
    for (kind, resource, expected) in cases() {
        let events = read(&provider, USER, &payload(kind, &resource, ""));
        assert_eq!(events.delivery_id.as_deref(), Some("event-1"));
        if !events.events.is_empty() {
            assert_eq!(events.repository_id, Some(repo().id), "{kind}");
            let name = events.full_name.as_deref().unwrap_or_default();
            let is_nameless = kind == "build.complete" && name.is_empty();
            assert!(is_nameless || name.starts_with("mill/Loom Works/"));
        }
        let told = told(events);
        assert!(holds(&told, &expected), "{kind} {resource}: {told:#}");
    }
    for body in ["", "[]", r#"{"eventType": null}"#, "{"] {
        let refused = read_of(&provider, &repo().id, &[], body.as_bytes()).unwrap_err();
        assert_eq!(refused.code(), Code::InvalidRequest, "{body}");
    }
    for kind in ["git.push", "git.pullrequest.created", "build.complete"] {
        let resource = json!({"repository": place()});
        let body = payload(kind, &resource, "").to_string();
        let refused = read_of(&provider, &repo().id, &[], body.as_bytes()).unwrap_err();
        assert_eq!(refused.code(), Code::InvalidRequest, "{body}");
    }
}

#[tokio::test]
async fn what_happens_elsewhere_in_the_project_is_marked_as_such() {
    let (_stand_in, provider) = upstream(Vec::new()).await;
    let other = PROJECT.replace('5', "6");
    for resource in [
        build(&json!({"repository": {"id": other}})),
        build(&json!({"repository": {"id": "mill/loom", "type": "GitHub"}})),
    ] {
        let events = read(&provider, USER, &payload("build.complete", &resource, ""));
        let id = events.repository_id.unwrap();
        assert_ne!(id, repo().id);
    }
    // Letters are written either way.
    let mut shouted = pull_request("active");
    shouted["repository"]["id"] = json!(REPOSITORY.to_uppercase());
    let created = payload("git.pullrequest.created", &shouted, "");
    let events = read(&provider, USER, &created);
    assert_eq!(events.repository_id, Some(repo().id));
}

#[tokio::test]
async fn what_happened_is_told_and_when() {
    let (_stand_in, provider) = upstream(Vec::new()).await;
    let whole = json!({"id": REPOSITORY, "name": "x", "project": {"id": PROJECT, "name": "y"}});
    let changed = |disabled: Value| json!({"repository": whole, "disabled": disabled});
    let edited = json!({"lastContentUpdatedDate": "2026-03-01T09:00:00Z"});
    for (kind, resource, name, action) in [
        (
            "git.pullrequest.created",
            pull_request("active"),
            "pull_request",
            "created",
        ),
        (
            "git.pullrequest.updated",
            pull_request("active"),
            "pull_request",
            "updated",
        ),
        (
            "git.pullrequest.updated",
            pull_request("abandoned"),
            "pull_request",
            "closed",
        ),
        (
            "git.pullrequest.updated",
            pull_request("completed"),
            "pull_request",
            "merged",
        ),
        // An attempt, whatever came of it.
        (
            "git.pullrequest.merged",
            pull_request("active"),
            "pull_request",
            "updated",
        ),
        (
            "git.pullrequest.merged",
            pull_request("completed"),
            "pull_request",
            "updated",
        ),
        (
            "ms.vss-code.git-pullrequest-comment-event",
            comment(&json!({})),
            "comment",
            "created",
        ),
        (
            "ms.vss-code.git-pullrequest-comment-event",
            comment(&edited),
            "comment",
            "updated",
        ),
        (
            "ms.vss-code.git-pullrequest-comment-event",
            comment(&json!({"isDeleted": true})),
            "comment",
            "deleted",
        ),
        ("build.complete", build(&json!({})), "check", "completed"),
        (
            "git.repo.renamed",
            changed(Value::Null),
            "repository",
            "renamed",
        ),
        (
            "git.repo.deleted",
            changed(Value::Null),
            "repository",
            "deleted",
        ),
        (
            "git.repo.statuschanged",
            changed(json!(true)),
            "repository",
            "archived",
        ),
        (
            "git.repo.statuschanged",
            changed(json!(false)),
            "repository",
            "unarchived",
        ),
        (
            "git.repo.statuschanged",
            changed(Value::Null),
            "repository",
            "updated",
        ),
    ] {
        let events = read(&provider, USER, &payload(kind, &resource, ""));
        let deeds = deeds(&events);
        assert_eq!(deeds, json!([[name, action, kind, TIME]]), "{kind}");
    }
}

#[tokio::test]
async fn a_vote_is_a_review_without_words() {
    let (_stand_in, provider) = upstream(Vec::new()).await;
    for (vote, state) in [
        (10, "approved"),
        (5, "approved"),
        (-5, "changes_requested"),
        (-10, "changes_requested"),
        (0, "dismissed"),
    ] {
        // The one whom the message names, though others have voted before.
        let resource = voted(&[("Ada", vote), ("Ada Weaver", vote), ("Bob", 10)]);
        let text = "Ada Weaver has voted on pull request 3";
        let sent = payload("git.pullrequest.updated", &resource, text);
        let events = read(&provider, VOTES, &sent);
        let deeds = deeds(&events);
        let expected = json!([["comment", state, "git.pullrequest.updated", TIME]]);
        assert_eq!(deeds, expected, "{vote}");
        let told = told(events);
        let expected = json!([["comment", {
            "id": "review:id of Ada Weaver", "state": state, "body": null, "pullRequestNumber": 3,
            "author": {"name": "Ada Weaver", "login": null}, "createdAt": null,
        }]]);
        assert!(holds(&told, &expected), "{vote}: {told:#}");
    }
    // Without a name each vote that was given is told.
    let resource = voted(&[("Ada", 0), ("Bob", 10), ("Cy", -5)]);
    let sent = payload("git.pullrequest.updated", &resource, "");
    let told = told(read(&provider, VOTES, &sent));
    let expected =
        json!([["comment", {"state": "approved"}], ["comment", {"state": "changes_requested"}]]);
    assert!(holds(&told, &expected), "{told:#}");
    let mut group = voted(&[("Ada", 10)]);
    group["reviewers"][0]["isContainer"] = json!(true);
    let sent = payload("git.pullrequest.updated", &group, "Ada");
    assert!(read(&provider, VOTES, &sent).events.is_empty());
}

#[tokio::test]
async fn only_who_knows_the_secret_is_believed() {
    // sec: SR-10
    let (_stand_in, provider) = upstream(Vec::new()).await;
    let secret = Secret::from("whsec_fixture");
    let connection = ConnectionId::parse("conn_fixture").unwrap();
    for (value, believed) in [
        (Some(USER), true),
        (Some(VOTES), true),
        (Some(&USER[..USER.len() - 1]), false),
        (Some(&USER["Basic ".len()..]), false),
        (Some("Basic OndoYWNrZWQ="), false),
        (Some("Bearer whsec_fixture"), false),
        (Some(""), false),
        (None, false),
    ] {
        let sent: Vec<_> = value.map(|it| ("authorization", it)).into_iter().collect();
        let headers = headers(&sent);
        let call = HookCall {
            headers: &headers,
            body: b"{}",
            connection_id: &connection,
            repository_id: &repo().id,
        };
        let verified = provider.hooks().unwrap().verify(&call, &secret);
        assert_eq!(verified, believed, "{value:?}");
    }
}

/// An upstream of subscriptions, and what was sent to it: method, target and body.
async fn subscriptions(refuse: &'static str) -> (StandIn, Azure, Arc<Mutex<Vec<Value>>>) {
    let sent = Arc::new(Mutex::new(Vec::new()));
    let shared = Arc::clone(&sent);
    let stand_in = StandIn::answering(move |method, target, body| {
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        let mut sent = shared.lock().unwrap();
        let id = format!("s{}", sent.len());
        let is_refused = body["eventType"] == refuse;
        sent.push(json!([method, target, body]));
        match (method, is_refused) {
            ("DELETE", _) => Reply::new(204, ""),
            (_, true) => Reply::new(403, r#"{"message": "Access Denied: Ada needs the following permission(s)", "typeKey": "AccessCheckException"}"#),
            _ => Reply::ok(json!({"id": id, "status": "enabled"}).to_string()),
        }
    })
    .await;
    let provider = Azure::new(stand_in.http(), &stand_in.url()).unwrap();
    (stand_in, provider, sent)
}

/// What was subscribed to: kind, version, sort, repository and user.
fn subscribed(sent: &[Value]) -> Vec<Value> {
    let made = sent.iter().filter(|one| one[0] == "POST");
    let mut rows: Vec<_> = made
        .map(|one| {
            assert_eq!(one[1], "/mill/_apis/hooks/subscriptions?api-version=7.1");
            let body = &one[2];
            let (inputs, consumer) = (&body["publisherInputs"], &body["consumerInputs"]);
            assert_eq!(inputs["projectId"], PROJECT);
            assert_eq!(
                (
                    &body["consumerId"],
                    &body["consumerActionId"],
                    &body["publisherId"]
                ),
                (&json!("webHooks"), &json!("httpRequest"), &json!("tfs"))
            );
            assert_eq!(consumer["url"], "https://gateway.example/hooks");
            assert_eq!(consumer["basicAuthPassword"], "whsec_fixture");
            json!([
                body["eventType"],
                body["resourceVersion"],
                inputs["notificationType"],
                inputs["repository"] == REPOSITORY,
                consumer["basicAuthUsername"],
            ])
        })
        .collect();
    rows.sort_by_key(Value::to_string);
    rows
}

const HOOK_URL: &str = "https://gateway.example/hooks";

#[tokio::test]
async fn an_event_has_the_subscriptions_that_it_needs_and_they_end_together() {
    let (_stand_in, provider, sent) = subscriptions("").await;
    let hooks = provider.hooks().unwrap();
    let secret = Secret::from("whsec_fixture");
    let changed = "git.pullrequest.updated";
    let repository = |name: &str| json!([name, "1.0-preview.1", null, false, "gitflare"]);
    for (events, expected) in [
        (
            &[EventName::Push, EventName::TagDeleted][..],
            vec![json!(["git.push", "1.0", null, true, "gitflare"])],
        ),
        (
            &[EventName::PullRequest],
            vec![
                json!(["git.pullrequest.created", "1.0", null, true, "gitflare"]),
                json!(["git.pullrequest.merged", "1.0", null, true, "gitflare"]),
                json!([changed, "1.0", "PushNotification", true, "gitflare"]),
                json!([
                    changed,
                    "1.0",
                    "ReviewersUpdateNotification",
                    true,
                    "gitflare"
                ]),
                json!([changed, "1.0", "StatusUpdateNotification", true, "gitflare"]),
            ],
        ),
        (
            &[EventName::Comment],
            vec![
                json!([
                    changed,
                    "1.0",
                    "ReviewerVoteNotification",
                    true,
                    "gitflare-votes"
                ]),
                json!([
                    "ms.vss-code.git-pullrequest-comment-event",
                    "2.0",
                    null,
                    true,
                    "gitflare"
                ]),
            ],
        ),
        (
            &[EventName::Check],
            vec![json!(["build.complete", "2.0", null, false, "gitflare"])],
        ),
        (
            &[EventName::Repository],
            vec![
                repository("git.repo.deleted"),
                repository("git.repo.renamed"),
                repository("git.repo.statuschanged"),
            ],
        ),
    ] {
        sent.lock().unwrap().clear();
        let hook = NewHook {
            url: HOOK_URL,
            secret: &secret,
            events,
        };
        let id = hooks.create(&call(), &repo(), &hook).await.unwrap();
        let made = subscribed(&sent.lock().unwrap());
        assert_eq!(made, expected, "{events:?}");
        sent.lock().unwrap().clear();
        hooks.delete(&call(), &repo(), &id).await.unwrap();
        let mut ended: Vec<_> = sent
            .lock()
            .unwrap()
            .iter()
            .map(|it| it[1].clone())
            .collect();
        ended.sort_by_key(Value::to_string);
        let all = (0..made.len()).map(|at| {
            json!(format!(
                "/mill/_apis/hooks/subscriptions/s{at}?api-version=7.1"
            ))
        });
        assert_eq!(ended, all.collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn of_several_subscriptions_all_are_made_or_none() {
    let secret = Secret::from("whsec_fixture");
    let hook = NewHook {
        url: HOOK_URL,
        secret: &secret,
        events: &[EventName::PullRequest],
    };
    let count = |sent: &[Value], method: &str| sent.iter().filter(|it| it[0] == method).count();
    for (refused, made, deleted) in [
        // Who may not subscribe at all is asked once.
        ("git.pullrequest.created", 1, 0),
        ("git.pullrequest.merged", 5, 4),
    ] {
        let (_stand_in, provider, sent) = subscriptions(refused).await;
        let hooks = provider.hooks().unwrap();
        let error = hooks.create(&call(), &repo(), &hook).await.unwrap_err();
        assert_eq!(error.code(), Code::InsufficientScope);
        assert!(!error.message().contains("Ada"), "{error}");
        let sent = sent.lock().unwrap();
        assert_eq!(count(&sent, "POST"), made, "{refused}");
        assert_eq!(count(&sent, "DELETE"), deleted, "{refused}");
    }
    // What is gone already is a success.
    let (_stand_in, provider) = upstream(Vec::new()).await;
    let hooks = provider.hooks().unwrap();
    hooks.delete(&call(), &repo(), "s1,s2").await.unwrap();
}

#[tokio::test]
async fn a_comment_may_come_as_the_first_version_of_its_payload() {
    let (_stand_in, provider) = upstream(Vec::new()).await;
    let flat = comment(&json!({}))["comment"].clone();
    let kind = "ms.vss-code.git-pullrequest-comment-event";
    let events = read(&provider, USER, &payload(kind, &flat, "Ada commented"));
    // Nothing in it says of which pull request.
    assert_eq!(events.repository_id, None);
    let expected = json!([["comment", {"id": "7.2", "body": "Nice", "pullRequestNumber": null}]]);
    let told = told(events);
    assert!(holds(&told, &expected), "{told}");
}
