//! A diff out of changed files, made here: their contents are fetched and compared as `local` does it.
//! The work is bounded in files, bytes and time, and what lies beyond loses its patch, never its row.
//! The content of a path that the firewall blocks is never asked for.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    time::Instant,
};

use futures_util::{StreamExt, stream};
use gitflare_core::{
    Code, Error, Result,
    model::{Diff, DiffFile, FileStatus, MAX_FILES},
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
    wire::Word,
};

/// How much is fetched for one diff, in bytes.
const MAX_BYTES: usize = 8 * 1024 * 1024;
/// How many contents are asked for at once.
const AT_ONCE: usize = 4;
/// Of how many contents that are not there it is looked up what they are.
const MAX_MISSED: usize = 8;
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
    let is_untold = |side: &Side| *side == Side::Untold;
    let untold = places(&changes, &wanted, is_untold);
    look_up(client, call, repo, &mut changes, untold, told_by).await?;
    let ids = contents_of(wanted.iter().map(|at| &changes.files[*at]));
    let (contents, missing) = fetch(client, call, repo, ids, fetched_by).await?;
    // Not every list says what is a submodule, and none what once was one.
    let is_missing = |side: &Side| matches!(side, Side::Object(id) if missing.contains(id));
    let mut missed = places(&changes, &wanted, is_missing);
    missed.truncate(MAX_MISSED);
    look_up(client, call, repo, &mut changes, missed, fetched_by).await?;
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

/// One side of a changed file.
struct Place {
    at: usize,
    is_old: bool,
    path: String,
    commit: String,
}

/// Where the sides of the wanted files are of which something is to be asked, as far as that is known.
fn places(changes: &Changes, wanted: &[usize], is_asked: impl Fn(&Side) -> bool) -> Vec<Place> {
    let mut all = Vec::new();
    for &at in wanted {
        let change = &changes.files[at];
        let old_path = change.previous_path.as_ref().unwrap_or(&change.path);
        for (side, path, commit, is_old) in [
            (&change.old, old_path, &changes.base, true),
            (&change.new, &change.path, &changes.head, false),
        ] {
            if let (true, Some(commit)) = (is_asked(side), commit) {
                let (path, commit) = (path.clone(), commit.clone());
                all.push(Place {
                    at,
                    is_old,
                    path,
                    commit,
                });
            }
        }
    }
    all
}

/// Asks what stands at these places, until there is too little time. What is not to be had stays as it is.
async fn look_up(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    changes: &mut Changes,
    places: Vec<Place>,
    until: Instant,
) -> Result<()> {
    let lookups = places.into_iter().map(async |place| {
        let get = object(repo, &["items"])?
            .query("path", format!("/{}", place.path))
            .query("versionDescriptor.version", place.commit.as_str())
            .query("versionDescriptor.versionType", "commit")
            .query("$format", "json");
        let item = match client.upstream.get(call, &get).await {
            Ok(answer) => Some(answer.json::<WireItem>()?),
            Err(refusal) => {
                spared(refusal)?;
                None
            }
        };
        Ok::<_, Error>((place, item))
    });
    let mut told = stream::iter(lookups).buffer_unordered(AT_ONCE);
    while let Ok(Some(told)) = timeout_at(until.into(), told.next()).await {
        let (place, item) = told?;
        let side = item.map_or(Side::Untold, WireItem::into_side);
        let change = &mut changes.files[place.at];
        let known = match place.is_old {
            true => &mut change.old,
            false => &mut change.new,
        };
        if side != Side::Untold {
            *known = side;
        }
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

/// Fetches contents until there is too much, or too little time; also tells which of them are not there.
async fn fetch(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    ids: Vec<String>,
    until: Instant,
) -> Result<(Contents, HashSet<String>)> {
    let mut contents = Contents::from([(EMPTY.to_owned(), Vec::new())]);
    let (mut missing, mut bytes) = (HashSet::new(), 0);
    let contents_of_ids = ids.into_iter().map(async |id| {
        let content = content(client, call, repo, &id).await?;
        Ok::<_, Error>((id, content))
    });
    // One that does not come holds up no other.
    let mut fetched = stream::iter(contents_of_ids).buffer_unordered(AT_ONCE);
    while let Ok(Some(content)) = timeout_at(until.into(), fetched.next()).await {
        let (id, content) = content?;
        match content {
            Ok(content) => {
                bytes += content.len();
                if bytes > MAX_BYTES {
                    break;
                }
                contents.insert(id, content);
            }
            Err(refusal) if refusal.upstream_status() == Some(404) => {
                missing.insert(id);
            }
            Err(_) => {}
        }
    }
    Ok((contents, missing))
}

/// The content of one object, or why it is not to be had, as when it is too large.
async fn content(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    id: &str,
) -> Result<Result<Vec<u8>>> {
    let get = object(repo, &["blobs", id])?
        .query("$format", "octetstream")
        .text(MAX_PATCHED_BYTES);
    match client.upstream.get(call, &get).await {
        Ok(answer) => Ok(Ok(answer.reply.body)),
        Err(refusal) => spared(refusal).map(Err),
    }
}

/// The refusal of one of the many answers that a diff is made of, where it costs no more than the patch of
/// a file. What concerns the connection ends the whole.
fn spared(refusal: Error) -> Result<Error> {
    match refusal.code() {
        Code::AuthExpired | Code::InvalidCredentials | Code::RateLimited => Err(refusal),
        _ => Ok(refusal),
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
        let sides = [&change.old, &change.new].map(|side| bytes(side, contents));
        let comparison = match sides {
            [Some(old), Some(new)] if may => texts(&old, &new, true),
            _ => Comparison::default(),
        };
        describe(change, comparison)
    }))
}

fn bytes<'c>(side: &Side, contents: &'c Contents) -> Option<Cow<'c, [u8]>> {
    match side {
        Side::Absent => Some(b"".into()),
        Side::Object(id) => contents.get(id).map(Into::into),
        Side::Submodule(id) => Some(format!("Subproject commit {id}\n").into_bytes().into()),
        Side::Untold => None,
    }
}

fn describe(change: Change, comparison: Comparison) -> DiffFile {
    let is_unchanged = change.is_unchanged();
    let is_retyped = matches!(
        (&change.old, &change.new),
        (Side::Submodule(_), Side::Object(_)) | (Side::Object(_), Side::Submodule(_))
    );
    let counted = |lines: Option<u64>| lines.or(is_unchanged.then_some(0));
    DiffFile {
        path: change.path,
        previous_path: change.previous_path,
        status: match change.status {
            FileStatus::Modified if is_retyped => FileStatus::TypeChanged,
            status => status,
        },
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
    git_object_type: Option<Word>,
}

impl WireItem {
    fn into_side(self) -> Side {
        let is_submodule = self.git_object_type.is_some_and(|kind| kind.is("commit"));
        Side::of(self.object_id, is_submodule)
    }
}
