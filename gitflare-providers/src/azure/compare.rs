//! Two names compared, from what both have in common on. Which commits lie between them Azure DevOps does
//! not list in any call that was seen.
//! <https://learn.microsoft.com/en-us/rest/api/azure/devops/git/diffs/get>

use gitflare_core::{
    Code, Error, Result,
    model::Comparison,
    provider::{Call, CommitId, CompareQuery, Endpoint, GitRef, ProviderId, RefSelector, RepoRef},
};

use super::{
    changes::{self, Between},
    client::Client,
    diff, refs,
};
use crate::upstream_error::unknown_name;

pub(super) async fn read(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    query: &CompareQuery,
) -> Result<Comparison> {
    let endpoint = Endpoint::Compare;
    // Both to their ends: no request is left behind.
    let (base, head) = tokio::join!(
        resolve(client, call, repo, "base", &query.base),
        resolve(client, call, repo, "head", &query.head),
    );
    let (base, head) = (base?, head?);
    let (base, head) = (base.as_str(), head.as_str());
    let between = Between {
        base,
        head,
        from_common: true,
    };
    let mut changes = changes::between(client, call, endpoint, repo, between).await?;
    let common = changes.common.take().ok_or_else(no_common_ancestor)?;
    // The older side of every file is there.
    changes.base = Some(common.commit.clone());
    let diff = diff::of(client, call, repo, changes).await?;
    let comparison = Comparison::of(diff, base, head, &common.commit);
    Ok(Comparison {
        ahead_by: common.ahead.or(comparison.ahead_by),
        behind_by: common.behind.or(comparison.behind_by),
        ..comparison
    })
}

/// The commit of one of the two names, which a refusal tells.
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
    found.ok_or_else(no_common_ancestor)
}

fn no_common_ancestor() -> Error {
    Error::upstream(
        Code::ResourceNotFound,
        ProviderId::AZURE,
        "The two names have no common ancestor.",
    )
}
