//! Values with delimiters: quoted texts, the pieces of a joined text, elements, YAML blocks.

use super::{Operator, Reader, form::Form, has_digit_or_symbol, strength::Strength};
use crate::{
    shape::Set,
    span::Matches,
    text::{LONGEST_VALUE, Quote, View},
};

impl Reader<'_, '_> {
    pub(super) fn quoted(&self, at: usize, quote: Quote, operator: Operator, found: &mut Matches) {
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
        if operator == Operator::Comma && !self.takes_argument(start, end)
            || operator == Operator::Call && !self.takes_call(start, end, quote)
        {
            return;
        }
        if closed && end == start {
            // `"".join(["...", "..."])`, with a tuple too
            const JOIN: &[u8] = b".join(";
            let list = end + quote.len;
            let bracket = list + JOIN.len();
            let first = view.skip_blanks(bracket + 1);
            if view.has(list, JOIN)
                && matches!(view.byte(bracket), b'[' | b'(')
                && let Some(quote) = view.quote(first)
            {
                let (end, closed) = view.quoted_end(first + quote.len, quote);
                self.propose(first + quote.len, end, Form::Quoted, found);
                if closed {
                    self.others(end + quote.len, found);
                }
                return;
            }
        }
        // `'Password: '`: the quote closes the text that the name stands in.
        if self.closes(at, quote) {
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
        let start = self
            .second_word(start)
            .filter(|second| *second < end)
            .unwrap_or(start);
        match memchr::memmem::find(&view.text[start..end], b"\\\n") {
            Some(line) => self.continued_literal(start, start + line, end, found),
            None => self.propose(start, self.before_keys(start, end), Form::Quoted, found),
        }
        if closed {
            let whole = found.len() > before;
            self.pieces(end + quote.len, whole, found);
            if matches!(view.byte(self.key.end - 1), b's' | b'S') && operator == Operator::Assign {
                self.others(end + quote.len, found);
            }
        }
    }

    /// A literal whose first line `start..line` a backslash continues on the next ones.
    fn continued_literal(&self, start: usize, line: usize, end: usize, found: &mut Matches) {
        let view = self.view;
        let before = found.len();
        self.propose(start, line, Form::Quoted, found);
        let mut at = line;
        while found.len() > before
            && at < end
            && let Some(next) = view.next_line(at + 1)
        {
            let stop = memchr::memmem::find(&view.text[next.min(end)..end], b"\\\n")
                .map_or(end, |index| next + index);
            found.secret(next, stop);
            at = stop;
        }
    }

    /// The end of a text typed into a field, before the key that sends it: `x1y2z3{enter}`.
    fn before_keys(&self, start: usize, end: usize) -> usize {
        let text = &self.view.text[start..end];
        let Some(key) = text
            .ends_with(b"}")
            .then(|| memchr::memrchr(b'{', text))
            .flatten()
        else {
            return end;
        };
        let name = &text[key + 1..text.len() - 1];
        let is_key = [&b"enter"[..], b"Enter", b"{enter", b"tab", b"esc"].contains(&name);
        if is_key && key > 0 { start + key } else { end }
    }

    /// Whether the quote at `at` closes the text that the name stands in: `'--password='`,
    /// `"New password:"`.
    fn closes(&self, at: usize, quote: Quote) -> bool {
        let view = self.view;
        let prefix = view.text.get(self.key.end + 1..at);
        let tight = prefix.is_some_and(|prefix| {
            prefix.len() <= 2 && prefix.iter().all(u8::is_ascii_alphanumeric)
        });
        if !tight || view.quote(self.key.end).is_some() {
            return false;
        }
        // Behind a text that ends stands no letter: what quotes before the name tell is a guess where
        // the line is long or mixes its quotes.
        let next = at + quote.len;
        let is_over = const { Set::new(" \t,;:.)]}>+\"'`&|?/\\\\") }.has(view.byte(next))
            || view.ends_line(next);
        if !is_over {
            return false;
        }
        let line = view.line_start(self.key.start);
        let from = line.max(self.key.start.saturating_sub(LONGEST_TEXT));
        if from > line {
            return true;
        }
        let line = &view.text[from..self.key.start];
        let spelled = &view.text[at..at + quote.len];
        let quotes = memchr::memmem::find_iter(line, spelled).filter(|index| {
            // `don't` has none; the letter of an escape is no letter.
            let word = matches!(
                line[..*index],
                [.., before, last] if last.is_ascii_alphabetic() && before != b'\\'
            );
            let next = line.get(index + quote.len);
            !(word && next.is_some_and(u8::is_ascii_alphabetic))
        });
        quotes.count() % 2 == 1
    }

    /// The other literals of a list: `passwords = ["...", "..."]`.
    fn others(&self, at: usize, found: &mut Matches) {
        let view = self.view;
        let mut at = at;
        for _ in 0..32 {
            let comma = view.skip_blanks(at);
            if view.byte(comma) != b',' {
                return;
            }
            let next = view.skip_blanks(comma + 1);
            let next = view.next_line(next).unwrap_or(next);
            let Some(quote) = view.quote(next) else {
                return;
            };
            let start = next + quote.len;
            let (end, closed) = view.quoted_end(start, quote);
            at = end + quote.len;
            // `"a": "b"` is another member.
            if !closed
                || !matches!(
                    view.byte(view.skip_blanks(at)),
                    b',' | b']' | b'}' | b')' | b'\n'
                )
            {
                return;
            }
            self.propose(start, end, Form::Quoted, found);
        }
    }

    /// Whether `name("value")` sets a value: words do so through a setter or a builder only, as its
    /// only argument. What something is got by is no value of it.
    fn takes_call(&self, start: usize, end: usize, quote: Quote) -> bool {
        let view = self.view;
        let value = &view.text[start..end];
        let name = &view.text[self.key.start..self.key.end];
        if [
            &b"get"[..],
            b"load",
            b"fetch",
            b"find",
            b"has",
            b"read",
            b"lookup",
        ]
        .iter()
        .any(|verb| name.starts_with(verb))
        {
            return looks_generated(value);
        }
        has_digit_or_symbol(value)
            || self.key.strength == Strength::Password
                && !value.contains(&b' ')
                && view.byte(view.skip_blanks(end + quote.len)) == b')'
                && (name.starts_with(b"set")
                    || name.starts_with(b"with")
                    || view.before(self.key.start) == b'.' && name.len() <= 8)
    }

    /// The literals that are joined to the one before, by a sign, a call or by standing next to it:
    /// `"abc" + "def"`, `.append("def")`, also on the next lines.
    pub(super) fn pieces(&self, at: usize, found_one: bool, found: &mut Matches) {
        let view = self.view;
        let mut at = at;
        for _ in 0..32 {
            let (mut next, mut joined) = self.joint(at);
            if let Some(inside) = appended(view, next) {
                (next, joined) = (inside, true);
            }
            let prefix = usize::from(matches!(view.byte(next), b'f' | b'r' | b'b' | b'u' | b'@'));
            let Some(quote) = view.quote(next).or_else(|| view.quote(next + prefix)) else {
                return;
            };
            next += prefix * usize::from(view.quote(next).is_none());
            let start = next + quote.len;
            let (end, closed) = view.quoted_end(start, quote);
            // Literals side by side are one in C, Python and shells; or two arguments.
            let adjacent = !joined && looks_generated(&view.text[start..end]);
            if !joined && !adjacent {
                return;
            }
            if found_one && end > start {
                found.secret(start, end);
            }
            if !closed {
                return;
            }
            at = end + quote.len;
        }
    }

    /// Behind what may join two literals at `at`, and whether a sign says that it does.
    fn joint(&self, at: usize) -> (usize, bool) {
        let view = self.view;
        let mut next = view.skip_blanks(at);
        let mut joined = false;
        for _ in 0..3 {
            let is_pair = matches!(view.byte(next), b'<' | b'|')
                && [&b"<<"[..], b"<>", b"||"]
                    .iter()
                    .any(|sign| view.has(next, sign));
            let is_sign = (matches!(view.byte(next), b'+' | b'.' | b'\\' | b'&') || is_pair)
                && (view.byte(next) != b'\\' || view.next_line(next + 1).is_some())
                && appended(view, next).is_none();
            if let Some(line) = view.next_line(next) {
                next = line;
            } else if is_sign || view.byte(next) == b',' && self.is_list_of_pieces(at) {
                joined = true;
                next = view.skip_blanks(next + 1 + usize::from(is_pair));
            } else {
                break;
            }
        }
        (next, joined && next > at)
    }

    /// `concat!("a", "b")`, `["a", "b"].join("")`: whether the literal that ends at `at` is one of
    /// a list whose members are put together.
    fn is_list_of_pieces(&self, at: usize) -> bool {
        let view = self.view;
        let limit = view.limit.min(at + 512);
        let line = view.line_over(at).min(limit);
        let before = &view.text[self.key.end.min(at)..at];
        [&b"oncat"[..], b"CONCAT", b"join(", b"Join(", b"implode("]
            .iter()
            .any(|word| memchr::memmem::find(before, word).is_some())
            || memchr::memmem::find(&view.text[at..line], b"].join").is_some()
    }

    pub(super) fn element(&self, at: usize, found: &mut Matches) {
        let view = self.view;
        let at = inside_holder(view, at);
        if self.cdata(at, found) {
            return;
        }
        let limit = view.limit.min(at + LONGEST_VALUE);
        let mut end = at;
        while end < limit
            && !matches!(view.text[end], b'<' | b'\n' | b'\r')
            && !view.has(end, b"&lt;")
            && !view.has(end, b"\\u003c")
        {
            end += 1;
        }
        let next = view.next_line(end).unwrap_or(end);
        if view.byte(next) == b'<' && (next == end || view.byte(next + 1) == b'/')
            || view.byte(end) == b'&'
            || view.byte(end) == b'\\'
        {
            self.propose(at, end, Form::Literal, found);
        }
    }

    /// A YAML block scalar: every line that is indented deeper than the name.
    pub(super) fn block(&self, at: usize, found: &mut Matches) -> bool {
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
            end = view.line_over(text);
            let mut stop = end;
            while stop > text && matches!(view.text[stop - 1], b' ' | b'\t') {
                stop -= 1;
            }
            // A line with a name of its own is judged by that.
            if stop > text && !self.is_pair(text) {
                self.propose(text, stop, Form::Quoted, found);
            }
        }
        true
    }
}

/// Behind the tag at `at` of an element that only holds the value of the one around it.
fn inside_holder(view: &View<'_>, at: usize) -> usize {
    const HOLDERS: [&[u8]; 4] = [b"value", b"string", b"val", b"text"];
    if view.byte(at) != b'<' {
        return at;
    }
    let end = const { Set::new(r"\w") }.run(view.text, at + 1, view.limit.min(at + 12));
    let name = &view.text[at + 1..end];
    if view.byte(end) != b'>' || !HOLDERS.iter().any(|word| name.eq_ignore_ascii_case(word)) {
        return at;
    }
    let inside = view.skip_blanks(end + 1);
    view.next_line(inside).unwrap_or(inside)
}

/// The literal of a further `.append("...")` behind the bracket at `at`.
fn appended(view: &View<'_>, at: usize) -> Option<usize> {
    const CALLS: [&[u8]; 4] = [b".append(", b".push_str(", b".concat(", b".add("];
    let point = at + usize::from(view.byte(at) == b')');
    let call = CALLS.iter().find(|call| view.has(point, call))?;
    let inside = view.skip_blanks(point + call.len());
    view.quote(inside).map(|_| inside)
}

fn looks_generated(text: &[u8]) -> bool {
    text.len() >= 12 && crate::chance::Profile::of(text).is_random()
}

/// How far before a name the text may begin that it stands in; of a longer one only its end tells.
const LONGEST_TEXT: usize = 128;
