//! What a value looks like: a reference, a stand-in, prose, a path, names, code. It judges the text
//! alone; what follows for a name of some strength is the judge's business.

use super::{
    form::Form,
    strength::Strength,
    words::{
        ALGORITHMS, COUNTED, EMPTY_WORDS, ENDINGS, PLACES, REFERENCES, SAMPLES, STAND_INS, STORES,
    },
};
use crate::{chance::Profile, shape::Set};

/// `${X}`, `$X`, `%X%`, `{{ x }}`, `vault:...`, calls and members of known stores.
pub(super) fn is_reference(value: &[u8]) -> bool {
    if REFERENCES.begin(value) {
        return true;
    }
    if STORES.begin(value)
        && (is_names(value) || value.iter().any(|byte| matches!(byte, b'(' | b'[')))
    {
        return true;
    }
    if let [b'\'' | b'"', rest @ ..] = value
        && rest.starts_with(b"$")
    {
        // `"'$NAME'"`, as shells put a variable into a quoted text.
        return true;
    }
    match value {
        [b'$', name @ .., b'$'] if is_names(name) => true,
        // `$DB_PASSWORD`, in capitals as variables of the environment are.
        [b'$', name @ ..] if is_variable(name) => true,
        [b'$', first, ..] if first.is_ascii_alphabetic() || *first == b'_' => {
            // `$NAME` and `$name->member`; a password that begins with `$` has other symbols.
            value[1..]
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_->[]().:'".contains(byte))
                && !Profile::of(&value[1..]).is_random()
        }
        [b'$', b'0'..=b'9'] => true,
        [b'{', name @ ..] if is_word(name) => true,
        [b'%', b'5', b'B' | b'b', .., b'%', b'5', b'D' | b'd']
        | [b'%', b'7', b'B' | b'b', .., b'%', b'7', b'D' | b'd'] => true,
        [b'%', .., b'%'] | [b'<', .., b'>'] | [b'[', .., b']'] | [b'{', .., b'}'] => true,
        [b'%', letter] => letter.is_ascii_alphabetic(),
        [b'@', rest @ ..] if !rest.is_empty() => rest
            .iter()
            .all(|byte| byte.is_ascii_alphabetic() || b"_./:".contains(byte)),
        [b'(', b'(', .., b')', b')'] => true,
        // An anchor or an alias of YAML.
        [b'&' | b'*', rest @ ..] if is_word(rest) => !Profile::of(rest).is_random(),
        [b':', rest @ ..] | [b'&', rest @ ..] => is_names(rest),
        // What a quote or a bracket cut short: `form["password"]`, `getcwd()`.
        [call @ .., b'[' | b'('] | [call @ .., b'(', b')'] if !call.is_empty() => call
            .iter()
            .all(|byte| byte.is_ascii_alphabetic() || b"_.:".contains(byte)),
        _ => {
            value.iter().any(|byte| matches!(byte, b'{' | b'%' | b'$'))
                && [
                    &b"{{"[..],
                    b"${",
                    b"<%",
                    b"%s",
                    b"#{",
                    b"{}",
                    b"{0}",
                    b"$(",
                    b"%(",
                ]
                .iter()
                .any(|piece| contains(value, piece))
        }
    }
}

fn is_variable(name: &[u8]) -> bool {
    const NAME: Set = Set::new("A-Z0-9_");
    name.first().is_some_and(u8::is_ascii_uppercase)
        && (name.len() < 16 || name.contains(&b'_'))
        && NAME.run(name, 0, name.len()) == name.len()
}

/// `scram-sha-256`, `argon2-hash`: nothing but names of algorithms.
pub(super) fn is_algorithm(value: &[u8]) -> bool {
    value.first().is_some_and(u8::is_ascii_alphabetic)
        && value
            .split(|byte| !byte.is_ascii_alphabetic())
            .filter(|word| !word.is_empty())
            .all(|word| ALGORITHMS.has(word))
}

fn is_word(text: &[u8]) -> bool {
    !text.is_empty()
        && text
            .iter()
            .all(|byte| byte.is_ascii_alphabetic() || b"_-".contains(byte))
}

/// Empty words, one repeated character, `your-...-here`.
pub(super) fn is_stand_in(value: &[u8], form: Form) -> bool {
    if form != Form::Pair && EMPTY_WORDS.has(value) {
        return true;
    }
    let first = value[0];
    if value.iter().all(|byte| *byte == first) {
        return true;
    }
    if value.iter().all(|byte| {
        matches!(
            byte,
            b'*' | b'x' | b'X' | b'.' | b'-' | b'_' | b'#' | b'?' | b' '
        )
    }) || contains(value, b"***")
        || contains(value, b"xxxx")
        || contains(value, b"XXXX")
        || contains(value, b"...")
        || contains(value, "…".as_bytes())
    {
        return true;
    }
    value.len() <= 64 && {
        let mut words = value.split(|byte| !byte.is_ascii_alphabetic());
        let mut digits = 0;
        for byte in value {
            digits += usize::from(byte.is_ascii_digit());
        }
        digits * 4 < value.len() && words.any(|word| STAND_INS.has(word))
    }
}

/// `[A-Za-z0-9_-]{20,}`: what a token may consist of, as expressions and validators say it.
pub(super) fn is_pattern(value: &[u8]) -> bool {
    const RANGES: [&[u8]; 6] = [b"a-z", b"A-Z", b"0-9", b"a-f", b"A-F", b"]{"];
    value.iter().any(|byte| matches!(byte, b'-' | b']'))
        && RANGES.iter().filter(|range| contains(value, range)).count()
            + usize::from(value.contains(&b'['))
            >= 2
}

/// The value says its own name: `password = "password"`, `token: "accessToken"`; or the name goes on
/// from it, as features and modules name what they belong to.
pub(super) fn is_name_of(value: &[u8], name: &[u8]) -> bool {
    if value.len() >= 6
        && name.get(..value.len()) == Some(value)
        && matches!(name[value.len()..], [b'_' | b'-' | b'.', ..])
    {
        return true;
    }
    fn letters(text: &[u8]) -> impl Iterator<Item = u8> {
        text.iter()
            .filter(|byte| byte.is_ascii_alphabetic())
            .map(u8::to_ascii_lowercase)
    }
    value.len() <= 64
        && !value.iter().any(u8::is_ascii_digit)
        && letters(value).next().is_some()
        && (letters(value).eq(letters(name)) || is_last_of(value, name))
}

/// `CONF_NOISE_PSK = "noise_psk"`: whether a value is the last words of its name.
fn is_last_of(value: &[u8], name: &[u8]) -> bool {
    value.len() >= 4
        && name.len().checked_sub(value.len()).is_some_and(|at| {
            at > 0 && matches!(name[at - 1], b'_' | b'-') && name[at..].eq_ignore_ascii_case(value)
        })
}

/// Several words with spaces between them.
pub(super) fn is_prose(value: &[u8], profile: &Profile) -> bool {
    if profile.spaces == 0 {
        return false;
    }
    let words = value.split(|byte| *byte == b' ').filter(|word| {
        word.len() >= 2
            && word.iter().all(|byte| {
                byte.is_ascii_alphabetic() || *byte >= 0x80 || b".,:;!?'()-/".contains(byte)
            })
    });
    let words = words.count();
    words >= 2 || (profile.spaces >= 1 && words >= 1 && profile.digits == 0) || profile.spaces >= 3
}

/// Two small words, as in `keyboard cat`, that say nothing of what they stand for; under the name
/// of a phrase some more.
pub(super) fn is_phrase(value: &[u8], strength: Strength, name: &[u8]) -> bool {
    let words = 1 + value.iter().filter(|byte| **byte == b' ').count();
    let phrase = name
        .windows(b"phrase".len())
        .any(|text| text.eq_ignore_ascii_case(b"phrase"));
    matches!(strength, Strength::Password | Strength::Secret)
        && (words == 2 || phrase && words <= 12)
        && value
            .split(|byte| *byte == b' ')
            .all(|word| word.len() >= 3 && word.iter().all(u8::is_ascii_lowercase))
        && !tells_a_place(value)
}

/// Whether words of a value say where it belongs or what it is for, as names of fields, messages
/// and routes do, rather than being a password made of words.
pub(super) fn tells_a_place(value: &[u8]) -> bool {
    let words = || {
        value
            .split(|byte| !byte.is_ascii_alphabetic())
            .flat_map(humps)
    };
    value.iter().any(|byte| matches!(byte, b'.' | b'/' | b':'))
        || words().any(|word| PLACES.has(word)) && !words().any(|word| SAMPLES.has(word))
}

/// The parts of a word that begin with capitals.
fn humps(word: &[u8]) -> impl Iterator<Item = &[u8]> {
    word.chunk_by(|before, next| !(before.is_ascii_lowercase() && next.is_ascii_uppercase()))
}

/// `forms.CharField(...`: a call of something's member.
pub(super) fn is_method_call(value: &[u8]) -> bool {
    const CALLEE: Set = Set::new(r"\w.");
    let end = CALLEE.run(value, 0, value.len());
    let callee = &value[..end];
    value.get(end) == Some(&b'(')
        && callee.contains(&b'.')
        && callee.first().is_some_and(u8::is_ascii_alphabetic)
        && !Profile::of(callee).is_random()
}

/// `new_password1`: two or more words of fields, with at most two digits.
pub(super) fn is_field(value: &[u8]) -> bool {
    let words = value
        .split(|byte| !byte.is_ascii_alphabetic())
        .flat_map(humps)
        .filter(|word| !word.is_empty());
    let (mut count, mut known) = (0, true);
    for word in words {
        count += 1;
        known &= PLACES.has(word);
    }
    count >= 2
        && known
        && value.iter().filter(|byte| byte.is_ascii_digit()).count() <= 2
        && value
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(byte))
}

/// Bare text that is code rather than a literal.
pub(super) fn is_expression(value: &[u8]) -> bool {
    const SIGNS: Set = Set::new("()[]{}<>\"'`,;|$");
    value.iter().any(|byte| SIGNS.has(*byte))
        || contains(value, b"::")
        || contains(value, b"->")
        || contains(value, b"=>")
        || contains(value, b"!.")
        || contains(value, b"?.")
        || value.contains(&b'.') && is_names(value)
}

/// Paths, file names, links.
pub(super) fn is_path_or_url(value: &[u8]) -> bool {
    if contains(value, b"://") {
        return true;
    }
    if value.starts_with(b"/")
        || value.starts_with(b"./")
        || value.starts_with(b"../")
        || value.starts_with(b"~/")
        || (value.len() > 2 && value[1] == b':' && value[2] == b'\\')
    {
        if value.ends_with(b"=") && !value.contains(&b'.') && Profile::of(value).is_random() {
            return false;
        }
        let slashes = value.iter().filter(|byte| **byte == b'/').count();
        return slashes >= 2 || !Profile::of(value).is_random() && value.len() > 8;
    }
    // `tests/pass/*.rs`
    let is_glob = contains(value, b"/*") && !value.contains(&b' ');
    is_glob
        || value
            .iter()
            .rposition(|byte| *byte == b'.')
            .is_some_and(|dot| dot > 0 && ENDINGS.has(&value[dot + 1..]))
}

/// One or several names: words joined by `_`, `-`, `.`, `/`, `:` or humps, with at most a short
/// number at the end.
pub(super) fn is_names(value: &[u8]) -> bool {
    let mut words = 0;
    let mut joined = false;
    let mut previous = b' ';
    let mut digits = 0;
    for &byte in value {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {
                let is_hump = previous.is_ascii_lowercase() || previous.is_ascii_digit();
                if byte.is_ascii_uppercase() && is_hump {
                    joined = true;
                    words += 1;
                } else if !previous.is_ascii_alphabetic() {
                    words += 1;
                }
            }
            b'0'..=b'9' => digits += 1,
            b'_' | b'-' | b'.' | b'/' | b':' => joined = true,
            _ => return false,
        }
        previous = byte;
    }
    if words == 0 || digits > 2 {
        return false;
    }
    joined && Profile::of(value).reads_like_words()
}

/// `3.5.46`, `app.auth.hashers.Pbkdf2`, `App\\Auth\\Hasher`: a version, or the place of a class.
pub(super) fn is_namespace(value: &[u8]) -> bool {
    let dots = value.iter().filter(|byte| **byte == b'.').count();
    let is_name = |name: &[u8]| {
        name.is_empty()
            || !name[0].is_ascii_digit()
                && name
                    .iter()
                    .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    };
    dots >= 2
        && (value
            .iter()
            .all(|byte| byte.is_ascii_digit() || *byte == b'.')
            || value.split(|byte| *byte == b'.').all(is_name))
        || value.contains(&b'\\')
            && value.split(|byte| *byte == b'\\').all(is_name)
            && Profile::of(value).reads_like_words()
}

/// Words of a language that is not written in ASCII: what a person reads, not what they type.
pub(super) fn is_label(value: &[u8], profile: &Profile) -> bool {
    profile.digits == 0
        && !value.is_ascii()
        && value
            .iter()
            .all(|byte| *byte >= 0x80 || byte.is_ascii_alphabetic() || b" -'?!.,:()".contains(byte))
}

/// The same with `\u30d1` for its letters; what is left besides the escapes holds no digit.
pub(super) fn is_escaped_label(value: &[u8]) -> bool {
    if !contains(value, b"\\u") {
        return false;
    }
    let (mut escapes, mut at) = (0, 0);
    while at < value.len() {
        match &value[at..] {
            [b'\\', b'u', digits @ ..] if is_beyond_ascii(digits) => {
                escapes += 1;
                at += 6;
            }
            [byte, ..] if byte.is_ascii_digit() => return false,
            _ => at += 1,
        }
    }
    escapes > 0
}

/// What a file of translations holds: words, as a person reads them.
pub(super) fn is_translation(value: &[u8]) -> bool {
    let profile = Profile::of(value);
    let is_typed = profile.digits > 0 && profile.letters() > 0
        || value[..value.len() - 1]
            .iter()
            .any(|byte| b"@#$%^&*".contains(byte))
        || profile.is_random();
    is_escaped_letter(value) || profile.spaces > 0 || !is_typed
}

/// Whether a letter beyond ASCII is escaped in the value.
fn is_escaped_letter(value: &[u8]) -> bool {
    memchr::memmem::find_iter(value, b"\\u").any(|index| is_beyond_ascii(&value[index + 2..]))
}

/// Whether the digits of an escape name a character beyond ASCII.
fn is_beyond_ascii(digits: &[u8]) -> bool {
    digits.len() >= 4
        && digits[..4].iter().all(u8::is_ascii_hexdigit)
        && (digits[..2] != *b"00" || digits[2] >= b'8')
}

/// `ssh-rsa AAAAB3NzaC1...`, whose beginning names its type, and the scope of a signed request.
pub(super) fn is_published(value: &[u8]) -> bool {
    let key = value.strip_prefix(b"ssh-rsa ").unwrap_or(value);
    const HEADS: [&[u8]; 8] = [
        b"AAAAB3NzaC1",
        b"AAAAC3NzaC1",
        b"AAAAE2VjZHNh",
        // Public keys in base64: of two curves, of Ed25519 and X25519, of RSA.
        b"MFkwEwYHKoZIzj0CAQ",
        b"MHYwEAYHKoZIzj0CAQ",
        b"MCowBQYDK2Vw",
        b"MCowBQYDK2Vu",
        b"MIIBIjANBgkqhkiG9w0BAQEFAAOC",
    ];
    HEADS.iter().any(|head| key.starts_with(head))
        || value.ends_with(b"/aws4_request")
        || is_pinned(value)
}

/// `org/app:1.2@sha256:9f86...`, `github:org/app#9f86...`: what something is pinned to.
fn is_pinned(value: &[u8]) -> bool {
    let Some(sign) = memchr::memrchr2(b'#', b'@', value) else {
        return false;
    };
    let (place, id) = (&value[..sign], &value[sign + 1..]);
    match id.strip_prefix(b"sha256:") {
        Some(digest) => is_commit_id(digest),
        None => is_commit_id(id) && place.iter().any(|byte| b"/:".contains(byte)),
    }
}

/// One word with a capital, as labels are written.
pub(super) fn is_title(value: &[u8], profile: &Profile) -> bool {
    value[0].is_ascii_uppercase()
        && profile.upper == 1
        && profile.letters() == value.len()
        && profile.reads_like_words()
}

/// `0x1234_abcd`, `12_014u32`
pub(super) fn is_number(value: &[u8]) -> bool {
    const SUFFIXES: [&[u8]; 12] = [
        b"u8", b"u16", b"u32", b"u64", b"usize", b"i32", b"i64", b"L", b"UL", b"LL", b"ms", b"px",
    ];
    let number = SUFFIXES
        .iter()
        .find_map(|suffix| value.strip_suffix(*suffix))
        .unwrap_or(value);
    (value.starts_with(b"0x") || value.starts_with(b"0b")) && value.len() < 2 + 32
        || number
            .iter()
            .all(|byte| byte.is_ascii_digit() || b"._eE+-".contains(byte))
}

/// `2021-03-04`, with or without a time.
pub(super) fn is_date(value: &[u8]) -> bool {
    value.len() >= 10
        && value.len() <= 32
        && (value[4], value[7]) == (b'-', b'-')
        && value
            .iter()
            .all(|byte| byte.is_ascii_digit() || b"-:.+TZ ".contains(byte))
}

/// `X-Auth-Token`: a header's name, which no language takes for one of its own.
pub(super) fn is_header(name: &[u8]) -> bool {
    name.get(..2)
        .is_some_and(|head| head.eq_ignore_ascii_case(b"x-"))
}

/// `user:password` in base64.
pub(crate) fn is_basic(text: &[u8]) -> bool {
    use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
    let text = text
        .strip_suffix(b"==")
        .or(text.strip_suffix(b"="))
        .unwrap_or(text);
    (6..=1024).contains(&text.len())
        && STANDARD_NO_PAD.decode(text).is_ok_and(|plain| {
            plain.contains(&b':') && plain.iter().all(|byte| !byte.is_ascii_control())
        })
}

/// 40 or 64 hexadecimal digits in one case, as Git names commits.
pub(super) fn is_commit_id(value: &[u8]) -> bool {
    matches!(value.len(), 40 | 64)
        && value
            .iter()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// `sha256:9f86...`: a digest says so itself.
pub(super) fn is_digest(value: &[u8]) -> bool {
    [
        &b"sha1:"[..],
        b"sha256:",
        b"sha384:",
        b"sha512:",
        b"md5:",
        b"sha256-",
        b"sha384-",
        b"sha512-",
    ]
    .iter()
    .any(|name| {
        value
            .get(..name.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(name))
            && value[name.len()..]
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte))
    })
}

/// `kind-river-walrus9`, `KindRiverWalrus9`: words joined into a password, with a number behind
/// them. Names of algorithms end so too.
pub(super) fn is_chosen(value: &[u8]) -> bool {
    if is_respelled(value) {
        return true;
    }
    let digits = value
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let words = &value[..value.len() - digits];
    let words = words
        .strip_suffix(b"-")
        .or(words.strip_suffix(b"_"))
        .unwrap_or(words);
    if !(1..=4).contains(&digits) || words.len() < 10 {
        return false;
    }
    let mut count = 0;
    let parts = words
        .split(|byte| matches!(byte, b'-' | b'_' | b'.'))
        .flat_map(humps);
    for word in parts {
        if word.len() < 3
            || !word.iter().all(u8::is_ascii_alphabetic)
            || ALGORITHMS.has(word)
            || COUNTED.has(word)
        {
            return false;
        }
        count += 1;
    }
    count >= 2
}

/// `S0mmErW1nd`: single digits for letters within one word, which no name is spelled with.
fn is_respelled(value: &[u8]) -> bool {
    let stands_for = |around: &&[u8]| {
        matches!(around[1], b'0' | b'1' | b'3' | b'4' | b'5' | b'7')
            && around[0].is_ascii_alphabetic()
            && around[2].is_ascii_lowercase()
    };
    value.len() >= 8
        && value.iter().all(u8::is_ascii_alphanumeric)
        && value.windows(3).filter(stands_for).count() >= 2
}

/// `8-4-4-4-12` hexadecimal digits.
pub(crate) fn is_uuid(value: &[u8]) -> bool {
    value.len() == 36
        && value.iter().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Cheaper than a searcher, which has to be made first, for texts of this size.
pub(super) fn contains(value: &[u8], piece: &[u8]) -> bool {
    let mut from = 0;
    while let Some(index) = memchr::memchr(piece[0], &value[from..]) {
        from += index;
        if value[from..].starts_with(piece) {
            return true;
        }
        from += 1;
    }
    false
}
