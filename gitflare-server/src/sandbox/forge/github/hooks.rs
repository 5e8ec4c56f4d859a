//! Repository hooks: made, listed and deleted by those who administer the repository.

use serde_json::{Value, json};

use super::{
    super::{
        faults::message,
        http::{Answer, Request},
        world::{Hook, Repo, World},
    },
    Caller, not_found,
};

/// What a hook may be told of.
const EVENTS: &[&str] = &[
    "push",
    "create",
    "delete",
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "issue_comment",
    "commit_comment",
    "release",
    "check_run",
    "check_suite",
    "status",
    "deployment",
    "deployment_status",
    "repository",
    "ping",
];

fn is_allowed(world: &World, caller: &Caller) -> bool {
    let scopes = ["repo", "write:repo_hook", "admin:repo_hook"];
    caller.is_admin() && (world.github_app || caller.has_scope(&scopes))
}

pub(super) fn list(world: &World, _: &Request, caller: &Caller, repo: &Repo) -> Answer {
    if !is_allowed(world, caller) {
        return not_found();
    }
    let state = world.state();
    let rows: Vec<_> = state
        .hooks
        .iter()
        .filter(|hook| hook.repo == repo.id)
        .map(object)
        .collect();
    Answer::json(200, &json!(rows))
}

pub(super) fn change(
    world: &World,
    request: &Request,
    caller: &Caller,
    repo: &Repo,
    rest: &[&str],
) -> Answer {
    // No rights look like no hooks.
    if !is_allowed(world, caller) {
        return not_found();
    }
    match (request.method.as_str(), rest) {
        ("POST", ["hooks"]) => create(world, repo, &request.json()),
        ("DELETE", ["hooks", id]) => {
            let mut state = world.state();
            let before = state.hooks.len();
            state
                .hooks
                .retain(|hook| hook.repo != repo.id || hook.id.to_string() != *id);
            if state.hooks.len() < before {
                Answer::empty(204)
            } else {
                not_found()
            }
        }
        _ => not_found(),
    }
}

fn create(world: &World, repo: &Repo, wish: &Value) -> Answer {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let config = &wish["config"];
    let events: Vec<String> = match &wish["events"] {
        Value::Array(events) => events.iter().map(text).collect(),
        _ => vec!["push".to_owned()],
    };
    let url = text(&config["url"]);
    let known = events.iter().all(|event| EVENTS.contains(&event.as_str()));
    if !known || !url.starts_with("http") || config["content_type"] != "json" {
        return message(422, "Validation Failed");
    }
    let mut state = world.state();
    let same = state
        .hooks
        .iter()
        .any(|hook| hook.repo == repo.id && hook.url == url);
    if same {
        return Answer::json(
            422,
            &json!({
                "message": "Validation Failed",
                "errors": [{"resource": "Hook", "code": "custom", "message": "Hook already exists on this repository"}],
            }),
        );
    }
    state.last_id += 1;
    let hook = Hook {
        id: state.last_id,
        repo: repo.id,
        url,
        secret: text(&config["secret"]),
        events,
    };
    let answer = Answer::json(201, &object(&hook));
    state.hooks.push(hook);
    answer
}

fn object(hook: &Hook) -> Value {
    json!({
        "type": "Repository", "id": hook.id, "name": "web", "active": true, "events": hook.events,
        "config": {"content_type": "json", "insecure_ssl": "0", "url": hook.url, "secret": "********"},
        "created_at": "2025-03-01T08:00:00Z", "updated_at": "2025-03-01T08:00:00Z",
        "last_response": {"code": null, "status": "unused", "message": null},
    })
}
