//! Releases. Drafts are seen only by those who may write; they are marked, not hidden.

use gitflare_core::{
    Result, Timestamp,
    model::{Asset, Release},
    provider::{Endpoint, RepoRef},
};
use serde::Deserialize;

use super::{client::below, profile::WireUser};
use crate::{
    listing::List,
    wire::{self, Id, Rows},
};

pub(super) fn list(repo: &RepoRef) -> Result<List<'_>> {
    Ok(below(Endpoint::Releases, repo, &["releases"]))
}

#[derive(Debug, Deserialize)]
pub(super) struct WireRelease {
    id: Option<Id>,
    tag_name: Option<String>,
    name: Option<String>,
    body: Option<String>,
    draft: Option<bool>,
    prerelease: Option<bool>,
    author: Option<WireUser>,
    assets: Option<Rows<WireAsset>>,
    html_url: Option<String>,
    #[serde(default, deserialize_with = "wire::moment")]
    created_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "wire::moment")]
    published_at: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
struct WireAsset {
    name: Option<String>,
    size: Option<u64>,
    content_type: Option<String>,
    browser_download_url: Option<String>,
}

impl From<WireRelease> for Release {
    fn from(wire: WireRelease) -> Self {
        let assets = wire.assets.unwrap_or_default();
        Self {
            id: wire.id.map(Into::into),
            tag_name: wire.tag_name,
            name: wire.name,
            description: wire.body,
            draft: wire.draft,
            prerelease: wire.prerelease,
            author: wire.author.and_then(WireUser::into_actor),
            assets: assets.into_iter().map(Asset::from).collect(),
            web_url: wire.html_url,
            created_at: wire.created_at,
            published_at: wire.published_at,
        }
    }
}

impl From<WireAsset> for Asset {
    fn from(wire: WireAsset) -> Self {
        Self {
            name: wire.name,
            size: wire.size,
            content_type: wire.content_type,
            download_url: wire.browser_download_url,
        }
    }
}
