//! What is said about a merge request, as threads.

use gitflare_core::Result;
use serde_json::{Value, json};

use super::{error, lists::page, objects};
use crate::kit::{
    Answer, Call, Repo, World,
    talk::{self, Remark},
};

pub(super) async fn discussions(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let story = call.world.story(repo).await?;
    let Some(pull) = story.pull(call.name("id")) else {
        return Ok(error(404, "Merge request not found"));
    };
    let mut threads: Vec<Value> = Vec::new();
    for remark in talk::remarks(call.world, repo, pull).await? {
        let note = note(call.world, &remark);
        match threads.last_mut().filter(|_| remark.answers.is_some()) {
            Some(last) => last["replies"] = json!([note]),
            None => threads.push(json!({"rootNote": note, "replies": []})),
        }
    }
    let body = page(call, "restDiscussionModelList", threads);
    Ok(Answer::json(200, &body))
}

fn note(world: &World, remark: &Remark) -> Value {
    let place = remark.place.as_ref();
    json!({
        "uuid": objects::uuid("8140", remark.id), "message": format!("<p>{}</p>", remark.body),
        "rawMessage": remark.body, "author": objects::user(world, remark.author), "resolved": false,
        "createdAt": objects::moment(remark.at), "updatedAt": objects::moment(remark.at),
        "newPath": place.map(|it| &it.path), "newLine": place.map(|it| it.line), "oldPath": null, "oldLine": null,
    })
}
