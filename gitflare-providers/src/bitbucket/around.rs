//! What stands around a repository: its forks, and the people who watch it. Labels, stars and a list
//! of those who can be assigned do not exist at Bitbucket.
//! <https://developer.atlassian.com/cloud/bitbucket/rest/api-group-repositories/>

use gitflare_core::{
    Page, PageRequest, Result,
    model::{Person, Repository},
    provider::{Call, Endpoint, RepoRef},
};

use super::{
    client::{Client, below},
    profile::WireUser,
    repositories::WireRepository,
};
use crate::listing::Api;

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

pub(super) async fn watchers(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    page: PageRequest,
) -> Result<Page<Person>> {
    let list = below(Endpoint::Watchers, repo, &["watchers"]);
    client.rows(call, list, page, WireUser::into).await
}
