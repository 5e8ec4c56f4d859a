//! Contributors. GitHub links the first 500 addresses of a history to accounts and names the others
//! as anonymous, which have to be asked for.

use gitflare_core::{
    Page, PageRequest, Result,
    model::Contributor,
    provider::{Call, Endpoint, RepoRef},
};
use serde::Deserialize;

use super::client::{Client, NO_CONTENT, below};
use crate::{listing::Api, wire::Id};

pub(super) async fn list(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    page: PageRequest,
) -> Result<Page<Contributor>> {
    let list = below(Endpoint::Contributors, repo, &["contributors"])
        .query("anon", "1")
        .empty_on(NO_CONTENT);
    client.rows(call, list, page, WireContributor::into).await
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
