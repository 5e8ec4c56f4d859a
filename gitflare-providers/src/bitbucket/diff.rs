//! The changes of a commit or a pull request. Bitbucket writes them as one text; one that it finds too
//! large it does not write at all, and the list of changed files is what is left then.
//! <https://developer.atlassian.com/cloud/bitbucket/rest/api-group-commits/#api-repositories-workspace-repo-slug-diff-spec-get>

use gitflare_core::{
    Code, Result,
    model::{Diff, DiffFile, DiffStats, FileStatus},
    provider::{Call, Endpoint, RepoRef},
};
use serde::Deserialize;

use super::client::{Client, below, object};
use crate::{
    diff_files::DiffFiles,
    git_diff,
    http::MAX_BODY,
    listing::Api,
    upstream_error::of_diff,
    wire::{self, Rows, Word},
};

/// Reads the diff at one path, or else the list of files at the other, without its two ends. A pull
/// request's are redirects to a path of the same host, which are followed.
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
    match client.item(call, endpoint, repo, get).await {
        Ok(answer) => Ok(DiffFiles::of(git_diff::files(&answer.reply.body)).into_diff()),
        // Too large for Bitbucket to make, or for the gateway to read.
        Err(error)
            if error.upstream_status() == Some(555) || error.code() == Code::InvalidLimit =>
        {
            let list = below(endpoint, repo, list);
            let list = more
                .iter()
                .fold(list, |list, (key, value)| list.query(key, *value));
            // Where the list is refused too, the text's own refusal says why.
            let walked = DiffFiles::walk::<WireFile>(client, call, list).await;
            Ok(walked.map_err(|_| of_diff(error))?.0.into_diff())
        }
        Err(error) => Err(error),
    }
}

/// How many files one page of their list has, where no more than counts is wanted.
const MOST_COUNTED: &str = "500";

/// The counts of the list of files at a path; `None` when it has more than one page, or is too large
/// for Bitbucket to make.
pub(super) async fn stats(
    client: &Client,
    call: &Call,
    endpoint: Endpoint,
    repo: &RepoRef,
    list: &[&str],
) -> Result<Option<DiffStats>> {
    let get = object(repo, list)?.query("pagelen", MOST_COUNTED);
    let listed: WireStat = match client.item(call, endpoint, repo, get).await {
        Ok(answer) => answer.json()?,
        // The commit is there all the same.
        Err(error) if matches!(error.upstream_status(), Some(404 | 500..)) => return Ok(None),
        Err(error) => return Err(error),
    };
    if listed.next.is_some() {
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
    #[serde(default, deserialize_with = "wire::filled")]
    next: Option<String>,
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
}

impl From<WireFile> for DiffFile {
    fn from(wire: WireFile) -> Self {
        let status = match wire.status.as_ref().map_or("", Word::as_str) {
            "added" => FileStatus::Added,
            "removed" => FileStatus::Removed,
            "renamed" => FileStatus::Renamed,
            _ => FileStatus::Modified,
        };
        let old = wire.old.map(|side| side.path);
        let new = wire.new.map(|side| side.path);
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
