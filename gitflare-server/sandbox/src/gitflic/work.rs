//! What is around a history: releases, merge requests, pipelines.

use gitflare_core::Result;
use serde_json::{Value, json};

use super::{
    error,
    lists::{cut, page},
    objects,
};
use crate::kit::{
    Answer, Call, Repo, World,
    story::{Outcome, Pull, PullState, checks, date},
};

/// All releases as objects.
async fn release_rows(call: &Call<'_>, repo: &Repo) -> Result<Vec<Value>> {
    let story = call.world.story(repo).await?;
    let mut rows = Vec::new();
    for release in &story.releases {
        let id = objects::uuid("8120", release.id);
        let at = objects::moment(release.at);
        rows.push(json!({
            "id": id, "title": release.tag, "projectId": objects::project_id(repo),
            "authorId": objects::uuid("80a0", release.author.id), "description": release.notes, "tagName": release.tag,
            "commitId": call.world.git.resolve(repo, &release.tag).await?, "createdAt": at, "updatedAt": at,
            "preRelease": release.prerelease,
            "attachmentFiles": [{
                "name": format!("{}-{}.tar.gz", repo.name, release.tag), "uuid": objects::uuid("8121", release.id),
                "link": objects::url(call.world, repo, &format!("/release/{id}/file/{}", objects::uuid("8121", release.id))),
                "size": 4096,
            }],
        }));
    }
    Ok(rows)
}

pub(super) async fn releases(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let mut rows = release_rows(call, repo).await?;
    // The filter takes any part of the name.
    if let Some(wanted) = call.query("tagName") {
        rows.retain(|row| {
            row["tagName"]
                .as_str()
                .is_some_and(|tag| tag.contains(wanted))
        });
    }
    Ok(Answer::json(200, &page(call, "releaseTagModelList", rows)))
}

pub(super) async fn release(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let rows = release_rows(call, repo).await?;
    let found = rows.into_iter().find(|row| row["id"] == call.name("id"));
    Ok(found.map_or_else(
        || error(404, "Release not found"),
        |row| Answer::json(200, &row),
    ))
}

/// `status` works for what has ended and is ignored otherwise.
pub(super) async fn merge_requests(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let wanted = match call.query("status") {
        Some("MERGED") => Some(PullState::Merged),
        Some("CANCELED") => Some(PullState::Closed),
        _ => None,
    };
    let story = call.world.story(repo).await?;
    let rows = story
        .pulls
        .iter()
        .filter(|pull| wanted.is_none_or(|wanted| pull.state == wanted))
        .map(|pull| merge_request_object(call.world, repo, pull))
        .collect();
    Ok(Answer::json(
        200,
        &page(call, "mergeRequestModelList", rows),
    ))
}

pub(super) async fn merge_request(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let story = call.world.story(repo).await?;
    Ok(match story.pull(call.name("id")) {
        Some(pull) => Answer::json(200, &merge_request_object(call.world, repo, pull)),
        None => error(404, "Merge request not found"),
    })
}

fn merge_request_object(world: &World, repo: &Repo, pull: &Pull) -> Value {
    let status = match pull.state {
        PullState::Open => "OPENED",
        PullState::Closed => "CANCELED",
        PullState::Merged => "MERGED",
    };
    // Branches and statuses have the shape of a choice on a page.
    let choice = |id: &str, title: &str, hash: Option<&str>| {
        json!({
            "id": id, "title": title, "hash": hash, "alias": null, "ownerAlias": null, "color": null, "hexColor": null,
            "icon": null, "isDeleted": false,
        })
    };
    let project = json!({"id": objects::project_id(repo), "alias": repo.name, "title": repo.name, "ownerAlias": repo.owner});
    let merge = (pull.state == PullState::Merged).then(|| json!({"hash": pull.diff_of}));
    json!({
        "id": objects::uuid("80f0", pull.number), "localId": pull.number, "title": pull.title, "description": pull.body,
        "sourceBranch": choice(&pull.source, &pull.source, Some(&pull.head)),
        "targetBranch": choice(&pull.target, &pull.target, Some(&pull.base)),
        "status": choice(status, status, None), "createdBy": objects::user(world, pull.author),
        "createdAt": objects::moment(pull.at), "updatedAt": objects::moment(pull.at),
        "labels": [{"id": objects::uuid("8110", 1), "hexColor": "0D55A6", "title": "feature", "description": "", "isTextLight": true}],
        "assignedUsers": [], "reviewers": [], "removeSourceBranch": false, "squashCommit": false,
        "sourceProject": project, "targetProject": project, "projectAlias": repo.name, "userAlias": repo.owner,
        "canMerge": pull.state == PullState::Open, "hasConflicts": false, "hasLockConflicts": false, "conflicts": [],
        "lockConflicts": [], "mergeCommit": merge,
    })
}

/// The files of a merge request, beside their page and not below `_embedded`.
pub(super) async fn merge_request_changes(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let story = call.world.story(repo).await?;
    let Some(pull) = story.pull(call.name("id")) else {
        return Ok(error(404, "Merge request not found"));
    };
    let diff = call.world.git.diff(repo, &pull.diff_of).await?;
    let files = diff.files.iter();
    let rows = files.map(|file| objects::file_diff(call.world, repo, &diff, file));
    let (rows, about) = cut(call, rows.collect::<Result<_>>()?);
    let body = json!({
        "commitBlobs": rows, "totalAddedLines": diff.stats.additions, "totalRemovedLines": diff.stats.deletions,
        "page": about,
    });
    Ok(Answer::json(200, &body))
}

/// The pipelines of the newest commits, newest first. Filters are ignored.
pub(super) async fn pipelines(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let history = call.world.git.history_of(repo, None).await?;
    let history = history.unwrap_or_default();
    let newest: Vec<_> = history.iter().take(12).collect();
    let count = newest.len();
    let row = |(at, commit): (usize, &&gitflare_core::model::Commit)| {
        let [(_, outcome), ..] = checks(&commit.sha);
        let status = match outcome {
            Outcome::Running => "RUNNING",
            Outcome::Success => "SUCCESS",
            Outcome::Failure => "FAILED",
        };
        let (number, when) = (count - at, objects::moment(date(commit)));
        json!({
            "id": objects::uuid("8130", number as u64), "localId": number, "status": status, "duration": 61,
            "commitId": commit.sha, "projectId": objects::project_id(repo), "userId": objects::uuid("80a0", 4101),
            "ref": format!("refs/heads/{}", repo.default_branch), "source": "PUSH", "failureReason": null, "createdAt": when,
            "startedAt": when, "finishedAt": (outcome != Outcome::Running).then_some(when), "tag": false,
        })
    };
    let rows = newest.iter().enumerate().map(row).collect();
    Ok(Answer::json(
        200,
        &page(call, "restPipelineModelList", rows),
    ))
}
