//! What clients of Bitbucket can ask for beside what a gateway reads: who belongs to a workspace, projects,
//! pipelines, single rows of lists, and lists that are empty here. Nothing here can be changed.

use gitflare_core::Result;
use serde_json::{Value, json};

use super::{
    error,
    lists::{COUNTED, NUMBERED, PULL_REQUESTS, page},
    no_commit, no_pull_request, objects,
    reads::{branch_rows, no_workspace, revision, tag_rows, workspace_named},
    talk,
};
use crate::kit::{
    Answer, Call, Repo,
    people::{PEOPLE, Person},
    story::{checks, date},
};

/// A list with nothing in it.
pub(super) async fn none(call: &Call<'_>, _: &Repo) -> Result<Answer> {
    Ok(page(call, NUMBERED, Vec::new()))
}

/// The same of what the pipelines service lists.
pub(super) async fn none_counted(call: &Call<'_>, _: &Repo) -> Result<Answer> {
    Ok(page(call, COUNTED, Vec::new()))
}

/// Of every repository the tracker is switched off.
pub(super) async fn issues(_: &Call<'_>, _: &Repo) -> Result<Answer> {
    Ok(error(404, "Repository has no issue tracker."))
}

/// The row that has this text in one of these members.
fn one(rows: &[Value], members: &[&str], text: &str) -> Answer {
    let is_it = |row: &&Value| {
        members.iter().any(|member| match &row[*member] {
            Value::String(own) => own == text,
            own => own
                .as_u64()
                .is_some_and(|number| text.parse() == Ok(number)),
        })
    };
    match rows.iter().find(is_it) {
        Some(row) => Answer::json(200, row),
        None => error(404, "Resource not found"),
    }
}

/// The rows of a page.
fn rows(list: &Answer) -> Vec<Value> {
    let list: Value = serde_json::from_slice(&list.body).unwrap_or_default();
    list["values"].as_array().cloned().unwrap_or_default()
}

fn project(call: &Call<'_>, slug: &str) -> Value {
    let base = call.world.web_url();
    let address = format!("{base}/2.0/workspaces/{slug}/projects/SHOP");
    json!({
        "type": "project", "uuid": objects::uuid("80e0", 1), "key": "SHOP", "name": "Shop", "description": "",
        "is_private": true, "created_on": "2025-01-06T08:00:00.000000+00:00", "updated_on": "2025-03-01T08:00:00.000000+00:00",
        "owner": {"type": "team", "display_name": slug}, "workspace": objects::workspace_base(call.world, slug),
        "links": {
            "self": {"href": address}, "html": {"href": format!("{base}/{slug}/workspace/projects/SHOP")},
            "repositories": {"href": format!("{base}/2.0/repositories/{slug}?q=project.key%3D%22SHOP%22")},
        },
    })
}

/// The one project of a workspace.
pub(super) async fn projects(call: &Call<'_>, person: &'static Person) -> Result<Answer> {
    Ok(match workspace_named(call, person) {
        Some(slug) => page(call, NUMBERED, vec![project(call, &slug)]),
        None => no_workspace(call),
    })
}

pub(super) async fn project_named(call: &Call<'_>, person: &'static Person) -> Result<Answer> {
    let Some(slug) = workspace_named(call, person) else {
        return Ok(no_workspace(call));
    };
    let rows = [project(call, &slug)];
    Ok(one(&rows, &["key", "uuid"], call.name("project")))
}

fn membership(call: &Call<'_>, slug: &str, person: &Person) -> Value {
    json!({
        "type": "workspace_membership", "user": objects::user(call.world, person),
        "workspace": objects::workspace_base(call.world, slug),
        "permission": if person.id == PEOPLE[0].id { "owner" } else { "member" },
        "links": {"self": {"href": format!("{}/2.0/workspaces/{slug}/members", call.world.web_url())}},
    })
}

/// Every person of the host belongs to every workspace.
pub(super) async fn members(call: &Call<'_>, person: &'static Person) -> Result<Answer> {
    let Some(slug) = workspace_named(call, person) else {
        return Ok(no_workspace(call));
    };
    let rows = PEOPLE.iter().map(|person| membership(call, &slug, person));
    Ok(page(call, NUMBERED, rows.collect()))
}

pub(super) async fn member(call: &Call<'_>, person: &'static Person) -> Result<Answer> {
    let Some(slug) = workspace_named(call, person) else {
        return Ok(no_workspace(call));
    };
    let is_it = |person: &&Person| {
        let user = objects::user(call.world, person);
        let name = call.name("member");
        user["uuid"] == name || user["account_id"] == name
    };
    Ok(match PEOPLE.iter().find(is_it) {
        Some(person) => Answer::json(200, &membership(call, &slug, person)),
        None => error(404, "Resource not found"),
    })
}

/// What the caller may do in the repositories of a workspace; of one of them where it is named.
pub(super) async fn permissions(call: &Call<'_>, person: &'static Person) -> Result<Answer> {
    let Some(slug) = workspace_named(call, person) else {
        return Ok(no_workspace(call));
    };
    let mut repos = call.world.visible(person);
    let name = call.name("repository");
    repos.retain(|repo| repo.owner == slug && (name.is_empty() || repo.name == name));
    let permission = if call.caller.is_admin() {
        "admin"
    } else {
        "read"
    };
    let row = |repo: &Repo| {
        json!({
            "type": "repository_permission", "permission": permission, "user": objects::user(call.world, person),
            "repository": objects::repository(call.world, repo),
        })
    };
    Ok(page(call, NUMBERED, repos.iter().map(row).collect()))
}

/// Branches, then tags.
pub(super) async fn refs(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let mut all = branch_rows(call, repo).await?;
    all.extend(tag_rows(call, repo).await?);
    Ok(page(call, NUMBERED, all))
}

/// A status of a commit by its key.
pub(super) async fn status(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let name = call.name("revision");
    let Some(commit) = revision(call, repo, name).await? else {
        return Ok(no_commit(name));
    };
    let row = |check| objects::status(call.world, repo, &commit.sha, date(&commit), check);
    let rows = checks(&commit.sha).map(row);
    Ok(one(&rows, &["key"], call.name("key")))
}

/// The pull requests that a commit is the end of.
pub(super) async fn pull_requests_of(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let name = call.name("revision");
    let Some(commit) = revision(call, repo, name).await? else {
        return Ok(no_commit(name));
    };
    let story = call.world.story(repo).await?;
    let pulls = story.pulls.iter();
    let pulls = pulls.filter(|pull| pull.head == commit.sha || pull.diff_of == commit.sha);
    let rows = pulls.map(|pull| objects::pull_request(call.world, repo, pull));
    Ok(page(call, PULL_REQUESTS, rows.collect()))
}

pub(super) async fn comment(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let all = rows(&talk::comments(call, repo).await?);
    Ok(one(&all, &["id"], call.name("comment")))
}

/// What happened to a pull request: votes and comments, the newest first.
pub(super) async fn activity(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let story = call.world.story(repo).await?;
    let Some(pull) = story.pull(call.name("id")) else {
        return Ok(no_pull_request());
    };
    let comments = rows(&talk::comments(call, repo).await?);
    let mut all: Vec<Value> = comments
        .into_iter()
        .rev()
        .map(|comment| json!({"comment": comment, "pull_request": {"type": "pullrequest", "id": pull.number}}))
        .collect();
    let voted = &talk::participants(call.world, pull)[0];
    all.push(json!({
        "approval": {"date": voted["participated_on"], "user": voted["user"]},
        "pull_request": {"type": "pullrequest", "id": pull.number},
    }));
    Ok(page(call, NUMBERED, all))
}

pub(super) async fn environment(call: &Call<'_>, _: &Repo) -> Result<Answer> {
    let rows = objects::ENVIRONMENTS.map(objects::environment);
    Ok(one(&rows, &["uuid"], call.name("environment")))
}

/// A pipeline for each deployment.
async fn pipeline_rows(call: &Call<'_>, repo: &Repo) -> Result<Vec<Value>> {
    let story = call.world.story(repo).await?;
    let row = |deployment| {
        let told = objects::deployment(call.world, repo, deployment);
        let is_done = told["state"]["name"] == "COMPLETED";
        let state = match is_done {
            true => json!({"name": "COMPLETED", "result": told["state"]["status"]}),
            false => json!({"name": "IN_PROGRESS", "stage": {"name": "RUNNING"}}),
        };
        json!({
            "type": "pipeline", "uuid": objects::uuid("8130", deployment.id), "build_number": told["number"],
            "creator": objects::user(call.world, deployment.creator), "state": state, "build_seconds_used": 60,
            "created_on": told["last_update_time"], "completed_on": told["state"]["completed_on"],
            "target": {
                "type": "pipeline_ref_target", "ref_type": "branch", "ref_name": deployment.git_ref,
                "commit": {"type": "commit", "hash": deployment.sha},
            },
            "links": {
                "self": {"href": objects::api(call.world, repo, &format!("/pipelines/{}", objects::uuid("8130", deployment.id)))},
                "steps": {"href": objects::api(call.world, repo, &format!("/pipelines/{}/steps/", objects::uuid("8130", deployment.id)))},
            },
        })
    };
    Ok(story.deployments.iter().map(row).collect())
}

pub(super) async fn pipelines(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    Ok(page(call, COUNTED, pipeline_rows(call, repo).await?))
}

pub(super) async fn pipeline(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let rows = pipeline_rows(call, repo).await?;
    Ok(one(&rows, &["uuid", "build_number"], call.name("pipeline")))
}
