//! Encrypted values wherever they are kept, one by one: what changing the master key needs (KY-4).
//! What is inside of them is nobody's business here.

use async_trait::async_trait;

use crate::{Result, keys::Cell, model::words};

words! {
    /// Where encrypted values are kept. To add a column that holds some: add its word behind those
    /// that values are copied from, its cell below, and its place in every backend.
    SealedPlace {
        /// A client's embed secret.
        ClientEmbedSecret = "clients.embed_secret",
        /// A subscription's secret for its provider.
        SubscriptionHookSecret = "subscriptions.hook_secret",
        /// A subscription's secret for its app.
        SubscriptionSecret = "subscriptions.secret",
        /// The state of an authorization request.
        RequestState = "requests.state",
        /// A connection's access token.
        ConnectionAccessToken = "connections.access_token",
        /// A connection's refresh token.
        ConnectionRefreshToken = "connections.refresh_token",
        /// A flow's PKCE verifier.
        LinkVerifier = "links.verifier",
        /// An unclaimed account's access token.
        LinkAccessToken = "links.access_token",
        /// An unclaimed account's refresh token.
        LinkRefreshToken = "links.refresh_token",
        /// An access token that is to be revoked.
        CleanupAccessToken = "cleanup.access_token",
        /// A refresh token that is to be revoked.
        CleanupRefreshToken = "cleanup.refresh_token",
    }
}

/// One encrypted value and the cell that it lies in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedValue {
    /// The table and column that hold it.
    pub place: SealedPlace,
    /// Key of the row in that place; values are listed in the order of their keys.
    pub key: String,
    /// The row that it was sealed for.
    pub row: String,
    /// The tenant that it was sealed for, empty without one.
    pub tenant: String,
    /// The ciphertext, with the id of its key.
    pub sealed: Vec<u8>,
}

impl SealedValue {
    /// The cell that it was sealed for. Provider tokens keep their connection's wherever they go.
    #[must_use]
    pub fn cell(&self) -> Cell<'_> {
        let (table, column) = match self.place {
            SealedPlace::ConnectionAccessToken
            | SealedPlace::LinkAccessToken
            | SealedPlace::CleanupAccessToken => ("connections", "access_token"),
            SealedPlace::ConnectionRefreshToken
            | SealedPlace::LinkRefreshToken
            | SealedPlace::CleanupRefreshToken => ("connections", "refresh_token"),
            SealedPlace::ClientEmbedSecret => ("clients", "embed_secret"),
            SealedPlace::SubscriptionHookSecret => ("subscriptions", "hook_secret"),
            SealedPlace::SubscriptionSecret => ("subscriptions", "secret"),
            SealedPlace::LinkVerifier => ("links", "verifier"),
            SealedPlace::RequestState => ("requests", "state"),
        };
        Cell {
            table,
            column,
            row: &self.row,
            tenant: &self.tenant,
        }
    }
}

/// Lists and replaces encrypted values.
#[async_trait]
pub trait SealedStore: Send + Sync {
    /// Up to `limit` values of a place that another key than `key_id` has sealed, behind `after`.
    async fn list(
        &self,
        place: SealedPlace,
        key_id: u8,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<SealedValue>>;

    /// Puts each new ciphertext in the place of a value that is still the same; the others were
    /// written anew meanwhile. How many it were; all of them at once, or none.
    async fn replace(&self, values: Vec<(SealedValue, Vec<u8>)>) -> Result<usize>;
}
