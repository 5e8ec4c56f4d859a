//! The account behind the token, and accounts as other resources name them. Private fields that a
//! broad token brings along are never read.

use gitflare_core::{
    Result,
    model::{Actor, Viewer},
    provider::{Call, ProviderId},
};
use serde::Deserialize;

use super::client::Client;
use crate::{
    request::Get,
    wire::{self, Id},
};

pub(super) async fn viewer(client: &Client, call: &Call) -> Result<Viewer> {
    let answer = client.upstream.viewer(call, &Get::new(&["user"])?).await?;
    let wire: WireViewer = answer.json()?;
    Ok(Viewer {
        provider: ProviderId::GITHUB,
        connection_id: call.connection_id.clone(),
        id: wire.id.into(),
        login: wire.login,
        name: wire.name,
        email: wire.email,
        avatar_url: wire.avatar_url,
        web_url: wire.html_url,
    })
}

#[derive(Debug, Deserialize)]
struct WireViewer {
    id: Id,
    login: Option<String>,
    #[serde(default, deserialize_with = "wire::filled")]
    name: Option<String>,
    /// The public one; `null` when the person shows none.
    #[serde(default, deserialize_with = "wire::filled")]
    email: Option<String>,
    avatar_url: Option<String>,
    html_url: Option<String>,
}

/// An account inside another resource.
#[derive(Debug, Deserialize)]
pub(super) struct WireUser {
    id: Option<Id>,
    pub(super) login: Option<String>,
    /// Not sent in lists today.
    #[serde(default, deserialize_with = "wire::filled")]
    name: Option<String>,
    pub(super) avatar_url: Option<String>,
}

impl WireUser {
    /// `None` for the empty object that stands for nobody.
    pub(super) fn into_actor(self) -> Option<Actor> {
        let actor = Actor {
            id: self.id.map(Into::into),
            login: self.login,
            name: self.name,
            avatar_url: self.avatar_url,
        };
        (actor != Actor::default()).then_some(actor)
    }
}
