//! Contributors. GitHub links the first 500 addresses of a history to accounts and names the others
//! as anonymous, which have to be asked for.

use gitflare_core::{
    Result,
    model::Contributor,
    provider::{Endpoint, RepoRef},
};
use serde::Deserialize;

use super::client::{NO_CONTENT, below};
use crate::{listing::List, wire::Id};

pub(super) fn list(repo: &RepoRef) -> Result<List<'_>> {
    Ok(below(Endpoint::Contributors, repo, &["contributors"])
        .query("anon", "1")
        .empty_on(NO_CONTENT))
}

#[derive(Debug, Deserialize)]
pub(super) struct WireContributor {
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
