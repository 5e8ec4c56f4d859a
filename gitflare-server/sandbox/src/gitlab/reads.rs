//! What can be read: lists in pages, and single objects.

use gitflare_core::{
    Result,
    model::{Contributor, Diff, DiffFile},
};
use serde_json::{Value, json};

use super::{
    lists::{keyset, rows, uncounted},
    objects,
};
use crate::kit::{
    Answer, Call, Repo,
    people::Person,
    story::{PullState, checks, date},
};

/// Maintainer or reporter.
fn level(call: &Call<'_>) -> u32 {
    if call.caller.is_admin() { 40 } else { 20 }
}

fn name(row: &Value) -> String {
    row["name"].as_str().unwrap_or_default().to_owned()
}

/// What GitLab's parameters take for true (Grape's boolean).
fn is_true(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["1", "on", "t", "true", "y", "yes"].contains(&text.as_str())
}

fn not_found(what: &str) -> Answer {
    Answer::message(404, &format!("404 {what}"))
}

pub(super) async fn viewer(call: &Call<'_>, person: &'static Person) -> Result<Answer> {
    Ok(Answer::json(200, &objects::viewer(call.world, person)))
}

pub(super) async fn metadata(_: &Call<'_>, _: &'static Person) -> Result<Answer> {
    let body = json!({"version": "18.5.0", "revision": "emulated"});
    Ok(Answer::json(200, &body))
}

pub(super) async fn projects(call: &Call<'_>, person: &'static Person) -> Result<Answer> {
    let repos = call.world.visible(person);
    let mut list: Vec<_> = repos
        .iter()
        .map(|repo| objects::project(call.world, repo, level(call)))
        .collect();
    if call.query("sort") != Some("asc") {
        list.reverse();
    }
    Ok(keyset(call, list, "id_after", |row| row["id"].to_string()))
}

pub(super) async fn project(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let body = objects::project(call.world, repo, level(call));
    Ok(Answer::json(200, &body))
}

pub(super) async fn branches(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let branches = call.world.git.branches(repo).await?;
    let list = branches
        .iter()
        .map(|branch| objects::branch(call.world, repo, branch))
        .collect();
    Ok(keyset(call, list, "page_token", name))
}

pub(super) async fn tags(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let tags = call.world.git.tags(repo).await?;
    let list = tags.iter().map(objects::tag).collect();
    Ok(keyset(call, list, "page_token", name))
}

pub(super) async fn contributors(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    if repo.is_empty() {
        return Ok(not_found("Not Found"));
    }
    let mut people = call.world.git.contributors(repo).await?;
    people.sort_by_key(|who| who.contributions);
    if call.query("sort") == Some("desc") {
        people.reverse();
    }
    let row = |who: &Contributor| json!({"name": who.name, "email": who.email, "commits": who.contributions, "additions": 0, "deletions": 0});
    Ok(rows(call, people.iter().map(row).collect()))
}

pub(super) async fn commits(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    if repo.is_empty() {
        return Ok(not_found("Repository Not Found"));
    }
    let branch = call.query("ref_name");
    // An unknown ref is no error here.
    let history = call.world.git.history_of(repo, branch).await?;
    let list = history
        .unwrap_or_default()
        .iter()
        .map(|commit| objects::commit(call.world, repo, commit))
        .collect();
    Ok(uncounted(call, list))
}

pub(super) async fn commit(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let Some(commit) = call.world.git.commit_at(repo, call.name("ref")).await? else {
        return Ok(no_commit(repo));
    };
    let diff = call.world.git.diff(repo, &commit.sha).await?;
    let added = diff.stats.additions.unwrap_or(0);
    let removed = diff.stats.deletions.unwrap_or(0);
    let mut body = objects::commit(call.world, repo, &commit);
    body["stats"] = json!({"additions": added, "deletions": removed, "total": added + removed});
    Ok(Answer::json(200, &body))
}

fn no_commit(repo: &Repo) -> Answer {
    not_found(if repo.is_empty() {
        "Repository Not Found"
    } else {
        "Commit Not Found"
    })
}

/// The files of a diff with their modes on both sides.
fn files(call: &Call<'_>, repo: &Repo, diff: &Diff) -> Result<Vec<Value>> {
    let mode = |commit: &Option<String>, path: &str| -> Result<String> {
        let found = match commit {
            Some(commit) => call.world.git.object(repo, commit, Some(path))?,
            None => None,
        };
        Ok(found.map_or_else(|| "0".to_owned(), |object| object.mode))
    };
    let row = |file: &DiffFile| {
        let old = file.previous_path.as_ref().unwrap_or(&file.path);
        let modes = [
            mode(&diff.base_sha, old)?,
            mode(&diff.head_sha, &file.path)?,
        ];
        Ok(objects::file(file, modes))
    };
    diff.files.iter().map(row).collect()
}

pub(super) async fn commit_diff(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let Some(commit) = call.world.git.commit_at(repo, call.name("ref")).await? else {
        return Ok(no_commit(repo));
    };
    let diff = call.world.git.diff(repo, &commit.sha).await?;
    Ok(rows(call, files(call, repo, &diff)?))
}

/// The best common ancestor of two names.
pub(super) async fn merge_base(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let query = call.request.query.iter();
    let names: Vec<_> = query
        .filter(|(name, _)| name == "refs[]")
        .map(|(_, value)| value.as_str())
        .collect();
    let git = &call.world.git;
    let [base, head] = names[..] else {
        return Ok(Answer::json(400, &json!({"error": "refs is invalid"})));
    };
    for name in [base, head] {
        if git.resolve(repo, name).await?.is_none() {
            let message = format!("400 Bad request - Could not find ref: {name}");
            return Ok(Answer::message(400, &message));
        }
    }
    let found = git.compare(repo, base, head).await?;
    let Some(sha) = found.and_then(|found| found.diff.base_sha) else {
        return Ok(not_found("Merge Base Not Found"));
    };
    Ok(match git.commit(repo, &sha).await? {
        Some(commit) => Answer::json(200, &objects::commit(call.world, repo, &commit)),
        None => no_commit(repo),
    })
}

/// What a name has that another one lacks, from their merge base on.
pub(super) async fn compare(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let (base, head) = (call.query("from"), call.query("to"));
    let (base, head) = (base.unwrap_or_default(), head.unwrap_or_default());
    if call.query("straight").is_some_and(is_true) {
        return Ok(Answer::message(400, "two dots are not emulated"));
    }
    let Some(found) = call.world.git.compare(repo, base, head).await? else {
        return Ok(not_found("Ref Not Found"));
    };
    let commits = found.commits.iter().flatten().rev();
    let commits: Vec<_> = commits
        .map(|commit| objects::commit(call.world, repo, commit))
        .collect();
    let diffs = files(call, repo, &found.diff)?;
    let body = json!({
        "commit": commits.last(), "commits": commits, "diffs": diffs, "compare_timeout": false,
        "compare_same_ref": base == head, "web_url": "http://compare.invalid/",
    });
    Ok(Answer::json(200, &body))
}

pub(super) async fn statuses(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let Some(commit) = call.world.git.commit_at(repo, call.name("ref")).await? else {
        return Ok(no_commit(repo));
    };
    // Pipelines are found by the literal id alone.
    if call.name("ref") != commit.sha {
        return Ok(rows(call, Vec::new()));
    }
    let at = date(&commit);
    let row = |check| objects::status(call.world, repo, &commit.sha, at, check);
    Ok(rows(call, checks(&commit.sha).map(row).to_vec()))
}

pub(super) async fn tree(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let git = &call.world.git;
    let name = call.query("ref").unwrap_or(&repo.default_branch);
    let Some(sha) = git.resolve(repo, name).await? else {
        return Ok(not_found("Tree Not Found"));
    };
    let path = call.query("path").filter(|path| !path.is_empty());
    let recursive = call.query("recursive").is_some_and(is_true);
    let no_path = || not_found("invalid revision or path Not Found");
    let Ok(entries) = git.tree(repo, &sha, path, recursive).await else {
        return Ok(no_path());
    };
    let is_file = entries.len() == 1 && path == Some(entries[0].path.as_str());
    if is_file {
        return Ok(no_path());
    }
    let list = entries.iter().map(objects::tree_entry).collect();
    let key = |row: &Value| row["path"].as_str().unwrap_or_default().to_owned();
    Ok(keyset(call, list, "page_token", key))
}

pub(super) async fn merge_requests(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let wanted = match call.query("state").unwrap_or("all") {
        "all" => None,
        "opened" => Some(PullState::Open),
        "closed" => Some(PullState::Closed),
        "merged" => Some(PullState::Merged),
        "locked" => return Ok(rows(call, Vec::new())),
        _ => {
            let body = json!({"error": "state does not have a valid value"});
            return Ok(Answer::json(400, &body));
        }
    };
    let story = call.world.story(repo).await?;
    let list = story
        .pulls
        .iter()
        .filter(|pull| wanted.is_none_or(|wanted| pull.state == wanted))
        .map(|pull| objects::merge_request(call.world, repo, pull))
        .collect();
    Ok(rows(call, list))
}

pub(super) async fn merge_request(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let story = call.world.story(repo).await?;
    let Some(pull) = story.pull(call.name("iid")) else {
        return Ok(not_found("Not found"));
    };
    let diff = call.world.git.diff(repo, &pull.diff_of).await?;
    let mut body = objects::merge_request(call.world, repo, pull);
    if pull.state == PullState::Merged {
        body["merge_user"] = objects::user(call.world, pull.author);
    }
    body["changes_count"] = json!(diff.files.len().to_string());
    body["diff_refs"] =
        json!({"base_sha": pull.base, "head_sha": pull.head, "start_sha": pull.base});
    Ok(Answer::json(200, &body))
}

pub(super) async fn merge_request_diffs(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let story = call.world.story(repo).await?;
    let Some(pull) = story.pull(call.name("iid")) else {
        return Ok(not_found("Not found"));
    };
    let diff = call.world.git.diff(repo, &pull.diff_of).await?;
    Ok(rows(call, files(call, repo, &diff)?))
}

pub(super) async fn releases(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let story = call.world.story(repo).await?;
    let list = story
        .releases
        .iter()
        .map(|release| objects::release(call.world, repo, release))
        .collect();
    Ok(rows(call, list))
}

pub(super) async fn deployments(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let story = call.world.story(repo).await?;
    let (environment, status) = (call.query("environment"), call.query("status"));
    let mut list: Vec<_> = story
        .deployments
        .iter()
        .filter(|row| environment.is_none_or(|wanted| row.environment == wanted))
        .filter(|row| status.is_none_or(|wanted| objects::deployment_word(row.state) == wanted))
        .map(|row| objects::deployment(call.world, row))
        .collect();
    if call.query("sort") != Some("desc") {
        list.reverse();
    }
    Ok(rows(call, list))
}
