//! What can be read: lists in pages, and single objects. Changes are in `changes`.

use std::sync::Arc;

use gitflare_core::{
    Result,
    model::{Branch, Commit, Tag, TreeEntryType},
};
use serde_json::{Value, json};

use super::{
    error,
    lists::{COMMITS, COUNTED, NUMBERED, OPAQUE, PULL_REQUESTS, page},
    no_commit, no_pull_request, objects, talk,
};
use crate::kit::{
    Answer, Call, Repo,
    people::Person,
    story::{PullState, checks, date},
};

pub(super) async fn viewer(call: &Call<'_>, person: &'static Person) -> Result<Answer> {
    Ok(Answer::json(200, &objects::viewer(call.world, person)))
}

pub(super) async fn emails(call: &Call<'_>, person: &'static Person) -> Result<Answer> {
    let row = json!({
        "type": "email", "email": objects::email(person), "is_primary": true, "is_confirmed": true,
    });
    Ok(page(call, NUMBERED, vec![row]))
}

/// The workspaces of what a person can see, in the order of their slugs.
fn slugs(call: &Call<'_>, person: &Person) -> Vec<String> {
    let repos = call.world.visible(person).into_iter();
    let mut slugs: Vec<_> = repos.map(|repo| repo.owner).collect();
    slugs.sort();
    slugs.dedup();
    slugs
}

pub(super) async fn workspaces(call: &Call<'_>, person: &'static Person) -> Result<Answer> {
    let row = |slug: &String| {
        json!({
            "type": "workspace_access", "administrator": call.caller.is_admin(),
            "workspace": objects::workspace_base(call.world, slug),
        })
    };
    let rows = slugs(call, person).iter().map(row).collect();
    Ok(page(call, NUMBERED, rows))
}

/// The slug of the workspace that a call names by slug or UUID.
pub(super) fn workspace_named(call: &Call<'_>, person: &Person) -> Option<String> {
    let name = call.name("workspace");
    slugs(call, person)
        .into_iter()
        .find(|slug| slug == name || objects::workspace_base(call.world, slug)["uuid"] == name)
}

pub(super) fn no_workspace(call: &Call<'_>) -> Answer {
    let name = call.name("workspace");
    error(404, &format!("No workspace with identifier '{name}'."))
}

pub(super) async fn workspace(call: &Call<'_>, person: &'static Person) -> Result<Answer> {
    Ok(match workspace_named(call, person) {
        Some(slug) => Answer::json(200, &objects::workspace(call.world, &slug)),
        None => no_workspace(call),
    })
}

pub(super) async fn repositories(call: &Call<'_>, person: &'static Person) -> Result<Answer> {
    let Some(slug) = workspace_named(call, person) else {
        return Ok(no_workspace(call));
    };
    let mut repos = call.world.visible(person);
    repos.retain(|repo| repo.owner == slug);
    let rows = repos
        .iter()
        .map(|repo| objects::repository(call.world, repo))
        .collect();
    Ok(page(call, NUMBERED, rows))
}

/// Lists over all workspaces are gone since April 2026.
pub(super) async fn withdrawn(_: &Call<'_>, _: &'static Person) -> Result<Answer> {
    let body = json!({
        "message": "CHANGE-2770 - Functionality has been deprecated", "detail": "This API is no longer available.",
        "data": {"announcement_url": "https://developer.atlassian.com/cloud/bitbucket/changelog/#CHANGE-2770"},
    });
    Ok(Answer::json(410, &body))
}

pub(super) async fn repository(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    Ok(Answer::json(200, &objects::repository(call.world, repo)))
}

/// The commit of a branch or tag as an object; null when it is gone.
async fn target(call: &Call<'_>, repo: &Repo, sha: Option<&str>) -> Result<Value> {
    let Some(sha) = sha else {
        return Ok(Value::Null);
    };
    let commit = call.world.git.commit(repo, sha).await?;
    let object = |commit: &Commit| objects::commit(call.world, repo, commit);
    Ok(commit.as_ref().map_or(Value::Null, object))
}

async fn branch_object(call: &Call<'_>, repo: &Repo, branch: &Branch) -> Result<Value> {
    let target = target(call, repo, Some(&branch.commit_sha)).await?;
    Ok(objects::branch(call.world, repo, branch, &target))
}

pub(super) async fn branch_rows(call: &Call<'_>, repo: &Repo) -> Result<Vec<Value>> {
    let mut rows = Vec::new();
    for branch in call.world.git.branches(repo).await? {
        rows.push(branch_object(call, repo, &branch).await?);
    }
    Ok(rows)
}

pub(super) async fn branches(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    Ok(page(call, OPAQUE, branch_rows(call, repo).await?))
}

pub(super) async fn branch(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let branches = call.world.git.branches(repo).await?;
    let named = |branch: &&Branch| branch.name == call.name("name");
    Ok(match branches.iter().find(named) {
        Some(branch) => Answer::json(200, &branch_object(call, repo, branch).await?),
        None => error(
            404,
            &format!("Branch \"{}\" does not exist.", call.name("name")),
        ),
    })
}

async fn tag_object(call: &Call<'_>, repo: &Repo, tag: &Tag) -> Result<Value> {
    let target = target(call, repo, tag.commit_sha.as_deref()).await?;
    Ok(objects::tag(call.world, repo, tag, &target))
}

pub(super) async fn tag_rows(call: &Call<'_>, repo: &Repo) -> Result<Vec<Value>> {
    let mut rows = Vec::new();
    for tag in call.world.git.tags(repo).await? {
        rows.push(tag_object(call, repo, &tag).await?);
    }
    Ok(rows)
}

pub(super) async fn tags(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    Ok(page(call, OPAQUE, tag_rows(call, repo).await?))
}

pub(super) async fn tag(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let tags = call.world.git.tags(repo).await?;
    let named = |tag: &&Tag| tag.name == call.name("name");
    Ok(match tags.iter().find(named) {
        Some(tag) => Answer::json(200, &tag_object(call, repo, tag).await?),
        None => error(
            404,
            &format!("Tag \"{}\" does not exist.", call.name("name")),
        ),
    })
}

/// The commit that a hash of at least seven digits, a tag or a branch names. Names with a slash are
/// never found, in no encoding.
pub(super) async fn revision(call: &Call<'_>, repo: &Repo, name: &str) -> Result<Option<Commit>> {
    if name.contains('/') {
        return Ok(None);
    }
    let is_short =
        (7..40).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_short {
        for branch in call.world.git.branches(repo).await? {
            let history = call.world.git.history(repo, &branch).await?;
            if let Some(commit) = history.iter().find(|commit| commit.sha.starts_with(name)) {
                return Ok(Some(commit.clone()));
            }
        }
    }
    call.world.git.commit_at(repo, name).await
}

/// The history of a revision of the path, of `include`, or of the main branch.
pub(super) async fn commits(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let name = match call.name("revision") {
        "" => call.query("include").unwrap_or(&repo.default_branch),
        // A slash at the end is read as part of the hash.
        name if call.request.path.ends_with('/') => return Ok(no_commit(&format!("{name}/"))),
        name if name.contains('/') => return Ok(no_commit(name)),
        name => name,
    };
    let history = call.world.git.history_of(repo, Some(name)).await?;
    let Some(history) = history else {
        let is_empty = repo.is_empty() && call.name("revision").is_empty();
        return Ok(if is_empty {
            page(call, COMMITS, Vec::new())
        } else {
            no_commit(name)
        });
    };
    let excluded = match call.query("exclude") {
        Some(name) => match call.world.git.history_of(repo, Some(name)).await? {
            Some(history) => history,
            None => return Ok(no_commit(name)),
        },
        None => Arc::default(),
    };
    let rows = history
        .iter()
        .filter(|commit| excluded.iter().all(|other| other.sha != commit.sha))
        .map(|commit| objects::commit(call.world, repo, commit))
        .collect();
    Ok(page(call, COMMITS, rows))
}

pub(super) async fn commit(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let name = call.name("revision");
    Ok(match revision(call, repo, name).await? {
        Some(commit) => Answer::json(200, &objects::commit(call.world, repo, &commit)),
        None => no_commit(name),
    })
}

pub(super) async fn statuses(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let name = call.name("revision");
    let Some(commit) = revision(call, repo, name).await? else {
        return Ok(no_commit(name));
    };
    let wanted = call.query("refname");
    let is_shown = wanted.is_none_or(|wanted| wanted == repo.default_branch);
    let row = |check| objects::status(call.world, repo, &commit.sha, date(&commit), check);
    let rows = if is_shown {
        checks(&commit.sha).map(row).to_vec()
    } else {
        Vec::new()
    };
    Ok(page(call, NUMBERED, rows))
}

pub(super) async fn pull_requests(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let query = call.request.query.iter();
    let states: Vec<_> = query
        .filter(|(name, _)| name == "state")
        .map(|(_, value)| value.as_str())
        .collect();
    // Who asks for states in a query is not answered by the default.
    let asks_by_query = call.query("q").is_some_and(|text| text.contains("state"));
    let is_wanted = |state| match states.is_empty() {
        true => asks_by_query || state == "OPEN",
        false => states.contains(&state),
    };
    let word = |state| match state {
        PullState::Open => "OPEN",
        PullState::Closed => "DECLINED",
        PullState::Merged => "MERGED",
    };
    let story = call.world.story(repo).await?;
    let rows = story
        .pulls
        .iter()
        .filter(|pull| is_wanted(word(pull.state)))
        .map(|pull| objects::pull_request(call.world, repo, pull))
        .collect();
    Ok(page(call, PULL_REQUESTS, rows))
}

pub(super) async fn pull_request(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let story = call.world.story(repo).await?;
    let Some(pull) = story.pull(call.name("id")) else {
        return Ok(no_pull_request());
    };
    let mut body = objects::pull_request(call.world, repo, pull);
    body["reviewers"] = json!([]);
    body["participants"] = talk::participants(call.world, pull);
    Ok(Answer::json(200, &body))
}

pub(super) async fn deployments(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let story = call.world.story(repo).await?;
    let rows = story
        .deployments
        .iter()
        .map(|row| objects::deployment(call.world, repo, row))
        .collect();
    Ok(page(call, COUNTED, rows))
}

pub(super) async fn environments(call: &Call<'_>, _: &Repo) -> Result<Answer> {
    let rows = objects::ENVIRONMENTS.map(objects::environment).to_vec();
    Ok(page(call, COUNTED, rows))
}

/// A folder, the content of a file, or with `format=meta` what a path is.
pub(super) async fn tree(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let (name, path) = (call.name("revision"), call.name("path"));
    let Some(commit) = revision(call, repo, name).await? else {
        return Ok(no_commit(name));
    };
    let (git, sha) = (&call.world.git, &commit.sha);
    let folder = (!path.is_empty()).then_some(path);
    let Some(object) = git.object(repo, sha, folder)? else {
        let why = format!("No such file or directory: {path}");
        return Ok(error(404, &why));
    };
    if folder.is_some() && call.query("format") == Some("meta") {
        let all = git.tree(repo, sha, None, true).await?;
        let found = all.iter().find(|entry| entry.path == path);
        return Ok(found.map_or_else(
            || error(404, "No such file or directory"),
            |entry| Answer::json(200, &objects::tree_entry(call.world, repo, sha, entry)),
        ));
    }
    if !object.is_tree {
        let entries = git.tree(repo, sha, folder, false).await?;
        let is_submodule = entries
            .first()
            .is_some_and(|entry| entry.kind == TreeEntryType::Submodule);
        // Of a submodule that is the commit.
        let data = if is_submodule {
            object.id.into_bytes()
        } else {
            object.data
        };
        return Ok(Answer::of(200, "application/octet-stream", data)
            .with("content-disposition", "attachment"));
    }
    let depth = call.query("max_depth").and_then(|depth| depth.parse().ok());
    let depth: usize = depth.unwrap_or(1);
    let entries = git.tree(repo, sha, folder, depth > 1).await?;
    let above = folder.map_or(0, |folder| folder.split('/').count());
    let level = |path: &str| path.split('/').count() - above;
    // Breadth first, folders included.
    let mut near: Vec<_> = entries
        .iter()
        .filter(|entry| level(&entry.path) <= depth)
        .collect();
    near.sort_by_key(|entry| (level(&entry.path), entry.kind != TreeEntryType::Directory));
    let rows = near
        .into_iter()
        .map(|entry| objects::tree_entry(call.world, repo, sha, entry))
        .collect();
    Ok(page(call, OPAQUE, rows))
}
