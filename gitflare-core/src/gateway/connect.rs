//! Connections: linking a provider account with a token that somebody has, listing, disconnecting.

use serde::Deserialize;

use super::{AuditContext, Gateway, ListQuery, Listing, cells, listing::List, members::parsed};
use crate::{
    ConnectionId, Error, Result, Secret, TenantId,
    filter::{BlockedPaths, is_web_address},
    provider::Call,
    storage::{
        AuditAction, Connection, ConnectionFilter, ConnectionMode, ConnectionStatus, SealedTokens,
    },
};

/// A connection to make from a provider's access token.
#[derive(Debug, Deserialize, Default)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct ManualConnection {
    /// The id of the provider.
    pub provider: String,
    /// The provider's access token; a provider without tokens ignores it.
    pub access_token: Option<Secret<String>>,
    /// The id of the tenant that will own the connection; without it the connection serves legacy
    /// mode only.
    pub tenant_id: Option<String>,
    /// The REST base of a self-hosted upstream, where it differs from the configured one.
    pub api_base_url: Option<String>,
    /// The organization, for tokens that cannot list theirs.
    pub organization: Option<String>,
}

/// Filter of a list of connections, unparsed.
#[derive(Clone, Debug, Default)]
pub struct ConnectionFilterText {
    /// Only connections of this tenant, by id.
    pub tenant_id: Option<String>,
    /// Only connections to this provider, by id.
    pub provider: Option<String>,
}

impl Gateway {
    /// Makes a connection, once the provider has said whom the token belongs to.
    ///
    /// # Errors
    /// `UNSUPPORTED_PROVIDER`; `INVALID_REQUEST` naming the member that is wrong;
    /// `INVALID_CREDENTIALS` when the provider refuses the token.
    pub async fn connect_manually(
        &self,
        request: ManualConnection,
        act: &AuditContext<'_>,
    ) -> Result<Connection> {
        let provider = self.enabled(&request.provider)?;
        let tenant_id = match parsed(&request.tenant_id, TenantId::parse)? {
            Some(id) if self.storage.tenants().find(&id).await?.is_none() => {
                return Err(Error::invalid_request("`tenantId` names no tenant."));
            }
            id => id,
        };
        let without_tokens = !provider.needs_credential();
        let token = match request.access_token {
            Some(token) if !token.expose().is_empty() || without_tokens => token,
            None if without_tokens => Secret::new(String::new()),
            _ => return Err(Error::invalid_request("`accessToken` must not be empty.")),
        };
        if without_tokens && (request.api_base_url.is_some() || request.organization.is_some()) {
            return Err(Error::invalid_request(
                "`apiBaseUrl` and `organization` have no meaning for this provider.",
            ));
        }
        let id = ConnectionId::generate(&*self.clock, &*self.random);
        let call = Call {
            connection_id: id.clone(),
            access_token: token,
            is_oauth: false,
            blocked: BlockedPaths::default(),
            api_base_url: request.api_base_url,
            organization: request.organization,
            deadline: self.upstream_deadline(),
        };
        let viewer = provider.viewer(&call).await?;
        let connection = Connection {
            id,
            tenant_id,
            provider: provider.id(),
            login: viewer.login,
            account_id: viewer.id,
            display_name: viewer.name,
            avatar_url: viewer.avatar_url.filter(|url| is_web_address(url)),
            scopes: Vec::new(),
            mode: ConnectionMode::Manual,
            status: ConnectionStatus::Active,
            created_at: self.clock.now(),
            last_used_at: None,
            api_base_url: call.api_base_url.clone(),
            organization: call.organization.clone(),
            reconnect_cause: None,
        };
        let sealed = if without_tokens {
            None
        } else {
            let cell = cells::access_token(&connection);
            Some(
                self.vault
                    .seal(cell, call.access_token.expose(), &*self.random)?,
            )
        };
        let tokens = SealedTokens {
            access_token: sealed,
            ..SealedTokens::default()
        };
        let audit = self.audit_success(act, AuditAction::ConnectionCreate, &connection.id);
        self.storage
            .connections()
            .insert(connection.clone(), tokens, audit)
            .await?;
        Ok(connection)
    }

    /// Lists connections that are not disconnected.
    ///
    /// # Errors
    /// `INVALID_REQUEST` for a malformed filter; the cursor's.
    pub async fn list_connections(
        &self,
        filter: &ConnectionFilterText,
        query: &ListQuery,
    ) -> Result<Listing<Connection>> {
        let provider = match filter.provider.as_deref() {
            None => None,
            Some(id) => Some(self.filter_provider(id)?),
        };
        let parsed = ConnectionFilter {
            tenant: parsed(&filter.tenant_id, TenantId::parse)?,
            provider,
        };
        let filters = [
            ("tenantId", filter.tenant_id.as_deref()),
            ("provider", filter.provider.as_deref()),
        ];
        self.page_of(
            List {
                route: "connections",
                filters: &filters,
            },
            query,
            async |range| self.storage.connections().list(&parsed, range).await,
            |connection| connection.id.as_str(),
        )
        .await
    }

    /// One connection, disconnected ones included.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND`.
    pub async fn find_connection(&self, id: &str) -> Result<Connection> {
        let found = match ConnectionId::parse(id) {
            Ok(id) => self.storage.connections().find(&id).await?,
            Err(_) => None,
        };
        found.ok_or_else(|| Error::not_found("connection"))
    }

    /// Disconnects. Doing it again, or to what is not there, changes nothing and succeeds.
    ///
    /// # Errors
    /// The storage's own.
    pub async fn disconnect(&self, id: &str, act: &AuditContext<'_>) -> Result<()> {
        let Ok(id) = ConnectionId::parse(id) else {
            return Ok(());
        };
        let audit = self.audit_success(act, AuditAction::ConnectionDelete, &id);
        self.storage
            .connections()
            .revoke(&id, self.clock.now(), audit)
            .await?;
        Ok(())
    }
}
