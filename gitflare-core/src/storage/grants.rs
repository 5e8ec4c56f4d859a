//! What a customer has approved: an authorization (the consent for a client), its grants (the share
//! of one connection each) and the repositories that a grant approves.

use std::collections::HashSet;

use serde::{Serialize, Serializer};

use crate::{
    AuthorizationId, ClientId, ConnectionId, GrantId, Scopes, TenantId, Timestamp, model::words,
};

/// A customer's consent for a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    /// Id of the authorization.
    pub id: AuthorizationId,
    /// The tenant of the customer who approved.
    pub tenant_id: TenantId,
    /// The client that was approved.
    pub client_id: ClientId,
    /// Pending, active or revoked.
    pub status: AuthorizationStatus,
    /// The scopes that were approved, over all grants together.
    pub permissions: Scopes,
    /// When it was created.
    pub created_at: Timestamp,
}

words! {
    /// Status of an authorization.
    AuthorizationStatus {
        /// The customer has begun and not decided.
        Pending = "pending",
        /// The customer has approved.
        Active = "active",
        /// The customer or an admin has ended it.
        Revoked = "revoked",
    }
}

/// An authorization's share for one connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// Id of the authorization.
    pub id: GrantId,
    /// The authorization it belongs to.
    pub authorization_id: AuthorizationId,
    /// The tenant of the customer who approved.
    pub tenant_id: TenantId,
    /// The client that was approved.
    pub client_id: ClientId,
    /// The connection that is shared.
    pub connection_id: ConnectionId,
    /// The scopes that this grant gives.
    pub permissions: Scopes,
    /// The repositories that this grant approves.
    pub repositories: Repositories,
    /// Status; `expired` follows from `expires_at` at the time of reading.
    pub status: GrantStatus,
    /// When it was created.
    pub created_at: Timestamp,
    /// Time of revocation; `None` until then.
    pub revoked_at: Option<Timestamp>,
    /// End of the grant; `None` when it does not end.
    pub expires_at: Option<Timestamp>,
}

impl Grant {
    /// The grant as it stands at `now`: an active one past its end is expired.
    #[must_use]
    pub fn at(mut self, now: Timestamp) -> Self {
        if self.status == GrantStatus::Active && self.expires_at.is_some_and(|end| end <= now) {
            self.status = GrantStatus::Expired;
        }
        self
    }

    /// Whether this grant has every repository of another one over the same connection.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match (&self.repositories, &other.repositories) {
            (Repositories::All, _) => true,
            (Repositories::Listed(_), Repositories::All) => false,
            (Repositories::Listed(own), Repositories::Listed(others)) => {
                let own: HashSet<&str> = own.iter().map(|it| it.id.as_str()).collect();
                others.iter().all(|it| own.contains(it.id.as_str()))
            }
        }
    }
}

words! {
    /// Whether a grant counts.
    GrantStatus {
        /// In force.
        Active = "active",
        /// The customer or an admin has revoked it.
        Revoked = "revoked",
        /// Its `expires_at` has passed.
        Expired = "expired",
    }
}

/// The repositories of a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repositories {
    /// Whatever the connection can read, now and later.
    All,
    /// These, by the provider's immutable ids.
    Listed(Vec<ApprovedRepository>),
}

/// An approval of one repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// The grant that approves it.
    pub grant_id: GrantId,
    /// What the grant keeps of it; `None` where it approves whatever the connection can read.
    pub repository: Option<ApprovedRepository>,
}

impl Serialize for Repositories {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All => serializer.serialize_str("all"),
            Self::Listed(list) => list.serialize(serializer),
        }
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for Repositories {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ApprovedRepositories".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "`all`, or the approved repositories.",
            "anyOf": [
                {"type": "string", "enum": ["all"]},
                {"type": "array", "items": generator.subschema_for::<ApprovedRepository>()},
            ],
        })
    }
}

/// An approved repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ApprovedRepository {
    /// The provider's own id; the approval is bound to it.
    pub id: String,
    /// The full name as last seen.
    pub full_name: String,
    /// The id by which the provider's GraphQL API asks for it; `None` where that is `id`, or not
    /// known yet. Not answered.
    #[serde(skip)]
    pub node_id: Option<String>,
    /// Its default branch as last seen; `None` while it is not known. Not answered: a provider's list
    /// of branches may not say which one it is.
    #[serde(skip)]
    pub default_branch: Option<String>,
}
