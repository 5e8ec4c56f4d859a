//! A contributor.

use serde::{Deserialize, Serialize};

use crate::filter::identifiers_only;

/// An author or account with commits in a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Contributor {
    /// The provider's own id, or what identifies the person there.
    pub id: Option<String>,
    /// The login name.
    pub login: Option<String>,
    /// The display name.
    pub name: Option<String>,
    /// The e-mail, unless hidden upstream.
    pub email: Option<String>,
    /// URL of the account's picture.
    pub avatar_url: Option<String>,
    /// Number of commits.
    pub contributions: Option<u64>,
    /// The person's page at the provider.
    pub web_url: Option<String>,
}

identifiers_only!(Contributor, avatar_url, web_url);
