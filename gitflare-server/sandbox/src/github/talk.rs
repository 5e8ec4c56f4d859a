//! What is said about a pull request, and its commits.

use gitflare_core::Result;
use serde_json::{Value, json};

use super::{
    code,
    lists::rows,
    not_found,
    objects::{moment, repo_api, url, user},
};
use crate::kit::{
    Answer, Call, Repo,
    hostile::planted_password,
    story::Pull,
    talk::{self, Remark},
};

pub(super) async fn commits(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let story = call.world.story(repo).await?;
    let Some(pull) = story.pull(call.name("number")) else {
        return Ok(not_found());
    };
    let commits = call
        .world
        .git
        .commits_between(repo, &pull.base, &pull.head)
        .await?;
    // The oldest first, other than elsewhere.
    let list = commits.iter().rev();
    let list = list.map(|it| code::commit(call.world, repo, it));
    Ok(rows(call, list.collect()))
}

/// A draft of the caller's own is among them.
pub(super) async fn reviews(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let story = call.world.story(repo).await?;
    let Some(pull) = story.pull(call.name("number")) else {
        return Ok(not_found());
    };
    let said = talk::opinion(pull);
    let page = url(call.world, repo, &format!("/pull/{}", pull.number));
    let own = repo_api(call.world, repo, &format!("/pulls/{}", pull.number));
    let review = |id: u64, state: &str, body: &str| {
        json!({
            "id": id, "node_id": format!("PRR_{id}"), "user": user(call.world, said.author), "body": body, "state": state,
            "html_url": format!("{page}#pullrequestreview-{id}"), "pull_request_url": own, "author_association": "MEMBER",
            "_links": {"html": {"href": page}, "pull_request": {"href": own}}, "commit_id": pull.head,
        })
    };
    let state = if said.approves {
        "APPROVED"
    } else {
        "CHANGES_REQUESTED"
    };
    let mut submitted = review(said.id, state, said.body);
    submitted["submitted_at"] = moment(pull.at);
    let draft = review(said.id + 500, "PENDING", "not yet");
    Ok(rows(call, vec![submitted, draft]))
}

/// On the whole.
pub(super) async fn issue_comments(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    remarks(call, repo, false).await
}

/// On lines.
pub(super) async fn line_comments(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    remarks(call, repo, true).await
}

async fn remarks(call: &Call<'_>, repo: &Repo, on_code: bool) -> Result<Answer> {
    let story = call.world.story(repo).await?;
    let Some(pull) = story.pull(call.name("number")) else {
        return Ok(not_found());
    };
    let all = talk::remarks(call.world, repo, pull).await?;
    let list = all
        .iter()
        .filter(|remark| remark.is_about_code() == on_code)
        .map(|remark| comment(call, repo, pull, remark));
    Ok(rows(call, list.collect()))
}

fn comment(call: &Call<'_>, repo: &Repo, pull: &Pull, remark: &Remark) -> Value {
    let (world, id, number) = (call.world, remark.id, pull.number);
    let page = url(world, repo, &format!("/pull/{number}"));
    let mut row = json!({
        "id": id, "node_id": format!("C_{id}"), "user": user(world, remark.author), "body": remark.body,
        "created_at": moment(remark.at), "updated_at": moment(remark.at), "author_association": "MEMBER",
    });
    let Some(place) = &remark.place else {
        row["html_url"] = json!(format!("{page}#issuecomment-{id}"));
        row["url"] = json!(repo_api(world, repo, &format!("/issues/comments/{id}")));
        row["issue_url"] = json!(repo_api(world, repo, &format!("/issues/{number}")));
        return row;
    };
    let own = repo_api(world, repo, &format!("/pulls/{number}"));
    let address = format!("{page}#discussion_r{id}");
    let more = json!({
        "html_url": address, "url": repo_api(world, repo, &format!("/pulls/comments/{id}")), "pull_request_url": own,
        "_links": {"self": {"href": own}, "html": {"href": address}, "pull_request": {"href": own}},
        "path": place.path, "line": place.line, "start_line": place.start, "side": "RIGHT",
        "start_side": place.start.map(|_| "RIGHT"), "original_line": place.line, "original_start_line": place.start,
        "commit_id": pull.head, "original_commit_id": pull.head, "pull_request_review_id": talk::opinion(pull).id,
        "diff_hunk": format!("@@ -1 +1 @@\n+password = \"{}\"", planted_password()), "position": 1,
        "original_position": 1, "subject_type": "line",
    });
    super::objects::add(&mut row, &more);
    if let Some(answered) = remark.answers {
        row["in_reply_to_id"] = json!(answered);
    }
    row
}
