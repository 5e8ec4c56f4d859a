//! Secrets that only their surroundings give away: the values of a Kubernetes Secret, the private
//! members of a JSON Web Key, passwords among the arguments of a call or a command.

use crate::{
    link::{self, is_secret},
    shape::Set,
    span::Matches,
    text::View,
};

/// A surrounding that the scanner can find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Context {
    /// `kind: Secret`
    Manifest,
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
}

/// The literals of the contexts, in any case.
pub(crate) const CONTEXTS: &[(&str, &str, Context)] = &[
    ("kind: secret", "", Context::Manifest),
    ("kty", "\"'\\\\", Context::WebKey),
    ("basicauth(", "", Context::Arguments(1)),
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
    ("ldapsearch ", "", Context::Flag(b'w')),
    ("ldapadd ", "", Context::Flag(b'w')),
    ("curl ", "", Context::Curl),
];

/// Reads the context whose literal stands at `at..end`.
pub(crate) fn read(view: &View<'_>, context: Context, at: usize, end: usize, found: &mut Matches) {
    match context {
        Context::Manifest => manifest(view, at, found),
        Context::WebKey => web_key(view, at, found),
        Context::Arguments(before) => arguments(view, end, before, found),
        Context::Plain => plain(view, end, found),
        Context::GluedFlag => flag(view, end - 2, b'p', true, found),
        Context::Flag(letter) => flag(view, end - 2, letter, false, found),
        Context::Curl => link::curl(view, end - 1, found),
    }
}

/// Every value below `data:` and `stringData:` of the document around `at`.
fn manifest(view: &View<'_>, at: usize, found: &mut Matches) {
    let mut line = view.line_start(view.floor.max(at.saturating_sub(800)));
    let mut inside: Option<usize> = None;
    while line < view.limit {
        let sign = usize::from(matches!(view.byte(line), b'+' | b'-'));
        let text = view.skip_blanks(line + sign);
        let indent = text - line - sign;
        let end = view.line_over(text);
        let content = view.text[text..end].trim_ascii_end();
        if content.starts_with(b"kind:") && line > at {
            // One kind a document: what follows is another one's.
            return;
        }
        if content.starts_with(b"---") || content.starts_with(b"kind:") {
            if line > at {
                return;
            }
            inside = None;
        } else if content == b"data:" || content == b"stringData:" {
            inside = Some(indent);
        } else if inside.is_some_and(|parent| indent <= parent) && !content.is_empty() {
            inside = None;
        } else if inside.is_some()
            && let Some(colon) = memchr::memmem::find(content, b": ")
        {
            let mut start = view.skip_blanks(text + colon + 2);
            let mut stop = text + content.len();
            if let Some(quote) = view.quote(start) {
                start += quote.len;
                stop = view.quoted_end(start, quote).0.min(stop);
            }
            if start < stop && is_secret(&view.text[start..stop]) {
                found.secret(start, stop);
            }
        }
        let over = view.line_end(end);
        if over == 0 {
            return;
        }
        line = end + over;
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
        let Some(quote) = view.quote(place) else {
            place += 1;
            continue;
        };
        let name = place + quote.len;
        let (name_end, closed) = view.quoted_end(name, quote);
        let colon = view.skip_blanks(name_end + quote.len);
        if !closed || view.byte(colon) != b':' {
            place = name_end + quote.len;
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
