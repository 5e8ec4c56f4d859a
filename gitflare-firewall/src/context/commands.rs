//! Passwords in the words of commands and of the lines that tools read: behind flags, in pairs of a
//! user and a secret, handed over by a pipe.

use crate::{
    assign::second_word, chance::Profile, link::is_secret, shape::Set, span::Matches, text::View,
};

const SOURCE: Set = Set::new(r"\w.~!#$%^*+=?-");

/// The secret before `@tcp(`, as Go's MySQL driver reads it.
pub(super) fn go_source(view: &View<'_>, at: usize, found: &mut Matches) {
    let start = SOURCE.run_back(view.text, at, view.floor.max(at.saturating_sub(128)));
    let is_named = view.before(start.saturating_sub(1)).is_ascii_alphanumeric();
    if view.before(start) == b':' && is_named && start < at && is_secret(&view.text[start..at]) {
        found.secret(start, at);
    }
}

/// The secret between a slash and an `@` in the next word.
pub(super) fn oracle(view: &View<'_>, at: usize, found: &mut Matches) {
    let limit = view.limit.min(at + 200);
    let mut start = const { Set::new(" '\"") }.run(view.text, at, limit);
    while start < limit && view.byte(start) == b'-' {
        // `sqlplus -s user/secret`
        start = view.skip_blanks(const { Set::new(r"\w-") }.run(view.text, start, limit));
    }
    if view.has(start, b"userid=") {
        start += b"userid=".len();
    }
    let user = const { Set::new(r"\w$#.-") }.run(view.text, start, limit);
    let end = const { Set::new("@ \t\r\n\"'`\\\\") }.run_until(view.text, user, limit);
    let secret = user + 1;
    if user > start
        && view.byte(user) == b'/'
        && secret < end
        && (matches!(view.byte(end), b'@' | b' ') || view.ends_line(view.skip_blanks(end)))
        && is_secret(&view.text[secret..end])
    {
        found.secret(secret, end);
    }
}

/// The fifth field of the line around `at`.
pub(super) fn password_file(view: &View<'_>, at: usize, found: &mut Matches) {
    let line = view.line_start(at);
    let start = line + usize::from(matches!(view.byte(line), b'+' | b'-' | b' '));
    let end = view.line_over(at);
    let text = &view.text[start..end];
    let mut colons = memchr::memchr_iter(b':', text);
    let Some(last) = colons.nth(3) else {
        return;
    };
    let secret = start + last + 1;
    let plain = !text
        .iter()
        .any(|byte| matches!(byte, b' ' | b'"' | b'\'' | b'/'));
    if colons.next().is_none() && plain && secret < end && is_secret(&view.text[secret..end]) {
        found.secret(secret, end);
    }
}

/// The secret of the pair that is handed to `chpasswd`, by a pipe or as a here-string.
pub(super) fn change_password(view: &View<'_>, at: usize, found: &mut Matches) {
    let here = view.skip_blanks(at + b"chpasswd".len());
    let given = match here_string(view, here) {
        Some((start, end)) => Some((start, end, false)),
        None => echoed(view, at),
    };
    let Some((start, end, is_argument)) = given else {
        return;
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
    let line = view.floor.max(at.saturating_sub(512));
    let line = memchr::memrchr(b'\n', &view.text[line..at]).map_or(line, |end| line + end + 1);
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

/// The value of `--from-literal=name=secret`.
pub(super) fn from_literal(view: &View<'_>, at: usize, found: &mut Matches) {
    const END: Set = Set::new(" \t\r\n\"'`;|&)\\\\");
    let mut start = view.skip_blanks(at + 1);
    let quote = view.quote(start);
    start += quote.map_or(0, |quote| quote.len);
    let name = const { Set::new(r"\w.-") }.run(view.text, start, view.limit.min(start + 64));
    if name == start || view.byte(name) != b'=' {
        return;
    }
    let inner = view.quote(name + 1);
    let value = name + 1 + inner.map_or(0, |quote| quote.len);
    let end = match inner.or(quote) {
        Some(quote) => view.quoted_end(value, quote).0,
        None => END.run_until(view.text, value, view.limit.min(value + 512)),
    };
    if is_secret(&view.text[value..end]) {
        found.secret(value, end);
    }
}

/// The word behind the share or the user that `is_named` tells on the line at `at`, as `net` reads
/// it: no flag marks it.
pub(super) fn net(
    view: &View<'_>,
    at: usize,
    is_named: impl Fn(&[u8]) -> bool,
    found: &mut Matches,
) {
    let limit = view.limit.min(at + 300);
    let line = memchr::memchr(b'\n', &view.text[at..limit]).map_or(limit, |index| at + index);
    let mut named = false;
    let mut place = at;
    loop {
        let mut start = view.skip_blanks(place);
        let mut end = const { Set::new(" \t\r\n\"'`|&<>") }.run_until(view.text, start, line);
        place = end;
        if let Some(quote) = view.quote(start).filter(|quote| quote.escapes == 0) {
            start += quote.len;
            end = line.min(view.quoted_end(start, quote).0);
            place = end + quote.len;
        }
        let word = &view.text[start.min(end)..end];
        if word.is_empty() {
            return;
        }
        if word[0] == b'/' {
            continue;
        }
        if named {
            let next = view.skip_blanks(place);
            let is_last = next >= line || matches!(view.byte(next), b'/' | b'\r' | b'"' | b'\'');
            if is_last && is_secret(word) && word.iter().any(u8::is_ascii_digit) {
                found.secret(start, end);
            }
            return;
        }
        named = is_named(word);
    }
}

/// The second of a user and a secret behind a word for both.
pub(super) fn pair(view: &View<'_>, at: usize, found: &mut Matches) {
    const END: Set = Set::new(" \t\r\n\"'`;,<>&|(){}[]\\\\");
    let Some(start) = second_word(view, at) else {
        return;
    };
    let mut end = END.run_until(view.text, start, view.limit.min(start + 128));
    if end > start && view.text[end - 1] == b'.' {
        end -= 1;
    }
    if is_secret(&view.text[start..end]) {
        found.secret(start, end);
    }
}

/// The generated text behind a slash that blanks set off, where a word stands before it: `use bob /
/// x1y2z3`. A quotient of names is none.
pub(super) fn slash_pair(view: &View<'_>, at: usize, end: usize, found: &mut Matches) {
    const VALUE: Set = Set::new(r"\w+=~!-");
    let before = view.before(at);
    if !view.language.is_unknown() || !(before.is_ascii_alphanumeric() || before == b'`') {
        return;
    }
    let start = end + usize::from(view.byte(end) == b'`');
    let stop = VALUE.run(view.text, start, view.limit.min(start + 128));
    let profile = Profile::of(&view.text[start..stop]);
    let is_over = !matches!(view.byte(stop), b'.' | b'/' | b'(' | b'[' | b':')
        || view.byte(stop) == b'.' && !view.byte(stop + 1).is_ascii_alphanumeric();
    if profile.len >= 12
        && is_over
        && profile.digits >= 2
        && profile.symbols == 0
        && !profile.is_hex()
        && profile.is_random()
    {
        found.secret(start, stop);
    }
}
