//! Values that blanks alone part from their names: behind flags, directives and declarations, in
//! the lists of arguments, in netrc files and in prose.

use super::{
    Operator, Reader,
    limits::BARE_END,
    operator,
    sentence::changed_to,
    strength::Strength,
    value::{contains, is_chosen},
};
use crate::{language::Language, shape::Set, span::Matches, text::View};

/// What stands before the name of a variable that a line sets.
const DIRECTIVES: &[&[u8]] = &[
    b"set", b"set -x", b"set -gx", b"set -Ux", b"setenv", b"SetEnv", b"setx",
];

impl Reader<'_, '_> {
    /// `--password hunter2`, `machine x password y`, `ENV PASSWORD value`.
    pub(super) fn blank_separated(&self, at: usize, found: &mut Matches) {
        let view = self.view;
        if let Some(value) = operator::declared(view, at) {
            return self.after_operator(value, Operator::Assign, found);
        }
        let start = self.key.start;
        let flag = view.before(start) == b'-';
        let line = without_signs(&view.text[view.line_start(start)..start]);
        let netrc = self.key.strength == Strength::Password
            && (line.is_empty()
                && view.language == Language::Config
                && !view.text[start].is_ascii_uppercase()
                // A command, and the user whose password it asks for.
                && view.text[start..self.key.end] != *b"passwd"
                && self.is_last_word(at)
                || (contains(line, b"login ") || contains(line, b"machine "))
                    && !self.is_pair_word(at));
        let docker =
            line == b"ENV" || line == b"ARG" || line.starts_with(b"define ") || line == b"define";
        let directive = DIRECTIVES.contains(&line) && self.is_last_word(at);
        let lisp = view.quote(at).is_some()
            && (view.before(start) == b':'
                || line.starts_with(b"(def")
                || line.starts_with(b"(set"));
        let statement = self.key.strength == Strength::Password
            && self.key.end - start > 5
            && matches!(view.byte(at), b'\'' | b'"')
            && (line.is_empty()
                || [&b"WITH"[..], b"USER", b"ROLE", b"LOGIN", b"user ", b"role "]
                    .iter()
                    .any(|word| contains(line, word)));
        let value = self.behind_marks(at);
        let is_whole =
            self.is_chosen_alone(value) && (value > at || line.is_empty() && self.is_compound());
        let at = value;
        let sentence = self.key.strength == Strength::Password
            && view.quote(at).is_some()
            && (line.ends_with(b" with") || line.ends_with(b" and"));
        if is_whole || sentence || flag || netrc || docker || directive || lisp || statement {
            self.after_operator(at, Operator::Words, found);
        } else if self.key.strength == Strength::Password
            && let Some(value) = self.linked(at)
        {
            // A sentence, in whatever file it stands.
            let view = View {
                language: Language::Unknown,
                ..*view
            };
            let key = self.key;
            Reader { view: &view, key }.after_operator(value, Operator::Words, found);
            if let Some(second) = changed_to(&view, value) {
                Reader { view: &view, key }.after_operator(second, Operator::Words, found);
            }
        } else if self.key.strength == Strength::Password
            && view.language.is_unknown()
            && (self.is_chosen_word(at) || self.is_told(at))
        {
            self.after_operator(at, Operator::Words, found);
        } else if view.language != Language::Code && self.key.strength == Strength::Header {
            self.scheme_value(at, found);
        }
    }

    /// Whether the word at `at` is a name and its value: `username=bob`.
    fn is_pair_word(&self, at: usize) -> bool {
        let end = BARE_END.run_until(self.view.text, at, self.view.limit.min(at + 64));
        self.view.text[at..end].contains(&b'=')
    }

    /// Behind what stands between a directive and its value: the number of an encoding, as routers
    /// write it, the name once more, a flag.
    fn behind_marks(&self, at: usize) -> usize {
        const WORD: Set = Set::new(r"\w-");
        let view = self.view;
        let word = WORD.run(view.text, at, view.limit.min(at + 24));
        let mark = &view.text[at.min(word)..word];
        let is_mark = match mark {
            [digit] => digit.is_ascii_digit(),
            b"password" => self.key.strength == Strength::Password,
            [b'-', b'-', ..] => self.key.end - self.key.start == b"rootpw".len(),
            _ => false,
        };
        let next = view.skip_blanks(word);
        if is_mark && next > word && !view.ends_line(next) && self.is_last_word(next) {
            next
        } else {
            at
        }
    }

    /// Whether the name is a directive of a configuration, of several words in one.
    fn is_compound(&self) -> bool {
        let name = &self.view.text[self.key.start..self.key.end];
        (name.len() > b"password".len() + 2 || name.ends_with(b"pw"))
            && name.iter().all(u8::is_ascii_alphabetic)
    }

    /// Whether the word at `at` ends its line and holds letters and digits.
    fn is_chosen_alone(&self, at: usize) -> bool {
        let view = self.view;
        let value = &view.text[at..BARE_END.run_until(view.text, at, view.limit.min(at + 64))];
        self.key.strength == Strength::Password
            && value.len() >= 6
            && value.iter().any(u8::is_ascii_digit)
            && value.iter().any(u8::is_ascii_alphabetic)
            && self.is_last_word(at)
    }

    /// Whether the word at `at` ends its line: a directive, not prose.
    fn is_last_word(&self, at: usize) -> bool {
        let view = self.view;
        if view.quote(at).is_some() {
            return true;
        }
        let end = const { Set::new(" \t\r\n;#") }.run_until(view.text, at, view.limit);
        let next = view.skip_blanks(end);
        view.ends_line(next) || matches!(view.byte(next), b';' | b'#')
    }

    fn is_chosen_word(&self, at: usize) -> bool {
        let end = BARE_END.run_until(self.view.text, at, self.view.limit.min(at + 64));
        is_chosen(&self.view.text[at..end])
    }

    /// The value on the next line of a list, `- --password` before `- x1y2z3`.
    pub(super) fn listed(&self, at: usize) -> Option<usize> {
        let view = self.view;
        let start = view.line_start(self.key.start);
        let before = view.text[start..self.key.start].trim_ascii_start();
        let is_flag = before.starts_with(b"-") && before.ends_with(b"-") && contains(before, b"- ");
        let next = view.next_line(at).filter(|_| is_flag)?;
        // The sign of a list, which a line of a diff has behind its own.
        let dash = if view.has(next, b"- ") { 2 } else { 0 };
        (dash > 0 || view.has(next.saturating_sub(2), b"- ")).then_some(next + dash)
    }
}

/// What stands before a name on its line, less the signs of diffs, comments and quotes.
pub(super) fn without_signs(line: &[u8]) -> &[u8] {
    const SIGNS: Set = Set::new(" \t+#/*>;%|-");
    let line = &line[SIGNS.run(line, 0, line.len())..];
    line.trim_ascii_end()
}
