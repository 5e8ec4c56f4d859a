//! Project hooks: made, listed and deleted by maintainers with a token that may write.

use serde_json::{Value, json};

use super::{
    super::{
        faults::message,
        http::{Answer, Request},
        world::{Hook, Repo, World},
    },
    Caller, insufficient_scope,
};

/// What a hook may be told of; only the first is on unless it is said.
const FLAGS: &[&str] = &[
    "push_events",
    "tag_push_events",
    "merge_requests_events",
    "note_events",
    "issues_events",
    "job_events",
    "pipeline_events",
    "deployment_events",
    "releases_events",
];

fn refusal(caller: &Caller) -> Option<Answer> {
    if !caller.has_scope("api") {
        return Some(insufficient_scope("api"));
    }
    (!caller.is_maintainer()).then(|| message(403, "403 Forbidden"))
}

pub(super) fn list(world: &World, caller: &Caller, repo: &Repo) -> Answer {
    if let Some(refusal) = refusal(caller) {
        return refusal;
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
    if let Some(refusal) = refusal(caller) {
        return refusal;
    }
    match (request.method.as_str(), rest) {
        ("POST", ["hooks"]) => {
            let wish = request.json();
            let url = wish["url"].as_str().unwrap_or_default().to_owned();
            if !url.starts_with("http") {
                return Answer::json(422, &json!({"error": "Invalid url given"}));
            }
            let on = |flag: &&&str| match &wish[**flag] {
                Value::Bool(on) => *on,
                _ => **flag == "push_events",
            };
            let events = FLAGS
                .iter()
                .filter(on)
                .map(|flag| (*flag).to_owned())
                .collect();
            let mut state = world.state();
            state.last_id += 1;
            let hook = Hook {
                id: state.last_id,
                repo: repo.id,
                url,
                secret: wish["token"].as_str().unwrap_or_default().to_owned(),
                events,
            };
            let answer = Answer::json(201, &object(&hook));
            state.hooks.push(hook);
            answer
        }
        ("DELETE", ["hooks", id]) => {
            let mut state = world.state();
            let before = state.hooks.len();
            state
                .hooks
                .retain(|hook| hook.repo != repo.id || hook.id.to_string() != *id);
            if state.hooks.len() < before {
                Answer::empty(204)
            } else {
                message(404, "404 Not found")
            }
        }
        _ => Answer::json(404, &json!({"error": "404 Not Found"})),
    }
}

fn object(hook: &Hook) -> Value {
    let mut body = json!({
        "id": hook.id, "url": hook.url, "project_id": hook.repo, "created_at": "2025-03-01T08:00:00.000Z",
        "enable_ssl_verification": true, "alert_status": "executable", "disabled_until": null, "url_variables": [],
    });
    for flag in FLAGS {
        body[*flag] = json!(hook.events.iter().any(|event| event == flag));
    }
    body
}
