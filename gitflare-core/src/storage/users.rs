//! People who sign in, the hash of their password and the tenants they belong to.

use std::fmt;

use async_trait::async_trait;
use serde::Serialize;

use super::{AuditEntry, Tenant};
use crate::{AuthorizationId, Result, TenantId, Timestamp, UserId, model::words};

/// A person who can sign in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The user's id.
    pub id: UserId,
    /// The address they sign in with, as the caller has normalised it.
    pub email: String,
    /// The name that others see; `None` when it was left out.
    pub name: Option<String>,
    /// Time of signing up.
    pub created_at: Timestamp,
}

/// A password's hash as a PHC string. Storage compares and understands nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Wraps a PHC string.
    pub fn new(phc: impl Into<String>) -> Self {
        Self(phc.into())
    }

    /// Stands before the hash of a person whom the operator lets sign in no more: no password has such
    /// a hash.
    pub const LOCK: &str = "!";

    /// Whether its person may not sign in.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.0.starts_with(Self::LOCK)
    }

    /// The PHC string.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[password hash]")
    }
}

words! {
    /// Role of a user in a tenant.
    Role {
        /// May manage the tenant.
        Owner = "owner",
        /// May use the tenant.
        Member = "member",
    }
}

/// A tenant that a person belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Membership {
    /// The tenant that the user belongs to.
    pub tenant: Tenant,
    /// Role of the user in it.
    pub role: Role,
}

/// A new user with password, tenant and membership.
#[derive(Debug)]
pub struct NewUser {
    /// The user to store.
    pub user: User,
    /// The hash of their password.
    pub password: PasswordHash,
    /// Their own tenant, which they own.
    pub tenant: Tenant,
}

/// Stores users, their passwords' hashes and their memberships.
#[async_trait]
pub trait UserStore: Send + Sync {
    /// Stores a new person with their own tenant; `false` when the address is taken, then nothing
    /// is written. Addresses are compared byte for byte: the caller brings them into one form.
    async fn insert(&self, new: NewUser, audit: AuditEntry) -> Result<bool>;

    /// The person of that id.
    async fn find(&self, id: &UserId) -> Result<Option<User>>;

    /// The person with that address, and the hash to check their password against.
    async fn find_by_email(&self, email: &str) -> Result<Option<(User, PasswordHash)>>;

    /// Whether nobody has an account.
    async fn is_empty(&self) -> Result<bool>;

    /// The tenants that a person belongs to, by tenant id.
    async fn memberships(&self, id: &UserId) -> Result<Vec<Membership>>;

    /// Makes a person part of a tenant; `false` when they are already, or one of the two does not
    /// exist.
    async fn insert_membership(
        &self,
        id: &UserId,
        tenant: &TenantId,
        role: Role,
        audit: AuditEntry,
    ) -> Result<bool>;

    /// Replaces a person's password, and ends all their sessions and what they have let public clients
    /// read (SE-5); `false` when there is no such person.
    async fn set_password(
        &self,
        id: &UserId,
        password: PasswordHash,
        audit: AuditEntry,
    ) -> Result<bool>;

    /// Replaces `old` by the hash of the same password with other parameters (PW-1). Nothing
    /// happens when the hash has changed in between.
    async fn rehash_password(
        &self,
        id: &UserId,
        old: &PasswordHash,
        new: PasswordHash,
    ) -> Result<()>;

    /// The authorizations that are not revoked in a person's own workspaces, which are those of public
    /// clients, by id.
    async fn own_authorizations(&self, id: &UserId) -> Result<Vec<AuthorizationId>>;

    /// Deletes a person with their sessions, memberships and the clients they own, and everything
    /// under those (CA-1), and ends their own authorizations. `false` when there is no such person. The
    /// tenants that were theirs alone are left to [`super::TenantStore::end_abandoned`].
    async fn delete(&self, id: &UserId, at: Timestamp, audit: AuditEntry) -> Result<bool>;
}
