//! What Bitbucket sends to hooks, by the unified name of the event. Releases and deployments have
//! no events there.

use serde_json::{Value, json};

use super::objects;
use crate::kit::{
    dialect::{EventRow, Scene},
    people::PEOPLE,
    story::{checks, date},
};

/// A hook asks for Bitbucket's events by the names they are delivered under.
const fn row(
    event: &'static str,
    name: &'static str,
    payload: fn(&Scene<'_>) -> Option<Value>,
) -> EventRow {
    EventRow {
        event,
        name,
        flag: name,
        payload,
    }
}

pub(super) const EVENTS: &[EventRow] = &[
    row("push", "repo:push", push),
    // `git push --all`, in one call.
    row("push.several", "repo:push", several),
    row("branch.created", "repo:push", |scene| {
        created(scene, "branch", "feature/new")
    }),
    row("branch.deleted", "repo:push", |scene| {
        deleted(scene, "branch", "feature/new")
    }),
    row("tag.created", "repo:push", |scene| {
        created(scene, "tag", "v9.9.9")
    }),
    row("tag.deleted", "repo:push", |scene| {
        deleted(scene, "tag", "v9.9.9")
    }),
    row("pull_request", "pullrequest:created", pull_request),
    row("comment", "pullrequest:comment_created", comment),
    row("check", "repo:commit_status_created", check),
    row("repository", "repo:updated", |_| {
        Some(json!({"changes": {"description": {"old": "", "new": "A shop"}}}))
    }),
];

/// A branch or tag at the newest commit.
fn at_newest(scene: &Scene<'_>, kind: &str, name: &str) -> Value {
    let target = objects::commit(scene.world, scene.repo, &scene.newest);
    json!({"type": kind, "name": name, "target": target})
}

fn change(old: &Value, new: &Value, commits: &Value) -> Option<Value> {
    Some(json!({"push": {"changes": [{
        "created": old.is_null(), "closed": new.is_null(), "forced": false, "truncated": false,
        "old": old, "new": new, "commits": commits,
    }]}}))
}

fn push(scene: &Scene<'_>) -> Option<Value> {
    let name = &scene.repo.default_branch;
    let new = at_newest(scene, "branch", name);
    let mut old = new.clone();
    old["target"] = json!({"type": "commit", "hash": scene.newest.first_parent()});
    let commits = json!([new["target"]]);
    change(&old, &new, &commits)
}

fn several(scene: &Scene<'_>) -> Option<Value> {
    let mut body = push(scene)?;
    let mut other = body["push"]["changes"][0].clone();
    for side in ["old", "new"] {
        other[side]["name"] = json!("release/1.x");
    }
    body["push"]["changes"].as_array_mut()?.push(other);
    Some(body)
}

fn created(scene: &Scene<'_>, kind: &str, name: &str) -> Option<Value> {
    change(&Value::Null, &at_newest(scene, kind, name), &json!([]))
}

fn deleted(scene: &Scene<'_>, kind: &str, name: &str) -> Option<Value> {
    change(&at_newest(scene, kind, name), &Value::Null, &Value::Null)
}

fn pull_request(scene: &Scene<'_>) -> Option<Value> {
    let pull = scene.story.pulls.first()?;
    Some(json!({"pullrequest": objects::pull_request(scene.world, scene.repo, pull)}))
}

fn comment(scene: &Scene<'_>) -> Option<Value> {
    let mut body = pull_request(scene)?;
    body["comment"] = json!({
        "type": "pullrequest_comment", "id": 9001, "content": {"raw": "Use the key from the wiki", "markup": "markdown"},
        "user": objects::user(scene.world, &PEOPLE[1]), "deleted": false,
        "created_on": "2025-03-01T08:00:00.000000+00:00", "updated_on": "2025-03-01T08:00:00.000000+00:00",
        "links": {"html": {"href": objects::url(scene.world, scene.repo, "/pull-requests/1/_/diff#comment-9001")}},
    });
    Some(body)
}

fn check(scene: &Scene<'_>) -> Option<Value> {
    let [build, ..] = checks(&scene.newest.sha);
    let (sha, at) = (&scene.newest.sha, date(&scene.newest));
    Some(json!({"commit_status": objects::status(scene.world, scene.repo, sha, at, build)}))
}
