//! Approved repositories that are read together: a query for several of one workspace is one call. Their
//! order is the caller's.
//! <https://developer.atlassian.com/cloud/bitbucket/rest/intro/#filtering>

use std::collections::{BTreeMap, HashMap};

use futures_util::future::try_join_all;
use gitflare_core::{
    Limit, PageRequest, Result,
    model::Repository,
    provider::{Call, Endpoint, KnownRepository, Told},
};

use super::{
    client::{Client, NEXT},
    repositories::WireRepository,
};
use crate::{
    listing::{Api, List},
    upstream_error::is_of_list,
};

/// The repositories of a page, one call for each of their workspaces; what is not among its
/// answer is left to a read of its own.
pub(super) async fn by_id(
    client: &Client,
    call: &Call,
    known: &[KnownRepository],
) -> Result<Option<Vec<Told>>> {
    let mut of_each: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for KnownRepository { repo, .. } in known {
        let name = repo.full_name.as_deref().unwrap_or_default();
        if let Some((workspace, _)) = name.split_once('/') {
            of_each.entry(workspace).or_default().push(&repo.id);
        }
    }
    let mut found = HashMap::with_capacity(known.len());
    for some in of_each
        .iter()
        .collect::<Vec<_>>()
        .chunks(WORKSPACES_AT_ONCE)
    {
        let asked = some
            .iter()
            .map(|(workspace, ids)| among(client, call, workspace, ids));
        for repository in try_join_all(asked).await?.into_iter().flatten() {
            found.insert(repository.id.clone(), repository);
        }
    }
    let told = known
        .iter()
        .map(|known| found.remove(&known.repo.id).map(Ok));
    Ok(Some(told.collect()))
}

/// How many workspaces are asked at once.
const WORKSPACES_AT_ONCE: usize = 10;

/// The repositories of a workspace with these ids; none where Bitbucket refuses to say, so that a
/// read of each tells why.
async fn among(
    client: &Client,
    call: &Call,
    workspace: &str,
    ids: &[&str],
) -> Result<Vec<Repository>> {
    let ids: Vec<String> = ids.iter().map(|id| format!("\"{{{id}}}\"")).collect();
    let list = List::new(Endpoint::Repositories, &NEXT, &["repositories", workspace])
        .query("q", format!("uuid IN ({})", ids.join(", ")))
        .rows_in("values");
    let into = |wire: WireRepository| wire.seen_by(&call.connection_id);
    let page = PageRequest::first(Limit::MAX);
    match client.rows(call, list, page, into).await {
        Ok(page) => Ok(page.items),
        Err(error) if is_of_list(&error) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}
