//! GitLab's objects, from what the forge knows.

use gitflare_core::{
    Timestamp,
    model::{Branch, Commit, DiffFile, FileStatus, Signature, Tag, TreeEntry, TreeEntryType},
};
use serde_json::{Value, json};

use crate::kit::{
    Repo, World,
    people::Person,
    story::{Deployment, DeploymentState, Outcome, Pull, PullState, Release, number},
};

/// The address of a page below a project.
pub(super) fn url(world: &World, repo: &Repo, below: &str) -> String {
    format!("{}/{}/-/{below}", world.web_url(), repo.full_name())
}

/// A moment as GitLab writes it: with an offset.
pub(super) fn moment(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, |at| {
        json!(at.to_string().replace('Z', "+00:00"))
    })
}

pub(super) fn user(world: &World, person: &Person) -> Value {
    json!({
        "id": person.id, "username": person.login, "name": person.name, "state": "active", "locked": false,
        "avatar_url": null, "web_url": format!("{}/{}", world.web_url(), person.login),
    })
}

pub(super) fn viewer(world: &World, person: &Person) -> Value {
    let mut viewer = user(world, person);
    viewer["email"] = json!(format!("{}@private.invalid", person.login));
    viewer["public_email"] = json!(person.public_email.unwrap_or(""));
    viewer["bot"] = json!(false);
    viewer["created_at"] = json!("2024-01-02T03:04:05.678Z");
    viewer
}

pub(super) fn project(world: &World, repo: &Repo, level: u32) -> Value {
    let (base, name) = (world.web_url(), repo.full_name());
    json!({
        "id": repo.id, "description": repo.description, "name": repo.name, "path": repo.name,
        "name_with_namespace": format!("{} / {}", repo.owner, repo.name), "path_with_namespace": name,
        "namespace": {
            "id": number(&repo.owner) % 1_000_000, "name": repo.owner, "path": repo.owner, "kind": "group",
            "full_path": repo.owner, "web_url": format!("{base}/groups/{}", repo.owner),
        },
        "visibility": if repo.private { "private" } else { "public" }, "archived": false,
        "empty_repo": repo.git.is_none(), "default_branch": repo.default_branch, "topics": [],
        "web_url": format!("{base}/{name}"), "http_url_to_repo": format!("{base}/{name}.git"),
        "ssh_url_to_repo": format!("git@127.0.0.1:{name}.git"), "runners_token": "GR1348941emulated-must-not-leave",
        "created_at": "2025-01-06T08:00:00.000Z", "last_activity_at": "2025-03-01T08:00:00.000Z",
        "updated_at": "2025-03-01T08:00:00.000Z", "star_count": 0, "forks_count": 0,
        "permissions": {"project_access": {"access_level": level}, "group_access": null},
        "repository_access_level": "enabled", "merge_requests_access_level": "enabled",
        "builds_access_level": "enabled", "releases_access_level": "enabled", "environments_access_level": "enabled",
    })
}

pub(super) fn commit(world: &World, repo: &Repo, commit: &Commit) -> Value {
    let part = |who: &Option<Signature>, part: fn(&Signature) -> Option<String>| {
        who.as_ref().and_then(part)
    };
    let date = |who: &Option<Signature>| moment(who.as_ref().and_then(|who| who.date));
    json!({
        "id": commit.sha, "short_id": &commit.sha[..8], "title": commit.title, "message": commit.message,
        "author_name": part(&commit.author, |who| who.name.clone()), "author_email": part(&commit.author, |who| who.email.clone()),
        "authored_date": date(&commit.author),
        "committer_name": part(&commit.committer, |who| who.name.clone()), "committer_email": part(&commit.committer, |who| who.email.clone()),
        "committed_date": date(&commit.committer), "created_at": date(&commit.committer),
        "parent_ids": commit.parents, "trailers": {}, "web_url": url(world, repo, &format!("commit/{}", commit.sha)),
    })
}

pub(super) fn branch(world: &World, repo: &Repo, branch: &Branch) -> Value {
    let default = branch.name == repo.default_branch;
    json!({
        "name": branch.name, "commit": {"id": branch.commit_sha}, "merged": false, "protected": default,
        "default": default, "can_push": false, "web_url": url(world, repo, &format!("tree/{}", branch.name)),
    })
}

pub(super) fn tag(tag: &Tag) -> Value {
    json!({
        "name": tag.name, "message": tag.message.as_deref().unwrap_or(""), "target": tag.commit_sha,
        "commit": {"id": tag.commit_sha}, "release": null, "protected": false,
        "created_at": moment(tag.tagger.as_ref().and_then(|tagger| tagger.date)),
    })
}

pub(super) fn file(file: &DiffFile, [a_mode, b_mode]: [String; 2]) -> Value {
    let old = file.previous_path.as_deref().unwrap_or(&file.path);
    let diff = match (&file.patch, file.binary) {
        (Some(patch), _) => patch.clone(),
        (None, Some(true)) => format!("Binary files a/{old} and b/{} differ\n", file.path),
        (None, _) => String::new(),
    };
    json!({
        "diff": diff, "new_path": file.path,
        "old_path": old, "a_mode": a_mode, "b_mode": b_mode,
        "new_file": file.status == FileStatus::Added, "deleted_file": file.status == FileStatus::Removed,
        "renamed_file": file.status == FileStatus::Renamed, "collapsed": false, "too_large": false, "generated_file": false,
    })
}

pub(super) fn merge_request(world: &World, repo: &Repo, pull: &Pull) -> Value {
    let state = match pull.state {
        PullState::Open => "opened",
        PullState::Closed => "closed",
        PullState::Merged => "merged",
    };
    let when = |state| {
        if pull.state == state {
            moment(pull.at)
        } else {
            Value::Null
        }
    };
    json!({
        "id": 80_000 + repo.id * 100 + pull.number, "iid": pull.number, "project_id": repo.id,
        "title": pull.title, "description": pull.body, "state": state, "draft": pull.draft, "work_in_progress": pull.draft,
        "created_at": moment(pull.at), "updated_at": moment(pull.at), "merged_at": when(PullState::Merged),
        "closed_at": when(PullState::Closed), "source_branch": pull.source, "target_branch": pull.target,
        "author": user(world, pull.author), "labels": ["review"], "sha": pull.head,
        "merge_user": null, "reviewers": [],
        "merge_commit_sha": if pull.state == PullState::Merged { json!(pull.diff_of) } else { Value::Null },
        "squash_commit_sha": null, "web_url": url(world, repo, &format!("merge_requests/{}", pull.number)),
    })
}

pub(super) fn release(world: &World, repo: &Repo, release: &Release) -> Value {
    let tag = &release.tag;
    json!({
        "tag_name": tag, "name": tag, "description": release.notes, "created_at": moment(release.at),
        "released_at": moment(release.at), "upcoming_release": false, "author": user(world, release.author),
        "assets": {"count": 1, "links": [{
            "id": release.id, "name": "notes", "url": url(world, repo, &format!("releases/{tag}/notes")), "link_type": "other",
        }]},
        "_links": {"self": url(world, repo, &format!("releases/{tag}"))},
    })
}

pub(super) fn status(
    world: &World,
    repo: &Repo,
    sha: &str,
    at: Option<Timestamp>,
    (name, outcome): (&str, Outcome),
) -> Value {
    let id = number(&format!("{sha}{name}")) % 1_000_000_000;
    let status = match outcome {
        Outcome::Running => "running",
        Outcome::Success => "success",
        Outcome::Failure => "failed",
    };
    json!({
        "id": id, "sha": sha, "ref": repo.default_branch, "name": name, "status": status, "allow_failure": false,
        "description": null, "coverage": null, "target_url": url(world, repo, &format!("jobs/{id}")),
        "created_at": moment(at), "started_at": moment(at),
        "finished_at": if outcome == Outcome::Running { Value::Null } else { moment(at) },
    })
}

pub(super) const fn deployment_word(state: DeploymentState) -> &'static str {
    match state {
        DeploymentState::Success => "success",
        DeploymentState::Failure => "failed",
        DeploymentState::InProgress => "running",
    }
}

pub(super) fn deployment(world: &World, deployment: &Deployment) -> Value {
    json!({
        "id": deployment.id, "iid": deployment.id - 700, "ref": deployment.git_ref, "sha": deployment.sha,
        "status": deployment_word(deployment.state), "user": user(world, deployment.creator),
        "environment": {"id": 9, "name": deployment.environment, "slug": deployment.environment, "external_url": null},
        "deployable": null, "created_at": moment(deployment.at), "updated_at": moment(deployment.at),
    })
}

pub(super) fn tree_entry(entry: &TreeEntry) -> Value {
    let kind = match entry.kind {
        TreeEntryType::Directory => "tree",
        TreeEntryType::Submodule => "commit",
        TreeEntryType::File | TreeEntryType::Symlink => "blob",
    };
    json!({"id": entry.sha, "name": entry.name, "type": kind, "path": entry.path, "mode": entry.mode})
}
