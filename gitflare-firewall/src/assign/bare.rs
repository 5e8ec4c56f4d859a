//! Values without quotes: where they stand decides what they may be and where they end. A query, a
//! list of pairs and a configuration file each have their own rules; in source code only comments,
//! literals and generated texts hold values.

use super::{
    Operator, Reader,
    chosen::is_chosen_or_generated,
    code::is_in_text,
    form::Form,
    limits::{BARE_END, LONGEST_BARE, NAME, reach},
    near::{beneath, has_run, near, takes_nearby},
    strength::Strength,
    value::{is_header, is_names},
};
use crate::{chance::Profile, language::Language, shape::Set, span::Matches, text::View};

impl Reader<'_, '_> {
    /// Proposes the unquoted value at `at`.
    pub(super) fn bare(&self, at: usize, operator: Operator, found: &mut Matches) {
        if self.view.language != Language::Code {
            return self.bare_value(at, operator, found);
        }
        // An unquoted word of code is a name, unless it stands in a text or looks generated.
        let view = View {
            language: Language::Unknown,
            ..*self.view
        };
        let reader = Reader {
            view: &view,
            key: self.key,
        };
        let before = found.checkpoint();
        reader.bare_value(at, operator, found);
        let generated = |start: usize, end: usize| {
            let value = &view.text[start..end];
            let profile = Profile::of(value);
            value.len() >= SHORTEST_IN_CODE
                && profile.digits >= 2
                && profile.symbols == 0
                && profile.is_random()
                && !is_names(value)
        };
        let is_header = is_header(&view.text[self.key.start..self.key.end]);
        if !is_header
            && found.spans[before.0..]
                .iter()
                .any(|span| !generated(span.start, span.end))
            && !is_in_text(self.view, self.key.start)
        {
            found.rollback(before);
        }
    }

    fn bare_value(&self, at: usize, operator: Operator, found: &mut Matches) {
        let view = self.view;
        if self.key.strength == Strength::Header {
            return self.scheme_value(at, found);
        }
        if self.key.strength == Strength::Pin {
            return;
        }
        // `**value**`, as Markdown sets it off.
        let stars = usize::from(view.language.is_unknown() && view.has(at, b"**")) * 2;
        let at = at + stars;
        let at = self.second_word(at).unwrap_or(at);
        let tight = at == self.key.end + 1;
        // `${NAME:-default}`
        let is_default = tight && in_braces(view, self.key.start);
        let at = at + usize::from(is_default && matches!(view.byte(at), b'-' | b'=' | b'+' | b'?'));
        if tight && view.byte(self.key.end) == b':' && view.before(self.key.start) == b':' {
            // A part of a name, as in `arn:aws:secretsmanager:region:account:secret:name`.
            return;
        }
        if tight && view.before(self.key.start) == b';' && view.byte(at) == b'{' {
            // `Password={...}` of a connection string.
            let limit = view.limit.min(at + LONGEST_BARE);
            let end = PAIR_END.run_until(view.text, at, limit);
            let end = memchr::memchr(b'}', &view.text[at..limit]).map_or(end, |index| at + index);
            return self.propose(at + 1, end, Form::Pair, found);
        }
        let (end, form) = self.extent(at, tight, operator);
        let mut end = view.escape_in(at, end);
        if view.byte(self.key.end) == b'%' {
            // An escaped `&` or quote ends an escaped value.
            for sign in [&b"%26"[..], b"%22", b"%2C", b"%7D", b"%5D"] {
                let value = &view.text[at..end];
                end = memchr::memmem::find(value, sign).map_or(end, |index| at + index);
            }
        }
        let is_loose = form != Form::Pair && !view.language.is_config();
        while end > at
            && (matches!(view.text[end - 1], b',' | b' ' | b'\t')
                || is_loose && matches!(view.text[end - 1], b'.' | b')' | b':')
                || stars > 0 && view.text[end - 1] == b'*')
        {
            end -= 1;
        }
        if is_loose {
            // `**Passwords are kept**: ...`
            let value = &view.text[at..end];
            end = at + value.strip_suffix(b"**").unwrap_or(value).len();
            end = before_exclamation(view.text, at, end);
        }
        // `_value_` likewise.
        let is_underlined = view.language.is_unknown()
            && view.byte(at) == b'_'
            && end > at + 2
            && view.text[end - 1] == b'_';
        let (at, mut end) = (
            at + usize::from(is_underlined),
            end - usize::from(is_underlined),
        );
        end = self.without_tail(at, end);
        if view.byte(end) != b'(' {
            self.propose(at, end, form, found);
            self.continued(end, found);
        }
    }

    /// The secret of a user and a secret that a slash or a colon joins, under a name of both:
    /// `creds: bob / x1y2z3`, `user/password: bob/x1y2z3`.
    pub(super) fn second_word(&self, at: usize) -> Option<usize> {
        let view = self.view;
        let name = &view.text[self.key.start..self.key.end];
        let names_both = [&b"creds"[..], b"credentials", b"credential"]
            .iter()
            .any(|word| ends_in(name, word))
            // `gitea/gitea:1.2` is an image and its version.
            || self.key.strength != Strength::Provider
                && view.before(self.key.start) == b'/'
                && view.before(self.key.start - 1) != b'/'
            || view.text[..self.key.start].ends_with(b" / ")
            || self.key.strength == Strength::Auth
            // `openssl -passin pass:x1y2z3`
            || view.has(at, b"pass:");
        names_both.then(|| second_word(view, at)).flatten()
    }

    /// Where the value at `at` ends, and what kind it is.
    fn extent(&self, at: usize, tight: bool, operator: Operator) -> (usize, Form) {
        let view = self.view;
        let limit = view.limit.min(at + LONGEST_BARE);
        let before = view.before(self.key.start);
        // `(this: &Password) -> Kind` is no query.
        let assigns = matches!(view.byte(self.key.end), b'=' | b'%' | b'\\');
        if assigns
            && (matches!(before, b'?' | b'&')
                || before == b';' && view.text[..self.key.start].ends_with(b"&amp;")
                || tight && self.is_form(QUERY_END.run_until(view.text, at, limit)))
        {
            return (QUERY_END.run_until(view.text, at, limit), Form::Literal);
        }
        if tight && in_braces(view, self.key.start) {
            // `${name:default}`
            let end = const { Set::new("}\r\n\"'") }.run_until(view.text, at, limit);
            return (end, Form::Literal);
        }
        if tight && before == b';' {
            // One of a list of pairs, as in connection strings.
            return (PAIR_END.run_until(view.text, at, limit), Form::Pair);
        }
        let is_config = view.language.is_config();
        if operator == Operator::Assign && (is_config || self.is_variable(tight)) {
            let end = self.config_end(at);
            // The value of a variable ends at a blank, as shells read it.
            let name = &view.text[self.key.start..self.key.end];
            let end = if tight && !name.iter().any(u8::is_ascii_lowercase) {
                const { Set::new(" \t") }.run_until(view.text, at, end)
            } else {
                end
            };
            return (end, if is_config { Form::Bare } else { Form::Literal });
        }
        let mut end = view.escape_in(at, BARE_END.run_until(view.text, at, limit));
        while operator == Operator::Words && before != b'-' && end < limit && joins(view, end) {
            end = BARE_END.run_until(view.text, end + 1, limit);
        }
        // `"user=x password=y"`: the quote behind it says that it stands in a literal.
        let inside = tight && view.byte(self.key.end) == b'=' && view.quote(end).is_some();
        let literal = inside
            || is_header(&view.text[self.key.start..self.key.end])
            || self.is_setting(at, end, operator);
        (end, if literal { Form::Literal } else { Form::Bare })
    }

    /// Whether a form is written down: another `&name=` follows the value that ends at `end`, or
    /// a flag of `curl` stands before the name.
    fn is_form(&self, end: usize) -> bool {
        let view = self.view;
        if view.byte(end) == b'&' {
            let name = NAME.run(view.text, end + 1, view.limit.min(end + 40));
            return name > end + 1 && view.byte(name) == b'=';
        }
        let before = &view.text[view.floor.max(self.key.start.saturating_sub(20))..self.key.start];
        let before = before.trim_ascii_end();
        let before = before
            .strip_suffix(b"'")
            .or(before.strip_suffix(b"\""))
            .unwrap_or(before)
            .trim_ascii_end();
        [
            &b" -d"[..],
            b" -F",
            b" --data",
            b" --form",
            b" --data-urlencode",
            b" --data-raw",
        ]
        .iter()
        .any(|flag| before.ends_with(flag))
    }

    /// The rest of a value that a backslash continues on the next line.
    fn continued(&self, end: usize, found: &mut Matches) {
        let view = self.view;
        let is_last = found.spans.last().is_some_and(|span| span.end == end);
        if !is_last || view.byte(end) != b'\\' {
            return;
        }
        let Some(next) = view.next_line(end + 1).filter(|_| view.line_end(end) == 0) else {
            return;
        };
        let limit = view.limit.min(next + LONGEST_BARE);
        let stop = BARE_END.run_until(view.text, next, limit);
        if view.ends_line(view.skip_blanks(stop)) && stop > next {
            found.secret(next, stop);
        }
    }

    /// A generated text beside a name that no operator joins to it: `twilio token a81c...`.
    pub(super) fn nearby(&self, found: &mut Matches) {
        if !takes_nearby(self.key.strength) || !has_run(self.view, self.key.end, self.key.strength)
        {
            return;
        }
        let reach = reach(self.key.strength);
        let beside = near(self.view, self.key.end, reach, self.key.strength);
        if let Some((start, end)) = beside.or_else(|| beneath(self.view, self.key.end)) {
            // `credentials admin/...`: the user stays.
            let second = self.second_word(start).filter(|second| *second < end);
            found.secret(second.unwrap_or(start), end);
            if end - start == LONGEST_BARE || end == self.view.limit {
                found.mark_truncated(end);
            }
        }
    }
}

/// Whether the name at `start` stands in `${...}`.
pub(super) fn in_braces(view: &View<'_>, start: usize) -> bool {
    let floor = view.floor.max(start.saturating_sub(64));
    let start = const { Set::new(r"\w.-") }.run_back(view.text, start, floor);
    view.before(start) == b'{' && start > view.floor + 1 && view.before(start - 1) == b'$'
}

/// Whether the `&` at `at` is a sign of a password in a sentence, and none of an entity.
fn joins(view: &View<'_>, at: usize) -> bool {
    let end = const { Set::new("A-Za-z0-9") }.run(view.text, at + 1, view.limit.min(at + 16));
    view.byte(at) == b'&' && end > at + 1 && !matches!(view.byte(end), b';' | b'=')
}

/// The second of the two words at `at` that a slash or a colon joins, blanks on both sides of it or
/// on none; `None` when the first does not read like a name or the second like one.
pub(crate) fn second_word(view: &View<'_>, at: usize) -> Option<usize> {
    const FIRST: Set = Set::new(r"\w.@+-");
    let end = FIRST.run(view.text, at, view.limit.min(at + 48));
    let sign = view.skip_blanks(end);
    // `log in as bob with x1y2z3`
    let with = 3 * usize::from(view.has(sign, b"with "));
    let word = view.skip_blanks(sign + with + 1);
    let is_joint = (with > 0 || matches!(view.byte(sign), b'/' | b':' | b'|'))
        && (sign > end) == (word > sign + 1)
        && !matches!(view.byte(word), b'/' | b'|' | b'\n');
    if !is_joint || end < at + 2 || Profile::of(&view.text[at..end]).is_random() {
        return None;
    }
    let stop = BARE_END.run_until(view.text, word, view.limit.min(word + 128));
    let profile = Profile::of(&view.text[word..stop]);
    let is_loose = sign > end || view.byte(sign) == b':';
    let value = view.text[word..stop].trim_ascii_end();
    let value = value.strip_suffix(b".").unwrap_or(value);
    let is_secret = profile.len >= 12 && profile.is_random()
        || USERS.contains(&&view.text[at..end]) && is_chosen_or_generated(value)
        || is_loose && profile.len >= 6 && profile.digits > 0 && profile.letters() > 0;
    is_secret.then_some(word)
}

/// Users whose password may be chosen by a person where a slash alone joins it to them.
const USERS: [&[u8]; 6] = [
    b"admin",
    b"root",
    b"administrator",
    b"guest",
    b"demo",
    b"test",
];

/// The end of the generated text at `at..end` before the signs that end a sentence.
fn before_exclamation(text: &[u8], at: usize, end: usize) -> usize {
    let mut stop = end;
    while stop > at && matches!(text[stop - 1], b'!' | b'?') {
        stop -= 1;
    }
    if stop == end {
        return end;
    }
    let profile = Profile::of(&text[at..stop]);
    if profile.len >= 12 && profile.symbols == 0 && profile.is_random() {
        stop
    } else {
        end
    }
}

pub(super) fn ends_in(name: &[u8], word: &[u8]) -> bool {
    name.len()
        .checked_sub(word.len())
        .is_some_and(|at| name[at..].eq_ignore_ascii_case(word))
}

/// The shortest generated value that counts among the names of code.
const SHORTEST_IN_CODE: usize = 12;
const QUERY_END: Set = Set::new("&# \t\r\n\"'`<>)]}\\\\;,|");
const PAIR_END: Set = Set::new(";\"'`\r\n<>");
