//! What GitLab sends to hooks, by the unified name of the event.

use serde_json::{Value, json};

use super::{
    super::{
        people::{PEOPLE, Person},
        story::{checks, date},
        world::{Repo, World},
    },
    objects,
};

const ZEROS: &str = "0000000000000000000000000000000000000000";

/// The event's name in `X-Gitlab-Event`, the flag that hooks ask for it by, and its payload.
pub(in super::super) async fn payload(
    world: &World,
    repo: &Repo,
    event: &str,
) -> Option<(&'static str, &'static str, Value)> {
    let story = world.story(repo).await.ok()?;
    let history = world.history(repo, None).await.ok().flatten()?;
    let newest = history.first()?;
    let before = newest.parents.first().map_or(ZEROS, String::as_str);
    let user = |person: &Person| json!({"id": person.id, "name": person.name, "username": person.login, "avatar_url": null});
    let push = |kind: &str, name: &str, before: &str, after: &str, commits: Value| {
        json!({
            "object_kind": kind, "event_name": kind, "ref": name, "before": before, "after": after,
            "checkout_sha": if after == ZEROS { Value::Null } else { json!(after) },
            "user_id": PEOPLE[0].id, "user_name": PEOPLE[0].name, "user_username": PEOPLE[0].login,
            "total_commits_count": commits.as_array().map_or(0, Vec::len), "commits": commits,
        })
    };
    let (name, flag, mut body) = match event {
        "push" => {
            let commits = json!([{
                "id": newest.sha, "message": newest.message, "title": newest.title, "timestamp": objects::moment(date(newest)),
                "url": super::url(world, repo, &format!("commit/{}", newest.sha)),
                "author": {"name": newest.author.as_ref().and_then(|who| who.name.clone()), "email": newest.author.as_ref().and_then(|who| who.email.clone())},
                "added": [], "modified": [], "removed": [],
            }]);
            let name = format!("refs/heads/{}", repo.default_branch);
            (
                "Push Hook",
                "push_events",
                push("push", &name, before, &newest.sha, commits),
            )
        }
        "branch.created" => (
            "Push Hook",
            "push_events",
            push(
                "push",
                "refs/heads/feature/new",
                ZEROS,
                &newest.sha,
                json!([]),
            ),
        ),
        "branch.deleted" => (
            "Push Hook",
            "push_events",
            push(
                "push",
                "refs/heads/feature/new",
                &newest.sha,
                ZEROS,
                json!([]),
            ),
        ),
        "tag.created" => (
            "Tag Push Hook",
            "tag_push_events",
            push(
                "tag_push",
                "refs/tags/v9.9.9",
                ZEROS,
                &newest.sha,
                json!([]),
            ),
        ),
        "tag.deleted" => (
            "Tag Push Hook",
            "tag_push_events",
            push(
                "tag_push",
                "refs/tags/v9.9.9",
                &newest.sha,
                ZEROS,
                json!([]),
            ),
        ),
        "pull_request" => {
            let pull = story.pulls.first()?;
            let mut attributes = objects::merge_request(world, repo, pull);
            attributes["action"] = json!("open");
            attributes["author_id"] = json!(pull.author.id);
            attributes["last_commit"] = json!({"id": pull.head});
            attributes["url"] = attributes["web_url"].take();
            (
                "Merge Request Hook",
                "merge_requests_events",
                json!({
                    "object_kind": "merge_request", "event_type": "merge_request", "user": user(pull.author),
                    "object_attributes": attributes, "labels": [{"id": 1, "title": "review"}],
                }),
            )
        }
        "comment" => (
            "Note Hook",
            "note_events",
            json!({
                "object_kind": "note", "event_type": "note", "user": user(&PEOPLE[1]),
                "object_attributes": {
                    "id": 9001, "note": "Use the key from the wiki", "noteable_type": "Commit", "author_id": PEOPLE[1].id,
                    "created_at": "2025-03-01 08:00:00 UTC", "updated_at": "2025-03-01 08:00:00 UTC", "url": super::url(world, repo, "commit/x#note_9001"),
                },
            }),
        ),
        "release" => {
            let release = story.releases.first()?;
            (
                "Release Hook",
                "releases_events",
                json!({
                    "object_kind": "release", "action": "create", "id": release.id, "tag": release.tag, "name": release.tag,
                    "description": release.notes, "created_at": "2025-03-01 08:00:00 UTC", "released_at": "2025-03-01 08:00:00 UTC",
                    "url": super::url(world, repo, &format!("releases/{}", release.tag)), "assets": {"count": 0, "links": [], "sources": []},
                }),
            )
        }
        "check" => {
            let [build, ..] = checks(&newest.sha);
            let row = objects::status(world, repo, &newest.sha, date(newest), build);
            (
                "Job Hook",
                "job_events",
                json!({
                    "object_kind": "build", "ref": repo.default_branch, "tag": false, "sha": newest.sha, "build_id": row["id"],
                    "build_name": row["name"], "build_status": row["status"], "build_started_at": "2025-03-01 08:00:00 UTC",
                    "build_finished_at": null, "build_allow_failure": false, "user": user(&PEOPLE[0]), "project_id": repo.id,
                }),
            )
        }
        "deployment" => {
            let row = story.deployments.first()?;
            (
                "Deployment Hook",
                "deployment_events",
                json!({
                    "object_kind": "deployment", "status": objects::deployment_word(row.state), "deployment_id": row.id,
                    "environment": row.environment, "ref": row.git_ref, "short_sha": &row.sha[..8], "user": user(row.creator),
                    "status_changed_at": "2025-03-01 08:00:00 UTC", "commit_title": newest.title,
                }),
            )
        }
        _ => return None,
    };
    body["project"] = json!({
        "id": repo.id, "name": repo.name, "path_with_namespace": repo.full_name(), "default_branch": repo.default_branch,
        "web_url": format!("{}/{}", world.web_url(), repo.full_name()), "visibility_level": if repo.private { 0 } else { 20 },
    });
    Some((name, flag, body))
}
