//! `/v1/developer/apps*`: a developer's apps and their secrets.

use gitflare_core::{
    Error,
    gateway::{AppChanges, ListQuery, NewApp, PageInfo},
    storage::{Client, ClientSecret},
};
use serde::Serialize;

use super::super::{exchange::Exchange, refusal::Refusal, reply::Reply, settings::ServiceSettings};

/// Where an app's OAuth begins and ends.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Oauth {
    authorize_url: String,
    token_url: String,
}

impl Oauth {
    fn of(settings: &ServiceSettings) -> Self {
        Self {
            authorize_url: format!("{}/oauth/authorize", settings.panel_url),
            token_url: format!("{}/oauth/token", settings.public_url),
        }
    }
}

/// `GET /v1/developer/apps`
pub(crate) async fn list(x: Exchange) -> Result<Reply, Refusal> {
    #[derive(Serialize)]
    struct Apps<'a> {
        data: &'a [Client],
        page_info: &'a PageInfo,
        oauth: Oauth,
    }
    let query = ListQuery::from_query(&x.query()?)?;
    let listing = x.gateway().list_apps(&x.user()?.user, &query).await?;
    Reply::ok(&Apps {
        data: &listing.items,
        page_info: &listing.page_info,
        oauth: Oauth::of(x.settings()),
    })
}

/// `POST /v1/developer/apps`
pub(crate) async fn create(mut x: Exchange) -> Result<Reply, Refusal> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Created<'a> {
        client: &'a Client,
        client_secret: &'a str,
        embed_secret: &'a str,
        oauth: Oauth,
    }
    let mut members = x.members().await?;
    let request = NewApp {
        name: members.required_text("name")?,
        description: members.text("description")?,
        allowed_redirect_uris: members.required_texts("allowedRedirectUris")?,
        default_permissions: members.required_texts("defaultPermissions")?,
        require_pkce: members.flag("requirePkce")?.unwrap_or(false),
        require_signed_customer_ref: members.flag("requireSignedCustomerRef")?.unwrap_or(false),
        allowed_embed_origins: members.texts("allowedEmbedOrigins")?.unwrap_or_default(),
    };
    let user = &x.user()?.user;
    let created = x.gateway().create_app(user, request, &x.act()).await?;
    Reply::created(&Created {
        client: &created.client,
        client_secret: created.client_secret.expose(),
        embed_secret: created.embed_secret.expose(),
        oauth: Oauth::of(x.settings()),
    })
}

/// `PATCH /v1/developer/apps/:clientId`
pub(crate) async fn update(mut x: Exchange) -> Result<Reply, Refusal> {
    #[derive(Serialize)]
    struct Updated {
        client: Client,
        oauth: Oauth,
    }
    let id = client_id(&mut x);
    let mut members = x.members().await?;
    let changes = AppChanges {
        name: members.text("name")?,
        description: members.text("description")?,
        allowed_redirect_uris: members.texts("allowedRedirectUris")?,
        default_permissions: members.texts("defaultPermissions")?,
        require_pkce: members.flag("requirePkce")?,
        require_signed_customer_ref: members.flag("requireSignedCustomerRef")?,
        allowed_embed_origins: members.texts("allowedEmbedOrigins")?,
    };
    let user = &x.user()?.user;
    let client = x.gateway().update_app(user, &id, changes, &x.act()).await?;
    Reply::ok(&Updated {
        client,
        oauth: Oauth::of(x.settings()),
    })
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
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Created<'a> {
        secret: &'a ClientSecret,
        client_secret: &'a str,
    }
    let id = client_id(&mut x);
    let user = &x.user()?.user;
    let created = x.gateway().create_secret(user, &id, &x.act()).await?;
    Reply::created(&Created {
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

fn client_id(x: &mut Exchange) -> String {
    x.parameter("clientId").unwrap_or_default()
}
