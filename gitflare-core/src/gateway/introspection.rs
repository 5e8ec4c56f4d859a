//! What an issued token stands for: for its holder, for an introspecting admin, in lists; and
//! ending it. No text of a token ever comes back (TK-11).

use serde::Serialize;

use super::{Audience, AuditContext, Gateway, ListQuery, Listing, listing::List, members::parsed};
use crate::{
    AuthorizationId, ClientId, Code, CredentialHash, Error, Result, TenantId, TokenId,
    policy::check_live,
    storage::{Access, AccessToken, AuditAction, Client, Tenant, TokenFilter},
};

/// Context of a token, and of no other (TK-11).
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct TokenContext {
    /// The token's record, without its text.
    pub token: AccessToken,
    /// The client it was issued to.
    pub client: Client,
    /// The customer whose data it reads.
    pub tenant: Tenant,
}

/// Filter of a list of tokens, unparsed.
#[derive(Clone, Debug, Default)]
pub struct TokenFilterText {
    /// Only tokens for this customer, by tenant id.
    pub tenant_id: Option<String>,
    /// Only tokens of this client, by id.
    pub client_id: Option<String>,
    /// Only this authorization's.
    pub authorization_id: Option<String>,
}

/// Response of RFC 7662, section 2.2, with members of our own.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Introspection {
    /// Always `true`: an inactive token has no members to show.
    pub active: bool,
    /// The scopes, separated by spaces.
    pub scope: String,
    /// Id of the client that the token was issued to.
    pub client_id: ClientId,
    /// Always `Bearer`.
    pub token_type: &'static str,
    /// End of the token, Unix seconds.
    pub exp: i64,
    /// Time of issue, Unix seconds.
    pub iat: i64,
    /// The record of the live token, without its text.
    #[serde(flatten)]
    pub token: AccessToken,
}

impl From<AccessToken> for Introspection {
    fn from(token: AccessToken) -> Self {
        Self {
            active: true,
            scope: token.permissions.to_string(),
            client_id: token.client_id.clone(),
            token_type: "Bearer",
            exp: token.expires_at.as_seconds(),
            iat: token.created_at.as_seconds(),
            token,
        }
    }
}

impl Gateway {
    /// The token behind a bearer text, alive; for this audience, or for any.
    pub(super) async fn live_access(
        &self,
        bearer: Option<&str>,
        audience: Option<Audience>,
    ) -> Result<Access> {
        let Some(text) = bearer else {
            return Err(Error::new(
                Code::AuthRequired,
                "Send an access token as `Authorization: Bearer`.",
            ));
        };
        let hash = match audience {
            Some(audience) => CredentialHash::of_presented(audience.token(), text),
            None => Audience::hash_of_any(text),
        };
        let access = match hash {
            Some(hash) => self.find_access(&hash, None).await?,
            None => None,
        };
        let access = access.ok_or_else(|| {
            Error::new(
                Code::InvalidCredentials,
                "This is not an access token of this gateway.",
            )
        })?;
        check_live(&access, self.clock.now())?;
        Ok(access)
    }

    /// The token for tools of that text, alive.
    ///
    /// # Errors
    /// `AUTH_REQUIRED`, `INVALID_CREDENTIALS` or `AUTH_EXPIRED`.
    pub async fn tool_token(&self, bearer: Option<&str>) -> Result<AccessToken> {
        let access = self.live_access(bearer, Some(Audience::Tools)).await?;
        Ok(access.token)
    }

    /// What a token stands for.
    ///
    /// # Errors
    /// `AUTH_REQUIRED`, `INVALID_CREDENTIALS` or `AUTH_EXPIRED`.
    pub async fn token_context(&self, bearer: Option<&str>) -> Result<TokenContext> {
        let token = self.live_access(bearer, Some(Audience::Api)).await?.token;
        let client = self.storage.clients().find(&token.client_id).await?;
        let tenant = self.storage.tenants().find(&token.tenant_id).await?;
        match (client, tenant) {
            (Some(client), Some(tenant)) => Ok(TokenContext {
                token,
                client,
                tenant,
            }),
            _ => Err(Error::internal("a live token without client or tenant")),
        }
    }

    /// The token of that text while it is active, for an introspecting admin.
    ///
    /// # Errors
    /// The storage's own; an unknown, expired or revoked token is `None`.
    pub async fn introspect(&self, text: &str) -> Result<Option<AccessToken>> {
        match self.live_access(Some(text), None).await {
            Ok(access) => Ok(Some(access.token)),
            Err(error) if matches!(error.code(), Code::InvalidCredentials | Code::AuthExpired) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Lists tokens, dead ones included.
    ///
    /// # Errors
    /// `INVALID_REQUEST` for a malformed filter; the cursor's.
    pub async fn list_tokens(
        &self,
        filter: &TokenFilterText,
        query: &ListQuery,
    ) -> Result<Listing<AccessToken>> {
        let parsed = TokenFilter {
            tenant: parsed(&filter.tenant_id, TenantId::parse)?,
            client: parsed(&filter.client_id, ClientId::parse)?,
            authorization: parsed(&filter.authorization_id, AuthorizationId::parse)?,
            id: None,
        };
        let filters = [
            ("tenantId", filter.tenant_id.as_deref()),
            ("clientId", filter.client_id.as_deref()),
            ("authorizationId", filter.authorization_id.as_deref()),
        ];
        self.page_of(
            List {
                route: "platform.tokens",
                filters: &filters,
            },
            query,
            async |range| self.storage.tokens().list(&parsed, range).await,
            |token| token.id.as_str(),
        )
        .await
    }

    /// Revokes a token. Revoking again, or what is not there, changes nothing and succeeds.
    ///
    /// # Errors
    /// The storage's own.
    pub async fn revoke_token(&self, id: &str, act: &AuditContext<'_>) -> Result<()> {
        let Ok(id) = TokenId::parse(id) else {
            return Ok(());
        };
        let audit = self.audit_success(act, AuditAction::TokenRevoke, &id);
        self.storage
            .tokens()
            .revoke(&id, self.clock.now(), audit)
            .await?;
        Ok(())
    }
}
