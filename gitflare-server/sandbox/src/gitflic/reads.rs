//! What can be read of accounts, projects and Git.

use gitflare_core::{
    Result,
    model::{Commit, Diff, DiffFile, TreeEntryType},
};
use serde_json::{Value, json};

use super::{error, lists::page, no_branch, objects};
use crate::kit::{
    Answer, Call, Repo,
    fault::FaultKind,
    people::{PEOPLE, Person},
};

pub(super) async fn viewer(call: &Call<'_>, person: &'static Person) -> Result<Answer> {
    Ok(Answer::json(200, &objects::viewer(call.world, person)))
}

/// Lists of projects have one key in newer releases and another in older ones.
fn project_key(call: &Call<'_>) -> &'static str {
    if call.fault == Some(FaultKind::OlderShapes) {
        "projectModelList"
    } else {
        "projectList"
    }
}

/// Everything that is visible counts as the person's own.
pub(super) async fn projects(call: &Call<'_>, person: &'static Person) -> Result<Answer> {
    let rows = call.world.visible(person);
    let rows = rows
        .iter()
        .filter(|repo| {
            call.query("q")
                .is_none_or(|title| repo.name.contains(title))
        })
        .map(|repo| objects::project(call.world, repo))
        .collect();
    Ok(Answer::json(200, &page(call, project_key(call), rows)))
}

pub(super) async fn shared(call: &Call<'_>, _: &'static Person) -> Result<Answer> {
    Ok(Answer::json(200, &page(call, "projectList", Vec::new())))
}

/// Makes a project without commits; `isPrivate` is a text.
pub(super) async fn create(call: &Call<'_>, person: &'static Person) -> Result<Answer> {
    let body = call.request.json();
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    if text("title").is_empty() || text("alias").is_empty() {
        return Ok(Answer::json(422, &json!({"message": "error.field.empty"})));
    }
    let repo = Repo {
        id: call.world.next_id(),
        owner: person.login.to_owned(),
        name: text("alias"),
        description: None,
        default_branch: "master".to_owned(),
        private: text("isPrivate") == "true",
        git: None,
    };
    let mut object = objects::project(call.world, &repo);
    object["title"] = json!(text("title"));
    object["owner"]["type"] = json!("USER");
    let language = text("language");
    let (first, rest) = language.split_at(language.chars().next().map_or(0, char::len_utf8));
    object["language"] = json!(format!("{}{rest}", first.to_uppercase()));
    call.world.state().repos.push(repo);
    Ok(Answer::json(200, &object))
}

pub(super) async fn project(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    Ok(Answer::json(200, &objects::project(call.world, repo)))
}

pub(super) async fn branches(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    if repo.is_empty() {
        return Ok(no_branch());
    }
    let mut rows = Vec::new();
    for branch in call.world.git.branches(repo).await? {
        let last = call.world.git.commit(repo, &branch.commit_sha).await?;
        let last = last.map_or(Value::Null, |last| objects::commit(call.world, &last));
        rows.push(objects::branch(repo, &branch, &last));
    }
    Ok(Answer::json(200, &page(call, "branchList", rows)))
}

/// The commits of the branch of the path or the query, or of the main branch. A branch with a slash
/// is found by the query alone.
pub(super) async fn commits(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let named = Some(call.name("branch")).filter(|name| !name.is_empty());
    if named.is_some_and(|name| name.contains('/')) {
        return Ok(error(
            400,
            "The request was rejected because the URL is not normalized",
        ));
    }
    let branch = named.or(call.query("branch"));
    let history = call.world.git.history_of(repo, branch).await?;
    let Some(history) = history else {
        return Ok(no_branch());
    };
    let rows = history
        .iter()
        .map(|commit| objects::commit(call.world, commit))
        .collect();
    Ok(Answer::json(200, &page(call, "commitList", rows)))
}

/// The commit that a hash names, whole or cut.
async fn named(call: &Call<'_>, repo: &Repo, hash: &str) -> Result<Option<Commit>> {
    if hash.len() < 4 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(None);
    }
    for branch in call.world.git.branches(repo).await? {
        let history = call.world.git.history(repo, &branch).await?;
        if let Some(commit) = history.iter().find(|commit| commit.sha.starts_with(hash)) {
            return Ok(Some(commit.clone()));
        }
    }
    Ok(None)
}

fn no_commit() -> Answer {
    error(404, "Commit not found")
}

pub(super) async fn commit(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let found = named(call, repo, call.name("hash")).await?;
    Ok(found.map_or_else(no_commit, |commit| {
        Answer::json(200, &objects::full_commit(call.world, &commit))
    }))
}

/// A file of a change, with the commit that touched it last.
fn with_last(
    call: &Call<'_>,
    repo: &Repo,
    diff: &Diff,
    file: &DiffFile,
    last: &Value,
) -> Result<Value> {
    let mut row = objects::file_diff(call.world, repo, diff, file)?;
    row["lastCommit"] = last.clone();
    Ok(row)
}

/// The files that a commit changes, as a bare list.
pub(super) async fn commit_files(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let Some(commit) = named(call, repo, call.name("hash")).await? else {
        return Ok(no_commit());
    };
    let diff = call.world.git.diff(repo, &commit.sha).await?;
    let last = objects::full_commit(call.world, &commit);
    let files = diff.files.iter();
    let rows = files.map(|file| with_last(call, repo, &diff, file, &last));
    Ok(Answer::json(200, &json!(rows.collect::<Result<Vec<_>>>()?)))
}

/// One of these files.
pub(super) async fn commit_file(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let Some(commit) = named(call, repo, call.name("hash")).await? else {
        return Ok(no_commit());
    };
    let Some(path) = call.query("filePath") else {
        return Ok(error(400, "error.filePath.empty"));
    };
    let diff = call.world.git.diff(repo, &commit.sha).await?;
    let file = diff.files.iter().find(|file| file.path == path);
    Ok(match file {
        Some(file) => {
            let last = objects::full_commit(call.world, &commit);
            Answer::json(200, &with_last(call, repo, &diff, file, &last)?)
        }
        None => error(404, "File not found"),
    })
}

/// How far back the commit that touched a file is looked for.
const MAX_LOOKED: usize = 200;

/// The last commit that touched a file, from a commit on.
pub(super) async fn commit_for_file(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let Some(path) = call.query("filePath") else {
        return Ok(error(400, "error.filePath.empty"));
    };
    let Some(from) = named(call, repo, call.name("hash")).await? else {
        return Ok(no_commit());
    };
    let history = call.world.git.history_of(repo, Some(&from.sha)).await?;
    for commit in history.iter().flat_map(|all| all.iter()).take(MAX_LOOKED) {
        let diff = call.world.git.diff(repo, &commit.sha).await?;
        if diff.files.iter().any(|file| file.path == path) {
            return Ok(Answer::json(200, &objects::full_commit(call.world, commit)));
        }
    }
    Ok(error(404, "File not found"))
}

pub(super) async fn tags(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let tags = call.world.git.tags(repo).await?;
    let rows = tags.iter().map(objects::tag).collect();
    Ok(Answer::json(200, &page(call, "tagList", rows)))
}

/// One folder of a branch.
pub(super) async fn files(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let branch = call.query("branch").unwrap_or(&repo.default_branch);
    let branches = call.world.git.branches(repo).await?;
    let Some(branch) = branches.iter().find(|known| known.name == branch) else {
        return Ok(no_branch());
    };
    let Some(last) = call.world.git.commit(repo, &branch.commit_sha).await? else {
        return Ok(no_branch());
    };
    let path = call.query("filepath").filter(|path| !path.is_empty());
    let folder = call.world.git.object(repo, &last.sha, path)?;
    if !folder.is_some_and(|folder| folder.is_tree) {
        return Ok(error(404, "File not found"));
    }
    let entries = call.world.git.tree(repo, &last.sha, path, false).await?;
    let rows = entries
        .iter()
        .map(|entry| objects::file_info(entry, &last))
        .collect();
    Ok(Answer::json(200, &page(call, "apiFileInfoTupleList", rows)))
}

/// Every file below a folder of a commit, as a bare list without folders.
pub(super) async fn tree(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let hash = call.query("commitHash").unwrap_or_default();
    let Some(commit) = named(call, repo, hash).await? else {
        return Ok(no_commit());
    };
    let folder = call.query("directory").filter(|path| !path.is_empty());
    let entries = call.world.git.tree(repo, &commit.sha, folder, true).await?;
    let rows: Vec<_> = entries
        .iter()
        .filter(|entry| entry.kind != TreeEntryType::Directory)
        .map(objects::blob)
        .collect();
    Ok(Answer::json(200, &json!(rows)))
}

/// The bytes of a file of a commit.
pub(super) async fn blob(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let hash = call.query("commitHash").unwrap_or_default();
    let Some(commit) = named(call, repo, hash).await? else {
        return Ok(no_commit());
    };
    let path = call.query("file");
    let object = call.world.git.object(repo, &commit.sha, path)?;
    let file = object.filter(|object| path.is_some() && !object.is_tree);
    Ok(match file {
        Some(file) => Answer::of(200, "application/octet-stream", file.data),
        None => error(404, "File not found"),
    })
}

pub(super) async fn forks(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let rows = vec![objects::fork(call.world, repo, PEOPLE[1].login)];
    Ok(Answer::json(200, &page(call, "projectList", rows)))
}

/// Followers, those who gave a star, and those who can be assigned: everyone.
pub(super) async fn people(call: &Call<'_>, _: &Repo) -> Result<Answer> {
    let rows = PEOPLE
        .iter()
        .map(|person| objects::user(call.world, person))
        .collect();
    Ok(Answer::json(200, &page(call, "userList", rows)))
}

/// All labels at once: the page is as long as the list.
pub(super) async fn labels(_: &Call<'_>, _: &Repo) -> Result<Answer> {
    let label = |id, color: &str, title: &str, description: &str, is_light: bool| {
        json!({
            "id": objects::uuid("8110", id), "hexColor": color, "title": title, "description": description,
            "isTextLight": is_light,
        })
    };
    let rows = [
        label(1, "0D55A6", "feature", "Something new", true),
        label(2, "F58A07", "bug", "", false),
    ];
    Ok(Answer::json(
        200,
        &json!({
            "_embedded": {"labelList": rows},
            "page": {"size": 2, "totalElements": 2, "totalPages": 1, "number": 0},
        }),
    ))
}
