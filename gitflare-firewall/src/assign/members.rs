//! Values in members beside or below the one that the name stands in: `"value"` and `"default"` of
//! an object or a mapping, and pairs whose value comes before their name.

use super::{Operator, Reader, form::Form};
use crate::{shape::Set, span::Matches, text::View};

/// How far a member may be from its name.
const REACH: usize = 300;
/// Lines of a mapping that are looked at.
const MOST_LINES: usize = 8;

impl Reader<'_, '_> {
    /// The member that holds the value in the object that opens at `at`: parameters of Azure, of
    /// CloudFormation. False when no member follows the bracket.
    pub(super) fn object(&self, at: usize, found: &mut Matches) -> bool {
        let view = self.view;
        let limit = view.limit.min(at + REACH);
        let mut place = space(view, at + 1, limit);
        let mut is_object = false;
        for _ in 0..MOST_LINES {
            let Some(quote) = view.quote(place) else {
                break;
            };
            let name = place + quote.len;
            let (name_end, closed) = view.quoted_end(name, quote);
            let colon = view.skip_blanks(name_end + quote.len);
            if !closed || view.byte(colon) != b':' {
                break;
            }
            is_object = true;
            let value = view.skip_blanks(colon + 1);
            if holds_value(&view.text[name..name_end]) {
                if view.quote(value).is_some() {
                    self.after_operator(value, Operator::Assign, found);
                }
                break;
            }
            let end = match view.quote(value) {
                Some(quote) => view.quoted_end(value + quote.len, quote).0 + quote.len,
                None => const { Set::new(",}\r\n") }.run_until(view.text, value, limit),
            };
            let comma = space(view, end, limit);
            if view.byte(comma) != b',' {
                break;
            }
            place = space(view, comma + 1, limit);
        }
        is_object
    }

    /// The member that holds the value in the mapping whose first line begins at `at`.
    pub(super) fn below(&self, at: usize, found: &mut Matches) {
        let view = self.view;
        if !view.language.is_config() {
            return;
        }
        let indent = |text: usize| text - view.line_start(text);
        let first = indent(at);
        let mut line = at;
        for _ in 0..MOST_LINES {
            if indent(line) < first || line >= view.limit {
                return;
            }
            let end = const { Set::new(r"\w") }.run(view.text, line, view.limit);
            if indent(line) == first
                && view.byte(end) == b':'
                && holds_value(&view.text[line..end])
                && !view.ends_line(view.skip_blanks(end + 1))
            {
                return self.after_operator(end + 1, Operator::Assign, found);
            }
            let over = view.line_over(line);
            match view.next_line(over) {
                Some(next) => line = next,
                None => return,
            }
        }
    }

    /// The value before its name: `"value": "x", "name": "API_TOKEN"`.
    pub(super) fn sibling_before(&self, found: &mut Matches) {
        let view = self.view;
        let Some((start, end)) = value_before(view, self.key.start) else {
            return;
        };
        self.propose(start, end, Form::Quoted, found);
    }
}

/// The value of the member before the one that names the text at `at`.
pub(super) fn value_before(view: &View<'_>, at: usize) -> Option<(usize, usize)> {
    const JOINTS: Set = Set::new(" \t\r\n,\"'+-");
    let floor = view.floor.max(at.saturating_sub(REACH));
    let dotted = const { Set::new(r"\w.-") }.run_back(view.text, at, floor);
    if !matches!(view.before(dotted), b'"' | b'\'' | b' ' | b':' | b'=') {
        return None;
    }
    let quote = const { Set::new("\"'") }.run_back(view.text, dotted, floor);
    let operator = const { Set::new(" ") }.run_back(view.text, quote, floor);
    if !matches!(view.before(operator), b':' | b'=') {
        return None;
    }
    let name = const { Set::new("\"' ") }.run_back(view.text, operator - 1, floor);
    let start = const { Set::new(r"\w") }.run_back(view.text, name, floor);
    if ![&b"name"[..], b"key"]
        .iter()
        .any(|word| view.text[start..name].eq_ignore_ascii_case(word))
    {
        return None;
    }
    let joint = JOINTS.run_back(view.text, start, floor);
    let word = memchr::memmem::rfind(&view.text[floor..joint], b"alue")? + floor;
    let value = const { Set::new("\"' :=") }.run(view.text, word + b"alue".len(), joint);
    let is_operator = view.text[word + b"alue".len()..value]
        .iter()
        .any(|byte| matches!(byte, b':' | b'='));
    let is_value = is_operator && matches!(view.before(word), b'v' | b'V');
    // Nothing but the value stands between.
    let plain = !view.text[value..joint]
        .iter()
        .any(|byte| matches!(byte, b'"' | b'\'' | b'{' | b'}' | b'\n' | b'<' | b' '));
    (is_value && plain && value < joint).then_some((value, joint))
}

fn holds_value(name: &[u8]) -> bool {
    [&b"value"[..], b"default", b"defaultvalue"]
        .iter()
        .any(|word| name.eq_ignore_ascii_case(word))
}

/// After blanks and line ends.
fn space(view: &View<'_>, at: usize, limit: usize) -> usize {
    let mut at = at;
    while at < limit {
        let blank = view.skip_blanks(at);
        at = blank + view.line_end(blank);
        if at == blank {
            return at;
        }
    }
    at
}
