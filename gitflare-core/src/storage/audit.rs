//! The security audit: who did what to which object, when, and how it ended. Rows hold ids, never
//! secrets, are never changed, and are deleted by retention alone.

use async_trait::async_trait;

use super::ListRange;
use crate::{AuditId, ClientId, RequestId, Result, TenantId, Timestamp, UserId, model::words};

/// One entry of the security audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// The id of the entry.
    pub id: AuditId,
    /// Time of the action.
    pub at: Timestamp,
    /// On whose authority.
    pub actor: Actor,
    /// The action, carried out or refused.
    pub action: AuditAction,
    /// The id of the object it was done to, empty where there is none.
    pub object: String,
    /// Result of the action.
    pub outcome: Outcome,
    /// The id of the request, as sent in `x-request-id`.
    pub request_id: RequestId,
}

/// On whose authority something is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A caller with the admin key.
    Admin,
    /// A caller on the internal listener.
    Internal,
    /// A client with its secret.
    Client(ClientId),
    /// A user who has signed in.
    User(UserId),
    /// A customer on a hosted page.
    Customer(TenantId),
    /// The gateway itself, without a request of anybody.
    System,
    /// A caller without a credential.
    Anonymous,
}

impl Actor {
    /// The actor in one word, an id where there is one.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Admin => "admin",
            Self::Internal => "internal",
            Self::Client(id) => id.as_str(),
            Self::User(id) => id.as_str(),
            Self::Customer(id) => id.as_str(),
            Self::System => "system",
            Self::Anonymous => "anonymous",
        }
    }

    /// The actor of that word, or `None`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "admin" => Some(Self::Admin),
            "internal" => Some(Self::Internal),
            "system" => Some(Self::System),
            "anonymous" => Some(Self::Anonymous),
            id => ClientId::parse(id)
                .map(Self::Client)
                .or_else(|_| UserId::parse(id).map(Self::User))
                .or_else(|_| TenantId::parse(id).map(Self::Customer))
                .ok(),
        }
    }
}

words! {
    /// The kinds of audited change.
    AuditAction(non_exhaustive) {
        /// A tenant was made.
        TenantCreate = "tenant.create",
        /// A tenant was deleted, with all that stood on it.
        TenantDelete = "tenant.delete",
        /// A user signed up.
        UserCreate = "user.create",
        /// A sign-in failed.
        UserAuthenticate = "user.authenticate",
        /// A password was changed.
        PasswordUpdate = "password.update",
        /// A user was deleted, with all data that was theirs alone.
        UserDelete = "user.delete",
        /// Somebody was invited to make an account.
        InvitationCreate = "invitation.create",
        /// An operator lets somebody sign in no more.
        UserDisable = "user.disable",
        /// An operator lets somebody sign in again.
        UserEnable = "user.enable",
        /// A developer has signed a link into a customer's workspace.
        LinkSign = "link.sign",
        /// A customer's workspace was opened with a signed link.
        WorkspaceOpen = "workspace.open",
        /// A user became a member of a tenant.
        MembershipCreate = "membership.create",
        /// A session began.
        SessionCreate = "session.create",
        /// A session was ended.
        SessionRevoke = "session.revoke",
        /// A client was made.
        ClientCreate = "client.create",
        /// A client was changed.
        ClientUpdate = "client.update",
        /// A client was deleted.
        ClientDelete = "client.delete",
        /// A client secret was made.
        SecretCreate = "secret.create",
        /// A client secret was deleted.
        SecretDelete = "secret.delete",
        /// A client failed to authenticate.
        ClientAuthenticate = "client.authenticate",
        /// A provider account was linked.
        ConnectionCreate = "connection.create",
        /// A provider account was linked again.
        ConnectionUpdate = "connection.update",
        /// A provider no longer takes a connection's tokens.
        ConnectionRefuse = "connection.refuse",
        /// A provider account was unlinked.
        ConnectionDelete = "connection.delete",
        /// A grant was made.
        GrantCreate = "grant.create",
        /// A grant was revoked.
        GrantRevoke = "grant.revoke",
        /// A customer has approved a client's request.
        AuthorizationApprove = "authorization.approve",
        /// A customer has denied a client's request.
        AuthorizationDeny = "authorization.deny",
        /// A customer has changed what is shared with a client.
        AuthorizationUpdate = "authorization.update",
        /// An authorization was revoked.
        AuthorizationRevoke = "authorization.revoke",
        /// An authorization code was issued.
        CodeIssue = "code.issue",
        /// A spent or stolen authorization code was presented.
        CodeReplay = "code.replay",
        /// A replaced or stolen refresh token was presented.
        RefreshReplay = "refresh_token.replay",
        /// An access token was issued.
        TokenIssue = "token.issue",
        /// An access token was revoked.
        TokenRevoke = "token.revoke",
        /// An event subscription was made.
        SubscriptionCreate = "subscription.create",
        /// An event subscription was changed.
        SubscriptionUpdate = "subscription.update",
        /// An event subscription was ended.
        SubscriptionDelete = "subscription.delete",
        /// The firewall's configuration was changed.
        FirewallConfigure = "firewall.configure",
        /// The database was restored from a backup.
        DatabaseRestore = "database.restore",
        /// An admin key was refused.
        AdminAuthenticate = "admin.authenticate",
    }
}

words! {
    /// Whether a change was made.
    Outcome {
        /// The change was made.
        Ok = "ok",
        /// The change was refused.
        Denied = "denied",
    }
}

/// Stores audit entries; they are never changed.
#[async_trait]
pub trait AuditStore: Send + Sync {
    /// Records an act that changes nothing else, such as a refusal.
    async fn append(&self, entry: AuditEntry) -> Result<()>;

    /// The rows, oldest first.
    async fn list(&self, range: ListRange<'_>) -> Result<Vec<AuditEntry>>;

    /// Deletes those of the `limit` oldest rows that are from before `before`; how many it were. A
    /// backend refuses to delete rows of the last 30 days.
    async fn purge(&self, before: Timestamp, limit: usize) -> Result<usize>;
}
