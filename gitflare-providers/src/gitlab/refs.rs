//! Branches and tags.

use gitflare_core::{
    Result, Timestamp,
    model::{Branch, Tag, Tagger},
    provider::{Endpoint, RepoRef},
};
use serde::Deserialize;

use super::client::{KEYSET, below};
use crate::{listing::List, wire};

pub(super) fn branches(repo: &RepoRef) -> Result<List<'_>> {
    Ok(below(Endpoint::Branches, repo, &["repository", "branches"]).paged(&KEYSET))
}

pub(super) fn tags(repo: &RepoRef) -> Result<List<'_>> {
    Ok(below(Endpoint::Tags, repo, &["repository", "tags"])
        .query("order_by", "updated")
        .query("sort", "desc")
        .paged(&KEYSET))
}

#[derive(Debug, Deserialize)]
struct WireTip {
    id: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct WireBranch {
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
pub(super) struct WireTag {
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
