//! A diff out of changed files, made here: their contents are fetched and compared as `local` does it.
//! The work is bounded in files, bytes and time, and what lies beyond loses its patch, never its row.
//! The content of a path that the firewall blocks is never asked for.

use std::{collections::HashMap, time::Instant};

use futures_util::{StreamExt, stream};
use gitflare_core::{
    Code, Error, Result,
    model::{Diff, DiffFile, MAX_FILES},
    provider::{Call, RepoRef},
};
use serde::Deserialize;
use tokio::{task, time::timeout_at};

use super::{
    changes::{Change, Changes, Side},
    client::{Client, object},
};
use crate::{
    diff_files::DiffFiles,
    local::diff::{Comparison, MAX_PATCHED_BYTES, MAX_PATCHED_FILES, texts},
    request::Get,
    upstream_answer::Answer,
};

/// How much is fetched for one diff, in bytes.
const MAX_BYTES: usize = 8 * 1024 * 1024;
/// How many contents are asked for at once.
const AT_ONCE: usize = 4;
/// What every repository calls a file with nothing in it.
const EMPTY: &str = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";

/// Contents by the ids of their objects; of some there is nothing but the id.
type Contents = HashMap<String, Vec<u8>>;

/// The diff of these changes.
pub(super) async fn of(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    mut changes: Changes,
) -> Result<Diff> {
    // Half of the time: the rows have to arrive. Half of that is for what was not told, and what never
    // comes leaves some for comparing what came.
    let now = Instant::now();
    let left = call.deadline.saturating_duration_since(now);
    let (told_by, fetched_by, until) = (now + left / 4, now + left * 3 / 8, now + left / 2);
    let is_wanted = |change: &Change| {
        let is_blocked = |path: &str| path.is_empty() || call.blocked.contain(path);
        !change.is_unchanged() && !change.paths().any(is_blocked)
    };
    let wanted: Vec<usize> = (0..changes.files.len().min(MAX_FILES))
        .filter(|at| is_wanted(&changes.files[*at]))
        .take(MAX_PATCHED_FILES)
        .collect();
    tell_sides(client, call, repo, &mut changes, &wanted, told_by).await?;
    let files = wanted.iter().map(|at| &changes.files[*at]);
    let ids = contents_of(files.filter(|change| !change.is_submodule));
    let contents = fetch(client, call, repo, ids, fetched_by).await?;
    let Changes {
        files,
        truncated,
        base,
        head,
        ..
    } = changes;
    let made = task::spawn_blocking(move || compare(files, &wanted, &contents, until));
    let mut diff = made
        .await
        .map_err(|error| Error::internal(format!("a diff was not made: {error}")))?
        .into_diff();
    (diff.base_sha, diff.head_sha) = (base, head);
    if truncated {
        diff.truncated = true;
        diff.stats = Default::default();
    }
    Ok(diff)
}

/// Asks for the objects that the list of changes did not name, until there is too little time. One that
/// is not to be had stays untold.
async fn tell_sides(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    changes: &mut Changes,
    wanted: &[usize],
    until: Instant,
) -> Result<()> {
    let mut unknown = Vec::new();
    for at in wanted {
        let change = &changes.files[*at];
        let old_path = change.previous_path.as_ref().unwrap_or(&change.path);
        let sides = [
            (&change.old, old_path, &changes.base, true),
            (&change.new, &change.path, &changes.head, false),
        ];
        for (side, path, commit, is_old) in sides {
            if let (Side::Untold, Some(commit)) = (side, commit) {
                unknown.push((*at, is_old, path.clone(), commit.clone()));
            }
        }
    }
    let lookups = unknown.into_iter().map(async |(at, is_old, path, commit)| {
        let get = object(repo, &["items"])?
            .query("path", format!("/{path}"))
            .query("versionDescriptor.version", commit)
            .query("versionDescriptor.versionType", "commit")
            .query("$format", "json");
        let id = match asked(client, call, &get).await? {
            Some(answer) => answer.json::<WireItem>()?.object_id,
            None => None,
        };
        Ok::<_, Error>((at, is_old, id))
    });
    let mut told = stream::iter(lookups).buffer_unordered(AT_ONCE);
    while let Ok(Some(told)) = timeout_at(until.into(), told.next()).await {
        let (at, is_old, id) = told?;
        let change = &mut changes.files[at];
        let side = if is_old {
            &mut change.old
        } else {
            &mut change.new
        };
        *side = id.map_or(Side::Untold, Side::Object);
    }
    Ok(())
}

/// The ids of the contents of some changes, each once.
fn contents_of<'a>(changes: impl Iterator<Item = &'a Change>) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for side in changes.flat_map(|change| [&change.old, &change.new]) {
        if let Side::Object(id) = side
            && id != EMPTY
            && !ids.contains(id)
        {
            ids.push(id.clone());
        }
    }
    ids
}

/// Fetches contents until there is too much, or too little time.
async fn fetch(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    ids: Vec<String>,
    until: Instant,
) -> Result<Contents> {
    let mut contents = Contents::from([(EMPTY.to_owned(), Vec::new())]);
    let mut bytes = 0;
    let contents_of_ids = ids.into_iter().map(async |id| {
        let content = content(client, call, repo, &id).await?;
        Ok::<_, Error>((id, content))
    });
    // One that does not come holds up no other.
    let mut fetched = stream::iter(contents_of_ids).buffer_unordered(AT_ONCE);
    while let Ok(Some(content)) = timeout_at(until.into(), fetched.next()).await {
        let (id, Some(content)) = content? else {
            continue;
        };
        bytes += content.len();
        if bytes > MAX_BYTES {
            break;
        }
        contents.insert(id, content);
    }
    Ok(contents)
}

/// The content of one object; `None` when it is too large, or not to be had.
async fn content(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    id: &str,
) -> Result<Option<Vec<u8>>> {
    let get = object(repo, &["blobs", id])?
        .query("$format", "octetstream")
        .text(MAX_PATCHED_BYTES);
    let answer = asked(client, call, &get).await?;
    Ok(answer.map(|answer| answer.reply.body))
}

/// One of the many answers that a diff is made of; `None` where it is not to be had, which costs that
/// file's patch. What concerns the connection ends the whole.
async fn asked(client: &Client, call: &Call, get: &Get<'_>) -> Result<Option<Answer>> {
    match client.upstream.get(call, get).await {
        Ok(answer) => Ok(Some(answer)),
        Err(error)
            if matches!(
                error.code(),
                Code::AuthExpired | Code::InvalidCredentials | Code::RateLimited
            ) =>
        {
            Err(error)
        }
        Err(_) => Ok(None),
    }
}

fn compare(
    changes: Vec<Change>,
    wanted: &[usize],
    contents: &Contents,
    until: Instant,
) -> DiffFiles {
    DiffFiles::of(changes.into_iter().enumerate().map(|(at, change)| {
        let may = wanted.binary_search(&at).is_ok() && Instant::now() < until;
        let sides = [&change.old, &change.new].map(|side| bytes(side, &change, contents));
        let comparison = match sides {
            [Some(old), Some(new)] if may => texts(&old, &new, true),
            _ => Comparison::default(),
        };
        describe(change, comparison)
    }))
}

fn bytes<'c>(
    side: &Side,
    change: &Change,
    contents: &'c Contents,
) -> Option<std::borrow::Cow<'c, [u8]>> {
    match side {
        Side::Absent => Some(b"".into()),
        Side::Object(id) if change.is_submodule => {
            Some(format!("Subproject commit {id}\n").into_bytes().into())
        }
        Side::Object(id) => contents.get(id).map(Into::into),
        Side::Untold => None,
    }
}

fn describe(change: Change, comparison: Comparison) -> DiffFile {
    let is_unchanged = change.is_unchanged();
    let counted = |lines: Option<u64>| lines.or(is_unchanged.then_some(0));
    DiffFile {
        path: change.path,
        previous_path: change.previous_path,
        status: change.status,
        additions: counted(comparison.additions),
        deletions: counted(comparison.deletions),
        binary: comparison.binary,
        patch_truncated: comparison.patch.is_none()
            && comparison.binary != Some(true)
            && !is_unchanged,
        patch: comparison.patch,
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireItem {
    object_id: Option<String>,
}
