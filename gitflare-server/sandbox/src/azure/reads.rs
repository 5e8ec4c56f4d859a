//! What can be read: accounts, lists and single objects, contents by their ids. Changes are in
//! `changes`.

use gitflare_core::{Result, model::TreeEntryType};
use serde_json::{Value, json};

use super::{
    changes::counts_of,
    error,
    lists::{COMMITS, PULL_REQUESTS, STATUSES, page, whole},
    no_commit, no_pull_request, objects,
    refs::version,
};
use crate::kit::{
    Answer, Call, Repo,
    people::Person,
    story::{checks, date},
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

/// A project by its id or its name.
pub(super) async fn project(call: &Call<'_>, person: &'static Person) -> Result<Answer> {
    if !is_known(call, person) {
        return Ok(no_organization());
    }
    let (project, name) = (
        objects::project(call.world, call.name("organization")),
        call.name("project"),
    );
    let is_it = project["id"] == name || objects::PROJECT.eq_ignore_ascii_case(name);
    Ok(match is_it {
        true => Answer::json(200, &project),
        false => error(
            404,
            "ProjectDoesNotExistWithNameException",
            "TF200016: The following project does not exist.",
        ),
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

pub(super) async fn commit(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let id = call.name("id");
    Ok(match call.world.git.commit(repo, id).await? {
        Some(commit) => {
            let mut object = objects::whole_commit(call.world, repo, &commit);
            object["changeCounts"] = counts_of(call, repo, &commit.sha).await?;
            Answer::json(200, &object)
        }
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
    let path = bare.or(scope).unwrap_or("/");
    let level = call.query("recursionLevel").filter(|_| bare.is_none());
    let level = level.unwrap_or("none");
    let Some(mut rows) = items_at(call, repo, &commit.sha, path, level).await? else {
        return Ok(no_item(path));
    };
    let accepted = call.request.header("accept").unwrap_or_default();
    let is_json = match call.query("$format") {
        Some(format) => format.eq_ignore_ascii_case("json"),
        None => accepted.contains("application/json"),
    };
    match rows[0]["isFolder"] == true {
        false if !is_json => {
            let path = Some(path.trim_matches('/'));
            let object = call.world.git.object(repo, &commit.sha, path)?;
            let data = object.map_or_else(Vec::new, |object| object.data);
            Ok(Answer::of(200, "application/octet-stream", data))
        }
        _ if bare.is_some() => Ok(Answer::json(200, &rows.remove(0))),
        _ => Ok(whole(&rows)),
    }
}

pub(super) fn no_item(path: &str) -> Answer {
    let message = format!("TF401174: The item '{path}' could not be found in the repository.");
    error(404, "GitItemNotFoundException", &message)
}

/// What stands at a path at a commit: the thing itself, and what is below it so far; `None` for nothing.
pub(super) async fn items_at(
    call: &Call<'_>,
    repo: &Repo,
    sha: &str,
    path: &str,
    level: &str,
) -> Result<Option<Vec<Value>>> {
    let path = path.trim_matches('/');
    let folder = (!path.is_empty()).then_some(path);
    let git = &call.world.git;
    let Some(object) = git.object(repo, sha, folder)? else {
        return Ok(None);
    };
    let mut item = json!({
        "objectId": object.id, "gitObjectType": if object.is_tree { "tree" } else { "blob" },
        "commitId": sha, "path": format!("/{path}"), "url": "",
    });
    if object.is_tree {
        item["isFolder"] = json!(true);
        let place = (sha.to_owned(), path.to_owned());
        call.world.state().trees.insert(object.id, place);
    } else {
        let entries = git.tree(repo, sha, folder, false).await?;
        match entries.first().map(|entry| entry.kind) {
            Some(TreeEntryType::Symlink) => item["isSymLink"] = json!(true),
            Some(TreeEntryType::Submodule) => item["gitObjectType"] = json!("commit"),
            _ => {}
        }
    }
    let mut rows = vec![item];
    if !object.is_tree || level.eq_ignore_ascii_case("none") {
        return Ok(Some(rows));
    }
    let is_full = level.eq_ignore_ascii_case("full");
    for entry in git.tree(repo, sha, folder, is_full).await? {
        let kind = match entry.kind {
            TreeEntryType::Directory => "tree",
            TreeEntryType::Submodule => "commit",
            _ => "blob",
        };
        rows.push(json!({
            "objectId": entry.sha, "gitObjectType": kind, "commitId": sha, "path": format!("/{}", entry.path),
            "isFolder": kind == "tree", "url": "",
        }));
    }
    Ok(Some(rows))
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
    let story = call.world.story(repo).await?;
    let rows = story
        .pulls
        .iter()
        .filter(|pull| wanted == "all" || wanted == objects::status_of(pull.state))
        .map(|pull| objects::pull_request(call.world, repo, pull, true))
        .collect();
    Ok(page(call, PULL_REQUESTS, rows))
}

/// A pull request by its number alone, which no other one of the organization has.
pub(super) async fn pull_request_by_id(call: &Call<'_>, person: &'static Person) -> Result<Answer> {
    for repo in call.world.visible(person) {
        if repo.owner != call.name("organization") {
            continue;
        }
        let story = call.world.story(&repo).await?;
        if let Some(pull) = objects::pull(call.world, &repo, &story, call.name("id")) {
            let object = objects::pull_request(call.world, &repo, pull, false);
            return Ok(Answer::json(200, &object));
        }
    }
    Ok(no_pull_request())
}

pub(super) async fn pull_request(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let story = call.world.story(repo).await?;
    Ok(
        match objects::pull(call.world, repo, &story, call.name("id")) {
            Some(pull) => Answer::json(200, &objects::pull_request(call.world, repo, pull, false)),
            None => no_pull_request(),
        },
    )
}
