//! Generic assignments: a name with a secret word, an operator, a value, in the spellings of every
//! common language. The value may be quoted, escaped, on the next line, in pieces, in a sibling
//! member (`"name": "x", "value": "y"`), in an XML element or in a list of pairs.

mod judge;
mod key;
mod lexicon;
mod words;

pub(crate) use key::Strength;

use judge::{Form, is_basic, is_reference, is_secret, is_uuid};
use key::Key;
use words::{KEYWORDS, LOOKS_UP, SCHEMES, WRAPS};

use crate::{
    engine::Found,
    shape::Set,
    text::{LONGEST_VALUE, Language, Quote, View},
};

/// The keywords as literals for the scanner, in the order of their indices.
pub(crate) fn keywords() -> impl Iterator<Item = (&'static str, Set, Strength)> {
    KEYWORDS
        .iter()
        .map(|keyword| (keyword.text, Set::new(keyword.tail), keyword.strength))
}

/// Reads the assignment around a keyword at `at..end`.
pub(crate) fn read(view: &View<'_>, at: usize, end: usize, strength: Strength, found: &mut Found) {
    // Most hits are no assignment: look at the next bytes before anything dearer.
    let Some(key) = Key::around(view, at, end, strength) else {
        return;
    };
    let reader = Reader { view, key };
    let before = found.len();
    match key.strength {
        Strength::Bearer => reader.scheme_value(key.end, found),
        Strength::Sql => reader.after_operator(key.end, Operator::Words, found),
        _ => reader.assignment(found),
    }
    if found.len() == before {
        reader.nearby(found);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    /// `=`, `:` and their kin.
    Assign,
    /// `==`, `!=`.
    Compare,
    /// `,` after a quoted name.
    Comma,
    /// `>` of an element.
    Element,
    /// Blanks after `--name`, or SQL.
    Words,
}

struct Reader<'v, 't> {
    view: &'v View<'t>,
    key: Key,
}

impl Reader<'_, '_> {
    fn assignment(&self, found: &mut Found) {
        let view = self.view;
        let mut at = self.key.end;
        let mut quoted = false;
        // What closes a name: a quote, a bracket, both.
        if let Some(quote) = view.quote(at) {
            at += quote.len;
            quoted = true;
        }
        while matches!(view.byte(at), b']' | b')') {
            at += 1;
        }
        if view.byte(at) == b'[' {
            // `char password[20] = "..."`
            let end = Set::new(r"\w ").run(view.text, at + 1, view.limit.min(at + 16));
            if view.byte(end) == b']' {
                at = end + 1;
            }
        }
        let name_end = at;
        at = view.skip_blanks(at);
        let blank = at > name_end;
        let operator = match self.sibling(at) {
            Some(value) => Some((Operator::Assign, value)),
            None => self.operator(at, quoted),
        };
        match operator {
            Some((operator, end)) => self.after_operator(end, operator, found),
            None if blank && !quoted => self.blank_separated(at, found),
            None => {}
        }
        if matches!(view.byte(name_end), b' ' | b')' | b'\n' | b';') {
            self.compared_before(found);
        }
    }

    /// The operator at `at` and where it ends.
    fn operator(&self, at: usize, quoted: bool) -> Option<(Operator, usize)> {
        let view = self.view;
        let next = view.byte(at + 1);
        match view.byte(at) {
            b'=' => match next {
                b'=' => Some((
                    Operator::Compare,
                    at + 2 + usize::from(view.byte(at + 2) == b'='),
                )),
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
            b'?' | b'+' | b'.' | b'|' | b'&' => {
                let end = at + 1 + usize::from(next == view.byte(at));
                (view.byte(end) == b'=' && view.byte(end + 1) != b'=')
                    .then_some((Operator::Assign, end + 1))
            }
            b'-' if next == b'>' => Some((Operator::Assign, at + 2)),
            b'<' if next == b'-' => Some((Operator::Assign, at + 2)),
            b',' if quoted => Some((Operator::Comma, at + 1)),
            b'(' if !quoted => view
                .quote(view.skip_blanks(at + 1))
                .map(|_| (Operator::Comma, at + 1)),
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
            _ => None,
        }
    }

    /// Whether the name stands in a tag: `<password>`, `<property name="password">`.
    fn in_element(&self, quoted: bool) -> bool {
        let before = self.view.before(self.key.start);
        before == b'<' || before == b':' || quoted
    }

    /// After `"password"`, the member that holds the value: `value="..."`, `, "value": "..."`.
    fn sibling(&self, at: usize) -> Option<usize> {
        let view = self.view;
        let mut at = at;
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
        let word = [
            &b"value"[..],
            b"Value",
            b"VALUE",
            b"content",
            b"default",
            b"val",
        ]
        .into_iter()
        .find(|word| view.has(start, word))?;
        let mut end = start + word.len();
        if let Some(closing) = view.quote(end) {
            end += closing.len;
        }
        end = view.skip_blanks(end);
        matches!(view.byte(end), b'=' | b':').then_some(end + 1)
    }

    /// `--password hunter2`, `machine x password y`, `ENV PASSWORD value`.
    fn blank_separated(&self, at: usize, found: &mut Found) {
        let view = self.view;
        let start = self.key.start;
        let flag = view.before(start) == b'-';
        let line = &view.text[view.line_start(start)..start];
        let line = line.trim_ascii_start();
        let line = line
            .strip_prefix(b"+")
            .or(line.strip_prefix(b"-"))
            .unwrap_or(line);
        let line = line.trim_ascii();
        let netrc = self.key.strength == Strength::Password
            && (line.is_empty() && view.language == Language::Config
                || memchr::memmem::find(line, b"login ").is_some()
                || memchr::memmem::find(line, b"machine ").is_some());
        let docker = line == b"ENV" || line == b"ARG";
        let statement = self.key.strength == Strength::Password
            && self.key.end - start > 5
            && matches!(view.byte(at), b'\'' | b'"')
            && (line.is_empty() || memchr::memmem::find(line, b"WITH").is_some());
        if flag || netrc || docker || statement {
            self.after_operator(at, Operator::Words, found);
        } else if self.key.strength == Strength::Password
            && (view.has(at, b"is ") || view.has(at, b"is: "))
        {
            self.after_operator(at + 3, Operator::Words, found);
        } else if view.language != Language::Code && self.key.strength == Strength::Header {
            self.scheme_value(at, found);
        }
    }

    /// `"hunter2" == password`
    fn compared_before(&self, found: &mut Found) {
        let view = self.view;
        let mut at = self.key.start;
        while matches!(view.before(at), b' ' | b'.' | b'$' | b'@') || NAME.has(view.before(at)) {
            at -= 1;
            if self.key.start - at > 48 {
                return;
            }
        }
        if view.before(at) != b'=' || !matches!(view.before(at - 1), b'=' | b'!') {
            return;
        }
        while matches!(view.before(at), b'=' | b'!' | b' ') {
            at -= 1;
        }
        let byte = view.before(at);
        if !matches!(byte, b'"' | b'\'') {
            return;
        }
        let end = at - 1 - view.backslashes_before(at - 1);
        let floor = view.floor.max(end.saturating_sub(256));
        if let Some(index) = memchr::memrchr(byte, &view.text[floor..end]) {
            let start = floor + index + 1;
            self.propose(start, end, Form::Quoted, found);
        }
    }

    fn after_operator(&self, at: usize, operator: Operator, found: &mut Found) {
        let view = self.view;
        let mut at = view.skip_blanks(at);
        let mut next_line = false;
        if let Some(next) = view.next_line(at) {
            if operator == Operator::Words || view.line_end(next) > 0 {
                return;
            }
            at = next;
            next_line = true;
        } else if view.byte(at) == b'\\' && view.next_line(at + 1).is_some() {
            at = view.next_line(at + 1).unwrap_or(at);
            next_line = true;
        }
        if operator == Operator::Element {
            return self.element(at, found);
        }
        if self.key.strength == Strength::Cookie {
            return self.cookies(at, found);
        }
        if !next_line && matches!(view.byte(at), b'|' | b'>') && self.block(at, found) {
            return;
        }
        at = self.skip_wrappers(at);
        if let Some(quote) = view.quote(at) {
            return self.quoted(at, quote, operator, found);
        }
        if operator == Operator::Comma {
            return;
        }
        if let Some(value) = self.after_type(at) {
            return self.after_operator(value, Operator::Assign, found);
        }
        if next_line && view.language != Language::Config {
            return;
        }
        if operator == Operator::Compare {
            return;
        }
        self.bare(at, operator, found);
    }

    /// Prefixes of literals, brackets and calls that only wrap them: `b"`, `@"`, `["`,
    /// `String::from("`, `new Secret("`, `getenv("X", "`.
    fn skip_wrappers(&self, at: usize) -> usize {
        let view = self.view;
        let mut end = at;
        for _ in 0..4 {
            end = view.skip_blanks(end);
            let byte = view.byte(end);
            if matches!(byte, b'(' | b'[' | b'@' | b'$' | b'{')
                && (view.quote(view.skip_blanks(end + 1)).is_some())
            {
                end = view.skip_blanks(end + 1);
                break;
            }
            if NAME.has(byte) || byte == b'&' {
                let stop = CALL.run(view.text, end, view.limit.min(end + 48));
                let word = &view.text[end..stop];
                let literal = view.quote(stop).is_some()
                    && (word.len() <= 2 || word == b"Str")
                    && !word.contains(&b'-');
                if literal {
                    return stop;
                }
                if view.byte(stop) == b'(' && view.quote(view.skip_blanks(stop + 1)).is_some() {
                    let inside = view.skip_blanks(stop + 1);
                    return self.in_call(word, inside).unwrap_or(at);
                }
                if word.starts_with(b"new") || word == b"await" || word == b"return" {
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
    fn in_call(&self, callee: &[u8], at: usize) -> Option<usize> {
        let view = self.view;
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
    fn after_type(&self, at: usize) -> Option<usize> {
        let view = self.view;
        let mut colon = at;
        while view.before(colon) == b' ' {
            colon -= 1;
        }
        if view.before(colon) != b':' {
            return None;
        }
        let end = TYPE.run(view.text, at, view.limit.min(at + 48));
        let end = view.skip_blanks(end);
        (end > at
            && view.byte(end) == b'='
            && !matches!(view.byte(end + 1), b'=' | b'>')
            && view.before(self.key.start) != b'&')
            .then_some(end + 1)
    }

    fn quoted(&self, at: usize, quote: Quote, operator: Operator, found: &mut Found) {
        let view = self.view;
        let mut start = at + quote.len;
        let mut quote = quote;
        // Triple quotes.
        if quote.len == 1 && view.byte(start) == quote.byte && view.byte(start + 1) == quote.byte {
            start += 2;
            quote.byte = b'`'.min(quote.byte);
            let delimiter = [quote.byte; 3];
            let limit = view.limit.min(start + LONGEST_VALUE);
            let end = memchr::memmem::find(&view.text[start..limit], &delimiter)
                .map_or(limit, |index| start + index);
            return self.propose(start, end, Form::Quoted, found);
        }
        let (end, closed) = view.quoted_end(start, quote);
        if operator == Operator::Comma && !self.takes_argument(start, end) {
            return;
        }
        // `'Password: '`: the quote closes the text that the name stands in.
        let before = view.before(self.key.start);
        if quote.len == 1 && before == quote.byte && view.byte(self.key.end) != quote.byte {
            return;
        }
        if self.key.strength == Strength::Header
            || self.key.strength == Strength::Weak && view.has(start, b"Bearer ")
        {
            let inner = View {
                limit: end,
                ..*view
            };
            let reader = Reader {
                view: &inner,
                key: self.key,
            };
            return reader.scheme_value(start, found);
        }
        let before = found.len();
        self.propose(start, end, Form::Quoted, found);
        if closed {
            let whole = found.len() > before;
            self.pieces(end + quote.len, whole, found);
        }
    }

    /// The literals that are joined to the one before: `"abc" + "def"`, also on the next lines.
    fn pieces(&self, at: usize, found_one: bool, found: &mut Found) {
        let view = self.view;
        let mut at = at;
        for _ in 0..32 {
            let mut next = view.skip_blanks(at);
            let mut joined = false;
            for _ in 0..3 {
                if let Some(line) = view.next_line(next) {
                    next = line;
                } else if matches!(view.byte(next), b'+' | b'.' | b'\\' | b'&')
                    && (view.byte(next) != b'\\' || view.next_line(next + 1).is_some())
                {
                    joined = true;
                    next = view.skip_blanks(next + 1);
                } else {
                    break;
                }
            }
            let Some(quote) = view.quote(next).filter(|_| joined && next > at) else {
                return;
            };
            let start = next + quote.len;
            let (end, closed) = view.quoted_end(start, quote);
            if found_one && end > start {
                found.secret(start, end);
            }
            if !closed {
                return;
            }
            at = end + quote.len;
        }
    }

    /// Whether `("name", "value")` is a name and its value rather than two members of a list.
    fn takes_argument(&self, start: usize, end: usize) -> bool {
        let view = self.view;
        let mut open = Set::new(r"\w.-").run_back(
            view.text,
            self.key.start,
            view.floor.max(self.key.start.saturating_sub(64)),
        );
        while open > view.floor && matches!(view.before(open), b'"' | b'\'' | b'\\' | b' ') {
            open -= 1;
        }
        view.before(open) == b'('
            && view.text[start..end]
                .iter()
                .any(|byte| byte.is_ascii_digit() || b"!@#$%^&*+=".contains(byte))
            && !view.text[start..end].contains(&b' ')
    }

    fn element(&self, at: usize, found: &mut Found) {
        let view = self.view;
        let limit = view.limit.min(at + LONGEST_VALUE);
        let mut end = at;
        while end < limit
            && !matches!(view.text[end], b'<' | b'\n' | b'\r')
            && !view.has(end, b"&lt;")
            && !view.has(end, b"\\u003c")
        {
            end += 1;
        }
        if view.byte(end) == b'<' || view.byte(end) == b'&' || view.byte(end) == b'\\' {
            self.propose(at, end, Form::Literal, found);
        }
    }

    /// A YAML block scalar: every line that is indented deeper than the name.
    fn block(&self, at: usize, found: &mut Found) -> bool {
        let view = self.view;
        let mut end = at + 1;
        while matches!(view.byte(end), b'-' | b'+' | b'1'..=b'9') {
            end += 1;
        }
        end = view.skip_blanks(end);
        if view.line_end(end) == 0 {
            return false;
        }
        let indent = |at: usize| view.skip_blanks(at) - at;
        let line = view.line_start(self.key.start);
        let sign = usize::from(matches!(view.byte(line), b'+' | b'-' | b' '));
        let own = indent(line + sign);
        for _ in 0..64 {
            let eol = view.line_end(end);
            if eol == 0 || end + eol >= view.limit {
                break;
            }
            let start = end + eol;
            let sign = sign.min(usize::from(matches!(view.byte(start), b'+' | b'-' | b' ')));
            let text = view.skip_blanks(start + sign);
            if view.line_end(text) == 0 && text - start - sign <= own {
                break;
            }
            end = text;
            while end < view.limit && view.line_end(end) == 0 {
                end += 1;
            }
            let mut stop = end;
            while stop > text && matches!(view.text[stop - 1], b' ' | b'\t') {
                stop -= 1;
            }
            if stop > text {
                self.propose(text, stop, Form::Quoted, found);
            }
        }
        true
    }

    fn cookies(&self, at: usize, found: &mut Found) {
        let view = self.view;
        let mut at = at + view.quote(at).map_or(0, |quote| quote.len);
        for _ in 0..32 {
            let name = COOKIE_NAME.run(view.text, at, view.limit);
            if name == at || view.byte(name) != b'=' {
                return;
            }
            let end = COOKIE_VALUE.run(view.text, name + 1, view.limit);
            let value = &view.text[name + 1..end];
            if value.len() >= 16
                && crate::chance::Profile::of(value).is_random()
                && !is_reference(value)
            {
                found.secret(name + 1, end);
            }
            if view.byte(end) != b';' {
                return;
            }
            at = view.skip_blanks(end + 1);
        }
    }

    /// `Bearer <token>`, `Basic <base64>`, `token <value>`, at `at`.
    fn scheme_value(&self, at: usize, found: &mut Found) {
        let view = self.view;
        let start = view.skip_blanks(at);
        let mut value = start;
        let mut end = CREDENTIAL.run(view.text, value, view.limit);
        let scheme = &view.text[start..end];
        let known = SCHEMES.has(scheme);
        let blank = self.key.strength == Strength::Bearer && start > at;
        if known && matches!(view.byte(end), b' ' | b':') {
            value = view.skip_blanks(end + 1);
            end = CREDENTIAL.run(view.text, value, view.limit);
        } else if self.key.strength == Strength::Bearer
            && !blank
            && !matches!(view.byte(at), b':' | b'=')
        {
            return;
        } else if matches!(view.byte(at), b':' | b'=') && self.key.strength == Strength::Bearer {
            value = view.skip_blanks(at + 1);
            end = CREDENTIAL.run(view.text, value, view.limit);
        }
        let text = &view.text[value..end];
        let basic = scheme.eq_ignore_ascii_case(b"Basic") && is_basic(text);
        if basic
            || !text.is_empty()
                && is_secret(text, Strength::Token, Form::Literal, view.language, b"")
        {
            found.secret(value, end);
        }
    }

    /// An unquoted value.
    fn bare(&self, at: usize, operator: Operator, found: &mut Found) {
        let view = self.view;
        if self.key.strength == Strength::Header {
            return self.scheme_value(at, found);
        }
        if self.key.strength == Strength::Pin {
            return;
        }
        let before = view.before(self.key.start);
        let tight = at == self.key.end + 1;
        let (end, form) = if matches!(before, b'?' | b'&')
            || before == b';' && view.text[..self.key.start].ends_with(b"&amp;")
        {
            (
                QUERY_END.run_until(view.text, at, view.limit),
                Form::Literal,
            )
        } else if tight && before == b';' {
            // One of a list of pairs, as in connection strings.
            let mut at = at;
            let mut end = PAIR_END.run_until(view.text, at, view.limit);
            if view.byte(at) == b'{' {
                at += 1;
                end = memchr::memchr(b'}', &view.text[at..view.limit])
                    .map_or(end, |index| at + index);
                return self.propose(at, end, Form::Pair, found);
            }
            (end, Form::Pair)
        } else if (view.language == Language::Config || self.is_variable(tight))
            && operator == Operator::Assign
        {
            (self.config_end(at), Form::Bare)
        } else {
            (BARE_END.run_until(view.text, at, view.limit), Form::Bare)
        };
        let end = end.min(self.escape_in(at, end));
        let mut end = end;
        while end > at
            && (matches!(view.text[end - 1], b',' | b' ' | b'\t')
                || form == Form::Bare
                    && view.language != Language::Config
                    && matches!(view.text[end - 1], b'.' | b')' | b':'))
        {
            end -= 1;
        }
        if view.byte(end) == b'(' {
            return;
        }
        self.propose(at, end, form, found);
    }

    /// A value in a configuration file goes on to the end of its line, less a comment.
    fn config_end(&self, at: usize) -> usize {
        let view = self.view;
        let limit = view.limit.min(at + 1024);
        let mut end = at;
        while end < limit && !matches!(view.text[end], b'\n' | b'\r' | b'"' | b'\'' | b'`') {
            if view.text[end] == b' ' && matches!(view.byte(end + 1), b'#' | b';' | b'/') {
                break;
            }
            if view.text[end] == b' ' && self.has_pair(end + 1) {
                break;
            }
            end += 1;
        }
        while end > at && matches!(view.text[end - 1], b' ' | b'\t' | b';' | b'\\') {
            end -= 1;
        }
        end
    }

    /// Whether another `name=` or a flag begins at `at`, as in command lines.
    fn has_pair(&self, at: usize) -> bool {
        let end = NAME.run(self.view.text, at, self.view.limit.min(at + 40));
        self.view.byte(at) == b'-'
            || end > at && self.view.byte(end) == b'='
            || matches!(self.view.byte(at), b'&' | b'|' | b'>' | b'\\')
    }

    /// Where an escaped line end or quote stands in `at..end`, else `end`.
    fn escape_in(&self, at: usize, end: usize) -> usize {
        let view = self.view;
        let mut from = at;
        while let Some(index) = memchr::memchr(b'\\', &view.text[from..end]) {
            let slash = from + index;
            let slashes = view.backslashes(slash);
            if matches!(
                view.byte(slash + slashes),
                b'n' | b'r' | b't' | b'"' | b'\'' | b'u' | b'\n' | b'\r' | b' '
            ) {
                return slash;
            }
            from = slash + slashes;
            if from >= end {
                break;
            }
        }
        end
    }

    /// `NAME=value`, as shells and environment files write it.
    fn is_variable(&self, tight: bool) -> bool {
        let view = self.view;
        let name = &view.text[self.key.start..self.key.end];
        tight
            && view.language == Language::Unknown
            && view.byte(self.key.end) == b'='
            && !name.iter().any(u8::is_ascii_lowercase)
    }

    /// A generated text beside a name that no operator joins to it: `twilio token a81c...`.
    fn nearby(&self, found: &mut Found) {
        let view = self.view;
        if !matches!(
            self.key.strength,
            Strength::Secret | Strength::Token | Strength::Named | Strength::Provider
        ) {
            return;
        }
        let mut at = self.key.end;
        let limit = view.limit.min(at + NEARBY);
        let mut lines = 0;
        while at < limit {
            if !TOKEN.has(view.text[at]) {
                lines += usize::from(view.text[at] == b'\n');
                // Links, paths, digests, calls and references name something else.
                if matches!(view.text[at], b'/' | b'@' | b'(' | b'$' | b'<' | b'{') || lines > 1 {
                    return;
                }
                at += 1;
                continue;
            }
            let end = TOKEN.run(view.text, at, view.limit.min(at + 256));
            let value = &view.text[at..end];
            let delimited = !matches!(
                view.byte(end),
                b'/' | b'@' | b'(' | b'.' | b':' | b'<' | b'['
            );
            if value.starts_with(b"sha") || value.starts_with(b"md5") {
                return;
            }
            let profile = crate::chance::Profile::of(value);
            let generated = value.len() >= 20
                && profile.digits >= 3
                && profile.letters() >= 3
                && profile.is_random()
                || is_uuid(value);
            if generated && delimited && !value.starts_with(b"0x") {
                found.secret(at, end);
                return;
            }
            at = end;
        }
    }

    fn propose(&self, start: usize, end: usize, form: Form, found: &mut Found) {
        let view = self.view;
        let mut start = start;
        let mut end = end;
        while start < end && matches!(view.text[start], b' ' | b'\t') {
            start += 1;
        }
        while end > start && matches!(view.text[end - 1], b' ' | b'\t') {
            end -= 1;
        }
        if start >= end {
            return;
        }
        let value = &view.text[start..end];
        let name = &view.text[self.key.start..self.key.end];
        if is_secret(value, self.key.strength, form, view.language, name) {
            found.secret(start, end);
            if end == view.limit || end - start >= LONGEST_VALUE {
                found.goes_on(end);
            }
        }
    }
}

/// How far from its name a generated text may stand.
const NEARBY: usize = 40;
const TOKEN: Set = Set::new(r"\w-");
const NAME: Set = Set::new(r"\w-");
const CALL: Set = Set::new(r"\w.:&!*-");
const TYPE: Set = Set::new(r"\w<>&*?[]., '|:");
const CREDENTIAL: Set = Set::new(r"\w.~+/=:%-");
const COOKIE_NAME: Set = Set::new(r"\w.%-");
const COOKIE_VALUE: Set = Set::new(r"\w.~+/=:%!*-");
const QUERY_END: Set = Set::new("&# \t\r\n\"'`<>)]}\\\\;,|");
const PAIR_END: Set = Set::new(";\"'`\r\n<>");
const BARE_END: Set = Set::new(" \t\r\n\"'`;,<>&|(){}[]");
