//! The bytes inside a cursor: version, key id, expiry, limit, then the position's fields. Compact,
//! because every byte travels twice per page. Only verified bytes are ever parsed here.

use crate::{Error, Limit, Position, Result, page::Field};

/// Rises when the layout changes; a cursor of another version is invalid.
pub(super) const VERSION: u8 = 1;
/// Version, key id, expiry, limit.
pub(super) const HEAD_LEN: usize = 7;

const NUMBER: u8 = 0;
const TEXT: u8 = 1;
const OBJECT: u8 = 2;

/// What a cursor says, beside what it is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Payload {
    pub(super) key_id: u8,
    /// Unix seconds; 32 bits last until 2106.
    pub(super) expires_at: u32,
    pub(super) limit: Limit,
    pub(super) position: Position,
}

impl Payload {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.push(VERSION);
        out.push(self.key_id);
        out.extend_from_slice(&self.expires_at.to_be_bytes());
        out.push(self.limit.as_u8());
        for field in &self.position.fields {
            match field {
                Field::Number(value) => {
                    out.push(NUMBER);
                    write_number(out, *value);
                }
                Field::Text(value) => write_bytes(out, TEXT, value.as_bytes()),
                Field::Object(value) => write_bytes(out, OBJECT, value),
            }
        }
    }

    pub(super) fn parse(mut bytes: &[u8]) -> Result<Self> {
        let head = take(&mut bytes, HEAD_LEN)?;
        if head[0] != VERSION {
            return Err(Error::invalid_cursor("another version"));
        }
        let expires_at = u32::from_be_bytes([head[2], head[3], head[4], head[5]]);
        let limit =
            Limit::new(head[6].into()).map_err(|_| Error::invalid_cursor("limit out of range"))?;
        let mut position = Position::new();
        while let Some((&kind, rest)) = bytes.split_first() {
            bytes = rest;
            let value = read_number(&mut bytes)?;
            position.fields.push(match kind {
                NUMBER => Field::Number(value),
                TEXT => Field::Text(
                    String::from_utf8(take_len(&mut bytes, value)?.to_vec())
                        .map_err(|_| Error::invalid_cursor("text is not UTF-8"))?,
                ),
                OBJECT => Field::Object(take_len(&mut bytes, value)?.to_vec()),
                _ => return Err(Error::invalid_cursor("unknown field kind")),
            });
        }
        Ok(Self {
            key_id: head[1],
            expires_at,
            limit,
            position,
        })
    }
}

fn write_bytes(out: &mut Vec<u8>, kind: u8, bytes: &[u8]) {
    out.push(kind);
    write_number(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// LEB128: seven bits a byte, lowest first.
fn write_number(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn read_number(bytes: &mut &[u8]) -> Result<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let byte = take(bytes, 1)?[0];
        let bits = u64::from(byte & 0x7f);
        if bits << shift >> shift != bits {
            break;
        }
        value |= bits << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Error::invalid_cursor("number out of range"))
}

fn take_len<'a>(bytes: &mut &'a [u8], len: u64) -> Result<&'a [u8]> {
    take(bytes, usize::try_from(len).unwrap_or(usize::MAX))
}

fn take<'a>(bytes: &mut &'a [u8], len: usize) -> Result<&'a [u8]> {
    let (taken, rest) = bytes
        .split_at_checked(len)
        .ok_or_else(|| Error::invalid_cursor("payload ends early"))?;
    *bytes = rest;
    Ok(taken)
}
