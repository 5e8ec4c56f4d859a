//! Which files a change is about, in Azure's three forms. What differs in them it does not say: clients
//! compare the contents themselves. Folders are among the rows, and of a rename both halves.

use std::collections::{BTreeMap, BTreeSet};

use gitflare_core::{
    Result,
    model::{Diff, DiffFile, FileStatus, TreeEntryType},
};
use serde_json::{Value, json};

use super::{
    lists::{CHANGES, Counting, DIFFS, counted, whole},
    no_commit, no_pull_request, objects,
    refs::find,
};
use crate::kit::{Answer, Call, Repo};

/// The most rows of a page of an iteration's changes.
const MOST: usize = 2000;

/// The ids of the contents on both sides.
fn ids(
    call: &Call<'_>,
    repo: &Repo,
    file: &DiffFile,
    (base, head): (Option<&str>, &str),
) -> Result<(Option<String>, Option<String>)> {
    let old_path = file.previous_path.as_ref().unwrap_or(&file.path);
    let old = match base.filter(|_| file.status != FileStatus::Added) {
        Some(base) => call.world.git.object(repo, base, Some(old_path))?,
        None => None,
    };
    let new = match file.status {
        FileStatus::Removed => None,
        _ => call.world.git.object(repo, head, Some(&file.path))?,
    };
    Ok((old.map(|object| object.id), new.map(|object| object.id)))
}

/// The rows of what a commit changed against its first parent.
async fn rows(call: &Call<'_>, repo: &Repo, head: &str, has_ids: bool) -> Result<Vec<Value>> {
    let diff = call.world.git.diff(repo, head).await?;
    rows_of(call, repo, &diff, head, has_ids)
}

/// The rows of a change. In the changes of one commit ids are left out.
fn rows_of(
    call: &Call<'_>,
    repo: &Repo,
    diff: &Diff,
    head: &str,
    has_ids: bool,
) -> Result<Vec<Value>> {
    let ends = (diff.base_sha.as_deref(), head);
    let mut rows = Vec::new();
    for file in &diff.files {
        for (at, _) in file.path.match_indices('/') {
            let folder = &file.path[..at];
            let item = json!({"gitObjectType": "tree", "path": format!("/{folder}"), "isFolder": true, "commitId": head, "url": ""});
            let row = json!({"item": item, "changeType": "edit"});
            if !rows.contains(&row) {
                rows.push(row);
            }
        }
        let (old, new) = ids(call, repo, file, ends)?;
        let kind = match file.status {
            FileStatus::Added | FileStatus::Copied => "add",
            FileStatus::Removed => "delete",
            FileStatus::Renamed if old == new => "rename",
            FileStatus::Renamed => "edit, rename",
            FileStatus::Modified | FileStatus::TypeChanged => "edit",
        };
        let mut item = json!({"gitObjectType": "blob", "commitId": head, "path": format!("/{}", file.path), "url": ""});
        if has_ids {
            item["objectId"] = json!(new.as_ref().or(old.as_ref()));
            if kind.starts_with("edit") {
                item["originalObjectId"] = json!(old);
            }
        }
        let mut row = json!({"item": item, "changeType": kind});
        if let Some(previous) = &file.previous_path {
            let previous = format!("/{previous}");
            row["sourceServerItem"] = json!(previous);
            let item = json!({"objectId": old, "gitObjectType": "blob", "commitId": head, "path": previous, "url": ""});
            rows.push(json!({"item": item, "changeType": "delete, sourceRename"}));
        }
        rows.push(row);
    }
    Ok(rows)
}

/// How many rows there are of each kind, folders among them.
fn counts(rows: &[Value]) -> Value {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for row in rows {
        let kind = row["changeType"].as_str().unwrap_or_default();
        let (first, rest) = kind.split_at(kind.len().min(1));
        *counts.entry(first.to_ascii_uppercase() + rest).or_default() += 1;
    }
    json!(counts)
}

/// The same of what a commit changed.
pub(super) async fn counts_of(call: &Call<'_>, repo: &Repo, sha: &str) -> Result<Value> {
    Ok(counts(&rows(call, repo, sha, false).await?))
}

/// The changes of a commit.
pub(super) async fn of_commit(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let id = call.name("id");
    if call.world.git.commit(repo, id).await?.is_none() {
        return Ok(no_commit(id));
    }
    let rows = rows(call, repo, id, false).await?;
    let counts = counts(&rows);
    let (rows, ..) = counted(call, CHANGES, rows);
    Ok(Answer::json(
        200,
        &json!({"changeCounts": counts, "changes": rows}),
    ))
}

/// The changes between two versions, or from what they have in common to the second. Each is a branch
/// unless its kind is said.
pub(super) async fn between(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let end = async |name: &str| {
        let (version, kind) = (format!("{name}Version"), format!("{name}VersionType"));
        find(call, repo, call.query(&version), call.query(&kind)).await
    };
    let (base, head) = match (end("base").await?, end("target").await?) {
        (Ok(base), Ok(head)) => (base.sha, head.sha),
        (Err(answer), _) | (_, Err(answer)) => return Ok(answer),
    };
    let found = call.world.git.compare(repo, &base, &head).await?;
    let from_common = call.query("diffCommonCommit") == Some("true");
    let rows = match &found {
        Some(found) if from_common || found.behind_by == Some(0) => {
            rows_of(call, repo, &found.diff, &head, true)?
        }
        _ => rows_of_trees(call, repo, &base, &head).await?,
    };
    let (common, ahead, behind) = found.map_or((None, None, None), |found| {
        (found.diff.base_sha, found.ahead_by, found.behind_by)
    });
    let counts = counts(&rows);
    let (rows, _, is_last) = counted(call, DIFFS, rows);
    Ok(Answer::json(
        200,
        &json!({
            "allChangesIncluded": is_last, "changeCounts": counts, "changes": rows,
            "commonCommit": common, "baseCommit": base, "targetCommit": head,
            "aheadCount": ahead, "behindCount": behind,
        }),
    ))
}

/// The rows of what differs between two commits of which neither came of the other. Renames are not found.
async fn rows_of_trees(call: &Call<'_>, repo: &Repo, base: &str, head: &str) -> Result<Vec<Value>> {
    let files = async |sha: &str| -> Result<BTreeMap<String, Option<String>>> {
        let entries = call.world.git.tree(repo, sha, None, true).await?;
        let files = entries.into_iter();
        let files = files.filter(|entry| entry.kind != TreeEntryType::Directory);
        Ok(files.map(|entry| (entry.path, entry.sha)).collect())
    };
    let (old, new) = (files(base).await?, files(head).await?);
    let paths: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    let row = |path: &String| {
        let (before, after) = (old.get(path), new.get(path));
        let kind = match (before, after) {
            (before, after) if before == after => return None,
            (None, _) => "add",
            (_, None) => "delete",
            _ => "edit",
        };
        let mut item = json!({
            "objectId": after.or(before), "gitObjectType": "blob", "commitId": head, "path": format!("/{path}"), "url": "",
        });
        if kind == "edit" {
            item["originalObjectId"] = json!(before);
        }
        Some(json!({"item": item, "changeType": kind}))
    };
    Ok(paths.into_iter().filter_map(row).collect())
}

/// What has been pushed to a pull request: here it is always two times, the second being the newest.
pub(super) async fn iterations(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let story = call.world.story(repo).await?;
    let Some(pull) = objects::pull(call.world, repo, &story, call.name("id")) else {
        return Ok(no_pull_request());
    };
    let row = |id: u64| {
        json!({
            "id": id, "createdDate": "2025-03-01T08:00:00.1234567Z", "reason": "push",
            "sourceRefCommit": {"commitId": pull.head}, "targetRefCommit": {"commitId": pull.base},
            "commonRefCommit": {"commitId": pull.base},
        })
    };
    Ok(whole(&[row(1), row(2)]))
}

pub(super) async fn of_iteration(call: &Call<'_>, repo: &Repo) -> Result<Answer> {
    let story = call.world.story(repo).await?;
    let Some(pull) = objects::pull(call.world, repo, &story, call.name("id")) else {
        return Ok(no_pull_request());
    };
    let mut entries = Vec::new();
    for (at, mut row) in rows(call, repo, &pull.diff_of, true)
        .await?
        .into_iter()
        .enumerate()
    {
        if row["item"]["isFolder"] == json!(true) || row["changeType"] == "delete, sourceRename" {
            continue;
        }
        // The two other members of an item are not sent here, and a rename's is called otherwise.
        if let Some(item) = row["item"].as_object_mut() {
            item.retain(|name, _| {
                ["objectId", "originalObjectId", "path"].contains(&name.as_str())
            });
        }
        if let Some(previous) = row
            .as_object_mut()
            .and_then(|row| row.remove("sourceServerItem"))
        {
            row["originalPath"] = previous;
        }
        if row["changeType"] == "delete" {
            row["item"] =
                json!({"originalObjectId": row["item"]["objectId"], "path": row["item"]["path"]});
        }
        row["changeTrackingId"] = json!(at + 1);
        row["changeId"] = json!(at + 1);
        entries.push(row);
    }
    let counting = Counting {
        default: 100,
        ..DIFFS
    };
    let (entries, end, is_last) = counted(call, counting, entries);
    let (skip, top) = if is_last {
        (0, 0)
    } else {
        (end, MOST.min(100))
    };
    Ok(Answer::json(
        200,
        &json!({"changeEntries": entries, "nextSkip": skip, "nextTop": top}),
    ))
}
