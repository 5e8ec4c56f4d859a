//! How sentences join a name to its value, in several languages: `the password was changed to
//! x1y2z3`, `use x1y2z3 as the password`. Where such words do not make a value plain, its look must:
//! letters and digits that no name, version or algorithm has.

use super::{
    Reader,
    chosen::is_chosen_or_generated,
    limits::{BARE_END, LONGEST_NAME},
    operator::REMARKS,
    strength::Strength,
};
use crate::{shape::Set, text::View};

/// Words between a name and its value, in lower case.
const LINKS: &[&str] = &[
    "is",
    "is:",
    "was",
    "are",
    "now",
    "be",
    "been",
    "has",
    "set",
    "changed",
    "reset",
    "updated",
    "defaults",
    "—",
    "–",
    "→",
    "lautet",
    "ist",
    "wurde",
    "auf",
    "est",
    "es",
    "é",
    "è",
    "je",
    "este",
    "är",
    "er",
    "là",
    "на",
    "изменили",
    "изменён",
    "изменен",
    "сменили",
];
/// The same where something is moved to the value: only a verb of these tells it from a place.
const MOVES: &[&str] = &["to", "from"];
const VERBS: &[&[u8]] = &[
    b"set", b"Set", b"hange", b"eset", b"pdate", b"otate", b"witch", b"efault",
];
/// Words between a value and the name that it is used as.
const ROLES: &[&str] = &["as", "als", "comme", "como", "come", "jako", "som", "как"];
const ARTICLES: &[&str] = &[
    "the", "a", "my", "your", "our", "das", "le", "la", "il", "root", "admin", "new",
];
/// Words before a name that its value follows at once.
const LEADS: &[&str] = &["the", "and", "with", "password"];
/// Words of a sentence between a name and its value.
const MOST_LINKS: usize = 4;
const LONGEST_LINK: usize = 16;
const WORD_END: Set = Set::new(" \t\r\n\"'`");

impl Reader<'_, '_> {
    /// Where the value begins that the words at `at` join to the name.
    pub(super) fn linked(&self, at: usize) -> Option<usize> {
        let view = self.view;
        let (mut place, mut moves) = (self.behind_place(at), false);
        for index in 0..=MOST_LINKS {
            let end = WORD_END.run_until(view.text, place, view.limit.min(place + LONGEST_LINK));
            let word = &view.text[place..end];
            let is_move = is_one_of(word, MOVES);
            let next = view.skip_blanks(end);
            if next == end || !is_move && !is_one_of(word, LINKS) {
                let is_whole = !view.text[..place].trim_ascii_end().ends_with(b"from")
                    || changed_to(view, place).is_some();
                let is_linked = index > 0 && is_whole && (!moves || self.has_verb(place));
                return is_linked.then_some(place);
            }
            moves |= is_move;
            place = next;
        }
        None
    }

    /// Behind what the words at `at` say the name is for, where a link follows: `for staging is`.
    fn behind_place(&self, at: usize) -> usize {
        let view = self.view;
        let mut place = at;
        for index in 0..=MOST_LINKS {
            let end = WORD_END.run_until(view.text, place, view.limit.min(place + LONGEST_LINK));
            let word = &view.text[place..end];
            let is_first = index == 0;
            if !is_first && is_one_of(word, LINKS) {
                return place;
            }
            if is_first && !is_one_of(word, REMARKS) || view.byte(end) != b' ' {
                return at;
            }
            place = end + 1;
        }
        at
    }

    /// Whether the sentence before `at` says that something is changed; names of other scripts stand
    /// in sentences of other languages.
    fn has_verb(&self, at: usize) -> bool {
        let line = &self.view.text[self.view.line_start(self.key.start)..at];
        !self.view.text[self.key.start..self.key.end].is_ascii()
            || VERBS
                .iter()
                .any(|verb| memchr::memmem::find(line, verb).is_some())
    }

    /// Whether a value that a person chose stands at `at`, right behind the name: quoted, or behind
    /// the words that lead up to it.
    pub(super) fn is_told(&self, at: usize) -> bool {
        let view = self.view;
        let quote = view.quote(at);
        let start = at + quote.map_or(0, |quote| quote.len);
        let end = match quote {
            Some(quote) => view.quoted_end(start, quote).0,
            None => BARE_END.run_until(view.text, start, view.limit.min(start + 64)),
        };
        let value = &view.text[start..end];
        let value = value.strip_suffix(b".").unwrap_or(value);
        let lead = word_before(view, self.key.start);
        is_chosen_or_generated(value)
            && (quote.is_some() || is_one_of(&view.text[lead.0..lead.1], LEADS))
    }
}

/// The second value of `from x1y2z3 to a4b5c6`, whose first stands at `at`.
pub(super) fn changed_to(view: &View<'_>, at: usize) -> Option<usize> {
    let over = view.skip_blanks(WORD_END.run_until(view.text, at, view.limit.min(at + 64)));
    (view.text[..at].trim_ascii_end().ends_with(b"from") && view.has(over, b"to "))
        .then(|| view.skip_blanks(over + 3))
}

/// The second value of `x1y2z3 or a4b5c6`, whose first ends at `at`.
pub(super) fn other_than(view: &View<'_>, at: usize) -> Option<(usize, usize)> {
    const WORDS: &[&str] = &["or", "oder", "ou", "или"];
    const QUOTES: Set = Set::new("\"'`*");
    const SIGNS: Set = Set::new("\"'`*.,;:!?)");
    let word = QUOTES.run(view.text, at, view.limit.min(at + 2));
    if view.byte(word) != b' ' || !view.language.is_unknown() {
        return None;
    }
    let over = WORD_END.run_until(view.text, word + 1, view.limit.min(word + 8));
    if view.byte(over) != b' ' || !is_one_of(&view.text[word + 1..over], WORDS) {
        return None;
    }
    let start = QUOTES.run(view.text, over + 1, view.limit.min(over + 3));
    // One more than is taken, so that a longer word is not taken in part.
    let end = WORD_END.run_until(view.text, start, view.limit.min(start + LONGEST_NAME + 1));
    let end = SIGNS.run_back(view.text, end, start);
    is_chosen_or_generated(&view.text[start..end]).then_some((start, end))
}

/// The value before the name at `start..end` that it is said to be: `use x1y2z3 as the password`.
pub(super) fn used_as(
    view: &View<'_>,
    start: usize,
    end: usize,
    strength: Strength,
) -> Option<(usize, usize)> {
    let takes = matches!(
        strength,
        Strength::Password | Strength::Token | Strength::Secret
    );
    // Most names go on with an operator, which no sentence has.
    const OVER: Set = Set::new(" .,;!?)\"'`*\r\n");
    if view.before(start) != b' '
        || !takes
        || !OVER.has(view.byte(end))
        || !view.language.is_unknown()
    {
        return None;
    }
    let mut word = role_before(view, start)?;
    for _ in 0..2 {
        if !is_one_of(&view.text[word.0..word.1], ARTICLES) {
            break;
        }
        word = role_before(view, word.0)?;
    }
    if !is_one_of(&view.text[word.0..word.1], ROLES) {
        return None;
    }
    // Whatever goes on behind the name is not a secret itself: `as the password prompt`.
    let next = view.byte(view.skip_blanks(end));
    let is_over = view.byte(end) != b' ' || !next.is_ascii_lowercase() || follows(view, end);
    let (start, end) = word_before(view, word.0);
    (is_over && is_chosen_or_generated(&view.text[start..end])).then_some((start, end))
}

/// The word before `at`, if it is short enough for a role or an article.
fn role_before(view: &View<'_>, at: usize) -> Option<(usize, usize)> {
    const LETTERS: Set = Set::new("A-Za-z").with_letters();
    const LONGEST: usize = 6;
    let end = at - usize::from(view.before(at) == b' ');
    let floor = view.floor.max(end.saturating_sub(LONGEST + 1));
    let start = LETTERS.run_back(view.text, end, floor);
    (end < at && start < end && end - start <= LONGEST).then_some((start, end))
}

/// Whether a word of the same sentence that takes nothing from a name follows it.
fn follows(view: &View<'_>, end: usize) -> bool {
    const WORDS: [&[u8]; 9] = [
        b"for ",
        b"on ",
        b"in ",
        b"when",
        b"if ",
        b"and ",
        b"until",
        b"verwenden",
        b"to ",
    ];
    let at = view.skip_blanks(end);
    WORDS.iter().any(|word| view.has(at, word))
}

/// The word before `at` without its quotes.
fn word_before(view: &View<'_>, at: usize) -> (usize, usize) {
    const BLANK: Set = Set::new(" ");
    const QUOTES: Set = Set::new("\"'`*");
    let floor = view.floor.max(at.saturating_sub(96));
    let end = BLANK.run_back(view.text, at, floor);
    let mut start = end;
    while start > floor && !view.text[start - 1].is_ascii_whitespace() {
        start -= 1;
    }
    let inner = QUOTES.run(view.text, start, end);
    (inner, QUOTES.run_back(view.text, end, inner))
}

fn is_one_of(word: &[u8], words: &[&str]) -> bool {
    words
        .iter()
        .any(|known| word.eq_ignore_ascii_case(known.as_bytes()))
}
