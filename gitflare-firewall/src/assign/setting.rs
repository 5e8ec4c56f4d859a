//! Whether an unquoted word stands where notes, manuals and command lines write values down, so
//! that it counts although nothing else tells it from a word of prose.

use super::{
    Operator, Reader,
    limits::{BARE_END, LONGEST_BARE},
    strength::Strength,
    value::contains,
    words::{ALGORITHMS, EMPTY_WORDS, PLACES},
};
use crate::shape::Set;

impl Reader<'_, '_> {
    /// Whether the word at `at..end` is written down as a value.
    pub(super) fn is_setting(&self, at: usize, end: usize, operator: Operator) -> bool {
        if !self.view.language.is_unknown() || end <= at {
            return false;
        }
        self.is_flag(at, end, operator)
            || self.is_beside_user(at, end)
            || self.is_in_list(end)
            || operator == Operator::Assign && self.is_whole_setting(at, end)
            || self.is_beside_pair(at, end)
            || self.is_member(at, end)
    }

    /// `--password=Winter1`, `--password letmein --verbose`.
    fn is_flag(&self, at: usize, end: usize, operator: Operator) -> bool {
        let view = self.view;
        let value = &view.text[at..end];
        let tight = view.byte(self.key.end) == b'=' && at == self.key.end + 1;
        view.before(self.key.start) == b'-'
            && (operator == Operator::Words && value.iter().any(u8::is_ascii_digit)
                || self.key.strength == Strength::Password
                    && is_value(value)
                    && (tight
                        || operator == Operator::Words && view.byte(view.skip_blanks(end)) == b'-'))
    }

    /// `password: letmein` and nothing else on its line.
    fn is_whole_setting(&self, at: usize, end: usize) -> bool {
        let view = self.view;
        let name = &view.text[self.key.start..self.key.end];
        self.key.strength == Strength::Password
            && !name.eq_ignore_ascii_case(b"pass")
            && (view.byte(self.key.end) != b':' || at > self.key.end + 1)
            && (view.ends_line(view.skip_blanks(end)) || view.quote(end).is_some())
            && self.begins_line()
            && is_value(&view.text[at..end])
    }

    /// Whether nothing but signs of lists and comments, `export` and the first parts of a dotted
    /// name stand before the name on its line, or in the literal that holds it.
    fn begins_line(&self) -> bool {
        const SIGNS: Set = Set::new("+#*/;|%<!>-");
        const NAME: Set = Set::new(r"\w.-");
        let view = self.view;
        let start = view.line_start(self.key.start);
        let before = &view.text[start..self.key.start];
        let literal = memchr::memrchr3(b'"', b'\'', b'`', before).map_or(0, |index| index + 1);
        let mut words = before[literal..]
            .split(|byte| matches!(byte, b' ' | b'\t'))
            .filter(|word| !word.is_empty());
        words.all(|word| {
            SIGNS.run(word, 0, word.len()) == word.len()
                || word == b"export"
                || word == b"set"
                || word.ends_with(b".") && NAME.run(word, 0, word.len()) == word.len()
        })
    }

    /// `user=app password=letmein host=db`
    fn is_beside_pair(&self, at: usize, end: usize) -> bool {
        let view = self.view;
        let start = view.line_start(self.key.start);
        let before = view.text[start..self.key.start].trim_ascii_end();
        let word = before.rsplit(|byte| *byte == b' ').next().unwrap_or(before);
        self.key.strength == Strength::Password
            && view.byte(self.key.end) == b'='
            && at == self.key.end + 1
            && (before.len() < self.key.start - start && word.contains(&b'=')
                || view.byte(end) == b' ' && self.has_pair(end + 1))
            && is_value(&view.text[at..end])
    }

    /// `{user: bob, password: letmein}`
    fn is_member(&self, at: usize, end: usize) -> bool {
        let view = self.view;
        let before = &view.text[view.line_start(self.key.start)..self.key.start];
        self.key.strength == Strength::Password
            && view.byte(end) == b'}'
            && before.ends_with(b", ")
            && before.contains(&b'{')
            && before.contains(&b':')
            && is_value(&view.text[at..end])
    }

    /// Whether the value ends its line and a line beside it is a name and its value too, as
    /// manuals show configuration.
    fn is_in_list(&self, end: usize) -> bool {
        let view = self.view;
        let end = view.skip_blanks(end);
        if view.byte(self.key.end) != b':' || end < view.limit && view.line_end(end) == 0 {
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
    pub(super) fn is_pair(&self, at: usize) -> bool {
        let view = self.view;
        let start = BESIDE.run(view.text, at, view.limit.min(at + 64));
        let end = const { Set::new(r"\w.-") }.run(view.text, start, view.limit.min(start + 64));
        end > start
            && view.byte(end) == b':'
            && (matches!(view.byte(end + 1), b' ') || view.line_end(end + 1) > 0)
    }

    /// `NAME=value`, as shells and environment files write it.
    pub(super) fn is_variable(&self, tight: bool) -> bool {
        let view = self.view;
        let name = &view.text[self.key.start..self.key.end];
        tight
            && view.language.is_unknown()
            && view.byte(self.key.end) == b'='
            && (!name.iter().any(u8::is_ascii_lowercase) || self.is_whole_line())
    }

    /// Whether the value is a word that ends its line, with a user or a host named beside it, as
    /// notes write credentials down.
    fn is_beside_user(&self, at: usize, end: usize) -> bool {
        const USERS: [&[u8]; 5] = [b"user", b"login", b"email", b"host", b"account"];
        let view = self.view;
        let value = &view.text[at..end];
        if self.key.strength != Strength::Password
            || value.len() < 5
            || !value.iter().all(u8::is_ascii_lowercase)
            || !view.ends_line(view.skip_blanks(end))
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
        let value = self.key.end + 1;
        let end = BARE_END.run_until(view.text, value, view.limit.min(value + LONGEST_BARE));
        self.begins_line()
            && end > value
            && (view.ends_line(end) || view.quote(end).is_some())
            && view.text[start..end].is_ascii()
    }
}

/// Whether a word may be a password rather than what documents say of one.
fn is_value(word: &[u8]) -> bool {
    const WORD: Set = Set::new(r"\w!@#$%^*+?~.-");
    (5..=64).contains(&word.len())
        && WORD.run(word, 0, word.len()) == word.len()
        && word[0] != b'-'
        && !EMPTY_WORDS.has(word)
        && !word
            .split(|byte| !byte.is_ascii_alphanumeric())
            .any(|part| {
                PLACES.has(part) || EMPTY_WORDS.has(part) && part.len() > 3 || ALGORITHMS.has(part)
            })
}

/// The line of a name and those before it on which a user may be named.
const LINES_BESIDE: usize = 4;
/// What stands before a name on its line: a diff's sign, indentation, a comment's or a list's sign.
const BESIDE: Set = Set::new(" \t+#*-");
