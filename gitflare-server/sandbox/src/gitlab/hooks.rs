//! Project hooks: made, listed and deleted by maintainers with a token that may write.

use gitflare_core::Result;
use serde_json::{Value, json};

use super::insufficient_scope;
use crate::kit::{Answer, Call, Repo, world::Hook};

/// What a hook may be told of; only the first is on unless the request says otherwise.
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

fn refusal(call: &Call<'_>) -> Option<Answer> {
    if !call.caller.has_scope(&["api"]) {
        return Some(insufficient_scope("api"));
    }
    (!call.caller.is_admin()).then(|| Answer::message(403, "403 Forbidden"))
}

pub(super) async fn list(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    if let Some(refusal) = refusal(call) {
        return Ok(refusal);
    }
    let rows: Vec<_> = call.world.hooks(repo).iter().map(object).collect();
    Ok(Answer::json(200, &json!(rows)))
}

pub(super) async fn create(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    if let Some(refusal) = refusal(call) {
        return Ok(refusal);
    }
    let body = call.request.json();
    let url = body["url"].as_str().unwrap_or_default().to_owned();
    if !url.starts_with("http") {
        return Ok(Answer::json(422, &json!({"error": "Invalid url given"})));
    }
    let is_on = |flag: &&&str| match &body[**flag] {
        Value::Bool(on) => *on,
        _ => **flag == "push_events",
    };
    let events = FLAGS.iter().filter(is_on);
    let hook = call.world.add_hook(Hook {
        id: 0,
        repo: repo.id,
        url,
        secret: body["token"].as_str().unwrap_or_default().to_owned(),
        events: events.map(|flag| (*flag).to_owned()).collect(),
    });
    Ok(Answer::json(201, &object(&hook)))
}

pub(super) async fn delete(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    if let Some(refusal) = refusal(call) {
        return Ok(refusal);
    }
    Ok(if call.world.remove_hook(repo, call.name("id")) {
        Answer::empty(204)
    } else {
        Answer::message(404, "404 Not found")
    })
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
