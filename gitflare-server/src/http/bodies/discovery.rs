//! Answers that need no credential: health, providers, capabilities, OAuth metadata.

use std::collections::BTreeMap;

use gitflare_core::{
    Code, Scope, Scopes, Timestamp,
    model::EventName,
    provider::{Endpoint, Evidence, ProviderId, ProviderKind, Support},
};
use schemars::JsonSchema;
use serde::Serialize;

/// The state of the server.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Health {
    /// `ok`, or `degraded` while the server should get no requests.
    #[schemars(extend("enum" = ["ok", "degraded"]))]
    pub(crate) status: &'static str,
    /// The ids of the enabled providers.
    pub(crate) providers: Vec<ProviderId>,
    /// The switches that change what the server serves.
    pub(crate) flags: Flags,
    /// The parts that the server needs.
    pub(crate) checks: Checks,
    /// How each enabled provider answered last, since this process started. A provider that fails
    /// does not make the server `degraded`.
    pub(crate) upstreams: Vec<UpstreamState>,
}

/// How a provider answered last.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpstreamState {
    /// The provider's id.
    pub(crate) provider: ProviderId,
    /// When a read of it was answered last; `None` when none was.
    pub(crate) last_success_at: Option<Timestamp>,
    /// When it failed last; `None` when it did not.
    pub(crate) last_error_at: Option<Timestamp>,
    /// The code of that failure.
    pub(crate) last_error: Option<Code>,
}

/// The switches of a server.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Flags {
    /// Whether reads need an access token; `false` is legacy mode.
    pub(crate) enforce_platform_auth: bool,
    /// Whether an internal listener serves `/v1/connections*` without a key.
    pub(crate) internal_listener: bool,
    /// Whether `/testapp` is served.
    pub(crate) testapp: bool,
    /// Whether development mode is on.
    pub(crate) dev: bool,
}

/// The states of the parts that a server needs.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Checks {
    /// The state of the database, `ok` or `failed`.
    #[schemars(extend("enum" = ["ok", "failed"]))]
    pub(crate) storage: &'static str,
}

/// A provider as this server knows it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Provider")]
pub(crate) struct ProviderRow<'a> {
    /// The provider's id.
    pub(crate) id: ProviderId,
    /// Kind of code host, which is also the id of the kind's first instance.
    pub(crate) kind: ProviderKind,
    /// The provider's name, for people.
    pub(crate) name: &'a str,
    /// Whether the provider can be read.
    pub(crate) enabled: bool,
    /// Whether accounts can be linked by the provider's consent page.
    pub(crate) oauth: bool,
    /// Whether accounts can be linked with a token by an operator.
    pub(crate) manual: bool,
}

/// A callback address to register at a provider.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CallbackUrl")]
pub(crate) struct CallbackRow {
    /// The provider's id.
    pub(crate) provider: ProviderId,
    /// The address that the provider sends browsers back to.
    pub(crate) callback_url: String,
}

/// Capabilities of this server.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Capabilities<'a> {
    /// The scopes that an app can ask for.
    pub(crate) permissions: Vec<Permission>,
    /// The OAuth endpoints.
    pub(crate) oauth: OauthEndpoints<'a>,
    /// The firewall over unified reads.
    pub(crate) firewall: FirewallCapability,
    /// Support of each operation, by provider id and operation key.
    pub(crate) providers: BTreeMap<&'static str, BTreeMap<&'static str, Capability>>,
    /// The kind of each enabled provider, by provider id: which API it speaks.
    pub(crate) kinds: BTreeMap<&'static str, ProviderKind>,
    /// What the adapter of each enabled provider was checked against, by provider id.
    #[schemars(with = "BTreeMap<&'static str, Vec<Evidence>>")]
    pub(crate) evidence: BTreeMap<&'static str, &'static [Evidence]>,
    /// The events that an app can subscribe to.
    #[schemars(with = "Vec<EventName>")]
    pub(crate) events: Vec<&'static str>,
    /// The routes that are not in the published endpoint matrix, as method and path.
    pub(crate) additions: Vec<String>,
}

/// A scope in words.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Permission {
    /// Scope that the operation requires.
    pub(crate) scope: Scope,
    /// A word or two for people.
    pub(crate) label: &'static str,
    /// One sentence for people.
    pub(crate) description: &'static str,
}

/// The OAuth endpoints of a server.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OauthEndpoints<'a> {
    /// The issuer identifier (RFC 8414).
    pub(crate) issuer: &'a str,
    /// The consent page.
    pub(crate) authorize_url: String,
    /// The token endpoint.
    pub(crate) token_url: String,
    /// The grant types of the token endpoint.
    pub(crate) grant_types: &'static [&'static str],
    /// The methods of PKCE (RFC 7636).
    pub(crate) code_challenge_methods: &'static [&'static str],
}

/// The firewall over unified reads.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Firewall")]
pub(crate) struct FirewallCapability {
    /// Whether paths are blocked and secrets hashed.
    pub(crate) enabled: bool,
    /// The text before the digits of a hashed secret.
    pub(crate) hash_prefix: &'static str,
    /// The version of the configuration; it rises with every change.
    pub(crate) version: u64,
}

/// Support of an operation by a provider.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Capability {
    /// Whether the operation is served.
    pub(crate) supported: bool,
    /// The filters that the provider takes.
    pub(crate) filters: &'static [&'static str],
    /// Reason why the operation is not supported, or what is left out of it; `null` when it is
    /// supported whole.
    pub(crate) reason: Option<&'static str>,
    /// For reviews: whether each that was given is a row; `false` where a person has one row, the vote
    /// as it stands. `null` for other operations.
    pub(crate) history: Option<bool>,
}

impl From<(Endpoint, Support)> for Capability {
    fn from((endpoint, support): (Endpoint, Support)) -> Self {
        Self {
            supported: support.is_served(),
            filters: support.filters(),
            reason: support.reason().or(support.limit()),
            history: support.keeps_history(endpoint),
        }
    }
}

/// The metadata of the authorization server (RFC 8414, RFC 9207).
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AuthorizationServerMetadata")]
pub(crate) struct ServerMetadata<'a> {
    /// The issuer identifier.
    pub(crate) issuer: &'a str,
    /// The consent page.
    pub(crate) authorization_endpoint: String,
    /// The token endpoint.
    pub(crate) token_endpoint: String,
    /// The revocation endpoint (RFC 7009).
    pub(crate) revocation_endpoint: String,
    /// The introspection endpoint (RFC 7662).
    pub(crate) introspection_endpoint: String,
    /// Where clients register themselves (RFC 7591); left out where they cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) registration_endpoint: Option<String>,
    /// Whether the address of a metadata document is a client's id; left out where it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client_id_metadata_document_supported: Option<bool>,
    /// The scopes that an app can ask for.
    pub(crate) scopes_supported: Scopes,
    /// The response types of the consent page.
    pub(crate) response_types_supported: &'static [&'static str],
    /// Response modes of the authorization endpoint.
    pub(crate) response_modes_supported: &'static [&'static str],
    /// The grant types of the token endpoint.
    pub(crate) grant_types_supported: &'static [&'static str],
    /// Client authentication methods at the token endpoint.
    pub(crate) token_endpoint_auth_methods_supported: &'static [&'static str],
    /// Client authentication methods at the revocation endpoint.
    pub(crate) revocation_endpoint_auth_methods_supported: &'static [&'static str],
    /// Client authentication methods at the introspection endpoint.
    pub(crate) introspection_endpoint_auth_methods_supported: &'static [&'static str],
    /// The methods of PKCE (RFC 7636).
    pub(crate) code_challenge_methods_supported: &'static [&'static str],
    /// Whether the consent page sends `iss` back (RFC 9207); always `true`.
    pub(crate) authorization_response_iss_parameter_supported: bool,
    /// The guide for developers.
    pub(crate) service_documentation: String,
}

/// The metadata of the tools for agents as a protected resource (RFC 9728).
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ProtectedResourceMetadata")]
pub(crate) struct ResourceMetadata<'a> {
    /// The address of the tools, byte for byte what a client is given.
    pub(crate) resource: String,
    /// The issuer identifiers of the servers that issue its tokens.
    pub(crate) authorization_servers: [&'a str; 1],
    /// The scopes that tools need.
    pub(crate) scopes_supported: Scopes,
    /// How a token is sent.
    pub(crate) bearer_methods_supported: &'static [&'static str],
    /// The name of the resource, for people.
    pub(crate) resource_name: &'static str,
    /// The guide for those who connect an agent.
    pub(crate) resource_documentation: String,
}

/// A message of JSON-RPC to the tools for agents.
#[derive(JsonSchema)]
#[schemars(rename = "JsonRpcMessage")]
#[expect(dead_code, reason = "describes what the protocol's own code reads")]
pub(crate) struct Message {
    /// `2.0`.
    jsonrpc: String,
    /// The id of a request, which its answer repeats; a notification has none.
    #[schemars(extend("type" = ["string", "integer", "null"]))]
    id: Option<String>,
    /// What is asked for: `server/discover`, `initialize`, `tools/list`, `tools/call`.
    method: String,
    /// What the method takes.
    params: Option<serde_json::Map<String, serde_json::Value>>,
}
