//! Values without quotes, whose end depends on where they stand: a query, a list of pairs, a
//! configuration file; and generated texts that merely stand near a name.

use super::{
    Operator, Reader,
    form::Form,
    limits::{BARE_END, LONGEST_BARE, NAME, reach},
    near::{has_run, near},
    strength::Strength,
    value::{contains, is_header},
};
use crate::{shape::Set, span::Matches, text::Language};

impl Reader<'_, '_> {
    /// An unquoted value.
    pub(super) fn bare(&self, at: usize, operator: Operator, found: &mut Matches) {
        let view = self.view;
        if self.key.strength == Strength::Header {
            return self.scheme_value(at, found);
        }
        if self.key.strength == Strength::Pin {
            return;
        }
        let limit = view.limit.min(at + LONGEST_BARE);
        let before = view.before(self.key.start);
        let tight = at == self.key.end + 1;
        // `(this: &Password) -> Kind` is no query.
        let assigns = matches!(view.byte(self.key.end), b'=' | b'%' | b'\\');
        let (end, form) = if assigns
            && (matches!(before, b'?' | b'&')
                || before == b';' && view.text[..self.key.start].ends_with(b"&amp;")
                || tight && self.is_form(QUERY_END.run_until(view.text, at, limit)))
        {
            (QUERY_END.run_until(view.text, at, limit), Form::Literal)
        } else if tight && self.in_braces() {
            // `${name:default}`
            (
                const { Set::new("}\r\n\"'") }.run_until(view.text, at, limit),
                Form::Literal,
            )
        } else if tight && before == b';' {
            // One of a list of pairs, as in connection strings.
            let mut at = at;
            let mut end = PAIR_END.run_until(view.text, at, limit);
            if view.byte(at) == b'{' {
                at += 1;
                end = memchr::memchr(b'}', &view.text[at..limit]).map_or(end, |index| at + index);
                return self.propose(at, end, Form::Pair, found);
            }
            (end, Form::Pair)
        } else if (view.language == Language::Config || self.is_variable(tight))
            && operator == Operator::Assign
        {
            let form = if view.language == Language::Config {
                Form::Bare
            } else {
                Form::Literal
            };
            let end = self.config_end(at);
            // The value of a variable ends at a blank, as shells read it.
            let name = &view.text[self.key.start..self.key.end];
            let end = if tight && !name.iter().any(u8::is_ascii_lowercase) {
                const { Set::new(" \t") }.run_until(view.text, at, end)
            } else {
                end
            };
            (end, form)
        } else {
            let end = view.escape_in(at, BARE_END.run_until(view.text, at, limit));
            // `"user=x password=y"`: the quote behind it says that it stands in a literal.
            let inside = tight && view.byte(self.key.end) == b'=' && view.quote(end).is_some();
            let header = is_header(&view.text[self.key.start..self.key.end]);
            // `--password Winter1` is no name, for all that it reads like one.
            let flag = operator == Operator::Words
                && view.text[at..end].iter().any(u8::is_ascii_digit)
                && view.before(self.key.start) == b'-';
            let literal =
                inside || header || flag || self.is_beside_user(at, end) || self.is_in_list(end);
            (end, if literal { Form::Literal } else { Form::Bare })
        };
        let mut end = view.escape_in(at, end);
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
    pub(super) fn config_end(&self, at: usize) -> usize {
        let view = self.view;
        let limit = view.limit.min(at + LONGEST_BARE);
        let mut end = at;
        while end < limit && !matches!(view.text[end], b'\n' | b'\r' | b'"' | b'\'' | b'`') {
            if view.text[end] == b' ' && matches!(view.byte(end + 1), b'#' | b';' | b'/') {
                break;
            }
            if view.text[end] == b'&' && self.has_pair(end + 1) {
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

    /// Whether the value ends its line and a line beside it is a name and its value too, as
    /// manuals show configuration.
    fn is_in_list(&self, end: usize) -> bool {
        let view = self.view;
        let end = view.skip_blanks(end);
        if view.language != Language::Unknown
            || view.byte(self.key.end) != b':'
            || end < view.limit && view.line_end(end) == 0
        {
            return false;
        }
        let start = view.line_start(self.key.start);
        let next = end + view.line_end(end);
        let escape = view.backslashes_before(start.saturating_sub(1)).max(1);
        BESIDE.run(view.text, start, self.key.start) == self.key.start
            && (self.is_pair(next)
                || start > view.floor && self.is_pair(view.line_start(start - escape)))
    }

    /// Whether the line at `at` begins with `name:`.
    fn is_pair(&self, at: usize) -> bool {
        let view = self.view;
        let start = BESIDE.run(view.text, at, view.limit.min(at + 64));
        let end = const { Set::new(r"\w.-") }.run(view.text, start, view.limit.min(start + 64));
        end > start
            && view.byte(end) == b':'
            && (matches!(view.byte(end + 1), b' ') || view.line_end(end + 1) > 0)
    }

    /// Whether another `name=` or a flag begins at `at`, as in command lines.
    pub(super) fn has_pair(&self, at: usize) -> bool {
        let end = NAME.run(self.view.text, at, self.view.limit.min(at + 40));
        self.view.byte(at) == b'-'
            || end > at && self.view.byte(end) == b'='
            || matches!(self.view.byte(at), b'&' | b'|' | b'>' | b'\\')
    }

    /// Whether the name stands in `${...}`.
    pub(super) fn in_braces(&self) -> bool {
        let view = self.view;
        let start = const { Set::new(r"\w.-") }.run_back(
            view.text,
            self.key.start,
            view.floor.max(self.key.start.saturating_sub(64)),
        );
        view.before(start) == b'{' && start > view.floor + 1 && view.before(start - 1) == b'$'
    }

    /// `NAME=value`, as shells and environment files write it.
    pub(super) fn is_variable(&self, tight: bool) -> bool {
        let view = self.view;
        let name = &view.text[self.key.start..self.key.end];
        tight
            && view.language == Language::Unknown
            && view.byte(self.key.end) == b'='
            && (!name.iter().any(u8::is_ascii_lowercase) || self.is_whole_line())
    }

    /// Whether the value is a word that ends its line, with a user or a host named beside it, as
    /// notes write credentials down.
    fn is_beside_user(&self, at: usize, end: usize) -> bool {
        const USERS: [&[u8]; 5] = [b"user", b"login", b"email", b"host", b"account"];
        let view = self.view;
        let value = &view.text[at..end];
        if view.language != Language::Unknown
            || self.key.strength != Strength::Password
            || value.len() < 5
            || !value.iter().all(u8::is_ascii_lowercase)
            || view.line_end(view.skip_blanks(end)) == 0
        {
            return false;
        }
        let mut from = self.key.start;
        for _ in 0..LINES_BESIDE {
            from = view.line_start(from.saturating_sub(1).max(view.floor));
        }
        let around = view.text[from..self.key.start].to_ascii_lowercase();
        USERS.iter().any(|word| contains(&around, word))
    }

    /// Whether the line holds `name=value` and nothing else.
    fn is_whole_line(&self) -> bool {
        let view = self.view;
        let start = view.line_start(self.key.start);
        let before = &view.text[start..self.key.start];
        let before = before
            .strip_prefix(b"+")
            .or(before.strip_prefix(b"-"))
            .unwrap_or(before)
            .trim_ascii_start();
        let value = self.key.end + 1;
        let end = BARE_END.run_until(view.text, value, view.limit.min(value + LONGEST_BARE));
        (before.is_empty() || before == b"export " || before == b"set ")
            && end > value
            && view.line_end(end) > 0
            && view.text[start..end].iter().all(u8::is_ascii)
    }

    /// A generated text beside a name that no operator joins to it: `twilio token a81c...`.
    pub(super) fn nearby(&self, found: &mut Matches) {
        if !matches!(
            self.key.strength,
            Strength::Secret | Strength::Token | Strength::Named | Strength::Provider
        ) || !has_run(self.view, self.key.end, self.key.strength)
        {
            return;
        }
        let reach = reach(self.key.strength);
        if let Some((start, end)) = near(self.view, self.key.end, reach, self.key.strength) {
            found.secret(start, end);
            if end - start == LONGEST_BARE || end == self.view.limit {
                found.mark_truncated(end);
            }
        }
    }
}

/// The line of a name and those before it on which a user may be named.
const LINES_BESIDE: usize = 4;
/// What stands before a name on its line: a diff's sign, indentation, a comment's or a list's sign.
const BESIDE: Set = Set::new(" \t+#*-");
const QUERY_END: Set = Set::new("&# \t\r\n\"'`<>)]}\\\\;,|");
const PAIR_END: Set = Set::new(";\"'`\r\n<>");
