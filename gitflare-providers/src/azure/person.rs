//! Accounts as other resources name them. Their sign-in name is mostly an address, which is the person's
//! own business: it is told to nobody but themselves.

use gitflare_core::model::Actor;
use serde::Deserialize;

use crate::wire;

/// An account inside another resource.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireIdentity {
    /// Empty for an account that was deleted.
    #[serde(default, deserialize_with = "wire::filled")]
    id: Option<String>,
    #[serde(default, deserialize_with = "wire::filled")]
    display_name: Option<String>,
    #[serde(default, deserialize_with = "wire::filled")]
    unique_name: Option<String>,
    image_url: Option<String>,
    /// Of reviewers alone, as the next two. 10 and 5 approve, -5 and -10 do not; 0 is no vote yet.
    pub(super) vote: Option<i64>,
    pub(super) is_container: Option<bool>,
    pub(super) has_declined: Option<bool>,
}

impl WireIdentity {
    /// The name for people; `None` when it was not sent.
    pub(super) fn name(&self) -> Option<&str> {
        self.display_name.as_deref()
    }
}

impl From<WireIdentity> for Actor {
    fn from(wire: WireIdentity) -> Self {
        Self {
            id: wire.id,
            login: wire.unique_name.filter(|name| !name.contains('@')),
            name: wire.display_name,
            avatar_url: wire.image_url,
        }
    }
}
