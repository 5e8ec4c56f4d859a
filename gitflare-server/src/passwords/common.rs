//! The passwords that are guessed first: 30,000 of them, beside this file with their source and
//! licence. Most are shorter than a password may be, so what people make of them to reach the
//! length counts too: repeating one, or filling it up with digits and signs.

use std::{collections::HashSet, sync::LazyLock};

/// How many digits or signs behind a common password make nothing new of it.
const MAX_FILLING: usize = 6;

static COMMON: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    include_str!("common.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect()
});

/// Whether a password is common, letter case aside.
pub(super) fn contains(password: &str) -> bool {
    let password = password.to_lowercase();
    let stem = password.trim_end_matches(|c: char| !c.is_alphabetic());
    let is_filled_up = password.len() - stem.len() <= MAX_FILLING && COMMON.contains(stem);
    COMMON.contains(password.as_str()) || is_filled_up || repeats(&password)
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
            ("correct horse battery", false),
            ("dragon-keeps-its-own-counsel", false),
            ("monkey81946237501", false),
            ("ümläut-ümläut-x", false),
        ] {
            assert_eq!(contains(password), expected, "{password}");
        }
    }
}
