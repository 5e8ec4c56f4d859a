//! Fills a fresh gateway as an admin would: two tenants, a client, a connection to the local
//! repositories, a grant over all of them, and a token bought with the client's secret. Other
//! upstreams are connected beside this one.

use std::fmt;

use gitflare_core::{
    Error, Result, Scope,
    gateway::{
        Account, AuditContext, Gateway, ManualConnection, NewClientRequest, NewGrantRequest,
        NewTenantRequest, RequestedRepositories, TokenRequest,
    },
    provider::ProviderId,
    storage::{Actor, TenantKind},
};

/// What was made, as far as it is shown.
pub struct Seeded {
    /// The `client_id` of the app that was made.
    pub client_id: String,
    /// The `client_secret` of that app.
    pub client_secret: String,
    /// The tenant of the customer whose repositories the app reads.
    pub tenant_id: String,
    /// A token with every scope, over every repository.
    pub access_token: String,
}

impl fmt::Debug for Seeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seeded")
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// Makes the accounts. The gateway must serve the provider `local` and those of `accounts`, which
/// are connected by their personal access tokens. The client may send browsers back to `callbacks`; it
/// is the owner's, or a tenant's without people.
///
/// # Errors
/// The use cases' own.
pub async fn seed(
    gateway: &Gateway,
    accounts: &[(&str, String)],
    callbacks: Vec<String>,
    owner: Option<&Account>,
) -> Result<Seeded> {
    let request_id = gateway.new_request_id();
    let act = AuditContext {
        actor: &Actor::System,
        request_id: &request_id,
    };
    let tenant = async |name: &str, kind: &str| {
        let request = NewTenantRequest {
            name: name.to_owned(),
            kind: Some(kind.to_owned()),
        };
        gateway.create_tenant(request, &act).await
    };
    let of_owner = owner.and_then(|owner| {
        let mut all = owner.tenants.iter();
        all.find(|it| it.tenant.kind == TenantKind::Developer)
    });
    let developer = match of_owner {
        Some(membership) => membership.tenant.clone(),
        None => tenant("Sandbox developer", "developer").await?,
    };
    let customer = tenant("Sandbox customer", "company").await?;
    let every_scope: Vec<_> = Scope::ALL.iter().map(ToString::to_string).collect();
    let created = gateway
        .create_client(
            NewClientRequest {
                tenant_id: developer.id.to_string(),
                owner_user_id: owner.map(|owner| owner.user.id.to_string()),
                name: "Sandbox app".to_owned(),
                description: None,
                allowed_redirect_uris: callbacks,
                default_permissions: every_scope.clone(),
            },
            &act,
        )
        .await?;
    let local = (ProviderId::LOCAL.as_str(), None);
    let others = accounts
        .iter()
        .map(|(id, token)| (*id, Some(token.as_str())));
    for (provider, token) in std::iter::once(local).chain(others) {
        let request = ManualConnection {
            provider: provider.to_owned(),
            access_token: token.map(Into::into),
            tenant_id: Some(customer.id.to_string()),
            api_base_url: None,
            organization: None,
        };
        let connection = gateway.connect_manually(request, &act).await?;
        let request = NewGrantRequest {
            tenant_id: customer.id.to_string(),
            client_id: created.client.id.to_string(),
            connection_id: connection.id.to_string(),
            permissions: every_scope.clone(),
            repositories: RequestedRepositories::All,
            expires_at: None,
        };
        gateway.create_grant(request, &act).await?;
    }
    let client_secret = created.client_secret.expose().to_owned();
    let request = TokenRequest {
        grant_type: Some("client_credentials".to_owned()),
        client_id: Some(created.client.id.to_string()),
        client_secret: Some(client_secret.as_str().into()),
        tenant_id: Some(customer.id.to_string()),
        ..TokenRequest::default()
    };
    let issued = gateway.issue_token(request, &request_id).await;
    let issued = issued.map_err(|refusal| -> Error { refusal.error })?;
    Ok(Seeded {
        client_id: created.client.id.to_string(),
        client_secret,
        tenant_id: customer.id.to_string(),
        access_token: issued.access_token.expose().to_owned(),
    })
}
