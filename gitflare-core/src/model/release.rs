//! A release.

use serde::{Deserialize, Serialize};

use super::Actor;
use crate::{
    Result, Timestamp,
    filter::{Filterable, Screen},
};

/// A published version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Release {
    /// The provider's own id: the tag's name where releases are addressed by it.
    pub id: Option<String>,
    /// The tag it is made from.
    pub tag_name: Option<String>,
    /// Title, plain text.
    pub name: Option<String>,
    /// The release notes.
    pub description: Option<String>,
    /// `true` until it is published.
    pub draft: Option<bool>,
    /// `true` when marked as not ready for production.
    pub prerelease: Option<bool>,
    /// Account that created it.
    pub author: Option<Actor>,
    /// The files attached to it.
    pub assets: Vec<Asset>,
    /// Its page at the provider.
    pub web_url: Option<String>,
    /// Time of creation.
    pub created_at: Option<Timestamp>,
    /// Time of publication; `None` for a draft.
    pub published_at: Option<Timestamp>,
}

/// A file attached to a release.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Asset {
    /// The file's name.
    pub name: Option<String>,
    /// Its size in bytes.
    pub size: Option<u64>,
    /// Its media type.
    pub content_type: Option<String>,
    /// URL of the file at the provider.
    pub download_url: Option<String>,
}

impl Filterable for Release {
    fn pass(mut self, screen: &mut Screen<'_>) -> Result<Option<Self>> {
        screen.url(&mut self.web_url);
        for asset in &mut self.assets {
            screen.url(&mut asset.download_url);
            screen.prose(&mut asset.name)?;
        }
        if let Some(actor) = &mut self.author {
            screen.url(&mut actor.avatar_url);
        }
        screen.prose(&mut self.name)?;
        screen.prose(&mut self.description)?;
        Ok(Some(self))
    }
}
