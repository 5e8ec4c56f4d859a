//! What Azure DevOps sends to service hooks, by the unified name of the event. Releases and deployments
//! belong to pipelines, which are not emulated.

use serde_json::{Value, json};

use super::objects;
use crate::kit::{
    dialect::{EventRow, Scene},
    people::PEOPLE,
    story::date,
};

const NONE: &str = "0000000000000000000000000000000000000000";

/// What a subscription asks for: a kind of event and, of changes of pull requests, their sort.
pub(super) fn flag(kind: &str, sort: &str) -> String {
    format!("{kind} {sort}").trim_end().to_owned()
}

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
    row("push", "git.push", "git.push", push),
    row("branch.created", "git.push", "git.push", |scene| {
        moved(scene, "heads/feature/new", NONE, &scene.newest.sha)
    }),
    row("branch.deleted", "git.push", "git.push", |scene| {
        moved(scene, "heads/feature/new", &scene.newest.sha, NONE)
    }),
    row("tag.created", "git.push", "git.push", |scene| {
        moved(scene, "tags/v9.9.9", NONE, &scene.newest.sha)
    }),
    row("tag.deleted", "git.push", "git.push", |scene| {
        moved(scene, "tags/v9.9.9", &scene.newest.sha, NONE)
    }),
    row(
        "pull_request",
        "git.pullrequest.created",
        "git.pullrequest.created",
        pull_request,
    ),
    row(
        "pull_request.merged",
        "git.pullrequest.updated",
        "git.pullrequest.updated StatusUpdateNotification",
        completed,
    ),
    row(
        "pull_request.merge_attempted",
        "git.pullrequest.merged",
        "git.pullrequest.merged",
        pull_request,
    ),
    row(
        "vote",
        "git.pullrequest.updated",
        "git.pullrequest.updated ReviewerVoteNotification",
        vote,
    ),
    row(
        "comment",
        "ms.vss-code.git-pullrequest-comment-event",
        "ms.vss-code.git-pullrequest-comment-event",
        comment,
    ),
    row("check", "build.complete", "build.complete", build),
    row(
        "repository",
        "git.repo.renamed",
        "git.repo.renamed",
        renamed,
    ),
];

fn moved(scene: &Scene<'_>, name: &str, old: &str, new: &str) -> Option<Value> {
    Some(json!({"resource": {
        "refUpdates": [{"name": format!("refs/{name}"), "oldObjectId": old, "newObjectId": new}],
        "commits": [], "repository": objects::repository(scene.world, scene.repo),
        "pushedBy": objects::identity(scene.world, &PEOPLE[0]), "pushId": 14, "date": "2025-03-01T08:00:00.1234567Z",
    }}))
}

fn push(scene: &Scene<'_>) -> Option<Value> {
    let name = format!("heads/{}", scene.repo.default_branch);
    let old = scene.newest.first_parent().unwrap_or(NONE);
    let mut body = moved(scene, &name, old, &scene.newest.sha)?;
    let commit = objects::commit(scene.world, scene.repo, &scene.newest);
    body["resource"]["commits"] = json!([commit]);
    Some(body)
}

fn pull_request(scene: &Scene<'_>) -> Option<Value> {
    let pull = scene.story.pulls.first()?;
    Some(json!({"resource": objects::pull_request(scene.world, scene.repo, pull, false)}))
}

fn completed(scene: &Scene<'_>) -> Option<Value> {
    let mut body = pull_request(scene)?;
    body["resource"]["status"] = json!("completed");
    body["resource"]["closedDate"] = json!("2025-03-01T08:00:00.1234567Z");
    Some(body)
}

/// The second of two reviewers approves.
fn vote(scene: &Scene<'_>) -> Option<Value> {
    let mut body = pull_request(scene)?;
    let reviewer = |at: usize, vote: i64| {
        let mut reviewer = objects::identity(scene.world, &PEOPLE[at]);
        reviewer["vote"] = json!(vote);
        reviewer
    };
    body["resource"]["reviewers"] = json!([reviewer(0, -10), reviewer(1, 10)]);
    body["message"] = json!({"text": format!("{} approved pull request 1", PEOPLE[1].name)});
    Some(body)
}

fn comment(scene: &Scene<'_>) -> Option<Value> {
    let pull = pull_request(scene)?;
    let threads = format!("{}/_apis/git/threads/7", scene.world.web_url());
    Some(json!({"resource": {
        "comment": {
            "id": 2, "parentCommentId": 0, "content": "Use the key from the wiki", "commentType": "text",
            "author": objects::identity(scene.world, &PEOPLE[1]), "publishedDate": "2025-03-01T08:00:00.1234567Z",
            "lastContentUpdatedDate": "2025-03-01T08:00:00.1234567Z", "_links": {"threads": {"href": threads}},
        },
        "pullRequest": pull["resource"],
    }}))
}

fn build(scene: &Scene<'_>) -> Option<Value> {
    let (world, repo) = (scene.world, scene.repo);
    let whole = objects::repository(world, repo);
    Some(json!({"resource": {
        "id": 4001, "buildNumber": "20250301.1", "result": "failed", "status": "completed", "definition": {"id": 1, "name": "shop"},
        "sourceBranch": format!("refs/heads/{}", repo.default_branch), "sourceVersion": scene.newest.sha,
        "startTime": date(&scene.newest), "finishTime": date(&scene.newest), "project": whole["project"],
        "repository": {"id": whole["id"], "type": "TfsGit"},
        "url": format!("{}/{}/_apis/build/Builds/4001", world.web_url(), repo.owner),
        "_links": {"web": {"href": format!("{}/{}/_build/results?buildId=4001", world.web_url(), repo.owner)}},
    }}))
}

fn renamed(scene: &Scene<'_>) -> Option<Value> {
    let repository = objects::repository(scene.world, scene.repo);
    Some(
        json!({"resource": {"oldName": "shop", "newName": scene.repo.name, "repository": repository}}),
    )
}
