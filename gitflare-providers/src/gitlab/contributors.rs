//! Contributors. GitLab knows them by name and e-mail only: it links no account, and one person
//! with two addresses is two rows.

use gitflare_core::{
    Page, PageRequest, Result,
    model::Contributor,
    provider::{Call, Endpoint, RepoRef},
};
use serde::Deserialize;

use super::client::{Client, below};
use crate::listing::Api;

pub(super) async fn list(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    page: PageRequest,
) -> Result<Page<Contributor>> {
    // The upstream's default is the smallest first.
    // <https://docs.gitlab.com/api/repositories/#contributors>
    let list = below(
        Endpoint::Contributors,
        repo,
        &["repository", "contributors"],
    )
    .query("order_by", "commits")
    .query("sort", "desc");
    client.rows(call, list, page, WireContributor::into).await
}

#[derive(Debug, Deserialize)]
struct WireContributor {
    name: Option<String>,
    email: Option<String>,
    commits: Option<u64>,
}

impl From<WireContributor> for Contributor {
    fn from(wire: WireContributor) -> Self {
        Self {
            id: None,
            login: None,
            name: wire.name,
            email: wire.email,
            avatar_url: None,
            contributions: wire.commits,
            web_url: None,
        }
    }
}
