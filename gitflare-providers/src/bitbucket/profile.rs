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

/// The account; where a token is nobody's, as those of workspaces and repositories may be, the workspace
/// that the connection names.
pub(super) async fn viewer(client: &Client, call: &Call) -> Result<Viewer> {
    let asked = client.upstream.viewer(call, &Get::new(&["user"])?).await;
    let wire: WireViewer = match (asked, &call.organization) {
        (Ok(answer), _) => answer.json()?,
        (Err(refusal), Some(workspace)) => {
            let get = Get::new(&["workspaces", workspace])?;
            let found = client.upstream.get(call, &get).await;
            found.map_err(|_| refusal)?.json()?
        }
        (Err(refusal), None) => return Err(refusal),
    };
    let links = wire.links.unwrap_or_default();
    Ok(Viewer {
        provider: client.upstream.provider(),
        connection_id: call.connection_id.clone(),
        id: unbraced(wire.uuid),
        login: wire.nickname.or(wire.slug),
        name: wire.display_name.or(wire.name),
        email: None,
        avatar_url: href(links.avatar),
        web_url: href(links.html),
    })
}

/// An account, or a workspace. Tokens of repositories and workspaces may have accounts too, with hardly
/// a member but these.
#[derive(Debug, Deserialize)]
struct WireViewer {
    uuid: String,
    nickname: Option<String>,
    display_name: Option<String>,
    links: Option<WireLinks>,
    /// Of a workspace, as the next.
    slug: Option<String>,
    name: Option<String>,
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
