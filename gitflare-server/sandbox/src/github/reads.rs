//! What can be read: lists in pages, and single objects.

use base64::{Engine, engine::general_purpose::STANDARD};
use gitflare_core::{
    Result,
    model::{Branch, Contributor, Diff, TreeEntryType},
};
use serde_json::{Value, json};

use super::{
    code, empty_repository, error,
    lists::{page, rows, wrapped},
    no_commit, not_found,
    objects::{self, repo_api},
    work,
};
use crate::kit::{
    Answer, Call, Repo,
    dialect::spent,
    fault::FaultKind,
    people::{Person, by_email},
    story::{PullState, checks, date},
};

pub(super) async fn viewer(call: &Call<'_>, person: &'static Person) -> Result<Answer> {
    Ok(Answer::json(200, &objects::viewer(call.world, person)))
}

fn visible(call: &Call<'_>, person: &Person) -> Vec<Value> {
    let repos = call.world.visible(person);
    repos
        .iter()
        .map(|repo| objects::repository(call.world, repo, call.caller.is_admin()))
        .collect()
}

pub(super) async fn repositories(call: &Call<'_>, person: &'static Person) -> Result<Answer> {
    let is_filtered = call.query("visibility").or(call.query("affiliation"));
    if is_filtered.is_some() && call.query("type").is_some() {
        return Ok(error(
            422,
            "If you specify visibility or affiliation, you cannot specify type.",
        ));
    }
    Ok(rows(call, visible(call, person)))
}

/// The GitHub App is installed once, for the organization of the first repository.
pub(super) async fn installations(call: &Call<'_>, person: &'static Person) -> Result<Answer> {
    let repos = call.world.visible(person);
    let first = repos.first();
    let installation = first.map(|repo| objects::installation(call.world, repo));
    let list = installation.into_iter().collect();
    Ok(wrapped(call, "installations", list))
}

pub(super) async fn installed(call: &Call<'_>, person: &'static Person) -> Result<Answer> {
    Ok(wrapped(call, "repositories", visible(call, person)))
}

pub(super) async fn repository(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let body = objects::full_repository(call.world, repo, call.caller.is_admin());
    Ok(Answer::json(200, &body))
}

pub(super) async fn branches(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let branches = call.world.git.branches(repo).await?;
    let list = branches
        .iter()
        .map(|branch| code::branch(call.world, repo, branch))
        .collect();
    Ok(rows(call, list))
}

pub(super) async fn branch(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let branches = call.world.git.branches(repo).await?;
    let named = |branch: &&Branch| branch.name == call.name("name");
    let Some(branch) = branches.iter().find(named) else {
        return Ok(error(404, "Branch not found"));
    };
    let commit = call.world.git.commit(repo, &branch.commit_sha).await?;
    Ok(match commit {
        Some(commit) => {
            let body = code::full_branch(call.world, repo, branch, &commit);
            Answer::json(200, &body)
        }
        None => error(404, "Branch not found"),
    })
}

pub(super) async fn tags(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let tags = call.world.git.tags(repo).await?;
    let list = tags
        .iter()
        .map(|tag| code::tag(call.world, repo, tag))
        .collect();
    Ok(rows(call, list))
}

pub(super) async fn contributors(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    if repo.is_empty() {
        return Ok(Answer::empty(204));
    }
    let anonymous = call.query("anon").is_some();
    let row = |who: &Contributor| match who.email.as_deref().and_then(by_email) {
        Some(person) => {
            let mut row = objects::user(call.world, person);
            row["contributions"] = json!(who.contributions);
            Some(row)
        }
        None if anonymous => Some(
            json!({"type": "Anonymous", "name": who.name, "email": who.email, "contributions": who.contributions}),
        ),
        None => None,
    };
    let people = call.world.git.contributors(repo).await?;
    Ok(rows(call, people.iter().filter_map(row).collect()))
}

pub(super) async fn commits(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    if repo.is_empty() {
        return Ok(empty_repository());
    }
    let history = call.world.git.history_of(repo, call.query("sha")).await?;
    let Some(history) = history else {
        return Ok(not_found());
    };
    let list = history
        .iter()
        .map(|commit| code::commit(call.world, repo, commit))
        .collect();
    Ok(rows(call, list))
}

/// The files of a commit's change.
fn files(call: &Call<'_>, repo: &Repo, sha: &str, diff: &Diff) -> Vec<Value> {
    let files = diff.files.iter();
    files
        .map(|file| code::file(call.world, repo, sha, file))
        .collect()
}

/// One commit, with the files of one page.
pub(super) async fn commit(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    if repo.is_empty() {
        return Ok(empty_repository());
    }
    let name = call.name("ref");
    let Some(commit) = call.world.git.commit_at(repo, name).await? else {
        return Ok(no_commit(name));
    };
    let accept = call.request.header("accept").unwrap_or_default();
    if accept.contains("vnd.github.sha") {
        return Ok(Answer::of(200, accept, commit.sha));
    }
    let diff = call.world.git.diff(repo, &commit.sha).await?;
    let files = files(call, repo, &commit.sha, &diff);
    // Totals of the service are not always the sums of its files.
    let surplus = if call.fault == Some(FaultKind::OtherTotals) {
        4
    } else {
        0
    };
    Ok(page(call, files, |files, _| {
        let mut body = code::commit(call.world, repo, &commit);
        let added = diff.stats.additions.unwrap_or(0) + surplus;
        let removed = diff.stats.deletions.unwrap_or(0) + surplus;
        body["stats"] = json!({"additions": added, "deletions": removed, "total": added + removed});
        body["files"] = Value::Array(files);
        body
    }))
}

/// What one name has that another one lacks, three dots between them. Of many commits these are the
/// newest, the oldest of them first.
pub(super) async fn compare(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let git = &call.world.git;
    let Some((base, head)) = call.name("spec").split_once("...") else {
        return Ok(not_found());
    };
    let Some(found) = git.compare(repo, base, head).await? else {
        return Ok(not_found());
    };
    let object = async |sha: Option<&str>| -> Result<Value> {
        let commit = git.commit(repo, sha.unwrap_or_default()).await?;
        let object = commit.map(|commit| code::commit(call.world, repo, &commit));
        Ok(object.unwrap_or_default())
    };
    let commits = found.commits.iter().flatten().rev();
    let commits: Vec<_> = commits
        .map(|commit| code::commit(call.world, repo, commit))
        .collect();
    let head = found.diff.head_sha.as_deref().unwrap_or_default();
    let body = json!({
        "url": repo_api(call.world, repo, &format!("/compare/{}", call.name("spec"))),
        "base_commit": object(found.base_tip_sha.as_deref()).await?,
        "merge_base_commit": object(found.diff.base_sha.as_deref()).await?,
        "status": found.status.map(gitflare_core::model::ComparisonStatus::as_str), "ahead_by": found.ahead_by, "behind_by": found.behind_by,
        "total_commits": found.ahead_by, "commits": commits, "files": files(call, repo, head, &found.diff),
    });
    Ok(Answer::json(200, &body))
}

pub(super) async fn check_runs(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    if repo.is_empty() {
        return Ok(empty_repository());
    }
    let name = call.name("ref");
    let Some(commit) = call.world.git.commit_at(repo, name).await? else {
        return Ok(no_commit(name));
    };
    let [build, test, _] = checks(&commit.sha);
    let run = |check| work::check_run(call.world, repo, &commit.sha, date(&commit), check);
    Ok(wrapped(call, "check_runs", [build, test].map(run).to_vec()))
}

pub(super) async fn status(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    if repo.is_empty() {
        return Ok(empty_repository());
    }
    let Some(commit) = call.world.git.commit_at(repo, call.name("ref")).await? else {
        return Ok(not_found());
    };
    let sha = &commit.sha;
    let [.., lint] = checks(sha);
    let statuses = vec![work::status(call.world, repo, sha, date(&commit), lint)];
    Ok(page(call, statuses, |rows, total| {
        let state = rows
            .first()
            .map_or(json!("pending"), |row| row["state"].clone());
        let own = repo_api(call.world, repo, &format!("/commits/{sha}"));
        json!({
            "state": state, "sha": sha, "total_count": total, "statuses": rows,
            "repository": objects::repository(call.world, repo, false),
            "url": format!("{own}/status"), "commit_url": own,
        })
    }))
}

pub(super) async fn pulls(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let state = call.query("state").unwrap_or("open");
    if !["open", "closed", "all"].contains(&state) {
        return Ok(error(422, "Validation Failed"));
    }
    let story = call.world.story(repo).await?;
    let list = story
        .pulls
        .iter()
        .filter(|pull| state == "all" || (state == "open") == (pull.state == PullState::Open))
        .map(|pull| work::pull(call.world, repo, pull))
        .collect();
    Ok(rows(call, list))
}

pub(super) async fn pull(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let story = call.world.story(repo).await?;
    let Some(pull) = story.pull(call.name("number")) else {
        return Ok(not_found());
    };
    let diff = call.world.git.diff(repo, &pull.diff_of).await?;
    let mut body = work::pull(call.world, repo, pull);
    let is_merged = pull.state == PullState::Merged;
    let more = json!({
        "changed_files": diff.files.len(), "additions": diff.stats.additions, "deletions": diff.stats.deletions,
        "merged": is_merged, "merged_by": is_merged.then(|| objects::user(call.world, pull.author)),
        "commits": 1, "comments": 0, "review_comments": 0, "maintainer_can_modify": false,
        "mergeable": null, "mergeable_state": "unknown", "rebaseable": null,
    });
    objects::add(&mut body, &more);
    Ok(Answer::json(200, &body))
}

pub(super) async fn pull_files(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let story = call.world.story(repo).await?;
    let Some(pull) = story.pull(call.name("number")) else {
        return Ok(not_found());
    };
    let diff = call.world.git.diff(repo, &pull.diff_of).await?;
    Ok(rows(call, files(call, repo, &pull.diff_of, &diff)))
}

pub(super) async fn releases(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let story = call.world.story(repo).await?;
    let list = story
        .releases
        .iter()
        .map(|release| work::release(call.world, repo, release))
        .collect();
    Ok(rows(call, list))
}

pub(super) async fn deployments(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let story = call.world.story(repo).await?;
    let wanted = call.query("environment");
    let list = story
        .deployments
        .iter()
        .filter(|deployment| wanted.is_none_or(|wanted| deployment.environment == wanted))
        .map(|deployment| work::deployment(call.world, repo, deployment))
        .collect();
    Ok(rows(call, list))
}

pub(super) async fn deployment_statuses(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let story = call.world.story(repo).await?;
    Ok(match story.deployment(call.name("id")) {
        Some(deployment) => rows(
            call,
            vec![work::deployment_status(call.world, repo, deployment)],
        ),
        None => not_found(),
    })
}

/// A tree by a commit, a ref, or the id that another tree gave.
pub(super) async fn tree(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    if repo.is_empty() {
        return Ok(empty_repository());
    }
    let (world, id) = (call.world, call.name("id"));
    let known = world.state().trees.get(id).cloned();
    let (sha, folder) = match known {
        Some(known) => known,
        None => match world.git.resolve(repo, id).await? {
            Some(sha) => (sha, String::new()),
            None => return Ok(not_found()),
        },
    };
    // Any value switches it on.
    let recursive = call.query("recursive").is_some();
    let path = (!folder.is_empty()).then_some(folder.as_str());
    let entries = world.git.tree(repo, &sha, path, recursive).await?;
    let mut state = world.state();
    for entry in &entries {
        if let (TreeEntryType::Directory, Some(id)) = (entry.kind, &entry.sha) {
            state
                .trees
                .insert(id.clone(), (sha.clone(), entry.path.clone()));
        }
    }
    drop(state);
    let rows: Vec<_> = entries
        .iter()
        .map(|entry| code::tree_entry(world, repo, entry, &folder))
        .collect();
    // The tree's own id, whatever it was asked for by.
    let own = if folder.is_empty() {
        code::root_tree(world, repo, &sha)
    } else {
        Some(id.to_owned())
    };
    let own = own.unwrap_or_default();
    let address = repo_api(world, repo, &format!("/git/trees/{own}"));
    let body = json!({"sha": own, "url": address, "truncated": false, "tree": rows});
    Ok(Answer::json(200, &body))
}

/// The content of a file by its id: as it is, or as base64 in JSON.
pub(super) async fn blob(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let id = call.name("id");
    let Some(data) = call.world.git.blob(repo, id)? else {
        return Ok(not_found());
    };
    let accept = call.request.header("accept").unwrap_or_default();
    if accept.contains("vnd.github.raw") {
        return Ok(Answer::of(200, accept, data));
    }
    let body = json!({
        "sha": id, "node_id": format!("B_{id}"), "url": repo_api(call.world, repo, &format!("/git/blobs/{id}")),
        "size": data.len(), "content": STANDARD.encode(&data), "encoding": "base64",
    });
    Ok(Answer::json(200, &body))
}

/// What is left of the limit.
pub(super) async fn rate_limit(call: &Call<'_>, person: &'static Person) -> Result<Answer> {
    let budget = call.dialect.budget();
    let spent = spent(call.world, budget, person);
    let body = work::rate_limit(budget.calls, spent.calls, spent.reset);
    Ok(Answer::json(200, &body))
}
