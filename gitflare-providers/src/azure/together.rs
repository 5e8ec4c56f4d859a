//! Approved repositories that are read together: where a project has several of them, its list is one
//! call for all. Their order is the caller's.
//! <https://learn.microsoft.com/en-us/rest/api/azure/devops/git/repositories/list>

use std::collections::{BTreeMap, HashMap};

use futures_util::{StreamExt, TryStreamExt, stream};
use gitflare_core::{
    PageRequest, Result,
    model::Repository,
    provider::{Call, Endpoint, KnownRepository, Told},
};

use super::{
    client::{Client, parts},
    repositories::WireRepository,
};
use crate::{
    listing::{Api, List, Paging},
    upstream_error::is_of_list,
};

/// How many projects are asked at once.
const PROJECTS_AT_ONCE: usize = 10;

/// The repositories of a page, one call for each project of which there are several; the others are
/// left to reads of their own, which cost as many calls and less text.
pub(super) async fn by_id(
    client: &Client,
    call: &Call,
    known: &[KnownRepository],
) -> Result<Option<Vec<Told>>> {
    let mut of_each: BTreeMap<[&str; 2], Vec<&str>> = BTreeMap::new();
    for KnownRepository { repo, .. } in known {
        if let Some([organization, project, _]) = parts(&repo.id) {
            let ids = of_each.entry([organization, project]).or_default();
            ids.push(&repo.id);
        }
    }
    of_each.retain(|_, ids| ids.len() > 1);
    let asked = of_each
        .into_iter()
        .map(|(project, ids)| among(client, call, project, ids));
    let mut asked = stream::iter(asked.collect::<Vec<_>>()).buffered(PROJECTS_AT_ONCE);
    let mut found = HashMap::with_capacity(known.len());
    while let Some(some) = asked.try_next().await? {
        found.extend(some.into_iter().map(|one| (one.id.clone(), one)));
    }
    let told = known
        .iter()
        .map(|known| found.remove(&known.repo.id).map(Ok));
    Ok(Some(told.collect()))
}

/// The repositories of a project with these ids; none where Azure refuses to say, so that a read of
/// each tells why.
async fn among(
    client: &Client,
    call: &Call,
    [organization, project]: [&str; 2],
    ids: Vec<&str>,
) -> Result<Vec<Repository>> {
    let path = [organization, project, "_apis", "git", "repositories"];
    let list = List::new(Endpoint::Repositories, &Paging::Whole, &path)
        .query("includeLinks", "false")
        .rows_in("value");
    let into = |wire: WireRepository| {
        let seen = wire.seen_by(organization, &call.connection_id);
        ids.contains(&seen.id.as_str()).then_some(seen)
    };
    match client.rows(call, list, PageRequest::default(), into).await {
        Ok(page) => Ok(page.items.into_iter().flatten().collect()),
        Err(error) if is_of_list(&error) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}
