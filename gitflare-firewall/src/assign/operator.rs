//! What stands between a name and its value: operators of every common language, types, and the
//! calls and brackets that only wrap a literal.

use super::{
    Operator, Reader, has_digit_or_symbol,
    key::VERBS,
    limits::{LONGEST_NAME, NAME},
    members::{is_entry, takes_entry},
    strength::Strength,
    value::{contains, is_commit_id},
    words::{FILLS, LOOKS_UP, METHODS, WRAPS},
};
use crate::{chance::Profile, shape::Set, text::View};

impl Reader<'_, '_> {
    /// The operator at `at` and where it ends.
    pub(super) fn operator(&self, at: usize, quoted: bool) -> Option<(Operator, usize)> {
        let view = self.view;
        let next = view.byte(at + 1);
        if (!quoted || view.before(at) == b')')
            && matches!(view.byte(at), b',' | b'/')
            && let Some(value) = filled(view, self.key.start, at)
        {
            return Some((Operator::Compare, value));
        }
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
                if end > at + 1 && view.byte(end) == b' ' && view.quote(end + 1).is_some() {
                    // A hidden member of Jsonnet.
                    return Some((Operator::Assign, end));
                }
                // `module::name` is a path.
                (end == at + 1).then_some((Operator::Assign, end))
            }
            b'&' if view.has(at, b"&gt;") => Some((Operator::Element, at + 4)),
            b'.' if next.is_ascii_alphabetic() => {
                method(view, at).map(|value| (Operator::Compare, value))
            }
            b'w' if quoted && view.has(at, b"with ") => {
                // A step of a test: `fill in "Password" with "..."`.
                let quote = view.quote(at + 5)?;
                let start = at + 5 + quote.len;
                let (end, _) = view.quoted_end(start, quote);
                has_digit_or_symbol(&view.text[start..end]).then_some((Operator::Assign, at + 5))
            }
            b's' | b'\n' | b'\r' if quoted => promised(view, at).map(|end| (Operator::Assign, end)),
            b'{' if view.quote(at + 1).is_some() => Some((Operator::Assign, at + 1)),
            // `fetch("password") { "..." }`
            b'{' if quoted && view.has(at - 2, b") ") && view.quote(at + 2).is_some() => {
                Some((Operator::Assign, at + 2))
            }
            b',' if !quoted && tuple(view, self.key.start, at).is_some() => {
                tuple(view, self.key.start, at).map(|value| (Operator::Assign, value))
            }
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
            // `get("password"), "next"`: the call is over.
            b',' if quoted && view.before(at) != b')' => Some((Operator::Comma, at + 1)),
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
            b'%' => encoded_operator(view, at).map(|end| (Operator::Assign, end)),
            b'\\' if view.has(at, b"\\u003d") => Some((Operator::Assign, at + 6)),
            b'\\' if view.has(at, b"\\u003e") => Some((Operator::Element, at + 6)),
            0xEF if view.has(at, "：".as_bytes()) || view.has(at, "＝".as_bytes()) => {
                Some((Operator::Assign, at + 3))
            }
            0xE2 if view.has(at, "∶".as_bytes()) => Some((Operator::Assign, at + 3)),
            0xE3 if view.has(at, "「".as_bytes()) => Some((Operator::Assign, at)),
            0xE3 | 0xE4 | 0xE6 | 0xE7 | 0xEB | 0xEC => VERBS
                .iter()
                .find(|verb| view.has(at, verb.as_bytes()))
                .map(|_| {
                    let end = at + 3;
                    let colon = if view.has(end, "：".as_bytes()) {
                        3
                    } else {
                        0
                    };
                    (
                        Operator::Assign,
                        end + colon + usize::from(view.byte(end) == b':'),
                    )
                }),
            b'<' if view.has(at, b"<<< ") => Some((Operator::Assign, at + 4)),
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
            if byte == b'[' && view.has(end, b"[]byte(") && view.quote(end + 7).is_some() {
                return end + 7;
            }
            if matches!(byte, b'(' | b'[' | b'@' | b'$' | b'{')
                && (view.quote(view.skip_blanks(end + 1)).is_some())
            {
                end = view.skip_blanks(end + 1);
                break;
            }
            if let Some(value) = behind_tag(view, end) {
                return value;
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
                if let Some(piece) = view
                    .has(stop, b"([]string{")
                    .then(|| stop + b"([]string{".len())
                    .filter(|piece| view.quote(*piece).is_some())
                {
                    return piece;
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
        if name.eq_ignore_ascii_case(b"join") || name == b"implode" {
            return self.joined(at);
        }
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

    /// The first piece in a call that joins its arguments or a list, behind what it puts between.
    fn joined(&self, at: usize) -> Option<usize> {
        let view = self.view;
        let quote = view.quote(at)?;
        let (end, closed) = view.quoted_end(at + quote.len, quote);
        let comma = view.skip_blanks(end + quote.len);
        if !closed || end > at + quote.len + 2 || view.byte(comma) != b',' {
            return None;
        }
        let list = view.skip_blanks(comma + 1);
        let piece = view.skip_blanks(list + usize::from(view.byte(list) == b'['));
        view.quote(piece).map(|_| piece)
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
        if view.before(self.key.start) == b'-' {
            // `["--password", "x1y2z3"]`
            return takes_flag(&view.text[start..end]);
        }
        let value = &view.text[start..end];
        let Some(open) = call_before(view, self.key.start) else {
            return is_entry(view, self.key.start) && takes_entry(view, value, end);
        };
        // A digest that something of a provider's is listed with.
        if self.key.strength == Strength::Provider && value.len() == 64 && is_commit_id(value) {
            return false;
        }
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

/// The literal of `{password, "x1y2z3"}`, a pair of Erlang and its kin, whose comma stands at `at`.
pub(super) fn tuple(view: &View<'_>, start: usize, at: usize) -> Option<usize> {
    let value = view.skip_blanks(at + 1);
    let binary = usize::from(view.has(value, b"<<")) * 2;
    let quote = view.quote(value + binary)?;
    let (end, closed) = view.quoted_end(value + binary + quote.len, quote);
    let over = end + quote.len + usize::from(view.has(end + quote.len, b">>")) * binary;
    (closed && view.before(start) == b'{' && view.byte(over) == b'}').then_some(value + binary)
}

/// Behind the operator of a promise of CFEngine: `"password" string => "..."`, on one line or two.
pub(super) fn promised(view: &View<'_>, at: usize) -> Option<usize> {
    const TYPE: &[u8] = b"string =>";
    let word = view.next_line(at).unwrap_or(at);
    view.has(word, TYPE).then_some(word + TYPE.len())
}

/// Behind the `=` or `:` of a query at `at`, encoded once or twice, and blanks encoded alike.
fn encoded_operator(view: &View<'_>, at: usize) -> Option<usize> {
    const SIGNS: [&[u8]; 6] = [b"%3D", b"%3d", b"%3A", b"%3a", b"%253D", b"%253A"];
    let mut end = at + SIGNS.iter().find(|sign| view.has(at, sign))?.len();
    while view.has(end, b"%20") {
        end += 3;
    }
    Some(end)
}

/// Whether an argument behind a flag is its value.
fn takes_flag(value: &[u8]) -> bool {
    !value.starts_with(b"-")
        && !value.contains(&b' ')
        && (has_digit_or_symbol(value) || value.len() >= 12 && Profile::of(value).is_random())
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
    [
        &b"strcmp("[..],
        b"strncmp(",
        b"casecmp(",
        b"strcpy(",
        b"strncpy(",
    ]
    .iter()
    .any(|name| callee.ends_with(&name[name.len().saturating_sub(8)..]))
}

/// Where the quote closes that is compared with the name at `at`, at most `reach` before it.
pub(super) fn compared(view: &View<'_>, at: usize, reach: usize) -> Option<usize> {
    let floor = view.floor.max(at.saturating_sub(reach));
    // The sign of a comparison stands before everything that is passed over.
    let sign = floor + memchr::memrchr2(b'=', b'(', &view.text[floor..at])?;
    if COMPARED.run(view.text, sign + 1, at) < at {
        return None;
    }
    let mut at = sign + 1;
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

/// The literal that a call writes into the field that the name at `start..at` stands for:
/// `user.type(passwordInput, '...')`, `fill(getByLabel(/password/i), "...")`.
pub(super) fn filled(view: &View<'_>, start: usize, at: usize) -> Option<usize> {
    const CLOSES: Set = Set::new("/im'\"`)]");
    /// How events of a page carry what was typed.
    const EVENT: &[u8] = b"{ target: { value: ";
    let comma = CLOSES.run(view.text, at, view.limit.min(at + 6));
    let mut value = view.skip_blanks(comma + 1);
    if view.has(value, EVENT) {
        value += EVENT.len();
    }
    if view.byte(comma) != b',' || view.quote(value).is_none() {
        return None;
    }
    let floor = view.floor.max(start.saturating_sub(80 + LONGEST_NAME));
    let call = &view.text[view.line_start(start).max(floor)..start];
    memchr::memchr_iter(b'(', call)
        .any(|open| {
            let word = call[..open]
                .iter()
                .rposition(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_')
                .map_or(0, |index| index + 1);
            FILLS.has(&call[word..open])
        })
        .then_some(value)
}

/// The literal in `.equals("...")`, `.type('...')` and their kin, or in `.value = "..."`, whose
/// point stands at `at`.
pub(super) fn method(view: &View<'_>, at: usize) -> Option<usize> {
    let end = const { Set::new(r"\w") }.run(view.text, at + 1, view.limit.min(at + 20));
    let name = &view.text[at + 1..end];
    if name == b"value" || name == b"text" {
        let operator = view.skip_blanks(end);
        let value = view.skip_blanks(operator + 1);
        return (view.byte(operator) == b'=' && view.quote(value).is_some()).then_some(value);
    }
    if view.byte(end) != b'(' || !METHODS.has(name) {
        return None;
    }
    let mut value = view.skip_blanks(end + 1);
    if view.byte(value) == b'|' {
        // `.unwrap_or_else(|_| "...")`
        let over = const { Set::new(r"\w ") }.run(view.text, value + 1, view.limit.min(value + 16));
        value = view.skip_blanks(over + 1);
    }
    view.quote(value).map(|_| value)
}

/// `name Type = "..."`: behind the operator after a type that blanks alone join to the name.
pub(super) fn declared(view: &View<'_>, at: usize) -> Option<usize> {
    let basic = view.has(at, b"As ") || view.has(at, b"as ");
    let at = at + usize::from(basic) * 3;
    let end = DECLARED.run(view.text, at, view.limit.min(at + 40));
    let operator = view.skip_blanks(end);
    let over = operator + usize::from(view.byte(operator) == b':');
    (end > at
        && view.byte(over) == b'='
        && view.byte(over + 1) != b'='
        && view.quote(view.skip_blanks(over + 1)).is_some())
    .then_some(over + 1)
}

/// Behind the tag or the anchor of YAML at `at`: `!!str value`, `&anchor value`.
fn behind_tag(view: &View<'_>, at: usize) -> Option<usize> {
    let is_tag = match view.byte(at) {
        b'!' => view.has(at, b"!!str"),
        b'&' => NAME.has(view.byte(at + 1)),
        _ => false,
    };
    if !is_tag || !view.language.is_config() {
        return None;
    }
    let end = const { Set::new(r"\w!&-") }.run(view.text, at, view.limit.min(at + 48));
    let value = view.skip_blanks(end);
    (view.byte(end) == b' ' && !view.ends_line(value)).then_some(value)
}

/// Where the operator stands behind a remark on the name whose blanks end at `at`:
/// `token (staging): ...`, `password for the shop: ...`.
pub(super) fn behind_remark(view: &View<'_>, at: usize) -> Option<usize> {
    const INSIDE: Set = Set::new(r"\w ,./'+-").with_letters();
    let limit = view.limit.min(at + LONGEST_REMARK);
    let end = match view.byte(at) {
        byte @ (b'(' | b'[') => {
            let end = INSIDE.run(view.text, at + 1, limit);
            let close = if byte == b'(' { b')' } else { b']' };
            if end == at + 1 || view.byte(end) != close {
                return None;
            }
            const { Set::new("*") }.run(view.text, end + 1, view.limit.min(end + 3))
        }
        byte if REMARK.has(byte) => {
            let word = const { Set::new(" ") }.run_until(view.text, at, view.limit.min(at + 8));
            if !REMARKS
                .iter()
                .any(|known| known.as_bytes() == &view.text[at..word])
            {
                return None;
            }
            let end = INSIDE.run(view.text, word, limit);
            let words = view.text[word..end].split(|byte| *byte == b' ');
            let words = words.filter(|word| !word.is_empty()).count();
            let is_set_off = view.before(end) == b' ' && view.byte(end) != b'=';
            if is_set_off || !(1..=4).contains(&words) {
                return None;
            }
            end
        }
        _ => return None,
    };
    let operator = view.skip_blanks(end);
    let next = view.byte(operator + 1);
    (matches!(view.byte(operator), b':' | b'=') && !matches!(next, b':' | b'=' | b'>' | b'~'))
        .then_some(operator)
}

/// What [`REMARKS`] begin with.
const REMARK: Set = Set::new("aidfoptvzF").with(0xD0);
/// Words that begin a remark on a name, in several languages.
pub(super) const REMARKS: &[&str] = &[
    "for", "of", "on", "in", "at", "FOR", "from", "für", "von", "zu", "zum", "zur", "pour", "de",
    "du", "des", "para", "do", "da", "del", "per", "di", "voor", "van", "för", "till", "til",
    "dla", "от", "для", "к", "на", "в",
];
/// The longest remark between a name and its operator, in bytes.
const LONGEST_REMARK: usize = 48;
const DECLARED: Set = Set::new(r"\w.*?<>[]");
pub(super) const CALL: Set = Set::new(r"\w.:&!*-");
pub(super) const TYPE: Set = Set::new(r"\w<>&*?[]. '|:");
