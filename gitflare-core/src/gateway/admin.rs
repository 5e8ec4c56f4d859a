//! What an admin does to tenants and clients: create and list.

use serde::Deserialize;

use super::{
    AuditContext, Gateway, ListQuery, Listing, NewApp,
    apps::CreatedClient,
    listing::List,
    members::{display_text, parsed},
};
use crate::{
    Error, Result, TenantId, UserId,
    storage::{AuditAction, Client, ClientFilter, Tenant, TenantKind},
};

/// The longest name of anything, in characters (TN-6).
const MAX_NAME: usize = 200;

/// A tenant to create.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct NewTenantRequest {
    /// The name that people see.
    pub name: String,
    /// Kind of the tenant: owns apps or approves them. `developer` by default.
    #[cfg_attr(feature = "schemars", schemars(with = "Option<TenantKind>"))]
    pub kind: Option<String>,
}

/// A client to create.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct NewClientRequest {
    /// The id of the developer tenant that owns the client.
    pub tenant_id: String,
    /// The id of the person who manages the client; a member of the tenant.
    pub owner_user_id: Option<String>,
    /// The name that customers see, 1 to 200 characters.
    pub name: String,
    /// Description shown to customers, at most 2,000 characters.
    pub description: Option<String>,
    /// The addresses that authorization codes may be sent to, compared byte for byte; at most 20.
    pub allowed_redirect_uris: Vec<String>,
    /// The scopes that the client may ask for, and asks for by default.
    #[cfg_attr(feature = "schemars", schemars(with = "crate::Scopes"))]
    pub default_permissions: Vec<String>,
}

/// Filter of a list of clients, unparsed.
#[derive(Clone, Debug, Default)]
pub struct ClientFilterText {
    /// Only clients of this tenant, by id.
    pub tenant_id: Option<String>,
    /// Only clients that this user manages, by id.
    pub owner_user_id: Option<String>,
}

impl Gateway {
    /// Creates a tenant.
    ///
    /// # Errors
    /// `INVALID_REQUEST` naming the member that is wrong.
    pub async fn create_tenant(
        &self,
        request: NewTenantRequest,
        act: &AuditContext<'_>,
    ) -> Result<Tenant> {
        let kind = match request.kind.as_deref() {
            None => TenantKind::Developer,
            Some(word) => TenantKind::parse(word).ok_or_else(|| {
                Error::invalid_request("`kind` must be `developer` or `company`.")
            })?,
        };
        let tenant = Tenant {
            id: TenantId::generate(&*self.clock, &*self.random),
            name: display_text("name", &request.name, MAX_NAME)?,
            kind,
            created_at: self.clock.now(),
        };
        let audit = self.audit_success(act, AuditAction::TenantCreate, &tenant.id);
        self.storage.tenants().insert(tenant.clone(), audit).await?;
        Ok(tenant)
    }

    /// Deletes a tenant with all that stands on it (CA-1). Deleting it again, or one that never
    /// was, changes nothing and succeeds.
    ///
    /// # Errors
    /// The storage's own.
    pub async fn delete_tenant(&self, id: &str, act: &AuditContext<'_>) -> Result<()> {
        let Ok(id) = TenantId::parse(id) else {
            return Ok(());
        };
        let audit = self.audit_success(act, AuditAction::TenantDelete, &id);
        let tenants = self.storage.tenants();
        tenants.delete(&id, self.clock.now(), audit).await?;
        Ok(())
    }

    /// Lists tenants.
    ///
    /// # Errors
    /// The cursor's.
    pub async fn list_tenants(&self, query: &ListQuery) -> Result<Listing<Tenant>> {
        let list = List {
            route: "platform.tenants",
            filters: &[],
        };
        self.page_of(
            list,
            query,
            async |range| self.storage.tenants().list(range).await,
            |tenant| tenant.id.as_str(),
        )
        .await
    }

    /// Creates a client with its first secret and its embed secret.
    ///
    /// # Errors
    /// `INVALID_REQUEST` naming the member that is wrong.
    pub async fn create_client(
        &self,
        request: NewClientRequest,
        act: &AuditContext<'_>,
    ) -> Result<CreatedClient> {
        let tenant_id = TenantId::parse(&request.tenant_id)?;
        match self.storage.tenants().find(&tenant_id).await? {
            Some(tenant) if tenant.kind == TenantKind::Developer => {}
            Some(_) => {
                return Err(Error::invalid_request(
                    "`tenantId` must be a developer tenant; a company owns no clients.",
                ));
            }
            None => return Err(Error::invalid_request("`tenantId` names no tenant.")),
        }
        let owner_user_id = parsed(&request.owner_user_id, UserId::parse)?;
        let app = NewApp {
            name: request.name,
            description: request.description,
            allowed_redirect_uris: request.allowed_redirect_uris,
            default_permissions: request.default_permissions,
            ..NewApp::default()
        };
        self.insert_client(tenant_id, owner_user_id, app, act).await
    }

    /// Lists live clients.
    ///
    /// # Errors
    /// `INVALID_REQUEST` for a malformed filter; the cursor's.
    pub async fn list_clients(
        &self,
        filter: &ClientFilterText,
        query: &ListQuery,
    ) -> Result<Listing<Client>> {
        let parsed = ClientFilter {
            tenant: parsed(&filter.tenant_id, TenantId::parse)?,
            owner_user: parsed(&filter.owner_user_id, UserId::parse)?,
        };
        let filters = [
            ("tenantId", filter.tenant_id.as_deref()),
            ("ownerUserId", filter.owner_user_id.as_deref()),
        ];
        self.page_of(
            List {
                route: "platform.clients",
                filters: &filters,
            },
            query,
            async |range| self.storage.clients().list(&parsed, range).await,
            |client| client.id.as_str(),
        )
        .await
    }
}
