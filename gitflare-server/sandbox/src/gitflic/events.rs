//! What GitFlic sends to hooks, by the unified name of the event. Releases, deployments and changes
//! of the project have no events there.

use serde_json::{Value, json};

use super::objects;
use crate::kit::dialect::{EventRow, Scene};

/// A hook asks for GitFlic's events by the names they are delivered under.
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
    row("push", "BRANCH_UPDATE", |scene| {
        let name = &scene.repo.default_branch;
        pushed("BRANCH_UPDATE", &format!("refs/heads/{name}"))
    }),
    row("branch.created", "BRANCH_CREATE", |_| {
        pushed("BRANCH_CREATE", "refs/heads/feature/new")
    }),
    row("branch.deleted", "BRANCH_DELETE", |_| {
        pushed("BRANCH_DELETE", "refs/heads/feature/new")
    }),
    row("tag.created", "TAG_CREATE", |_| {
        pushed("TAG_CREATE", "refs/tags/v9.9.9")
    }),
    row("tag.deleted", "TAG_DELETE", |_| {
        pushed("TAG_DELETE", "refs/tags/v9.9.9")
    }),
    row("pull_request", "MERGE_REQUEST_CREATE", merge_request),
    row("comment", "DISCUSSION_CREATE", |_| {
        Some(json!({
            "action": "DISCUSSION_CREATE",
            "discussion": {"id": objects::uuid("8140", 1), "message": "Use the key from the wiki"},
        }))
    }),
    row("check", "PIPELINE_SUCCESS", pipeline),
    row("ping", "TEST_WEBHOOK", |_| {
        Some(json!({"action": "TEST_WEBHOOK"}))
    }),
];

fn pushed(action: &str, name: &str) -> Option<Value> {
    Some(json!({"action": action, "push": {"ref": name}}))
}

fn merge_request(scene: &Scene<'_>) -> Option<Value> {
    let pull = scene.story.pulls.first()?;
    Some(json!({
        "action": "MERGE_REQUEST_CREATE",
        "merge_request": {
            "id": objects::uuid("80f0", pull.number), "local_id": pull.number, "title": pull.title,
            "description": pull.body, "source_branch": pull.source, "target_branch": pull.target,
            "user_alias": pull.author.login,
        },
    }))
}

fn pipeline(scene: &Scene<'_>) -> Option<Value> {
    let newest = &scene.newest;
    let author = newest.author.as_ref().and_then(|who| who.name.clone());
    Some(json!({
        "action": "PIPELINE_SUCCESS",
        "pipeline": {
            "id": objects::uuid("8130", 1), "local_id": 1, "ref": format!("refs/heads/{}", scene.repo.default_branch),
            "commit_id": newest.sha, "url": objects::url(scene.world, scene.repo, "/ci-cd/pipeline/1"),
            "commit": {"id": newest.sha, "author_name": author},
        },
    }))
}
