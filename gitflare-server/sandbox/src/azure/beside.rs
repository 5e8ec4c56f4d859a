//! What Azure's own clients can ask for beside what a gateway reads: single rows of lists, the same rows by
//! another way, and lists that are empty here. What changes something is not here.

use gitflare_core::Result;
use serde_json::{Value, json};

use super::{
    changes::iterations,
    lists::{COMMITS, PULL_REQUESTS, page, whole},
    no_pull_request, objects,
    reads::{items_at, no_item},
    refs::find,
    talk::{commits, one, threads},
};
use crate::kit::{Answer, Call, Repo, people::Person, story::checks};

/// A list with nothing in it.
pub(super) async fn none(_: &Call<'_>, _: &Repo) -> Result<Answer> {
    Ok(whole(&[]))
}

/// The same of what belongs to a project.
pub(super) async fn none_of(_: &Call<'_>, _: &'static Person) -> Result<Answer> {
    Ok(whole(&[]))
}

pub(super) async fn properties(_: &Call<'_>, _: &Repo) -> Result<Answer> {
    Ok(Answer::json(200, &json!({"count": 0, "value": {}})))
}

/// How many branches, commits and open pull requests a repository has.
pub(super) async fn stats(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let history = call.world.git.history_of(repo, None).await?;
    let story = call.world.story(repo).await?;
    let open = story
        .pulls
        .iter()
        .filter(|pull| objects::status_of(pull.state) == "active");
    Ok(Answer::json(
        200,
        &json!({
            "repositoryId": objects::repository(call.world, repo)["id"], "activePullRequestsCount": open.count(),
            "branchesCount": call.world.git.branches(repo).await?.len(),
            "commitsCount": history.map_or(0, |history| history.len()),
        }),
    ))
}

/// The pull requests of all repositories of a project.
pub(super) async fn pull_requests(call: &Call<'_>, person: &'static Person) -> Result<Answer> {
    let wanted = call.query("searchCriteria.status").unwrap_or("active");
    let mut rows = Vec::new();
    for repo in call.world.visible(person) {
        if repo.owner != call.name("organization") {
            continue;
        }
        let story = call.world.story(&repo).await?;
        let pulls = story.pulls.iter();
        let pulls =
            pulls.filter(|pull| wanted == "all" || wanted == objects::status_of(pull.state));
        rows.extend(pulls.map(|pull| objects::pull_request(call.world, &repo, pull, true)));
    }
    Ok(page(call, PULL_REQUESTS, rows))
}

pub(super) async fn iteration(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    Ok(one(&iterations(call, repo).await?, call.name("iteration")))
}

/// Both times all commits were there.
pub(super) async fn iteration_commits(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    match iteration(call, repo).await? {
        found if found.status == 200 => commits(call, repo).await,
        refused => Ok(refused),
    }
}

/// The statuses of a pull request's newest commit.
pub(super) async fn statuses(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let story = call.world.story(repo).await?;
    let Some(pull) = objects::pull(call.world, repo, &story, call.name("id")) else {
        return Ok(no_pull_request());
    };
    let rows = checks(&pull.head).into_iter().enumerate();
    let rows = rows.map(|(at, check)| objects::status(call.world, at + 1, pull.at, check));
    Ok(whole(&rows.collect::<Vec<_>>()))
}

pub(super) async fn status(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    Ok(one(&statuses(call, repo).await?, call.name("status")))
}

/// The comments of a thread.
pub(super) async fn comments(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let found = one(&threads(call, repo).await?, call.name("thread"));
    if found.status != 200 {
        return Ok(found);
    }
    let thread: Value = serde_json::from_slice(&found.body).unwrap_or_default();
    let rows = thread["comments"].as_array().cloned().unwrap_or_default();
    Ok(whole(&rows))
}

pub(super) async fn comment(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    Ok(one(&comments(call, repo).await?, call.name("comment")))
}

/// A version as bodies have it: its name and its kind.
fn version(body: &Value) -> (Option<&str>, Option<&str>) {
    (body["version"].as_str(), body["versionType"].as_str())
}

/// The history that the body's criteria name.
pub(super) async fn commits_batch(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let wanted = call.request.json();
    let (name, kind) = version(&wanted["itemVersion"]);
    let start = match find(call, repo, name, kind).await? {
        Ok(commit) => commit,
        Err(answer) => return Ok(answer),
    };
    let history = call.world.git.history_of(repo, Some(&start.sha)).await?;
    let history = history.unwrap_or_default();
    let all = history.iter();
    let rows = all.map(|commit| objects::commit(call.world, repo, commit));
    Ok(page(call, COMMITS, rows.collect()))
}

/// What stands at each of the paths that the body names.
pub(super) async fn items_batch(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let wanted = call.request.json();
    let mut lists = Vec::new();
    for item in wanted["itemDescriptors"].as_array().into_iter().flatten() {
        let (name, kind) = version(item);
        let commit = match find(call, repo, name, kind).await? {
            Ok(commit) => commit,
            Err(answer) => return Ok(answer),
        };
        let path = item["path"].as_str().unwrap_or("/");
        let level = item["recursionLevel"].as_str().unwrap_or("none");
        let Some(rows) = items_at(call, repo, &commit.sha, path, level).await? else {
            return Ok(no_item(path));
        };
        lists.push(Value::Array(rows));
    }
    Ok(whole(&lists))
}
