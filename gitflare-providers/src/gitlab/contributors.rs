//! Contributors. GitLab knows them by name and e-mail only: it links no account, and one person
//! with two addresses is two rows.

use gitflare_core::{
    Page, PageRequest, Result,
    model::Contributor,
    provider::{Call, Endpoint, RepoRef},
};
use serde::Deserialize;

use super::client::{Client, List, Paging};

pub(super) async fn list(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    page: &PageRequest,
) -> Result<Page<Contributor>> {
    let list = List {
        endpoint: Endpoint::Contributors,
        repo: Some(repo),
        segments: vec!["projects", &repo.id, "repository", "contributors"],
        // The upstream's default is the smallest first.
        query: vec![("order_by", "commits".into()), ("sort", "desc".into())],
        paging: Paging::Offset,
    };
    let listing = client.list(call, &list, page).await?;
    Ok(listing.page::<WireContributor>()?.map(Contributor::from))
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
