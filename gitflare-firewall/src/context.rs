//! Secrets that only their surroundings give away: the private members of a JSON Web Key,
//! passwords among the arguments of a call or a command, in data source names.

mod commands;
mod fed;
mod flags;
mod resources;
pub(crate) mod spelled;
mod table;

pub(crate) use table::CONTEXTS;

use commands::{address, from_literal, go_source, net, oracle, pair, password_file, slash_pair};
use fed::{change_password, fed, piped};
use flags::{
    beside_user, flags, generated, glued, is_generated, joined, listed, listed_glued, listed_pair,
    switch,
};
use resources::{generator, terraform};

use crate::{
    assign::{is_basic, is_uuid},
    chance::Profile,
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
    /// `gitlab.NewClient("token")`: the first arguments of what makes a client, where they look
    /// generated.
    Constructor,
    /// `ConvertTo-SecureString "password" -AsPlainText`
    Plain,
    /// `mysql -psecret`, by the flag with the blank before it.
    Glued(&'static str),
    /// `sshpass -p secret`, by the letters of the flags that take one.
    Flags(&'static str),
    /// `tool -u bob -p secret`, whatever the tool.
    BesideUser,
    /// `tool -a bob:secret`, `tool -U bob%secret`
    Joined,
    /// `["-p", "secret"]`
    Listed,
    /// `["-u", "bob:secret"]`
    ListedPair,
    /// `["mysql", "-psecret"]`
    ListedGlued,
    /// `/p:secret`, as tools of Windows write their flags.
    Switch,
    /// `vault login secret`: the words of the line that look generated.
    Generated,
    /// `curl -u user:secret`
    Curl,
    /// `'Basic dXNlcjpzZWNyZXQ='`
    Basic,
    /// `Digest username="bob", response="..."`
    Digest,
    /// `secretGenerator:` over `literals:`, the values of Kustomize.
    Generator,
    /// `resource "kubernetes_secret" "name"`
    Terraform,
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
    /// `bob / secret`, in prose.
    SlashPair,
    /// `echo secret | docker login --password-stdin`
    Piped,
    /// `passwd bob <<EOF`, `su - bob <<< secret`: a command of that name, however it is fed.
    Fed,
    /// `bob:secret@10.0.0.1`
    Address,
    /// `--from-literal=name=secret`
    Literal,
}

/// Reads the context whose literal stands at `at..end`.
pub(crate) fn read(view: &View<'_>, context: Context, at: usize, end: usize, found: &mut Matches) {
    match context {
        Context::WebKey => web_key(view, at, found),
        Context::Arguments(before) => arguments(view, end, before, found),
        Context::Constructor => constructor(view, end, found),
        Context::Plain => plain(view, end, found),
        Context::Glued(flag) => glued(view, end - 2, flag, found),
        Context::Flags(letters) => flags(view, end - 2, letters, found),
        Context::BesideUser => beside_user(view, at, end, found),
        Context::Joined => joined(view, at, end, found),
        Context::Listed => listed(view, at, end, found),
        Context::ListedPair => listed_pair(view, at, end, found),
        Context::ListedGlued => listed_glued(view, at, end, found),
        Context::Switch => switch(view, at, end, found),
        Context::Generated => generated(view, end, found),
        Context::Curl => link::curl(view, end - 1, found),
        Context::Basic => basic(view, end, found),
        Context::Digest => digest(view, at, end, found),
        Context::Generator => generator(view, at, end, found),
        Context::Terraform => terraform(view, at, found),
        Context::GoSource => go_source(view, at, found),
        Context::Oracle => oracle(view, end, found),
        Context::PasswordFile => password_file(view, at, found),
        Context::ChangePassword => change_password(view, at, found),
        Context::NetUse => net(view, end, |word| word.starts_with(b"\\\\"), found),
        Context::NetUser => net(view, end, |_| true, found),
        Context::Piped => piped(view, at, found),
        Context::Fed => fed(view, at, found),
        Context::Address => address(view, at, found),
        Context::Literal => from_literal(view, end, found),
        Context::Pair => pair(view, end, found),
        Context::SlashPair => slash_pair(view, at, end, found),
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
        const NUMBER: Set = Set::new(r"\w=-");
        let value = view.skip_blanks(colon + 1);
        // YAML quotes nothing.
        let quote = view.quote(value);
        let start = value + quote.map_or(0, |quote| quote.len);
        let end = match quote {
            Some(quote) => view.quoted_end(start, quote).0,
            None => NUMBER.run(view.text, start, limit),
        };
        let is_literal = quote.is_some() || Profile::of(&view.text[start..end]).is_random();
        let private = matches!(
            &view.text[name..name_end],
            b"d" | b"p" | b"q" | b"dp" | b"dq" | b"qi" | b"k"
        );
        let number = is_literal && NUMBER.run(view.text, start, end) == end;
        if private && number && end - start >= 16 && end <= limit {
            found.secret(start, end);
        }
        place = end.max(colon + 1) + quote.map_or(0, |quote| quote.len);
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
    let second = view.skip_blanks(comma + usize::from(before > 0));
    let second = second + usize::from(before == 0 && view.byte(second) == b'b');
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

/// The literals among the first arguments at `at` that nobody but a generator writes.
fn constructor(view: &View<'_>, at: usize, found: &mut Matches) {
    const MOST: usize = 3;
    let mut next = at;
    for index in 0..MOST {
        let start = view.skip_blanks(next);
        let Some(quote) = view.quote(start) else {
            return;
        };
        let start = start + quote.len;
        let (end, closed) = view.quoted_end(start, quote);
        let value = &view.text[start..end];
        if closed && (index > 0 && is_account_key(value) || is_token(value)) {
            found.secret(start, end);
        }
        let comma = view.skip_blanks(end + quote.len);
        if !closed || view.byte(comma) != b',' {
            return;
        }
        next = comma + 1;
    }
}

/// Whether a literal is a token; publishable keys and ids are none.
fn is_token(value: &[u8]) -> bool {
    value.len() >= 16 && is_generated(value) && !is_uuid(value) && !value.starts_with(b"pk_")
}

/// Whether a literal is the secret of the account that stands before it: 32 hexadecimal digits, or
/// base64.
fn is_account_key(value: &[u8]) -> bool {
    const BASE64: Set = Set::new("A-Za-z0-9+/=");
    let profile = Profile::of(value);
    value.len() == 32 && profile.is_hex()
        || value.len() >= 24
            && BASE64.run(value, 0, value.len()) == value.len()
            && profile.is_random()
            && profile.digits > 0
            && profile.upper > 0
            && profile.lower > 0
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

/// The response of a client to a challenge: it is made of the password, and guesses can be tried on
/// it.
fn digest(view: &View<'_>, at: usize, end: usize, found: &mut Matches) {
    let before = &view.text[view.floor.max(at.saturating_sub(LONGEST_HEADER))..at];
    let is_digest = memchr::memmem::rfind(before, b"igest ")
        .is_some_and(|scheme| !before[scheme..].contains(&b'\n'));
    let start = end + view.quote(end).map_or(0, |quote| quote.len);
    let stop = const { Set::new(r"\x") }.run(view.text, start, view.limit.min(start + 129));
    if is_digest && matches!(stop - start, 32 | 64 | 128) {
        found.secret(start, stop);
    }
}

/// How far before a part of a header its scheme may stand.
const LONGEST_HEADER: usize = 600;
