//! A diff out of changed files, made here: their contents are fetched and compared as `local` does it.
//! The work is bounded in files, bytes and time, and what lies beyond loses its patch, never its row.
//! The content of a path that the firewall blocks is never asked for.

use std::{collections::HashMap, time::Instant};

use futures_util::{StreamExt, TryStreamExt, stream};
use gitflare_core::{
    Code, Error, Result,
    model::{Diff, DiffFile, MAX_FILES},
    provider::{Call, Endpoint, RepoRef},
};
use serde::Deserialize;
use tokio::{task, time::timeout_at};

use super::{
    changes::{Change, Changes, Side},
    client::{Client, object},
};
use crate::{
    diff_files::DiffFiles,
    listing::Api,
    local::diff::{Comparison, MAX_PATCHED_BYTES, MAX_PATCHED_FILES, texts},
};

/// How much is fetched for one diff, in bytes.
const MAX_BYTES: usize = 8 * 1024 * 1024;
/// How many contents are asked for at once.
const AT_ONCE: usize = 4;
/// What every repository calls a file with nothing in it.
const EMPTY: &str = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";

/// Contents by the ids of their objects; of some there is nothing but the id.
type Contents = HashMap<String, Vec<u8>>;

/// The diff of these changes, without its two ends.
pub(super) async fn of(
    client: &Client,
    call: &Call,
    endpoint: Endpoint,
    repo: &RepoRef,
    mut changes: Changes,
) -> Result<Diff> {
    // Half of the time: the rows have to arrive.
    let now = Instant::now();
    let until = now + call.deadline.saturating_duration_since(now) / 2;
    let is_wanted = |change: &Change| {
        !change.is_unchanged() && !change.paths().any(|path| call.blocked.contain(path))
    };
    let wanted: Vec<usize> = (0..changes.files.len().min(MAX_FILES))
        .filter(|at| is_wanted(&changes.files[*at]))
        .take(MAX_PATCHED_FILES)
        .collect();
    tell_sides(client, call, endpoint, repo, &mut changes, &wanted).await?;
    let files = wanted.iter().map(|at| &changes.files[*at]);
    let ids = contents_of(files.filter(|change| !change.is_submodule));
    let contents = fetch(client, call, repo, ids, until).await?;
    let truncated = changes.truncated;
    let made = task::spawn_blocking(move || compare(changes.files, &wanted, &contents, until));
    let mut diff = made
        .await
        .map_err(|error| Error::internal(format!("a diff was not made: {error}")))?
        .into_diff();
    if truncated {
        diff.truncated = true;
        diff.stats = Default::default();
    }
    Ok(diff)
}

/// Asks for the objects that the list of changes did not name.
async fn tell_sides(
    client: &Client,
    call: &Call,
    endpoint: Endpoint,
    repo: &RepoRef,
    changes: &mut Changes,
    wanted: &[usize],
) -> Result<()> {
    let mut asked = Vec::new();
    for at in wanted {
        let change = &changes.files[*at];
        let old_path = change.previous_path.as_ref().unwrap_or(&change.path);
        let sides = [
            (&change.old, old_path, &changes.base, true),
            (&change.new, &change.path, &changes.head, false),
        ];
        for (side, path, commit, is_old) in sides {
            if let (Side::Untold, Some(commit)) = (side, commit) {
                asked.push((*at, is_old, path.clone(), commit.clone()));
            }
        }
    }
    let asked = asked.into_iter().map(async |(at, is_old, path, commit)| {
        let get = object(repo, &["items"])?
            .query("path", format!("/{path}"))
            .query("versionDescriptor.version", commit)
            .query("versionDescriptor.versionType", "commit")
            .query("$format", "json");
        let answer = client.item(call, endpoint, repo, get).await?;
        Ok::<_, Error>((at, is_old, answer.json::<WireItem>()?.object_id))
    });
    let mut told = stream::iter(asked).buffered(AT_ONCE);
    while let Some((at, is_old, id)) = told.try_next().await? {
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
    let asked = ids.into_iter().map(async |id| {
        let content = content(client, call, repo, &id).await?;
        Ok::<_, Error>((id, content))
    });
    let mut fetched = stream::iter(asked).buffered(AT_ONCE);
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
    match client.upstream.get(call, &get).await {
        Ok(answer) => Ok(Some(answer.reply.body)),
        Err(error) if matches!(error.code(), Code::InvalidLimit | Code::ResourceNotFound) => {
            Ok(None)
        }
        Err(error) => Err(error),
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
