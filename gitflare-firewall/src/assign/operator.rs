//! What stands between a name and its value: operators of every common language, types, and the
//! calls and brackets that only wrap a literal.

use super::{
    Operator, Reader, has_digit_or_symbol,
    limits::{LONGEST_NAME, NAME},
    value::contains,
    words::{LOOKS_UP, METHODS, WRAPS},
};
use crate::{chance::Profile, shape::Set, text::View};

impl Reader<'_, '_> {
    /// The operator at `at` and where it ends.
    pub(super) fn operator(&self, at: usize, quoted: bool) -> Option<(Operator, usize)> {
        let view = self.view;
        let next = view.byte(at + 1);
        match view.byte(at) {
            b'=' => match next {
                b'=' => Some((
                    Operator::Compare,
                    at + 2 + usize::from(view.byte(at + 2) == b'='),
                )),
                // `Kind::Secret => "secret"` tells cases apart and assigns nothing.
                b'>' if !quoted && view.text[..self.key.start].ends_with(b"::") => None,
                b'>' => Some((Operator::Assign, at + 2)),
                b'~' => None,
                b'3' if view.has(at, b"=3D") => Some((Operator::Assign, at + 3)),
                _ => Some((Operator::Assign, at + 1)),
            },
            b'!' if next == b'=' => Some((
                Operator::Compare,
                at + 2 + usize::from(view.byte(at + 2) == b'='),
            )),
            b':' => {
                let mut end = at;
                while view.byte(end) == b':' {
                    end += 1;
                }
                if view.byte(end) == b'=' {
                    return Some((Operator::Assign, end + 1));
                }
                // `module::name` is a path.
                (end == at + 1).then_some((Operator::Assign, end))
            }
            b'&' if view.has(at, b"&gt;") => Some((Operator::Element, at + 4)),
            b'.' if next.is_ascii_alphabetic() => {
                method(view, at).map(|value| (Operator::Compare, value))
            }
            b'{' if view.quote(at + 1).is_some() => Some((Operator::Assign, at + 1)),
            b'?' | b'+' | b'.' | b'|' | b'&' => {
                let end = at + 1 + usize::from(next == view.byte(at));
                // `x ?? "default"`, `x || "default"`, `x ?: "default"`
                let double = end == at + 2 || view.has(at, b"?:");
                if double && view.quote(view.skip_blanks(at + 2)).is_some() {
                    return Some((Operator::Assign, at + 2));
                }
                (view.byte(end) == b'=' && view.byte(end + 1) != b'=')
                    .then_some((Operator::Assign, end + 1))
            }
            b'-' if next == b'>' => Some((Operator::Assign, at + 2)),
            b'<' if next == b'-' => Some((Operator::Assign, at + 2)),
            b',' if quoted => Some((Operator::Comma, at + 1)),
            b',' if is_compared(view, self.key.start) => Some((Operator::Compare, at + 1)),
            b'(' if !quoted => argument(view, at + 1).map(|value| (Operator::Call, value)),
            b'o' if !quoted && view.has(at, b"or ") => view
                .quote(view.skip_blanks(at + 3))
                .map(|_| (Operator::Assign, at + 3)),
            b'e' if view.has(at, b"encoding=") && view.before(self.key.start) == b'<' => {
                let end = view.limit.min(at + 40);
                memchr::memchr(b'>', &view.text[at..end])
                    .map(|index| (Operator::Element, at + index + 1))
            }
            b'>' if self.in_element(quoted) => Some((Operator::Element, at + 1)),
            b'%' if view.has(at, b"%3D") || view.has(at, b"%3d") || view.has(at, b"%3A") => {
                Some((Operator::Assign, at + 3))
            }
            b'\\' if view.has(at, b"\\u003d") => Some((Operator::Assign, at + 6)),
            b'\\' if view.has(at, b"\\u003e") => Some((Operator::Element, at + 6)),
            0xEF if view.has(at, "：".as_bytes()) => Some((Operator::Assign, at + 3)),
            0xE3 if view.has(at, "は「".as_bytes()) => Some((Operator::Assign, at + 3)),
            0xE3 if view.has(at, "「".as_bytes()) => Some((Operator::Assign, at)),
            _ => None,
        }
    }

    /// Whether the name stands in a tag: `<password>`, `<property name="password">`.
    pub(super) fn in_element(&self, quoted: bool) -> bool {
        let start = const { Set::new(r"\w.:-") }.run_back(
            self.view.text,
            self.key.start,
            self.view.floor.max(self.key.start.saturating_sub(64)),
        );
        self.view.before(start) == b'<' || quoted
    }

    /// Prefixes of literals, brackets and calls that only wrap them: `b"`, `@"`, `["`,
    /// `String::from("`, `new Secret("`, `getenv("X", "`.
    pub(super) fn skip_wrappers(&self, at: usize) -> usize {
        let view = self.view;
        let mut end = at;
        for _ in 0..4 {
            end = view.skip_blanks(end);
            let byte = view.byte(end);
            if byte == b'<' && view.byte(end + 1) == b'<' && view.quote(end + 2).is_some() {
                // `<<"...">>` of Erlang.
                return end + 2;
            }
            if matches!(byte, b'(' | b'[' | b'@' | b'$' | b'{')
                && (view.quote(view.skip_blanks(end + 1)).is_some())
            {
                end = view.skip_blanks(end + 1);
                break;
            }
            if NAME.has(byte) || byte == b'&' {
                let stop = CALL.run(view.text, end, view.limit.min(end + 48));
                let word = &view.text[end..stop];
                // `&'a str` is a lifetime.
                let is_lifetime = word.ends_with(b"&") && view.byte(stop) == b'\'';
                let literal = view.quote(stop).is_some()
                    && !is_lifetime
                    && (word.len() <= 2 || word == b"Str")
                    && !word.contains(&b'-');
                if literal {
                    return stop;
                }
                if view.byte(stop) == b'(' && view.quote(view.skip_blanks(stop + 1)).is_some() {
                    let inside = view.skip_blanks(stop + 1);
                    return self.in_call(word, inside).unwrap_or(at);
                }
                if word.starts_with(b"new")
                    || word == b"await"
                    || word == b"return"
                    || word == b"pure"
                {
                    let rest = view.skip_blanks(stop);
                    if rest > stop {
                        end = rest;
                        continue;
                    }
                }
                return at;
            }
            break;
        }
        end
    }

    /// The literal in a call: the only argument, or the default after a looked-up name.
    pub(super) fn in_call(&self, callee: &[u8], at: usize) -> Option<usize> {
        let view = self.view;
        let callee = callee.strip_suffix(b"!").unwrap_or(callee);
        if callee.starts_with(b"include_") {
            // The name of a file.
            return None;
        }
        let name = callee.rsplit(|byte| !byte.is_ascii_alphanumeric()).next()?;
        if !LOOKS_UP.has(name) {
            return WRAPS.has(name).then_some(at);
        }
        let quote = view.quote(at)?;
        let (end, closed) = view.quoted_end(at + quote.len, quote);
        if !closed {
            return None;
        }
        let next = view.skip_blanks(end + quote.len);
        if view.byte(next) == b',' {
            let value = view.skip_blanks(next + 1);
            return view.quote(value).map(|_| value);
        }
        if view.byte(next) == b')' {
            // `getenv("X") ?: "default"`
            let next = view.skip_blanks(next + 1);
            for operator in [&b"?:"[..], b"??", b"||", b"or "] {
                if view.has(next, operator) {
                    let value = view.skip_blanks(next + operator.len());
                    return view.quote(value).map(|_| value);
                }
            }
        }
        None
    }

    /// `password: String = "..."`: behind the type and its `=`.
    pub(super) fn after_type(&self, at: usize) -> Option<usize> {
        let view = self.view;
        let mut colon = at;
        while view.before(colon) == b' ' {
            colon -= 1;
        }
        if view.before(colon) != b':' {
            return None;
        }
        let end = TYPE.run(view.text, at, view.limit.min(at + 48));
        let generated = end - at >= 12 && Profile::of(&view.text[at..end]).is_random();
        let end = view.skip_blanks(end);
        (end > at
            && !generated
            && view.byte(end) == b'='
            && !matches!(view.byte(end + 1), b'=' | b'>')
            && view.before(self.key.start) != b'&')
            .then_some(end + 1)
    }

    /// Whether `("name", "value")` is a name and its value rather than two members of a list.
    pub(super) fn takes_argument(&self, start: usize, end: usize) -> bool {
        let view = self.view;
        let Some(open) = call_before(view, self.key.start) else {
            return false;
        };
        let value = &view.text[start..end];
        if has_digit_or_symbol(value) && !value.contains(&b' ') {
            return true;
        }
        // A call that sets something by name takes weak words too.
        let callee = NAME.run_back(view.text, open - 1, view.floor.max(open.saturating_sub(40)));
        let callee = view.text[callee..open - 1].to_ascii_lowercase();
        [
            &b"set"[..],
            b"put",
            b"define",
            b"add",
            b"env",
            b"prop",
            b"get",
            b"with",
            b"fetch",
            b"string",
            b"default",
        ]
        .iter()
        .any(|word| contains(&callee, word))
    }
}

/// Behind the bracket before the name at `at` that is the first argument of a call.
fn call_before(view: &View<'_>, at: usize) -> Option<usize> {
    let floor = view.floor.max(at.saturating_sub(64));
    let mut open = const { Set::new(r"\w.-") }.run_back(view.text, at, floor);
    while open > view.floor && matches!(view.before(open), b'"' | b'\'' | b'\\' | b' ') {
        open -= 1;
    }
    (view.before(open) == b'(').then_some(open)
}

/// Whether the name with a word at `at` may be the first argument of a call.
pub(super) fn is_argument(view: &View<'_>, at: usize) -> bool {
    let name = NAME.run_back(
        view.text,
        at,
        view.floor.max(at.saturating_sub(LONGEST_NAME)),
    );
    call_before(view, name).is_some() || call_before(view, at).is_some()
}

/// Whether the name at `at` is the first argument of a comparison: `strcmp(password, "...")`.
pub(super) fn is_compared(view: &View<'_>, at: usize) -> bool {
    let floor = view.floor.max(at.saturating_sub(64));
    let start = const { Set::new(r"\w.>-") }.run_back(view.text, at, floor);
    let callee = &view.text[view.floor.max(start.saturating_sub(8))..start];
    [&b"strcmp("[..], b"strncmp(", b"casecmp("]
        .iter()
        .any(|name| callee.ends_with(&name[name.len().saturating_sub(8)..]))
}

/// Where the quote closes that is compared with the name at `at`, at most `reach` before it.
pub(super) fn compared(view: &View<'_>, at: usize, reach: usize) -> Option<usize> {
    let floor = view.floor.max(at.saturating_sub(reach));
    let mut at = COMPARED.run_back(view.text, at, floor);
    if at == floor && floor > view.floor {
        return None;
    }
    if let Some(callee) = view.text[view.floor..at].strip_suffix(b".equals(") {
        at = view.floor + callee.len();
    } else if view.before(at) != b'=' || !matches!(view.before(at - 1), b'=' | b'!') {
        return None;
    }
    while matches!(view.before(at), b'=' | b'!' | b' ') {
        at -= 1;
    }
    matches!(view.before(at), b'"' | b'\'').then_some(at)
}

const COMPARED: Set = Set::new(r"\w .$@-");

/// The literal after a `(`, or in a call that only wraps it.
pub(super) fn argument(view: &View<'_>, at: usize) -> Option<usize> {
    let at = view.skip_blanks(at);
    if view.quote(at).is_some() {
        return Some(at);
    }
    let end = CALL.run(view.text, at, view.limit.min(at + 32));
    let name = view.text[at..end]
        .rsplit(|byte| !byte.is_ascii_alphanumeric())
        .next()?;
    let inside = view.skip_blanks(end + 1);
    (view.byte(end) == b'(' && WRAPS.has(name) && view.quote(inside).is_some()).then_some(inside)
}

/// The literal in `.equals("...")`, `.type('...')` and their kin, whose point stands at `at`.
pub(super) fn method(view: &View<'_>, at: usize) -> Option<usize> {
    let end = const { Set::new(r"\w") }.run(view.text, at + 1, view.limit.min(at + 20));
    let value = view.skip_blanks(end + 1);
    (view.byte(end) == b'(' && METHODS.has(&view.text[at + 1..end]) && view.quote(value).is_some())
        .then_some(value)
}

/// `name Type = "..."`: behind the operator after a type that blanks alone join to the name.
pub(super) fn declared(view: &View<'_>, at: usize) -> Option<usize> {
    let end = DECLARED.run(view.text, at, view.limit.min(at + 40));
    let operator = view.skip_blanks(end);
    let over = operator + usize::from(view.byte(operator) == b':');
    (end > at
        && view.byte(over) == b'='
        && view.byte(over + 1) != b'='
        && view.quote(view.skip_blanks(over + 1)).is_some())
    .then_some(over + 1)
}

const DECLARED: Set = Set::new(r"\w.*?<>[]");
pub(super) const CALL: Set = Set::new(r"\w.:&!*-");
pub(super) const TYPE: Set = Set::new(r"\w<>&*?[]. '|:");
