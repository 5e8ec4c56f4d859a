//! A branch.

use serde::{Deserialize, Serialize};

use crate::filter::identifiers_only;

/// A branch of a repository, in the provider's order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Branch {
    /// The name without `refs/heads/`.
    pub name: String,
    /// The commit it points at.
    pub commit_sha: String,
    /// Whether the provider protects it; `None` where it has no such notion.
    pub protected: Option<bool>,
    /// `true` for the repository's default branch; `None` where neither the provider says it nor
    /// a look at the repository has, that of its approval included.
    pub default: Option<bool>,
    /// Its page at the provider.
    pub web_url: Option<String>,
}

identifiers_only!(Branch, web_url);
