//! Cursors: sealing a position for a client and opening it again. Stateless: what a cursor says is
//! inside it, what it is bound to is in its tag (HMAC-SHA-256, 32 bytes), and nothing is stored.

mod codec;
mod scope;
#[cfg(test)]
mod tests;

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use codec::{HEAD_LEN, VERSION};
pub use scope::CursorScope;

use crate::{Code, Error, Limit, Position, Result, Secret, Timestamp};

/// The longest cursor that is ever issued, in characters.
pub const MAX_ISSUED_LEN: usize = 2048;
/// The longest cursor that is looked at.
const MAX_ACCEPTED_LEN: usize = 4096;
const TAG_LEN: usize = 32;
/// Room for a usual payload and scope, so that the buffer is allocated once.
const BUFFER_LEN: usize = 384;

/// The keys that cursors are sealed with: the first seals, all of them open, so that a key can be
/// rotated while its cursors live (CU-7). Each key's HMAC state is computed once.
pub struct CursorKeys {
    keys: Vec<(u8, Hmac<Sha256>)>,
    ttl: Duration,
}

impl CursorKeys {
    /// Keys by id, the sealing one first; cursors live for `ttl`.
    ///
    /// # Errors
    /// `INTERNAL_ERROR` without any key.
    pub fn new(keys: &[(u8, Secret<[u8; 32]>)], ttl: Duration) -> Result<Self> {
        if keys.is_empty() {
            return Err(Error::internal("no cursor key"));
        }
        let keys = keys
            .iter()
            .map(|(id, key)| {
                Ok((
                    *id,
                    Hmac::new_from_slice(key.expose())
                        .map_err(|_| Error::internal("cursor key"))?,
                ))
            })
            .collect::<Result<_>>()?;
        Ok(Self { keys, ttl })
    }

    /// Seals a position for requests that match `scope`.
    ///
    /// # Errors
    /// `UPSTREAM_UNAVAILABLE` when the position does not fit into [`MAX_ISSUED_LEN`].
    pub fn seal(
        &self,
        position: &Position,
        limit: Limit,
        scope: &CursorScope<'_>,
        now: Timestamp,
    ) -> Result<String> {
        let (key_id, key) = &self.keys[0];
        let expires_at = u32::try_from(now.after(self.ttl).as_seconds())
            .map_err(|_| Error::internal("the clock is beyond 2106"))?;
        let mut bytes = Vec::with_capacity(BUFFER_LEN);
        codec::write(&mut bytes, *key_id, expires_at, limit, position);
        let tag = tag(key, &mut bytes, scope);
        bytes.extend_from_slice(&tag);
        let cursor = URL_SAFE_NO_PAD.encode(&bytes);
        if cursor.len() > MAX_ISSUED_LEN {
            return Err(Error::new(
                Code::UpstreamUnavailable,
                "The provider's page pointer is too long.",
            ));
        }
        Ok(cursor)
    }

    /// Opens a cursor: the position and the limit it was sealed with. Size, alphabet, key id, tag
    /// (which covers version and scope) are checked before anything is parsed, age last (CU-3).
    ///
    /// # Errors
    /// `CURSOR_EXPIRED` for an authentic, rightly bound, aged cursor; `INVALID_CURSOR` for all else.
    pub fn open(
        &self,
        cursor: &str,
        scope: &CursorScope<'_>,
        now: Timestamp,
    ) -> Result<(Position, Limit)> {
        if cursor.len() > MAX_ACCEPTED_LEN {
            return Err(Error::invalid_cursor("too long"));
        }
        // Strict decoding: padding and non-zero trailing bits are refused, one text per cursor.
        let mut bytes = Vec::with_capacity(cursor.len() + BUFFER_LEN);
        URL_SAFE_NO_PAD
            .decode_vec(cursor, &mut bytes)
            .map_err(|_| Error::invalid_cursor("not base64url"))?;
        if bytes.len() < HEAD_LEN + TAG_LEN || bytes[0] != VERSION {
            return Err(Error::invalid_cursor("not a cursor of this version"));
        }
        let mut presented = [0u8; TAG_LEN];
        presented.copy_from_slice(&bytes[bytes.len() - TAG_LEN..]);
        bytes.truncate(bytes.len() - TAG_LEN);
        let (_, key) = self
            .keys
            .iter()
            .find(|(id, _)| *id == bytes[1])
            .ok_or_else(|| Error::invalid_cursor("unknown key"))?;
        if !bool::from(tag(key, &mut bytes, scope).ct_eq(&presented)) {
            return Err(Error::invalid_cursor(
                "altered, or issued for another request",
            ));
        }
        let payload = codec::parse(&bytes)?;
        if i64::from(payload.expires_at) <= now.as_seconds() {
            return Err(Error::new(
                Code::CursorExpired,
                "The pagination cursor has expired; start from the first page.",
            ));
        }
        Ok((payload.position, payload.limit))
    }
}

impl std::fmt::Debug for CursorKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CursorKeys")
            .field("ttl", &self.ttl)
            .finish_non_exhaustive()
    }
}

/// The tag over payload, scope and the payload's length, which says where one ends. `body` is used
/// as the buffer, so that the hash gets its input in one piece, and left as it was.
fn tag(key: &Hmac<Sha256>, body: &mut Vec<u8>, scope: &CursorScope<'_>) -> [u8; TAG_LEN] {
    let len = body.len();
    scope.append_to(body);
    body.extend_from_slice(&(len as u32).to_le_bytes());
    let tag = key
        .clone()
        .chain_update(&*body)
        .finalize()
        .into_bytes()
        .into();
    body.truncate(len);
    tag
}
