//! Generic assignments: a name with a secret word, an operator, a value, in the spellings of every
//! common language. The value may be quoted, escaped, on the next line, in pieces, in a sibling
//! member (`"name": "x", "value": "y"`), in an XML element or in a list of pairs.

mod bare;
mod blank;
mod cells;
mod chosen;
mod code;
mod columns;
mod extent;
mod form;
mod glance;
mod header;
mod judge;
mod key;
mod lexicon;
mod limits;
mod literal;
mod members;
mod near;
mod operator;
mod providers;
mod robot;
mod sentence;
mod setting;
mod strength;
mod tables;
mod value;
mod words;

pub(crate) use bare::second_word;
pub(crate) use strength::Strength;
pub(crate) use value::{is_basic, is_uuid};

use form::Form;
use judge::is_secret;
use key::Key;
use limits::{LONGEST_BARE, LONGEST_COMPARED, LONGEST_JUDGED, LONGEST_NAME, NAME};
use operator::compared;
use providers::PROVIDERS;
use sentence::{other_than, used_as};
use value::is_translation;
use words::KEYWORDS;

use crate::{
    language::Language,
    shape::Set,
    span::Matches,
    text::{LONGEST_VALUE, View},
};

/// The keywords as literals for the scanner.
pub(crate) fn keywords() -> impl Iterator<Item = (&'static str, Set, Strength)> {
    let words = KEYWORDS
        .iter()
        .map(|keyword| (keyword.text, Set::new(keyword.tail), keyword.strength));
    let providers = PROVIDERS
        .iter()
        .map(|name| (*name, Set::default(), Strength::Provider));
    words.chain(providers)
}

/// Reads the assignment around a keyword at `at..end`.
pub(crate) fn read(
    view: &View<'_>,
    at: usize,
    end: usize,
    strength: Strength,
    found: &mut Matches,
) {
    // Keywords of two letters are found with their operator.
    let end = end - usize::from(matches!(view.text[end - 1], b'=' | b' '));
    // Most hits are no assignment: the next bytes tell before anything dearer.
    if glance::is_worth(view, at, end, strength) {
        read_name(view, at, end, strength, found);
    }
}

/// How secret a whole name makes its value, whatever it is spelled with.
pub(crate) fn strength_of(name: &[u8]) -> Option<Strength> {
    let folded = name.to_ascii_lowercase();
    let view = View {
        text: name,
        floor: 0,
        limit: name.len(),
        language: Language::Unknown,
    };
    KEYWORDS
        .iter()
        .filter(|keyword| keyword.text.bytes().all(|byte| byte.is_ascii_alphabetic()))
        .filter(|keyword| {
            !matches!(
                keyword.strength,
                Strength::Bearer | Strength::Header | Strength::Cookie | Strength::Sql
            )
        })
        .find_map(|keyword| {
            // Names are too short for a searcher to be worth its making.
            let word = keyword.text.as_bytes();
            let at = folded.windows(word.len()).position(|part| part == word)?;
            Key::around(&view, at, at + keyword.text.len(), keyword.strength)
        })
        .map(|key| key.strength)
}

/// Reads the assignment to the name at `start..end`, whatever it is spelled with.
pub(crate) fn read_as(
    view: &View<'_>,
    start: usize,
    end: usize,
    strength: Strength,
    found: &mut Matches,
) {
    let key = Key {
        start,
        end,
        strength,
    };
    Reader { view, key }.assignment(found);
}

fn read_name(view: &View<'_>, at: usize, end: usize, strength: Strength, found: &mut Matches) {
    let Some(key) = Key::around(view, at, end, strength) else {
        return typed(view, at, end, strength, found);
    };
    let reader = Reader { view, key };
    if key.strength == Strength::Provider && names_kind(view, key.end) || is_user(view, &key) {
        return;
    }
    let before = found.len();
    match key.strength {
        Strength::Bearer => reader.scheme_value(key.end, found),
        Strength::Sql if reader.is_prose() || view.quote(reader.key.end).is_some() => {}
        Strength::Sql => {
            // What merely identifies something is followed by a word of prose.
            let view = View {
                language: match view.language {
                    Language::Code => Language::Code,
                    _ => Language::Unknown,
                },
                ..*view
            };
            Reader { view: &view, key }.after_operator(key.end, Operator::Words, found);
        }
        _ => reader.assignment(found),
    }
    if found.len() == before {
        reader.nearby(found);
    } else if let Some((start, end)) = other_than(view, found.spans[found.len() - 1].end) {
        found.secret(start, end);
    }
    if let Some((start, end)) = used_as(view, key.start, key.end, key.strength) {
        found.secret(start, end);
    }
}

/// Whether the name is a user in the authority of a link, which is read as a link.
fn is_user(view: &View<'_>, key: &Key) -> bool {
    const AUTHORITY: Set = Set::new(r"\w.~!$&*+,;=:%@-");
    if view.byte(key.end) != b':' || !view.text[..key.start].ends_with(b"://") {
        return false;
    }
    let end = AUTHORITY.run(view.text, key.end, view.limit.min(key.end + 512));
    memchr::memchr(b'@', &view.text[key.end..end]).is_some()
}

/// What a call types into a field whose name is none of a value: `user.type(passwordInput, '...')`.
fn typed(view: &View<'_>, at: usize, end: usize, strength: Strength, found: &mut Matches) {
    if !matches!(strength, Strength::Password | Strength::Pass) {
        return;
    }
    let floor = view.floor.max(at.saturating_sub(LONGEST_NAME));
    let start = NAME.run_back(view.text, at, floor);
    let end = NAME.run(view.text, end, view.limit.min(end + LONGEST_NAME));
    let assigned = || {
        view.has(end, b".value")
            .then(|| operator::method(view, end))
            .flatten()
    };
    if let Some(value) = operator::filled(view, start, end).or_else(assigned) {
        let key = Key {
            start,
            end,
            strength: Strength::Password,
        };
        Reader { view, key }.after_operator(value, Operator::Compare, found);
    }
}

/// `spotify:track:...`: whether a provider's name goes on to the kind of thing that is named.
fn names_kind(view: &View<'_>, end: usize) -> bool {
    let word = const { Set::new("a-z") }.run(view.text, end + 1, view.limit.min(end + 24));
    view.byte(end) == b':' && word > end + 1 && view.byte(word) == b':'
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    /// `=`, `:` and their kin.
    Assign,
    /// `==`, `!=`.
    Compare,
    /// `,` after a quoted name.
    Comma,
    /// `(` after a bare name.
    Call,
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
    fn assignment(&self, found: &mut Matches) {
        let view = self.view;
        if found.is_exhausted(self.key.start) {
            return;
        }
        self.sibling_before(found);
        let (mut at, quoted, column) = self.name_end();
        let name_end = at;
        at = view.skip_blanks(at);
        let blank = at > name_end;
        if blank && !quoted {
            at = operator::behind_remark(view, at).unwrap_or(at);
        }
        if self.in_cells(at, found)
            || self.in_columns(found)
            || matches!(view.byte(column), b',' | b')' | b']') && self.inserted(column, found)
        {
            return;
        }
        let operator = match self.sibling(at) {
            Some(value) => Some((Operator::Assign, value)),
            None if blank => self
                .in_tag(at, quoted)
                .or_else(|| self.operator(at, quoted)),
            None => self.operator(at, quoted),
        };
        match operator {
            Some((operator, end)) => self.after_operator(end, operator, found),
            None if blank && !quoted => self.blank_separated(at, found),
            None => {
                if let Some(value) = self.listed(at) {
                    self.after_operator(value, Operator::Assign, found);
                }
            }
        }
        if matches!(view.byte(name_end), b' ' | b')' | b'\n' | b';') {
            self.compared_before(found);
        }
    }

    /// Behind what closes the name, whether a quote does, and where it ends without brackets.
    fn name_end(&self) -> (usize, bool, usize) {
        let view = self.view;
        let mut at = view.skip_invisible(self.key.end);
        let mut quoted = false;
        // What closes a name: a quote, a bracket, both in either order.
        at += usize::from(is_selector(view, at));
        if let Some(quote) = view.quote(at) {
            at += quote.len;
            quoted = true;
        }
        let column = at;
        let braced = self.is_braced();
        while matches!(view.byte(at), b']' | b')') || braced && view.byte(at) == b'}' {
            at += 1;
        }
        if quoted
            && view.before(at) == b']'
            && let Some(quote) = view.quote(at)
        {
            // `'[name="password"]')`
            at += quote.len;
            at += usize::from(view.byte(at) == b')');
        }
        if view.before(self.key.start) == b'*' {
            // `**Password**: ...`
            at = STARS.run(view.text, at, view.limit);
        }
        if view.byte(at) == b'[' {
            // `char password[20] = "..."`
            let end = const { Set::new(r"\w ") }.run(view.text, at + 1, view.limit.min(at + 16));
            if view.byte(end) == b']' {
                at = end + 1;
            }
        }
        (at, quoted, column)
    }

    /// Whether `identified by` is followed by a name, as in prose: ``identified by `name` ``,
    /// `identified by "name"`. Statements that quote a password so are written in capitals.
    fn is_prose(&self) -> bool {
        let view = self.view;
        let at = view.skip_blanks(self.key.end);
        let word = at + 1;
        let end = const { Set::new("A-Za-z") }.run(view.text, word, view.limit.min(word + 64));
        match view.byte(at) {
            b'`' => true,
            b'"' => view.text[self.key.start].is_ascii_lowercase() && view.byte(end) == b'"',
            _ => false,
        }
    }

    /// Whether the name is a member in braces: `$fields{password}`.
    fn is_braced(&self) -> bool {
        let view = self.view;
        let start = self.key.start;
        let quoted = matches!(view.before(start), b'"' | b'\'');
        let brace = start - usize::from(quoted);
        view.before(brace) == b'{'
            && brace > view.floor + 1
            && (NAME.has(view.before(brace - 1)) || view.before(brace - 1) == b'}')
    }

    /// `variable "password" { default = "..." }`
    fn default_inside(&self, at: usize) -> Option<usize> {
        let view = self.view;
        let limit = view.limit.min(at + 256);
        let close = memchr::memchr(b'}', &view.text[at..limit]).map_or(limit, |index| at + index);
        let word = at + memchr::memmem::find(&view.text[at..close], b"default")?;
        let end = view.skip_blanks(word + b"default".len());
        (view.byte(end) == b'=').then_some(end + 1)
    }

    /// `"hunter2" == password` and `"hunter2".equals(password)`.
    fn compared_before(&self, found: &mut Matches) {
        let view = self.view;
        let Some(at) = compared(view, self.key.start, LONGEST_COMPARED) else {
            return;
        };
        let byte = view.before(at);
        let end = at - 1 - view.backslashes_before(at - 1);
        let floor = view.floor.max(end.saturating_sub(256));
        if let Some(index) = memchr::memrchr(byte, &view.text[floor..end]) {
            let start = floor + index + 1;
            self.propose(start, end, Form::Quoted, found);
        }
    }

    fn after_operator(&self, at: usize, operator: Operator, found: &mut Matches) {
        let view = self.view;
        let mut at = view.skip_blanks(view.skip_invisible(view.skip_blanks(at)));
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
        if view.before(self.key.start) == b'*' && view.byte(at) == b'*' {
            at = view.skip_blanks(STARS.run(view.text, at, view.limit));
        }
        if view.byte(at) == b'{' && self.object(at, found) {
            return;
        }
        if let Some(inside) = inline_element(view, at) {
            return self.element(inside, found);
        }
        if let Some((start, end)) = perl_literal(view, at) {
            return self.propose(start, end, Form::Quoted, found);
        }
        if let Some((start, end)) = set_off(view, at) {
            return self.propose(start, end, Form::Literal, found);
        }
        if operator == Operator::Comma && view.has(at, b"with: ") {
            // `fill_in "Password", with: "..."`
            return self.after_operator(at + b"with:".len(), Operator::Assign, found);
        }
        at = self.skip_wrappers(at);
        if let Some(quote) = view.quote(at) {
            return self.quoted(at, quote, operator, found);
        }
        if matches!(operator, Operator::Comma | Operator::Call) {
            return;
        }
        if let Some(value) = self.after_type(at) {
            return self.after_operator(value, Operator::Assign, found);
        }
        if next_line && self.is_pair(at) {
            // `DBPassword:` over a mapping: its default or value, if it has one.
            return self.below(at, found);
        }
        // `secret:` over a list names no value.
        if next_line && (!view.language.is_config() || view.has(at, b"- ")) {
            return;
        }
        if operator == Operator::Compare {
            return;
        }
        self.bare(at, operator, found);
    }

    fn propose(&self, start: usize, end: usize, form: Form, found: &mut Matches) {
        let view = self.view;
        let mut start = start;
        let mut end = end;
        const SPACE: Set = Set::new(" \t\r\n");
        while start < end && SPACE.has(view.text[start]) {
            start += 1;
        }
        while end > start && SPACE.has(view.text[end - 1]) {
            end -= 1;
        }
        if start >= end {
            return;
        }
        if !found.spend(start, end, LONGEST_JUDGED.min(end - start)) {
            return;
        }
        let value = &view.text[start..end];
        if view.language == Language::Labels && is_translation(value) {
            return;
        }
        let name = &view.text[self.key.start..self.key.end];
        if is_secret(value, self.key.strength, form, view.language, name) {
            found.secret(start, end);
            if end == view.limit
                || end - start >= LONGEST_VALUE
                || form != Form::Quoted && end - start >= LONGEST_BARE
            {
                found.mark_truncated(end);
            }
        }
    }
}

/// Whether the bracket at `at` closes a selector that a quote closes too: `'[name=password]'`.
fn is_selector(view: &View<'_>, at: usize) -> bool {
    view.byte(at) == b']' && view.quote(at + 1).is_some()
}

/// Behind the tag at `at` that only sets a text off: `<b>`, `<code>`.
fn inline_element(view: &View<'_>, at: usize) -> Option<usize> {
    const TAGS: [&[u8]; 9] = [
        b"<b>",
        b"<i>",
        b"<em>",
        b"<tt>",
        b"<kbd>",
        b"<pre>",
        b"<code>",
        b"<samp>",
        b"<strong>",
    ];
    if view.byte(at) != b'<' {
        return None;
    }
    let tag = TAGS.iter().find(|tag| view.has(at, tag))?;
    Some(at + tag.len())
}

/// `\texttt{...}`, `\verb|...|`: what a macro of LaTeX only sets off.
fn set_off(view: &View<'_>, at: usize) -> Option<(usize, usize)> {
    const MACROS: [&[u8]; 5] = [
        b"\\texttt{",
        b"\\textbf{",
        b"\\code{",
        b"\\verb|",
        b"\\lstinline|",
    ];
    if view.byte(at) != b'\\' {
        return None;
    }
    let start = at + MACROS.iter().find(|name| view.has(at, name))?.len();
    let limit = view.limit.min(start + LONGEST_BARE);
    let end = const { Set::new("}| \r\n\"\\\\") }.run_until(view.text, start, limit);
    matches!(view.byte(end), b'}' | b'|').then_some((start, end))
}

/// `q{...}`, `qq(...)`, `%q(...)`
fn perl_literal(view: &View<'_>, at: usize) -> Option<(usize, usize)> {
    let at = at + usize::from(view.has(at, b"%q") || view.has(at, b"%Q"));
    // `q(...)`, `qq(...)`, and the sigils of Elixir `~s(...)`.
    let is_percent = view.before(at) == b'%' && view.byte(at) == b'Q';
    if !matches!(view.byte(at), b'q' | b'~') && !is_percent {
        return None;
    }
    let sigil = view.has(at, b"~s") || view.has(at, b"~S");
    let open = at + 1 + usize::from(sigil || view.has(at, b"qq"));
    let close = match view.byte(open) {
        b'{' => b'}',
        b'(' => b')',
        b'[' => b']',
        b'|' => b'|',
        _ => return None,
    };
    if view.byte(at) == b'~' && !sigil {
        return None;
    }
    let limit = view.limit.min(open + 1 + LONGEST_BARE);
    let end = const { Set::new("{}()[]|\r\n\"'") }.run_until(view.text, open + 1, limit);
    (view.byte(end) == close).then_some((open + 1, end))
}

const STARS: Set = Set::new("*");

fn has_digit_or_symbol(value: &[u8]) -> bool {
    value
        .iter()
        .any(|byte| byte.is_ascii_digit() || b"!@#$%^&*+=".contains(byte))
}

#[cfg(test)]
mod tests;
