//! What can be read: lists in pages, and single objects.

use gitflare_core::Result;
use serde_json::{Value, json};

use super::{
    super::{
        faults::message,
        http::{Answer, Request},
        paging::{by_keyset, by_number},
        story::{PullState, checks, date},
        world::{Repo, World},
    },
    Caller, objects,
};

fn level(caller: &Caller) -> u32 {
    if caller.is_maintainer() { 40 } else { 20 }
}

fn name(row: &Value) -> String {
    row["name"].as_str().unwrap_or_default().to_owned()
}

pub(super) fn projects(world: &World, request: &Request, caller: &Caller) -> Answer {
    let repos = world.visible(caller.person);
    let mut rows: Vec<_> = repos
        .iter()
        .map(|repo| objects::project(world, repo, level(caller)))
        .collect();
    if request.query("sort") != Some("asc") {
        rows.reverse();
    }
    by_keyset(&world.web_url(), request, rows, "id_after", |row| {
        row["id"].to_string()
    })
}

/// What lies below a project.
pub(super) async fn below(
    world: &World,
    request: &Request,
    caller: &Caller,
    repo: &Repo,
    rest: &[&str],
) -> Result<Answer> {
    let base = world.web_url();
    let list = |rows: Vec<Value>| Ok(by_number(&base, request, rows));
    if rest.is_empty() {
        let body = objects::project(world, repo, level(caller));
        return Ok(Answer::json(200, &body));
    }
    let Some(git) = &repo.git else {
        return Ok(match rest {
            ["repository", "commits", ..] => message(404, "404 Repository Not Found"),
            ["repository", "tree"] => message(404, "404 Tree Not Found"),
            ["repository", "contributors"] => message(404, "404 Not Found"),
            _ => Answer::json(200, &json!([])),
        });
    };
    match rest {
        ["repository", "branches"] => {
            let branches = world.git.branches(git).await?;
            let rows = branches
                .iter()
                .map(|branch| objects::branch(world, repo, branch))
                .collect();
            Ok(by_keyset(&base, request, rows, "page_token", name))
        }
        ["repository", "tags"] => {
            let tags = world.git.tags(git).await?;
            Ok(by_keyset(
                &base,
                request,
                tags.iter().map(objects::tag).collect(),
                "page_token",
                name,
            ))
        }
        ["repository", "contributors"] => {
            let mut people = world.git.contributors(git).await?;
            people.sort_by_key(|who| who.contributions);
            if request.query("sort") == Some("desc") {
                people.reverse();
            }
            let row = |who: &gitflare_core::model::Contributor| json!({"name": who.name, "email": who.email, "commits": who.contributions, "additions": 0, "deletions": 0});
            list(people.iter().map(row).collect())
        }
        ["repository", "commits"] => {
            let history = world.history(repo, request.query("ref_name")).await?;
            // An unknown ref is no error here.
            let history = history.unwrap_or_default();
            list(
                history
                    .iter()
                    .map(|commit| objects::commit(world, repo, commit))
                    .collect(),
            )
        }
        ["repository", "commits", name, more @ ..] => {
            commit(world, request, repo, git, name, more).await
        }
        ["repository", "tree"] => tree(world, request, repo, git).await,
        ["merge_requests"] => {
            let state = request.query("state").unwrap_or("all");
            let wanted = match state {
                "all" => None,
                "opened" => Some(PullState::Open),
                "closed" => Some(PullState::Closed),
                "merged" => Some(PullState::Merged),
                "locked" => return list(Vec::new()),
                _ => {
                    return Ok(Answer::json(
                        400,
                        &json!({"error": "state does not have a valid value"}),
                    ));
                }
            };
            let story = world.story(repo).await?;
            let asked = story
                .pulls
                .iter()
                .filter(|pull| wanted.is_none_or(|wanted| pull.state == wanted));
            list(
                asked
                    .map(|pull| objects::merge_request(world, repo, pull))
                    .collect(),
            )
        }
        ["merge_requests", number, more @ ..] => {
            let story = world.story(repo).await?;
            let Some(pull) = story
                .pulls
                .iter()
                .find(|pull| pull.number.to_string() == **number)
            else {
                return Ok(message(404, "404 Not found"));
            };
            let diff = world.git.diff(git, &pull.diff_of).await?;
            match more {
                [] => {
                    let mut body = objects::merge_request(world, repo, pull);
                    body["changes_count"] = json!(diff.files.len().to_string());
                    body["diff_refs"] = json!({"base_sha": pull.base, "head_sha": pull.head, "start_sha": pull.base});
                    Ok(Answer::json(200, &body))
                }
                ["diffs"] => list(diff.files.iter().map(objects::file).collect()),
                _ => Ok(message(404, "404 Not found")),
            }
        }
        ["releases"] => {
            let story = world.story(repo).await?;
            list(
                story
                    .releases
                    .iter()
                    .map(|release| objects::release(world, repo, release))
                    .collect(),
            )
        }
        ["deployments"] => {
            let story = world.story(repo).await?;
            let (environment, status) = (request.query("environment"), request.query("status"));
            let mut rows: Vec<_> = story
                .deployments
                .iter()
                .filter(|row| environment.is_none_or(|wanted| row.environment == wanted))
                .filter(|row| {
                    status.is_none_or(|wanted| objects::deployment_word(row.state) == wanted)
                })
                .map(|row| objects::deployment(world, row))
                .collect();
            if request.query("sort") != Some("desc") {
                rows.reverse();
            }
            list(rows)
        }
        ["hooks"] => Ok(super::hooks::list(world, caller, repo)),
        _ => Ok(Answer::json(404, &json!({"error": "404 Not Found"}))),
    }
}

async fn commit(
    world: &World,
    request: &Request,
    repo: &Repo,
    git: &str,
    name: &str,
    more: &[&str],
) -> Result<Answer> {
    let not_found = || message(404, "404 Commit Not Found");
    let Some(sha) = world.git.resolve(git, name).await? else {
        return Ok(not_found());
    };
    let Some(commit) = world.git.commit(git, &sha).await? else {
        return Ok(not_found());
    };
    match more {
        [] => {
            let diff = world.git.diff(git, &sha).await?;
            let (added, removed) = (
                diff.stats.additions.unwrap_or(0),
                diff.stats.deletions.unwrap_or(0),
            );
            let mut body = objects::commit(world, repo, &commit);
            body["stats"] =
                json!({"additions": added, "deletions": removed, "total": added + removed});
            Ok(Answer::json(200, &body))
        }
        ["diff"] => {
            let diff = world.git.diff(git, &sha).await?;
            let rows = diff.files.iter().map(objects::file).collect();
            Ok(by_number(&world.web_url(), request, rows))
        }
        ["statuses"] => {
            // Pipelines are found by the literal id alone.
            let rows = if name == sha {
                let at = date(&commit);
                checks(&sha)
                    .map(|check| objects::status(world, repo, &sha, at, check))
                    .to_vec()
            } else {
                Vec::new()
            };
            Ok(by_number(&world.web_url(), request, rows))
        }
        _ => Ok(not_found()),
    }
}

async fn tree(world: &World, request: &Request, repo: &Repo, git: &str) -> Result<Answer> {
    let name = request.query("ref").unwrap_or(&repo.default_branch);
    let Some(sha) = world.git.resolve(git, name).await? else {
        return Ok(message(404, "404 Tree Not Found"));
    };
    let path = request.query("path").filter(|path| !path.is_empty());
    let recursive = request.query("recursive") == Some("true");
    let Ok(entries) = world.git.tree(git, &sha, path, recursive).await else {
        return Ok(message(404, "404 invalid revision or path Not Found"));
    };
    let file = entries.len() == 1 && path == Some(entries[0].path.as_str());
    if file {
        return Ok(message(404, "404 invalid revision or path Not Found"));
    }
    let rows = entries.iter().map(objects::tree_entry).collect();
    let key = |row: &Value| row["path"].as_str().unwrap_or_default().to_owned();
    Ok(by_keyset(
        &world.web_url(),
        request,
        rows,
        "page_token",
        key,
    ))
}
