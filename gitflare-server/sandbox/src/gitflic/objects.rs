//! GitFlic's objects of accounts, projects and Git, from what the host knows. Oddities of the
//! documentation are kept: `commiter`, `avatart`, relative avatars, a `tree` beside `isTree`.

use gitflare_core::{
    Result, Timestamp,
    model::{Branch, Commit, Diff, DiffFile, FileStatus, Signature, Tag, TreeEntry, TreeEntryType},
};
use serde_json::{Value, json};

use crate::kit::{
    Repo, World,
    people::{Person, by_email},
    story::object_id,
};

/// A UUID; `group` tells kinds of objects apart.
pub(super) fn uuid(group: &str, id: u64) -> String {
    format!("00000000-0000-4000-{group}-{id:012}")
}

/// The number in a UUID of ours.
pub(super) fn number(uuid: &str) -> Option<u64> {
    uuid.rsplit('-').next()?.parse().ok()
}

pub(super) fn project_id(repo: &Repo) -> String {
    uuid("80d0", repo.id)
}

/// The address of a page below a project.
pub(super) fn url(world: &World, repo: &Repo, below: &str) -> String {
    format!("{}/project/{}{below}", world.web_url(), repo.full_name())
}

/// A moment to the second.
pub(super) fn moment(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, |at| {
        let text = at.to_string();
        let seconds = text.split(['.', 'Z']).next().unwrap_or_default();
        json!(format!("{seconds}Z"))
    })
}

pub(super) fn user(world: &World, person: &Person) -> Value {
    let (name, surname) = person.name.split_once(' ').unwrap_or((person.name, ""));
    json!({
        "id": uuid("80a0", person.id), "username": person.login, "name": name, "surname": surname,
        "fullName": person.name, "avatar": format!("{}/static/image/{}.jpg", world.web_url(), person.login), "cover": null,
    })
}

pub(super) fn viewer(world: &World, person: &Person) -> Value {
    let mut viewer = user(world, person);
    if let Some(email) = person.public_email {
        viewer["email"] = json!(email);
    }
    viewer
}

pub(super) fn project(world: &World, repo: &Repo) -> Value {
    json!({
        "id": project_id(repo), "title": repo.name, "description": repo.description, "alias": repo.name,
        "defaultBranch": repo.default_branch, "workBranch": repo.default_branch, "siteUrl": null,
        "owner": {"alias": repo.owner, "type": "COMPANY"}, "language": "Python", "forEducation": false,
        "forkedFromId": null, "mirrorUrl": null, "mirrorType": null, "topics": [], "allowedMemory": "4GB", "forkUrl": null,
        "httpTransportUrl": url(world, repo, ".git"), "sshTransportUrl": format!("git@127.0.0.1:{}.git", repo.full_name()),
        "private": repo.private, "mirror": false,
    })
}

/// A project as the list of forks has it: reduced.
pub(super) fn fork(world: &World, repo: &Repo, owner: &str) -> Value {
    let fork = Repo {
        owner: owner.to_owned(),
        ..repo.clone()
    };
    json!({
        "id": uuid("80d1", repo.id), "title": fork.name, "description": "", "alias": fork.name, "ownerAlias": owner,
        "httpTransportUrl": url(world, &fork, ".git"), "sshTransportUrl": format!("git@127.0.0.1:{}.git", fork.full_name()),
        "language": "Python", "private": fork.private, "isDeleted": false, "selectorTitle": fork.name,
        "selectorOwnerAlias": owner, "selectorId": uuid("80d1", repo.id), "selectorAlias": fork.name,
        "hexColor": null, "selectorColor": null, "selectorHash": null,
    })
}

/// A project as hooks name it.
pub(super) fn hook_project(world: &World, repo: &Repo) -> Value {
    json!({
        "project_id": project_id(repo), "title": repo.name, "alias": repo.name, "owner_alias": repo.owner,
        "owner_type": "COMPANY", "http_transport_url": url(world, repo, ".git"),
        "ssh_transport_url": format!("git@127.0.0.1:{}.git", repo.full_name()), "language": "Python", "private": repo.private,
    })
}

fn ident(who: Option<&Signature>) -> Value {
    json!({
        "name": who.and_then(|who| who.name.clone()).unwrap_or_default(), "avatar": "/static/image/avatar.jpg",
        "emailAddress": who.and_then(|who| who.email.clone()).unwrap_or_default(), "when": moment(who.and_then(|who| who.date)),
    })
}

/// A commit of a list.
pub(super) fn commit(world: &World, commit: &Commit) -> Value {
    let email = commit.author.as_ref().and_then(|who| who.email.as_deref());
    let account = email.and_then(by_email);
    json!({
        "hash": commit.sha, "message": commit.message, "shortMessage": commit.title,
        "createdAt": moment(commit.committer.as_ref().and_then(|who| who.date)),
        "committerIdent": ident(commit.committer.as_ref()), "authorIdent": ident(commit.author.as_ref()),
        "user": account.map(|person| user(world, person)),
    })
}

/// A commit asked for alone, with its parents.
pub(super) fn full_commit(world: &World, row: &Commit) -> Value {
    let mut body = commit(world, row);
    body["parentCommitIds"] = json!(row.parents);
    body["verificationResult"] = json!({"verified": false, "comment": ""});
    body
}

/// A branch; `last` is its commit as an object.
pub(super) fn branch(repo: &Repo, branch: &Branch, last: &Value) -> Value {
    let is_default = branch.name == repo.default_branch;
    json!({
        "name": branch.name, "fullName": format!("refs/heads/{}", branch.name), "lastCommit": last,
        "default": is_default, "merged": false, "work": is_default,
    })
}

pub(super) fn tag(tag: &Tag) -> Value {
    let sha = tag.commit_sha.as_deref().unwrap_or_default();
    let full = format!("refs/tags/{}", tag.name);
    let Some(tagger) = &tag.tagger else {
        return json!({
            "name": tag.name, "fullName": full, "objectId": sha, "shortMessage": null, "fullMessage": null,
            "commitId": sha, "personIdent": null, "lightWeight": true,
        });
    };
    let message = tag.message.as_deref().unwrap_or_default();
    json!({
        "name": tag.name, "fullName": full, "objectId": object_id(&full), "commitId": sha, "lightWeight": false,
        "shortMessage": message.lines().next().unwrap_or_default(), "fullMessage": message,
        "personIdent": {
            "name": tagger.name, "avatart": "/static/image/avatar.jpg", "emailAddress": tagger.email,
            "when": moment(tagger.date),
        },
    })
}

/// A row of a folder; `last` is the newest commit.
pub(super) fn file_info(entry: &TreeEntry, last: &Commit) -> Value {
    let is_tree = entry.kind == TreeEntryType::Directory;
    let base = entry
        .name
        .rsplit_once('.')
        .map_or(&*entry.name, |(base, _)| base);
    json!({
        "path": entry.path, "baseName": base, "filename": entry.name, "isTree": is_tree, "tree": is_tree,
        "lastCommitHash": last.sha, "lastCommitMessage": last.message,
        "commiter": ident(last.committer.as_ref()), "author": ident(last.author.as_ref()),
        "createdAt": moment(last.committer.as_ref().and_then(|who| who.date)),
    })
}

/// A file of a whole tree.
pub(super) fn blob(entry: &TreeEntry) -> Value {
    let extension = entry.name.rsplit_once('.').map_or("", |(_, end)| end);
    json!({"filePath": entry.path, "extension": extension, "size": entry.size, "lfsOid": null, "lockedBy": null})
}

/// A file of a change, its hunks as rows.
pub(super) fn file_diff(world: &World, repo: &Repo, diff: &Diff, file: &DiffFile) -> Result<Value> {
    let change = match file.status {
        FileStatus::Added => "ADD",
        FileStatus::Removed => "DELETE",
        FileStatus::Renamed => "RENAME",
        FileStatus::Copied => "COPY",
        FileStatus::Modified | FileStatus::TypeChanged => "MODIFY",
    };
    let (name, path) = (file.path.rsplit('/').next().unwrap_or_default(), &file.path);
    let old = file.previous_path.as_ref().unwrap_or(path);
    let is_binary = file.binary == Some(true);
    let [old_mode, new_mode] = world.git.modes(repo, diff, file)?;
    let either = old_mode.as_ref().or(new_mode.as_ref());
    Ok(json!({
        "id": object_id(path), "newMode": new_mode.as_ref().or(either), "oldMode": either,
        "newPath": if change == "DELETE" { "/dev/null" } else { path.as_str() },
        "oldPath": if change == "ADD" { "/dev/null" } else { old.as_str() },
        "addedLinesCount": file.additions.unwrap_or(0), "removedLinesCount": file.deletions.unwrap_or(0),
        "fileName": name, "filePath": path, "fileExtension": name.rsplit_once('.').map_or("", |(_, end)| end),
        "isImg": is_binary && name.ends_with(".png"), "isCollapsed": false, "isLarge": false, "isBinary": is_binary,
        "changeType": change, "headers": [], "links": [], "lines": lines(file.patch.as_deref().unwrap_or_default()),
    }))
}

/// The rows of a patch: hunks apart, lines with the numbers that they have on each side.
fn lines(patch: &str) -> Vec<Value> {
    let (mut old, mut new) = (0_u64, 0_u64);
    let mut rows = Vec::new();
    for line in patch.lines() {
        let (add, remove, op) = match line.as_bytes().first() {
            Some(b'@') => {
                (old, new) = starts(line);
                rows.push(json!({"body": line, "highLightBody": line, "addLineNumber": null, "removeLineNumber": null, "op": "none", "type": "separator"}));
                continue;
            }
            Some(b'+') => (Some(new), None, "add"),
            Some(b'-') => (None, Some(old), "remove"),
            // That the file has no newline at its end cannot be told.
            Some(b'\\') => continue,
            _ => (Some(new), Some(old), "none"),
        };
        new += u64::from(add.is_some());
        old += u64::from(remove.is_some());
        let body = line.get(1..).unwrap_or_default();
        rows.push(json!({
            "body": body, "highLightBody": format!("<span>{body}</span>"), "addLineNumber": add, "removeLineNumber": remove,
            "op": op, "type": "line",
        }));
    }
    rows
}

/// The first lines of a hunk on both sides, of its `@@` header.
fn starts(header: &str) -> (u64, u64) {
    let start = |sign: char| {
        let word = header.split(' ').find_map(|word| word.strip_prefix(sign));
        let digits = word.and_then(|word| word.split(',').next());
        digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
    };
    (start('-'), start('+'))
}
