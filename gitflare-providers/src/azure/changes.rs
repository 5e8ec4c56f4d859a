//! Which files differ, as Azure DevOps lists them: between two commits, in a commit without parents, in
//! an iteration of a pull request. What differs in them it does not say.
//! <https://learn.microsoft.com/en-us/rest/api/azure/devops/git/diffs/get>

use std::collections::{BTreeMap, HashSet};

use gitflare_core::{
    Limit, PageRequest, Position, Result,
    model::{FileStatus, MAX_FILES},
    provider::{Call, Endpoint, RepoRef},
};
use serde::Deserialize;
use serde_json::Value;

use super::{
    client::{Client, below},
    pages::skipped,
};
use crate::{
    hooks::known_sha,
    listing::{Api, List, Paging},
    upstream_answer::Answer,
    wire::{self, Word},
};

/// How many rows are asked for at once; folders are among them.
const ROWS: usize = 2000;
/// Every page can be folders alone; the walk ends all the same.
const MAX_PAGES: usize = 5;

/// The changes between commits.
const OF_COMMITS: Paging = Paging::Pages {
    ask: |get, page| {
        let get = get.query("$top", ROWS.to_string());
        Ok(get.query("$skip", skipped(page)?.to_string()))
    },
    next: |answer, page, rows| {
        let wire: WireEnd = answer.json()?;
        // A page may be shorter than what was asked for, and say that there are more.
        match wire.all_changes_included {
            Some(is_end) => after(page, rows, !is_end && rows > 0),
            None => after(page, rows, rows >= ROWS),
        }
    },
    otherwise: None,
};
/// Those of one commit, whose parameters lack the dollar sign.
const OF_FIRST: Paging = Paging::Pages {
    ask: |get, page| {
        let get = get.query("top", ROWS.to_string());
        Ok(get.query("skip", skipped(page)?.to_string()))
    },
    // How many there are stands beside them: a page may be shorter than what was asked for.
    next: |answer, page, rows| match answer.json::<WireEnd>()?.counted() {
        Some(all) => {
            let so_far = skipped(page)?.saturating_add(rows as u64);
            after(page, rows, rows > 0 && so_far < all)
        }
        None => after(page, rows, rows >= ROWS),
    },
    otherwise: None,
};
/// Those of an iteration, which says where it goes on.
const OF_ITERATION: Paging = Paging::Pages {
    ask: |get, page| {
        let get = get.query("$top", ROWS.to_string());
        Ok(get.query("$skip", skipped(page)?.to_string()))
    },
    next: |answer: &Answer, _, _| match answer.json::<WireEnd>()?.next_skip {
        None => Ok(None),
        Some(sent) => match sent.as_u64() {
            Some(0) => Ok(None),
            Some(skip) => Ok(Some(Position::new().number(skip))),
            None => Err(answer.unusable("where the changes go on is no number")),
        },
    },
    otherwise: None,
};

/// The place behind the rows of a page, if there are more.
fn after(page: &PageRequest, rows: usize, has_more: bool) -> Result<Option<Position>> {
    let after = skipped(page)?.saturating_add(rows as u64);
    Ok(has_more.then(|| Position::new().number(after)))
}

/// Changed files, and at which commits their two sides are.
#[derive(Debug)]
pub(super) struct Changes {
    pub(super) files: Vec<Change>,
    /// Whether there are more.
    pub(super) truncated: bool,
    pub(super) base: Option<String>,
    pub(super) head: Option<String>,
    /// What the two commits have in common, where that was asked for.
    pub(super) common: Option<Common>,
}

/// The commit that two others have in common, and how many commits each has beyond it.
#[derive(Debug)]
pub(super) struct Common {
    pub(super) commit: String,
    pub(super) ahead: Option<u64>,
    pub(super) behind: Option<u64>,
}

/// A changed file.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) path: String,
    pub(super) previous_path: Option<String>,
    pub(super) status: FileStatus,
    pub(super) old: Side,
    pub(super) new: Side,
}

/// What a file is on one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// Not there.
    Absent,
    /// The object of that id.
    Object(String),
    /// A submodule at that commit, which is no object of the repository.
    Submodule(String),
    /// There, and which object it is was not told.
    Untold,
}

impl Side {
    /// What has that id, which is another repository's where it is the one of a submodule.
    pub(super) fn of(id: Option<String>, is_submodule: bool) -> Self {
        match (id, is_submodule) {
            (None, _) => Self::Untold,
            (Some(id), true) => Self::Submodule(id),
            (Some(id), false) => Self::Object(id),
        }
    }
}

impl Change {
    /// Whether its content is known to be the same on both sides.
    pub(super) fn is_unchanged(&self) -> bool {
        self.old != Side::Untold && self.old == self.new
    }

    /// Every path that the file has or had.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.path.as_str()).chain(self.previous_path.as_deref())
    }
}

/// Two commits to compare, from the first one or from what both have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Between<'a> {
    pub(super) base: &'a str,
    pub(super) head: &'a str,
    pub(super) from_common: bool,
}

pub(super) async fn between(
    client: &Client,
    call: &Call,
    endpoint: Endpoint,
    repo: &RepoRef,
    between: Between<'_>,
) -> Result<Changes> {
    let list = below(endpoint, &OF_COMMITS, repo, &["diffs", "commits"])?
        .rows_in("changes")
        .query("baseVersion", between.base)
        .query("baseVersionType", "commit")
        .query("targetVersion", between.head)
        .query("targetVersionType", "commit")
        .query("diffCommonCommit", between.from_common.to_string());
    let at = (between.base.to_owned(), between.head.to_owned());
    walk(client, call, list, (Some(at.0), Some(at.1))).await
}

/// All that a commit without parents has.
pub(super) async fn of_first(
    client: &Client,
    call: &Call,
    endpoint: Endpoint,
    repo: &RepoRef,
    commit: &str,
) -> Result<Changes> {
    let path = ["commits", commit, "changes"];
    let list = below(endpoint, &OF_FIRST, repo, &path)?.rows_in("changes");
    walk(client, call, list, (None, Some(commit.to_owned()))).await
}

/// The changes at the path of an iteration; `at` are its two ends.
pub(super) async fn of_iteration(
    client: &Client,
    call: &Call,
    endpoint: Endpoint,
    repo: &RepoRef,
    path: &[&str],
    at: (Option<String>, Option<String>),
) -> Result<Changes> {
    let list = below(endpoint, &OF_ITERATION, repo, path)?
        .rows_in("changeEntries")
        .query("$compareTo", "0");
    walk(client, call, list, at).await
}

async fn walk(
    client: &Client,
    call: &Call,
    list: List<'_>,
    (base, head): (Option<String>, Option<String>),
) -> Result<Changes> {
    let mut rows: Vec<WireChange> = Vec::new();
    let mut request = PageRequest::first(Limit::MAX);
    let mut truncated = true;
    let mut common = None;
    for _ in 0..MAX_PAGES {
        let listing = client
            .listing(call, &list, &request, |row: WireChange| row)
            .await?;
        if let (None, Some(answer)) = (&common, &listing.answer) {
            common = answer.json::<WireCommon>()?.into_common();
        }
        rows.extend(
            listing
                .page
                .items
                .into_iter()
                .filter(|row| !row.is_folder()),
        );
        match listing.page.next {
            Some(next) if rows.len() <= MAX_FILES => request.position = Some(next),
            next => {
                truncated = next.is_some() || !listing.page.errors.is_empty();
                break;
            }
        }
    }
    let moved: HashSet<String> = rows
        .iter()
        .filter(|row| row.has("rename"))
        .filter_map(WireChange::old_path)
        .collect();
    let files = rows.into_iter().filter_map(|row| row.into_change(&moved));
    Ok(Changes {
        files: files.collect(),
        truncated,
        base,
        head,
        common,
    })
}

/// What stands around the rows.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireEnd {
    all_changes_included: Option<bool>,
    next_skip: Option<Value>,
    change_counts: Option<BTreeMap<String, Option<u64>>>,
}

impl WireEnd {
    /// How many changes there are of all kinds, folders among them; `None` where it is not said.
    fn counted(self) -> Option<u64> {
        let counts = self.change_counts.filter(|counts| !counts.is_empty())?;
        counts.into_values().sum()
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireCommon {
    #[serde(default, deserialize_with = "wire::filled")]
    common_commit: Option<String>,
    ahead_count: Option<u64>,
    behind_count: Option<u64>,
}

impl WireCommon {
    fn into_common(self) -> Option<Common> {
        Some(Common {
            commit: self.common_commit?,
            ahead: self.ahead_count,
            behind: self.behind_count,
        })
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireChange {
    item: Option<WireItem>,
    /// One or more words, with commas between them.
    change_type: Option<String>,
    /// The path before a rename, as the next.
    #[serde(default, deserialize_with = "wire::filled")]
    source_server_item: Option<String>,
    #[serde(default, deserialize_with = "wire::filled")]
    original_path: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireItem {
    #[serde(default, deserialize_with = "wire::filled")]
    object_id: Option<String>,
    #[serde(default, deserialize_with = "wire::filled")]
    original_object_id: Option<String>,
    git_object_type: Option<Word>,
    is_folder: Option<bool>,
    #[serde(default, deserialize_with = "wire::filled")]
    path: Option<String>,
}

fn relative(path: &str) -> String {
    path.trim_start_matches('/').to_owned()
}

impl WireChange {
    fn is(&self, kind: &str) -> bool {
        let item = self.item.as_ref();
        let known = item.and_then(|item| item.git_object_type.as_ref());
        known.is_some_and(|known| known.is(kind))
    }

    fn is_folder(&self) -> bool {
        let folder = self.item.as_ref().and_then(|item| item.is_folder);
        folder == Some(true) || self.is("tree")
    }

    fn has(&self, word: &str) -> bool {
        let words = self.change_type.as_deref().unwrap_or_default().split(',');
        words
            .map(str::trim)
            .any(|known| known.eq_ignore_ascii_case(word))
    }

    fn old_path(&self) -> Option<String> {
        let path = self
            .original_path
            .as_ref()
            .or(self.source_server_item.as_ref());
        path.map(|path| relative(path))
    }

    /// `None` for the half of a rename whose other half is there.
    fn into_change(self, moved: &HashSet<String>) -> Option<Change> {
        let (old_path, is_submodule) = (self.old_path(), self.is("commit"));
        let [is_added, is_undeleted, is_edited] =
            ["add", "undelete", "edit"].map(|word| self.has(word));
        let [is_removed, is_source] = ["delete", "sourceRename"].map(|word| self.has(word));
        let says_nothing = self.change_type.is_none();
        let item = self.item.unwrap_or_default();
        let path = item
            .path
            .as_deref()
            .map(relative)
            .or_else(|| old_path.clone());
        let path = path.unwrap_or_default();
        let old_path = old_path.filter(|old| *old != path);
        if is_removed && is_source && moved.contains(&path) {
            return None;
        }
        let new = known_sha(item.object_id);
        let old = known_sha(item.original_object_id);
        let side = |id| Side::of(id, is_submodule);
        let (status, old, new) = if is_removed {
            (FileStatus::Removed, side(old.or(new)), Side::Absent)
        } else if is_added || is_undeleted {
            (FileStatus::Added, Side::Absent, side(new))
        } else {
            // Whatever the words are: the older side is that of another path.
            let status = match old_path {
                Some(_) => FileStatus::Renamed,
                None => FileStatus::Modified,
            };
            match is_edited || says_nothing {
                true => (status, side(old), side(new)),
                // Moved, or marked otherwise: the content is what it was.
                false => (status, side(new.clone()), side(new)),
            }
        };
        Some(Change {
            previous_path: old_path.filter(|_| status != FileStatus::Added),
            path,
            status,
            old,
            new,
        })
    }
}
