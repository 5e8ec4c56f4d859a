//! The changes of a commit or a pull request. Bitbucket writes them as one text, and lists the changed
//! files beside it. A text that it finds too large it does not write at all: the list is left then.
//! <https://developer.atlassian.com/cloud/bitbucket/rest/api-group-commits/#api-repositories-workspace-repo-slug-diff-spec-get>

use std::collections::HashMap;

use gitflare_core::{
    Code, Limit, PageRequest, Result,
    model::{Diff, DiffFile, DiffStats, FileStatus},
    provider::{Call, Endpoint, RepoRef},
};
use serde::Deserialize;
use serde_json::Value;

use super::client::{Client, FILES, MAX_FILES, below, object};
use crate::{
    diff_files::DiffFiles,
    git_diff,
    http::MAX_BODY,
    listing::Api,
    pagination,
    upstream_error::of_diff,
    wire::{Rows, Word},
};

/// Reads the diff at one path, and the list of its files at the other, without its two ends. The list has
/// what the text leaves out: files that are no text. A pull request's are redirects to paths of the same
/// host, which are followed.
pub(super) async fn read(
    client: &Client,
    call: &Call,
    endpoint: Endpoint,
    repo: &RepoRef,
    (text, list): (&[&str], &[&str]),
    more: &[(&'static str, &'static str)],
) -> Result<Diff> {
    let mut get = object(repo, text)?.query("binary", "false").text(MAX_BODY);
    for (key, value) in more {
        get = get.query(key, *value);
    }
    // Both to their ends: no request is left behind.
    let (text, listed) = tokio::join!(
        client.item(call, endpoint, repo, get),
        files(client, call, endpoint, repo, list, more),
    );
    Ok(match (text, listed) {
        (Ok(answer), Ok(listed)) => merge(listed, git_diff::files(&answer.reply.body)),
        (Ok(answer), Err(_)) => {
            // Files that are no text stand in the list alone.
            let mut files = DiffFiles::of(git_diff::files(&answer.reply.body));
            files.truncated = true;
            files
        }
        // Too large for Bitbucket to make, or for the gateway to read.
        (Err(error), Ok(listed))
            if error.upstream_status() == Some(555) || error.code() == Code::InvalidLimit =>
        {
            listed
        }
        (Err(error), _) => return Err(of_diff(error)),
    }
    .into_diff())
}

/// The list of changed files at a path.
async fn files(
    client: &Client,
    call: &Call,
    endpoint: Endpoint,
    repo: &RepoRef,
    path: &[&str],
    more: &[(&'static str, &'static str)],
) -> Result<DiffFiles> {
    let list = below(endpoint, repo, path).paged(&FILES);
    let list = more
        .iter()
        .fold(list, |list, (key, value)| list.query(key, *value));
    if path.first() != Some(&"pullrequests") {
        return Ok(DiffFiles::walk::<WireFile>(client, call, list).await?.0);
    }
    // A redirect forgets which page was asked for: the first one is all that it leads to.
    let first = PageRequest::first(Limit::MAX);
    let page = client.rows(call, list, first, WireFile::into).await?;
    let mut files = DiffFiles::of(page.items.into_iter());
    files.truncated |= page.next.is_some();
    Ok(files)
}

/// The files of the list with the patches of the text, and those that only the text has.
fn merge(listed: DiffFiles, text: impl Iterator<Item = DiffFile>) -> DiffFiles {
    let mut patched: Vec<Option<DiffFile>> = text.map(Some).collect();
    let place = |(at, file): (usize, &Option<DiffFile>)| Some((file.as_ref()?.path.clone(), at));
    let places: HashMap<String, usize> = patched.iter().enumerate().filter_map(place).collect();
    let mut all = Vec::with_capacity(patched.len().max(listed.files.len()));
    for mut file in listed.files {
        let found = places.get(&file.path).and_then(|at| patched[*at].take());
        all.push(match found {
            Some(found) => DiffFile {
                previous_path: found.previous_path.or(file.previous_path),
                ..found
            },
            None => {
                // What has no lines has no patch that could be missing.
                file.patch_truncated = file.additions != Some(0) || file.deletions != Some(0);
                file
            }
        });
    }
    all.extend(patched.into_iter().flatten());
    let mut files = DiffFiles::of(all.into_iter());
    files.truncated |= listed.truncated;
    files
}

/// The counts of the list of files at a path; `None` when it has more than one page, or is refused, as
/// one that is too large for Bitbucket to make.
pub(super) async fn stats(
    client: &Client,
    call: &Call,
    endpoint: Endpoint,
    repo: &RepoRef,
    list: &[&str],
) -> Result<Option<DiffStats>> {
    let get = object(repo, list)?.query("pagelen", MAX_FILES);
    let answer = match client.item(call, endpoint, repo, get).await {
        Ok(answer) => answer,
        // What concerns the connection. Else the commit is there all the same.
        Err(error)
            if matches!(
                error.code(),
                Code::AuthExpired | Code::InvalidCredentials | Code::RateLimited
            ) =>
        {
            return Err(error);
        }
        Err(_) => return Ok(None),
    };
    let listed: WireStat = answer.json()?;
    if pagination::pointer(&answer, listed.next)?.is_some() {
        return Ok(None);
    }
    let sum = |count: fn(&WireCounts) -> Option<u64>| -> Option<u64> {
        listed.values.0.iter().map(count).sum()
    };
    Ok(Some(DiffStats {
        files: Some(listed.values.0.len() as u64),
        additions: sum(|file| file.lines_added),
        deletions: sum(|file| file.lines_removed),
    }))
}

/// A page of the list of changed files.
#[derive(Debug, Deserialize)]
struct WireStat {
    values: Rows<WireCounts>,
    next: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct WireCounts {
    lines_added: Option<u64>,
    lines_removed: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct WireFile {
    status: Option<Word>,
    lines_added: Option<u64>,
    lines_removed: Option<u64>,
    old: Option<WirePath>,
    new: Option<WirePath>,
}

#[derive(Debug, Deserialize)]
struct WirePath {
    path: String,
    /// As Git writes it: in quotes where it is not plain.
    escaped_path: Option<String>,
}

impl WirePath {
    /// As the text has it, whose bytes need not be UTF-8: there is one row for a file then.
    fn name(self) -> String {
        match self.escaped_path {
            Some(escaped) if escaped.starts_with('"') => git_diff::unquoted(&escaped),
            _ => self.path,
        }
    }
}

impl From<WireFile> for DiffFile {
    fn from(wire: WireFile) -> Self {
        let status = match wire.status.as_ref().map_or("", Word::as_str) {
            "added" => FileStatus::Added,
            "removed" => FileStatus::Removed,
            "renamed" => FileStatus::Renamed,
            _ => FileStatus::Modified,
        };
        let old = wire.old.map(WirePath::name);
        let new = wire.new.map(WirePath::name);
        Self {
            previous_path: old.clone().filter(|_| status == FileStatus::Renamed),
            path: new.or(old).unwrap_or_default(),
            status,
            additions: wire.lines_added,
            deletions: wire.lines_removed,
            binary: None,
            patch: None,
            patch_truncated: true,
        }
    }
}
