//! Contributors. GitLab knows them by name and e-mail only: it links no account, and one person
//! with two addresses is two rows.

use gitflare_core::{
    Result,
    model::Contributor,
    provider::{Endpoint, RepoRef},
};
use serde::Deserialize;

use super::client::below;
use crate::listing::List;

pub(super) fn list(repo: &RepoRef) -> Result<List<'_>> {
    // The upstream's default is the smallest first.
    // <https://docs.gitlab.com/api/repositories/#contributors>
    Ok(below(
        Endpoint::Contributors,
        repo,
        &["repository", "contributors"],
    )
    .query("order_by", "commits")
    .query("sort", "desc"))
}

#[derive(Debug, Deserialize)]
pub(super) struct WireContributor {
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
