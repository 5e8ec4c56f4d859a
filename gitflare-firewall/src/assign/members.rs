//! Values in members beside or below the one that the name stands in: `"value"` and `"default"` of
//! an object or a mapping, and pairs whose value comes before their name.

use super::{Operator, Reader, bare::ends_in, form::Form, has_digit_or_symbol, words::PLACES};
use crate::{shape::Set, span::Matches, text::View};

/// How far a member may be from its name.
const REACH: usize = 300;
/// Members between a name and its value.
const MOST_MEMBERS: usize = 4;
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

    /// After `"password"`, the member that holds the value: `value="..."`, `, "value": "..."`, also
    /// behind other members where the name is the value of `name` or `key`.
    pub(super) fn sibling(&self, at: usize) -> Option<usize> {
        let view = self.view;
        let mut at = at;
        for others in 0..=MOST_MEMBERS {
            if view.byte(at) == b',' {
                at = view
                    .next_line(at + 1)
                    .unwrap_or_else(|| view.skip_blanks(at + 1));
            } else if let Some(next) = view.next_line(at) {
                at = next;
            }
            if view.byte(at) == b'-' {
                at = view.skip_blanks(at + 1);
            }
            let quote = view.quote(at);
            let start = at + quote.map_or(0, |quote| quote.len);
            if view.byte(at) == b'{' {
                return self.default_inside(at + 1);
            }
            if let Some(word) = value_word(view, start) {
                let mut end = start + word.len();
                if let Some(closing) = view.quote(end) {
                    end += closing.len;
                }
                end = view.skip_blanks(end);
                return matches!(view.byte(end), b'=' | b':').then_some(end + 1);
            }
            at = member_end(view, at)?;
            if others == 0 && !is_member_name(view, self.key.start) {
                return None;
            }
        }
        None
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

    /// The value of a tag whose attribute the name is, behind further attributes that begin at `at`:
    /// in `value="..."`, or the text of the element.
    pub(super) fn in_tag(&self, at: usize, quoted: bool) -> Option<(Operator, usize)> {
        let view = self.view;
        if !quoted {
            return (view.byte(at).is_ascii_alphabetic() && is_element(view, self.key.start))
                .then(|| after_attributes(view, at))
                .flatten()
                .map(|inside| (Operator::Element, inside));
        }
        if !is_attribute(view, self.key.start) {
            return None;
        }
        let limit = view.limit.min(at + REACH);
        let end = at + memchr::memchr2(b'<', b'>', view.text.get(at..limit)?)?;
        let rest = &view.text[at..end];
        for word in [&b" value="[..], b" Value=", b" content="] {
            if let Some(index) = memchr::memmem::find(rest, word) {
                return Some((Operator::Assign, at + index + word.len()));
            }
        }
        (view.byte(end) == b'>' && !rest.ends_with(b"/") && rest.contains(&b'='))
            .then_some((Operator::Element, end + 1))
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

/// The name of the member at `at`, if it is one that holds values.
pub(super) fn value_word(view: &View<'_>, at: usize) -> Option<&'static [u8]> {
    const WORDS: [&[u8]; 7] = [
        b"value",
        b"Value",
        b"VALUE",
        b"content",
        b"default",
        b"val",
        b"ParameterValue",
    ];
    if !matches!(view.byte(at), b'v' | b'V' | b'c' | b'd' | b'P') {
        return None;
    }
    WORDS.into_iter().find(|word| view.has(at, word))
}

/// Whether the name with a word at `at` is the value of a member `name` or `key`.
pub(super) fn is_member_name(view: &View<'_>, at: usize) -> bool {
    const JOINT: Set = Set::new("\"'\\\\: ");
    let floor = view.floor.max(at.saturating_sub(80));
    let dotted = const { Set::new(r"\w.:/-") }.run_back(view.text, at, floor);
    let joint = JOINT.run_back(view.text, dotted, floor);
    let name = &view.text[floor..joint];
    (ends_in(name, b"name") || ends_in(name, b"key")) && view.text[joint..dotted].contains(&b':')
}

/// Where the member at `at` ends whose value is a literal or a word: before the comma or the line
/// end behind it.
fn member_end(view: &View<'_>, at: usize) -> Option<usize> {
    const WORD: Set = Set::new(r"\w");
    const PLAIN: Set = Set::new(r"\w .()-");
    let opening = view.quote(at).map_or(0, |quote| quote.len);
    let name = WORD.run(view.text, at + opening, view.limit.min(at + 40));
    let colon = name + view.quote(name).map_or(0, |quote| quote.len);
    if name == at + opening || view.byte(colon) != b':' {
        return None;
    }
    let value = view.skip_blanks(colon + 1);
    let end = match view.quote(value) {
        Some(quote) => view.quoted_end(value + quote.len, quote).0 + quote.len,
        None => PLAIN.run(view.text, value, view.limit.min(value + 120)),
    };
    (end > value && (view.byte(end) == b',' || view.line_end(end) > 0)).then_some(end)
}

/// Whether the name with a word at `at` is the value of an attribute: `name="password"`.
pub(super) fn is_attribute(view: &View<'_>, at: usize) -> bool {
    let start = const { Set::new(r"\w.:/-") }.run_back(
        view.text,
        at,
        view.floor.max(at.saturating_sub(64)),
    );
    matches!(view.before(start), b'"' | b'\'')
        && [&b" name="[..], b" key=", b" type=", b" Name=", b" Key="]
            .iter()
            .any(|name| view.text[view.floor..start - 1].ends_with(name))
}

/// The value of the member before the one that names the text at `at`.
pub(super) fn value_before(view: &View<'_>, at: usize) -> Option<(usize, usize)> {
    const JOINTS: Set = Set::new(" \t\r\n,\"'+-");
    let floor = view.floor.max(at.saturating_sub(REACH));
    let dotted = const { Set::new(r"\w.-") }.run_back(view.text, at, floor);
    match view.before(dotted) {
        b'"' | b'\'' | b' ' | b':' | b'=' => {}
        b'>' => return element_before(view, floor, dotted),
        _ => return None,
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
        .any(|word| ends_in(&view.text[start..name], word))
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

/// The text of `<value>...</value>` before the `<name>` or `<key>` that ends at `at`.
fn element_before(view: &View<'_>, floor: usize, at: usize) -> Option<(usize, usize)> {
    let before = &view.text[floor..at];
    let before = before
        .strip_suffix(b"<name>")
        .or(before.strip_suffix(b"<key>"))?;
    let before = before.trim_ascii_end().strip_suffix(b"</value>")?;
    let start = memchr::memrchr(b'>', before)? + 1;
    before[..start]
        .ends_with(b"<value>")
        .then_some((floor + start, floor + before.len()))
}

/// Whether the quoted name with a word at `at` is the first of a list inside a list, as pairs are
/// written in JSON: `[["password", "x1y2z3"]]`.
pub(super) fn is_entry(view: &View<'_>, at: usize) -> bool {
    const QUOTES: Set = Set::new("\"'\\\\");
    let floor = view.floor.max(at.saturating_sub(64));
    let name = const { Set::new(r"\w.-") }.run_back(view.text, at, floor);
    let bracket = QUOTES.run_back(view.text, name, floor);
    let before = view.text[floor..bracket.max(floor + 1) - 1].trim_ascii_end();
    bracket < name
        && view.before(bracket) == b'['
        && before
            .last()
            .is_some_and(|byte| matches!(byte, b'[' | b','))
}

/// Whether the last of such a list, which ends at `end`, is a value and no further name.
pub(super) fn takes_entry(view: &View<'_>, value: &[u8], end: usize) -> bool {
    let over = end + view.quote(end).map_or(0, |quote| quote.len);
    let digits = value
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    view.byte(view.skip_blanks(over)) == b']'
        && has_digit_or_symbol(value)
        && !value.starts_with(b"-")
        && !value.contains(&b' ')
        && !PLACES.has(&value[..value.len() - digits])
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

/// Whether the name at `at` is that of an element: `<Password`, `<wsse:Password`.
pub(super) fn is_element(view: &View<'_>, at: usize) -> bool {
    const NAME: Set = Set::new(r"\w.:-");
    let start = NAME.run_back(view.text, at, view.floor.max(at.saturating_sub(64)));
    view.before(start) == b'<'
}

/// Behind the tag whose attributes stand at `at`.
fn after_attributes(view: &View<'_>, at: usize) -> Option<usize> {
    let limit = view.limit.min(at + REACH);
    let end = at + memchr::memchr2(b'<', b'>', view.text.get(at..limit)?)?;
    let rest = &view.text[at..end];
    (view.byte(end) == b'>' && !rest.ends_with(b"/") && rest.contains(&b'=')).then_some(end + 1)
}
