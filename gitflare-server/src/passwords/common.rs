//! Passwords that are guessed first. A list of 30,000 stands beside this file with its source and
//! licence; most of its entries are shorter than a password may be, so what people make of them to reach
//! the length is counted too, as who guesses would: words, runs, years and signs are put together, and the
//! cheapest way to come to the password says how many guesses it takes. How a password is hashed is not
//! the business of this file.

use std::{collections::HashSet, sync::LazyLock};

static COMMON: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    include_str!("common.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .chain(WORDS.iter().copied())
        .collect()
});

/// Words that people fill passwords with and that are not in the list.
const WORDS: &[&str] = &[
    "account",
    "administrateur",
    "administrator",
    "april",
    "august",
    "autumn",
    "backup",
    "change",
    "changeme",
    "company",
    "correcthorsebatterystaple",
    "database",
    "december",
    "default",
    "deploy",
    "february",
    "forever",
    "friday",
    "github",
    "gitlab",
    "january",
    "july",
    "june",
    "march",
    "november",
    "october",
    "office",
    "please",
    "production",
    "saturday",
    "secure",
    "september",
    "staging",
    "sunday",
    "thursday",
    "trustno",
    "tuesday",
    "wednesday",
];

/// What everybody knows by heart, without what stands between the words.
const PHRASES: &[&str] = &[
    "abcdefghijklmnopqrstuvwxyz",
    "allyourbasearebelongtous",
    "allyouneedislove",
    "beammeupscotty",
    "changemeplease",
    "changethispassword",
    "donttrustanyone",
    "elementarymydearwatson",
    "fourscoreandsevenyearsago",
    "happybirthdaytoyou",
    "hastalavistababy",
    "helloworldhelloworld",
    "houstonwehaveaproblem",
    "iamtheadministrator",
    "iloveyousomuch",
    "imabelieverandicouldntleaveherifitried",
    "itsmypassword",
    "jackdawslovemybigsphinxofquartz",
    "letmeinplease",
    "livelongandprosper",
    "loremipsumdolorsitametconsecteturadipiscingelit",
    "maryhadalittlelamb",
    "maytheforcebewithyou",
    "mypasswordispassword",
    "mysecretpassword",
    "nevergonnagiveyouup",
    "notmypassword",
    "onceuponatime",
    "openthedoorplease",
    "packmyboxwithfivedozenliquorjugs",
    "pleaseletmein",
    "rosesareredvioletsareblue",
    "sphinxofblackquartzjudgemyvow",
    "supercalifragilisticexpialidocious",
    "thepassword",
    "thequickbrownfoxjumpsoverthelazydog",
    "thisisapassword",
    "thisismypassword",
    "thisisnotapassword",
    "threelittlepigs",
    "tobeornottobethatisthequestion",
    "trustnobody",
    "twinkletwinklelittlestar",
    "verysecurepassword",
    "wearethechampions",
    "whatismypassword",
    "winteriscoming",
    "youshallnotpass",
];
/// The least of a phrase that is one.
const SHORTEST_PHRASE: usize = 10;

/// The service's name, which is the first thing to be tried.
const SERVICE: &str = "gitflare";

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
/// The shortest run.
const SHORTEST_RUN: usize = 3;

/// What stands for a letter when a word is disguised.
const DISGUISES: &[(char, char)] = &[
    ('0', 'o'),
    ('1', 'i'),
    ('3', 'e'),
    ('4', 'a'),
    ('5', 's'),
    ('7', 't'),
    ('8', 'b'),
    ('9', 'g'),
    ('@', 'a'),
    ('$', 's'),
    ('!', 'i'),
    ('|', 'l'),
    ('+', 't'),
];

/// What stands between words.
const SEPARATORS: &[char] = &[' ', '-', '_', '.', ',', '/'];

/// Guesses, as tenths of bits: ten more are twice as many.
mod cost {
    /// Fewer than these are tried first.
    pub(super) const LEAST: u32 = 360;
    /// One of the list, one of the phrases, the service's name.
    pub(super) const WORD: u32 = 150;
    pub(super) const PHRASE: u32 = 100;
    pub(super) const SERVICE: u32 = 20;
    /// A word that is disguised, or spelled backwards, beside the word.
    pub(super) const DISGUISE: u32 = 20;
    pub(super) const RUN: u32 = 70;
    pub(super) const YEAR: u32 = 100;
    pub(super) const DATE: u32 = 150;
    /// One character of a kind; one sign between all words.
    pub(super) const LETTER: u32 = 47;
    pub(super) const DIGIT: u32 = 33;
    pub(super) const SIGN: u32 = 40;
    pub(super) const OTHER: u32 = 60;
    pub(super) const SEPARATOR: u32 = 40;
}

/// Whether a password is common, letter case aside.
pub(super) fn contains(password: &str) -> bool {
    let password = password.to_lowercase();
    repeats(&password) || COMMON.contains(&*password) || guesses(&password) < cost::LEAST
}

/// How many guesses a password takes, whatever sign stands between its words.
fn guesses(password: &str) -> u32 {
    let characters: Vec<char> = password.chars().collect();
    let whole = cheapest(&characters);
    let mut separators = characters.iter().filter(|it| SEPARATORS.contains(it));
    let Some(separator) = separators.next() else {
        return whole;
    };
    let words: Vec<char> = characters
        .iter()
        .copied()
        .filter(|it| it != separator)
        .collect();
    whole.min(cheapest(&words) + cost::SEPARATOR)
}

/// The cheapest way to put a text together.
fn cheapest(text: &[char]) -> u32 {
    // Of the characters in front of each place.
    let mut costs = vec![0; text.len() + 1];
    for end in 1..=text.len() {
        let of_parts = (0..end).filter_map(|start| Some(costs[start] + part(&text[start..end])?));
        costs[end] = of_parts.min().unwrap_or(u32::MAX);
    }
    costs[text.len()]
}

/// What one part costs; `None` for what is guessed in smaller parts.
fn part(text: &[char]) -> Option<u32> {
    if let [one] = text {
        return Some(match one {
            it if it.is_ascii_alphabetic() => cost::LETTER,
            it if it.is_ascii_digit() => cost::DIGIT,
            it if it.is_ascii() => cost::SIGN,
            _ => cost::OTHER,
        });
    }
    if is_run(text) {
        return Some(cost::RUN);
    }
    let word: String = text.iter().collect();
    let digits = text.iter().all(char::is_ascii_digit);
    match text.len() {
        4 if digits && is_year(&word) => return Some(cost::YEAR),
        8 if digits && is_date(&word) => return Some(cost::DATE),
        _ => {}
    }
    if word == SERVICE {
        return Some(cost::SERVICE);
    }
    if text.len() >= SHORTEST_PHRASE && PHRASES.iter().any(|phrase| phrase.contains(&word)) {
        return Some(cost::PHRASE);
    }
    if COMMON.contains(&*word) {
        return Some(cost::WORD);
    }
    let backwards: String = text.iter().rev().collect();
    let is_hidden = COMMON.contains(&*backwards) || COMMON.contains(&*plain(text));
    is_hidden.then_some(cost::WORD + cost::DISGUISE)
}

/// A word with letters in the place of what stands for them.
fn plain(text: &[char]) -> String {
    let letter = |it: &char| {
        let known = DISGUISES.iter().find(|(sign, _)| sign == it);
        known.map_or(*it, |(_, letter)| *letter)
    };
    text.iter().map(letter).collect()
}

fn is_year(digits: &str) -> bool {
    matches!(digits.parse(), Ok(1900..=2099))
}

/// Whether eight digits are a day, with the year in front or behind, the month in front of the day or
/// behind it.
fn is_date(digits: &str) -> bool {
    let number = |text: &str| text.parse::<u8>().unwrap_or_default();
    let is_day = |text: &str| {
        let (first, second) = (number(&text[..2]), number(&text[2..]));
        matches!((first, second), (1..=12, 1..=31) | (1..=31, 1..=12))
    };
    (is_year(&digits[..4]) && is_day(&digits[4..]))
        || (is_year(&digits[4..]) && is_day(&digits[..4]))
}

/// Whether a text is one character again and again, or the alphabet, the digits or the keyboard
/// forwards or backwards.
fn is_run(text: &[char]) -> bool {
    let mut steps = text.windows(2).map(|pair| step(pair[0], pair[1]));
    let Some(Some(first)) = steps.next() else {
        return false;
    };
    text.len() >= SHORTEST_RUN && steps.all(|step| step == Some(first))
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
            // What fills a word up may stand anywhere.
            ("1234password", true),
            ("2024password", true),
            ("!!!!password", true),
            ("123password456", true),
            ("!1!password!1!", true),
            ("Summer2024!!!", true),
            ("Autumn2025!!!", true),
            ("December24!!!", true),
            ("P@ssw0rd2024!", true),
            ("drowssap1234!", true),
            ("anna24121985", true),
            ("Company2024!!", true),
            ("monkeydragon1", true),
            // What everybody knows by heart.
            ("thequickbrownfox", true),
            ("The-Quick-Brown-Fox", true),
            ("quickbrownfox12", true),
            ("maytheforcebewithyou", true),
            ("to be or not to be", true),
            ("loremipsumdolor!", true),
            ("orange-violin-9", false),
            ("819462375018", false),
            ("vmxqtrwzkpha", false),
            ("Tr0ub-k7qZ-vn2x", false),
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
