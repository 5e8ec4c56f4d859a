//! A person around a repository.

use serde::{Deserialize, Serialize};

use crate::{
    Result,
    filter::{Filterable, Screen},
};

/// Somebody who starred or watches a repository, or can be made responsible there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Person {
    /// The provider's own id.
    pub id: Option<String>,
    /// The login name.
    pub login: Option<String>,
    /// The display name.
    pub name: Option<String>,
    /// Where the picture is.
    pub avatar_url: Option<String>,
    /// The person's page at the provider.
    pub web_url: Option<String>,
}

impl Filterable for Person {
    fn pass(mut self, screen: &mut Screen<'_>) -> Result<Option<Self>> {
        screen.url(&mut self.avatar_url);
        screen.url(&mut self.web_url);
        screen.prose(&mut self.name)?;
        Ok(Some(self))
    }
}
