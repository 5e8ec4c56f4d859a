//! What can be read: lists in pages, and single objects.

use std::sync::Arc;

use gitflare_core::{Result, model::TreeEntryType};
use serde_json::{Value, json};

use super::{
    super::{
        faults::message,
        http::{Answer, Request},
        paging::by_link,
        people::by_email,
        story::{PullState, checks, date},
        world::{Repo, World},
    },
    Caller, empty_repository, no_commit, not_found, objects,
};

fn rows(world: &World, request: &Request, rows: Vec<Value>) -> Answer {
    by_link(&world.web_url(), request, rows, |rows, _| {
        Value::Array(rows)
    })
}

fn wrapped(world: &World, request: &Request, key: &str, rows: Vec<Value>) -> Answer {
    by_link(&world.web_url(), request, rows, |rows, total| {
        let mut body = json!({"total_count": total});
        body[key] = Value::Array(rows);
        body
    })
}

fn seen(world: &World, caller: &Caller) -> Vec<Value> {
    world
        .visible(caller.person)
        .iter()
        .map(|repo| objects::repository(world, repo, caller.is_admin()))
        .collect()
}

pub(super) fn repositories(world: &World, request: &Request, caller: &Caller) -> Answer {
    let filtered = request.query("visibility").is_some() || request.query("affiliation").is_some();
    if filtered && request.query("type").is_some() {
        return message(
            422,
            "If you specify visibility or affiliation, you cannot specify type.",
        );
    }
    rows(world, request, seen(world, caller))
}

/// The GitHub App is installed once, for the organization of the first repository.
pub(super) fn installations(world: &World, request: &Request, caller: &Caller) -> Answer {
    let repos = world.visible(caller.person);
    let installation = repos.first().map(|repo| {
        json!({
            "id": 61, "app_slug": "gitflare-sandbox", "repository_selection": "all", "suspended_at": null,
            "account": {"login": repo.owner, "type": "Organization"}, "permissions": {"contents": "read"},
        })
    });
    wrapped(
        world,
        request,
        "installations",
        installation.into_iter().collect(),
    )
}

pub(super) fn installed(world: &World, request: &Request, caller: &Caller) -> Answer {
    wrapped(world, request, "repositories", seen(world, caller))
}

/// What lies below a repository.
pub(super) async fn below(
    world: &Arc<World>,
    request: &Request,
    caller: &Caller,
    repo: &Repo,
    rest: &[&str],
) -> Result<Answer> {
    let list = |values: Vec<Value>| Ok(rows(world, request, values));
    if rest.is_empty() {
        let body = objects::repository(world, repo, caller.is_admin());
        return Ok(Answer::json(200, &body));
    }
    let Some(git) = &repo.git else {
        return Ok(match rest {
            ["contributors"] => Answer::empty(204),
            ["commits", ..] | ["git", "trees", ..] => empty_repository(),
            ["branches" | "tags" | "releases" | "pulls" | "deployments" | "hooks"] => {
                Answer::json(200, &json!([]))
            }
            _ => not_found(),
        });
    };
    match rest {
        ["branches"] => {
            let branches = world.git.branches(git).await?;
            let row = |branch: &gitflare_core::model::Branch| json!({"name": branch.name, "commit": {"sha": branch.commit_sha}, "protected": branch.name == repo.default_branch});
            list(branches.iter().map(row).collect())
        }
        ["branches", name] => Ok(
            match world
                .git
                .branches(git)
                .await?
                .into_iter()
                .find(|branch| branch.name == *name)
            {
                Some(branch) => Answer::json(
                    200,
                    &json!({"name": branch.name, "commit": {"sha": branch.commit_sha}, "protected": false}),
                ),
                None => message(404, "Branch not found"),
            },
        ),
        ["tags"] => {
            let tags = world.git.tags(git).await?;
            let row = |tag: &gitflare_core::model::Tag| json!({"name": tag.name, "commit": {"sha": tag.commit_sha}, "zipball_url": "", "tarball_url": ""});
            list(tags.iter().map(row).collect())
        }
        ["contributors"] => {
            let anonymous = request.query("anon").is_some();
            let people = world.git.contributors(git).await?;
            let row = |who: &gitflare_core::model::Contributor| {
                let account = who.email.as_deref().and_then(by_email);
                match account {
                    Some(person) => {
                        let mut row = objects::user(world, person);
                        row["contributions"] = json!(who.contributions);
                        Some(row)
                    }
                    None if anonymous => Some(
                        json!({"type": "Anonymous", "name": who.name, "email": who.email, "contributions": who.contributions}),
                    ),
                    None => None,
                }
            };
            list(people.iter().filter_map(row).collect())
        }
        ["commits"] => {
            let branch = request.query("sha");
            Ok(match world.history(repo, branch).await? {
                Some(history) => {
                    let values = history
                        .iter()
                        .map(|commit| objects::commit(world, repo, commit));
                    rows(world, request, values.collect())
                }
                None => not_found(),
            })
        }
        ["commits", name] => commit(world, request, repo, git, name).await,
        ["commits", name, "check-runs"] => {
            let Some(sha) = world.git.resolve(git, name).await? else {
                return Ok(no_commit(name));
            };
            let at = world.git.commit(git, &sha).await?.as_ref().and_then(date);
            let [build, test, _] = checks(&sha);
            let runs = [build, test].map(|check| objects::check_run(world, repo, &sha, at, check));
            Ok(wrapped(world, request, "check_runs", runs.to_vec()))
        }
        ["commits", name, "status"] => {
            let Some(sha) = world.git.resolve(git, name).await? else {
                return Ok(not_found());
            };
            let at = world.git.commit(git, &sha).await?.as_ref().and_then(date);
            let [.., lint] = checks(&sha);
            let statuses = vec![objects::status(&sha, at, lint)];
            Ok(by_link(
                &world.web_url(),
                request,
                statuses,
                |rows, total| json!({"state": rows.first().map_or(json!("pending"), |row| row["state"].clone()), "sha": sha, "total_count": total, "statuses": rows}),
            ))
        }
        ["pulls"] => {
            let state = request.query("state").unwrap_or("open");
            if !["open", "closed", "all"].contains(&state) {
                return Ok(message(422, "Validation Failed"));
            }
            let story = world.story(repo).await?;
            let asked = story.pulls.iter().filter(|pull| {
                state == "all" || (state == "open") == (pull.state == PullState::Open)
            });
            list(asked.map(|pull| objects::pull(world, repo, pull)).collect())
        }
        ["pulls", number, more @ ..] => {
            let story = world.story(repo).await?;
            let Some(pull) = story
                .pulls
                .iter()
                .find(|pull| pull.number.to_string() == **number)
            else {
                return Ok(not_found());
            };
            let diff = world.git.diff(git, &pull.diff_of).await?;
            match more {
                [] => {
                    let mut body = objects::pull(world, repo, pull);
                    body["changed_files"] = json!(diff.files.len());
                    body["additions"] = json!(diff.stats.additions);
                    body["deletions"] = json!(diff.stats.deletions);
                    body["merged"] = json!(pull.state == PullState::Merged);
                    Ok(Answer::json(200, &body))
                }
                ["files"] => list(diff.files.iter().map(objects::file).collect()),
                _ => Ok(not_found()),
            }
        }
        ["releases"] => {
            let story = world.story(repo).await?;
            let row = |release| objects::release(world, repo, release);
            list(story.releases.iter().map(row).collect())
        }
        ["deployments"] => {
            let story = world.story(repo).await?;
            let wanted = request.query("environment");
            let asked = story
                .deployments
                .iter()
                .filter(|deployment| wanted.is_none_or(|wanted| deployment.environment == wanted));
            list(
                asked
                    .map(|deployment| objects::deployment(world, deployment))
                    .collect(),
            )
        }
        ["deployments", id, "statuses"] => {
            let story = world.story(repo).await?;
            match story
                .deployments
                .iter()
                .find(|deployment| deployment.id.to_string() == **id)
            {
                Some(deployment) => list(vec![objects::deployment_status(world, deployment)]),
                None => Ok(not_found()),
            }
        }
        ["git", "trees", id] => tree(world, request, git, id).await,
        ["hooks"] => Ok(super::hooks::list(world, request, caller, repo)),
        _ => Ok(not_found()),
    }
}

/// One commit, with the files of one page.
async fn commit(
    world: &World,
    request: &Request,
    repo: &Repo,
    git: &str,
    name: &str,
) -> Result<Answer> {
    let Some(sha) = world.git.resolve(git, name).await? else {
        return Ok(no_commit(name));
    };
    let Some(commit) = world.git.commit(git, &sha).await? else {
        return Ok(no_commit(name));
    };
    let diff = world.git.diff(git, &sha).await?;
    let files = diff.files.iter().map(objects::file).collect();
    Ok(by_link(&world.web_url(), request, files, |files, _| {
        let mut body = objects::commit(world, repo, &commit);
        let (added, removed) = (
            diff.stats.additions.unwrap_or(0),
            diff.stats.deletions.unwrap_or(0),
        );
        body["stats"] = json!({"additions": added, "deletions": removed, "total": added + removed});
        body["files"] = Value::Array(files);
        body
    }))
}

/// A tree by a commit, a ref, or the id that another tree gave.
async fn tree(world: &World, request: &Request, git: &str, id: &str) -> Result<Answer> {
    let known = world.state().trees.get(id).cloned();
    let (sha, folder) = match known {
        Some(known) => known,
        None => match world.git.resolve(git, id).await? {
            Some(sha) => (sha, String::new()),
            None => return Ok(not_found()),
        },
    };
    // Any value switches it on.
    let recursive = request.query("recursive").is_some();
    let path = (!folder.is_empty()).then_some(folder.as_str());
    let entries = world.git.tree(git, &sha, path, recursive).await?;
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
        .map(|entry| objects::tree_entry(entry, &folder))
        .collect();
    Ok(Answer::json(
        200,
        &json!({"sha": id, "truncated": false, "tree": rows}),
    ))
}
