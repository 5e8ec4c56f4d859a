//! What GitLab sends to hooks, by the unified name of the event.

use serde_json::{Value, json};

use super::objects::{self, url};
use crate::kit::{
    dialect::{EventRow, Scene},
    people::{PEOPLE, Person},
    story::{checks, date, object_id},
};

/// No commit: before a branch or tag was made, after it was deleted.
const ZEROS: &str = "0000000000000000000000000000000000000000";
const NEW_BRANCH: &str = "refs/heads/feature/new";
const NEW_TAG: &str = "refs/tags/v9.9.9";
/// GitLab's older payloads write moments so.
const MOMENT: &str = "2025-03-01 08:00:00 UTC";

const fn row(
    event: &'static str,
    name: &'static str,
    flag: &'static str,
    payload: fn(&Scene<'_>) -> Option<Value>,
) -> EventRow {
    EventRow {
        event,
        name,
        flag,
        payload,
    }
}

pub(super) const EVENTS: &[EventRow] = &[
    row("push", "Push Hook", "push_events", push),
    row("branch.created", "Push Hook", "push_events", |scene| {
        moved("push", NEW_BRANCH, ZEROS, &scene.newest.sha)
    }),
    row("branch.deleted", "Push Hook", "push_events", |scene| {
        moved("push", NEW_BRANCH, &scene.newest.sha, ZEROS)
    }),
    row("tag.created", "Tag Push Hook", "tag_push_events", |scene| {
        tag(scene, ZEROS, &object_id(NEW_TAG))
    }),
    row("tag.deleted", "Tag Push Hook", "tag_push_events", |scene| {
        tag(scene, &object_id(NEW_TAG), ZEROS)
    }),
    row(
        "pull_request",
        "Merge Request Hook",
        "merge_requests_events",
        merge_request,
    ),
    row("comment", "Note Hook", "note_events", note),
    row("release", "Release Hook", "releases_events", release),
    row("check", "Job Hook", "job_events", job),
    row(
        "deployment",
        "Deployment Hook",
        "deployment_events",
        deployment,
    ),
];

fn user(person: &Person) -> Value {
    json!({"id": person.id, "name": person.name, "username": person.login, "avatar_url": null})
}

/// A push of `name` from one commit to another, without its commits.
fn moved(kind: &str, name: &str, before: &str, after: &str) -> Option<Value> {
    let checkout = if after == ZEROS {
        Value::Null
    } else {
        json!(after)
    };
    Some(json!({
        "object_kind": kind, "event_name": kind, "ref": name, "before": before, "after": after,
        "checkout_sha": checkout, "user_id": PEOPLE[0].id, "user_name": PEOPLE[0].name,
        "user_username": PEOPLE[0].login, "total_commits_count": 0, "commits": [],
    }))
}

/// A push of an annotated tag: `before` and `after` are tag objects, the commit is `checkout_sha`.
fn tag(scene: &Scene<'_>, before: &str, after: &str) -> Option<Value> {
    let mut body = moved("tag_push", NEW_TAG, before, after)?;
    if after != ZEROS {
        body["checkout_sha"] = json!(scene.newest.sha);
        body["message"] = json!("As announced");
    }
    Some(body)
}

fn push(scene: &Scene<'_>) -> Option<Value> {
    let newest = &scene.newest;
    let author = newest.author.as_ref();
    let name = format!("refs/heads/{}", scene.repo.default_branch);
    let before = newest.first_parent().unwrap_or(ZEROS);
    let mut body = moved("push", &name, before, &newest.sha)?;
    body["total_commits_count"] = json!(1);
    body["commits"] = json!([{
        "id": newest.sha, "message": newest.message, "title": newest.title, "timestamp": objects::moment(date(newest)),
        "url": url(scene.world, scene.repo, &format!("commit/{}", newest.sha)),
        "author": {"name": author.and_then(|who| who.name.clone()), "email": author.and_then(|who| who.email.clone())},
        "added": [], "modified": [], "removed": [],
    }]);
    Some(body)
}

fn merge_request(scene: &Scene<'_>) -> Option<Value> {
    let pull = scene.story.pulls.first()?;
    let mut attributes = objects::merge_request(scene.world, scene.repo, pull);
    attributes["action"] = json!("open");
    attributes["author_id"] = json!(pull.author.id);
    attributes["last_commit"] = json!({"id": pull.head});
    attributes["url"] = attributes["web_url"].take();
    Some(json!({
        "object_kind": "merge_request", "event_type": "merge_request", "user": user(pull.author),
        "object_attributes": attributes, "labels": [{"id": 1, "title": "review"}],
    }))
}

fn note(scene: &Scene<'_>) -> Option<Value> {
    Some(json!({
        "object_kind": "note", "event_type": "note", "user": user(&PEOPLE[1]),
        "object_attributes": {
            "id": 9001, "note": "Use the key from the wiki", "noteable_type": "Commit", "author_id": PEOPLE[1].id,
            "created_at": MOMENT, "updated_at": MOMENT, "url": url(scene.world, scene.repo, "commit/x#note_9001"),
        },
    }))
}

fn release(scene: &Scene<'_>) -> Option<Value> {
    let release = scene.story.releases.first()?;
    Some(json!({
        "object_kind": "release", "action": "create", "id": release.id, "tag": release.tag, "name": release.tag,
        "description": release.notes, "created_at": MOMENT, "released_at": MOMENT,
        "url": url(scene.world, scene.repo, &format!("releases/{}", release.tag)), "assets": {"count": 0, "links": [], "sources": []},
    }))
}

fn job(scene: &Scene<'_>) -> Option<Value> {
    let newest = &scene.newest;
    let [build, ..] = checks(&newest.sha);
    let row = objects::status(scene.world, scene.repo, &newest.sha, date(newest), build);
    Some(json!({
        "object_kind": "build", "ref": scene.repo.default_branch, "tag": false, "sha": newest.sha, "build_id": row["id"],
        "build_name": row["name"], "build_status": row["status"], "build_started_at": MOMENT,
        "build_finished_at": null, "build_allow_failure": false, "user": user(&PEOPLE[0]), "project_id": scene.repo.id,
    }))
}

fn deployment(scene: &Scene<'_>) -> Option<Value> {
    let row = scene.story.deployments.first()?;
    Some(json!({
        "object_kind": "deployment", "status": objects::deployment_word(row.state), "deployment_id": row.id,
        "environment": row.environment, "ref": row.git_ref, "short_sha": &row.sha[..8], "user": user(row.creator),
        "status_changed_at": MOMENT, "commit_title": scene.newest.title,
    }))
}
