//! Encrypted values: where each place's are, as one table, and how they are listed and replaced.

use std::borrow::Cow;

use gitflare_core::storage::{SealedPlace, SealedValue};

use super::{Columns, Statement, bytes, text, values};

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
    const fn columns(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Hash => "hash",
            Self::Job => "kind, subject",
        }
    }
}

/// How a database writes a key as text, and reads one: the text is bound as the named parameter.
#[derive(Clone, Copy)]
pub(in crate::storage) struct Keys {
    pub(in crate::storage) as_text: fn(Key) -> &'static str,
    pub(in crate::storage) of_text: fn(Key, &str) -> String,
}

/// A column that holds encrypted values.
#[derive(Clone, Copy)]
struct Place {
    table: &'static str,
    column: &'static str,
    key: Key,
    /// The column of the row that it was sealed for; `None` for the key itself.
    row: Option<&'static str>,
    /// Whether it was sealed for the tenant in the column `tenant_id`.
    has_tenant: bool,
}

#[rustfmt::skip]
const fn place(place: SealedPlace) -> Place {
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

/// The values of a place behind the key `after` that another key than `key_id` sealed, for [`value`].
pub(in crate::storage) fn list(
    keys: Keys,
    of: SealedPlace,
    key_id: u8,
    after: Option<&str>,
    limit: usize,
) -> Statement<'static> {
    let Place {
        table, column, key, ..
    } = place(of);
    let key_text = (keys.as_text)(key);
    let row = place(of).row.unwrap_or(key_text);
    let tenant = match place(of).has_tenant {
        true => "coalesce(tenant_id, '')",
        false => "''",
    };
    let (columns, behind) = (key.columns(), (keys.of_text)(key, "?2"));
    // The second byte of a ciphertext names its key.
    Statement::new(
        format!(
            "SELECT {key_text}, {row}, {tenant}, {column} FROM {table}
             WHERE {column} IS NOT NULL AND substr({column}, 2, 1) <> ?1
               AND ({columns}) > ({behind})
             ORDER BY {columns} LIMIT ?3"
        ),
        values![
            Cow::from(vec![key_id]),
            after.unwrap_or_default().to_owned(),
            limit
        ],
    )
}

pub(in crate::storage) fn value<R: Columns>(
    of: SealedPlace,
    row: &R,
) -> Result<SealedValue, R::Error> {
    Ok(SealedValue {
        place: of,
        key: text(row, 0)?,
        row: text(row, 1)?,
        tenant: text(row, 2)?,
        sealed: bytes(row, 3)?,
    })
}

/// Puts another ciphertext into the place of a value that is still the same.
pub(in crate::storage) fn replace<'v>(
    keys: Keys,
    value: &'v SealedValue,
    new: &'v Vec<u8>,
) -> Statement<'v> {
    let Place {
        table, column, key, ..
    } = place(value.place);
    let (columns, at) = (key.columns(), (keys.of_text)(key, "?1"));
    Statement::new(
        format!("UPDATE {table} SET {column} = ?3 WHERE ({columns}) = ({at}) AND {column} = ?2"),
        values![&value.key, &value.sealed, new],
    )
}
