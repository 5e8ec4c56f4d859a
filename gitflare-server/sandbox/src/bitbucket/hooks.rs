//! Repository hooks: made, listed and deleted by administrators.

use gitflare_core::Result;
use serde_json::{Value, json};

use super::{
    error,
    lists::{NUMBERED, page},
    objects,
};
use crate::kit::{Answer, Call, Repo, world::Hook};

/// The events of repositories that hooks can ask for, of `GET /hook_events/repository`.
const EVENTS: &[&str] = &[
    "repo:push",
    "repo:fork",
    "repo:updated",
    "repo:transfer",
    "repo:deleted",
    "repo:commit_comment_created",
    "repo:commit_status_created",
    "repo:commit_status_updated",
    "issue:created",
    "issue:updated",
    "issue:comment_created",
    "pullrequest:created",
    "pullrequest:updated",
    "pullrequest:push",
    "pullrequest:fulfilled",
    "pullrequest:rejected",
    "pullrequest:approved",
    "pullrequest:unapproved",
    "pullrequest:changes_request_created",
    "pullrequest:changes_request_removed",
    "pullrequest:comment_created",
    "pullrequest:comment_updated",
    "pullrequest:comment_deleted",
    "pullrequest:comment_resolved",
    "pullrequest:comment_reopened",
];
/// The longest secret.
const MAX_SECRET: usize = 128;

/// The id of a hook, in braces.
pub(super) fn uuid(hook: &Hook) -> String {
    objects::uuid("80c0", hook.id)
}

fn refusal(call: &Call<'_>) -> Option<Answer> {
    let why = "Access denied. You must have write or admin access.";
    (!call.caller.is_admin()).then(|| error(403, why))
}

pub(super) async fn list(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    if let Some(refusal) = refusal(call) {
        return Ok(refusal);
    }
    let hooks = call.world.hooks(repo);
    let rows = hooks.iter().map(|hook| object(call, repo, hook)).collect();
    Ok(page(call, NUMBERED, rows))
}

pub(super) async fn find(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    if let Some(refusal) = refusal(call) {
        return Ok(refusal);
    }
    let mut hooks = call.world.hooks(repo).into_iter();
    let found = hooks.find(|hook| uuid(hook) == call.name("uid"));
    Ok(found.map_or_else(
        || error(404, "Webhook subscription not found"),
        |hook| Answer::json(200, &object(call, repo, &hook)),
    ))
}

pub(super) async fn create(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    if let Some(refusal) = refusal(call) {
        return Ok(refusal);
    }
    let body = call.request.json();
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let (url, secret) = (text("url"), text("secret"));
    let events = body["events"].as_array().into_iter().flatten();
    let events: Vec<String> = events
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    let is_known = events.iter().all(|event| EVENTS.contains(&event.as_str()));
    let wrong = if !url.starts_with("http") {
        "url"
    } else if events.is_empty() || !is_known {
        "events"
    } else if secret.len() > MAX_SECRET {
        "secret"
    } else {
        let hook = call.world.add_hook(Hook {
            id: 0,
            repo: repo.id,
            url,
            secret,
            events,
        });
        return Ok(Answer::json(201, &object(call, repo, &hook)));
    };
    let body = json!({"type": "error", "error": {"message": "Bad request", "fields": {wrong: ["Invalid value"]}}});
    Ok(Answer::json(400, &body))
}

pub(super) async fn delete(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    if let Some(refusal) = refusal(call) {
        return Ok(refusal);
    }
    let id = objects::number(call.name("uid")).unwrap_or(0);
    Ok(if call.world.remove_hook(repo, &id.to_string()) {
        Answer::empty(204)
    } else {
        error(404, "Webhook subscription not found")
    })
}

fn object(call: &Call<'_>, repo: &Repo, hook: &Hook) -> Value {
    let own = objects::api(call.world, repo, &format!("/hooks/{}", uuid(hook)));
    json!({
        "type": "webhook_subscription", "uuid": uuid(hook), "links": {"self": {"href": own}}, "url": hook.url, "description": "GitFlare",
        "subject_type": "repository", "active": true, "created_at": "2025-03-01T08:00:00.000000+00:00",
        "events": hook.events, "secret_set": !hook.secret.is_empty(),
    })
}
