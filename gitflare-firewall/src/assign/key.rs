//! Reads the name around a keyword and decides how secret it makes its value.

use super::{
    limits::{LONGEST_NAME, NAME},
    strength::Strength,
    words::{AGAIN, COMPOUNDS, DIGESTS, NOT_AFTER, NOT_BEFORE, PROMISES, PUBLISHED},
};
use crate::{chance::Profile, shape::Set, text::View};

/// A name that makes its value a secret.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) strength: Strength,
}

const WORDS: Set = NAME.with_letters();
/// What joins a name to its value without a blank between: verbs of Chinese, particles of Japanese
/// and Korean.
pub(super) const VERBS: [&str; 6] = ["是", "为", "為", "は", "는", "은"];

impl Key {
    /// The name around the keyword at `at..end`, unless it names something that is not secret.
    pub(super) fn around(
        view: &View<'_>,
        at: usize,
        end: usize,
        strength: Strength,
    ) -> Option<Self> {
        let start = NAME.run_back(
            view.text,
            at,
            view.floor.max(at.saturating_sub(LONGEST_NAME)),
        );
        // `\npassword`: the letter belongs to the escape.
        let start = if start < at
            && matches!(view.text[start], b'n' | b't' | b'r')
            && view.before(start) == b'\\'
        {
            start + 1
        } else {
            start
        };
        // `%22password%22`: the digits belong to the quote.
        let start = if view.before(start) == b'%' {
            let digits = &view.text[start..at];
            const QUOTES: [&[u8]; 4] = [b"2522", b"2527", b"22", b"27"];
            let quote = QUOTES.iter().find(|quote| digits.starts_with(quote));
            start + quote.map_or(0, |quote| quote.len())
        } else {
            start
        };
        // A keyword of another script is followed by its own endings.
        let letters = if view.text[end - 1].is_ascii() {
            NAME
        } else {
            WORDS
        };
        // `--password`: the dashes are no part of the name.
        let start = start
            + view.text[start..at]
                .iter()
                .take_while(|&&b| b == b'-')
                .count();
        let mut stop = letters.run(view.text, end, view.limit.min(end + LONGEST_NAME));
        if let Some(bracket) = memchr::memmem::find(&view.text[end..stop], "「".as_bytes()) {
            // `パスワードは「...」`
            stop = end + bracket;
            let topic = "は".as_bytes();
            stop -= topic.len() * usize::from(view.text[end..stop].ends_with(topic));
        }
        if letters != NAME {
            // `密码是...`
            for verb in VERBS {
                if let Some(index) = memchr::memmem::find(&view.text[end..stop], verb.as_bytes()) {
                    stop = end + index;
                }
            }
        }
        if strength == Strength::Provider {
            stop = before_value(view, end, stop);
        }
        if view.text[at] == b'\\' {
            // A name of escaped letters goes on with such.
            stop = escaped_letters(view, stop);
        }
        if stop > end && view.text[stop - 1] == b'-' && view.byte(stop) == b'>' {
            stop -= 1;
        }
        if view.before(start) == b'/' && is_checksum(&view.text[view.floor..start - 1]) {
            return None;
        }
        let before = &view.text[start..at];
        let after = &view.text[end..stop];
        let strength = refine(view, before, after, (at, end), strength)?;
        Some(Self {
            start,
            end: stop,
            strength,
        })
    }
}

/// `checksum/secret`, as charts annotate what a deployment was made of.
fn is_checksum(before: &[u8]) -> bool {
    [&b"checksum"[..], b"digest", b"sha256", b"hash"]
        .iter()
        .any(|word| before.ends_with(word))
}

/// Where the name ends in `providerPRIVATE-9f86...`: before a generated text that only a dash joins.
fn before_value(view: &View<'_>, end: usize, stop: usize) -> usize {
    view.text[end..stop]
        .iter()
        .rposition(|byte| *byte == b'-')
        .map(|joint| end + joint)
        .filter(|joint| stop - joint > 20 && Profile::of(&view.text[joint + 1..stop]).is_random())
        .unwrap_or(stop)
}

/// The end of the run of `\u04..` at `at`, whatever the depth of escaping.
fn escaped_letters(view: &View<'_>, at: usize) -> usize {
    let mut end = at;
    loop {
        let slashes = view.backslashes(end);
        let letter = end + slashes;
        if slashes == 0 || !view.has(letter, b"u04") || letter + 5 > view.limit {
            return end;
        }
        end = letter + 5;
    }
}

fn refine(
    view: &View<'_>,
    before: &[u8],
    after: &[u8],
    (at, end): (usize, usize),
    strength: Strength,
) -> Option<Strength> {
    let glued = before.last().is_some_and(u8::is_ascii_alphabetic)
        && (view.text[at].is_ascii_lowercase()
            || before.last().is_some_and(u8::is_ascii_uppercase)
                && view.text.get(at + 1).is_some_and(u8::is_ascii_uppercase));
    let compound = glued
        && matches!(
            strength,
            Strength::Pass | Strength::Key | Strength::Auth | Strength::Pin
        )
        && COMPOUNDS.ends(before);
    let mut last = last_word(before);
    if before.is_empty() && strength == Strength::Key && matches!(view.before(at), b' ' | b'.') {
        // `Secret Key: ...`, `fs.s3.secret.key=...`
        let end = at - 1;
        last =
            &view.text[NAME.run_back(view.text, end, view.floor.max(end.saturating_sub(16)))..end];
    }
    if last.eq_ignore_ascii_case(b"private")
        && (after.eq_ignore_ascii_case(b"_id") || after == b"Id")
    {
        // The one id that service accounts keep with their key.
        return Some(Strength::Token);
    }
    if last.eq_ignore_ascii_case(b"allow") {
        // `Access-Control-Allow-Credentials` says whether they are taken, not what they are.
        return None;
    }
    if strength == Strength::Password && before == b"ch" {
        // A command; what it is handed is a user and a password.
        return None;
    }
    match strength {
        Strength::Pass | Strength::Key | Strength::Auth | Strength::Pin if glued && !compound => {
            return None;
        }
        Strength::Key | Strength::Token
            if NOT_BEFORE.has(last)
                || before.len() >= 9
                    && before[before.len() - 9..].eq_ignore_ascii_case(b"publickey")
                || before.to_ascii_lowercase().ends_with(b"public-key-") =>
        {
            return None;
        }
        _ => {}
    }
    let after = if view.text[at] == b'\\' { &[] } else { after };
    if !takes_rest(after, strength, &view.text[at..end]) {
        return None;
    }
    Some(match strength {
        Strength::Pass => Strength::Password,
        Strength::Key if compound || COMPOUNDS.has(last) || PROMISES.has(last) => Strength::Token,
        Strength::Key if !last.is_empty() => Strength::Named,
        Strength::Key => Strength::Weak,
        other => other,
    })
}

/// Whether what follows the keyword leaves the name secret.
fn takes_rest(after: &[u8], strength: Strength, keyword: &[u8]) -> bool {
    if matches!(
        strength,
        Strength::Header | Strength::Bearer | Strength::Cookie | Strength::Sql
    ) {
        return after.is_empty()
            || after.eq_ignore_ascii_case(b"s")
            || strength == Strength::Header && after.eq_ignore_ascii_case(b"header");
    }
    if strength == Strength::Provider {
        return !words(after).any(|word| PUBLISHED.has(word));
    }
    let mut rest = after;
    if keyword.eq_ignore_ascii_case(b"passw") {
        // password, passwd, passwort, passwrd
        let letters = rest
            .iter()
            .take_while(|byte| matches!(**byte | 0x20, b'o' | b'r' | b'd' | b't'))
            .count();
        if letters == 0 {
            return false;
        }
        rest = &rest[letters..];
    } else if [&b"credential"[..], b"secret", b"token"]
        .iter()
        .any(|word| keyword.eq_ignore_ascii_case(word))
    {
        if let [b's' | b'S', tail @ ..] = rest {
            rest = tail;
        }
        // Letters glued on make another word of it: tokenizer, secretary.
        if rest.first().is_some_and(|first| {
            first.is_ascii_alphabetic()
                && keyword
                    .last()
                    .is_some_and(|last| last.is_ascii_uppercase() == first.is_ascii_uppercase())
        }) {
            return false;
        }
    }
    loop {
        while let [b'_' | b'-' | b'.' | b'0'..=b'9', tail @ ..] = rest {
            rest = tail;
        }
        if rest.is_empty() {
            return true;
        }
        let len = word_len(rest);
        let word = &rest[..len];
        let singular = word.strip_suffix(b"s").unwrap_or(word);
        let denied = NOT_AFTER.has(word)
            || matches!(strength, Strength::Token | Strength::Secret | Strength::Key)
                && DIGESTS.has(word)
            || singular.len() <= 3 && NOT_AFTER.has(singular)
            || NOT_AFTER.begins(word, 4);
        // `password_confirmation` holds the password once more.
        if denied && !(strength == Strength::Password && AGAIN.has(word)) {
            return false;
        }
        rest = &rest[len..];
    }
}

/// The words of a name.
fn words(name: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = name;
    std::iter::from_fn(move || {
        rest = &rest[rest.iter().position(u8::is_ascii_alphabetic)?..];
        let (word, tail) = rest.split_at(word_len(rest));
        rest = tail;
        Some(word)
    })
}

/// The length of the word of a name that begins `text`: to the next separator or camel hump.
fn word_len(text: &[u8]) -> usize {
    let mut len = 1;
    while len < text.len() {
        let byte = text[len];
        if !byte.is_ascii_alphabetic()
            || (byte.is_ascii_uppercase() && text[len - 1].is_ascii_lowercase())
        {
            break;
        }
        len += 1;
    }
    len
}

fn last_word(before: &[u8]) -> &[u8] {
    let mut end = before.len();
    while end > 0 && !before[end - 1].is_ascii_alphabetic() {
        end -= 1;
    }
    let mut start = end;
    while start > 0 && before[start - 1].is_ascii_alphabetic() {
        start -= 1;
        if start > 0 && before[start].is_ascii_uppercase() && before[start - 1].is_ascii_lowercase()
        {
            break;
        }
    }
    &before[start..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    fn strength(name: &str, keyword: &str, strength: Strength) -> Option<Strength> {
        let at = name.to_lowercase().find(keyword).unwrap();
        let view = View {
            text: name.as_bytes(),
            floor: 0,
            limit: name.len(),
            language: Language::Unknown,
        };
        Key::around(&view, at, at + keyword.len(), strength).map(|key| key.strength)
    }

    #[test]
    fn names_are_judged_by_their_words() {
        use Strength::{Key, Pass, Password, Token, Weak};
        for (name, keyword, given, expected) in [
            ("DB_PASSWORD", "passw", Password, Some(Password)),
            ("passwordHash", "passw", Password, Some(Password)),
            ("password_field", "passw", Password, None),
            ("passwordLabel", "passw", Password, None),
            ("compass", "pass", Pass, None),
            ("dbpass", "pass", Pass, Some(Password)),
            ("SMTP_PASS", "pass", Pass, Some(Password)),
            ("monkey", "key", Key, None),
            ("apikey", "key", Key, Some(Token)),
            ("apiKey", "key", Key, Some(Token)),
            ("AWS_SECRET_ACCESS_KEY", "key", Key, Some(Token)),
            ("public_key", "key", Key, None),
            ("public-key-token", "token", Token, None),
            ("key", "key", Key, Some(Weak)),
            ("tokenizer", "token", Token, None),
            ("token_type", "token", Token, None),
            ("auth_tokens", "token", Token, Some(Token)),
            ("next_token", "token", Token, None),
        ] {
            assert_eq!(strength(name, keyword, given), expected, "{name}");
        }
    }
}
