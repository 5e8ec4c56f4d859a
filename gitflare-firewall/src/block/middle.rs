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
    }
}

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
