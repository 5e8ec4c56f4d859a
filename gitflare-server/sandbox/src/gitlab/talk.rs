//! What is said about a merge request, and its commits.

use gitflare_core::Result;
use serde_json::{Value, json};

use super::{
    lists::rows,
    objects::{self, moment, user},
};
use crate::kit::{
    Answer, Call, Repo,
    story::Pull,
    talk::{self, Remark},
};

fn not_found() -> Answer {
    Answer::message(404, "404 Not found")
}

pub(super) async fn commits(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let story = call.world.story(repo).await?;
    let Some(pull) = story.pull(call.name("iid")) else {
        return Ok(not_found());
    };
    let commits = call
        .world
        .git
        .commits_between(repo, &pull.base, &pull.head)
        .await?;
    let list = commits
        .iter()
        .map(|it| objects::commit(call.world, repo, it));
    Ok(rows(call, list.collect()))
}

/// Who approves, all at once.
pub(super) async fn approvals(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let story = call.world.story(repo).await?;
    let Some(pull) = story.pull(call.name("iid")) else {
        return Ok(not_found());
    };
    let said = talk::opinion(pull);
    let row = json!({"user": user(call.world, said.author), "approved_at": moment(pull.at)});
    let approved_by: Vec<Value> = if said.approves { vec![row] } else { Vec::new() };
    let body = json!({
        "user_has_approved": false, "user_can_approve": false, "approved": said.approves, "approved_by": approved_by,
    });
    Ok(Answer::json(200, &body))
}

/// Everybody who was asked.
pub(super) async fn reviewers(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let story = call.world.story(repo).await?;
    let Some(pull) = story.pull(call.name("iid")) else {
        return Ok(not_found());
    };
    let said = talk::opinion(pull);
    let state = if said.approves {
        "approved"
    } else {
        "requested_changes"
    };
    let row = json!({
        "user": user(call.world, said.author), "state": state, "created_at": moment(pull.at),
    });
    Ok(rows(call, vec![row]))
}

/// Notes of people, oldest first; by default those of the system are among them, newest first.
pub(super) async fn notes(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let story = call.world.story(repo).await?;
    let Some(pull) = story.pull(call.name("iid")) else {
        return Ok(not_found());
    };
    let all = talk::remarks(call.world, repo, pull).await?;
    let mut list: Vec<_> = all.iter().map(|it| note(call, repo, pull, it)).collect();
    if call.query("activity_filter") != Some("only_comments") {
        let mut moved = note(call, repo, pull, &all[0]);
        moved["system"] = json!(true);
        moved["body"] = json!("changed the description");
        list.insert(0, moved);
    }
    if call.query("sort") != Some("asc") {
        list.reverse();
    }
    Ok(rows(call, list))
}

fn note(call: &Call<'_>, repo: &Repo, pull: &Pull, remark: &Remark) -> Value {
    let mut row = json!({
        "id": remark.id, "type": null, "body": remark.body, "author": user(call.world, remark.author),
        "created_at": moment(remark.at), "updated_at": moment(remark.at), "system": false, "internal": false,
        "confidential": false, "noteable_id": 80_000 + repo.id * 100 + pull.number, "noteable_type": "MergeRequest",
        "noteable_iid": pull.number, "project_id": repo.id, "resolvable": false, "commands_changes": {},
    });
    if let Some(place) = &remark.place {
        row["type"] = json!("DiffNote");
        row["resolvable"] = json!(true);
        row["resolved"] = json!(false);
        row["position"] = json!({
            "base_sha": pull.base, "start_sha": pull.base, "head_sha": pull.head, "position_type": "text",
            "old_path": place.path, "new_path": place.path, "old_line": null, "new_line": place.line,
            "line_range": place.start.map(|start| json!({
                "start": {"type": "new", "old_line": null, "new_line": start},
                "end": {"type": "new", "old_line": null, "new_line": place.line},
            })),
        });
    }
    row
}
