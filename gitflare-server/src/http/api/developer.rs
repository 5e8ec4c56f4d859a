//! `/v1/developer/apps*`: a developer's apps, their secrets, and the customers who have approved them.

use gitflare_core::{
    Error,
    gateway::{AppChanges, ListQuery, NewApp, ProfileChanges},
    storage::AppProfile,
};

use super::{
    super::{
        bodies::account::{
            AppOauth, Apps, CreatedApp, CreatedSecret, OneProfile, ReconnectLink, UpdatedApp,
        },
        exchange::Exchange,
        reconnect,
        refusal::Refusal,
        reply::Reply,
    },
    lists,
};

/// `GET /v1/developer/apps`
pub(crate) async fn list(x: Exchange) -> Result<Reply, Refusal> {
    let query = ListQuery::from_query(&x.query()?)?;
    let listing = x.gateway().list_apps(&x.user()?.user, &query).await?;
    Reply::ok(&Apps {
        data: &listing.items,
        page_info: &listing.page_info,
        oauth: AppOauth::of(x.settings()),
    })
}

/// `POST /v1/developer/apps`
pub(crate) async fn create(mut x: Exchange) -> Result<Reply, Refusal> {
    let request: NewApp = x.json().await?;
    let user = &x.user()?.user;
    let created = x.gateway().create_app(user, request, &x.act()).await?;
    Reply::created(&CreatedApp {
        client: &created.client,
        client_secret: created.client_secret.expose(),
        embed_secret: created.embed_secret.expose(),
        oauth: AppOauth::of(x.settings()),
    })
}

/// `PATCH /v1/developer/apps/:clientId`
pub(crate) async fn update(mut x: Exchange) -> Result<Reply, Refusal> {
    let id = client_id(&mut x);
    let changes: AppChanges = x.json().await?;
    let user = &x.user()?.user;
    let client = x.gateway().update_app(user, &id, changes, &x.act()).await?;
    Reply::ok(&UpdatedApp {
        client,
        oauth: AppOauth::of(x.settings()),
    })
}

/// `GET /v1/developer/apps/:clientId/profile`
pub(crate) async fn profile(mut x: Exchange) -> Result<Reply, Refusal> {
    let id = client_id(&mut x);
    let profile = x.gateway().own_profile(&x.user()?.user, &id).await?;
    shown(&x, &id, profile)
}

/// `PATCH /v1/developer/apps/:clientId/profile`
pub(crate) async fn update_profile(mut x: Exchange) -> Result<Reply, Refusal> {
    let id = client_id(&mut x);
    let changes: ProfileChanges = x.json().await?;
    let user = &x.user()?.user;
    let profile = x
        .gateway()
        .update_profile(user, &id, changes, &x.act())
        .await?;
    shown(&x, &id, profile)
}

fn shown(x: &Exchange, id: &str, profile: AppProfile) -> Result<Reply, Refusal> {
    let panel = &x.settings().panel_url;
    let logo_url = profile
        .logo
        .is_some()
        .then(|| format!("{panel}/app/logos/{id}"));
    Reply::ok(&OneProfile { profile, logo_url })
}

/// `DELETE /v1/developer/apps/:clientId`
pub(crate) async fn delete(mut x: Exchange) -> Result<Reply, Refusal> {
    let id = client_id(&mut x);
    let user = &x.user()?.user;
    x.gateway().delete_app(user, &id, &x.act()).await?;
    Ok(Reply::no_content())
}

/// `POST /v1/developer/apps/:clientId/secrets`
pub(crate) async fn create_secret(mut x: Exchange) -> Result<Reply, Refusal> {
    let id = client_id(&mut x);
    let user = &x.user()?.user;
    let created = x.gateway().create_secret(user, &id, &x.act()).await?;
    Reply::created(&CreatedSecret {
        secret: &created.secret,
        client_secret: created.text.expose(),
    })
}

/// `DELETE /v1/developer/apps/:clientId/secrets/:secretId`
pub(crate) async fn delete_secret(mut x: Exchange) -> Result<Reply, Refusal> {
    let id = client_id(&mut x);
    let secret = x
        .parameter("secretId")
        .ok_or_else(|| Error::internal("a route without its parameter"))?;
    let user = &x.user()?.user;
    x.gateway()
        .delete_secret(user, &id, &secret, &x.act())
        .await?;
    Ok(Reply::no_content())
}

/// `GET /v1/developer/apps/:clientId/authorizations`
pub(crate) async fn list_customers(mut x: Exchange) -> Result<Reply, Refusal> {
    let id = client_id(&mut x);
    let sent = x.query()?;
    let (search, query) = (sent.field("search")?, ListQuery::from_query(&sent)?);
    let (gateway, user) = (x.gateway(), &x.user()?.user);
    lists::reply(&gateway.list_customers(user, &id, search, &query).await?)
}

/// `GET /v1/developer/apps/:clientId/authorizations/:authorizationId`
pub(crate) async fn find_customer(mut x: Exchange) -> Result<Reply, Refusal> {
    let (id, authorization) = (client_id(&mut x), authorization_id(&mut x));
    let user = &x.user()?.user;
    Reply::ok(&x.gateway().find_customer(user, &id, &authorization).await?)
}

/// `DELETE /v1/developer/apps/:clientId/authorizations/:authorizationId`
pub(crate) async fn end_customer(mut x: Exchange) -> Result<Reply, Refusal> {
    let (id, authorization) = (client_id(&mut x), authorization_id(&mut x));
    let (gateway, user) = (x.gateway(), &x.user()?.user);
    gateway
        .end_customer(user, &id, &authorization, &x.act())
        .await?;
    Ok(Reply::no_content())
}

/// `POST /v1/developer/apps/:clientId/authorizations/:authorizationId/reconnect-link`
pub(crate) async fn reconnect_link(mut x: Exchange) -> Result<Reply, Refusal> {
    let (id, authorization) = (client_id(&mut x), authorization_id(&mut x));
    let user = &x.user()?.user;
    let link = x
        .gateway()
        .sign_reconnect(user, &id, &authorization, &x.act())
        .await?;
    Reply::created(&ReconnectLink {
        url: reconnect::address(&x.settings().panel_url, &id, &link),
        expires_at: link.expires_at,
    })
}

fn authorization_id(x: &mut Exchange) -> String {
    x.parameter("authorizationId").unwrap_or_default()
}

fn client_id(x: &mut Exchange) -> String {
    x.parameter("clientId").unwrap_or_default()
}
