//! What stands around a repository: its forks, and the people who watch it. Labels, stars and a list
//! of those who can be assigned do not exist at Bitbucket.
//! <https://developer.atlassian.com/cloud/bitbucket/rest/api-group-repositories/>

use gitflare_core::{
    Page, PageRequest, Result,
    model::Repository,
    provider::{Call, Endpoint, RepoRef},
};

use super::{
    client::{Client, below},
    repositories::WireRepository,
};
use crate::listing::{Api, List};

pub(super) async fn forks(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    page: PageRequest,
) -> Result<Page<Repository>> {
    let list = below(Endpoint::Forks, repo, &["forks"]);
    let into = |wire: WireRepository| wire.seen_by(&call.connection_id);
    client.rows(call, list, page, into).await
}

pub(super) fn watchers(repo: &RepoRef) -> Result<List<'_>> {
    Ok(below(Endpoint::Watchers, repo, &["watchers"]))
}
