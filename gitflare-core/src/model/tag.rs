//! A tag.

use serde::{Deserialize, Serialize};

use crate::{
    Result, Timestamp,
    filter::{Filterable, Screen},
};

/// A tag of a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Tag {
    /// The name without `refs/tags/`.
    pub name: String,
    /// The commit it leads to; `None` when it leads to a tree or a blob.
    pub commit_sha: Option<String>,
    /// The message of an annotated tag.
    pub message: Option<String>,
    /// Tagger of an annotated tag; `None` for a lightweight one.
    pub tagger: Option<Tagger>,
    /// Its page at the provider.
    pub web_url: Option<String>,
}

/// Tagger and time of an annotated tag.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Tagger {
    /// The name in the tag.
    pub name: Option<String>,
    /// The e-mail in the tag.
    pub email: Option<String>,
    /// The moment in the tag.
    pub date: Option<Timestamp>,
}

impl Filterable for Tag {
    fn pass(mut self, screen: &mut Screen<'_>) -> Result<Option<Self>> {
        screen.url(&mut self.web_url);
        screen.prose(&mut self.message)?;
        if let Some(tagger) = &mut self.tagger {
            screen.prose(&mut tagger.name)?;
        }
        Ok(Some(self))
    }
}
