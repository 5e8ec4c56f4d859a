//! Clients (developer apps) and the hashes of their secrets.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{AuditEntry, ListRange, Tenant};
use crate::{
    ClientId, CredentialHash, Error, Result, Scope, Scopes, SecretId, TenantId, Timestamp, UserId,
    model::words,
};

/// A developer app. Its secrets are known by id only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Client {
    /// Our id, the OAuth `client_id`.
    pub id: ClientId,
    /// The developer tenant that owns it.
    pub tenant_id: TenantId,
    /// The person who made it.
    pub owner_user_id: Option<UserId>,
    /// The name that customers see.
    pub name: String,
    /// Description shown to customers.
    pub description: Option<String>,
    /// The id by which a public client calls itself: the address of its metadata document, or what
    /// registration has given it. Such a client has no owner and no secret. `None` for an app that
    /// a person has registered.
    #[serde(skip)]
    pub public_id: Option<String>,
    /// Registered redirect URIs, compared byte for byte.
    pub allowed_redirect_uris: Vec<String>,
    /// The most that it may ask for.
    pub default_permissions: Scopes,
    /// `true` when requests without PKCE are refused.
    pub require_pkce: bool,
    /// Whether its customers' links must be signed.
    pub require_signed_customer_ref: bool,
    /// Origins that may frame its consent page, beside its redirect origins.
    pub allowed_embed_origins: Vec<String>,
    /// Its live secrets, oldest first.
    pub secrets: Vec<ClientSecret>,
    /// Whether the client is active or deleted.
    pub status: ClientStatus,
    /// When the client was created.
    pub created_at: Timestamp,
    /// When the client was last changed.
    pub updated_at: Timestamp,
}

/// A client secret, without the secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ClientSecret {
    /// The id of the secret's record.
    pub id: SecretId,
    /// When the client was created.
    pub created_at: Timestamp,
    /// Time of the last use; may lag by some seconds.
    pub last_used_at: Option<Timestamp>,
}

words! {
    /// Whether a client lives.
    ClientStatus {
        /// The client may ask for tokens.
        Active = "active",
        /// Deleted; its rows are kept for the audit log.
        Deleted = "deleted",
    }
}

/// A new client with its first secret.
#[derive(Debug)]
pub struct NewClient {
    /// The client, with its first secret in [`Client::secrets`].
    pub client: Client,
    /// The hash of that secret.
    pub secret_hash: CredentialHash,
    /// The embed secret, encrypted.
    pub sealed_embed_secret: Vec<u8>,
}

/// Filter of a list of clients.
#[derive(Clone, Debug, Default)]
pub struct ClientFilter {
    /// Only clients of this tenant.
    pub tenant: Option<TenantId>,
    /// Only clients that this user manages.
    pub owner_user: Option<UserId>,
}

/// What an app tells customers about itself, beside its name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct AppProfile {
    /// Its website.
    pub website: Option<String>,
    /// Its privacy policy.
    pub privacy_url: Option<String>,
    /// Why it asks for each permission, by scope.
    #[cfg_attr(feature = "schemars", schemars(with = "BTreeMap<String, String>"))]
    pub purposes: BTreeMap<Scope, String>,
    /// Its logo, a PNG; served at an address of its own.
    #[serde(skip)]
    pub logo: Option<Vec<u8>>,
}

/// How many live clients a tenant may have: each costs secrets, and a name that customers may be shown.
pub const MAX_CLIENTS: usize = 1000;

/// The refusal of one more.
#[must_use]
pub fn too_many_clients() -> Error {
    Error::invalid_request(format!(
        "The account has {MAX_CLIENTS} apps already: delete one that is no longer used, or make this one in another account."
    ))
}

/// Stores developer apps and the hashes of their secrets.
#[async_trait]
pub trait ClientStore: Send + Sync {
    /// Stores a new client with its first secret. One beyond [`MAX_CLIENTS`] of its tenant is
    /// `INVALID_REQUEST`, and nothing is written.
    async fn insert(&self, client: NewClient, audit: AuditEntry) -> Result<()>;

    /// Stores a public client, or replaces what the one of that id says of itself: name, redirect
    /// URIs, default permissions, `updated_at`. `tenant` stands for its owner, and is stored when it
    /// is not there. Unspent codes and pending requests that were sent where they may no longer be
    /// sent are deleted (RU-5). `false` when it was deleted; then nothing is written.
    async fn register(&self, client: NewClient, tenant: Tenant, audit: AuditEntry) -> Result<bool>;

    /// Up to `limit` public clients, live or not, that were last changed before `before` and have no
    /// refresh token that is still good at `now`.
    async fn list_unused(
        &self,
        before: Timestamp,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Client>>;

    /// Deletes a public client's row when nothing refers to it any more; whether it did. If not, `at`
    /// becomes its `updated_at`, so that it is looked at again when that is old.
    async fn forget(&self, id: &ClientId, at: Timestamp) -> Result<bool>;

    /// The client of that id, deleted ones included.
    async fn find(&self, id: &ClientId) -> Result<Option<Client>>;

    /// The live clients, by id.
    async fn list(&self, filter: &ClientFilter, range: ListRange<'_>) -> Result<Vec<Client>>;

    /// The ids of up to `limit` live clients of a person's tenants, by tenant and id.
    async fn ids_of_person(&self, user: &UserId, limit: usize) -> Result<Vec<ClientId>>;

    /// The hashes of a live client's live secrets; empty for any other.
    async fn secret_hashes(&self, id: &ClientId) -> Result<Vec<(SecretId, CredentialHash)>>;

    /// Notes that a secret was used. May be written late and lost in a crash.
    async fn touch_secret(&self, id: &SecretId, at: Timestamp) -> Result<()>;

    /// What a client tells of itself; the default where it never has, or does not live.
    async fn profile(&self, id: &ClientId) -> Result<AppProfile>;

    /// Replaces what a client tells of itself; `false` when it does not live; then nothing is written.
    async fn set_profile(
        &self,
        id: &ClientId,
        profile: AppProfile,
        audit: AuditEntry,
    ) -> Result<bool>;

    /// The encrypted embed secret.
    async fn sealed_embed_secret(&self, id: &ClientId) -> Result<Option<Vec<u8>>>;

    /// Replaces what can be changed of a live client (name, description, redirect URIs, default
    /// permissions, flags, embed origins, `updated_at`); `false` when there is none. Unspent codes
    /// that were sent where they may no longer be sent are deleted (RU-5).
    async fn update(&self, client: &Client, audit: AuditEntry) -> Result<bool>;

    /// Adds a secret unless the client has two live ones already or does not live: then `false`.
    async fn insert_secret(
        &self,
        id: &ClientId,
        secret: ClientSecret,
        hash: CredentialHash,
        audit: AuditEntry,
    ) -> Result<bool>;

    /// Deletes a client's secret; `false` when it has none of that id. Its last one can go too.
    async fn delete_secret(
        &self,
        id: &ClientId,
        secret: &SecretId,
        audit: AuditEntry,
    ) -> Result<bool>;

    /// Deletes a client and ends everything under it: secrets, authorizations, grants, codes,
    /// tokens, embed sessions, subscriptions (CA-1). Its customers are left to
    /// [`super::TenantStore::end_abandoned`]. `false` when it was not alive; then nothing is written.
    async fn delete(&self, id: &ClientId, at: Timestamp, audit: AuditEntry) -> Result<bool>;
}
