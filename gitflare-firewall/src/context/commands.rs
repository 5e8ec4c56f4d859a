//! Passwords in the words of commands and of the lines that tools read: behind flags, in pairs of a
//! user and a secret, before an address. What is handed over by a pipe is read by `fed`.

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

/// The secret before the address at `at`, in `bob:secret@10.0.0.1`; a version behind a package's name
/// is no address.
pub(super) fn address(view: &View<'_>, at: usize, found: &mut Matches) {
    let end = const { Set::new("0-9.") }.run(view.text, at + 1, view.limit.min(at + 17));
    let parts = view.text[at + 1..end].split(|byte| *byte == b'.');
    let is_number = |part: &[u8]| (1..=3).contains(&part.len());
    let is_address = end == at + 1 || parts.clone().count() == 4 && parts.clone().all(is_number);
    let start = SOURCE.run_back(view.text, at, view.floor.max(at.saturating_sub(128)));
    if !is_address || view.before(start) != b':' || !view.before(start - 1).is_ascii_alphanumeric()
    {
        return;
    }
    let value = &view.text[start..at];
    let profile = Profile::of(value);
    if value.len() >= 6 && profile.digits > 0 && profile.letters() > 0 && is_secret(value) {
        found.secret(start, at);
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
    // `bob:x1y2z3@10.0.0.1`
    if let Some(sign) = memchr::memrchr(b'@', &view.text[start..end])
        && const { Set::new("0-9.:") }.run(view.text, start + sign + 1, end) == end
    {
        end = start + sign;
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
