//! The platform admin API: tenants, clients, grants, tokens and the firewall's configuration. The
//! admin key was checked before any of these runs.

use gitflare_core::{
    AuthorizationId, ClientId, Scopes, TenantId,
    gateway::{
        ClientFilterText, FirewallUpdate, GrantFilterText, Introspection, NewClientRequest,
        NewGrantRequest, NewTenantRequest, RequestedRepositories, TokenFilterText,
    },
    storage::{AuthorizationStatus, Client, Grant, Tenant},
};
use serde::Serialize;
use serde_json::Value;

use super::{
    super::{exchange::Exchange, json, refusal::Refusal, reply::Reply},
    lists::{self, ListRequest},
};

/// `GET /v1/platform/tenants`
pub(crate) async fn list_tenants(x: Exchange) -> Result<Reply, Refusal> {
    let request = ListRequest::of(&x)?;
    lists::reply(&x.gateway().list_tenants(&request.page).await?)
}

/// `POST /v1/platform/tenants`
pub(crate) async fn create_tenant(mut x: Exchange) -> Result<Reply, Refusal> {
    #[derive(Serialize)]
    struct Created {
        tenant: Tenant,
    }
    let mut members = x.members().await?;
    let request = NewTenantRequest {
        name: members.required_text("name")?,
        kind: members.text("kind")?,
    };
    let tenant = x.gateway().create_tenant(request, &x.act()).await?;
    Reply::created(&Created { tenant })
}

/// `GET /v1/platform/clients`
pub(crate) async fn list_clients(x: Exchange) -> Result<Reply, Refusal> {
    let request = ListRequest::of(&x)?;
    let filter = ClientFilterText {
        tenant_id: request.filter("tenantId")?,
        owner_user_id: request.filter("ownerUserId")?,
    };
    lists::reply(&x.gateway().list_clients(&filter, &request.page).await?)
}

/// `POST /v1/platform/clients`
pub(crate) async fn create_client(mut x: Exchange) -> Result<Reply, Refusal> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Created<'a> {
        client: &'a Client,
        client_secret: &'a str,
        embed_secret: &'a str,
    }
    let mut members = x.members().await?;
    let request = NewClientRequest {
        tenant_id: members.required_text("tenantId")?,
        owner_user_id: members.text("ownerUserId")?,
        name: members.required_text("name")?,
        description: members.text("description")?,
        allowed_redirect_uris: members.required_texts("allowedRedirectUris")?,
        default_permissions: members.required_texts("defaultPermissions")?,
    };
    let created = x.gateway().create_client(request, &x.act()).await?;
    Reply::created(&Created {
        client: &created.client,
        client_secret: created.client_secret.expose(),
        embed_secret: created.embed_secret.expose(),
    })
}

/// `GET /v1/platform/grants`
pub(crate) async fn list_grants(x: Exchange) -> Result<Reply, Refusal> {
    let request = ListRequest::of(&x)?;
    let filter = GrantFilterText {
        tenant_id: request.filter("tenantId")?,
        client_id: request.filter("clientId")?,
        connection_id: request.filter("connectionId")?,
    };
    lists::reply(&x.gateway().list_grants(&filter, &request.page).await?)
}

/// `POST /v1/platform/grants`
pub(crate) async fn create_grant(mut x: Exchange) -> Result<Reply, Refusal> {
    #[derive(Serialize)]
    struct Created<'a> {
        grant: &'a Grant,
        authorization: Approval<'a>,
    }
    let mut members = x.members().await?;
    let repositories = match members.value("repositories") {
        None => return Err(json::missing("repositories").into()),
        Some(Value::String(word)) if word == "all" => RequestedRepositories::All,
        Some(Value::Array(list)) => {
            RequestedRepositories::Listed(json::texts("repositories", Value::Array(list))?)
        }
        Some(_) => {
            let message = "`repositories` must be \"all\" or a list of ids or full names.";
            return Err(gitflare_core::Error::invalid_request(message).into());
        }
    };
    let request = NewGrantRequest {
        tenant_id: members.required_text("tenantId")?,
        client_id: members.required_text("clientId")?,
        connection_id: members.required_text("connectionId")?,
        permissions: members.required_texts("permissions")?,
        repositories,
        expires_at: members.text("expiresAt")?,
    };
    let (authorization, grant) = x.gateway().create_grant(request, &x.act()).await?;
    let grants = x.gateway().active_grants(&authorization.id).await?;
    Reply::created(&Created {
        grant: &grant,
        authorization: Approval {
            id: &authorization.id,
            tenant_id: &authorization.tenant_id,
            client_id: &authorization.client_id,
            status: authorization.status,
            permissions: authorization.permissions,
            grants: &grants,
        },
    })
}

/// An authorization with its grants.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Approval<'a> {
    id: &'a AuthorizationId,
    tenant_id: &'a TenantId,
    client_id: &'a ClientId,
    status: AuthorizationStatus,
    permissions: Scopes,
    grants: &'a [Grant],
}

/// `DELETE /v1/platform/grants/:grantId`
pub(crate) async fn revoke_grant(mut x: Exchange) -> Result<Reply, Refusal> {
    let id = x.parameter("grantId").unwrap_or_default();
    x.gateway().revoke_grant(&id, &x.act()).await?;
    Ok(Reply::no_content())
}

/// `GET /v1/platform/tokens`
pub(crate) async fn list_tokens(x: Exchange) -> Result<Reply, Refusal> {
    let request = ListRequest::of(&x)?;
    let filter = TokenFilterText {
        tenant_id: request.filter("tenantId")?,
        client_id: request.filter("clientId")?,
        authorization_id: request.filter("authorizationId")?,
    };
    lists::reply(&x.gateway().list_tokens(&filter, &request.page).await?)
}

/// `POST /v1/platform/tokens/introspect`
pub(crate) async fn introspect(mut x: Exchange) -> Result<Reply, Refusal> {
    #[derive(Serialize)]
    struct Inactive {
        active: bool,
    }
    let mut members = x.members().await?;
    let token = members.required_text("token")?;
    match x.gateway().introspect(&token).await? {
        Some(token) => Reply::ok(&Introspection::from(token)),
        None => Reply::ok(&Inactive { active: false }),
    }
}

/// `DELETE /v1/platform/tokens/:tokenId`
pub(crate) async fn revoke_token(mut x: Exchange) -> Result<Reply, Refusal> {
    let id = x.parameter("tokenId").unwrap_or_default();
    x.gateway().revoke_token(&id, &x.act()).await?;
    Ok(Reply::no_content())
}

/// `GET /v1/security/firewall/config`
pub(crate) async fn firewall(x: Exchange) -> Result<Reply, Refusal> {
    Reply::ok(&*x.gateway().firewall_settings())
}

/// `POST /v1/security/firewall/config`
pub(crate) async fn update_firewall(mut x: Exchange) -> Result<Reply, Refusal> {
    let mut members = x.members().await?;
    let update = FirewallUpdate {
        enabled: members.flag("enabled")?,
        blocked_file_patterns: members.texts("blockedFilePatterns")?,
    };
    Reply::ok(&*x.gateway().update_firewall(update, &x.act()).await?)
}
