//! Secrets in links and command lines: `scheme://user:secret@host`, tokens as user names,
//! `curl -u user:secret`.

use crate::{chance::Profile, shape::Set, span::Matches, text::View};

const AUTHORITY_END: Set = Set::new("/?# \t\r\n\"'`<>\\\\|,;");
const LONGEST_AUTHORITY: usize = 512;

/// Reads the authority after `://`, whose first byte stands at `at`.
pub(crate) fn read(view: &View<'_>, at: usize, found: &mut Matches) {
    let limit = view.limit.min(at + LONGEST_AUTHORITY);
    let end = AUTHORITY_END.run_until(view.text, at, limit);
    let Some(index) = memchr::memrchr(b'@', &view.text[at..end]) else {
        return;
    };
    let (start, end) = (at, at + index);
    let userinfo = &view.text[start..end];
    if userinfo.starts_with(crate::tag::TAG_PREFIX.as_bytes())
        && userinfo.len() == crate::tag::TAG_LEN
    {
        // Whole, so that a tag is not read as a user and a password.
        found.secret(start, end);
        return;
    }
    match memchr::memchr(b':', userinfo) {
        Some(colon) => {
            let secret = &userinfo[colon + 1..];
            let bare_user = secret.is_empty() || secret == b"x-oauth-basic" || secret == b"x";
            if bare_user {
                token_user(view, start, start + colon, found);
            } else if is_secret(secret) {
                found.secret(start + colon + 1, end);
            }
        }
        None => token_user(view, start, end, found),
    }
}

/// A user name that is itself a token.
fn token_user(view: &View<'_>, start: usize, end: usize, found: &mut Matches) {
    let user = &view.text[start..end];
    if user.len() >= 20 && Profile::of(user).is_random() {
        found.secret(start, end);
    }
}

/// Whether a literal in a place for secrets is one: no stand-in and no reference.
pub(crate) fn is_secret(secret: &[u8]) -> bool {
    const STAND_INS: &[&[u8]] = &[
        b"password",
        b"pass",
        b"passwd",
        b"pwd",
        b"secret",
        b"token",
        b"xxx",
        b"your_password",
        b"yourpassword",
        b"your-password",
        b"PASSWORD",
        b"foo",
        b"bar",
        b"pw",
        b"p",
    ];
    if secret.len() < 3
        || STAND_INS
            .iter()
            .any(|word| secret.eq_ignore_ascii_case(word))
        || secret.iter().all(|byte| *byte == secret[0])
        || secret
            .iter()
            .all(|byte| matches!(byte, b'*' | b'x' | b'X' | b'.'))
        || is_placeholder(secret)
    {
        return false;
    }
    // `${X}`, `{x}`, `<x>`, `%s`, `$X`, `[x]`, `(x)`
    !(matches!(secret[0], b'$' | b'{' | b'<' | b'[' | b'(' | b'#')
        && !Profile::of(&secret[1..]).is_random()
        || secret == b"%s"
        || memchr::memchr2(b'{', b'}', secret).is_some()
        || secret.len() == 2 && secret[0] == b'%'
        || secret.starts_with(b"%(")
        || secret.iter().all(u8::is_ascii_digit) && secret.len() < 6)
}

/// `AppSecret`, `ACCESS_TOKEN`, `p...3`: what manuals write where a secret would stand.
fn is_placeholder(secret: &[u8]) -> bool {
    const WORDS: [&[u8]; 5] = [b"secret", b"token", b"key", b"pass", b"password"];
    if memchr::memmem::find(secret, b"...").is_some() || secret.starts_with(b"\\[") {
        return true;
    }
    if !secret
        .iter()
        .all(|byte| byte.is_ascii_alphabetic() || *byte == b'_')
        || !secret.iter().any(u8::is_ascii_uppercase)
    {
        return false;
    }
    let is_constant = !secret.iter().any(u8::is_ascii_lowercase);
    if is_constant {
        return WORDS.iter().any(|word| {
            secret.len() >= word.len()
                && secret[secret.len() - word.len()..].eq_ignore_ascii_case(word)
        });
    }
    // The last of several words that begin with capitals.
    let last = secret
        .iter()
        .rposition(u8::is_ascii_uppercase)
        .filter(|at| *at > 0);
    last.is_some_and(|at| {
        WORDS[..4]
            .iter()
            .any(|word| secret[at..].eq_ignore_ascii_case(word))
    })
}

/// Reads a `curl` command line that begins at `at`.
pub(crate) fn curl(view: &View<'_>, at: usize, found: &mut Matches) {
    let limit = view.limit.min(at + 1024);
    let line = memchr::memchr(b'\n', &view.text[at..limit]).map_or(limit, |index| at + index);
    for flag in [&b" -u "[..], b" --user ", b" --user=", b" -u"] {
        let Some(index) = memchr::memmem::find(&view.text[at..line], flag) else {
            continue;
        };
        let mut start = view.skip_blanks(at + index + flag.len());
        let mut end = line;
        if let Some(quote) = view.quote(start) {
            start += quote.len;
            end = end.min(view.quoted_end(start, quote).0);
        } else {
            end = const { Set::new(" \t\r\n\"'`\\\\;|)") }.run_until(view.text, start, end);
        }
        if start >= end {
            continue;
        }
        let Some(colon) = memchr::memchr(b':', &view.text[start..end]) else {
            continue;
        };
        let secret = start + colon + 1;
        if view.text[start..start + colon].contains(&b' ') {
            return;
        }
        if secret < end && is_secret(&view.text[secret..end]) {
            found.secret(secret, end);
        } else if secret == end {
            token_user(view, start, end - 1, found);
        }
        return;
    }
}
