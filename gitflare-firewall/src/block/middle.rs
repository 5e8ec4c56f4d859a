//! Lines from the middle of a private key, as a hunk shows them when neither marker is near: two or
//! more lines of base64 of the width that keys are wrapped at, from the hunk's first line on. A
//! certificate or a public key looks the same there; what its end marker does not tell apart is
//! withheld.

use crate::{chance::Profile, shape::Set, span::Matches, text::View};

/// The widths of PEM (RFC 7468) and of OpenSSH.
const WIDTHS: [usize; 2] = [64, 70];
/// The last line of a body is shorter.
const SHORTEST: usize = 4;
const BASE64: Set = Set::new("A-Za-z0-9+/");
/// What may follow a line of the body that stands in a literal.
const AFTER: Set = Set::new("\"'`,;+. )&");

/// Reads the hunk whose header holds `@@ -` at `at`.
pub(crate) fn read(view: &View<'_>, at: usize, found: &mut Matches) {
    // A combined diff has a sign for every parent.
    if at - view.line_start(at) > 8 {
        return;
    }
    let mut lines = Vec::new();
    let (mut width, mut over) = (0, view.line_over(at));
    let heading_end = over;
    let title = heading(view, at, over);
    while let Some(start) = view.next_line(over) {
        let start = start + view.quote(start).map_or(0, |quote| quote.len);
        let run = BASE64.run(view.text, start, view.limit);
        let end = Set::new("=").run(view.text, run, view.limit.min(run + 2));
        let len = end - start;
        let is_full = WIDTHS.contains(&len) && (width == 0 || width == len);
        let is_last = width > len && len >= SHORTEST;
        let next = after(view, end);
        if !is_full && !is_last || !view.ends_line(next) {
            over = start;
            break;
        }
        lines.push((start, end));
        width = width.max(len);
        over = next;
    }
    let full = lines.iter().filter(|(start, end)| end - start == width);
    let is_public = view.has(over, b"-----END") && !is_private(view, over);
    if full.clone().count() >= 2
        && !is_public
        && full
            .map(|(start, end)| Profile::of(&view.text[*start..*end]))
            .all(|line| line.is_random() && line.upper > 0 && line.lower > 0)
    {
        for (start, end) in lines {
            found.secret(start, end);
        }
        // Another line of the same key.
        if let Some(start) = title.filter(|start| is_body(view, *start, heading_end)) {
            found.secret(start, heading_end);
        }
    } else if let Some(start) = title.and_then(|start| cut_value(view, start, heading_end)) {
        found.secret(start, heading_end);
    }
}

/// Where the heading behind `@@ -1,2 +1,2 @@ ` begins, if there is one.
fn heading(view: &View<'_>, at: usize, over: usize) -> Option<usize> {
    let line = view.text.get(at + 4..over)?;
    let start = at + 4 + memchr::memmem::find(line, b"@@ ")? + 3;
    (start < over).then_some(start)
}

/// Whether the text at `start..end` is nothing but a line of base64.
fn is_body(view: &View<'_>, start: usize, end: usize) -> bool {
    let start = view.skip_blanks(start);
    let run = BASE64.run(view.text, start, end);
    run - start >= SHORTEST && Set::new("=").run(view.text, run, end) == end
}

/// Where a value begins that Git cut with its heading: behind a quote that nothing closes, or in a
/// line of base64.
fn cut_value(view: &View<'_>, start: usize, end: usize) -> Option<usize> {
    if end - start < CUT - 3 {
        return is_full_line(view, start, end).then_some(start);
    }
    let mut open = None;
    let mut at = start;
    while at < end {
        let byte = view.text[at];
        match open {
            None if matches!(byte, b'"' | b'\'' | b'`') => open = Some((byte, at + 1)),
            Some((quote, _)) if byte == quote => open = None,
            _ => {}
        }
        at += 1 + usize::from(byte == b'\\');
    }
    let value = open.map(|(_, value)| value).filter(|value| *value < end);
    value.or_else(|| is_full_line(view, start, end).then_some(start))
}

/// Whether the heading is a whole line of a key, by its width and look.
fn is_full_line(view: &View<'_>, start: usize, end: usize) -> bool {
    let line = Profile::of(&view.text[start..end]);
    WIDTHS.contains(&(end - start))
        && is_body(view, start, end)
        && line.is_random()
        && line.upper > 0
        && line.lower > 0
        && line.digits > 0
}

/// Git cuts headings at so many bytes, and no character in two.
const CUT: usize = 80;

/// After the end of the literal that a line stands in: `abc\n" +`.
fn after(view: &View<'_>, end: usize) -> usize {
    let escape = view.backslashes(end);
    let letter = usize::from(escape > 0 && view.byte(end + escape) == b'n');
    let quote = end + letter * (escape + 1);
    if view.quote(quote).is_some() {
        AFTER.run(view.text, quote, view.limit)
    } else {
        end
    }
}

fn is_private(view: &View<'_>, at: usize) -> bool {
    let marker = &view.text[at..view.line_over(at)];
    memchr::memmem::find(marker, b"PRIVATE").is_some()
}
