//! Kubernetes Secrets in JSON: the values of `"data"`, on one line or several, as far as the window
//! goes. What kind the object is says the `"kind"` before or behind.

use crate::{
    link::is_secret,
    span::Matches,
    text::{LOOKAHEAD, View},
};

/// The values of the JSON object behind `"data":`, when the object around it is a Secret.
pub(super) fn read(view: &View<'_>, at: usize, found: &mut Matches) {
    let name_end = at + b"data".len();
    let Some(quote) = view.quote(name_end) else {
        return;
    };
    let colon = view.skip_blanks(name_end + quote.len);
    let open = view.skip_blanks(colon + 1);
    if view.byte(colon) != b':' || view.byte(open) != b'{' {
        return;
    }
    let mut values = Vec::new();
    let mut place = open + 1;
    let close = loop {
        let Some(index) = memchr::memchr3(b'"', b'}', b'{', &view.text[place..view.limit]) else {
            break view.limit;
        };
        let byte = view.text[place + index];
        // The quote of this depth of escaping.
        let start = place + index - view.backslashes_before(place + index);
        if byte != b'"' {
            break place + index;
        }
        let Some(quote) = view.quote(start) else {
            break view.limit;
        };
        let text = start + quote.len;
        let (end, closed) = view.quoted_end(text, quote);
        let next = view.skip_blanks(end + quote.len);
        if !closed || view.byte(next) != b':' {
            values.push((text, end));
        }
        place = end + quote.len;
        if place >= view.limit {
            break view.limit;
        }
    };
    let is_strings = view.text[view.floor..at].ends_with(b"string");
    if is_strings || is_kind_beside(view, at, close) {
        for (start, end) in values {
            if is_secret(&view.text[start..end]) {
                found.secret(start, end);
                if end == view.limit {
                    found.mark_truncated(end);
                }
            }
        }
    }
}

/// Whether a `"kind": "Secret"` stands before `at` or behind `close`.
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
    let limit = view.limit.min(close + LOOKAHEAD / 4);
    is_kind(&view.text[view.floor..at]) || close < limit && is_kind(&view.text[close..limit])
}
