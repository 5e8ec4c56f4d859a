//! GitHub's objects around a history: pull requests, releases, checks, statuses, deployments.

use gitflare_core::Timestamp;
use serde_json::{Value, json};

use super::objects::{api, moment, owner, repo_api, repository, url, user};
use crate::kit::{
    Repo, World,
    people::PEOPLE,
    story::{Deployment, DeploymentState, Outcome, Pull, PullState, Release, number},
};

/// A pull request's addresses below its own, and what `_links` calls them.
const PULL_URLS: &[(&str, &str, &str)] = &[
    ("commits_url", "commits", "/pulls/{n}/commits"),
    (
        "review_comments_url",
        "review_comments",
        "/pulls/{n}/comments",
    ),
    (
        "review_comment_url",
        "review_comment",
        "/pulls/comments{/number}",
    ),
    ("comments_url", "comments", "/issues/{n}/comments"),
    ("issue_url", "issue", "/issues/{n}"),
    ("url", "self", "/pulls/{n}"),
];

pub(super) fn pull(world: &World, repo: &Repo, pull: &Pull) -> Value {
    let is_closed = pull.state != PullState::Open;
    let is_merged = pull.state == PullState::Merged;
    let id = 80_000 + repo.id * 100 + pull.number;
    let page = url(world, repo, &format!("/pull/{}", pull.number));
    let label = if is_merged { "shipped" } else { "review" };
    // Of an open one somebody else has yet to give an opinion.
    let others = PEOPLE
        .iter()
        .filter(|person| person.login != pull.author.login);
    let reviewers: Vec<_> = others
        .take(usize::from(!is_closed))
        .map(|person| user(world, person))
        .collect();
    let side = |branch: &str, sha: &str| {
        json!({
            "label": format!("{}:{branch}", repo.owner), "ref": branch, "sha": sha,
            "user": owner(world, repo), "repo": repository(world, repo, false),
        })
    };
    let mut body = json!({
        "id": id, "node_id": format!("PR_{id}"), "number": pull.number,
        "state": if is_closed { "closed" } else { "open" }, "locked": false, "active_lock_reason": null,
        "title": pull.title, "body": pull.body, "draft": pull.draft, "user": user(world, pull.author),
        "labels": [{
            "id": 1, "node_id": "LA_1", "url": repo_api(world, repo, &format!("/labels/{label}")), "name": label,
            "description": "", "color": "ededed", "default": false,
        }],
        "assignee": null, "assignees": [], "requested_reviewers": reviewers, "requested_teams": [], "milestone": null,
        "author_association": "MEMBER", "auto_merge": null,
        "created_at": moment(pull.at), "updated_at": moment(pull.at),
        "closed_at": if is_closed { moment(pull.at) } else { Value::Null },
        "merged_at": if is_merged { moment(pull.at) } else { Value::Null },
        "merge_commit_sha": pull.diff_of,
        "head": side(&pull.source, &pull.head), "base": side(&pull.target, &pull.base),
        "html_url": page, "diff_url": format!("{page}.diff"), "patch_url": format!("{page}.patch"),
    });
    for (name, link, path) in PULL_URLS {
        let path = path.replace("{n}", &pull.number.to_string());
        let address = repo_api(world, repo, &path);
        body["_links"][*link] = json!({"href": address});
        body[*name] = json!(address);
    }
    let statuses = repo_api(world, repo, &format!("/statuses/{}", pull.head));
    body["_links"]["statuses"] = json!({"href": statuses});
    body["_links"]["html"] = json!({"href": page});
    body["statuses_url"] = json!(statuses);
    body
}

pub(super) fn release(world: &World, repo: &Repo, release: &Release) -> Value {
    let (tag, id) = (&release.tag, release.id);
    let file = format!("{}-{tag}.tar.gz", repo.name);
    let own = repo_api(world, repo, &format!("/releases/{id}"));
    json!({
        "id": id, "node_id": format!("RE_{id}"), "tag_name": tag, "target_commitish": repo.default_branch, "name": tag,
        "body": release.notes, "draft": false, "prerelease": release.prerelease,
        "created_at": moment(release.at), "published_at": moment(release.at),
        "author": user(world, release.author), "html_url": url(world, repo, &format!("/releases/tag/{tag}")),
        "assets_url": format!("{own}/assets"), "upload_url": format!("{own}/assets{{?name,label}}"), "url": own,
        "tarball_url": repo_api(world, repo, &format!("/tarball/{tag}")),
        "zipball_url": repo_api(world, repo, &format!("/zipball/{tag}")),
        "assets": [{
            "id": id, "node_id": format!("RA_{id}"), "name": file, "label": null, "state": "uploaded",
            "url": repo_api(world, repo, &format!("/releases/assets/{id}")), "digest": null,
            "content_type": "application/gzip", "size": 4096, "download_count": 3, "uploader": user(world, release.author),
            "created_at": moment(release.at), "updated_at": moment(release.at),
            "browser_download_url": url(world, repo, &format!("/releases/download/{tag}/{file}")),
        }],
    })
}

pub(super) fn check_run(
    world: &World,
    repo: &Repo,
    sha: &str,
    at: Option<Timestamp>,
    (name, outcome): (&str, Outcome),
) -> Value {
    let (status, conclusion) = match outcome {
        Outcome::Running => ("in_progress", Value::Null),
        Outcome::Success => ("completed", json!("success")),
        Outcome::Failure => ("completed", json!("failure")),
    };
    let id = number(&format!("{sha}{name}")) % 1_000_000_000;
    let (own, page) = (
        repo_api(world, repo, &format!("/check-runs/{id}")),
        url(world, repo, &format!("/runs/{id}")),
    );
    json!({
        "id": id, "node_id": format!("CR_{id}"), "external_id": "", "head_sha": sha, "name": name,
        "status": status, "conclusion": conclusion, "url": own, "html_url": page, "details_url": page,
        "started_at": moment(at), "completed_at": if outcome == Outcome::Running { Value::Null } else { moment(at) },
        "output": {
            "title": format!("{name} of {}", repo.name), "summary": null, "text": null, "annotations_count": 0,
            "annotations_url": format!("{own}/annotations"),
        },
        "check_suite": {"id": id + 1}, "pull_requests": [],
        "app": {
            "id": 15368, "node_id": "A_15368", "slug": "actions", "name": "Actions", "owner": owner(world, repo),
            "description": null, "external_url": "https://forge.example/apps", "html_url": format!("{}/apps/actions", world.web_url()),
            "created_at": "2024-01-02T03:04:05Z", "updated_at": "2024-01-02T03:04:05Z", "permissions": {}, "events": [],
        },
    })
}

pub(super) fn status(
    world: &World,
    repo: &Repo,
    sha: &str,
    at: Option<Timestamp>,
    (name, outcome): (&str, Outcome),
) -> Value {
    let state = match outcome {
        Outcome::Running => "pending",
        Outcome::Success => "success",
        Outcome::Failure => "failure",
    };
    let id = number(&format!("{sha}{name}status")) % 1_000_000_000;
    json!({
        "id": id, "node_id": format!("SC_{id}"), "state": state, "context": format!("ci/{name}"),
        "url": repo_api(world, repo, &format!("/statuses/{sha}")), "avatar_url": owner(world, repo)["avatar_url"],
        "description": format!("{name}: {state}"), "target_url": null,
        "created_at": moment(at), "updated_at": moment(at),
    })
}

/// Where a deployment is at the API.
fn deployment_url(world: &World, repo: &Repo, deployment: &Deployment) -> String {
    repo_api(world, repo, &format!("/deployments/{}", deployment.id))
}

pub(super) fn deployment(world: &World, repo: &Repo, deployment: &Deployment) -> Value {
    let own = deployment_url(world, repo, deployment);
    json!({
        "id": deployment.id, "node_id": format!("DE_{}", deployment.id), "sha": deployment.sha,
        "ref": deployment.git_ref, "task": "deploy", "environment": deployment.environment,
        "original_environment": deployment.environment, "description": null, "payload": {},
        "creator": user(world, deployment.creator), "created_at": moment(deployment.at), "updated_at": moment(deployment.at),
        "transient_environment": false, "production_environment": deployment.environment == "production",
        "statuses_url": format!("{own}/statuses"), "url": own, "repository_url": repo_api(world, repo, ""),
    })
}

pub(super) fn deployment_status(world: &World, repo: &Repo, deployment: &Deployment) -> Value {
    let state = match deployment.state {
        DeploymentState::Success => "success",
        DeploymentState::Failure => "failure",
        DeploymentState::InProgress => "in_progress",
    };
    let (id, own) = (deployment.id * 10, deployment_url(world, repo, deployment));
    json!({
        "id": id, "node_id": format!("DES_{id}"), "state": state, "description": "", "environment": deployment.environment,
        "url": format!("{own}/statuses/{id}"), "deployment_url": own, "repository_url": repo_api(world, repo, ""),
        "target_url": "", "log_url": "", "environment_url": "", "creator": user(world, deployment.creator),
        "created_at": moment(deployment.at), "updated_at": moment(deployment.at),
    })
}

/// What `GET /rate_limit` says, which costs nothing of the limit.
pub(super) fn rate_limit(limit: u64, used: u64, reset: u64) -> Value {
    let core = json!({"limit": limit, "remaining": limit - used, "reset": reset, "used": used});
    json!({"resources": {"core": core, "search": core}, "rate": core})
}

/// A token as its application sees it.
pub(super) fn authorization(world: &World, token: &str, person: &Value) -> Value {
    let end = token
        .get(token.len().saturating_sub(8)..)
        .unwrap_or_default();
    json!({
        "id": 1, "url": api(world, "/authorizations/1"), "token": token, "token_last_eight": end, "hashed_token": null,
        "app": {"name": "GitFlare", "url": world.web_url(), "client_id": world.identity.client_id},
        "note": null, "note_url": null, "fingerprint": null, "scopes": [], "user": person, "expires_at": null,
        "created_at": "2025-03-01T08:00:00Z", "updated_at": "2025-03-01T08:00:00Z",
    })
}
