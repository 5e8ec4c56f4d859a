//! Kubernetes Secrets in JSON and in the flow style of YAML: the values of `"data"` in braces, on
//! one line or several, as far as the window goes. What kind the object is says the `"kind"` before
//! or behind.

use crate::{
    link::is_secret,
    shape::Set,
    span::Matches,
    text::{LOOKAHEAD, View},
};

/// The values of the object behind the `data:` at `at`, quoted or not, when the object around it is
/// a Secret.
pub(super) fn read(view: &View<'_>, at: usize, found: &mut Matches) {
    let name_end = at + b"data".len();
    let quote = view.quote(name_end);
    // Without quotes it is YAML, or an object of a program.
    if quote.is_none() && !view.language.is_unknown() && !view.language.is_config() {
        return;
    }
    let colon = view.skip_blanks(name_end + quote.map_or(0, |quote| quote.len));
    let open = view.skip_blanks(colon + 1);
    if view.byte(colon) != b':' || view.byte(open) != b'{' {
        return;
    }
    let before = &view.text[view.floor..at];
    let is_strings = before.ends_with(b"string");
    if !is_strings && before.last().is_some_and(u8::is_ascii_alphanumeric) {
        // `metadata`
        return;
    }
    let (values, close) = values(view, open + 1);
    if is_strings || is_kind_beside(view, at, close) {
        hash(view, values, found);
    }
}

/// The values of the object that opens at `open`, which is known to be a Secret's.
pub(super) fn all(view: &View<'_>, open: usize, found: &mut Matches) {
    hash(view, values(view, open + 1).0, found);
}

fn hash(view: &View<'_>, values: Vec<(usize, usize)>, found: &mut Matches) {
    for (start, end) in values {
        if is_secret(&view.text[start..end]) {
            found.secret(start, end);
            if end == view.limit {
                found.mark_truncated(end);
            }
        }
    }
}

/// The values of the members from `at` on, and where the object closes or an inner one opens.
fn values(view: &View<'_>, at: usize) -> (Vec<(usize, usize)>, usize) {
    const BETWEEN: Set = Set::new(" \t\r,:+-");
    const SCALAR_END: Set = Set::new(",{}\"\r\n\\\\");
    let mut values = Vec::new();
    let mut place = at;
    while place < view.limit {
        place += view.line_end(place);
        if let Some(quote) = view.quote(place).filter(|quote| quote.byte != b'`') {
            let text = place + quote.len;
            let (end, closed) = view.quoted_end(text, quote);
            place = end + quote.len;
            if !closed || view.byte(view.skip_blanks(place)) != b':' {
                values.push((text, end));
            }
            continue;
        }
        match view.byte(place) {
            b'{' | b'}' => return (values, place),
            b'#' => place = view.line_over(place),
            byte if BETWEEN.has(byte) => place += 1,
            _ => {
                let end = SCALAR_END.run_until(view.text, place, view.limit);
                let scalar = &view.text[place..end];
                match memchr::memmem::find(scalar, b": ") {
                    Some(colon) => place += colon + 1,
                    // A name whose value is on the next line.
                    None if scalar.ends_with(b":") => place = end,
                    None => {
                        values.push((place, place + scalar.trim_ascii_end().len()));
                        place = end.max(place + 1);
                    }
                }
            }
        }
    }
    (values, view.limit)
}

/// Whether a `"kind": "Secret"` stands before `at` or behind `close`, in the same document.
fn is_kind_beside(view: &View<'_>, at: usize, close: usize) -> bool {
    let is_kind = |text: &[u8]| {
        memchr::memmem::find_iter(text, b"kind").any(|index| {
            let value = text[index + 4..]
                .iter()
                .position(u8::is_ascii_alphabetic)
                .filter(|gap| *gap <= 10)
                .map_or(&b""[..], |gap| &text[index + 4 + gap..]);
            value.starts_with(b"Secret") && !value.get(6).is_some_and(u8::is_ascii_alphanumeric)
        })
    };
    let before = &view.text[view.floor..at];
    let before = &before[memchr::memmem::rfind(before, b"\n---").unwrap_or(0)..];
    let behind = &view.text[close..view.limit.min(close + LOOKAHEAD / 4).max(close)];
    let behind = &behind[..memchr::memmem::find(behind, b"\n---").unwrap_or(behind.len())];
    is_kind(before) || is_kind(behind)
}
