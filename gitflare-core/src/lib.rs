//! The core of GitFlare: the whole gateway as use cases over traits, without a socket, a database
//! or a clock of its own.
//!
//! A request is read by [`gateway::Gateway`], decided by [`policy`], answered by a [`provider::Provider`], filtered through
//! [`filter::Filtered`] and recorded in [`storage::UsageStore`]. Cursors ([`cursor`]) carry the
//! provider's own page pointers. The server crate gives all of it a socket and a database; another
//! Rust service can embed it without either.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod backoff;
mod clock;
pub mod cursor;
mod error;
pub mod filter;
pub mod gateway;
mod ids;
pub mod keys;
pub mod model;
mod page;
pub mod policy;
pub mod provider;
mod random;
pub mod redirect_uri;
pub mod return_path;
pub mod rotation;
#[cfg(feature = "schemars")]
mod schema;
mod scope;
mod secret;
pub mod storage;

pub use backoff::Backoff;
pub use clock::{Clock, FixedClock, SystemClock, Timestamp};
pub use error::{CODES, Canonical, Code, CodeRow, Error, Result, Source};
pub use ids::{
    AuditId, AuthorizationId, ClientId, ConnectionId, EventId, FlowId, GrantId, LogId, RequestId,
    SecretId, SessionId, SubscriptionId, TenantId, TokenId, UserId,
};
pub use page::{Limit, Page, PageRequest, Position, PositionFields};
pub use random::{Random, SeededRandom, SystemRandom};
pub use scope::{Scope, Scopes};
pub use secret::{Credential, CredentialHash, CredentialKind, Secret};
