//! The core of GitFlare: the whole gateway as use cases over traits, without a socket, a database
//! or a file of its own. A Rust service embeds it as [`gateway::Gateway`]; the server crate gives it
//! HTTP, the `gitflare` crate a firewall and keys from a file.
//!
//! ```
//! use gitflare_core::{
//!     Page, PageRequest, Result, Scope, Scopes,
//!     gateway::{AuditContext, Gateway, ManualConnection, NewClientRequest, NewGrantRequest,
//!               NewTenantRequest, RequestedRepositories},
//!     model::{Branch, Viewer},
//!     provider::{Call, Capability, Endpoint, Provider, ProviderId, RepoRef},
//!     storage::{Actor, memory::MemoryStorage},
//! };
//!
//! // A code host of one's own; `gitflare-providers` has GitHub, GitLab and local repositories.
//! struct Gerrit;
//!
//! #[async_trait::async_trait]
//! impl Provider for Gerrit {
//!     fn id(&self) -> ProviderId {
//!         ProviderId::from_static("gerrit")
//!     }
//!
//!     fn capabilities(&self) -> &'static [Capability] {
//!         const { &[Capability::full(Endpoint::Profile), Capability::full(Endpoint::Branches)] }
//!     }
//!
//!     fn is_repository_id(&self, segment: &str) -> bool {
//!         segment.bytes().all(|byte| byte.is_ascii_digit())
//!     }
//!
//!     async fn viewer(&self, call: &Call) -> Result<Viewer> {
//!         // Asks the host whom `call.access_token` belongs to.
//! #       Ok(Viewer { provider: self.id(), connection_id: call.connection_id.clone(), id: "1".into(),
//! #           login: Some("ada".into()), name: None, email: None, avatar_url: None, web_url: None })
//!     }
//!
//!     async fn branches(&self, _: &Call, _: &RepoRef, page: PageRequest) -> Result<Page<Branch>> {
//!         // Asks the host for `page.limit` branches from `page.position` on.
//! #       let _ = page;
//! #       Ok(Page::last(vec![Branch { name: "main".into(), commit_sha: "0".repeat(40),
//! #           protected: None, default: Some(true), web_url: None }]))
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<()> {
//! // A service that lasts brings a storage of its own, master keys and a firewall.
//! let gateway = Gateway::builder()
//!     .storage(MemoryStorage::new())
//!     .provider(Gerrit)
//!     .throwaway_keys()
//!     .without_firewall()
//!     .build()
//!     .await?;
//! # let request_id = gateway.new_request_id();
//! # let act = AuditContext { actor: &Actor::System, request_id: &request_id };
//! # let tenant = NewTenantRequest { name: "Acme".into(), kind: None };
//! # let tenant_id = gateway.create_tenant(tenant, &act).await?.id.to_string();
//! # let client = NewClientRequest { tenant_id: tenant_id.clone(), name: "Reports".into(),
//! #     default_permissions: vec!["read:branches".into()], ..NewClientRequest::default() };
//! # let client_id = gateway.create_client(client, &act).await?.client.id.to_string();
//! # let connection = ManualConnection { provider: "gerrit".into(), tenant_id: Some(tenant_id.clone()),
//! #     access_token: Some("secret".into()), ..ManualConnection::default() };
//! # let connection_id = gateway.connect_manually(connection, &act).await?.id.to_string();
//! # let grant = NewGrantRequest { tenant_id, client_id, connection_id,
//! #     permissions: vec!["read:branches".into()], repositories: RequestedRepositories::All,
//! #     expires_at: None };
//! # let authorization = gateway.create_grant(grant, &act).await?.0.id;
//! // What a customer has approved for a client is an authorization; a token reads for it.
//! let token = gateway.issue_for(&authorization, Scopes::from_iter([Scope::ReadBranches])).await?;
//! let reader = gateway.reader(token.access_token.expose());
//!
//! let page = reader.repository("gerrit", "42").branches().limit(50).send().await?;
//! for branch in &page {
//!     println!("{} {}", branch.name, branch.commit_sha);
//! }
//! # assert_eq!(page.items.len(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! A read is checked in the contract's order by [`policy`], answered by a [`provider::Provider`],
//! filtered through [`filter::Filtered`] and recorded in [`storage::UsageStore`]; [`cursor`]s carry
//! the provider's own page pointers. [`reader`] is the typed way in, [`gateway::Gateway::read`] the
//! one way through.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod account_link;
mod backoff;
mod clock;
pub mod cursor;
mod error;
pub mod filter;
pub mod gateway;
mod ids;
pub mod key_check;
pub mod keys;
pub mod model;
mod page;
pub mod policy;
pub mod provider;
mod random;
pub mod reader;
pub mod redirect_uri;
pub mod return_path;
pub mod rotation;
#[cfg(feature = "schemars")]
mod schema;
mod scope;
mod sealed_text;
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
pub use secret::{Credential, CredentialHash, CredentialKind, PresentedMember, Secret};
