//! Branches and tags.

use gitflare_core::{
    Page, PageRequest, Result, Timestamp,
    model::{Branch, Tag, Tagger},
    provider::{Call, Endpoint, RepoRef},
};
use serde::Deserialize;

use super::client::{Client, KEYSET, below};
use crate::{listing::Api, wire};

pub(super) async fn branches(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    page: PageRequest,
) -> Result<Page<Branch>> {
    let list = below(Endpoint::Branches, repo, &["repository", "branches"]).paged(&KEYSET);
    client.rows(call, list, page, WireBranch::into).await
}

pub(super) async fn tags(
    client: &Client,
    call: &Call,
    repo: &RepoRef,
    page: PageRequest,
) -> Result<Page<Tag>> {
    let list = below(Endpoint::Tags, repo, &["repository", "tags"])
        .query("order_by", "updated")
        .query("sort", "desc")
        .paged(&KEYSET);
    client.rows(call, list, page, WireTag::into).await
}

#[derive(Debug, Deserialize)]
struct WireTip {
    id: String,
}

#[derive(Debug, Deserialize)]
struct WireBranch {
    name: String,
    commit: WireTip,
    protected: Option<bool>,
    default: Option<bool>,
    web_url: Option<String>,
}

impl From<WireBranch> for Branch {
    fn from(wire: WireBranch) -> Self {
        Self {
            name: wire.name,
            commit_sha: wire.commit.id,
            protected: wire.protected,
            default: wire.default,
            web_url: wire.web_url,
        }
    }
}

#[derive(Debug, Deserialize)]
struct WireTagged {
    id: Option<String>,
}

#[derive(Debug, Deserialize)]
struct WireTag {
    name: String,
    /// `target` beside it may be the tag object.
    commit: Option<WireTagged>,
    /// Empty for a lightweight tag.
    #[serde(default, deserialize_with = "wire::filled")]
    message: Option<String>,
    /// Newer releases, annotated tags only.
    #[serde(default, deserialize_with = "wire::moment")]
    created_at: Option<Timestamp>,
}

impl From<WireTag> for Tag {
    fn from(wire: WireTag) -> Self {
        Self {
            name: wire.name,
            commit_sha: wire.commit.and_then(|commit| commit.id),
            message: wire.message,
            tagger: wire.created_at.map(|date| Tagger {
                name: None,
                email: None,
                date: Some(date),
            }),
            web_url: None,
        }
    }
}
