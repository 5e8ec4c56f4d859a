//! Two names compared: each is resolved to a commit, then their merge base is asked for, then the changes
//! from there on.
//! <https://docs.gitlab.com/api/repositories/#compare-branches-tags-or-commits>

use gitflare_core::{
    Code, Error, Result,
    model::{Comparison, MAX_COMPARED_COMMITS},
    provider::{Call, CommitId, CompareQuery, Endpoint, GitRef, ProviderId, RefSelector, RepoRef},
};
use serde::Deserialize;

use super::{
    client::{Client, below},
    commits::{self, WireCommit},
    diff::WireFile,
};
use crate::{
    diff_files::DiffFiles,
    listing::{Api, Paging},
    request::Get,
    upstream_error::recode,
    wire::Rows,
};

pub(super) async fn read(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    query: &CompareQuery,
) -> Result<Comparison> {
    // Both to their ends: no request is left behind.
    let (base, head) = tokio::join!(
        resolve(client, call, repo, &query.base),
        resolve(client, call, repo, &query.head),
    );
    let (base, head) = (base?, head?);
    let merge_base = merge_base(client, call, repo, [&base, &head]).await?;
    let list = below(Endpoint::Compare, repo, &["repository", "compare"])
        .query("from", base.as_str())
        .query("to", head.as_str())
        .query("straight", "false")
        .paged(&Paging::Whole)
        .rows_in("diffs");
    let (mut files, answer) = DiffFiles::walk::<WireFile>(client, call, list).await?;
    let wire: WireComparison = match answer {
        Some(answer) => answer.json()?,
        None => WireComparison::default(),
    };
    let is_cut = wire.compare_timeout == Some(true);
    files.truncated |= is_cut;
    let comparison = Comparison::of(files.into_diff(), base.as_str(), head.as_str(), &merge_base);
    let Some(commits) = wire.commits else {
        return Ok(comparison);
    };
    let mut commits: Vec<_> = commits.into_iter().collect();
    // In which order they come is not told.
    if commits
        .last()
        .is_some_and(|last| last.sha() == head.as_str())
    {
        commits.reverse();
    }
    let count = commits.len();
    Ok(Comparison {
        ahead_by: comparison.ahead_by.or((!is_cut).then_some(count as u64)),
        commits_truncated: Some(is_cut || count > MAX_COMPARED_COMMITS),
        commits: Some(
            commits
                .into_iter()
                .take(MAX_COMPARED_COMMITS)
                .map(Into::into)
                .collect(),
        ),
        ..comparison
    })
}

async fn resolve(client: &Client, call: &Call, repo: &RepoRef, name: &GitRef) -> Result<CommitId> {
    let at = RefSelector::Ref(name.clone());
    let found = commits::resolve(client, call, repo, Endpoint::Compare, &at).await?;
    found.ok_or_else(|| {
        Error::upstream(
            Code::ResourceNotFound,
            ProviderId::GITLAB,
            "The repository has no commits yet.",
        )
    })
}

async fn merge_base(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    ends: [&CommitId; 2],
) -> Result<String> {
    let get = Get::new(&["projects", &*repo.id, "repository", "merge_base"])?
        .query("refs[]", ends[0].as_str())
        .query("refs[]", ends[1].as_str());
    let answer = client.item(call, Endpoint::Compare, repo, get).await;
    let answer = answer.map_err(|error| match (error.code(), error.upstream_status()) {
        (Code::ResourceNotFound, Some(404)) => recode(
            &error,
            Code::ResourceNotFound,
            "The two names have no common ancestor.",
        ),
        _ => error,
    })?;
    Ok(answer.json::<WireTip>()?.id)
}

#[derive(Debug, Deserialize)]
struct WireTip {
    id: String,
}

#[derive(Debug, Default, Deserialize)]
struct WireComparison {
    commits: Option<Rows<WireCommit>>,
    compare_timeout: Option<bool>,
}
