//! Two names compared. Their merge base is asked for first, and the changes are those against it: then
//! all parts of the answer are about the same base. In Bitbucket's pairs of commits the one with the
//! changes comes first.
//! <https://developer.atlassian.com/cloud/bitbucket/rest/api-group-commits/>

use gitflare_core::{
    Code, Error, Limit, PageRequest, Result,
    model::{Commit, Comparison, MAX_COMPARED_COMMITS},
    provider::{Call, CommitId, CompareQuery, Endpoint, GitRef, ProviderId, RefSelector, RepoRef},
};
use serde::Deserialize;

use super::{
    client::{Client, below, object},
    commits::WireCommit,
    diff, refs,
};
use crate::{
    listing::Api,
    upstream_error::{recode, unknown_name},
};

/// How many pages of commits are read.
const MAX_PAGES: usize = 3;

pub(super) async fn read(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    query: &CompareQuery,
) -> Result<Comparison> {
    // Both to their ends: no request is left behind.
    let (base, head) = tokio::join!(
        resolve(client, call, repo, "base", &query.base),
        resolve(client, call, repo, "head", &query.head),
    );
    let (base, head) = (base?, head?);
    let (base, head) = (base.as_str(), head.as_str());
    let merge_base = merge_base(client, call, repo, base, head).await?;
    let spec = format!("{head}..{merge_base}");
    let (text, list) = (["diff", &*spec], ["diffstat", &*spec]);
    let (diff, commits) = tokio::join!(
        diff::read(
            client,
            call,
            Endpoint::Compare,
            repo,
            (&text, &list),
            &[("topic", "false")]
        ),
        commits(client, call, repo, (base, head), query.with_commits),
    );
    let comparison = Comparison::of(diff?, base, head, &merge_base);
    let Some((commits, is_whole)) = commits? else {
        return Ok(comparison);
    };
    let count = commits.len() as u64;
    Ok(Comparison {
        ahead_by: comparison.ahead_by.or(is_whole.then_some(count)),
        commits: Some(commits),
        commits_truncated: Some(!is_whole),
        ..comparison
    })
}

async fn resolve(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    end: &str,
    name: &GitRef,
) -> Result<CommitId> {
    let at = RefSelector::Ref(name.clone());
    let found = refs::resolve(client, call, repo, Endpoint::Compare, &at).await;
    let found = found.map_err(|error| unknown_name(error, end))?;
    found.ok_or_else(|| {
        Error::upstream(
            Code::ResourceNotFound,
            ProviderId::BITBUCKET,
            "The repository has no commits yet.",
        )
    })
}

async fn merge_base(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    base: &str,
    head: &str,
) -> Result<String> {
    let get = object(repo, &["merge-base", &format!("{head}..{base}")])?;
    let refusal = match client.item(call, Endpoint::Compare, repo, get).await {
        Ok(answer) => return Ok(answer.json::<WireTip>()?.hash),
        Err(error) => error,
    };
    if refusal.code() != Code::ResourceNotFound {
        return Err(refusal);
    }
    // A whole id was taken at its word.
    for (end, commit) in [("base", base), ("head", head)] {
        let get = object(repo, &["commit", commit])?;
        let found = client.item(call, Endpoint::Compare, repo, get).await;
        found.map_err(|error| unknown_name(error, end))?;
    }
    let message = "The two names have no common ancestor.";
    Err(recode(&refusal, Code::ResourceNotFound, message))
}

/// The commits of the one end that the other one lacks, newest first, and whether these are all.
async fn commits(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    (base, head): (&str, &str),
    wanted: bool,
) -> Result<Option<(Vec<Commit>, bool)>> {
    if !wanted {
        return Ok(None);
    }
    let list = below(Endpoint::Compare, repo, &["commits"])
        .query("include", head)
        .query("exclude", base);
    let mut all = Vec::new();
    let mut request = PageRequest::first(Limit::MAX);
    for _ in 0..MAX_PAGES {
        let page = client
            .rows(call, list.clone(), request.clone(), WireCommit::into)
            .await?;
        all.extend(page.items);
        match page.next {
            Some(next) => request.position = Some(next),
            None => {
                let is_whole = all.len() <= MAX_COMPARED_COMMITS;
                all.truncate(MAX_COMPARED_COMMITS);
                return Ok(Some((all, is_whole)));
            }
        }
    }
    all.truncate(MAX_COMPARED_COMMITS);
    Ok(Some((all, false)))
}

#[derive(Debug, Deserialize)]
struct WireTip {
    hash: String,
}
