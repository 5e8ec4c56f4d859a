//! Secrets behind the flags of commands, on command lines and in lists of arguments. Where a tool
//! is not known, a flag for a user beside it or the look of the value must tell; ports, projects and
//! names of packages stand behind the same letters.

use crate::{chance::Profile, link::is_secret, shape::Set, span::Matches, text::View};

/// What ends a word of a command line.
const WORD_END: Set = Set::new(" \t\r\n\"'`\\\\;|)&");
/// How far a command line is read, in bytes.
const LONGEST_LINE: usize = 300;

/// The values of the flags with these letters on the line at `at`.
pub(super) fn flags(view: &View<'_>, at: usize, letters: &str, found: &mut Matches) {
    let line = line_over(view, at);
    let mut from = at;
    while let Some(index) = find(view, from, line, b" -") {
        let letter = index + 2;
        from = letter;
        if letters.bytes().any(|known| known == view.byte(letter))
            && matches!(view.byte(letter + 1), b' ' | b'=')
            && let Some((start, end)) = word(view, letter + 2, line)
            && !matches!(view.byte(start), b'-' | b'<')
            && is_secret(&view.text[start..end])
            && !(view.byte(letter) == b'c' && is_public(&view.text[start..end]))
        {
            found.secret(start, end);
        }
    }
}

/// Whether a value behind `-c` is a community that everybody knows, or the file of a daemon.
fn is_public(value: &[u8]) -> bool {
    value == b"public" || value == b"private" || value.iter().any(|byte| b"/.".contains(byte))
}

/// The value that is glued to `flag` on the line at `at`.
pub(super) fn glued(view: &View<'_>, at: usize, flag: &str, found: &mut Matches) {
    let line = line_over(view, at);
    if let Some(index) = find(view, at, line, flag.as_bytes())
        && let start = index + flag.len()
        && !matches!(view.byte(start), b' ' | b'=' | b'-' | b'<')
        && let Some((start, end)) = word(view, start, line)
        && is_secret(&view.text[start..end])
    {
        found.secret(start, end);
    }
}

/// The value behind `-p` at `at..end` on a line that names a user before it.
pub(super) fn beside_user(view: &View<'_>, at: usize, end: usize, found: &mut Matches) {
    let before = &view.text[raw_line(view, at)..at + 1];
    if !names_user(before) || runs_containers(before) {
        return;
    }
    let line = line_over(view, end);
    if let Some((start, end)) = word(view, end, line)
        && is_marked(&view.text[start..end])
    {
        found.secret(start, end);
    }
}

/// The secret of a user and a secret that one sign joins, behind a flag at `at..end`.
pub(super) fn joined(view: &View<'_>, at: usize, end: usize, found: &mut Matches) {
    const USER: Set = Set::new(r"\w.@+\\\\/-");
    let line = line_over(view, end);
    let Some((start, stop)) = word(view, end, line) else {
        return;
    };
    let sign = USER.run(view.text, start, stop);
    let secret = sign + 1;
    if sign == start || secret >= stop || !is_secret(&view.text[secret..stop]) {
        return;
    }
    let value = &view.text[secret..stop];
    let profile = Profile::of(value);
    let is_pair = match view.text[sign] {
        // As the tools of Samba join them.
        b'%' => profile.letters() > 0,
        b':' => {
            let is_mixed = profile.digits > 0 && profile.letters() > 0 && value.len() >= 8;
            (is_mixed || profile.is_random())
                && !value.iter().any(|byte| matches!(byte, b'/' | b':'))
                && !runs_containers(&view.text[raw_line(view, at)..at])
        }
        b',' => profile.len >= 12 && profile.is_random(),
        _ => false,
    };
    if is_pair {
        found.secret(secret, stop);
    }
}

/// The literal behind the quoted flag that ends at `end`.
fn argument(view: &View<'_>, end: usize) -> Option<(usize, usize)> {
    let comma = view.skip_blanks(end);
    if view.byte(comma) != b',' {
        return None;
    }
    let next = comma + 1;
    let argument = view
        .next_line(next)
        .unwrap_or_else(|| view.skip_blanks(next));
    let quote = view.quote(argument)?;
    let start = argument + quote.len;
    let (end, closed) = view.quoted_end(start, quote);
    closed.then_some((start, end))
}

/// What stands before the argument at `at` in its list, as far as is looked.
fn arguments_before<'t>(view: &View<'t>, at: usize) -> &'t [u8] {
    &view.text[view.floor.max(at.saturating_sub(120))..at]
}

/// The secret of the user and the secret behind the quoted flag at `at..end`.
pub(super) fn listed_pair(view: &View<'_>, at: usize, end: usize, found: &mut Matches) {
    let Some((start, end)) = argument(view, end) else {
        return;
    };
    let Some(colon) = memchr::memchr(b':', &view.text[start..end]) else {
        return;
    };
    let secret = start + colon + 1;
    if colon > 0
        && is_marked(&view.text[secret..end])
        && !runs_containers(arguments_before(view, at))
    {
        found.secret(secret, end);
    }
}

/// The value that is glued to the flag at `at..end`, which stands in a list of arguments of a tool
/// that takes it so, named before or behind it.
pub(super) fn listed_glued(view: &View<'_>, at: usize, end: usize, found: &mut Matches) {
    const TOOLS: [&[u8]; 8] = [
        b"mysql", b"mariadb", b"sshpass", b"unrar", b"\"7z", b"'7z", b" 7z\n", b" 7za\n",
    ];
    let before = arguments_before(view, at);
    let value = &view.text[end..WORD_END.run_until(view.text, end, view.limit.min(end + 128))];
    let letters = value.iter().any(u8::is_ascii_alphabetic);
    let behind = &view.text[end..line_over(view, end).min(end + 96)];
    if TOOLS
        .iter()
        .any(|tool| holds(before, tool) || holds(behind, tool))
        && !runs_containers(before)
        && letters
        && !value.iter().any(|byte| b":/,=[".contains(byte))
        && is_secret(value)
    {
        found.secret(end, end + value.len());
    }
}

/// The argument behind the quoted flag at `at..end`.
pub(super) fn listed(view: &View<'_>, at: usize, end: usize, found: &mut Matches) {
    let Some((start, end)) = argument(view, end) else {
        return;
    };
    let value = &view.text[start..end];
    let before = arguments_before(view, at);
    let is_value = if holds(before, b"sshpass") {
        is_secret(value)
    } else if names_user(before) {
        is_marked(value) && !runs_containers(before)
    } else {
        is_generated(value)
    };
    if is_value {
        found.secret(start, end);
    }
}

/// The value of `/p:` at `at..end`, where a user or a host is named alike.
pub(super) fn switch(view: &View<'_>, at: usize, end: usize, found: &mut Matches) {
    let line = line_over(view, end);
    let whole = &view.text[raw_line(view, at)..line];
    let names = [&b"/u:"[..], b"/v:", b"/user:"];
    if names.iter().any(|flag| holds(whole, flag))
        && let Some((start, end)) = word(view, end, line)
        && is_secret(&view.text[start..end])
    {
        found.secret(start, end);
    }
}

/// The words behind the command that ends at `at` that look generated.
pub(super) fn generated(view: &View<'_>, at: usize, found: &mut Matches) {
    let line = line_over(view, at);
    let mut from = at;
    while from < line && !matches!(view.byte(from), b'|' | b';' | b'&' | b'#') {
        let Some((start, end)) = word(view, from, line) else {
            return;
        };
        // `bob:secret`
        let secret =
            memchr::memrchr(b':', &view.text[start..end]).map_or(start, |colon| start + colon + 1);
        if view.text[start] != b'-' && is_generated(&view.text[secret..end]) {
            found.secret(secret, end);
        }
        from = (end + 1).max(from + 1);
    }
}

/// The word at `at` before `line`, less its quotes; `None` when it is empty.
fn word(view: &View<'_>, at: usize, line: usize) -> Option<(usize, usize)> {
    let at = view.skip_blanks(at);
    let (start, end) = match view.quote(at) {
        Some(quote) => {
            let start = at + quote.len;
            (start, view.quoted_end(start, quote).0.min(line))
        }
        None => (at, WORD_END.run_until(view.text, at, line)),
    };
    (start < end).then_some((start, end))
}

/// Whether a value has letters and digits that no port, path or list of them has.
fn is_marked(value: &[u8]) -> bool {
    let profile = Profile::of(value);
    let is_mixed = profile.digits > 0 && profile.letters() > 0;
    is_secret(value)
        && value.len() >= 6
        && (is_mixed || profile.len >= 12 && profile.is_random())
        && !value.iter().any(|byte| b":/,=[".contains(byte))
}

/// Whether nobody but a generator writes this value, and no commit id is written so.
pub(super) fn is_generated(value: &[u8]) -> bool {
    let profile = Profile::of(value);
    profile.len >= 12
        && profile.is_random()
        && profile.letters() > 0
        && !profile.is_hex()
        && is_secret(value)
        && !value.iter().any(|byte| b"./:=@".contains(byte))
}

/// Whether the arguments before one name a user.
fn names_user(before: &[u8]) -> bool {
    const FLAGS: [&[u8]; 9] = [
        b" -u ",
        b" -U ",
        b" -l ",
        b"-user",
        b"\"-u\"",
        b"'-u'",
        b"\"-U\"",
        b"'-U'",
        b"\"--user",
    ];
    FLAGS.iter().any(|flag| holds(before, flag))
}

/// Whether the command runs something else, for which `-p` and `-u` mean other things.
fn runs_containers(before: &[u8]) -> bool {
    const TOOLS: [&[u8]; 6] = [
        b"docker", b"podman", b"sudo", b"compose", b"chown", b"cargo",
    ];
    TOOLS.iter().any(|tool| holds(before, tool)) && !holds(before, b" login ")
}

fn holds(text: &[u8], piece: &[u8]) -> bool {
    memchr::memmem::find(text, piece).is_some()
}

fn find(view: &View<'_>, from: usize, to: usize, piece: &[u8]) -> Option<usize> {
    memchr::memmem::find(view.text.get(from..to)?, piece).map(|index| from + index)
}

fn line_over(view: &View<'_>, at: usize) -> usize {
    view.line_over(at).min(view.limit.min(at + LONGEST_LINE))
}

/// Where the line of `at` begins, whatever line ends are escaped in it.
fn raw_line(view: &View<'_>, at: usize) -> usize {
    let from = view.floor.max(at.saturating_sub(LONGEST_LINE));
    memchr::memrchr(b'\n', &view.text[from..at]).map_or(from, |index| from + index + 1)
}
