//! The account behind the token, and accounts as other resources name them. Sign-in data,
//! identities and addresses that were not asked for are never read.

use gitflare_core::{
    Code, Error, Result,
    model::{Actor, Viewer},
    provider::{Call, ProviderId},
};
use serde::Deserialize;

use super::client::Client;
use crate::{
    request::Get,
    wire::{Id, Word},
};

pub(super) async fn viewer(client: &Client, call: &Call) -> Result<Viewer> {
    let answer = client.upstream.viewer(call, &Get::new(&["user"])?).await?;
    let wire: WireViewer = answer.json()?;
    if wire
        .state
        .as_ref()
        .is_some_and(|state| state.as_str() != "active")
    {
        return Err(Error::upstream(
            Code::AccessBlockedByPolicy,
            ProviderId::GITLAB,
            "The GitLab account behind this connection is not active.",
        ));
    }
    Ok(wire.into_viewer(call))
}

#[derive(Debug, Deserialize)]
struct WireViewer {
    id: Id,
    username: Option<String>,
    name: Option<String>,
    email: Option<String>,
    /// Empty or `null` when the person hides the address; absent from old releases.
    #[serde(default, deserialize_with = "sent")]
    public_email: Option<Option<String>>,
    avatar_url: Option<String>,
    web_url: Option<String>,
    state: Option<Word>,
}

/// Tells `null`, which was sent, from what was not.
fn sent<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl WireViewer {
    fn into_viewer(self, call: &Call) -> Viewer {
        Viewer {
            provider: ProviderId::GITLAB,
            connection_id: call.connection_id.clone(),
            id: self.id.into(),
            login: self.username,
            name: self.name,
            email: self
                .public_email
                .unwrap_or(self.email)
                .filter(|email| !email.is_empty()),
            avatar_url: self.avatar_url,
            web_url: self.web_url,
        }
    }
}

/// An account inside another resource.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct WireUser {
    id: Option<Id>,
    username: Option<String>,
    name: Option<String>,
    avatar_url: Option<String>,
}

impl From<WireUser> for Actor {
    fn from(wire: WireUser) -> Self {
        Self {
            id: wire.id.map(Into::into),
            login: wire.username,
            name: wire.name,
            avatar_url: wire.avatar_url,
        }
    }
}
