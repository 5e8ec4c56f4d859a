//! What can be read: accounts, lists and single objects, contents by their ids. Changes are in
//! `changes`.

use gitflare_core::{
    Result,
    model::{Commit, TreeEntryType},
};
use serde_json::{Value, json};

use super::{
    error,
    lists::{COMMITS, PULL_REQUESTS, STATUSES, page, tokens, whole},
    objects,
};
use crate::kit::{
    Answer, Call, Repo,
    people::Person,
    story::{PullState, checks, date},
};

/// One's own profile: that of others is none of an application's business.
pub(super) async fn profile(call: &Call<'_>, person: &'static Person) -> Result<Answer> {
    let id = call.name("id");
    Ok(match id == "me" || id == objects::user_id(person) {
        true => Answer::json(200, &objects::profile(person)),
        false => error(
            404,
            "ProfileDoesNotExistException",
            "The profile does not exist.",
        ),
    })
}

/// The organizations of what a person can see, in no order.
fn organizations(call: &Call<'_>, person: &Person) -> Vec<String> {
    let repos = call.world.visible(person).into_iter();
    let mut names: Vec<_> = repos.map(|repo| repo.owner).collect();
    names.sort();
    names.dedup();
    names.reverse();
    names
}

pub(super) async fn accounts(call: &Call<'_>, person: &'static Person) -> Result<Answer> {
    Ok(match call.query("memberId") {
        None => error(
            400,
            "AccountException",
            "memberId or ownerId must be specified.",
        ),
        Some(id) if id == objects::user_id(person) => {
            let names = organizations(call, person);
            let rows: Vec<_> = names
                .iter()
                .map(|name| objects::account(call.world, name))
                .collect();
            whole(&rows)
        }
        Some(_) => whole(&[]),
    })
}

/// The page of an organization that nobody has.
fn no_organization() -> Answer {
    Answer::html(
        404,
        "\u{feff}<!DOCTYPE html><html><body>404 - Page not found</body></html>".to_owned(),
    )
}

fn is_known(call: &Call<'_>, person: &Person) -> bool {
    organizations(call, person)
        .iter()
        .any(|name| name == call.name("organization"))
}

pub(super) async fn connection(call: &Call<'_>, person: &'static Person) -> Result<Answer> {
    Ok(match is_known(call, person) {
        true => Answer::json(200, &objects::connection(person)),
        false => no_organization(),
    })
}

pub(super) async fn projects(call: &Call<'_>, person: &'static Person) -> Result<Answer> {
    Ok(match is_known(call, person) {
        true => whole(&[objects::project(call.world, call.name("organization"))]),
        false => no_organization(),
    })
}

/// All repositories of an organization, the newest first.
pub(super) async fn repositories(call: &Call<'_>, person: &'static Person) -> Result<Answer> {
    if !is_known(call, person) {
        return Ok(no_organization());
    }
    let mut repos = call.world.visible(person);
    repos.retain(|repo| repo.owner == call.name("organization"));
    repos.reverse();
    let rows: Vec<_> = repos
        .iter()
        .map(|repo| objects::repository(call.world, repo))
        .collect();
    Ok(whole(&rows))
}

pub(super) async fn repository(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    Ok(Answer::json(200, &objects::repository(call.world, repo)))
}

/// Branches and tags whose names begin with `filter`.
pub(super) async fn refs(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let peels = call.query("peelTags") == Some("true");
    let mut rows = Vec::new();
    for branch in call.world.git.branches(repo).await? {
        rows.push(objects::branch(call.world, repo, &branch));
    }
    for tag in call.world.git.tags(repo).await? {
        rows.push(objects::tag(call.world, repo, &tag, peels));
    }
    let filter = format!("refs/{}", call.query("filter").unwrap_or_default());
    rows.retain(|row| {
        row["name"]
            .as_str()
            .is_some_and(|name| name.starts_with(&filter))
    });
    Ok(tokens(call, rows))
}

/// The commit that a version leads to, whose kind is a branch unless it is said. `prefix` stands in
/// front of the two parameters.
pub(super) async fn version(
    call: &Call<'_>,
    repo: &Repo,
    prefix: &str,
) -> Result<std::result::Result<Commit, Answer>> {
    let query = |name: &str| call.query(&format!("{prefix}{name}"));
    let name = query("version").unwrap_or(&repo.default_branch);
    let (git, kind) = (&call.world.git, query("versionType").unwrap_or("branch"));
    let sha = match kind {
        "branch" => {
            let branches = git.branches(repo).await?.into_iter();
            branches
                .filter(|branch| branch.name == name)
                .map(|branch| branch.commit_sha)
                .next()
        }
        "tag" => {
            let tags = git.tags(repo).await?.into_iter();
            tags.filter(|tag| tag.name == name)
                .filter_map(|tag| tag.commit_sha)
                .next()
        }
        _ => Some(name.to_owned()),
    };
    let commit = match sha {
        Some(sha) => git.commit(repo, &sha).await?,
        None => None,
    };
    Ok(commit.ok_or_else(|| {
        let message = format!("TF401175: The version descriptor <{kind}: {name}> could not be resolved to a version in the repository.");
        error(404, "GitUnresolvableToCommitException", &message)
    }))
}

pub(super) async fn commits(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let start = match version(call, repo, "searchCriteria.itemVersion.").await? {
        Ok(commit) => commit,
        Err(answer) => return Ok(answer),
    };
    let history = call
        .world
        .git
        .history_of(repo, Some(&start.sha))
        .await?
        .unwrap_or_default();
    let rows = history
        .iter()
        .map(|commit| objects::commit(call.world, repo, commit))
        .collect();
    let link = format!("<{}>;rel=\"startingCommitId\"", start.sha);
    Ok(page(call, COMMITS, rows).with("link", link))
}

pub(super) fn no_commit(sha: &str) -> Answer {
    let message = format!("TF401175: The commit {sha} does not exist.");
    error(404, "GitCommitDoesNotExistException", &message)
}

pub(super) async fn commit(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let id = call.name("id");
    Ok(match call.world.git.commit(repo, id).await? {
        Some(commit) => Answer::json(200, &objects::whole_commit(call.world, repo, &commit)),
        None => no_commit(id),
    })
}

pub(super) async fn statuses(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let Some(commit) = call.world.git.commit(repo, call.name("id")).await? else {
        return Ok(no_commit(call.name("id")));
    };
    let rows = checks(&commit.sha);
    let rows = rows.into_iter().enumerate();
    let row = |(at, check)| objects::status(call.world, at + 1, date(&commit), check);
    let mut rows: Vec<Value> = rows.map(row).collect();
    if call.query("latestOnly") != Some("true") {
        // Each status began as a pending one.
        let began = rows.clone().into_iter().map(|mut row| {
            row["state"] = json!("pending");
            row
        });
        rows = began.chain(rows).collect();
    }
    Ok(page(call, STATUSES, rows))
}

/// What is at a path, as a list for `scopePath` and bare for `path`. Other forms than JSON are the
/// content of a file.
pub(super) async fn items(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let commit = match version(call, repo, "versionDescriptor.").await? {
        Ok(commit) => commit,
        Err(answer) => return Ok(answer),
    };
    let (scope, bare) = (call.query("scopePath"), call.query("path"));
    let whole_path = bare.or(scope).unwrap_or("/");
    let path = whole_path.trim_matches('/');
    let folder = (!path.is_empty()).then_some(path);
    let Some(object) = call.world.git.object(repo, &commit.sha, folder)? else {
        let message =
            format!("TF401174: The item '{whole_path}' could not be found in the repository.");
        return Ok(error(404, "GitItemNotFoundException", &message));
    };
    if !object.is_tree && call.query("$format") != Some("json") {
        return Ok(Answer::of(200, "application/octet-stream", object.data));
    }
    if object.is_tree {
        let place = (commit.sha.clone(), path.to_owned());
        call.world.state().trees.insert(object.id.clone(), place);
    }
    let mut item = json!({
        "objectId": object.id, "gitObjectType": if object.is_tree { "tree" } else { "blob" },
        "commitId": commit.sha, "path": format!("/{path}"), "url": "",
    });
    if object.is_tree {
        item["isFolder"] = json!(true);
    } else {
        let entries = call
            .world
            .git
            .tree(repo, &commit.sha, folder, false)
            .await?;
        match entries.first().map(|entry| entry.kind) {
            Some(TreeEntryType::Symlink) => item["isSymLink"] = json!(true),
            Some(TreeEntryType::Submodule) => item["gitObjectType"] = json!("commit"),
            _ => {}
        }
    }
    let level = call.query("recursionLevel").unwrap_or("none");
    if bare.is_some() || !object.is_tree || level.eq_ignore_ascii_case("none") {
        return Ok(match bare {
            Some(_) => Answer::json(200, &item),
            None => whole(&[item]),
        });
    }
    // The folder itself is the first one.
    let mut rows = vec![item];
    let is_full = level.eq_ignore_ascii_case("full");
    let below = &call.world.git;
    for entry in below.tree(repo, &commit.sha, folder, is_full).await? {
        let is_tree = entry.kind == TreeEntryType::Directory;
        rows.push(json!({
            "objectId": entry.sha, "gitObjectType": if is_tree { "tree" } else { "blob" }, "commitId": commit.sha,
            "path": format!("/{}", entry.path), "isFolder": is_tree, "url": "",
        }));
    }
    Ok(whole(&rows))
}

pub(super) async fn tree(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let id = call.name("id");
    let known = call.world.state().trees.get(id).cloned();
    let Some((sha, path)) = known else {
        return Ok(error(
            404,
            "GitObjectDoesNotExistException",
            "TF401175: There is no such tree.",
        ));
    };
    let folder = (!path.is_empty()).then_some(path.as_str());
    let recursive = call.query("recursive") == Some("true");
    let entries = call.world.git.tree(repo, &sha, folder, recursive).await?;
    let rows: Vec<_> = entries
        .iter()
        .map(|entry| objects::tree_entry(call.world, repo, &path, entry))
        .collect();
    Ok(Answer::json(
        200,
        &json!({"objectId": id, "url": "", "treeEntries": rows, "size": 77}),
    ))
}

/// Whether the caller would rather have bytes than JSON about them.
fn takes_bytes(call: &Call<'_>) -> bool {
    let accepted = call.request.header("accept").unwrap_or_default();
    accepted.starts_with("application/octet-stream")
}

pub(super) async fn blob(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let id = call.name("id");
    let Some(data) = call.world.git.blob(repo, id)? else {
        return Ok(error(
            404,
            "GitObjectDoesNotExistException",
            "TF401175: There is no such blob.",
        ));
    };
    Ok(match call.query("$format") {
        _ if takes_bytes(call) => Answer::of(200, "application/octet-stream", data),
        Some("octetstream") => Answer::of(200, "application/octet-stream", data),
        _ => Answer::json(200, &json!({"objectId": id, "size": data.len(), "url": ""})),
    })
}

pub(super) async fn pull_requests(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let wanted = call.query("searchCriteria.status").unwrap_or("active");
    let word = |state| match state {
        PullState::Open => "active",
        PullState::Closed => "abandoned",
        PullState::Merged => "completed",
    };
    let story = call.world.story(repo).await?;
    let rows = story
        .pulls
        .iter()
        .filter(|pull| wanted == "all" || wanted == word(pull.state))
        .map(|pull| objects::pull_request(call.world, repo, pull, true))
        .collect();
    Ok(page(call, PULL_REQUESTS, rows))
}

pub(super) fn no_pull_request() -> Answer {
    let message = "TF401180: The requested pull request was not found.";
    error(404, "GitPullRequestNotFoundException", message)
}

pub(super) async fn pull_request(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let story = call.world.story(repo).await?;
    Ok(match story.pull(call.name("id")) {
        Some(pull) => Answer::json(200, &objects::pull_request(call.world, repo, pull, false)),
        None => no_pull_request(),
    })
}
