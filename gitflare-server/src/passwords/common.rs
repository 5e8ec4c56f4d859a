//! The passwords that are guessed first: 30,000 of them, beside this file with their source and
//! licence. Most are shorter than a password may be, so what people make of them to reach the
//! length counts too: repeating one, or filling it up with digits and signs. So do runs of the
//! keyboard or the alphabet, the long ones that everybody knows, and the service's own name.

use std::{collections::HashSet, sync::LazyLock};

/// Most digits or signs behind a common password that leave it a common one.
const MAX_FILLING: usize = 6;

static COMMON: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    include_str!("common.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect()
});

/// Passwords of at least twelve characters that are guessed first and not in the list.
const LONG: &[&str] = &[
    "administrator",
    "administrateur",
    "changemeplease",
    "changethispassword",
    "correcthorsebatterystaple",
    "donttrustanyone",
    "iamtheadministrator",
    "iloveyousomuch",
    "itsmypassword",
    "letmeinplease",
    "mypasswordispassword",
    "mysecretpassword",
    "notmypassword",
    "passwordpassword",
    "pleaseletmein",
    "thepassword",
    "thisisapassword",
    "thisismypassword",
    "trustnobody",
    "verysecurepassword",
    "whatismypassword",
    "yourpassword",
];

/// The service's name, which a password must not consist of alone.
const SERVICE: &str = "gitflare";
/// Fewest characters of a password beside the service's name.
const MIN_BESIDE_SERVICE: usize = 8;

/// Neighbours on a keyboard; each line is read in both directions.
const KEYBOARD: &[&str] = &[
    "1234567890",
    "qwertyuiop",
    "qwertzuiop",
    "azertyuiop",
    "asdfghjkl",
    "qsdfghjklm",
    "zxcvbnm",
    "yxcvbnm",
    "wxcvbn",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
];
/// The mean length of the runs from which on a password is nothing but runs.
const MEAN_RUN: usize = 3;

/// Whether a password is common, letter case aside.
pub(super) fn contains(password: &str) -> bool {
    let password = password.to_lowercase();
    let other = password.replace(SERVICE, "");
    let is_service = other != password;
    is_guessed(&password)
        || (is_service && (other.chars().count() < MIN_BESIDE_SERVICE || is_guessed(&other)))
}

fn is_guessed(password: &str) -> bool {
    let stem = password.trim_end_matches(|c: char| !c.is_alphabetic());
    let filling = &password[stem.len()..];
    let is_filling = filling.len() <= MAX_FILLING || is_one_guess(filling);
    let letters: String = password.chars().filter(|c| c.is_alphabetic()).collect();
    is_one_guess(password)
        || (is_filling && is_one_guess(stem))
        || LONG.contains(&letters.as_str())
        || is_two_guesses(password)
        || (is_filling && is_two_guesses(stem))
}

/// Whether a text is in the list, or nothing but runs or repeats.
fn is_one_guess(text: &str) -> bool {
    COMMON.contains(text) || repeats(text) || is_made_of_runs(text)
}

/// Whether a text is two of the list, or one and a run, without anything between them.
fn is_two_guesses(text: &str) -> bool {
    /// Shorter ones are parts of many words.
    const SHORTEST: usize = 5;
    let is_part =
        |part: &str| part.len() >= SHORTEST && (COMMON.contains(part) || is_made_of_runs(part));
    (SHORTEST..text.len())
        .filter_map(|at| text.split_at_checked(at))
        .any(|(first, second)| is_part(first) && is_part(second))
}

/// Whether a text is nothing but runs: one character again and again, the alphabet, the digits or
/// the keyboard forwards or backwards.
fn is_made_of_runs(password: &str) -> bool {
    let characters: Vec<char> = password.chars().collect();
    let mut runs = 1;
    let mut direction = None;
    for pair in characters.windows(2) {
        let step = step(pair[0], pair[1]);
        match (direction, step) {
            (None, Some(_)) => direction = step,
            (Some(_), Some(_)) if direction == step => {}
            _ => {
                runs += 1;
                direction = None;
            }
        }
    }
    !characters.is_empty() && runs * MEAN_RUN <= characters.len()
}

/// How two characters follow each other: the same, forwards or backwards; `None` for neither.
fn step(a: char, b: char) -> Option<i8> {
    if a == b {
        return Some(0);
    }
    let beside = |line: &str| {
        let mut places = line.chars().zip(line.chars().skip(1));
        places.find_map(|pair| match pair {
            pair if pair == (a, b) => Some(1),
            pair if pair == (b, a) => Some(-1),
            _ => None,
        })
    };
    let in_alphabet = match (u32::from(b)).wrapping_sub(u32::from(a)) {
        1 if a.is_alphanumeric() => Some(1),
        u32::MAX if b.is_alphanumeric() => Some(-1),
        _ => None,
    };
    // From 9 to 0 the digits go on; the keyboard's line says so.
    in_alphabet.or_else(|| KEYBOARD.iter().find_map(|line| beside(line)))
}

/// Whether a text is one common password, or a few characters, over and over.
fn repeats(password: &str) -> bool {
    let bytes = password.as_bytes();
    (1..=bytes.len() / 2)
        .filter(|length| bytes.len().is_multiple_of(*length))
        .any(|length| {
            let (unit, rest) = bytes.split_at(length);
            rest.chunks(length).all(|chunk| chunk == unit)
                && (length <= 3 || std::str::from_utf8(unit).is_ok_and(|it| COMMON.contains(it)))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_has_at_least_ten_thousand_entries() {
        // sec: PW-3
        assert!(COMMON.len() >= 10_000, "{}", COMMON.len());
        assert!(
            COMMON
                .iter()
                .all(|it| !it.is_empty() && it.to_lowercase() == **it)
        );
    }

    #[test]
    fn what_is_guessed_first_is_common() {
        // sec: PW-3
        for (password, expected) in [
            ("password1234", true),
            ("Password!!!!", true),
            ("qwertyqwerty", true),
            ("PASSWORDPASSWORD", true),
            ("aaaaaaaaaaaa", true),
            ("121212121212", true),
            ("abcabcabcabc", true),
            ("1q2w3e4r5t6y", true),
            ("123456789012", true),
            ("1234567890123", true),
            ("098765432109", true),
            ("qwertyuiopas", true),
            ("qwertyuiop[]", true),
            ("abcdefghijkl", true),
            ("zyxwvutsrqpo", true),
            ("1qaz2wsx3edc", true),
            ("111111222222", true),
            ("aaaabbbbcccc", true),
            ("administrator", true),
            ("Administrator1", true),
            ("correcthorsebatterystaple", true),
            ("correct-horse-battery-staple", true),
            ("gitflaregitflare", true),
            ("GitFlare2026!", true),
            ("password12345678", true),
            ("iloveyou1234567", true),
            ("passwordqwerty", true),
            ("qwertypassword!", true),
            ("gitflarepassword", true),
            ("gitflare12345678", true),
            ("gitflare keeps it safe", false),
            ("defenders-hijack-stupor", false),
            ("correct horse battery", false),
            ("dragon-keeps-its-own-counsel", false),
            ("monkey81946237501", false),
            ("ümläut-ümläut-x", false),
        ] {
            assert_eq!(contains(password), expected, "{password}");
        }
    }
}
