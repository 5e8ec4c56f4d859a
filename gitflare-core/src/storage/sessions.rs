//! Browser and bearer sessions, by the hash of their text: of people, and of customers on hosted
//! pages. Which cookie carries which kind is the server's business.

use std::time::Duration;

use async_trait::async_trait;
use serde::Serialize;

use super::AuditEntry;
use crate::{ClientId, CredentialHash, Result, SessionId, TenantId, Timestamp, UserId};

const HOUR: u64 = 60 * 60;

/// The most sessions of a person that are listed.
pub const MOST_LISTED: usize = 100;

/// A session, without its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// The session's id, which is not secret.
    pub id: SessionId,
    /// The user or customer that the session stands for.
    #[serde(skip)]
    pub subject: SessionSubject,
    /// When the session was created.
    pub created_at: Timestamp,
    /// Latest end of the session.
    pub expires_at: Timestamp,
    /// Time of the last use; may lag by some seconds.
    #[serde(skip)]
    pub last_used_at: Timestamp,
}

/// Owner of a session. The kinds are not interchangeable (SE-4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionSubject {
    /// A user who has signed in.
    User(UserId),
    /// A customer's browser on the hosted pages of one client.
    Embed {
        /// The client whose page the customer has opened.
        client_id: ClientId,
        /// The client's customer.
        tenant_id: TenantId,
    },
}

impl SessionSubject {
    /// Longest time that a user's session may be unused (SE-1).
    pub const USER_IDLE: Duration = Duration::from_secs(12 * HOUR);
    /// Longest time that a customer's session may be unused (SE-1).
    pub const EMBED_IDLE: Duration = Duration::from_secs(HOUR);

    /// Longest time that a session of this kind may be unused.
    #[must_use]
    pub const fn idle(&self) -> Duration {
        match self {
            Self::User(_) => Self::USER_IDLE,
            Self::Embed { .. } => Self::EMBED_IDLE,
        }
    }

    /// Longest lifetime of a session of this kind (SE-1).
    #[must_use]
    pub const fn lifetime(&self) -> Duration {
        match self {
            Self::User(_) => Duration::from_secs(7 * 24 * HOUR),
            Self::Embed { .. } => Duration::from_secs(24 * HOUR),
        }
    }
}

impl Session {
    /// A session that begins at `now`.
    #[must_use]
    pub fn begin(id: SessionId, subject: SessionSubject, now: Timestamp) -> Self {
        Self {
            id,
            created_at: now,
            expires_at: now.after(subject.lifetime()),
            last_used_at: now,
            subject,
        }
    }

    /// `true` when it is in force at `now`.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires_at && now < self.last_used_at.after(self.subject.idle())
    }
}

/// Keeps sessions. An ended one is gone.
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Stores a new session under the hash of its text. One that anybody can begin is audited by what
    /// is done in it: rows of its own would outlive it (SC-1).
    async fn insert(
        &self,
        session: Session,
        hash: CredentialHash,
        audit: Option<AuditEntry>,
    ) -> Result<()>;

    /// The session of that hash, if it is live at `now`.
    async fn find(&self, hash: &CredentialHash, now: Timestamp) -> Result<Option<Session>>;

    /// A person's sessions that are live at `now`, the one that began last first; [`MOST_LISTED`] at
    /// most.
    async fn list(&self, user: &UserId, now: Timestamp) -> Result<Vec<Session>>;

    /// Gives a session another text: from now on only the new one finds it. `false` when there is
    /// none of that id.
    async fn renew(&self, id: &SessionId, hash: CredentialHash) -> Result<bool>;

    /// Notes that a session was used. May be written late and lost in a crash.
    async fn touch(&self, id: &SessionId, at: Timestamp) -> Result<()>;

    /// Ends a session; `false` when there is none of that id; then nothing is written.
    async fn revoke(&self, id: &SessionId, audit: AuditEntry) -> Result<bool>;

    /// Ends all sessions of the user except `except`; returns how many. Writes no audit entry when
    /// none.
    async fn revoke_all(
        &self,
        user: &UserId,
        except: Option<&SessionId>,
        audit: AuditEntry,
    ) -> Result<usize>;

    /// Deletes up to `limit` sessions that cannot be live at `now`; returns how many.
    async fn purge_expired(&self, now: Timestamp, limit: usize) -> Result<usize>;
}
