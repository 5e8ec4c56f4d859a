//! `/v1/connections*`: linked provider accounts, for operators. Open to the internal listener, and
//! to the admin key elsewhere; no answer holds a provider token.

use gitflare_core::gateway::{ConnectionFilterText, ManualConnection};

use super::{
    super::{bodies::access::OneConnection, exchange::Exchange, refusal::Refusal, reply::Reply},
    lists::{self, ListRequest},
};

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
    let request: ManualConnection = x.json().await?;
    let connection = x.gateway().connect_manually(request, &x.act()).await?;
    Reply::created(&OneConnection {
        connection: &connection,
    })
}

/// `GET /v1/connections/:connectionId`
pub(crate) async fn find(mut x: Exchange) -> Result<Reply, Refusal> {
    let id = x.parameter("connectionId").unwrap_or_default();
    let connection = x.gateway().find_connection(&id).await?;
    Reply::ok(&OneConnection {
        connection: &connection,
    })
}

/// `DELETE /v1/connections/:connectionId`
pub(crate) async fn delete(mut x: Exchange) -> Result<Reply, Refusal> {
    let id = x.parameter("connectionId").unwrap_or_default();
    x.gateway().disconnect(&id, &x.act()).await?;
    Ok(Reply::no_content())
}
