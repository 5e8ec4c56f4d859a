//! Bitbucket's objects, from what the host knows.

use std::fmt::Write;

use gitflare_core::{
    Timestamp,
    model::{Branch, Commit, Diff, DiffFile, FileStatus, Signature, Tag, TreeEntry, TreeEntryType},
};
use serde_json::{Value, json};

use crate::kit::{
    Repo, World,
    people::{Person, by_email},
    story::{self, Deployment, DeploymentState, Outcome, Pull, PullState},
};

/// A UUID in braces; `group` tells kinds of objects apart.
pub(super) fn uuid(group: &str, id: u64) -> String {
    format!("{{00000000-0000-4000-{group}-{id:012}}}")
}

/// The number in a UUID of ours, with braces.
pub(super) fn number(uuid: &str) -> Option<u64> {
    let inside = uuid.strip_prefix('{')?.strip_suffix('}')?;
    inside.rsplit('-').next()?.parse().ok()
}

/// The address of a page below a repository.
pub(super) fn url(world: &World, repo: &Repo, below: &str) -> String {
    format!("{}/{}{below}", world.web_url(), repo.full_name())
}

/// The address of an API object below a repository.
pub(super) fn api(world: &World, repo: &Repo, below: &str) -> String {
    let (base, name) = (world.web_url(), repo.full_name());
    format!("{base}/2.0/repositories/{name}{below}")
}

/// A moment as Bitbucket writes it: with microseconds and an offset.
pub(super) fn moment(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, |at| {
        let text = at.to_string();
        let seconds = text.split(['.', 'Z']).next().unwrap_or_default();
        json!(format!("{seconds}.000000+00:00"))
    })
}

/// The address that an account signs in with.
pub(super) fn email(person: &Person) -> String {
    let first = person.login.split('-').next().unwrap_or_default();
    format!("{first}@acme.example")
}

pub(super) fn user(world: &World, person: &Person) -> Value {
    let (base, uuid) = (world.web_url(), uuid("80a0", person.id));
    json!({
        "type": "user", "uuid": uuid, "account_id": format!("557058:{}", person.id),
        "display_name": person.name, "nickname": person.login,
        "links": {
            "self": {"href": format!("{base}/2.0/users/{uuid}")}, "html": {"href": format!("{base}/{uuid}/")},
            "avatar": {"href": format!("{base}/avatars/{}", person.login)},
        },
    })
}

pub(super) fn viewer(world: &World, person: &Person) -> Value {
    let mut viewer = user(world, person);
    viewer["created_on"] = json!("2024-01-02T03:04:05.678901+00:00");
    viewer["account_status"] = json!("active");
    viewer
}

/// What is nested in other objects.
pub(super) fn workspace_base(world: &World, slug: &str) -> Value {
    let uuid = uuid("80b0", story::number(slug) % 1_000_000);
    json!({
        "type": "workspace_base", "uuid": uuid, "slug": slug,
        "links": {"self": {"href": format!("{}/2.0/workspaces/{slug}", world.web_url())}},
    })
}

pub(super) fn workspace(world: &World, slug: &str) -> Value {
    let mut workspace = workspace_base(world, slug);
    workspace["type"] = json!("workspace");
    workspace["name"] = json!(slug);
    workspace["is_private"] = json!(true);
    let repositories = format!("{}/2.0/repositories/{slug}", world.web_url());
    workspace["links"]["repositories"] = json!({"href": repositories});
    for list in ["projects", "members"] {
        let address = format!("{}/2.0/workspaces/{slug}/{list}", world.web_url());
        workspace["links"][list] = json!({"href": address});
    }
    workspace
}

pub(super) fn repository(world: &World, repo: &Repo) -> Value {
    let (base, name) = (world.web_url(), repo.full_name());
    let branch = json!({"type": "branch", "name": repo.default_branch});
    let branch = if repo.is_empty() { Value::Null } else { branch };
    let host = base.trim_start_matches("http://");
    let mut workspace = workspace(world, &repo.owner);
    let owner = json!({
        // The team's old name differs from the workspace's slug in real answers, too.
        "type": "team", "uuid": workspace["uuid"], "username": format!("{}team", repo.owner),
        "display_name": repo.owner,
    });
    workspace["links"]["html"] = json!({"href": format!("{base}/{}/", repo.owner)});
    json!({
        "type": "repository", "uuid": uuid("80d0", repo.id), "full_name": name, "name": repo.name, "slug": repo.name,
        "description": repo.description.as_deref().unwrap_or(""), "is_private": repo.private, "scm": "git",
        "mainbranch": branch, "language": "", "size": if repo.is_empty() { 0 } else { 42_000 }, "parent": null,
        "fork_policy": "no_public_forks", "has_issues": false, "has_wiki": false, "website": null,
        "created_on": "2025-01-06T08:00:00.000000+00:00", "updated_on": "2025-03-01T08:00:00.000000+00:00",
        "project": {"type": "project", "key": "SHOP", "name": "Shop", "uuid": uuid("80e0", 1)},
        "workspace": workspace, "owner": owner,
        "links": {
            "self": {"href": api(world, repo, "")}, "html": {"href": url(world, repo, "")},
            "avatar": {"href": format!("{base}/avatars/{name}")},
            "clone": [
                {"name": "https", "href": format!("http://anna-berg@{host}/{name}.git")},
                {"name": "ssh", "href": format!("git@{host}:{name}.git")},
            ],
        },
    })
}

/// The short form of a repository in other objects.
fn condensed(world: &World, repo: &Repo) -> Value {
    json!({
        "type": "repository", "uuid": uuid("80d0", repo.id), "full_name": repo.full_name(), "name": repo.name,
        "links": {"self": {"href": api(world, repo, "")}, "html": {"href": url(world, repo, "")}},
    })
}

fn author(world: &World, name: Option<&str>, email: Option<&str>) -> Value {
    let (name, email) = (name.unwrap_or_default(), email.unwrap_or_default());
    let mut author = json!({"type": "author", "raw": format!("{name} <{email}>")});
    if let Some(person) = by_email(email) {
        author["user"] = user(world, person);
    }
    author
}

pub(super) fn commit(world: &World, repo: &Repo, commit: &Commit) -> Value {
    let message = commit.message.as_deref().unwrap_or_default();
    let signed = |who: Option<&Signature>| {
        let name = who.and_then(|who| who.name.as_deref());
        author(world, name, who.and_then(|who| who.email.as_deref()))
    };
    let parent = |sha: &String| {
        json!({
            "type": "commit", "hash": sha, "links": {"html": {"href": url(world, repo, &format!("/commits/{sha}"))}},
        })
    };
    let parents: Vec<_> = commit.parents.iter().flatten().map(parent).collect();
    json!({
        "type": "commit", "hash": commit.sha, "date": moment(story::date(commit)), "message": message,
        "summary": {"type": "rendered", "raw": message, "markup": "markdown"},
        "author": signed(commit.author.as_ref()), "committer": signed(commit.committer.as_ref()),
        "parents": parents, "repository": condensed(world, repo),
        "links": {
            "self": {"href": api(world, repo, &format!("/commit/{}", commit.sha))},
            "html": {"href": url(world, repo, &format!("/commits/{}", commit.sha))},
        },
    })
}

/// A branch; `target` is its commit as an object.
pub(super) fn branch(world: &World, repo: &Repo, branch: &Branch, target: &Value) -> Value {
    json!({
        "type": "branch", "name": branch.name, "target": target, "default_merge_strategy": "merge_commit",
        "merge_strategies": ["merge_commit", "squash", "fast_forward"],
        "links": {
            "self": {"href": api(world, repo, &format!("/refs/branches/{}", branch.name))},
            "html": {"href": url(world, repo, &format!("/branch/{}", branch.name))},
        },
    })
}

/// A tag; `target` is its commit as an object.
pub(super) fn tag(world: &World, repo: &Repo, tag: &Tag, target: &Value) -> Value {
    let tagger = tag.tagger.as_ref();
    json!({
        "type": "tag", "name": tag.name, "target": target, "message": tag.message,
        "date": moment(tagger.and_then(|tagger| tagger.date)),
        "tagger": tagger.map(|who| author(world, who.name.as_deref(), who.email.as_deref())),
        "links": {"html": {"href": url(world, repo, &format!("/commits/tag/{}", tag.name))}},
    })
}

/// A file of a change.
pub(super) fn diffstat(file: &DiffFile) -> Value {
    let status = match file.status {
        FileStatus::Added | FileStatus::Copied => "added",
        FileStatus::Removed => "removed",
        FileStatus::Renamed => "renamed",
        FileStatus::Modified | FileStatus::TypeChanged => "modified",
    };
    let side = |path: &str| json!({"type": "commit_file", "path": path, "escaped_path": path});
    let old = file.previous_path.as_deref().unwrap_or(&file.path);
    json!({
        "type": "diffstat", "status": status,
        "lines_added": file.additions.unwrap_or(0), "lines_removed": file.deletions.unwrap_or(0),
        "old": if status == "added" { Value::Null } else { side(old) },
        "new": if status == "removed" { Value::Null } else { side(&file.path) },
    })
}

/// A change as git writes it.
pub(super) fn diff_text(diff: &Diff) -> String {
    let mut text = String::new();
    for file in &diff.files {
        let new = &file.path;
        let old = file.previous_path.as_ref().unwrap_or(new);
        let _ = writeln!(text, "diff --git a/{old} b/{new}");
        let (mut before, mut after) = (format!("a/{old}"), format!("b/{new}"));
        match file.status {
            FileStatus::Added => {
                text += "new file mode 100644\n";
                before = "/dev/null".to_owned();
            }
            FileStatus::Removed => {
                text += "deleted file mode 100644\n";
                after = "/dev/null".to_owned();
            }
            FileStatus::Renamed => {
                let _ = writeln!(
                    text,
                    "similarity index 90%\nrename from {old}\nrename to {new}"
                );
            }
            _ => {}
        }
        match &file.patch {
            Some(patch) => {
                let patch = patch.trim_end_matches('\n');
                let _ = writeln!(text, "--- {before}\n+++ {after}\n{patch}");
            }
            None if file.binary == Some(true) => {
                let _ = writeln!(text, "Binary files {before} and {after} differ");
            }
            None => {}
        }
    }
    text
}

/// A change as git mails it.
pub(super) fn patch_text(commit: &Commit, diff: &Diff) -> String {
    let author = commit.author.as_ref();
    let name = author.and_then(|who| who.name.as_deref());
    let email = author.and_then(|who| who.email.as_deref());
    let (title, body) = commit
        .message
        .as_deref()
        .unwrap_or_default()
        .split_once('\n')
        .unwrap_or((commit.title.as_deref().unwrap_or_default(), ""));
    format!(
        "From {} Mon Sep 17 00:00:00 2001\nFrom: {} <{}>\nSubject: [PATCH] {title}\n\n{}\n---\n{}",
        commit.sha,
        name.unwrap_or_default(),
        email.unwrap_or_default(),
        body.trim(),
        diff_text(diff)
    )
}

pub(super) fn pull_request(world: &World, repo: &Repo, pull: &Pull) -> Value {
    let state = match pull.state {
        PullState::Open => "OPEN",
        PullState::Closed => "DECLINED",
        PullState::Merged => "MERGED",
    };
    let side = |branch: &str, sha: &str| {
        // Hashes are cut to twelve characters here.
        let hash = sha.get(..12).unwrap_or(sha);
        json!({"branch": {"name": branch}, "commit": {"type": "commit", "hash": hash}, "repository": condensed(world, repo)})
    };
    let text = pull.body.as_deref().unwrap_or("");
    let merge = pull.diff_of.get(..12);
    let is_merged = pull.state == PullState::Merged;
    let closer = user(world, pull.author);
    json!({
        "type": "pullrequest", "id": pull.number, "title": pull.title, "description": text,
        "summary": {"type": "rendered", "raw": text, "markup": "markdown"},
        "state": state, "draft": pull.draft, "author": user(world, pull.author), "reason": "",
        "source": side(&pull.source, &pull.head), "destination": side(&pull.target, &pull.base),
        "merge_commit": if is_merged { json!({"type": "commit", "hash": merge}) } else { Value::Null },
        "closed_by": if pull.state == PullState::Open { Value::Null } else { closer },
        "comment_count": 0, "task_count": 0, "close_source_branch": false,
        "created_on": moment(pull.at), "updated_on": moment(pull.at),
        "links": {
            "self": {"href": api(world, repo, &format!("/pullrequests/{}", pull.number))},
            "html": {"href": url(world, repo, &format!("/pull-requests/{}", pull.number))},
            "diff": {"href": format!("{}?from_pullrequest_id={}&topic=true", pull_diff(world, repo, pull, "diff"), pull.number)},
        },
    })
}

/// Where a pull request's diff or diffstat really is; between the hashes stands a carriage return.
pub(super) fn pull_diff(world: &World, repo: &Repo, pull: &Pull, what: &str) -> String {
    let short = |sha: &str| sha.get(..12).unwrap_or(sha).to_owned();
    let spec = format!(
        "{}:{}%0D{}",
        repo.full_name(),
        short(&pull.head),
        short(&pull.base)
    );
    api(world, repo, &format!("/{what}/{spec}"))
}

pub(super) fn status(
    world: &World,
    repo: &Repo,
    sha: &str,
    at: Option<Timestamp>,
    (name, outcome): (&str, Outcome),
) -> Value {
    let state = match outcome {
        Outcome::Running => "INPROGRESS",
        Outcome::Success => "SUCCESSFUL",
        Outcome::Failure => "FAILED",
    };
    json!({
        "type": "build", "key": name, "name": format!("Pipeline {name}"), "state": state, "description": "",
        "url": url(world, repo, &format!("/pipelines/results/{}", story::number(&format!("{sha}{name}")) % 10_000)),
        "refname": repo.default_branch, "created_on": moment(at), "updated_on": moment(at),
        "commit": {"type": "commit", "hash": sha}, "repository": condensed(world, repo),
    })
}

/// The environments of every repository: name and type.
pub(super) const ENVIRONMENTS: [(&str, &str); 2] =
    [("staging", "Staging"), ("production", "Production")];

fn environment_uuid(name: &str) -> String {
    uuid("80f0", u64::from(name == "production"))
}

pub(super) fn environment((name, kind): (&str, &str)) -> Value {
    json!({
        "type": "deployment_environment", "uuid": environment_uuid(name), "name": name, "slug": name,
        "environment_type": {"type": "deployment_environment_type", "name": kind},
    })
}

/// A deployment, which names its environment by id alone.
pub(super) fn deployment(world: &World, repo: &Repo, deployment: &Deployment) -> Value {
    let mut state =
        json!({"started_on": moment(deployment.at), "deployer": user(world, deployment.creator)});
    let (name, status) = match deployment.state {
        DeploymentState::InProgress => ("IN_PROGRESS", None),
        DeploymentState::Success => ("COMPLETED", Some("SUCCESSFUL")),
        DeploymentState::Failure => ("COMPLETED", Some("FAILED")),
    };
    state["type"] = json!(format!("deployment_state_{}", name.to_lowercase()));
    state["name"] = json!(name);
    if let Some(status) = status {
        state["status"] = json!({"name": status});
        state["completed_on"] = moment(deployment.at);
    }
    let number = deployment.id - 700;
    json!({
        "type": "deployment", "uuid": uuid("8100", deployment.id), "key": format!("deploy_{number}"), "number": number,
        "environment": {"uuid": environment_uuid(deployment.environment)}, "step": {"uuid": uuid("8110", deployment.id)},
        "release": {
            "type": "deployment_release", "uuid": uuid("8120", deployment.id), "name": format!("#{number}"),
            "url": url(world, repo, &format!("/pipelines/results/{number}")), "created_on": moment(deployment.at),
            "commit": {"type": "commit", "hash": deployment.sha},
        },
        "state": state, "last_update_time": moment(deployment.at), "version": 3,
    })
}

pub(super) fn tree_entry(world: &World, repo: &Repo, sha: &str, entry: &TreeEntry) -> Value {
    let attributes: &[&str] = match (entry.kind, entry.mode.as_deref()) {
        (TreeEntryType::Symlink, _) => &["link"],
        (TreeEntryType::Submodule, _) => &["subrepository"],
        (_, Some("100755")) => &["executable"],
        _ => &[],
    };
    let mut row = json!({
        "path": entry.path, "escaped_path": entry.path, "commit": {"type": "commit", "hash": sha},
        "links": {"self": {"href": api(world, repo, &format!("/src/{sha}/{}", entry.path))}},
    });
    if entry.kind == TreeEntryType::Directory {
        row["type"] = json!("commit_directory");
    } else {
        row["type"] = json!("commit_file");
        row["size"] = json!(entry.size.unwrap_or(0));
        row["attributes"] = json!(attributes);
    }
    row
}
