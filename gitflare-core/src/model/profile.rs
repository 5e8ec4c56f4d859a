//! The account behind a connection.

use serde::{Deserialize, Serialize};

use crate::{ConnectionId, filter::identifiers_only, provider::ProviderId};

/// The account that a connection reads as.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Viewer {
    /// Id of the provider instance.
    pub provider: ProviderId,
    /// The connection.
    pub connection_id: ConnectionId,
    /// The provider's own id of the account; it never changes.
    pub id: String,
    /// The login name.
    pub login: Option<String>,
    /// The display name.
    pub name: Option<String>,
    /// The e-mail, unless hidden upstream.
    pub email: Option<String>,
    /// URL of the account's picture.
    pub avatar_url: Option<String>,
    /// The account's page at the provider.
    pub web_url: Option<String>,
}

identifiers_only!(Viewer, avatar_url, web_url);
