//! Two names compared. Asked for without pages, GitHub sends the newest 250 commits, oldest first, and the
//! first 300 files.
//! <https://docs.github.com/en/rest/commits/commits#compare-two-commits>

use gitflare_core::{
    Result,
    model::{Comparison, ComparisonStatus},
    provider::{Call, CompareQuery, Endpoint, RepoRef},
};
use serde::Deserialize;

use super::{
    client::{Client, below},
    commits::WireCommit,
    diff::WireFile,
};
use crate::{
    diff_files::DiffFiles,
    listing::Paging,
    wire::{Rows, Word},
};

/// The most files of a comparison that GitHub lists.
const MOST_FILES: usize = 300;

pub(super) async fn read(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    query: &CompareQuery,
) -> Result<Comparison> {
    // One segment: three dots, and no owner in front of a name.
    let names = format!("{}...{}", query.base, query.head);
    let list = below(Endpoint::Compare, repo, &["compare", &*names])
        .paged(&Paging::Whole)
        .rows_in("files")
        .optional();
    let (mut files, head) = DiffFiles::walk::<WireFile>(client, call, list).await?;
    let wire: WireComparison = match head {
        Some(answer) => answer.json()?,
        None => WireComparison::default(),
    };
    files.truncated |= files.files.len() >= MOST_FILES;
    let mut commits: Vec<_> = wire.commits.unwrap_or_default().into_iter().collect();
    commits.reverse();
    let merge_base = wire.merge_base_commit.and_then(|commit| commit.sha);
    let newest = commits.first().map(|commit| commit.sha().to_owned());
    let mut diff = files.into_diff();
    diff.head_sha = newest.or_else(|| merge_base.clone());
    diff.base_sha = merge_base;
    let count = commits.len() as u64;
    Ok(Comparison {
        diff,
        base_tip_sha: wire.base_commit.and_then(|commit| commit.sha),
        status: wire
            .status
            .and_then(|word| ComparisonStatus::parse(word.as_str())),
        ahead_by: wire.ahead_by,
        behind_by: wire.behind_by,
        commits: Some(commits.into_iter().map(Into::into).collect()),
        commits_truncated: wire.total_commits.map(|total| total > count),
    })
}

#[derive(Debug, Default, Deserialize)]
struct WireComparison {
    base_commit: Option<WireTip>,
    merge_base_commit: Option<WireTip>,
    status: Option<Word>,
    ahead_by: Option<u64>,
    behind_by: Option<u64>,
    total_commits: Option<u64>,
    commits: Option<Rows<WireCommit>>,
}

#[derive(Debug, Deserialize)]
struct WireTip {
    sha: Option<String>,
}
