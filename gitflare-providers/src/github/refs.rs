//! Branches and tags. GitHub names the commit that a tag leads to and keeps who tagged it, and
//! why, behind a call per tag; it does not say here which branch is the default one.

use gitflare_core::{
    Page, PageRequest, Result,
    model::{Branch, Tag},
    provider::{Call, Endpoint, RepoRef},
};
use serde::Deserialize;

use super::client::{Client, below};
use crate::listing::Api;

pub(super) async fn branches(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    page: PageRequest,
) -> Result<Page<Branch>> {
    let list = below(Endpoint::Branches, repo, &["branches"]);
    client.rows(call, list, page, WireBranch::into).await
}

pub(super) async fn tags(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    page: PageRequest,
) -> Result<Page<Tag>> {
    let list = below(Endpoint::Tags, repo, &["tags"]);
    client.rows(call, list, page, WireTag::into).await
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

impl From<WireBranch> for Branch {
    fn from(wire: WireBranch) -> Self {
        Self {
            name: wire.name,
            commit_sha: wire.commit.sha,
            protected: wire.protected,
            default: None,
            web_url: None,
        }
    }
}

#[derive(Debug, Deserialize)]
struct WireTagged {
    sha: Option<String>,
}

#[derive(Debug, Deserialize)]
struct WireTag {
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
