//! What the two SQL backends share, once: how our types stand in columns (`columns.rs`), how they
//! are bound (`values.rs`), and for each store the columns, the rows and the statements that both
//! databases take as they are. Parameters are written `?1`, which PostgreSQL's side turns into `$1`.
//! Runs nothing: what differs, and every decision about order and locks, is the backend's.

pub(super) mod audit;
pub(super) mod authorizations;
pub(super) mod cleanup;
pub(super) mod clients;
pub(super) mod codes;
mod columns;
pub(super) mod connections;
pub(super) mod deliveries;
pub(super) mod links;
pub(super) mod proofs;
pub(super) mod refresh_tokens;
pub(super) mod requests;
pub(super) mod sealed;
pub(super) mod sessions;
pub(super) mod settings;
pub(super) mod subscriptions;
#[cfg(feature = "server")]
mod tables;
pub(super) mod tenants;
pub(super) mod tokens;
pub(super) mod usage;
pub(super) mod users;
mod values;

use gitflare_core::{Code, Error};

pub(super) use columns::{
    Columns, bytes, flag, hash, id, list, maybe, maybe_bytes, maybe_id, maybe_text, maybe_time,
    natural, number, parsed, text, time,
};
#[cfg(feature = "server")]
pub(super) use tables::{Row, Table};
pub(super) use values::{
    Conditions, Statement, Value, page, page_back, saturated, to_list, values,
};

/// An error of what may go through a moment later: the database is away, has no room, or is busy with
/// others for longer than a caller waits.
pub(super) fn passing(detail: impl Into<String>) -> Error {
    let message = "The gateway's database is away, full or busy: the same request may go through in \
        a moment.";
    Error::new(Code::UpstreamUnavailable, message)
        .with_retry_after(1)
        .with_detail(detail)
}
