//! Secrets that only their surroundings give away: the private members of a JSON Web Key,
//! passwords among the arguments of a call or a command, in data source names, and words that
//! characters without a shape take apart.

use crate::{
    assign::is_basic,
    link::{self, is_secret},
    shape::Set,
    span::Matches,
    text::View,
};

/// A surrounding that the scanner can find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Context {
    /// `"kty"`
    WebKey,
    /// `BasicAuth("user", "password")`, `connect("host", "user", "password")`: how many arguments
    /// stand before the secret one.
    Arguments(usize),
    /// `ConvertTo-SecureString "password" -AsPlainText`
    Plain,
    /// `mysql -psecret`
    GluedFlag,
    /// `sshpass -p secret`, by the flag's letter.
    Flag(u8),
    /// `curl -u user:secret`
    Curl,
    /// `'Basic dXNlcjpzZWNyZXQ='`
    Basic,
    /// `user:secret@tcp(host)`
    GoSource,
    /// `user/secret@host`, as Oracle's tools read it.
    Oracle,
    /// `host:port:database:user:secret`, a line of a PostgreSQL password file.
    PasswordFile,
    /// `echo user:secret | chpasswd`
    ChangePassword,
}

/// The literals of the contexts, in any case.
pub(crate) const CONTEXTS: &[(&str, &str, Context)] = &[
    ("kty", "\"'\\\\", Context::WebKey),
    ("kty:", " \"'", Context::WebKey),
    ("basic ", "A-Za-z0-9", Context::Basic),
    ("@tcp(", "", Context::GoSource),
    ("@unix(", "", Context::GoSource),
    ("jdbc:oracle:thin:", "", Context::Oracle),
    ("sqlplus ", "", Context::Oracle),
    (":5432:", "", Context::PasswordFile),
    (":*:*:", "", Context::PasswordFile),
    ("chpasswd", "", Context::ChangePassword),
    ("az login ", "", Context::Flag(b'p')),
    ("sqlcmd ", "", Context::Flag(b'P')),
    ("basicauth(", "", Context::Arguments(1)),
    ("basic_auth(", "", Context::Arguments(1)),
    ("basic_auth ", "\"'", Context::Arguments(1)),
    ("networkcredential(", "", Context::Arguments(1)),
    ("passwordcredentials(", "", Context::Arguments(1)),
    ("passwordauthentication(", "", Context::Arguments(1)),
    ("auth=(", "", Context::Arguments(1)),
    ("auth: (", "", Context::Arguments(1)),
    ("jwt.sign(", "", Context::Arguments(1)),
    ("jwt.verify(", "", Context::Arguments(1)),
    (".login(", "", Context::Arguments(1)),
    ("mysqli_connect(", "", Context::Arguments(2)),
    ("mysql_connect(", "", Context::Arguments(2)),
    ("new mysqli(", "", Context::Arguments(2)),
    ("new pdo(", "", Context::Arguments(2)),
    ("getconnection(", "", Context::Arguments(2)),
    ("convertto-securestring", "", Context::Plain),
    ("mysql -", "", Context::GluedFlag),
    ("mysqldump -", "", Context::GluedFlag),
    ("mysqladmin -", "", Context::GluedFlag),
    ("sshpass -", "", Context::Flag(b'p')),
    ("psexec", "", Context::Flag(b'p')),
    ("docker login", "", Context::Flag(b'p')),
    ("mongo -", "", Context::Flag(b'p')),
    ("mongosh ", "", Context::Flag(b'p')),
    ("mongodump ", "", Context::Flag(b'p')),
    ("redis-cli ", "", Context::Flag(b'a')),
    ("openssl enc ", "", Context::Flag(b'k')),
    ("ldapsearch ", "", Context::Flag(b'w')),
    ("ldapadd ", "", Context::Flag(b'w')),
    ("curl ", "", Context::Curl),
];

/// Reads the context whose literal stands at `at..end`.
pub(crate) fn read(view: &View<'_>, context: Context, at: usize, end: usize, found: &mut Matches) {
    match context {
        Context::WebKey => web_key(view, at, found),
        Context::Arguments(before) => arguments(view, end, before, found),
        Context::Plain => plain(view, end, found),
        Context::GluedFlag => flag(view, end - 2, b'p', true, found),
        Context::Flag(letter) => flag(view, end - 2, letter, false, found),
        Context::Curl => link::curl(view, end - 1, found),
        Context::Basic => basic(view, end, found),
        Context::GoSource => go_source(view, at, found),
        Context::Oracle => oracle(view, end, found),
        Context::PasswordFile => password_file(view, at, found),
        Context::ChangePassword => change_password(view, at, found),
    }
}

/// The private members of the object around `at`.
fn web_key(view: &View<'_>, at: usize, found: &mut Matches) {
    let kind = const { Set::new("\"'\\\\ :") }.run(view.text, at + 3, view.limit.min(at + 16));
    if ![&b"RSA"[..], b"EC", b"OKP", b"oct"]
        .iter()
        .any(|word| view.has(kind, word))
    {
        return;
    }
    const BRACES: Set = Set::new("{}");
    let floor = view.floor.max(at.saturating_sub(600));
    let mut from = at;
    while from > floor && !BRACES.has(view.text[from - 1]) {
        from -= 1;
    }
    if memchr::memmem::find(&view.text[from..at], b"kty").is_some() {
        // The first one of an object reads it.
        return;
    }
    let limit = BRACES.run_until(view.text, at, view.limit.min(at + 2048));
    let mut place = from;
    while place < limit {
        let Some((name, name_end, colon)) = member(view, place) else {
            place += 1;
            continue;
        };
        if view.byte(colon) != b':' {
            place = colon.max(place + 1);
            continue;
        }
        let value = view.skip_blanks(colon + 1);
        let Some(quote) = view.quote(value) else {
            place = colon + 1;
            continue;
        };
        let start = value + quote.len;
        let (end, _) = view.quoted_end(start, quote);
        let private = matches!(
            &view.text[name..name_end],
            b"d" | b"p" | b"q" | b"dp" | b"dq" | b"qi" | b"k"
        );
        let number = const { Set::new(r"\w=-") }.run(view.text, start, end) == end;
        if private && number && end - start >= 16 && end <= limit {
            found.secret(start, end);
        }
        place = end + quote.len;
    }
}

/// The name of the member at `at`, quoted or not, where it ends, and what follows it.
fn member(view: &View<'_>, at: usize) -> Option<(usize, usize, usize)> {
    if let Some(quote) = view.quote(at) {
        let (end, closed) = view.quoted_end(at + quote.len, quote);
        return closed.then(|| (at + quote.len, end, view.skip_blanks(end + quote.len)));
    }
    const NAME: Set = Set::new(r"\w");
    let end = NAME.run(view.text, at, view.limit.min(at + 16));
    (end > at && !NAME.has(view.before(at))).then(|| (at, end, view.skip_blanks(end)))
}

/// The argument after `before` others that are literals or names.
fn arguments(view: &View<'_>, at: usize, before: usize, found: &mut Matches) {
    let mut comma = at;
    for index in 0..before {
        let next = view.skip_blanks(comma + usize::from(index > 0));
        let end = match view.quote(next) {
            Some(quote) => view.quoted_end(next + quote.len, quote).0 + quote.len,
            None => const { Set::new(r"\w.{}:$ ") }.run(view.text, next, view.limit.min(next + 64)),
        };
        comma = view.skip_blanks(end);
        if view.byte(comma) != b',' {
            return;
        }
    }
    let second = view.skip_blanks(comma + 1);
    let Some(quote) = view.quote(second) else {
        return;
    };
    let start = second + quote.len;
    let (end, closed) = view.quoted_end(start, quote);
    if closed
        && end > start
        && is_secret(&view.text[start..end])
        && !view.text[start..end].contains(&b' ')
    {
        found.secret(start, end);
    }
}

/// The text that is made a secure string.
fn plain(view: &View<'_>, at: usize, found: &mut Matches) {
    let mut start = view.skip_blanks(at);
    if view.byte(start) == b'-' {
        let flag = const { Set::new(r"\w-") }.run(view.text, start, view.limit.min(start + 24));
        start = view.skip_blanks(flag);
    }
    let Some(quote) = view.quote(start) else {
        return;
    };
    start += quote.len;
    let (end, closed) = view.quoted_end(start, quote);
    if closed && is_secret(&view.text[start..end]) {
        found.secret(start, end);
    }
}

/// The value of the flag on the line at `at`.
fn flag(view: &View<'_>, at: usize, letter: u8, glued: bool, found: &mut Matches) {
    let limit = view.limit.min(at + 300);
    let line = view.line_over(at).min(limit);
    let Some(index) = memchr::memmem::find(&view.text[at..line], &[b' ', b'-', letter]) else {
        return;
    };
    let mut start = at + index + 3;
    if glued == matches!(view.byte(start), b' ' | b'=') {
        return;
    }
    if !glued {
        start = view.skip_blanks(start + 1);
    }
    let end = match view.quote(start) {
        Some(quote) => {
            start += quote.len;
            view.quoted_end(start, quote).0
        }
        None => const { Set::new(" \t\r\n\"'`\\\\;|)&") }.run_until(view.text, start, line),
    };
    if start < end && !matches!(view.byte(start), b'-' | b'<') && is_secret(&view.text[start..end])
    {
        found.secret(start, end);
    }
}

/// Credentials in base64 behind the name of their scheme.
fn basic(view: &View<'_>, at: usize, found: &mut Matches) {
    let end = const { Set::new("A-Za-z0-9+/=") }.run(view.text, at, view.limit.min(at + 1024));
    // Shorter runs are words that happen to decode.
    if end - at >= 12 && is_basic(&view.text[at..end]) {
        found.secret(at, end);
    }
}

const SOURCE: Set = Set::new(r"\w.~!#$%^*+=?-");

/// The secret before `@tcp(`, as Go's MySQL driver reads it.
fn go_source(view: &View<'_>, at: usize, found: &mut Matches) {
    let start = SOURCE.run_back(view.text, at, view.floor.max(at.saturating_sub(128)));
    if view.before(start) == b':' && start < at && is_secret(&view.text[start..at]) {
        found.secret(start, at);
    }
}

/// The secret between a slash and an `@` in the next word.
fn oracle(view: &View<'_>, at: usize, found: &mut Matches) {
    let limit = view.limit.min(at + 200);
    let start = const { Set::new(" '\"") }.run(view.text, at, limit);
    let user = const { Set::new(r"\w$#.-") }.run(view.text, start, limit);
    let end = const { Set::new("@ \t\r\n\"'`\\\\") }.run_until(view.text, user, limit);
    let secret = user + 1;
    if user > start
        && view.byte(user) == b'/'
        && secret < end
        && (view.byte(end) == b'@' || view.ends_line(view.skip_blanks(end)))
        && is_secret(&view.text[secret..end])
    {
        found.secret(secret, end);
    }
}

/// The fifth field of the line around `at`.
fn password_file(view: &View<'_>, at: usize, found: &mut Matches) {
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

/// The secret of the pair that a pipe hands to `chpasswd`.
fn change_password(view: &View<'_>, at: usize, found: &mut Matches) {
    let line = view.line_start(at);
    let Some(pipe) = memchr::memrchr(b'|', &view.text[line..at]) else {
        return;
    };
    let Some(echo) = memchr::memmem::rfind(&view.text[line..line + pipe], b"echo ") else {
        return;
    };
    let mut start = view.skip_blanks(line + echo + b"echo ".len());
    let mut end = line + pipe;
    if let Some(quote) = view.quote(start) {
        start += quote.len;
        end = end.min(view.quoted_end(start, quote).0);
    } else {
        end = const { Set::new(" \t") }.run_until(view.text, start, end);
    }
    if let Some(colon) = memchr::memchr(b':', &view.text[start..end])
        && is_secret(&view.text[start + colon + 1..end])
    {
        found.secret(start + colon + 1, end);
    }
}

/// Characters without a shape: zero-width space, joiners, word joiner, byte order mark.
pub(crate) const INVISIBLE: &[&str] = &["\u{200b}", "\u{200c}", "\u{200d}", "\u{2060}", "\u{feff}"];

/// The word around the invisible character at `at`, and the same without such characters; `None`
/// for all but the first of a word.
pub(crate) fn without_invisible(view: &View<'_>, at: usize) -> Option<(usize, usize, Vec<u8>)> {
    const WORD: Set = Set::new(r"\w-");
    let start = WORD.run_back(view.text, at, view.floor.max(at.saturating_sub(512)));
    if start == at
        || INVISIBLE
            .iter()
            .any(|sign| view.text[..start].ends_with(sign.as_bytes()))
    {
        return None;
    }
    let mut word = Vec::new();
    let mut end = start;
    while end < view.limit.min(start + 1024) {
        if WORD.has(view.text[end]) {
            word.push(view.text[end]);
            end += 1;
        } else if let Some(sign) = INVISIBLE.iter().find(|sign| view.has(end, sign.as_bytes())) {
            end += sign.len();
        } else {
            break;
        }
    }
    (word.len() > at - start).then_some((start, end, word))
}
