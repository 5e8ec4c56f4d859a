//! The account behind the token. Who has a token of one organization has no profile, but that
//! organization knows them.

use gitflare_core::{
    Code, Error, Result,
    model::Viewer,
    provider::{Call, ProviderId},
};
use serde::Deserialize;
use serde_json::Value;

use super::{client::Client, values::ANONYMOUS};
use crate::{request::Get, upstream_answer::Answer, wire};

/// The profile; with a token of one organization, which has no profile, whom that organization sees.
pub(super) async fn viewer(client: &Client, call: &Call) -> Result<Viewer> {
    let account = match &call.organization {
        Some(organization) => {
            let get = Get::new(&[organization.as_str(), "_apis", "connectionData"])?
                .query("api-version", "7.1-preview.1");
            let answer = client.upstream.viewer(call, &get).await?;
            answer.json::<WireConnection>()?.authenticated_user.into()
        }
        None => profile(client, call).await?.json::<WireProfile>()?.into(),
    };
    let Account {
        id,
        login,
        name,
        email,
    } = account;
    if id == ANONYMOUS {
        let message = "Azure DevOps does not accept this token.";
        return Err(Error::upstream(
            Code::InvalidCredentials,
            ProviderId::AZURE,
            message,
        ));
    }
    Ok(Viewer {
        provider: client.upstream.provider(),
        connection_id: call.connection_id.clone(),
        id,
        login,
        name,
        email,
        avatar_url: None,
        web_url: None,
    })
}

async fn profile(client: &Client, call: &Call) -> Result<Answer> {
    let get = Get::new(&["_apis", "profile", "profiles", "me"])?;
    client.profiles.viewer(call, &get).await
}

/// The id by which an account lists its organizations.
pub(super) async fn member_id(client: &Client, call: &Call) -> Result<String> {
    let get = Get::new(&["_apis", "profile", "profiles", "me"])?;
    let answer = client.profiles.get(call, &get).await?;
    let mut wire: WireProfile = answer.json()?;
    // Where the two differ, it is the alias that has the list.
    Ok(wire.alias().unwrap_or(wire.id))
}

struct Account {
    id: String,
    login: Option<String>,
    name: Option<String>,
    email: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireProfile {
    id: String,
    #[serde(default, deserialize_with = "wire::filled")]
    display_name: Option<String>,
    #[serde(default, deserialize_with = "wire::filled")]
    public_alias: Option<String>,
    #[serde(default, deserialize_with = "wire::filled")]
    email_address: Option<String>,
    /// Another form of the same.
    core_attributes: Option<WireAttributes>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireAttributes {
    display_name: Option<WireValue>,
    public_alias: Option<WireValue>,
    email_address: Option<WireValue>,
}

/// A value; a picture is one too.
#[derive(Debug, Deserialize)]
struct WireValue {
    #[serde(alias = "$value")]
    value: Option<Value>,
}

fn text(value: Option<WireValue>) -> Option<String> {
    let value = value?.value?;
    value
        .as_str()
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

impl WireProfile {
    /// Takes the alias, which stands in either form.
    fn alias(&mut self) -> Option<String> {
        let attributes = self.core_attributes.as_mut();
        let other = attributes.and_then(|attributes| text(attributes.public_alias.take()));
        self.public_alias.take().or(other)
    }
}

impl From<WireProfile> for Account {
    fn from(mut wire: WireProfile) -> Self {
        let alias = wire.alias();
        let attributes = wire.core_attributes.unwrap_or_default();
        Self {
            // Mostly the id once more, which is nobody's name.
            login: alias.filter(|alias| *alias != wire.id),
            name: wire.display_name.or_else(|| text(attributes.display_name)),
            email: wire
                .email_address
                .or_else(|| text(attributes.email_address)),
            id: wire.id,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireConnection {
    authenticated_user: WireViewer,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireViewer {
    id: String,
    #[serde(default, deserialize_with = "wire::filled")]
    provider_display_name: Option<String>,
    #[serde(default, deserialize_with = "wire::filled")]
    custom_display_name: Option<String>,
    properties: Option<WireProperties>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireProperties {
    account: Option<WireValue>,
}

impl From<WireViewer> for Account {
    fn from(wire: WireViewer) -> Self {
        let account = wire
            .properties
            .and_then(|properties| text(properties.account));
        let (email, login) = match account {
            Some(address) if address.contains('@') => (Some(address), None),
            login => (None, login),
        };
        Self {
            id: wire.id,
            login,
            name: wire.custom_display_name.or(wire.provider_display_name),
            email,
        }
    }
}
