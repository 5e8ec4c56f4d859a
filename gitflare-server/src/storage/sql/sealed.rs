//! Encrypted values: where each place's are, as one table.

use gitflare_core::storage::SealedPlace;

/// How the rows of a table are told apart.
#[derive(Clone, Copy)]
pub(in crate::storage) enum Key {
    /// By a column of text.
    Id,
    /// By the bytes of `hash`, in a text as lower-case hexadecimal digits.
    Hash,
    /// By `kind` and `subject`, in a text joined by a colon.
    Job,
}

impl Key {
    /// The columns of the primary key, which rows are found and ordered by.
    pub(in crate::storage) const fn columns(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Hash => "hash",
            Self::Job => "kind, subject",
        }
    }
}

/// A column that holds encrypted values.
#[derive(Clone, Copy)]
pub(in crate::storage) struct Place {
    pub(in crate::storage) table: &'static str,
    pub(in crate::storage) column: &'static str,
    pub(in crate::storage) key: Key,
    /// The column of the row that it was sealed for; `None` for the key itself.
    pub(in crate::storage) row: Option<&'static str>,
    /// Whether it was sealed for the tenant in the column `tenant_id`.
    pub(in crate::storage) has_tenant: bool,
}

#[rustfmt::skip]
pub(in crate::storage) const fn place(place: SealedPlace) -> Place {
    let (table, column, key, row, has_tenant) = match place {
        SealedPlace::ClientEmbedSecret => ("clients", "embed_secret", Key::Id, None, true),
        SealedPlace::SubscriptionHookSecret => ("subscriptions", "hook_secret", Key::Id, None, true),
        SealedPlace::SubscriptionSecret => ("subscriptions", "secret", Key::Id, None, true),
        SealedPlace::RequestState => ("requests", "state", Key::Hash, None, true),
        SealedPlace::ConnectionAccessToken => ("connections", "access_token", Key::Id, None, true),
        SealedPlace::ConnectionRefreshToken => ("connections", "refresh_token", Key::Id, None, true),
        SealedPlace::LinkVerifier => ("links", "verifier", Key::Id, None, false),
        SealedPlace::LinkAccessToken => ("links", "access_token", Key::Id, Some("account_connection_id"), false),
        SealedPlace::LinkRefreshToken => ("links", "refresh_token", Key::Id, Some("account_connection_id"), false),
        SealedPlace::CleanupAccessToken => ("cleanup", "access_token", Key::Job, Some("connection_id"), true),
        SealedPlace::CleanupRefreshToken => ("cleanup", "refresh_token", Key::Job, Some("connection_id"), true),
    };
    Place { table, column, key, row, has_tenant }
}
