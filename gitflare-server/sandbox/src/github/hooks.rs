//! Repository hooks: made, listed and deleted by those who administer the repository.

use gitflare_core::Result;
use serde_json::{Value, json};

use super::{error, not_found, objects::repo_api};
use crate::kit::{Answer, Call, Repo, world::Hook};

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

/// Whether the token may administer hooks. Without the right the hooks do not exist.
fn is_allowed(call: &Call<'_>) -> bool {
    let scopes = ["repo", "write:repo_hook", "admin:repo_hook"];
    call.caller.is_admin() && (call.world.github_app || call.caller.has_scope(&scopes))
}

pub(super) async fn list(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    if !is_allowed(call) {
        return Ok(not_found());
    }
    let rows: Vec<_> = call
        .world
        .hooks(repo)
        .iter()
        .map(|hook| object(call, repo, hook))
        .collect();
    Ok(Answer::json(200, &json!(rows)))
}

pub(super) async fn delete(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let is_gone = is_allowed(call) && call.world.remove_hook(repo, call.name("id"));
    Ok(if is_gone {
        Answer::empty(204)
    } else {
        not_found()
    })
}

pub(super) async fn create(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    if !is_allowed(call) {
        return Ok(not_found());
    }
    let body = call.request.json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let config = &body["config"];
    let events: Vec<String> = match &body["events"] {
        Value::Array(events) => events.iter().map(text).collect(),
        _ => vec!["push".to_owned()],
    };
    let url = text(&config["url"]);
    let known = events.iter().all(|event| EVENTS.contains(&event.as_str()));
    if !known || !url.starts_with("http") || config["content_type"] != "json" {
        return Ok(error(422, "Validation Failed"));
    }
    if call.world.hooks(repo).iter().any(|hook| hook.url == url) {
        return Ok(Answer::json(
            422,
            &json!({
                "message": "Validation Failed",
                "errors": [{"resource": "Hook", "code": "custom", "message": "Hook already exists on this repository"}],
            }),
        ));
    }
    let hook = call.world.add_hook(Hook {
        id: 0,
        repo: repo.id,
        url,
        secret: text(&config["secret"]),
        events,
    });
    Ok(Answer::json(201, &object(call, repo, &hook)))
}

fn object(call: &Call<'_>, repo: &Repo, hook: &Hook) -> Value {
    let own = repo_api(call.world, repo, &format!("/hooks/{}", hook.id));
    json!({
        "type": "Repository", "id": hook.id, "name": "web", "active": true, "events": hook.events,
        "config": {"content_type": "json", "insecure_ssl": "0", "url": hook.url, "secret": "********"},
        "created_at": "2025-03-01T08:00:00Z", "updated_at": "2025-03-01T08:00:00Z",
        "ping_url": format!("{own}/pings"), "test_url": format!("{own}/test"), "url": own,
        "last_response": {"code": null, "status": "unused", "message": null},
    })
}
