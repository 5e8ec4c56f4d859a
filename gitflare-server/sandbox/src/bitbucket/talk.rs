//! What is said about a pull request, and its commits.

use gitflare_core::Result;
use serde_json::{Value, json};

use super::{
    lists::{COMMITS, NUMBERED, page},
    no_pull_request,
    objects::{self, moment, user},
};
use crate::kit::{
    Answer, Call, Repo, World,
    story::{Pull, checks},
    talk::{self, Remark},
};

pub(super) async fn commits(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let story = call.world.story(repo).await?;
    let Some(pull) = story.pull(call.name("id")) else {
        return Ok(no_pull_request());
    };
    let commits = call
        .world
        .git
        .commits_between(repo, &pull.base, &pull.head)
        .await?;
    let list = commits
        .iter()
        .map(|it| objects::commit(call.world, repo, it));
    Ok(page(call, COMMITS, list.collect()))
}

/// The statuses of a pull request's newest commit.
pub(super) async fn statuses(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let story = call.world.story(repo).await?;
    let Some(pull) = story.pull(call.name("id")) else {
        return Ok(no_pull_request());
    };
    let row = |check| objects::status(call.world, repo, &pull.head, pull.at, check);
    Ok(page(call, NUMBERED, checks(&pull.head).map(row).to_vec()))
}

/// Who takes part, and what they think: in a pull request by itself alone.
pub(super) fn participants(world: &World, pull: &Pull) -> Value {
    let said = talk::opinion(pull);
    let state = if said.approves {
        "approved"
    } else {
        "changes_requested"
    };
    json!([
        {
            "type": "participant", "user": user(world, said.author), "role": "REVIEWER", "approved": said.approves,
            "state": state, "participated_on": moment(pull.at),
        },
        {
            "type": "participant", "user": user(world, pull.author), "role": "PARTICIPANT", "approved": false,
            "state": null, "participated_on": moment(pull.at),
        },
    ])
}

/// All of them, and one that was deleted.
pub(super) async fn comments(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let story = call.world.story(repo).await?;
    let Some(pull) = story.pull(call.name("id")) else {
        return Ok(no_pull_request());
    };
    let all = talk::remarks(call.world, repo, pull).await?;
    let mut list: Vec<_> = all
        .iter()
        .map(|it| comment(call.world, repo, pull, it))
        .collect();
    let mut gone = comment(call.world, repo, pull, &all[0]);
    gone["id"] = json!(all[0].id + 9);
    gone["deleted"] = json!(true);
    list.push(gone);
    Ok(page(call, NUMBERED, list))
}

fn comment(world: &World, repo: &Repo, pull: &Pull, remark: &Remark) -> Value {
    let address = format!("/pull-requests/{}#comment-{}", pull.number, remark.id);
    let own = format!("/pullrequests/{}/comments/{}", pull.number, remark.id);
    let mut row = json!({
        "type": "pullrequest_comment", "id": remark.id, "deleted": false, "pending": false,
        "content": {"type": "rendered", "raw": remark.body, "markup": "markdown", "html": format!("<p>{}</p>", remark.body)},
        "user": user(world, remark.author), "created_on": moment(remark.at), "updated_on": moment(remark.at),
        "links": {
            "self": {"href": objects::api(world, repo, &own)}, "html": {"href": objects::url(world, repo, &address)},
        },
    });
    if let Some(place) = &remark.place {
        row["inline"] = json!({
            "path": place.path, "from": null, "to": place.line, "start_from": null, "start_to": place.start,
        });
    }
    if let Some(answered) = remark.answers {
        row["parent"] = json!({"id": answered});
    }
    row
}
