//! Releases. They have no draft state; the tag names them.

use gitflare_core::{
    Result, Timestamp,
    model::{Asset, Release},
    provider::{Endpoint, RepoRef},
};
use serde::Deserialize;

use super::{client::below, profile::WireUser};
use crate::{
    listing::List,
    wire::{self, Rows},
};

pub(super) fn list(repo: &RepoRef) -> Result<List<'_>> {
    Ok(below(Endpoint::Releases, repo, &["releases"])
        .query("order_by", "released_at")
        .query("sort", "desc"))
}

#[derive(Debug, Deserialize)]
pub(super) struct WireRelease {
    /// Hidden from those who cannot read the code.
    tag_name: Option<String>,
    name: Option<String>,
    description: Option<String>,
    /// Whether its date lies ahead: the nearest that GitLab has to a mark "not ready yet".
    upcoming_release: Option<bool>,
    author: Option<WireUser>,
    assets: Option<WireAssets>,
    #[serde(rename = "_links")]
    links: Option<WireLinks>,
    #[serde(default, deserialize_with = "wire::moment")]
    created_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "wire::moment")]
    released_at: Option<Timestamp>,
}

/// The archives under `sources` are made of the tag's tree on demand; nobody attached them.
#[derive(Debug, Deserialize)]
struct WireAssets {
    links: Option<Rows<WireAsset>>,
}

#[derive(Debug, Deserialize)]
struct WireAsset {
    name: Option<String>,
    url: Option<String>,
    direct_asset_url: Option<String>,
}

#[derive(Debug, Deserialize)]
struct WireLinks {
    #[serde(rename = "self")]
    own: Option<String>,
}

impl From<WireRelease> for Release {
    fn from(wire: WireRelease) -> Self {
        let assets = wire.assets.and_then(|assets| assets.links);
        Self {
            // GitLab addresses a release by its tag.
            // <https://docs.gitlab.com/api/releases/>
            id: wire.tag_name.clone(),
            tag_name: wire.tag_name,
            name: wire.name,
            description: wire.description,
            draft: None,
            prerelease: wire.upcoming_release,
            author: wire.author.map(Into::into),
            assets: assets
                .unwrap_or_default()
                .into_iter()
                .map(Asset::from)
                .collect(),
            web_url: wire.links.and_then(|links| links.own),
            created_at: wire.created_at,
            published_at: wire.released_at,
        }
    }
}

impl From<WireAsset> for Asset {
    fn from(wire: WireAsset) -> Self {
        Self {
            name: wire.name,
            size: None,
            content_type: None,
            download_url: wire.direct_asset_url.or(wire.url),
        }
    }
}
