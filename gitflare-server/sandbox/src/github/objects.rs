//! GitHub's objects, from what the forge knows.

use gitflare_core::{
    Timestamp,
    model::{Branch, Commit, DiffFile, FileStatus, Signature, Tag, TreeEntry, TreeEntryType},
};
use serde_json::{Value, json};

use crate::kit::{
    Repo, World,
    people::{Person, by_email},
    story::{Deployment, DeploymentState, Outcome, Pull, PullState, Release, number},
};

/// The address of a page below a repository.
pub(super) fn url(world: &World, repo: &Repo, below: &str) -> String {
    format!("{}/{}{below}", world.web_url(), repo.full_name())
}

/// A moment as GitHub writes it: to the second.
pub(super) fn moment(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, |at| {
        let text = at.to_string();
        json!(format!(
            "{}Z",
            text.split(['.', 'Z']).next().unwrap_or_default()
        ))
    })
}

pub(super) fn user(world: &World, person: &Person) -> Value {
    let base = world.web_url();
    json!({
        "login": person.login, "id": person.id, "node_id": format!("U_{}", person.id),
        "avatar_url": format!("{base}/avatars/u/{}", person.id), "gravatar_id": "",
        "html_url": format!("{base}/{}", person.login), "type": "User", "site_admin": false,
    })
}

pub(super) fn viewer(world: &World, person: &Person) -> Value {
    let mut viewer = user(world, person);
    viewer["name"] = json!(person.name);
    viewer["email"] = json!(person.public_email);
    viewer["created_at"] = json!("2024-01-02T03:04:05Z");
    viewer["updated_at"] = json!("2025-01-02T03:04:05Z");
    viewer
}

pub(super) fn repository(world: &World, repo: &Repo, admin: bool) -> Value {
    let base = world.web_url();
    let name = repo.full_name();
    json!({
        "id": repo.id, "node_id": format!("R_{}", repo.id), "name": repo.name, "full_name": name,
        "private": repo.private, "visibility": if repo.private { "private" } else { "public" },
        "owner": {
            "login": repo.owner, "id": number(&repo.owner) % 1_000_000, "type": "Organization",
            "avatar_url": format!("{base}/avatars/{}", repo.owner), "html_url": format!("{base}/{}", repo.owner),
        },
        "html_url": format!("{base}/{name}"), "description": repo.description, "fork": false,
        "archived": false, "disabled": false, "is_template": false, "language": null, "topics": [],
        "default_branch": repo.default_branch, "size": if repo.git.is_some() { 42 } else { 0 },
        "clone_url": format!("{base}/{name}.git"), "ssh_url": format!("git@127.0.0.1:{name}.git"),
        "created_at": "2025-01-06T08:00:00Z", "updated_at": "2025-03-01T08:00:00Z", "pushed_at": "2025-03-01T08:00:00Z",
        "permissions": {"admin": admin, "maintain": admin, "push": admin, "triage": admin, "pull": true},
    })
}

pub(super) fn branch(repo: &Repo, branch: &Branch) -> Value {
    json!({"name": branch.name, "commit": {"sha": branch.commit_sha}, "protected": branch.name == repo.default_branch})
}

pub(super) fn tag(tag: &Tag) -> Value {
    json!({"name": tag.name, "commit": {"sha": tag.commit_sha}, "zipball_url": "", "tarball_url": ""})
}

fn person(who: Option<&Signature>) -> Value {
    who.map_or(
        Value::Null,
        |who| json!({"name": who.name, "email": who.email, "date": moment(who.date)}),
    )
}

fn account(world: &World, who: Option<&Signature>) -> Value {
    let email = who.and_then(|who| who.email.as_deref());
    email
        .and_then(by_email)
        .map_or(Value::Null, |person| user(world, person))
}

pub(super) fn commit(world: &World, repo: &Repo, commit: &Commit) -> Value {
    let parents: Vec<_> = commit
        .parents
        .iter()
        .map(|sha| json!({"sha": sha, "html_url": url(world, repo, &format!("/commit/{sha}"))}))
        .collect();
    json!({
        "sha": commit.sha, "html_url": url(world, repo, &format!("/commit/{}", commit.sha)),
        "commit": {
            "message": commit.message.as_deref().map(str::trim_end), "author": person(commit.author.as_ref()),
            "committer": person(commit.committer.as_ref()), "comment_count": 0,
            "verification": {"verified": false, "reason": "unsigned", "signature": null, "payload": null},
        },
        "author": account(world, commit.author.as_ref()),
        "committer": account(world, commit.committer.as_ref()),
        "parents": parents,
    })
}

pub(super) fn file(file: &DiffFile) -> Value {
    let status = match file.status {
        FileStatus::Added => "added",
        FileStatus::Removed => "removed",
        FileStatus::Modified => "modified",
        FileStatus::Renamed => "renamed",
        FileStatus::Copied => "copied",
        FileStatus::TypeChanged => "changed",
    };
    let (added, removed) = (file.additions.unwrap_or(0), file.deletions.unwrap_or(0));
    let mut row = json!({
        "sha": format!("{:040x}", number(&file.path)), "filename": file.path, "status": status,
        "additions": added, "deletions": removed, "changes": added + removed,
        "raw_url": "http://raw.invalid/?token=temporary", "blob_url": "http://blob.invalid/",
    });
    if let Some(patch) = &file.patch {
        row["patch"] = json!(patch.trim_end_matches('\n'));
    }
    if let Some(previous) = &file.previous_path {
        row["previous_filename"] = json!(previous);
    }
    row
}

pub(super) fn pull(world: &World, repo: &Repo, pull: &Pull) -> Value {
    let closed = pull.state != PullState::Open;
    let merged = pull.state == PullState::Merged;
    json!({
        "id": 80_000 + repo.id * 100 + pull.number, "number": pull.number,
        "state": if closed { "closed" } else { "open" }, "locked": false,
        "title": pull.title, "body": pull.body, "draft": pull.draft, "user": user(world, pull.author),
        "labels": [{"id": 1, "name": if merged { "shipped" } else { "review" }, "color": "ededed"}],
        "created_at": moment(pull.at), "updated_at": moment(pull.at),
        "closed_at": if closed { moment(pull.at) } else { Value::Null },
        "merged_at": if merged { moment(pull.at) } else { Value::Null },
        "merge_commit_sha": pull.diff_of,
        "head": {"label": format!("{}:{}", repo.owner, pull.source), "ref": pull.source, "sha": pull.head, "repo": {"id": repo.id}},
        "base": {"label": format!("{}:{}", repo.owner, pull.target), "ref": pull.target, "sha": pull.base, "repo": {"id": repo.id}},
        "html_url": url(world, repo, &format!("/pull/{}", pull.number)),
    })
}

pub(super) fn release(world: &World, repo: &Repo, release: &Release) -> Value {
    let tag = &release.tag;
    json!({
        "id": release.id, "tag_name": tag, "target_commitish": repo.default_branch, "name": tag,
        "body": release.notes, "draft": false, "prerelease": release.prerelease,
        "created_at": moment(release.at), "published_at": moment(release.at),
        "author": user(world, release.author), "html_url": url(world, repo, &format!("/releases/tag/{tag}")),
        "assets": [{
            "id": release.id, "name": format!("{}-{tag}.tar.gz", repo.name), "label": null, "state": "uploaded",
            "content_type": "application/gzip", "size": 4096, "download_count": 3,
            "browser_download_url": url(world, repo, &format!("/releases/download/{tag}/{}-{tag}.tar.gz", repo.name)),
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
    json!({
        "id": id, "head_sha": sha, "name": name, "status": status, "conclusion": conclusion,
        "html_url": url(world, repo, &format!("/runs/{id}")), "details_url": url(world, repo, &format!("/runs/{id}")),
        "started_at": moment(at), "completed_at": if outcome == Outcome::Running { Value::Null } else { moment(at) },
        "output": {"title": format!("{name} of {}", repo.name), "summary": null, "text": null, "annotations_count": 0},
        "app": {"id": 15368, "slug": "actions", "name": "Actions"},
    })
}

pub(super) fn status(sha: &str, at: Option<Timestamp>, (name, outcome): (&str, Outcome)) -> Value {
    let state = match outcome {
        Outcome::Running => "pending",
        Outcome::Success => "success",
        Outcome::Failure => "failure",
    };
    json!({
        "id": number(&format!("{sha}{name}status")) % 1_000_000_000, "state": state, "context": format!("ci/{name}"),
        "description": format!("{name}: {state}"), "target_url": null,
        "created_at": moment(at), "updated_at": moment(at),
    })
}

pub(super) fn deployment(world: &World, deployment: &Deployment) -> Value {
    json!({
        "id": deployment.id, "sha": deployment.sha, "ref": deployment.git_ref, "task": "deploy",
        "environment": deployment.environment, "original_environment": deployment.environment,
        "description": null, "payload": {}, "creator": user(world, deployment.creator),
        "created_at": moment(deployment.at), "updated_at": moment(deployment.at),
        "transient_environment": false, "production_environment": deployment.environment == "production",
    })
}

pub(super) fn deployment_status(world: &World, deployment: &Deployment) -> Value {
    let state = match deployment.state {
        DeploymentState::Success => "success",
        DeploymentState::Failure => "failure",
        DeploymentState::InProgress => "in_progress",
    };
    json!({
        "id": deployment.id * 10, "state": state, "description": "", "environment": deployment.environment,
        "target_url": "", "log_url": "", "environment_url": "", "creator": user(world, deployment.creator),
        "created_at": moment(deployment.at), "updated_at": moment(deployment.at),
    })
}

/// A tree's row; `folder` is what was asked for.
pub(super) fn tree_entry(entry: &TreeEntry, folder: &str) -> Value {
    let kind = match entry.kind {
        TreeEntryType::Directory => "tree",
        TreeEntryType::Submodule => "commit",
        TreeEntryType::File | TreeEntryType::Symlink => "blob",
    };
    let path = entry.path.strip_prefix(folder).unwrap_or(&entry.path);
    let mut row = json!({
        "path": path.trim_start_matches('/'), "mode": entry.mode, "type": kind, "sha": entry.sha,
    });
    if let Some(size) = entry.size {
        row["size"] = json!(size);
    }
    row
}
