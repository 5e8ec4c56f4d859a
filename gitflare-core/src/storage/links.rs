//! Flows that link a provider account: from the browser's way to the provider until somebody owns
//! the connection. All of it is short-lived; the account that came back is kept here, not among
//! the connections, until it is claimed.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::SealedTokens;
use crate::{
    Code, ConnectionId, CredentialHash, FlowId, Result, TenantId, Timestamp, UserId, model::words,
    provider::ProviderId,
};

words! {
    /// For whom a flow was started. A flow of one kind is never finished as another.
    LinkKind {
        /// Whoever called the API; a session claims the account later.
        Api = "api",
        /// A signed-in person, for one of their tenants.
        Account = "account",
        /// A customer on an app's consent page.
        Embed = "embed",
    }
}

words! {
    /// Way in which the result reaches the page that started the flow.
    Handover {
        /// The callback answers with the completion code as JSON.
        Json = "json",
        /// The callback, in the browser that started the flow, redirects.
        Redirect = "redirect",
        /// The callback's page hands the completion code to its opener.
        Popup = "popup",
    }
}

/// A flow, without its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkFlow {
    /// The id of the flow.
    pub id: FlowId,
    /// The provider that the browser is sent to.
    pub provider: ProviderId,
    /// Owner of the new connection: a user or a customer.
    pub kind: LinkKind,
    /// Way in which the result reaches the page that started the flow.
    pub handover: Handover,
    /// The hash of the cookie of the browser that must come back; `None` where another one may,
    /// and only the completion code counts.
    pub browser: Option<CredentialHash>,
    /// Tenant of the new connection; `None` until a session claims it.
    pub tenant_id: Option<TenantId>,
    /// User who started it; `None` for a customer.
    pub user_id: Option<UserId>,
    /// The consent or page that it was started from, in the words of whoever started it.
    pub workspace: Option<String>,
    /// Whether only an account that the tenant has linked already is accepted.
    pub known_only: bool,
    /// The path of ours that it returns to.
    pub return_to: Option<String>,
    /// The encrypted PKCE verifier.
    pub sealed_verifier: Vec<u8>,
    /// The connection that it has become.
    pub connection_id: Option<ConnectionId>,
    /// When the flow was started.
    pub created_at: Timestamp,
    /// End of the flow.
    pub expires_at: Timestamp,
}

/// The account that came back, as it will stand in the connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkedAccount {
    /// The account's immutable id at the provider.
    pub account_id: String,
    /// The login name; `None` when the provider has none.
    pub login: Option<String>,
    /// The display name; `None` when the provider sends none.
    pub display_name: Option<String>,
    /// The URL of the picture; `None` when the provider sends none.
    pub avatar_url: Option<String>,
    /// The provider's scopes that were granted.
    pub scopes: Vec<String>,
}

/// An account that nobody has claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnclaimedAccount {
    /// The id that its tokens are sealed for, without a tenant.
    pub connection_id: ConnectionId,
    /// The account that the browser has shown to be its own.
    pub account: LinkedAccount,
    /// The account's tokens, encrypted.
    pub tokens: SealedTokens,
}

/// What became of a flow whose code the provider posts to our server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostedOutcome {
    /// Nothing yet: the code was not posted, or its tokens are still being bought.
    Awaited,
    /// The account waits for its browser.
    Linked,
    /// There is none, and why.
    Failed(Code),
}

/// By what a browser that comes back without a code shows which flow it is of.
#[derive(Clone, Copy, Debug)]
pub enum PostedKey<'a> {
    /// The state, which the provider has handed back.
    State(&'a CredentialHash),
    /// The browser's own cookie, where the provider hands nothing back: its newest flow at that
    /// provider, one whose code was posted first.
    Browser(&'a CredentialHash, ProviderId),
}

/// Stores flows that link accounts.
#[async_trait]
pub trait LinkStore: Send + Sync {
    /// Stores a new flow under the hash of its state.
    async fn insert(&self, flow: LinkFlow, state: CredentialHash) -> Result<()>;

    /// The flow of that id, with what became of it.
    async fn find(&self, id: &FlowId) -> Result<Option<LinkFlow>>;

    /// Spends a state: of two callers one gets its flow. One that is unknown, spent or past its
    /// time is `None` (PC-1).
    async fn take_state(&self, state: &CredentialHash, now: Timestamp) -> Result<Option<LinkFlow>>;

    /// Spends a state for the provider that posts its code: of two posts one gets the flow. The
    /// browser can still come back with the state. One that is unknown, posted before or past its
    /// time is `None`.
    async fn post_state(&self, state: &CredentialHash, now: Timestamp) -> Result<Option<LinkFlow>>;

    /// Notes why a flow whose code was posted has no account.
    async fn fail_posted(&self, id: &FlowId, code: Code) -> Result<()>;

    /// The flow of a browser that comes back without a code, and what became of it; `None` when
    /// there is none that waits for a browser.
    async fn find_posted(
        &self,
        key: PostedKey<'_>,
        now: Timestamp,
    ) -> Result<Option<(LinkFlow, PostedOutcome)>>;

    /// Notes that a browser came back from that provider which has started nothing here.
    async fn note_stray(&self, provider: ProviderId, at: Timestamp) -> Result<()>;

    /// When the last such browser came; `None` when none has.
    async fn last_stray(&self, provider: ProviderId) -> Result<Option<Timestamp>>;

    /// Spends the state of a flow for the browser that came back. Its account, if it has one, waits
    /// under that completion code from then on. Of two callers one gets `true`.
    async fn return_posted(&self, id: &FlowId, code: CredentialHash) -> Result<bool>;

    /// Keeps the account that came back, for whoever presents the completion code until
    /// `expires_at`.
    async fn put_account(
        &self,
        id: &FlowId,
        account: UnclaimedAccount,
        code: CredentialHash,
        expires_at: Timestamp,
    ) -> Result<()>;

    /// Spends a completion code: of two callers one gets the flow and its account, which is then
    /// kept no more. One that is unknown, spent, of another flow or past its time is `None` (PC-3).
    async fn take_account(
        &self,
        id: &FlowId,
        code: &CredentialHash,
        now: Timestamp,
    ) -> Result<Option<(LinkFlow, UnclaimedAccount)>>;

    /// Notes which connection a flow has become.
    async fn finish(&self, id: &FlowId, connection: &ConnectionId) -> Result<()>;

    /// Deletes up to `limit` flows that ended before `now`; returns how many. Tokens that nobody
    /// has claimed go into the clean-up queue, to be revoked.
    async fn purge_expired(&self, now: Timestamp, limit: usize) -> Result<usize>;
}
