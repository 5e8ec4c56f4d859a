//! Key blocks: PEM, OpenSSH, PGP and PuTTY private keys, line by line, through diff signs, quotes,
//! escaped line ends, concatenation and indentation. Each piece of the body becomes a tag of its
//! own, so that the number of lines stays. What is not a body ends the block; a block without an
//! end marker is withheld as far as it goes.

use crate::{engine::Found, shape::Set, text::View};

/// How a block is laid out, kept while it goes on beyond the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// Every line begins with the sign of a diff.
    signed: bool,
    /// A piece of body was seen already.
    begun: bool,
    /// Lines left, for blocks that are counted.
    lines: usize,
}

/// A piece shorter than this does not begin a body.
const FIRST_PIECE: usize = 16;
const BODY: Set = Set::new(r"\w+/=-");
const SEPARATORS: Set = Set::new(" \t\"'`,;.()&|[]{}");

/// The block whose marker `-----BEGIN` or `Private-Lines:` begins at `at`, and where its body
/// begins; `None` when it holds no private key.
pub(crate) fn open(view: &View<'_>, at: usize) -> Option<(Block, usize)> {
    let line = view.line_start(at);
    let signed = at > line && matches!(view.byte(line), b'+' | b'-' | b' ');
    let mut block = Block {
        signed,
        begun: false,
        lines: usize::MAX,
    };
    if view.has(at, b"Private-Lines:") {
        let digits = view.skip_blanks(at + b"Private-Lines:".len());
        let end = const { Set::new(r"\d") }.run(view.text, digits, view.limit.min(digits + 4));
        block.lines = std::str::from_utf8(&view.text[digits..end])
            .ok()?
            .parse()
            .ok()?;
        return Some((block, end));
    }
    let label = at + b"-----BEGIN".len();
    let end = const { Set::new("A-Z0-9 _") }.run(view.text, label, view.limit.min(label + 100));
    if !view.has(end, b"-----") {
        return None;
    }
    let label = &view.text[label..end];
    let private = memchr::memmem::find(label, b"PRIVATE KEY").is_some();
    private.then_some((block, end + 5))
}

/// Reads the body from `at` on. Answers where it stopped, and the block when it only ran out of
/// window.
pub(crate) fn read(
    view: &View<'_>,
    at: usize,
    mut block: Block,
    found: &mut Found,
) -> (usize, Option<Block>) {
    let mut at = at;
    loop {
        if at >= view.limit {
            return (at, Some(block));
        }
        let line_end = view.line_end(at);
        if line_end > 0 {
            at += line_end;
            if block.lines != usize::MAX && block.begun {
                block.lines -= 1;
                if block.lines == 0 {
                    return (at, None);
                }
            }
            if block.signed && matches!(view.byte(at), b'+' | b'-' | b' ') {
                at += 1;
            }
            continue;
        }
        let byte = view.text[at];
        if SEPARATORS.has(byte) || byte == b'+' && matches!(view.byte(at + 1), b' ' | b'\n' | b'\r')
        {
            at += 1;
            continue;
        }
        if byte == b'\\' {
            let slashes = view.backslashes(at);
            // An escaped quote, tab or line continuation.
            let skip = usize::from(matches!(view.byte(at + slashes), b't' | b'"' | b'\''));
            at += slashes + skip;
            continue;
        }
        if view.has(at, b"-----") {
            return (at, None);
        }
        let Some(end) = piece(view, at, &mut block) else {
            return (at, None);
        };
        if end > at && !is_header(view, at, end) {
            block.begun = true;
            found.secret(at, end);
            at = end;
        } else {
            let over = line_over(view, at);
            if !view.has(at, b"DEK-Info") {
                tokens(view, end, over, found);
            }
            at = over;
        }
    }
}

/// The long runs of a header's value: its line is passed over, and a token may stand in it.
fn tokens(view: &View<'_>, at: usize, end: usize, found: &mut Found) {
    let mut at = at;
    while at < end {
        let stop = BODY.run(view.text, at, end);
        if stop - at >= FIRST_PIECE {
            found.secret(at, stop);
        }
        at = stop.max(at + 1);
    }
}

/// The end of a piece of body at `at`; `None` when something else stands there.
fn piece(view: &View<'_>, at: usize, block: &mut Block) -> Option<usize> {
    let mut end = at;
    loop {
        end = BODY.run(view.text, end, view.limit);
        // `\/` is how some serialisers write a slash.
        let slashes = view.backslashes(end);
        if slashes > 0 && view.byte(end + slashes) == b'/' {
            end += slashes + 1;
            continue;
        }
        break;
    }
    // The end marker may follow at once.
    if let Some(index) = memchr::memmem::find(&view.text[at..end], b"-----") {
        end = at + index;
    }
    if end == at {
        return None;
    }
    if is_header(view, at, end) {
        return Some(end);
    }
    let long = end - at >= FIRST_PIECE;
    let ends = end >= view.limit
        || view.line_end(end) > 0
        || SEPARATORS.has(view.byte(end))
        || matches!(view.byte(end), b'\\' | b'-' | b'<');
    let alone = end >= view.limit
        || view.line_end(view.skip_blanks(end)) > 0
        || matches!(view.byte(end), b'"' | b'\'' | b'`' | b'\\')
        || view.has(view.skip_blanks(end), b"-----");
    (ends && (long || block.begun && alone)).then_some(end)
}

/// `Proc-Type: 4,ENCRYPTED` and the like.
fn is_header(view: &View<'_>, at: usize, end: usize) -> bool {
    view.byte(end) == b':'
        && matches!(view.byte(end + 1), b' ')
        && end - at < 32
        && view.text[at..end]
            .iter()
            .all(|byte| byte.is_ascii_alphabetic() || *byte == b'-')
}

fn line_over(view: &View<'_>, at: usize) -> usize {
    let mut at = at;
    while at < view.limit && view.line_end(at) == 0 {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests;
