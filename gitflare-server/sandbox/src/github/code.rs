//! GitHub's objects of Git: branches, tags, commits, files of changes, trees.

use gitflare_core::model::{
    Branch, Commit, DiffFile, FileStatus, Signature, Tag, TreeEntry, TreeEntryType,
};
use serde_json::{Value, json};

use super::objects::{moment, repo_api, url, user};
use crate::kit::{Repo, World, people::by_email, story::object_id};

/// A commit as branches and tags name it.
fn reference(world: &World, repo: &Repo, sha: Option<&str>) -> Value {
    let sha = sha.unwrap_or_default();
    json!({"sha": sha, "url": repo_api(world, repo, &format!("/commits/{sha}"))})
}

pub(super) fn branch(world: &World, repo: &Repo, branch: &Branch) -> Value {
    json!({
        "name": branch.name, "commit": reference(world, repo, Some(&branch.commit_sha)),
        "protected": branch.name == repo.default_branch,
    })
}

/// A branch asked for alone; `commit` is its commit.
pub(super) fn full_branch(world: &World, repo: &Repo, row: &Branch, commit: &Commit) -> Value {
    let mut body = branch(world, repo, row);
    let protection = repo_api(world, repo, &format!("/branches/{}/protection", row.name));
    body["commit"] = self::commit(world, repo, commit);
    body["protection"] = json!({"enabled": row.name == repo.default_branch});
    body["protection_url"] = json!(protection);
    body["_links"] = json!({
        "self": repo_api(world, repo, &format!("/branches/{}", row.name)),
        "html": url(world, repo, &format!("/tree/{}", row.name)),
    });
    body
}

pub(super) fn tag(world: &World, repo: &Repo, tag: &Tag) -> Value {
    let name = &tag.name;
    json!({
        "name": name, "node_id": format!("REF_{}_{name}", repo.id),
        "commit": reference(world, repo, tag.commit_sha.as_deref()),
        "zipball_url": repo_api(world, repo, &format!("/zipball/refs/tags/{name}")),
        "tarball_url": repo_api(world, repo, &format!("/tarball/refs/tags/{name}")),
    })
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

/// The id of a commit's root folder, known from here on as a tree.
pub(super) fn root_tree(world: &World, repo: &Repo, sha: &str) -> Option<String> {
    let tree = world.git.object(repo, sha, None).ok().flatten()?;
    let place = (sha.to_owned(), String::new());
    world.state().trees.entry(tree.id.clone()).or_insert(place);
    Some(tree.id)
}

pub(super) fn commit(world: &World, repo: &Repo, commit: &Commit) -> Value {
    let sha = &commit.sha;
    let parent = |sha: &String| {
        let mut parent = reference(world, repo, Some(sha));
        parent["html_url"] = json!(url(world, repo, &format!("/commit/{sha}")));
        parent
    };
    let parents: Vec<_> = commit.parents.iter().flatten().map(parent).collect();
    let tree = root_tree(world, repo, sha).unwrap_or_default();
    json!({
        "sha": sha, "node_id": format!("C_{sha}"), "url": repo_api(world, repo, &format!("/commits/{sha}")),
        "html_url": url(world, repo, &format!("/commit/{sha}")),
        "comments_url": repo_api(world, repo, &format!("/commits/{sha}/comments")),
        "commit": {
            "message": commit.message.as_deref().map(str::trim_end), "author": person(commit.author.as_ref()),
            "committer": person(commit.committer.as_ref()), "comment_count": 0,
            "tree": {"sha": tree, "url": repo_api(world, repo, &format!("/git/trees/{tree}"))},
            "url": repo_api(world, repo, &format!("/git/commits/{sha}")),
            "verification": {"verified": false, "reason": "unsigned", "signature": null, "payload": null, "verified_at": null},
        },
        "author": account(world, commit.author.as_ref()),
        "committer": account(world, commit.committer.as_ref()),
        "parents": parents,
    })
}

/// A file of the change of a commit.
pub(super) fn file(world: &World, repo: &Repo, sha: &str, file: &DiffFile) -> Value {
    let status = match file.status {
        FileStatus::Added => "added",
        FileStatus::Removed => "removed",
        FileStatus::Modified => "modified",
        FileStatus::Renamed => "renamed",
        FileStatus::Copied => "copied",
        FileStatus::TypeChanged => "changed",
    };
    let (added, removed) = (file.additions.unwrap_or(0), file.deletions.unwrap_or(0));
    let path = &file.path;
    let blob = world.git.object(repo, sha, Some(path)).ok().flatten();
    let mut row = json!({
        "sha": blob.map_or_else(|| object_id(path), |blob| blob.id), "filename": path, "status": status,
        "additions": added, "deletions": removed, "changes": added + removed,
        "raw_url": "http://raw.invalid/?token=temporary", "blob_url": "http://blob.invalid/",
        "contents_url": repo_api(world, repo, &format!("/contents/{path}?ref={sha}")),
    });
    if let Some(patch) = &file.patch {
        row["patch"] = json!(patch.trim_end_matches('\n'));
    }
    if let Some(previous) = &file.previous_path {
        row["previous_filename"] = json!(previous);
    }
    row
}

/// A tree's row; `folder` is what was asked for.
pub(super) fn tree_entry(world: &World, repo: &Repo, entry: &TreeEntry, folder: &str) -> Value {
    let (kind, what) = match entry.kind {
        TreeEntryType::Directory => ("tree", "trees"),
        TreeEntryType::Submodule => ("commit", ""),
        TreeEntryType::File | TreeEntryType::Symlink => ("blob", "blobs"),
    };
    let path = entry.path.strip_prefix(folder).unwrap_or(&entry.path);
    let mut row = json!({
        "path": path.trim_start_matches('/'), "mode": entry.mode, "type": kind, "sha": entry.sha,
    });
    if let Some(size) = entry.size {
        row["size"] = json!(size);
    }
    if let (false, Some(sha)) = (what.is_empty(), &entry.sha) {
        row["url"] = json!(repo_api(world, repo, &format!("/git/{what}/{sha}")));
    }
    row
}
