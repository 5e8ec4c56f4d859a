//! Grants that an admin makes: a client's share of one connection, active at once. Repositories
//! are resolved upstream, so that the approval is bound to the provider's immutable ids.

use std::{fmt, time::Instant};

use futures_util::future::try_join_all;
use serde::{
    Deserialize, Deserializer,
    de::{self, SeqAccess, Visitor, value::SeqAccessDeserializer},
};

use super::{
    AuditContext, Gateway, ListQuery, Listing,
    listing::List,
    members::{parsed, scopes},
};
use crate::{
    AuthorizationId, ClientId, ConnectionId, Error, GrantId, Result, TenantId, Timestamp,
    model::Repository,
    provider::RepoRef,
    storage::{
        ApprovedRepository, AuditAction, Authorization, AuthorizationStatus, ClientStatus,
        ConnectionStatus, Grant, GrantFilter, GrantStatus, Repositories,
    },
};

/// The most repositories that one grant lists.
const MAX_REPOSITORIES: usize = 1000;
/// Most names that are resolved upstream at the same time.
const RESOLVE_AT_ONCE: usize = 8;

/// A grant to create.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct NewGrantRequest {
    /// The id of the customer's tenant, which owns the connection.
    pub tenant_id: String,
    /// The id of the client that may read.
    pub client_id: String,
    /// The id of the connection to read through.
    pub connection_id: String,
    /// The scopes that are granted.
    #[cfg_attr(feature = "schemars", schemars(with = "crate::Scopes"))]
    pub permissions: Vec<String>,
    /// The repositories that may be read.
    pub repositories: RequestedRepositories,
    /// End of the grant (RFC 3339); without it the grant does not end.
    #[cfg_attr(feature = "schemars", schemars(with = "Option<Timestamp>"))]
    pub expires_at: Option<String>,
}

/// The repositories of a grant to create: `"all"`, or a list of ids or full names.
#[derive(Clone, Debug)]
pub enum RequestedRepositories {
    /// Whatever the connection can read, now and later.
    All,
    /// The repositories of these ids or full names, 1 to 1,000.
    Listed(Vec<String>),
}

impl<'de> Deserialize<'de> for RequestedRepositories {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AllOrListed)
    }
}

/// Reads [`RequestedRepositories`].
struct AllOrListed;

impl<'de> Visitor<'de> for AllOrListed {
    type Value = RequestedRepositories;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"all\" or a list of ids or full names")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        match text {
            "all" => Ok(RequestedRepositories::All),
            _ => Err(E::invalid_value(de::Unexpected::Other("text"), &self)),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(items)).map(RequestedRepositories::Listed)
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for RequestedRepositories {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "RequestedRepositories".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"anyOf": [
            {"type": "string", "enum": ["all"]},
            {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": MAX_REPOSITORIES},
        ]})
    }
}

/// Filter of a list of grants, unparsed.
#[derive(Clone, Debug, Default)]
pub struct GrantFilterText {
    /// Only grants of this customer, by tenant id.
    pub tenant_id: Option<String>,
    /// Only grants for this client, by id.
    pub client_id: Option<String>,
    /// Only over this connection.
    pub connection_id: Option<String>,
}

impl Gateway {
    /// Creates a grant, and the authorization it belongs to when there is none yet.
    ///
    /// # Errors
    /// `INVALID_REQUEST` naming the member that is wrong, foreign ids included; what the upstream
    /// says to a repository's name.
    pub async fn create_grant(
        &self,
        request: NewGrantRequest,
        act: &AuditContext<'_>,
    ) -> Result<(Authorization, Grant)> {
        let now = self.clock.now();
        let tenant_id = TenantId::parse(&request.tenant_id)?;
        let client_id = ClientId::parse(&request.client_id)?;
        let connection_id = ConnectionId::parse(&request.connection_id)?;
        if self.storage.tenants().find(&tenant_id).await?.is_none() {
            return Err(Error::invalid_request("`tenantId` names no tenant."));
        }
        let client = self.storage.clients().find(&client_id).await?;
        let Some(client) = client.filter(|client| client.status == ClientStatus::Active) else {
            return Err(Error::invalid_request("`clientId` names no client."));
        };
        let permissions = scopes("permissions", &request.permissions)?;
        if !client.default_permissions.contains_all(permissions) {
            return Err(Error::invalid_request(
                "`permissions` go beyond the client's `defaultPermissions`.",
            ));
        }
        let expires_at = match request.expires_at.as_deref().map(Timestamp::parse) {
            None => None,
            Some(Some(end)) if end > now => Some(end),
            Some(_) => {
                return Err(Error::invalid_request(
                    "`expiresAt` must be an RFC 3339 time in the future.",
                ));
            }
        };
        let repositories = self
            .resolve(&tenant_id, &connection_id, request.repositories)
            .await?;
        let authorization = Authorization {
            id: AuthorizationId::generate(&*self.clock, &*self.random),
            tenant_id: tenant_id.clone(),
            client_id: client_id.clone(),
            status: AuthorizationStatus::Active,
            permissions,
            created_at: now,
        };
        let grant = Grant {
            id: GrantId::generate(&*self.clock, &*self.random),
            authorization_id: authorization.id.clone(),
            tenant_id,
            client_id,
            connection_id,
            permissions,
            repositories,
            status: GrantStatus::Active,
            created_at: now,
            revoked_at: None,
            expires_at,
        };
        let audit = self.audit_success(act, AuditAction::GrantCreate, &grant.id);
        self.storage
            .authorizations()
            .insert_grant(authorization, grant, audit)
            .await
    }

    /// The grants of an authorization that count now.
    ///
    /// # Errors
    /// The storage's own.
    pub async fn active_grants(&self, id: &AuthorizationId) -> Result<Vec<Grant>> {
        let now = self.clock.now();
        self.storage.authorizations().active_grants(id, now).await
    }

    /// Lists grants, revoked and expired ones included.
    ///
    /// # Errors
    /// `INVALID_REQUEST` for a malformed filter; the cursor's.
    pub async fn list_grants(
        &self,
        filter: &GrantFilterText,
        query: &ListQuery,
    ) -> Result<Listing<Grant>> {
        let parsed = GrantFilter {
            tenant: parsed(&filter.tenant_id, TenantId::parse)?,
            client: parsed(&filter.client_id, ClientId::parse)?,
            connection: parsed(&filter.connection_id, ConnectionId::parse)?,
        };
        let filters = [
            ("tenantId", filter.tenant_id.as_deref()),
            ("clientId", filter.client_id.as_deref()),
            ("connectionId", filter.connection_id.as_deref()),
        ];
        let mut listing = self
            .page_of(
                List {
                    route: "platform.grants",
                    filters: &filters,
                },
                query,
                async |range| {
                    self.storage
                        .authorizations()
                        .list_grants(&parsed, range)
                        .await
                },
                |grant: &Grant| grant.id.as_str(),
            )
            .await?;
        let now = self.clock.now();
        listing.items = listing
            .items
            .into_iter()
            .map(|grant| grant.at(now))
            .collect();
        Ok(listing)
    }

    /// Revokes a grant. Revoking again, or what is not there, changes nothing and succeeds.
    ///
    /// # Errors
    /// The storage's own.
    pub async fn revoke_grant(&self, id: &str, act: &AuditContext<'_>) -> Result<()> {
        let Ok(id) = GrantId::parse(id) else {
            return Ok(());
        };
        let audit = self.audit_success(act, AuditAction::GrantRevoke, &id);
        self.storage
            .authorizations()
            .revoke_grant(&id, self.clock.now(), audit)
            .await?;
        Ok(())
    }

    /// Resolves the requested repositories to the provider's ids.
    async fn resolve(
        &self,
        tenant: &TenantId,
        connection_id: &ConnectionId,
        requested: RequestedRepositories,
    ) -> Result<Repositories> {
        // Another tenant's connection is as unknown as one that never was (TN-2).
        let found = self
            .storage
            .connections()
            .find_with_tokens(connection_id)
            .await?;
        let Some((connection, tokens)) = found.filter(|(connection, _)| {
            connection.tenant_id.as_ref() == Some(tenant)
                && connection.status == ConnectionStatus::Active
        }) else {
            return Err(Error::invalid_request(
                "`connectionId` names no active connection of the tenant.",
            ));
        };
        let names = match requested {
            RequestedRepositories::All => return Ok(Repositories::All),
            RequestedRepositories::Listed(names) => names,
        };
        if names.is_empty() || names.len() > MAX_REPOSITORIES {
            return Err(Error::invalid_request(format!(
                "`repositories` must be \"all\" or 1 to {MAX_REPOSITORIES} ids or full names."
            )));
        }
        let provider = self.enabled(connection.provider.as_str())?;
        let resolve = async |name: &String| -> Result<Repository> {
            super::parameters::check_repository(name)?;
            let deadline = Instant::now() + self.settings.upstream_timeout;
            let call = self.call_for(&connection, &tokens, deadline).await?;
            let id = provider.respelt(name);
            let id = id.or_else(|| provider.is_repository_id(name).then(|| name.clone()));
            if let Some(id) = id {
                let repo = RepoRef {
                    id,
                    full_name: None,
                };
                provider.repository(&call, &repo).await
            } else {
                provider.find_repository(&call, name).await
            }
        };
        let mut approved: Vec<ApprovedRepository> = Vec::with_capacity(names.len());
        for some in names.chunks(RESOLVE_AT_ONCE) {
            for repository in try_join_all(some.iter().map(&resolve)).await? {
                // An id and a name of the same repository are one approval.
                if approved.iter().all(|known| known.id != repository.id) {
                    approved.push(ApprovedRepository {
                        id: repository.id,
                        full_name: repository.full_name,
                        node_id: repository.node_id,
                        default_branch: repository.default_branch,
                    });
                }
            }
        }
        Ok(Repositories::Listed(approved))
    }
}
