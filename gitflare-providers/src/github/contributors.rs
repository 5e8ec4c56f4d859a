//! Contributors. GitHub links the first 500 addresses of a history to accounts and names the others
//! as anonymous, which have to be asked for.

use gitflare_core::{
    Page, PageRequest, Result,
    model::Contributor,
    provider::{Call, RepoRef},
};
use serde::Deserialize;

use super::client::{Client, List, NO_CONTENT};
use crate::wire::Id;

pub(super) async fn list(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    page: &PageRequest,
) -> Result<Page<Contributor>> {
    let list = List {
        repo: Some(repo),
        segments: vec!["repositories", &repo.id, "contributors"],
        query: vec![("anon", "1".into())],
        empty: NO_CONTENT,
    };
    let listing = client.list(call, &list, page).await?;
    Ok(listing.page::<WireContributor>()?.map(Contributor::from))
}

#[derive(Debug, Deserialize)]
struct WireContributor {
    id: Option<Id>,
    login: Option<String>,
    /// The next two are sent for anonymous ones only.
    name: Option<String>,
    email: Option<String>,
    avatar_url: Option<String>,
    html_url: Option<String>,
    contributions: Option<u64>,
}

impl From<WireContributor> for Contributor {
    fn from(wire: WireContributor) -> Self {
        Self {
            id: wire.id.map(Into::into),
            login: wire.login,
            name: wire.name,
            email: wire.email,
            avatar_url: wire.avatar_url,
            contributions: wire.contributions,
            web_url: wire.html_url,
        }
    }
}
