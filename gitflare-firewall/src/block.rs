//! Key blocks: PEM, OpenSSH, PGP and PuTTY private keys, line by line, through diff signs, quotes,
//! escaped line ends, concatenation, indentation and whatever else stands before every line. Each piece of the body becomes a tag of its
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
    /// What stands before the marker on its line and then before every line of the body: the sign
    /// of a comment, a number, `key += "`.
    prefix: Prefix,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Prefix {
    bytes: [u8; LONGEST_PREFIX],
    len: usize,
}

const LONGEST_PREFIX: usize = 24;

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
        prefix: Prefix::between(view, line + usize::from(signed), at),
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
    let end = const { Set::new("A-Z0-9 _%+") }.run(view.text, label, view.limit.min(label + 100));
    if !view.has(end, b"-----") {
        return None;
    }
    let label = &view.text[label..end];
    let private = [&b"PRIVATE KEY"[..], b"PRIVATE%20KEY", b"PRIVATE+KEY"]
        .iter()
        .any(|word| memchr::memmem::find(label, word).is_some());
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
    // The marker counts as a piece of its line.
    let mut pieces = usize::from(!block.begun);
    let mut demanded = false;
    loop {
        if at >= view.limit {
            return (at, Some(block));
        }
        let line_end = line_end(view, at);
        if line_end > 0 {
            at += line_end;
            pieces = 0;
            if block.lines != usize::MAX && block.begun {
                block.lines -= 1;
                if block.lines == 0 {
                    return (at, None);
                }
            }
            if block.signed && matches!(view.byte(at), b'+' | b'-' | b' ') {
                at += 1;
            }
            let text = block.prefix.skip(view, at);
            if demanded && text == at {
                return (at, None);
            }
            at = text;
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
            if pieces == 0 || block.prefix.len == 0 || !is_rest(view, at) {
                return (at, None);
            }
            // What ends a statement around a piece: `" >> key.pem`. Behind the marker it makes a
            // key only of lines that begin as the marker's does.
            demanded |= !block.begun;
            at = line_over(view, at);
            continue;
        };
        if end > at && !is_header(view, at, end) {
            block.begun = true;
            pieces += 1;
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
        if [&b"%2B"[..], b"%2F", b"%3D", b"%2b", b"%2f", b"%3d"]
            .iter()
            .any(|sign| view.has(end, sign))
        {
            end += 3;
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
        || line_end(view, end) > 0
        || SEPARATORS.has(view.byte(end))
        || matches!(view.byte(end), b'\\' | b'-' | b'<');
    let alone = end >= view.limit
        || line_end(view, view.skip_blanks(end)) > 0
        || matches!(view.byte(end), b'"' | b'\'' | b'`' | b'\\')
        || view.has(view.skip_blanks(end), b"-----");
    (ends && (long || block.begun && alone)).then_some(end)
}

impl Prefix {
    /// What stands in `from..to`, when it is more than blanks and quotes.
    fn between(view: &View<'_>, from: usize, to: usize) -> Self {
        let from = view.skip_blanks(from).min(to);
        let text = &view.text[from..to];
        if text.len() > LONGEST_PREFIX || text.iter().all(|byte| SEPARATORS.has(*byte)) {
            return Self::default();
        }
        let mut bytes = [0; LONGEST_PREFIX];
        bytes[..text.len()].copy_from_slice(text);
        Self {
            bytes,
            len: text.len(),
        }
    }

    /// Behind the prefix, if it begins the line at `at`; its numbers may differ.
    fn skip(&self, view: &View<'_>, at: usize) -> usize {
        const DIGITS: Set = Set::new(r"\d");
        let mut end = view.skip_blanks(at);
        let mut index = 0;
        while index < self.len {
            if self.bytes[index].is_ascii_digit() && DIGITS.has(view.byte(end)) {
                index = DIGITS.run(&self.bytes, index, self.len);
                end = DIGITS.run(view.text, end, view.limit);
                continue;
            }
            if view.byte(end) != self.bytes[index] {
                return at;
            }
            index += 1;
            end += 1;
        }
        end
    }
}

/// The bytes of a line end at `at`, in the spellings of markup and links too.
fn line_end(view: &View<'_>, at: usize) -> usize {
    let end = view.line_end(at);
    if end > 0 || !matches!(view.byte(at), b'<' | b'&' | b'%') {
        return end;
    }
    [
        &b"<br>"[..],
        b"<br/>",
        b"<br />",
        b"&#10;",
        b"&#13;",
        b"&#xA;",
        b"&#xD;",
        b"%0A",
        b"%0D",
        b"%0a",
        b"%0d",
    ]
    .into_iter()
    .find(|spelling| view.has(at, spelling))
    .map_or(0, <[u8]>::len)
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

/// Whether nothing but the end of a statement stands from `at` to the end of the line: nothing that
/// could be a secret of its own, for it is passed over.
fn is_rest(view: &View<'_>, at: usize) -> bool {
    let text = &view.text[at..line_over(view, at)];
    text.len() <= LONGEST_REST
        && !text.iter().any(|byte| matches!(byte, b'=' | b':' | b'@'))
        && text
            .split(|byte| !BODY.has(*byte))
            .all(|run| run.len() < 12)
}

const LONGEST_REST: usize = 40;

fn line_over(view: &View<'_>, at: usize) -> usize {
    let mut at = at;
    while at < view.limit && view.line_end(at) == 0 {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests;
