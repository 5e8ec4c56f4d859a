//! Cheap pre-filter: rejects keywords that cannot be the name of a value, by a few bytes around
//! them. It may pass too many and never rejects one whose value the reader would find; a property
//! test compares the two.

use super::{
    bare::{in_braces, second_word},
    blank::without_signs,
    cells::is_row,
    columns, is_selector,
    key::Key,
    limits::{
        BARE_END, LONGEST_COMPARED, LONGEST_NAME, LONGEST_WORD, MARK, NAME, SHORTEST_GENERATED,
        SHORTEST_NEARBY, reach,
    },
    members::{is_attribute, is_element, is_entry, is_member_name, value_before, value_word},
    near::{beneath, has_run, near, takes_nearby},
    operator::{
        CALL, TYPE, argument, behind_remark, compared, declared, filled, is_argument, is_compared,
        method, promised, tuple,
    },
    robot,
    sentence::used_as,
    strength::Strength,
    tables::heads_column,
    value::is_header,
};
use crate::{chance::Profile, language::Language, shape::Set, text::View};

/// What a quote may begin with, in its ASCII spellings.
const QUOTE: Set = Set::new("\"'`\\\\&");
/// Behind a name and its blanks: the beginning of an operator, or near enough.
const OPENS: Set = Set::new("[<>%");
/// Ends of a line, and what a sibling member may begin with.
const SIBLING: Set = Set::new("vVcd{-");

/// Whether the keyword at `at..end` is worth reading.
pub(super) fn is_worth(view: &View<'_>, at: usize, end: usize, strength: Strength) -> bool {
    if matches!(
        strength,
        Strength::Bearer | Strength::Sql | Strength::Header | Strength::Cookie
    ) || !view.text[at].is_ascii()
    {
        return true;
    }
    let stop = NAME.run(view.text, end, view.limit.min(end + LONGEST_NAME));
    if strength == Strength::Provider
        && stop - end > SHORTEST_NEARBY
        && !view.text[stop - SHORTEST_NEARBY..stop].contains(&b'-')
    {
        // A generated text may be joined to the name itself.
        return true;
    }
    view.language == Language::Table
        || may_assign(view, at, stop, strength)
        || value_before(view, at).is_some()
        || used_as(view, name_start(view, at), stop, strength).is_some()
        || may_be_compared(view, at, stop)
        || may_be_near(view, (at, end), stop, strength)
}

fn may_assign(view: &View<'_>, start: usize, stop: usize, strength: Strength) -> bool {
    let mut at = stop + usize::from(is_selector(view, stop));
    let mut quoted = false;
    match view.byte(at) {
        b'>' | b'[' | b'*' => return true,
        b'}' if robot::variable(view, start, stop).is_some() => return true,
        b'"' | b'\'' | b'`' => {
            at += 1;
            quoted = true;
        }
        byte if is_quote(byte) => return true,
        _ => {}
    }
    if matches!(view.byte(at), b',' | b')' | b']') && columns::values(view, at).is_some() {
        return true;
    }
    while matches!(view.byte(at), b']' | b')' | b'}') {
        at += 1;
    }
    let blank = matches!(view.byte(at), b' ' | b'\t');
    if blank {
        at = view.skip_blanks(at);
    }
    let byte = view.byte(at);
    let next = view.byte(at + 1);
    if OPENS.has(byte) || is_quote(byte) {
        return true;
    }
    if blank && quoted && is_attribute(view, start)
        || blank && !quoted && byte.is_ascii_alphabetic() && is_element(view, start)
    {
        return true;
    }
    let opens = match byte {
        b'=' => matches!(next, b'~' | b'3') || takes_value(view, start, at + 1, at == stop),
        b':' if next == b':' => {
            let end = at + 2 + usize::from(view.byte(at + 2) == b':');
            view.byte(end) == b'=' || view.byte(end) == b' ' && is_quote(view.byte(end + 1))
        }
        b':' => takes_value(view, start, at + 1, at == stop),
        b'!' => next == b'=',
        b'|' => true,
        b'?' => next == byte || next == b'=' || next == b':',
        b'.' if next.is_ascii_alphabetic() => method(view, at).is_some(),
        b'+' | b'.' => next == byte || next == b'=',
        b'-' => next == b'>' || blank || next == b' ',
        b'/' => filled(view, start, at).is_some(),
        b'(' if blank && behind_remark(view, at).is_some() => true,
        b'(' => !quoted && argument(view, at + 1).is_some(),
        b',' => {
            let next = view
                .next_line(at + 1)
                .unwrap_or_else(|| view.skip_blanks(at + 1));
            begins_member(view, next)
                || quoted && view.has(next, b"with: ")
                || quoted
                    && (is_flag(view, start) || is_argument(view, start) || is_entry(view, start))
                || is_compared(view, start)
                || tuple_around(view, start, at)
                || filled(view, start, at).is_some()
                || is_member_name(view, start)
        }
        b'\n' | b'\r' => {
            view.next_line(at)
                .is_some_and(|next| is_sibling(view.byte(next)))
                || is_flag(view, start)
                || is_member_name(view, start)
                || quoted && promised(view, at).is_some()
                || is_row(view, start)
                || heads_column(view, start, at)
        }
        b'v' | b'V' => matches!(next, b'a' | b'A'),
        b'w' => quoted && view.has(at, b"with "),
        b's' => quoted && promised(view, at).is_some(),
        // The colour of a terminal.
        0x1B => true,
        b'c' => next == b'o',
        b'd' => next == b'e',
        _ if blank && behind_remark(view, at).is_some() => true,
        b'o' => next == b'r',
        b'e' => next == b'n',
        b'{' => true,
        _ => false,
    };
    opens
        || blank && heads_column(view, start, stop)
        || blank && !quoted && (takes_blanks(view, start, strength) || declared(view, at).is_some())
}

/// Whether a value may follow the operator that begins before `at`: a literal, or a bare word that
/// is not plainly a name.
fn takes_value(view: &View<'_>, start: usize, at: usize, tight: bool) -> bool {
    let mut operator = at;
    while matches!(view.byte(operator), b'=' | b'>') {
        operator += 1;
    }
    let value = view.skip_blanks(operator);
    if view.language.is_config() {
        return true;
    }
    if tight && value == operator && (view.byte(value) != b'{' || !stands_in_code(view, start)) {
        return !is_plain_word(view, start, at - 1, value);
    }
    if view.byte(value) == b'{' && !is_quote(view.byte(view.skip_blanks(value + 1))) {
        // An object begins; one over several lines may hold a default.
        let inside = view.skip_blanks(value + 1);
        return view
            .next_line(inside)
            .is_some_and(|next| is_quote(view.byte(next)));
    }
    if !view.byte(value).is_ascii_alphanumeric() && view.byte(value) != b'_' {
        return true;
    }
    let end = CALL.run(view.text, value, view.limit.min(value + 48));
    let word = &view.text[value..end];
    if is_quote(view.byte(end))
        || view.byte(end) == b'(' && opens_argument(view.byte(view.skip_blanks(end + 1)))
        || [&b"new"[..], b"await", b"return"]
            .iter()
            .any(|wrapper| word.starts_with(wrapper))
    {
        return true;
    }
    // `name: Type = value`
    let typed = TYPE.run(view.text, value, view.limit.min(value + 48));
    if view.byte(view.skip_blanks(typed)) == b'=' {
        return true;
    }
    let name = name_start(view, start);
    if matches!(view.before(name), b'?' | b'&' | b';') {
        return true;
    }
    let end = BARE_END.run_until(view.text, value, view.limit.min(value + LONGEST_WORD));
    let end = view.escape_in(value, end);
    let bare = &view.text[value..end];
    let ends_line = view.ends_line(view.skip_blanks(end));
    if is_header(&view.text[name..start]) {
        return true;
    }
    ends_line
        || bare.len() >= SHORTEST_GENERATED
        || tight
        || bare.iter().any(|byte| MARK.has(*byte))
        || second_word(view, value).is_some()
}

/// Whether the value at `value` is a short word, or the beginning of an expression, as scripts without
/// blanks have them behind most of their operators: `key:e.key,`. The operator stands at `operator`
/// and no blank beside it.
fn is_plain_word(view: &View<'_>, start: usize, operator: usize, value: usize) -> bool {
    let end = BARE_END.run_until(view.text, value, view.limit.min(value + LONGEST_WORD));
    let word = &view.text[value..end];
    let inside = view.skip_blanks(end + 1);
    let is_over = match view.byte(end) {
        b',' | b';' | b')' | b'}' | b'[' => true,
        b'(' => view.quote(inside).is_none(),
        b'|' => view.byte(end + 1) == b'|',
        _ => false,
    };
    let is_plain = |byte: u8| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'.');
    let is_short = matches!(word, [] | [_] | [_, _]) || word.iter().all(|byte| is_plain(*byte));
    if !is_over || !is_short || word.is_empty() || matches!(word[0], b'q' | b'~' | b'\\') {
        return false;
    }
    let name = name_start(view, start);
    stands_in_code(view, start)
        && view.text[name..operator].iter().any(u8::is_ascii_lowercase)
        && !is_header(&view.text[name..start])
        && (word.len() < SHORTEST_GENERATED || !Profile::of(word).is_random())
}

/// Whether what stands before the name with a word at `start` is none of a query, a connection
/// string, a flag or `${name:default}`.
fn stands_in_code(view: &View<'_>, start: usize) -> bool {
    const BEFORE: Set = Set::new(",.({[!");
    let name = name_start(view, start);
    BEFORE.has(view.before(name)) && !in_braces(view, name)
}

/// Where the name with a word at `at` begins.
fn name_start(view: &View<'_>, at: usize) -> usize {
    NAME.run_back(
        view.text,
        at,
        view.floor.max(at.saturating_sub(LONGEST_NAME)),
    )
}

/// Whether a value may follow after blanks alone.
fn takes_blanks(view: &View<'_>, at: usize, strength: Strength) -> bool {
    if matches!(strength, Strength::Password | Strength::Pass) {
        return true;
    }
    // `--token x`, `ENV TOKEN x`, `#define TOKEN x`
    let start = name_start(view, at);
    let line = without_signs(&view.text[view.line_start(start)..start]);
    view.text[start..at].contains(&b'-')
        || [&b"ENV"[..], b"ARG", b"define", b"set", b"SetEnv"]
            .iter()
            .any(|word| line.starts_with(word))
}

/// Whether `==`, `!=` or `.equals(` stands before the name.
fn may_be_compared(view: &View<'_>, at: usize, stop: usize) -> bool {
    let closes = |byte| {
        matches!(
            byte,
            b' ' | b')' | b'\n' | b';' | b']' | b'"' | b'\'' | b'`'
        )
    };
    closes(view.byte(stop)) && compared(view, at, LONGEST_COMPARED + LONGEST_NAME).is_some()
}

/// Whether a run long enough for a generated text begins within reach. Such a run covers one of
/// the places that are probed.
fn may_be_near(
    view: &View<'_>,
    (at, end): (usize, usize),
    stop: usize,
    strength: Strength,
) -> bool {
    if !(takes_nearby(strength) || matches!(strength, Strength::Key | Strength::Pass))
        || !has_run(view, stop, strength)
    {
        return false;
    }
    // The whole name says whether it takes such, which most names of keys do not.
    Key::around(view, at, end, strength).is_some_and(|key| {
        takes_nearby(key.strength)
            && (near(view, key.end, reach(key.strength), key.strength).is_some()
                || beneath(view, key.end).is_some())
    })
}

/// Whether the name with a word at `at` begins with the dashes of a flag.
fn is_flag(view: &View<'_>, at: usize) -> bool {
    let start = name_start(view, at);
    start < at && view.text[start] == b'-' || view.before(at) == b'-'
}

/// Whether the name with a word at `start` is the first of a pair in braces.
fn tuple_around(view: &View<'_>, start: usize, at: usize) -> bool {
    let name = name_start(view, start);
    tuple(view, name, at).is_some()
}

/// Whether a literal or a list of such may begin an argument.
fn opens_argument(byte: u8) -> bool {
    is_quote(byte) || byte == b'['
}

fn is_quote(byte: u8) -> bool {
    QUOTE.has(byte) || !byte.is_ascii()
}

/// Whether `"value"` or its kin may begin at `at`.
fn begins_member(view: &View<'_>, at: usize) -> bool {
    let start = at + view.quote(at).map_or(0, |quote| quote.len);
    matches!(view.byte(start), b'{' | b'-')
        || value_word(view, start).is_some()
        || view.line_end(at) > 0
}

fn is_sibling(byte: u8) -> bool {
    SIBLING.has(byte) || is_quote(byte) || matches!(byte, b'\n' | b'\r')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        assign::{keywords, read_name},
        span::Matches,
    };

    const PARTS: &[&str] = &[
        "password",
        "TOKEN",
        "api_key",
        "secret",
        "key",
        "auth",
        "cookie",
        "pin",
        "twilio",
        "pass",
        "k3J9sX0qPz7LmN2vQ8",
        "9f86d081884c7d659a2feaa0c55ad015",
        "hunter22",
        "parse",
        "x",
        "1234",
        "value",
        "content",
        "default",
        "getenv(",
        "new ",
        "String",
        "b",
        "ENV ",
        "#define ",
        "--",
        "=",
        " = ",
        ": ",
        ":=",
        "==",
        " != ",
        "=>",
        "->",
        "?",
        "|",
        "&",
        "&gt;",
        "%3D",
        "<-",
        "or ",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "<",
        ">",
        ",",
        ", ",
        ";",
        ".",
        "-",
        "_",
        " ",
        "  ",
        "\t",
        "\"",
        "'",
        "`",
        "\\\"",
        "\\n",
        "\n",
        "\r\n",
        "\n+  ",
        "\n  ",
        "is ",
        "\u{201c}",
        "\u{ff1a}",
        "$",
        "@",
        "${",
        "/",
        "encoding=",
        ".equals(",
        "Some(",
        "*",
        "q{",
        "password=",
        "strcmp(",
        "user ",
        "letmein",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]
        #[test]
        fn a_name_that_is_passed_over_has_no_value(
            parts in prop::collection::vec(0..PARTS.len(), 1..14),
            language in 0..3usize,
        ) {
            let text: String = parts.iter().map(|part| PARTS[*part]).collect();
            let folded = text.to_ascii_lowercase();
            let view = View {
                text: text.as_bytes(),
                floor: 0,
                limit: text.len(),
                language: [Language::Unknown, Language::Code, Language::Config][language],
            };
            for (word, _, strength) in keywords() {
                for (at, _) in folded.match_indices(word) {
                    let end = at + word.len();
                    if !is_worth(&view, at, end, strength) {
                        let mut found = Matches::default();
                        read_name(&view, at, end, strength, &mut found);
                        prop_assert_eq!(&found.spans, &[], "{:?} at {}", text, at);
                    }
                }
            }
        }
    }
}
