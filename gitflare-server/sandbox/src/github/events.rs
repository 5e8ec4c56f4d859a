//! What GitHub sends to hooks, by the unified name of the event.

use gitflare_core::model::Commit;
use serde_json::{Value, json};

use super::{
    objects::{self, url},
    work,
};
use crate::kit::{
    dialect::{EventRow, Scene},
    people::PEOPLE,
    story::{checks, date},
};

/// A row of [`EVENTS`]. A hook asks for GitHub's events by the names they are delivered under.
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
    row("push", "push", push),
    row("branch.created", "create", |scene| {
        created(scene, "branch", "feature/new")
    }),
    row("branch.deleted", "delete", |_| {
        deleted("branch", "feature/new")
    }),
    row("tag.created", "create", |scene| {
        created(scene, "tag", "v9.9.9")
    }),
    row("tag.deleted", "delete", |_| deleted("tag", "v9.9.9")),
    row("pull_request", "pull_request", pull_request),
    row("comment", "issue_comment", comment),
    row("release", "release", release),
    row("check", "check_run", check),
    row("status", "status", status),
    row("review", "pull_request_review", review),
    row("deployment", "deployment_status", deployment),
    row("repository", "repository", |_| {
        Some(json!({"action": "edited", "changes": {}}))
    }),
    row("ping", "ping", |_| {
        Some(json!({"zen": "Keep it logically awesome.", "hook_id": 1}))
    }),
];

fn push(scene: &Scene<'_>) -> Option<Value> {
    let newest = &scene.newest;
    let commit = commit(scene, newest);
    Some(json!({
        "ref": format!("refs/heads/{}", scene.repo.default_branch), "before": newest.first_parent(), "after": newest.sha,
        "created": false, "deleted": false, "forced": false, "head_commit": commit, "commits": [commit],
        "pusher": {"name": PEOPLE[0].login},
    }))
}

fn commit(scene: &Scene<'_>, commit: &Commit) -> Value {
    let (author, committer) = (commit.author.as_ref(), commit.committer.as_ref());
    json!({
        "id": commit.sha, "message": commit.message.as_deref().map(str::trim_end), "timestamp": objects::moment(date(commit)),
        "url": url(scene.world, scene.repo, &format!("/commit/{}", commit.sha)),
        "author": {"name": author.and_then(|who| who.name.clone()), "email": author.and_then(|who| who.email.clone()), "username": PEOPLE[0].login},
        "committer": {"name": committer.and_then(|who| who.name.clone()), "email": committer.and_then(|who| who.email.clone())},
        "added": [], "removed": [], "modified": [],
    })
}

fn created(scene: &Scene<'_>, kind: &str, name: &str) -> Option<Value> {
    Some(json!({"ref": name, "ref_type": kind, "master_branch": scene.repo.default_branch}))
}

fn deleted(kind: &str, name: &str) -> Option<Value> {
    Some(json!({"ref": name, "ref_type": kind}))
}

fn pull_request(scene: &Scene<'_>) -> Option<Value> {
    let pull = scene.story.pulls.first()?;
    let object = work::pull(scene.world, scene.repo, pull);
    Some(json!({"action": "opened", "number": pull.number, "pull_request": object}))
}

fn comment(scene: &Scene<'_>) -> Option<Value> {
    Some(json!({
        "action": "created", "issue": {"number": 1, "title": "A question"},
        "comment": {
            "id": 9001, "body": "Use the key from the wiki", "user": objects::user(scene.world, &PEOPLE[1]),
            "html_url": url(scene.world, scene.repo, "/issues/1#issuecomment-9001"),
            "created_at": "2025-03-01T08:00:00Z", "updated_at": "2025-03-01T08:00:00Z",
        },
    }))
}

fn release(scene: &Scene<'_>) -> Option<Value> {
    let release = scene.story.releases.first()?;
    let object = work::release(scene.world, scene.repo, release);
    Some(json!({"action": "published", "release": object}))
}

fn check(scene: &Scene<'_>) -> Option<Value> {
    let [build, ..] = checks(&scene.newest.sha);
    let (sha, at) = (&scene.newest.sha, date(&scene.newest));
    let run = work::check_run(scene.world, scene.repo, sha, at, build);
    Some(json!({"action": "completed", "check_run": run}))
}

/// A commit status, which is another event than a check.
fn status(scene: &Scene<'_>) -> Option<Value> {
    let [.., lint] = checks(&scene.newest.sha);
    let (sha, at) = (&scene.newest.sha, date(&scene.newest));
    let mut body = work::status(scene.world, scene.repo, sha, at, lint);
    body["sha"] = json!(sha);
    body["name"] = json!(scene.repo.full_name());
    body["branches"] = json!([{"name": scene.repo.default_branch}]);
    body["commit"] = json!({"sha": sha});
    Some(body)
}

/// An approval without words.
fn review(scene: &Scene<'_>) -> Option<Value> {
    let pull = scene.story.pulls.first()?;
    let object = work::pull(scene.world, scene.repo, pull);
    Some(json!({
        "action": "submitted",
        "review": {
            "id": 9101, "node_id": "PRR_9101", "user": objects::user(scene.world, &PEOPLE[1]), "body": null,
            "state": "approved", "commit_id": pull.head, "submitted_at": "2025-03-01T08:00:00Z",
            "html_url": url(scene.world, scene.repo, &format!("/pull/{}#pullrequestreview-9101", pull.number)),
            "pull_request_url": object["url"], "author_association": "MEMBER",
        },
        "pull_request": object,
    }))
}

fn deployment(scene: &Scene<'_>) -> Option<Value> {
    let deployment = scene.story.deployments.first()?;
    Some(json!({
        "action": "created", "deployment": work::deployment(scene.world, scene.repo, deployment),
        "deployment_status": work::deployment_status(scene.world, scene.repo, deployment),
    }))
}
