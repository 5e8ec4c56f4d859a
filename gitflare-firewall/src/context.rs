//! Secrets that only their surroundings give away: the private members of a JSON Web Key,
//! passwords among the arguments of a call or a command, in data source names.

mod commands;
pub(crate) mod spelled;

use commands::{
    change_password, flag, from_literal, go_source, net, oracle, pair, password_file, piped,
};

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
    /// `net use Z: \\server\share secret /user:bob`
    NetUse,
    /// `net user bob secret /add`
    NetUser,
    /// `login: bob / secret`
    Pair,
    /// `echo secret | docker login --password-stdin`
    Piped,
    /// `--from-literal=name=secret`
    Literal,
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
    ("net use ", "", Context::NetUse),
    ("net user ", "", Context::NetUser),
    ("login: ", "A-Za-z", Context::Pair),
    ("logins: ", "A-Za-z", Context::Pair),
    ("zugangsdaten: ", "A-Za-z", Context::Pair),
    ("identifiants: ", "A-Za-z", Context::Pair),
    ("identifiants : ", "A-Za-z", Context::Pair),
    ("credenciales: ", "A-Za-z", Context::Pair),
    ("credenciais: ", "A-Za-z", Context::Pair),
    ("credenziali: ", "A-Za-z", Context::Pair),
    ("stats auth ", "A-Za-z", Context::Pair),
    ("rabbitmqctl add_user ", "", Context::NetUser),
    ("rabbitmqctl change_password ", "", Context::NetUser),
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
    (" login ", "", Context::Flag(b'p')),
    ("useradd ", "", Context::Flag(b'p')),
    ("usermod ", "", Context::Flag(b'p')),
    ("zip -", "", Context::Flag(b'P')),
    ("7z x ", "", Context::GluedFlag),
    ("7z a ", "", Context::GluedFlag),
    ("bcp ", "", Context::Flag(b'P')),
    ("mongorestore ", "", Context::Flag(b'p')),
    ("mongoexport ", "", Context::Flag(b'p')),
    ("mongoimport ", "", Context::Flag(b'p')),
    ("ldapmodify ", "", Context::Flag(b'w')),
    ("ldappasswd ", "", Context::Flag(b'w')),
    ("from-literal", "= ", Context::Literal),
    ("password-stdin", "", Context::Piped),
    ("passwd --stdin", "", Context::Piped),
    ("sudo -s", "", Context::Piped),
    ("| passwd ", "", Context::Piped),
    ("expdp ", "", Context::Oracle),
    ("impdp ", "", Context::Oracle),
    ("sqlldr ", "", Context::Oracle),
    (":5433:", "", Context::PasswordFile),
    ("sp_addlogin ", "\"'N", Context::Arguments(1)),
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
        Context::NetUse => net(view, end, |word| word.starts_with(b"\\\\"), found),
        Context::NetUser => net(view, end, |_| true, found),
        Context::Piped => piped(view, at, found),
        Context::Literal => from_literal(view, end, found),
        Context::Pair => pair(view, end, found),
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

/// Credentials in base64 behind the name of their scheme.
fn basic(view: &View<'_>, at: usize, found: &mut Matches) {
    let end = const { Set::new("A-Za-z0-9+/=") }.run(view.text, at, view.limit.min(at + 1024));
    // Shorter runs are words that happen to decode.
    if end - at >= 12 && is_basic(&view.text[at..end]) {
        found.secret(at, end);
    }
}
