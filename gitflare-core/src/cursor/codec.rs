//! The bytes inside a cursor: version, key id, expiry, limit, then the position. Compact, because
//! every byte travels twice per page. Only verified bytes are ever parsed here.

use crate::{Error, Limit, Position, Result};

/// Rises when the layout changes; a cursor of another version is invalid.
pub(super) const VERSION: u8 = 1;
/// Version, key id, expiry, limit.
pub(super) const HEAD_LEN: usize = 7;

/// What a cursor says, beside what it is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Payload {
    /// Unix seconds; 32 bits last until 2106.
    pub(super) expires_at: u32,
    pub(super) limit: Limit,
    pub(super) position: Position,
}

/// Appends a payload: the one way it is laid out.
pub(super) fn write(
    out: &mut Vec<u8>,
    key_id: u8,
    expires_at: u32,
    limit: Limit,
    position: &Position,
) {
    out.push(VERSION);
    out.push(key_id);
    out.extend_from_slice(&expires_at.to_be_bytes());
    out.push(limit.as_u8());
    out.extend_from_slice(&position.0);
}

/// Reads a payload back, behind its version and key id.
pub(super) fn parse(bytes: &[u8]) -> Result<Payload> {
    let Some((&[version, _, a, b, c, d, limit], position)) = bytes.split_first_chunk::<HEAD_LEN>()
    else {
        return Err(Error::invalid_cursor("payload ends early"));
    };
    if version != VERSION {
        return Err(Error::invalid_cursor("another version"));
    }
    Ok(Payload {
        expires_at: u32::from_be_bytes([a, b, c, d]),
        limit: Limit::new(limit.into()).map_err(|_| Error::invalid_cursor("limit out of range"))?,
        position: Position(position.to_vec()),
    })
}
