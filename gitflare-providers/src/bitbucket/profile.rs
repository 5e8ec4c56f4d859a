//! The account behind the token, and accounts as other resources name them. The e-mail address would
//! take a call and a scope of its own, so it is never asked for.

use gitflare_core::{
    Result,
    model::{Actor, Person, Viewer},
    provider::Call,
};
use serde::Deserialize;

use super::client::{Client, WireLinks, href, unbraced};
use crate::request::Get;

pub(super) async fn viewer(client: &Client, call: &Call) -> Result<Viewer> {
    let answer = client.upstream.viewer(call, &Get::new(&["user"])?).await?;
    let wire: WireViewer = answer.json()?;
    let links = wire.links.unwrap_or_default();
    Ok(Viewer {
        provider: client.upstream.provider(),
        connection_id: call.connection_id.clone(),
        id: unbraced(wire.uuid),
        login: wire.nickname,
        name: wire.display_name,
        email: None,
        avatar_url: href(links.avatar),
        web_url: href(links.html),
    })
}

/// Tokens of repositories and workspaces have accounts too, with hardly a member but these.
#[derive(Debug, Deserialize)]
struct WireViewer {
    uuid: String,
    nickname: Option<String>,
    display_name: Option<String>,
    links: Option<WireLinks>,
}

/// An account inside another resource.
#[derive(Debug, Deserialize)]
pub(super) struct WireUser {
    uuid: Option<String>,
    pub(super) nickname: Option<String>,
    pub(super) display_name: Option<String>,
    links: Option<WireLinks>,
}

impl WireUser {
    pub(super) fn avatar_url(&mut self) -> Option<String> {
        href(self.links.as_mut().and_then(|links| links.avatar.take()))
    }
}

impl From<WireUser> for Person {
    fn from(wire: WireUser) -> Self {
        let links = wire.links.unwrap_or_default();
        Self {
            id: wire.uuid.map(unbraced),
            login: wire.nickname,
            name: wire.display_name,
            avatar_url: href(links.avatar),
            web_url: href(links.html),
        }
    }
}

impl From<WireUser> for Actor {
    fn from(mut wire: WireUser) -> Self {
        Self {
            avatar_url: wire.avatar_url(),
            id: wire.uuid.map(unbraced),
            login: wire.nickname,
            name: wire.display_name,
        }
    }
}
