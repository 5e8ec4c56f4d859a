//! What an admin does to tenants and clients: create and list.

use serde::Deserialize;

use super::{AuditContext, Gateway, ListQuery, Listing, NewApp, listing::List};
use crate::{
    Credential, Error, Result, Scope, Scopes, TenantId, UserId,
    storage::{AuditAction, Client, ClientFilter, Tenant, TenantKind},
};

/// The longest name of anything, in characters (TN-6).
const MAX_NAME: usize = 200;

/// A tenant to create.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct NewTenantRequest {
    /// The name that people see.
    pub name: String,
    /// Whether it owns apps or approves them; a developer when left out.
    #[cfg_attr(feature = "schemars", schemars(with = "Option<TenantKind>"))]
    pub kind: Option<String>,
}

/// A client to create.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct NewClientRequest {
    /// The id of the developer tenant that owns the client.
    pub tenant_id: String,
    /// The id of the person who manages the client; a member of the tenant.
    pub owner_user_id: Option<String>,
    /// The name that customers see, 1 to 200 characters.
    pub name: String,
    /// What the app does, for customers, at most 2,000 characters.
    pub description: Option<String>,
    /// The addresses that authorization codes may be sent to, compared byte for byte; at most 20.
    pub allowed_redirect_uris: Vec<String>,
    /// The scopes that the client may ask for, and asks for by default.
    #[cfg_attr(feature = "schemars", schemars(with = "Scopes"))]
    pub default_permissions: Vec<String>,
}

/// A created client with the secrets that are shown once.
#[derive(Debug)]
pub struct CreatedClient {
    /// The client.
    pub client: Client,
    /// Its first secret.
    pub client_secret: Credential,
    /// What it signs its customers' links with.
    pub embed_secret: Credential,
}

/// Which clients to list, as sent.
#[derive(Clone, Debug, Default)]
pub struct ClientFilterText {
    /// Only this tenant's.
    pub tenant_id: Option<String>,
    /// Only this person's.
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
        let owner_user_id = request
            .owner_user_id
            .as_deref()
            .map(UserId::parse)
            .transpose()?;
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
            tenant: filter
                .tenant_id
                .as_deref()
                .map(TenantId::parse)
                .transpose()?,
            owner_user: filter
                .owner_user_id
                .as_deref()
                .map(UserId::parse)
                .transpose()?,
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

/// Text for people: not empty, bounded, without control and bidirectional-override characters,
/// which could make it read as something else (TN-6).
pub(super) fn display_text(member: &str, text: &str, max: usize) -> Result<String> {
    let clean: String = text
        .chars()
        .filter(|c| !c.is_control() && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
        .collect();
    let clean = clean.trim();
    if clean.is_empty() {
        return Err(Error::invalid_request(format!(
            "`{member}` must not be empty."
        )));
    }
    if clean.chars().count() > max {
        return Err(Error::invalid_request(format!(
            "`{member}` must have at most {max} characters."
        )));
    }
    Ok(clean.to_owned())
}

/// A list of scope names.
pub(super) fn scopes(member: &str, names: &[String]) -> Result<Scopes> {
    let scopes = names
        .iter()
        .enumerate()
        .map(|(index, name)| {
            Scope::parse(name).ok_or_else(|| {
                Error::invalid_request(format!("`{member}[{index}]` is not a supported scope."))
            })
        })
        .collect::<Result<Scopes>>()?;
    if scopes.is_empty() {
        return Err(Error::invalid_request(format!(
            "`{member}` must name at least one scope."
        )));
    }
    Ok(scopes)
}
