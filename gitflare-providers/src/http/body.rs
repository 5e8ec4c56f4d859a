//! Reads an upstream's body within bounds: so many bytes after decompression, so many brackets
//! deep, counted while it arrives. What the body means is not looked at.

use reqwest::Response;

use super::{
    Failure,
    rows::{Rows, Splitter, Stop},
};

pub(crate) use super::rows::MAX_BODY;

/// The most an answer that is read row by row may hold, decompressed (SR-8).
pub(crate) const MAX_ROWS: usize = 64 * 1024 * 1024;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// How much room is made before anything has come, whatever the answer announces.
const MAX_ROOM: u64 = 256 * 1024;

const TOO_DEEP: Failure = Failure::Unusable("the body nests too deeply");

/// A body of up to that many bytes: its rows are handed on as they arrive, and the rest is kept. Also
/// says whether there was a list. Without `rows` all of it is the rest.
pub(super) async fn read(
    mut response: Response,
    max_bytes: usize,
    rows: Option<&mut Rows<'_>>,
) -> Result<(Vec<u8>, bool), Failure> {
    let room = match rows {
        Some(_) => 0,
        None => response.content_length().unwrap_or(0).min(MAX_ROOM) as usize,
    };
    let mut splitter = Splitter::new(rows, room);
    let mut length = 0;
    while let Some(chunk) = response.chunk().await.map_err(Failure::from)? {
        length += chunk.len();
        if length > max_bytes {
            return Err(splitter.too_large(true));
        }
        match splitter.feed(&chunk) {
            Ok(()) => {}
            Err(Stop::Enough) => break,
            Err(Stop::TooLarge) => return Err(splitter.too_large(false)),
            Err(Stop::TooDeep) => return Err(TOO_DEEP),
        }
    }
    let (mut rest, has_list) = match splitter.end() {
        Ok(ended) => ended,
        // A broken row is told by whoever takes the rows.
        Err(Stop::Enough) => (Vec::new(), true),
        Err(Stop::TooLarge) => return Err(Failure::RowTooLarge),
        Err(Stop::TooDeep) => return Err(TOO_DEEP),
    };
    // Azure DevOps begins some of its bodies with a byte-order mark, which is no JSON.
    if rest.starts_with(BYTE_ORDER_MARK) {
        rest.drain(..BYTE_ORDER_MARK.len());
    }
    Ok((rest, has_list))
}

impl Splitter<'_, '_> {
    /// Why it was too much. Only of a list fewer rows would be less; what did not even begin as JSON is
    /// no answer.
    fn too_large(&self, are_many: bool) -> Failure {
        match (self.has_list(), self.has_begun()) {
            (true, _) if are_many => Failure::TooLarge,
            (true, _) => Failure::RowTooLarge,
            (false, true) => Failure::ObjectTooLarge,
            (false, false) => Failure::Unusable("the body is too large"),
        }
    }
}

/// A text of up to that many bytes.
pub(super) async fn read_text(
    mut response: Response,
    max_bytes: usize,
) -> Result<Vec<u8>, Failure> {
    let room = response.content_length().unwrap_or(0).min(MAX_ROOM) as usize;
    let mut text = Vec::with_capacity(room);
    while let Some(chunk) = response.chunk().await.map_err(Failure::from)? {
        if text.len() + chunk.len() > max_bytes {
            return Err(Failure::TooLarge);
        }
        text.extend_from_slice(&chunk);
    }
    Ok(text)
}
