//! Project hooks: made, listed and (by POST) deleted by the project's administrators.

use gitflare_core::Result;
use serde_json::{Map, Value, json};

use super::{error, is_admin, lists::page, objects};
use crate::kit::{Answer, Call, Repo, world::Hook};

/// What a hook may be told of.
const EVENTS: &[&str] = &[
    "COLLABORATOR_ADD",
    "COLLABORATOR_UPDATE",
    "COLLABORATOR_DELETE",
    "BRANCH_CREATE",
    "BRANCH_UPDATE",
    "BRANCH_DELETE",
    "TAG_CREATE",
    "TAG_DELETE",
    "MERGE_REQUEST_CREATE",
    "MERGE_REQUEST_UPDATE",
    "MERGE",
    "MERGE_REQUEST_CLOSE",
    "MERGE_REQUEST_CANCEL",
    "MERGE_REQUEST_ACCEPT",
    "ISSUE_CREATE",
    "ISSUE_UPDATE",
    "NEW_ISSUE_NOTE",
    "DISCUSSION_CREATE",
    "PIPELINE_NEW",
    "PIPELINE_SUCCESS",
    "PIPELINE_WARNING",
    "PIPELINE_FAIL",
];

pub(super) async fn list(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    if !is_admin(call) {
        return Ok(error(403, "Access is denied"));
    }
    let hooks = call.world.hooks(repo);
    let rows = hooks.iter().map(|hook| object(repo, hook)).collect();
    Ok(Answer::json(200, &page(call, "webhookList", rows)))
}

pub(super) async fn create(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    if !is_admin(call) {
        return Ok(error(403, "Access is denied"));
    }
    let body = call.request.json();
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let asked = body["events"].as_object().cloned().unwrap_or_default();
    let events: Vec<String> = asked
        .into_iter()
        .filter(|(_, on)| *on == Value::Bool(true))
        .map(|(name, _)| name)
        .collect();
    let is_known = events.iter().all(|event| EVENTS.contains(&event.as_str()));
    let url = text("url");
    if !url.starts_with("http") || text("secret").is_empty() || events.is_empty() || !is_known {
        return Ok(Answer::json(422, &json!({"message": "error.field.empty"})));
    }
    let hook = call.world.add_hook(Hook {
        id: 0,
        repo: repo.id,
        url,
        secret: text("secret"),
        events,
    });
    Ok(Answer::json(200, &object(repo, &hook)))
}

pub(super) async fn delete(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let id = objects::number(call.name("id")).unwrap_or(0);
    let is_gone = is_admin(call) && call.world.remove_hook(repo, &id.to_string());
    Ok(if is_gone {
        Answer::empty(200)
    } else {
        error(404, "Webhook not found")
    })
}

fn object(repo: &Repo, hook: &Hook) -> Value {
    let on = |event: &&str| (*event).to_owned();
    let events: Map<String, Value> = EVENTS
        .iter()
        .map(|event| {
            (
                on(event),
                json!(hook.events.iter().any(|name| name == event)),
            )
        })
        .collect();
    json!({
        "id": objects::uuid("80c0", hook.id), "url": hook.url, "secret": hook.secret,
        "projectId": objects::project_id(repo), "events": events,
        "createdAt": "2025-03-01T08:00:00.000000Z", "updatedAt": "2025-03-01T08:00:00.000000Z",
    })
}
