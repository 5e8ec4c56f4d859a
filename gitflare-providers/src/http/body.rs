//! Reads an upstream's body within bounds: so many bytes after decompression, so many brackets
//! deep, counted while it arrives. What the body means is not looked at.

use memchr::memchr2;
use reqwest::Response;

use super::Failure;

/// The most an answer may hold, decompressed (SR-8).
pub(crate) const MAX_BODY: usize = 16 * 1024 * 1024;
/// The most an answer with diffs may hold, decompressed (SR-8).
pub(crate) const MAX_DIFF_BODY: usize = 32 * 1024 * 1024;
/// How deep JSON may nest (SR-8).
const MAX_DEPTH: usize = 64;

/// The whole body of a JSON answer.
pub(super) async fn read(mut response: Response, max_bytes: usize) -> Result<Vec<u8>, Failure> {
    let expected = response.content_length().unwrap_or(0);
    let mut body = Vec::with_capacity(usize::try_from(expected).unwrap_or(0).min(256 * 1024));
    let mut depth = Depth::default();
    while let Some(chunk) = response.chunk().await.map_err(Failure::from)? {
        if body.len() + chunk.len() > max_bytes {
            return Err(Failure::Unusable("the body is too large"));
        }
        if !depth.feed(&chunk) {
            return Err(Failure::Unusable("the body nests too deeply"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Counts the open brackets of a JSON text that comes in pieces.
#[derive(Default)]
struct Depth {
    open: usize,
    in_string: bool,
    escaped: bool,
}

impl Depth {
    /// Whether the text is still shallow enough after this piece. Text that is not JSON may be
    /// called deep or shallow; it fails to parse anyway.
    fn feed(&mut self, mut piece: &[u8]) -> bool {
        while !piece.is_empty() {
            if self.escaped {
                self.escaped = false;
                piece = &piece[1..];
            } else if self.in_string {
                let Some(at) = memchr2(b'"', b'\\', piece) else {
                    return true;
                };
                self.escaped = piece[at] == b'\\';
                self.in_string = self.escaped;
                piece = &piece[at + 1..];
            } else {
                let Some(at) = self.structure(piece) else {
                    return self.open <= MAX_DEPTH;
                };
                if self.open > MAX_DEPTH {
                    return false;
                }
                self.in_string = true;
                piece = &piece[at + 1..];
            }
        }
        true
    }

    /// Counts up to the next string, or to the first bracket too many, and says where that is.
    fn structure(&mut self, piece: &[u8]) -> Option<usize> {
        piece.iter().position(|byte| match byte {
            b'"' => true,
            b'{' | b'[' => {
                self.open += 1;
                self.open > MAX_DEPTH
            }
            b'}' | b']' => {
                self.open = self.open.saturating_sub(1);
                false
            }
            _ => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shallow(text: &str, piece: usize) -> bool {
        let mut depth = Depth::default();
        text.as_bytes().chunks(piece).all(|piece| depth.feed(piece))
    }

    #[test]
    fn depth_is_counted_across_pieces_and_not_in_strings() {
        // sec: SR-8
        let rows = [
            ("[".repeat(64) + &"]".repeat(64), true),
            ("[".repeat(65), false),
            ("{\"a\":".repeat(64) + "1" + &"}".repeat(64), true),
            ("{\"a\":".repeat(65), false),
            ("[".repeat(100_000), false),
            (format!("[\"{}\"]", "[".repeat(1000)), true),
            (format!("[\"\\\"{}\\\\\"]", "[".repeat(1000)), true),
            (format!("[\"\\\\\",{}", "[".repeat(64)), false),
            ("[]".repeat(1000), true),
        ];
        for (text, expected) in rows {
            for piece in [1, 2, 3, 7, usize::MAX] {
                assert_eq!(shallow(&text, piece), expected, "{piece} {text:.40}");
            }
        }
    }
}
