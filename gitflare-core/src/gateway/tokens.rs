//! Access tokens: buying one with client credentials, what one stands for, listing, revoking. Both
//! token routes run this one code path (TK-12).

use serde::{Deserialize, Serialize};
use subtle::{Choice, ConstantTimeEq};

use super::{Audience, AuditContext, Gateway};
use crate::{
    AuthorizationId, ClientId, Code, ConnectionId, Credential, CredentialHash, Error, GrantId,
    RequestId, Result, Scope, Scopes, Secret, TenantId, Timestamp, TokenId,
    secret::{show_once, show_some_once},
    storage::{
        AccessToken, Actor, AuditAction, Authorization, AuthorizationStatus, Client, ClientStatus,
        Grant, IssuedBy,
    },
};

/// A token request (RFC 6749, sections 4.1.3 and 4.4.2), the same members in JSON and form bodies.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct TokenRequest {
    /// The grant type, `authorization_code`, `client_credentials` or `refresh_token`; may be left out
    /// beside `grant_id`.
    #[cfg_attr(feature = "schemars", schemars(with = "Option<IssuedBy>"))]
    pub grant_type: Option<String>,
    /// The client's id; left out with HTTP Basic.
    pub client_id: Option<String>,
    /// The client's secret; left out with HTTP Basic.
    pub client_secret: Option<Secret<String>>,
    /// The customer by tenant id, for `client_credentials`.
    pub tenant_id: Option<String>,
    /// The customer by the app's own id, for `client_credentials`.
    pub customer_ref: Option<String>,
    /// The scopes to narrow the token to, separated by spaces.
    pub scope: Option<String>,
    /// The authorization code, for `authorization_code`.
    pub code: Option<Secret<String>>,
    /// The refresh token, for `refresh_token`.
    pub refresh_token: Option<Secret<String>>,
    /// The redirect URI that the code was sent to, for `authorization_code`.
    pub redirect_uri: Option<String>,
    /// The verifier of the code's challenge (RFC 7636), where the code has one.
    pub code_verifier: Option<Secret<String>>,
    /// Grant to limit the token to; `POST /v1/platform/tokens` only.
    pub grant_id: Option<String>,
    /// The resource that the token is for (RFC 8707): the API's base address, which is the default,
    /// or that of the tools for agents.
    pub resource: Option<String>,
    /// What `resource` turned out to be: whoever receives the request knows the addresses. `None`
    /// beside a `resource` is one that is not known.
    #[serde(skip)]
    pub audience: Option<Audience>,
}

/// A refused token request: the canonical error, and the word of RFC 6749, section 5.2.
#[derive(Debug)]
pub struct TokenRefusal {
    /// `invalid_client`, `invalid_grant` and the like.
    pub rfc: &'static str,
    /// The canonical error, with the code of the contract.
    pub error: Error,
}

impl TokenRefusal {
    fn new(rfc: &'static str, code: Code, message: impl Into<String>) -> Self {
        Self {
            rfc,
            error: Error::new(code, message),
        }
    }

    /// The refusal of a request without client credentials: `invalid_client`.
    #[must_use]
    pub fn no_client() -> Self {
        Self::new(
            "invalid_client",
            Code::InvalidCredentials,
            "Send the client's `client_id` and `client_secret`, in the body or as HTTP Basic.",
        )
    }

    pub(super) fn invalid(rfc: &'static str, message: impl Into<String>) -> Self {
        Self::new(rfc, Code::InvalidRequest, message)
    }
}

impl From<Error> for TokenRefusal {
    fn from(error: Error) -> Self {
        let rfc = match error.code() {
            Code::InternalError => "server_error",
            // The database is away: the client may come again.
            Code::UpstreamUnavailable => "temporarily_unavailable",
            _ => "invalid_request",
        };
        Self { rfc, error }
    }
}

/// An issued token, with its text this one time: the object of the published contract, and the
/// names of RFC 6749, section 5.1, beside it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct IssuedToken {
    /// The id of the token's record, which is not secret.
    pub id: TokenId,
    /// The token; it is in this answer and never again.
    #[serde(serialize_with = "show_once")]
    #[cfg_attr(feature = "schemars", schemars(with = "String"))]
    pub access_token: Credential,
    /// Always `Bearer` (RFC 6750).
    pub token_type: &'static str,
    /// End of the token.
    pub expires_at: Timestamp,
    /// The token's lifetime in seconds.
    pub expires_in_seconds: i64,
    /// The customer whose data the token reads; the client's own tenant without an authorization.
    pub tenant_id: TenantId,
    /// The client that the token was issued to.
    pub client_id: ClientId,
    /// The authorization that the token stands on; `None` while the client has none.
    pub authorization_id: Option<AuthorizationId>,
    /// The grant type that the token was issued for.
    pub issued_by: IssuedBy,
    /// The most that the token may read.
    pub permissions: Scopes,
    /// The connections that the token may read through.
    pub connection_ids: Vec<ConnectionId>,
    /// The names of RFC 6749.
    #[serde(flatten)]
    pub oauth: OauthToken,
}

/// An issued token under the names of RFC 6749, section 5.1.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct OauthToken {
    /// The same as `accessToken`.
    #[serde(serialize_with = "show_once")]
    #[cfg_attr(feature = "schemars", schemars(with = "String"))]
    pub access_token: Credential,
    /// The same as `tokenType`.
    pub token_type: &'static str,
    /// The same as `expiresInSeconds`.
    pub expires_in: i64,
    /// The same as `permissions`, separated by single spaces.
    pub scope: String,
    /// Brings the next access token, once; to public clients alone.
    #[serde(
        serialize_with = "show_some_once",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "schemars", schemars(with = "Option<String>"))]
    pub refresh_token: Option<Credential>,
}

impl IssuedToken {
    pub(super) fn new(token: AccessToken, text: Credential) -> Self {
        let seconds = (token.expires_at.as_millis() - token.created_at.as_millis()) / 1000;
        Self {
            id: token.id,
            access_token: text.clone(),
            token_type: "Bearer",
            expires_at: token.expires_at,
            expires_in_seconds: seconds,
            tenant_id: token.tenant_id,
            client_id: token.client_id,
            authorization_id: token.authorization_id,
            issued_by: token.issued_by,
            permissions: token.permissions,
            connection_ids: token.connection_ids,
            oauth: OauthToken {
                access_token: text,
                token_type: "Bearer",
                expires_in: seconds,
                scope: token.permissions.to_string(),
                refresh_token: None,
            },
        }
    }

    /// The same with the refresh token that is good from now on.
    pub(super) fn with_refresh_token(mut self, text: Option<Credential>) -> Self {
        self.oauth.refresh_token = text;
        self
    }
}

/// Content of a token to issue.
struct Basis {
    authorization: Option<Authorization>,
    grants: Vec<Grant>,
}

impl Gateway {
    /// Issues a token for an authorization code or for client credentials; the latter carries
    /// exactly the active grants of one authorization, or of one grant, and never more than its
    /// scopes (TK-9). While the authorization is pending, or
    /// the client has none, the token has no connections.
    ///
    /// # Errors
    /// A [`TokenRefusal`] with both spellings.
    pub async fn issue_token(
        &self,
        request: TokenRequest,
        request_id: &RequestId,
    ) -> Result<IssuedToken, TokenRefusal> {
        // Whoever is not the client is told so, whatever else is wrong (RFC 6749, section 5.2).
        let client = self.authenticate(&request).await?;
        check_grant_type(&client, &request)?;
        match request.grant_type.as_deref() {
            Some("authorization_code") => {
                return self.redeem_code(client, &request, request_id).await;
            }
            Some("refresh_token") => {
                return self
                    .redeem_refresh_token(client, &request, request_id)
                    .await;
            }
            _ => {}
        }
        if request.resource.is_some() && request.audience.is_none() {
            return Err(TokenRefusal::invalid(
                "invalid_target",
                "`resource` is not one of this server's.",
            ));
        }
        let basis = match &request.grant_id {
            Some(id) => self.basis_of_grant(&client, id).await?,
            None => self.basis_of_customer(&client, &request).await?,
        };
        let permissions = narrowed(permitted(&client, &basis), request.scope.as_deref())?;
        let actor = Actor::Client(client.id.clone());
        let act = AuditContext {
            actor: &actor,
            request_id,
        };
        let kind = (
            IssuedBy::ClientCredentials,
            request.audience.unwrap_or_default(),
        );
        Ok(self.mint(&client, basis, permissions, kind, &act).await?)
    }

    /// Issues a token for an authorization to a trusted caller in the same process, which needs no
    /// client secret. The token is bound by policy, grants and firewall like any other.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND` for an unknown authorization or a deleted client; `APPROVAL_PENDING` or
    /// `APPROVAL_REQUIRED` for one that is not active; `INVALID_REQUEST` for scopes beyond it.
    pub async fn issue_for(&self, id: &AuthorizationId, scopes: Scopes) -> Result<IssuedToken> {
        let found = self.storage.authorizations().find(id).await?;
        let authorization = found.ok_or_else(|| Error::not_found("authorization"))?;
        match authorization.status {
            AuthorizationStatus::Active => {}
            AuthorizationStatus::Pending => {
                return Err(Error::new(
                    Code::ApprovalPending,
                    "The customer has not decided about this client yet.",
                ));
            }
            AuthorizationStatus::Revoked => return Err(not_approved().error),
        }
        let client = self
            .storage
            .clients()
            .find(&authorization.client_id)
            .await?;
        let client = client
            .filter(|client| client.status == ClientStatus::Active)
            .ok_or_else(|| Error::not_found("client"))?;
        let basis = self.basis_of(authorization).await?;
        if scopes.is_empty() || !permitted(&client, &basis).contains_all(scopes) {
            return Err(Error::invalid_request(
                "The scopes must be some of those that were approved.",
            ));
        }
        let request_id = self.new_request_id();
        let act = AuditContext {
            actor: &Actor::System,
            request_id: &request_id,
        };
        let kind = (IssuedBy::Embedder, Audience::Api);
        self.mint(&client, basis, scopes, kind, &act).await
    }

    /// Makes a token and stores its hash.
    async fn mint(
        &self,
        client: &Client,
        basis: Basis,
        permissions: Scopes,
        (issued_by, audience): (IssuedBy, Audience),
        act: &AuditContext<'_>,
    ) -> Result<IssuedToken> {
        let now = self.clock.now();
        let text = Credential::generate(audience.token(), &*self.random);
        let (tenant_id, authorization_id) = match basis.authorization {
            Some(authorization) => (authorization.tenant_id, Some(authorization.id)),
            None => (client.tenant_id.clone(), None),
        };
        let grants = basis.grants.into_iter();
        let token = AccessToken {
            id: TokenId::generate(&*self.clock, &*self.random),
            tenant_id,
            client_id: client.id.clone(),
            authorization_id,
            issued_by,
            permissions,
            connection_ids: grants.map(|grant| grant.connection_id).collect(),
            created_at: now,
            expires_at: now.after(self.settings.token_ttl),
            revoked_at: None,
            last_used_at: None,
        };
        let audit = self.audit_success(act, AuditAction::TokenIssue, &token.id);
        let tokens = self.storage.tokens();
        tokens.insert(token.clone(), text.hash(), audit).await?;
        Ok(IssuedToken::new(token, text))
    }

    /// An active authorization with its active grants.
    async fn basis_of(&self, authorization: Authorization) -> Result<Basis> {
        let store = self.storage.authorizations();
        let grants = store.active_grants(&authorization.id, self.clock.now());
        Ok(Basis {
            grants: grants.await?,
            authorization: Some(authorization),
        })
    }

    /// The live client whose secret was sent, or a public one by its id. An unknown client costs the same work and gets the
    /// same words as a wrong secret (TK-5).
    pub(super) async fn authenticate(
        &self,
        request: &TokenRequest,
    ) -> Result<Client, TokenRefusal> {
        let refusal = || {
            TokenRefusal::new(
                "invalid_client",
                Code::InvalidCredentials,
                "The client is unknown or its secret is wrong.",
            )
        };
        let Some(client_id) = &request.client_id else {
            return Err(TokenRefusal::no_client());
        };
        if ClientId::parse(client_id).is_err() && request.client_secret.is_none() {
            return self.public_client(client_id).await?.ok_or_else(refusal);
        }
        let presented = request
            .client_secret
            .as_ref()
            .map_or("", |secret| secret.expose());
        let presented = CredentialHash::of(presented);
        let unknown = ClientId::generate(&*self.clock, &*self.random);
        let id = ClientId::parse(client_id).unwrap_or(unknown);
        let clients = self.storage.clients();
        let hashes = clients.secret_hashes(&id).await?;
        let mut matching = None;
        let mut any = Choice::from(0);
        for (secret, hash) in &hashes {
            let equal = hash.as_bytes().ct_eq(presented.as_bytes());
            any |= equal;
            if bool::from(equal) {
                matching = Some(secret);
            }
        }
        let Some(secret) = matching.filter(|_| bool::from(any)) else {
            return Err(refusal());
        };
        // Whoever has no secret learns nothing of the client, not even by the time it takes to read.
        match clients.find(&id).await? {
            Some(client) if client.status == ClientStatus::Active => {
                clients.touch_secret(secret, self.clock.now()).await?;
                Ok(client)
            }
            _ => Err(refusal()),
        }
    }

    async fn basis_of_grant(&self, client: &Client, id: &str) -> Result<Basis, TokenRefusal> {
        // Another client's grant is as unknown as one that never was (TN-2).
        let unknown = || {
            TokenRefusal::invalid(
                "invalid_grant",
                "`grant_id` names no active grant of this client.",
            )
        };
        let id = GrantId::parse(id).map_err(|_| unknown())?;
        let grant = self.storage.authorizations().find_grant(&id).await?;
        let grant = grant
            .filter(|grant| grant.client_id == client.id)
            .ok_or_else(unknown)?;
        let authorization = self
            .storage
            .authorizations()
            .find(&grant.authorization_id)
            .await?;
        let authorization = authorization
            .filter(|authorization| authorization.status == AuthorizationStatus::Active)
            .ok_or_else(unknown)?;
        let mut basis = self.basis_of(authorization).await?;
        basis.grants.retain(|active| active.id == grant.id);
        match basis.grants.is_empty() {
            true => Err(unknown()),
            false => Ok(basis),
        }
    }

    async fn basis_of_customer(
        &self,
        client: &Client,
        request: &TokenRequest,
    ) -> Result<Basis, TokenRefusal> {
        let store = self.storage.authorizations();
        let live = match self.customer(client, request).await? {
            Some(tenant) => {
                let found = store.find_live(&client.id, &tenant).await?;
                vec![found.ok_or_else(not_approved)?]
            }
            // Two tell that one has to be named.
            None => store.list_live(&client.id, 2).await?,
        };
        let (mut active, pending): (Vec<_>, Vec<_>) = live
            .into_iter()
            .partition(|authorization| authorization.status == AuthorizationStatus::Active);
        if active.len() > 1 {
            return Err(TokenRefusal::invalid(
                "invalid_request",
                "This client has several customers: name one by `tenant_id` or `customer_ref`.",
            ));
        }
        let Some(authorization) = active.pop() else {
            return Ok(Basis {
                authorization: pending.into_iter().next(),
                grants: Vec::new(),
            });
        };
        Ok(self.basis_of(authorization).await?)
    }

    /// The customer that the request names, if it names one.
    async fn customer(
        &self,
        client: &Client,
        request: &TokenRequest,
    ) -> Result<Option<TenantId>, TokenRefusal> {
        let by_id = request
            .tenant_id
            .as_deref()
            .map(TenantId::parse)
            .transpose()?;
        let by_ref = match &request.customer_ref {
            None => None,
            Some(customer_ref) => {
                let tenant = self
                    .storage
                    .tenants()
                    .find_customer(&client.id, customer_ref)
                    .await?;
                Some(tenant.ok_or_else(not_approved)?.id)
            }
        };
        match (by_id, by_ref) {
            (Some(id), Some(tenant)) if id != tenant => Err(TokenRefusal::invalid(
                "invalid_request",
                "`tenant_id` and `customer_ref` name different customers.",
            )),
            (id, tenant) => Ok(id.or(tenant)),
        }
    }
}

/// Refuses a grant type that is unknown, or not for this client: whoever has no secret cannot act for
/// itself, and whoever has one needs no refresh token.
fn check_grant_type(client: &Client, request: &TokenRequest) -> Result<(), TokenRefusal> {
    let unauthorized = |message| Err(TokenRefusal::invalid("unauthorized_client", message));
    let is_public = client.public_id.is_some();
    match request.grant_type.as_deref() {
        Some("authorization_code") => Ok(()),
        Some("refresh_token") if is_public => Ok(()),
        Some("refresh_token") => unauthorized(
            "Refresh tokens are for clients without a secret: use `client_credentials`.",
        ),
        Some("client_credentials") if is_public => {
            unauthorized("`client_credentials` needs a client that has a secret.")
        }
        Some("client_credentials") => Ok(()),
        None if request.grant_id.is_some() && !is_public => Ok(()),
        None => Err(TokenRefusal::invalid(
            "invalid_request",
            "`grant_type` is missing.",
        )),
        Some(_) => Err(TokenRefusal::invalid(
            "unsupported_grant_type",
            "`grant_type` must be `authorization_code`, `client_credentials` or `refresh_token`.",
        )),
    }
}

fn not_approved() -> TokenRefusal {
    TokenRefusal::new(
        "invalid_grant",
        Code::ApprovalRequired,
        "This customer has not approved the client.",
    )
}

/// The most that a token may carry.
fn permitted(client: &Client, basis: &Basis) -> Scopes {
    match &basis.authorization {
        Some(authorization) if authorization.status == AuthorizationStatus::Active => basis
            .grants
            .iter()
            .fold(Scopes::NONE, |scopes, grant| {
                scopes.union(grant.permissions)
            })
            .intersection(authorization.permissions),
        _ => client.default_permissions,
    }
}

/// The scopes that were asked for, all of them when none was named.
pub(super) fn narrowed(permitted: Scopes, asked: Option<&str>) -> Result<Scopes, TokenRefusal> {
    let invalid = |message| TokenRefusal::invalid("invalid_scope", message);
    let Some(asked) = asked else {
        return Ok(permitted);
    };
    let scopes = asked
        .split(' ')
        .filter(|name| !name.is_empty())
        .map(|name| Scope::parse(name).ok_or_else(|| invalid("`scope` names an unknown scope.")))
        .collect::<Result<Scopes, _>>()?;
    if scopes.is_empty() {
        return Err(invalid("`scope` must not be empty."));
    }
    if !permitted.contains_all(scopes) {
        return Err(invalid("`scope` goes beyond what was approved."));
    }
    Ok(scopes)
}
