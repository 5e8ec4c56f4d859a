//! What GitHub sends to hooks, by the unified name of the event.

use serde_json::{Value, json};

use super::{
    super::{
        people::PEOPLE,
        story::{checks, date},
        world::{Repo, World},
    },
    objects,
};

/// The event's name in `X-GitHub-Event`, the name that hooks ask for it by, and its payload.
pub(in super::super) async fn payload(
    world: &World,
    repo: &Repo,
    event: &str,
) -> Option<(&'static str, &'static str, Value)> {
    let story = world.story(repo).await.ok()?;
    let history = world.history(repo, None).await.ok().flatten()?;
    let newest = history.first()?;
    let (name, mut body) = match event {
        "push" => {
            let commit = json!({
                "id": newest.sha, "message": newest.message.as_deref().map(str::trim_end), "timestamp": objects::moment(date(newest)),
                "url": super::url(world, repo, &format!("/commit/{}", newest.sha)),
                "author": {"name": newest.author.as_ref().and_then(|who| who.name.clone()), "email": newest.author.as_ref().and_then(|who| who.email.clone()), "username": PEOPLE[0].login},
                "committer": {"name": newest.committer.as_ref().and_then(|who| who.name.clone()), "email": newest.committer.as_ref().and_then(|who| who.email.clone())},
                "added": [], "removed": [], "modified": [],
            });
            (
                "push",
                json!({
                    "ref": format!("refs/heads/{}", repo.default_branch), "before": newest.parents.first(), "after": newest.sha,
                    "created": false, "deleted": false, "forced": false, "head_commit": commit, "commits": [commit],
                    "pusher": {"name": PEOPLE[0].login},
                }),
            )
        }
        "branch.created" => (
            "create",
            json!({"ref": "feature/new", "ref_type": "branch", "master_branch": repo.default_branch}),
        ),
        "branch.deleted" => (
            "delete",
            json!({"ref": "feature/new", "ref_type": "branch"}),
        ),
        "tag.created" => (
            "create",
            json!({"ref": "v9.9.9", "ref_type": "tag", "master_branch": repo.default_branch}),
        ),
        "tag.deleted" => ("delete", json!({"ref": "v9.9.9", "ref_type": "tag"})),
        "pull_request" => {
            let pull = story.pulls.first()?;
            (
                "pull_request",
                json!({"action": "opened", "number": pull.number, "pull_request": objects::pull(world, repo, pull)}),
            )
        }
        "comment" => (
            "issue_comment",
            json!({
                "action": "created", "issue": {"number": 1, "title": "A question"},
                "comment": {
                    "id": 9001, "body": "Use the key from the wiki", "user": objects::user(world, &PEOPLE[1]),
                    "html_url": super::url(world, repo, "/issues/1#issuecomment-9001"),
                    "created_at": "2025-03-01T08:00:00Z", "updated_at": "2025-03-01T08:00:00Z",
                },
            }),
        ),
        "release" => (
            "release",
            json!({"action": "published", "release": objects::release(world, repo, story.releases.first()?)}),
        ),
        "check" => {
            let [build, ..] = checks(&newest.sha);
            (
                "check_run",
                json!({"action": "completed", "check_run": objects::check_run(world, repo, &newest.sha, date(newest), build)}),
            )
        }
        "deployment" => {
            let deployment = story.deployments.first()?;
            (
                "deployment_status",
                json!({
                    "action": "created", "deployment": objects::deployment(world, deployment),
                    "deployment_status": objects::deployment_status(world, deployment),
                }),
            )
        }
        "repository" => ("repository", json!({"action": "edited", "changes": {}})),
        "ping" => (
            "ping",
            json!({"zen": "Keep it logically awesome.", "hook_id": 1}),
        ),
        _ => return None,
    };
    body["repository"] = objects::repository(world, repo, true);
    body["sender"] = objects::user(world, &PEOPLE[0]);
    Some((name, name, body))
}
