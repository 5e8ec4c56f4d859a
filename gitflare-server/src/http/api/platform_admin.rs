//! The platform admin API: tenants, clients, grants, tokens and the firewall's configuration. The
//! admin key was checked before any of these runs.

use gitflare_core::{
    Code, Error,
    gateway::{
        ClientFilterText, FirewallUpdate, GrantFilterText, Introspection, NewClientRequest,
        NewGrantRequest, NewTenantRequest, TokenFilterText,
    },
};

use super::{
    super::{
        bodies::access::{
            Approval, CreatedClient, CreatedGrant, OneTenant, TokenQuestion, TokenState,
        },
        bodies::account::{InvitationLink, NewInvitation, OneInvitation},
        exchange::Exchange,
        refusal::Refusal,
        reply::Reply,
        settings::SignUpMode,
    },
    lists::{self, ListRequest},
};

/// The most bytes of a firewall configuration: 1,000 patterns of 256 bytes, each written as JSON
/// escapes of six bytes in the worst case, with their quotes and commas.
const MAX_PATTERNS: usize = 1000 * (256 * 6 + 3) + 1024;

/// `GET /v1/platform/tenants`
pub(crate) async fn list_tenants(x: Exchange) -> Result<Reply, Refusal> {
    let request = ListRequest::of(&x)?;
    lists::reply(&x.gateway().list_tenants(&request.page).await?)
}

/// `POST /v1/platform/tenants`
pub(crate) async fn create_tenant(mut x: Exchange) -> Result<Reply, Refusal> {
    let request: NewTenantRequest = x.json().await?;
    let tenant = x.gateway().create_tenant(request, &x.act()).await?;
    Reply::created(&OneTenant { tenant })
}

/// `DELETE /v1/platform/tenants/:id`
pub(crate) async fn delete_tenant(mut x: Exchange) -> Result<Reply, Refusal> {
    let id = x.parameter("id").unwrap_or_default();
    x.gateway().delete_tenant(&id, &x.act()).await?;
    Ok(Reply::no_content())
}

/// `POST /v1/platform/invitations`
pub(crate) async fn invite(mut x: Exchange) -> Result<Reply, Refusal> {
    let request: NewInvitation = x.json().await?;
    if x.settings().sign_up == SignUpMode::Closed {
        return Err(Error::new(
            Code::AccessBlockedByPolicy,
            "Sign-up is closed: `gitflare user create` makes a link, and GITFLARE_SIGNUP=invite allows this.",
        )
        .into());
    }
    let invitation = x.gateway().invite(&request.email, &x.act()).await?;
    let url = format!(
        "{}/app/signup?invitation={}",
        x.settings().panel_url,
        invitation.text.expose()
    );
    Reply::created(&OneInvitation {
        invitation: InvitationLink {
            email: invitation.email,
            url,
            expires_at: invitation.expires_at,
        },
    })
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
    let request: NewClientRequest = x.json().await?;
    let created = x.gateway().create_client(request, &x.act()).await?;
    Reply::created(&CreatedClient {
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
    let request: NewGrantRequest = x.json().await?;
    let (authorization, grant) = x.gateway().create_grant(request, &x.act()).await?;
    let grants = x.gateway().active_grants(&authorization.id).await?;
    Reply::created(&CreatedGrant {
        grant: &grant,
        authorization: Approval::of(&authorization, &grants),
    })
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
    let TokenQuestion { token } = x.json().await?;
    let found = x.gateway().introspect(token.expose()).await?;
    Reply::ok(&TokenState::from(found.map(Introspection::from)))
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
    let update: FirewallUpdate = x.json_up_to(MAX_PATTERNS).await?;
    Reply::ok(&*x.gateway().update_firewall(update, &x.act()).await?)
}
