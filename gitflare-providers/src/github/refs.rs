//! Branches and tags. GitHub names the commit that a tag leads to and keeps who tagged it, and
//! why, behind a call per tag; it does not say here which branch is the default one, so that is
//! known where this connection has looked at the repository.

use gitflare_core::{
    Page, PageRequest, Result,
    model::{Branch, Tag},
    provider::{Call, Endpoint, RepoRef},
};
use serde::Deserialize;

use super::client::{Client, below};
use crate::listing::{Api, List};

pub(super) async fn branches(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    page: PageRequest,
) -> Result<Page<Branch>> {
    let list = below(Endpoint::Branches, repo, &["branches"]);
    let default = client.default_branches.find(&call.connection_id, &repo.id);
    let into = |wire: WireBranch| wire.into_branch(default.as_deref());
    client.rows(call, list, page, into).await
}

pub(super) fn tags(repo: &RepoRef) -> Result<List<'_>> {
    Ok(below(Endpoint::Tags, repo, &["tags"]))
}

#[derive(Debug, Deserialize)]
struct WireTip {
    sha: String,
}

#[derive(Debug, Deserialize)]
struct WireBranch {
    name: String,
    commit: WireTip,
    protected: Option<bool>,
}

impl WireBranch {
    fn into_branch(self, default: Option<&str>) -> Branch {
        Branch {
            default: default.map(|default| default == self.name),
            name: self.name,
            commit_sha: self.commit.sha,
            protected: self.protected,
            web_url: None,
        }
    }
}

#[derive(Debug, Deserialize)]
struct WireTagged {
    sha: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct WireTag {
    name: String,
    commit: Option<WireTagged>,
}

impl From<WireTag> for Tag {
    fn from(wire: WireTag) -> Self {
        Self {
            name: wire.name,
            commit_sha: wire.commit.and_then(|commit| commit.sha),
            message: None,
            tagger: None,
            web_url: None,
        }
    }
}
