//! Key blocks: PEM, OpenSSH, PGP and PuTTY private keys, line by line, through diff signs, quotes,
//! escaped line ends, comments, calls and concatenation. Each piece of the body becomes a tag of
//! its own, so that the number of lines stays, and so do the markers around a body. What is not a
//! body ends the block; a block without an end marker is withheld as far as it goes, and of one
//! without a beginning, as a hunk may show it, the lines before its end.

pub(crate) mod middle;

use crate::{
    chance::Profile,
    shape::Set,
    span::Matches,
    tag::{TAG_LEN, TAG_NAME, TAG_PREFIX},
    text::{LOOKBACK, View},
};

/// How a block is laid out, kept while it goes on beyond the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// Every line begins with the sign of a diff.
    signed: bool,
    /// A piece of body was seen already.
    begun: bool,
    /// Lines left, for blocks that are counted.
    lines: usize,
    /// Where in its line the last long piece began: a short last one begins there too.
    column: usize,
    /// The marker or a piece stands on this line: what follows it is decoration.
    fed: bool,
    /// Where the marker stands.
    marker: Option<(usize, usize)>,
    /// The first piece is no tag: the markers go with it.
    bare: bool,
}

/// A piece shorter than this does not begin a body.
const FIRST_PIECE: usize = 16;
/// A piece alone on the line after the marker may be this short.
const FIRST_ALONE: usize = 8;
/// The last piece, after others, may be this short.
const LAST_PIECE: usize = 4;
/// How long the decoration of a line may be: `# `, `builder.append("`, `" + Environment.NewLine +`.
const DECORATION: usize = 64;
impl Block {
    /// The same, for when the text before it is no longer there.
    pub(crate) const fn further(self) -> Self {
        Self {
            marker: None,
            ..self
        }
    }
}

/// What is decided at a place depends on no more bytes after it, but for the length of a run.
const MARGIN: usize = 256;
/// Headers between a marker and its body, of which every window sees as much.
const LONGEST_HEADERS: usize = 4096;
/// A marker is no longer than this.
const LONGEST_MARKER: usize = 110;
/// What may follow a piece of body on its line, and its line end.
const AFTER_PIECE: Set = Set::new("\r\n \t\"'`,;.)&\\\\");
/// What the lines of a diff begin with.
const SIGNS: Set = Set::new("+ -");
const DASH: Set = Set::new("-");
const BODY: Set = Set::new(r"\w+/=-");
const SEPARATORS: Set = Set::new(" \t\"'`,;.()&|[]{}");

/// The block whose marker `-----BEGIN` or `Private-Lines:` begins at `at`, and where its body
/// begins; `None` when it holds no private key.
pub(crate) fn open(view: &View<'_>, at: usize) -> Option<(Block, usize)> {
    let over = view.line_over(at);
    let mut block = Block {
        signed: is_signed(view, at, over + view.line_end(over)),
        begun: false,
        lines: usize::MAX,
        column: usize::MAX,
        fed: true,
        marker: None,
        bare: false,
    };
    if view.has(at, b"Private-Lines:") {
        let digits = view.skip_blanks(at + b"Private-Lines:".len());
        let end = const { Set::new(r"\d") }.run(view.text, digits, view.limit.min(digits + 4));
        block.lines = std::str::from_utf8(&view.text[digits..end])
            .ok()?
            .parse()
            .ok()?;
        return is_alone(view, end).then_some((block, end));
    }
    let dashes = DASH.run(view.text, at, view.limit.min(at + 5));
    let end = label(view, at, b"BEGIN")?;
    block.marker = Some((at, end));
    (dashes >= at + 4).then_some((block, end))
}

/// Whether the line of a marker at `at` begins with the sign of a diff, and the line beside it too.
fn is_signed(view: &View<'_>, at: usize, beside: usize) -> bool {
    let line = view.line_start(at);
    at > line && SIGNS.has(view.byte(line)) && SIGNS.has(view.byte(beside))
}

/// The end of the marker at `at` of a private key, whose first word is `word`.
fn label(view: &View<'_>, at: usize, word: &[u8]) -> Option<usize> {
    let limit = view.limit.min(at + LONGEST_MARKER);
    let first = view.skip_blanks(DASH.run(view.text, at, limit));
    let end = const { Set::new("A-Za-z0-9 _%+") }.run(view.text, first, limit);
    let words = &view.text[first..end];
    let stop = DASH.run(view.text, end, view.limit.min(end + 5));
    let is = |text: &[u8], name: &[u8]| text.eq_ignore_ascii_case(name);
    let private = [&b"PRIVATE KEY"[..], b"PRIVATE%20KEY", b"PRIVATE+KEY"]
        .iter()
        .any(|name| words.windows(name.len()).any(|text| is(text, name)));
    let begins = words.get(..word.len()).is_some_and(|text| is(text, word));
    (private && begins && stop >= end + 4).then_some(stop)
}

/// The last lines of a body whose end marker stands at `at`, although nobody saw where it began.
/// Answers where the marker ends.
pub(crate) fn tail(view: &View<'_>, at: usize, found: &mut Matches) -> Option<usize> {
    let marker = label(view, at, b"END")?;
    let mut line = view.line_start(at);
    let signed = is_signed(view, at, view.line_start(before_line(view, line)));
    let mut pieces = Vec::new();
    while line > view.floor {
        let end = before_line(view, line);
        line = view.line_start(end);
        let from = line + usize::from(signed);
        let start = BODY.run_back(view.text, end, from.min(end));
        let body = &view.text[start..end];
        let fits = is_body(body) || pieces.is_empty() && body.len() >= LAST_PIECE;
        // A line that the view cuts is not known to be one.
        let is_tag = view.text[view.floor..start].ends_with(TAG_PREFIX.as_bytes());
        let is_cut = line == view.floor && at >= LOOKBACK;
        if is_cut || !fits || start - from > DECORATION || is_tag {
            break;
        }
        pieces.push((start, end));
    }
    // One short line may be anything.
    if pieces.iter().any(|(start, end)| end - start >= FIRST_PIECE) {
        found.secret(at, marker);
        for (start, end) in pieces {
            found.secret(start, end);
        }
    }
    Some(marker)
}

/// Where the text of the line before the one at `line` ends, less what may follow a piece of body.
fn before_line(view: &View<'_>, line: usize) -> usize {
    let mut end = line;
    loop {
        let byte = view.before(end);
        let escape = matches!(byte, b'n' | b'r') && view.before(end - 1) == b'\\';
        let joint = byte == b'+' && view.before(end - 1) == b' ';
        if end <= view.floor || !(escape || joint || AFTER_PIECE.has(byte)) {
            return end;
        }
        end -= 1 + usize::from(escape);
    }
}

/// Reads the body from `at` on. Answers where it stopped, and the block when it only ran out of
/// window. Other anchors among its lines count as they do elsewhere.
pub(crate) fn read(
    view: &View<'_>,
    at: usize,
    mut block: Block,
    found: &mut Matches,
) -> (usize, Option<Block>) {
    let start = at;
    let mut at = at;
    loop {
        // Whatever the window, a decision sees the same bytes.
        if at >= view.limit || at > start && at + MARGIN > view.limit {
            return (at, Some(block));
        }
        let line_end = view.line_end(at);
        if line_end > 0 {
            at += line_end;
            block.fed = false;
            if block.lines != usize::MAX && block.begun {
                block.lines -= 1;
                if block.lines == 0 {
                    return (at, None);
                }
            }
            if block.signed && SIGNS.has(view.byte(at)) {
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
        if byte == b'\\' && !is_spelled(view, at) {
            let slashes = view.backslashes(at);
            // An escaped quote, tab or line continuation.
            let skip = usize::from(matches!(view.byte(at + slashes), b't' | b'"' | b'\''));
            at += slashes + skip;
            continue;
        }
        if view.has(at, b"----") {
            let marker = label(view, at, b"END").filter(|_| block.bare);
            if let Some(end) = marker {
                found.secret(at, end);
            }
            return (marker.unwrap_or(at), None);
        }
        let Some(end) = piece(view, at, &block) else {
            match decoration(view, at, &block) {
                Some(next) => at = next,
                None => return (at, None),
            }
            continue;
        };
        if is_header(view, at, end) {
            let over = view.line_over(at);
            if !view.has(at, b"DEK-Info") {
                tokens(view, end, over, found);
            }
            at = over;
            continue;
        }
        if end - at >= FIRST_PIECE {
            block.column = at - view.line_start(at);
        }
        if !block.begun {
            // Behind a tag the markers are something else: those of this block had gone with it.
            block.bare = tag(view, at).is_none();
            if let Some((start, end)) = block.marker.filter(|_| block.bare)
                && at - end < LONGEST_HEADERS
            {
                found.secret(start, end);
            }
        }
        (block.begun, block.fed) = (true, true);
        found.secret(at, end);
        at = end;
    }
}

/// Where the line goes on behind its decoration: at a piece, a header, the end marker, or its end
/// when the piece stands before; `None` when the line is none of the block's.
fn decoration(view: &View<'_>, at: usize, block: &Block) -> Option<usize> {
    if tag(view, at).is_some() {
        return None;
    }
    let limit = view.limit.min(at + DECORATION);
    let mut next = run(view, at).max(at + 1);
    while next < limit && view.line_end(next) == 0 {
        if view.has(next, b"----") {
            return Some(next);
        }
        if tag(view, next).is_some() {
            // Filtered before: every piece has its tag, and this one need not be of the block.
            return None;
        }
        let end = run(view, next);
        let is_last = block.begun
            && end - next >= LAST_PIECE
            && next - view.line_start(next) == block.column
            && is_alone(view, end);
        if is_last || is_body(&view.text[next..end]) || is_header(view, next, end) {
            return Some(next);
        }
        next = end.max(next + 1);
    }
    // An empty line of a comment has its sign alone.
    let bare = next - at <= 2;
    (view.line_end(next) > 0 && (block.fed || bare)).then_some(next)
}

/// Whether a run among other text is a piece of a body rather than a name.
fn is_body(run: &[u8]) -> bool {
    run.len() >= FIRST_PIECE && (run.len() >= 60 || Profile::of(run).is_random())
}

/// The long runs of a header's value: its line is passed over, and a token may stand in it.
fn tokens(view: &View<'_>, at: usize, end: usize, found: &mut Matches) {
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
fn piece(view: &View<'_>, at: usize, block: &Block) -> Option<usize> {
    // A tag stands where a piece stood before.
    let end = tag(view, at).unwrap_or_else(|| run(view, at));
    if end == at {
        return None;
    }
    if is_header(view, at, end) {
        return Some(end);
    }
    let ends = end >= view.limit
        || view.line_end(end) > 0
        || SEPARATORS.has(view.byte(end))
        || matches!(view.byte(end), b'\\' | b'-' | b'<' | b'%');
    let len = end - at;
    let fits = if block.begun && block.fed && BODY.has(view.before(at)) {
        // The window cut the run.
        true
    } else if !is_alone(view, end) {
        is_body(&view.text[at..end]) || tag(view, at).is_some()
    } else if block.begun {
        len >= LAST_PIECE
    } else if block.fed {
        len >= FIRST_PIECE
    } else {
        len >= FIRST_ALONE
    };
    (ends && fits).then_some(end)
}

/// The end of the run of a body's characters, in all their spellings, that begins at `at`.
fn run(view: &View<'_>, at: usize) -> usize {
    let mut end = at;
    loop {
        end = BODY.run(view.text, end, view.limit);
        let slashes = view.backslashes(end);
        // `\/` is how some serialisers write a slash.
        if slashes > 0 && view.byte(end + slashes) == b'/' {
            end += slashes + 1;
        } else if is_spelled(view, end) {
            end += slashes + if slashes > 0 { 5 } else { 3 };
        } else {
            break;
        }
    }
    // The end marker or a tag may follow at once.
    if view.byte(end) == b':' && view.text[at..end].ends_with(TAG_NAME) {
        end -= TAG_NAME.len();
    }
    memchr::memmem::find(&view.text[at..end], b"----").map_or(end, |index| at + index)
}

/// The end of the tag at `at`.
fn tag(view: &View<'_>, at: usize) -> Option<usize> {
    let digits = const { Set::new(r"\x") };
    let end = at + TAG_LEN;
    (view.has(at, TAG_PREFIX.as_bytes())
        && digits.run(view.text, at + TAG_PREFIX.len(), view.limit.min(end)) == end)
        .then_some(end)
}

/// Whether `+`, `/` or `=` stands at `at` as `\u002b` or `%2B`.
fn is_spelled(view: &View<'_>, at: usize) -> bool {
    let slashes = view.backslashes(at);
    let (from, len) = if slashes > 0 {
        (at + slashes, 5)
    } else {
        (at, 3)
    };
    view.text[..view.limit]
        .get(from..from + len)
        .is_some_and(|text| {
            let code = if slashes > 0 {
                text.strip_prefix(b"u00")
            } else {
                text.strip_prefix(b"%")
            };
            code.is_some_and(|code| {
                [&b"2b"[..], b"2f", b"3d"]
                    .iter()
                    .any(|sign| sign.eq_ignore_ascii_case(code))
            })
        })
}

/// Whether nothing but the end of a line or of a literal follows a piece that ends at `end`.
fn is_alone(view: &View<'_>, end: usize) -> bool {
    let next = view.skip_blanks(end);
    end >= view.limit
        || view.line_end(next) > 0
        || view.has(next, b"----")
        || matches!(
            view.byte(end),
            b'"' | b'\'' | b'`' | b'\\' | b'<' | b'&' | b'%'
        )
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

#[cfg(test)]
mod tests;
