//! What stands around a repository: its forks, all in its own organization, which lists them at once.
//! Labels of repositories, stars, followers and a list of those who can be assigned do not exist at
//! Azure DevOps.
//! <https://learn.microsoft.com/en-us/rest/api/azure/devops/git/forks/get-forks>

use gitflare_core::{
    Page, PageRequest, Result,
    model::Repository,
    provider::{Call, Endpoint, RepoRef},
};
use serde::Deserialize;

use super::{
    client::{Client, below, parts},
    refusals::no_repository,
    repositories::{WireRepository, in_order, slice},
};
use crate::{
    listing::{Api, Paging},
    request::Get,
};

pub(super) async fn forks(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    page: PageRequest,
) -> Result<Page<Repository>> {
    let start = match &page.position {
        Some(position) => {
            let mut fields = position.fields();
            let start = fields.number()?;
            fields.end()?;
            usize::try_from(start).unwrap_or(usize::MAX)
        }
        None => 0,
    };
    let [organization, ..] = parts(&repo.id).ok_or_else(no_repository)?;
    // Forks are asked for by the id of the organization, of which its name is all that is known.
    let get =
        Get::new(&[organization, "_apis", "connectionData"])?.query("api-version", "7.1-preview.1");
    let answer = client.item(call, Endpoint::Forks, repo, get).await?;
    let instance: WireInstance = answer.json()?;
    let list = below(
        Endpoint::Forks,
        &Paging::Whole,
        repo,
        &["forks", &instance.instance_id],
    )?;
    let into = |wire: WireRepository| wire.forked().keyed(organization, call);
    let first = PageRequest::default();
    let rows = client.rows(call, list, first, into).await?.items;
    Ok(slice(in_order(rows), start, &page))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireInstance {
    instance_id: String,
}
