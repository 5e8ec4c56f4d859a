//! Values that blanks alone part from their names: behind flags, directives and declarations, in
//! the lists of arguments, in netrc files and in prose.

use super::{
    Operator, Reader,
    limits::BARE_END,
    operator,
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
        let line = &view.text[view.line_start(start)..start];
        let line = line.trim_ascii_start();
        let line = line
            .strip_prefix(b"+")
            .or(line.strip_prefix(b"-"))
            .unwrap_or(line);
        let line = line.trim_ascii();
        let netrc = self.key.strength == Strength::Password
            && (line.is_empty()
                && view.language == Language::Config
                && !view.text[start].is_ascii_uppercase()
                && self.is_last_word(at)
                || contains(line, b"login ")
                || contains(line, b"machine "));
        let docker = line == b"ENV" || line == b"ARG" || line.starts_with(b"#define");
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
        let sentence = self.key.strength == Strength::Password
            && view.quote(at).is_some()
            && (line.ends_with(b" with") || line.ends_with(b" and"));
        if sentence || flag || netrc || docker || directive || lisp || statement {
            self.after_operator(at, Operator::Words, found);
        } else if self.key.strength == Strength::Password
            && (view.has(at, b"is ") || view.has(at, b"is: "))
        {
            // A sentence, in whatever file it stands.
            let view = View {
                language: Language::Unknown,
                ..*view
            };
            let key = self.key;
            Reader { view: &view, key }.after_operator(at + 3, Operator::Words, found);
        } else if self.key.strength == Strength::Password
            && view.language.is_unknown()
            && self.is_chosen_word(at)
        {
            self.after_operator(at, Operator::Words, found);
        } else if view.language != Language::Code && self.key.strength == Strength::Header {
            self.scheme_value(at, found);
        }
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
