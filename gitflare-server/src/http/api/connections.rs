//! `/v1/connections*`: linked provider accounts, for operators. Open to the internal listener, and
//! to the admin key elsewhere; no answer holds a provider token.

use gitflare_core::{
    Secret,
    gateway::{ConnectionFilterText, ManualConnection},
    storage::Connection,
};
use serde::Serialize;

use super::{
    super::{exchange::Exchange, refusal::Refusal, reply::Reply},
    lists::{self, ListRequest},
};

#[derive(Serialize)]
struct One<'a> {
    connection: &'a Connection,
}

/// `GET /v1/connections`
pub(crate) async fn list(x: Exchange) -> Result<Reply, Refusal> {
    let request = ListRequest::of(&x)?;
    let filter = ConnectionFilterText {
        tenant_id: request.filter("tenantId")?,
        provider: request.filter("provider")?,
    };
    let listing = x.gateway().list_connections(&filter, &request.page).await?;
    lists::reply(&listing)
}

/// `POST /v1/connections/manual`
pub(crate) async fn create_manual(mut x: Exchange) -> Result<Reply, Refusal> {
    let mut members = x.members().await?;
    let request = ManualConnection {
        provider: members.required_text("provider")?,
        access_token: members.text("accessToken")?.map(Secret::new),
        tenant_id: members.text("tenantId")?,
        api_base_url: members.text("apiBaseUrl")?,
        organization: members.text("organization")?,
    };
    let connection = x.gateway().connect_manually(request, &x.act()).await?;
    Reply::created(&One {
        connection: &connection,
    })
}

/// `GET /v1/connections/:connectionId`
pub(crate) async fn find(mut x: Exchange) -> Result<Reply, Refusal> {
    let id = x.parameter("connectionId").unwrap_or_default();
    let connection = x.gateway().find_connection(&id).await?;
    Reply::ok(&One {
        connection: &connection,
    })
}

/// `DELETE /v1/connections/:connectionId`
pub(crate) async fn delete(mut x: Exchange) -> Result<Reply, Refusal> {
    let id = x.parameter("connectionId").unwrap_or_default();
    x.gateway().disconnect(&id, &x.act()).await?;
    Ok(Reply::no_content())
}
