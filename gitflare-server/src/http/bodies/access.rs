//! Bodies of linking, consent and tokens: connections, grants, subscriptions, introspection.

use gitflare_core::{
    AuthorizationId, ClientId, FlowId, Scopes, Secret, TenantId, Timestamp,
    gateway::Introspection,
    model::Subscription,
    storage::{Authorization, AuthorizationStatus, Client, Connection, Grant, Tenant},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A flow that has begun.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "StartedFlow")]
pub(crate) struct Started<'a> {
    /// The address at the provider to send a browser to.
    pub(crate) authorization_url: &'a str,
    /// Id of the link flow.
    pub(crate) flow_id: &'a FlowId,
    /// End of the link flow.
    pub(crate) expires_at: Timestamp,
}

/// A flow that came back from the provider, whose account can be claimed.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ReturnedFlow")]
pub(crate) struct Returned<'a> {
    /// Id of the link flow.
    pub(crate) flow_id: &'a FlowId,
    /// The code that claims the account, once.
    pub(crate) completion_code: &'a str,
    /// End of the completion code.
    pub(crate) expires_at: Timestamp,
}

/// A code that a provider posts.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct PostedCode {
    /// The authorization code.
    pub(crate) code: Secret<String>,
    /// The state of the authorization request.
    pub(crate) state: Secret<String>,
}

/// A claim on a linked account.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LinkCompletion {
    /// Id of the link flow.
    pub(crate) flow_id: String,
    /// The code that the callback gave.
    pub(crate) completion_code: Secret<String>,
    /// The id of the tenant that will own the connection; the flow's own, or the person's, when
    /// left out.
    pub(crate) tenant_id: Option<String>,
}

/// One connection.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OneConnection")]
pub(crate) struct OneConnection<'a> {
    /// The connection.
    pub(crate) connection: &'a Connection,
}

/// One tenant.
#[derive(Serialize, JsonSchema)]
pub(crate) struct OneTenant {
    /// The tenant, created or read.
    pub(crate) tenant: Tenant,
}

/// A new client with its secrets.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreatedClient<'a> {
    /// The new client.
    pub(crate) client: &'a Client,
    /// The client's secret; it is in this answer and never again.
    pub(crate) client_secret: &'a str,
    /// The key that signs links for the client's customers; it is in this answer and never again.
    pub(crate) embed_secret: &'a str,
}

/// A new grant with its repositories.
#[derive(Serialize, JsonSchema)]
pub(crate) struct CreatedGrant<'a> {
    /// The new grant.
    pub(crate) grant: &'a Grant,
    /// The authorization that the grant belongs to.
    pub(crate) authorization: Approval<'a>,
}

/// A customer's approval of a client, with its active grants.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Authorization")]
pub(crate) struct Approval<'a> {
    /// The authorization's id.
    id: &'a AuthorizationId,
    /// The id of the customer's tenant.
    tenant_id: &'a TenantId,
    /// The id of the client.
    client_id: &'a ClientId,
    /// Whether the customer has decided.
    status: AuthorizationStatus,
    /// The scopes that were approved.
    permissions: Scopes,
    /// The active grants, one per connection.
    grants: &'a [Grant],
}

impl<'a> Approval<'a> {
    pub(crate) fn of(authorization: &'a Authorization, grants: &'a [Grant]) -> Self {
        Self {
            id: &authorization.id,
            tenant_id: &authorization.tenant_id,
            client_id: &authorization.client_id,
            status: authorization.status,
            permissions: authorization.permissions,
            grants,
        }
    }
}

/// A new subscription.
#[derive(Serialize, JsonSchema)]
pub(crate) struct CreatedSubscription<'a> {
    /// The subscription.
    pub(crate) data: &'a Subscription,
    /// The secret that deliveries are signed with; it is in this answer and never again.
    pub(crate) secret: &'a str,
}

/// A subscription that was changed.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ChangedSubscription<'a> {
    /// The subscription.
    pub(crate) data: &'a Subscription,
}

/// A token that an admin asks about.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct TokenQuestion {
    /// The access token.
    pub(crate) token: Secret<String>,
}

/// A token that a client asks about or revokes (RFC 7009, RFC 7662).
#[derive(Deserialize, JsonSchema)]
pub(crate) struct OwnTokenQuestion {
    /// The access token.
    pub(crate) token: Option<Secret<String>>,
    /// The client's id; left out with HTTP Basic.
    pub(crate) client_id: Option<String>,
    /// The client's secret; left out with HTTP Basic.
    pub(crate) client_secret: Option<Secret<String>>,
}

/// State of a token (RFC 7662).
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "TokenState")]
pub(crate) enum TokenState {
    /// The token is active.
    Active(Box<Introspection>),
    /// The token is unknown, expired or revoked; nothing else is told.
    Inactive {
        /// Always `false`.
        active: bool,
    },
}

impl From<Option<Introspection>> for TokenState {
    fn from(found: Option<Introspection>) -> Self {
        match found {
            Some(token) => Self::Active(Box::new(token)),
            None => Self::Inactive { active: false },
        }
    }
}

/// An answer without members.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Empty {}
