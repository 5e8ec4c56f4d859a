//! Service hooks: subscriptions of a project, each to one kind of event, made, listed and deleted by
//! administrators. What they call with is not signed; a password goes along.

use gitflare_core::Result;
use serde_json::{Value, json};

use super::{error, events::flag, lists::whole, objects};
use crate::kit::{Answer, Call, people::Person, world::Hook};

/// The kinds of events of the publisher `tfs` that are emulated.
const KINDS: &[&str] = &[
    "git.push",
    "git.pullrequest.created",
    "git.pullrequest.updated",
    "git.pullrequest.merged",
    "git.repo.created",
    "git.repo.deleted",
    "git.repo.renamed",
    "git.repo.statuschanged",
    "ms.vss-code.git-pullrequest-comment-event",
    "build.complete",
];

fn refusal(call: &Call<'_>) -> Option<Answer> {
    let message = "Access Denied: Anna needs the following permission(s) on the resource PublisherSecurity/x to perform this action: Edit Subscription";
    (!call.caller.is_admin()).then(|| error(403, "AccessCheckException", message))
}

/// The id of a subscription.
fn id(hook: &Hook) -> String {
    objects::guid("91a0", hook.id)
}

pub(super) async fn list(call: &Call<'_>, _: &'static Person) -> Result<Answer> {
    if let Some(refusal) = refusal(call) {
        return Ok(refusal);
    }
    let rows: Vec<_> = call.world.state().hooks.iter().map(object).collect();
    Ok(whole(&rows))
}

pub(super) async fn find(call: &Call<'_>, _: &'static Person) -> Result<Answer> {
    if let Some(refusal) = refusal(call) {
        return Ok(refusal);
    }
    let state = call.world.state();
    let found = state.hooks.iter().find(|hook| id(hook) == call.name("id"));
    Ok(found.map_or_else(no_subscription, |hook| Answer::json(200, &object(hook))))
}

fn no_subscription() -> Answer {
    error(
        404,
        "SubscriptionNotFoundException",
        "There is no such subscription.",
    )
}

pub(super) async fn create(call: &Call<'_>, person: &'static Person) -> Result<Answer> {
    if let Some(refusal) = refusal(call) {
        return Ok(refusal);
    }
    let body = call.request.json();
    let text = |part: &str, name: &str| body[part][name].as_str().unwrap_or_default().to_owned();
    let kind = body["eventType"].as_str().unwrap_or_default();
    let wrong = |message: &str| Ok(error(400, "SubscriptionInputException", message));
    if body["publisherId"] != "tfs" || !KINDS.contains(&kind) {
        return wrong("There is no registered handler for the event.");
    }
    if body["consumerId"] != "webHooks" || body["consumerActionId"] != "httpRequest" {
        return wrong("There is no such consumer.");
    }
    if text("publisherInputs", "projectId") != objects::project_id(call.name("organization")) {
        return wrong("The project id is missing or unknown.");
    }
    let url = text("consumerInputs", "url");
    if !url.starts_with("http") {
        return wrong("The url is not valid.");
    }
    // Without a repository those of the whole project are meant.
    let repository = text("publisherInputs", "repository");
    let repo = match objects::number(&repository) {
        Some(id) if call.world.by_id(person, id).is_some() => id,
        None if repository.is_empty() => 0,
        _ => return wrong("There is no such repository."),
    };
    let (user, password) = (
        text("consumerInputs", "basicAuthUsername"),
        text("consumerInputs", "basicAuthPassword"),
    );
    let hook = call.world.add_hook(Hook {
        id: 0,
        repo,
        url,
        secret: format!("{user}:{password}"),
        events: vec![flag(kind, &text("publisherInputs", "notificationType"))],
    });
    Ok(Answer::json(200, &object(&hook)))
}

pub(super) async fn delete(call: &Call<'_>, _: &'static Person) -> Result<Answer> {
    if let Some(refusal) = refusal(call) {
        return Ok(refusal);
    }
    let mut state = call.world.state();
    let before = state.hooks.len();
    state.hooks.retain(|hook| id(hook) != call.name("id"));
    Ok(match state.hooks.len() < before {
        true => Answer::empty(204),
        false => no_subscription(),
    })
}

/// A subscription; nobody gets its password back.
fn object(hook: &Hook) -> Value {
    json!({
        "id": id(hook), "status": "enabled", "publisherId": "tfs", "eventType": hook.events[0].split(' ').next(),
        "consumerId": "webHooks", "consumerActionId": "httpRequest", "resourceVersion": "1.0",
        "consumerInputs": {"url": hook.url, "basicAuthPassword": "********"},
    })
}
