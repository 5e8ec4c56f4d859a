//! Passwords that a command reads from its input: of a pipe, a here-string or a here-document. What
//! the command is called is the caller's business; of its input only lines that can be a password
//! count.

use crate::{link::is_secret, shape::Set, span::Matches, text::View};

/// Lines of a here-document that are read.
const MOST_LINES: usize = 32;

/// The secret of the pair that is handed to `chpasswd`, by a pipe or as a here-string.
pub(super) fn change_password(view: &View<'_>, at: usize, found: &mut Matches) {
    let here = view.skip_blanks(at + b"chpasswd".len());
    let given = match here_string(view, here) {
        Some((start, end)) => Some((start, end, false)),
        None => echoed(view, at),
    };
    let Some((start, end, is_argument)) = given else {
        return document(
            view,
            at,
            |line| memchr::memchr(b':', line).map(|colon| colon + 1),
            found,
        );
    };
    // What `printf` fills in is the secret alone, if its format holds the user.
    let colon = memchr::memchr(b':', &view.text[start..end]);
    let secret = match colon {
        Some(colon) => start + colon + 1,
        None if is_argument => start,
        None => return,
    };
    if is_secret(&view.text[secret..end]) {
        found.secret(secret, end);
    }
}

/// The same for a command whose name is a word of prose as well, with all that a here-document holds.
pub(super) fn fed(view: &View<'_>, at: usize, found: &mut Matches) {
    let line = &view.text[raw_line(view, at)..at];
    let word = line.trim_ascii_end();
    // Behind the sign that parts commands, the word that raises rights, or nothing.
    let is_command = !line.last().is_some_and(u8::is_ascii_alphanumeric)
        && (word.last().is_none_or(|byte| b"|;&({/+`'\"".contains(byte))
            || word.ends_with(b"sudo")
            || word.ends_with(b"RUN")
            || word.ends_with(b"run:")
            || word.ends_with(b"$"));
    if is_command {
        piped(view, at, found);
        // What `su` reads of a document are commands.
        if !view.text[at].eq_ignore_ascii_case(&b's') {
            document(view, at, |_| Some(0), found);
        }
    }
}

/// What a pipe or a here-string hands to the command at `at`, which reads a password.
pub(super) fn piped(view: &View<'_>, at: usize, found: &mut Matches) {
    let over = view.line_over(at).min(view.limit.min(at + 200));
    let here = memchr::memmem::find(&view.text[at..over.max(at)], b"<<<")
        .and_then(|index| here_string(view, at + index));
    if let Some((start, end)) =
        here.or_else(|| echoed(view, at).map(|(start, end, _)| (start, end)))
        && is_secret(&view.text[start..end])
        && !view.text[start..end].contains(&b' ')
    {
        found.secret(start, end);
    }
}

/// The text of the here-string whose sign stands at `at`.
fn here_string(view: &View<'_>, at: usize) -> Option<(usize, usize)> {
    if !view.has(at, b"<<<") {
        return None;
    }
    let start = view.skip_blanks(at + 3);
    Some(match view.quote(start) {
        Some(quote) => {
            let start = start + quote.len;
            (start, view.quoted_end(start, quote).0)
        }
        None => (
            start,
            const { Set::new(" \t\r\n\"'`\\\\;|)") }.run_until(view.text, start, view.limit),
        ),
    })
}

/// The text of an `echo` or `printf` before the last pipe up to `at` on its line, and whether it is
/// one that `printf` fills into its format.
fn echoed(view: &View<'_>, at: usize) -> Option<(usize, usize, bool)> {
    // An escaped line end may stand in the text itself.
    let line = raw_line(view, at);
    let pipe = memchr::memrchr(b'|', &view.text[line..view.limit.min(at + 1)])?;
    let before = &view.text[line..line + pipe];
    let (word, len) = memchr::memmem::rfind(before, b"echo ")
        .map(|word| (word, 5))
        .or_else(|| memchr::memmem::rfind(before, b"printf ").map(|word| (word, 7)))?;
    let end = line + pipe;
    let mut start = view.skip_blanks(line + word + len);
    if view.byte(start) == b'-' {
        // `echo -n`
        start = view.skip_blanks(const { Set::new(r"\w-") }.run(view.text, start, end));
    }
    let mut text = shell_word(view, start, end);
    let mut is_argument = false;
    while len == 7 && memchr::memmem::find(&view.text[text.0..text.1], b"%s").is_some()
        || is_argument
    {
        let next = view.skip_blanks(text.2);
        if next >= end {
            break;
        }
        text = shell_word(view, next, end);
        is_argument = true;
    }
    let stop = view.escape_in(text.0, text.1);
    Some((text.0, stop, is_argument))
}

/// The word at `at` before `end` less its quotes, and where it is over.
fn shell_word(view: &View<'_>, at: usize, end: usize) -> (usize, usize, usize) {
    match view.quote(at) {
        Some(quote) => {
            let start = (at + quote.len).min(end);
            let stop = view.quoted_end(start, quote).0.min(end);
            (start, stop, (stop + quote.len).max(at + 1))
        }
        None => {
            let at = at.min(end);
            let stop = const { Set::new(" \t);") }.run_until(view.text, at, end);
            (at, stop, stop.max(at + 1))
        }
    }
}

/// The values in the lines of the here-document that the command at `at` reads; `value` tells where
/// in a line its value begins.
fn document(
    view: &View<'_>,
    at: usize,
    value: impl Fn(&[u8]) -> Option<usize>,
    found: &mut Matches,
) {
    const MARK: Set = Set::new(r"\w");
    let start = view.line_start(at);
    let mut over = view.line_over(at).min(view.limit.min(at + 300));
    let Some(sign) = memchr::memmem::find(&view.text[start..over.max(start)], b"<<") else {
        return;
    };
    let mark = const { Set::new("-~'\"\\\\ ") }.run(view.text, start + sign + 2, over);
    let mark = &view.text[mark..MARK.run(view.text, mark, over)];
    if mark.is_empty() {
        return;
    }
    for _ in 0..MOST_LINES {
        let Some(line) = view.next_line(over) else {
            return;
        };
        over = view.line_over(line);
        let text = view.text[line.min(over)..over].trim_ascii_end();
        if text == mark {
            return;
        }
        if let Some(begin) = value(text)
            && is_secret(&text[begin..])
            && !text.contains(&b' ')
        {
            found.secret(line + begin, line + text.len());
        }
    }
}

/// Where the line of `at` begins; an escaped line end may stand in a text that is echoed.
fn raw_line(view: &View<'_>, at: usize) -> usize {
    let line = view.floor.max(at.saturating_sub(512));
    memchr::memrchr(b'\n', &view.text[line..at]).map_or(line, |end| line + end + 1)
}
