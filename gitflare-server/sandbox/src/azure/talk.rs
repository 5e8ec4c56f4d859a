//! What is said about a pull request, and its commits.

use gitflare_core::Result;
use serde_json::{Value, json};

use super::{
    error,
    lists::{tokens, whole},
    no_pull_request,
    objects::{self, identity, moment},
};
use crate::kit::{Answer, Call, Repo, talk};

pub(super) async fn commits(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let story = call.world.story(repo).await?;
    let Some(pull) = objects::pull(call.world, repo, &story, call.name("id")) else {
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
    Ok(tokens(call, list.collect()))
}

/// A vote, somebody who has none yet, and a group.
pub(super) async fn reviewers(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let story = call.world.story(repo).await?;
    let Some(pull) = objects::pull(call.world, repo, &story, call.name("id")) else {
        return Ok(no_pull_request());
    };
    let said = talk::opinion(pull);
    let row = |who: Value, vote: i64, is_group: bool| {
        let mut row = who;
        row["vote"] = json!(vote);
        row["reviewerUrl"] = json!("http://reviewer.invalid/");
        row["hasDeclined"] = json!(false);
        if is_group {
            row["id"] = json!("aaaaaaaa-0000-4000-8000-00000000000a");
            row["isContainer"] = json!(true);
        }
        row
    };
    let vote = if said.approves { 10 } else { -10 };
    let voter = || identity(call.world, said.author);
    Ok(whole(&[
        row(voter(), vote, false),
        row(identity(call.world, pull.author), 0, false),
        row(voter(), vote, true),
    ]))
}

/// Threads, whole; the move of a branch is one of the system's.
pub(super) async fn threads(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let story = call.world.story(repo).await?;
    let Some(pull) = objects::pull(call.world, repo, &story, call.name("id")) else {
        return Ok(no_pull_request());
    };
    let mut threads: Vec<Value> = Vec::new();
    for remark in talk::remarks(call.world, repo, pull).await? {
        let comment = |id: u64, parent: u64, kind: &str| {
            json!({
                "id": id, "parentCommentId": parent, "author": identity(call.world, remark.author), "content": remark.body,
                "publishedDate": moment(remark.at), "lastUpdatedDate": moment(remark.at),
                "lastContentUpdatedDate": moment(remark.at), "commentType": kind, "usersLiked": [],
            })
        };
        if remark.answers.is_some()
            && let Some(last) = threads
                .last_mut()
                .and_then(|it| it["comments"].as_array_mut())
        {
            last.push(comment(2, 1, "text"));
            continue;
        }
        let side = |line: u64| json!({"line": line, "offset": 1});
        let context = remark.place.as_ref().map(|place| {
            json!({
                "filePath": format!("/{}", place.path), "leftFileStart": null, "leftFileEnd": null,
                "rightFileStart": side(place.start.unwrap_or(place.line)), "rightFileEnd": side(place.line),
            })
        });
        threads.push(json!({
            "id": remark.id, "publishedDate": moment(remark.at), "lastUpdatedDate": moment(remark.at), "isDeleted": false,
            "comments": [comment(1, 0, "text")], "status": "active", "threadContext": context, "properties": {},
            "identities": null,
        }));
    }
    threads.push(json!({
        "id": 1, "publishedDate": moment(pull.at), "lastUpdatedDate": moment(pull.at), "isDeleted": false, "threadContext": null,
        "comments": [{
            "id": 1, "parentCommentId": 0, "author": identity(call.world, pull.author), "content": "The branch was updated.",
            "publishedDate": moment(pull.at), "lastUpdatedDate": moment(pull.at), "commentType": "system",
        }],
        "properties": {}, "identities": null,
    }));
    Ok(whole(&threads))
}

/// The row of a list whose id is that one.
pub(super) fn one(list: &Answer, id: &str) -> Answer {
    let list: Value = serde_json::from_slice(&list.body).unwrap_or_default();
    let mut rows = list["value"].as_array().into_iter().flatten();
    let is_it = |row: &&Value| match &row["id"] {
        Value::String(text) => text == id,
        other => other.as_u64().is_some_and(|known| id.parse() == Ok(known)),
    };
    match rows.find(is_it) {
        Some(row) => Answer::json(200, row),
        None => error(404, "NotFoundException", "There is no such thing."),
    }
}

pub(super) async fn reviewer(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    Ok(one(&reviewers(call, repo).await?, call.name("reviewer")))
}

pub(super) async fn thread(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    Ok(one(&threads(call, repo).await?, call.name("thread")))
}
