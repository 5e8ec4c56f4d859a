//! The labelled tables and what their rows mean, for the tests that hold floors and for the example
//! that prints the figures. It needs nothing of the crate but its public surface.
//!
//! A row is `path | text`, with `-` for prose; `⏎` is a line end, `«...»` a secret, and a heading
//! begins with `#`. `$V` and its kin are generated values, see [`fill`].

use std::ops::Range;

/// Every table by its name.
pub(crate) const TABLES: &[(&str, &str)] = &[
    ("place", include_str!("labelled/place.txt")),
    ("value", include_str!("labelled/value.txt")),
    ("again", include_str!("labelled/again.txt")),
    ("kubernetes", include_str!("labelled/kubernetes.txt")),
    ("words", include_str!("labelled/words.txt")),
    ("spelling", include_str!("labelled/spelling.txt")),
    ("commands", include_str!("labelled/commands.txt")),
    ("languages", include_str!("labelled/languages.txt")),
    ("settings", include_str!("labelled/settings.txt")),
    ("harmless", include_str!("labelled/harmless.txt")),
    ("ids", include_str!("labelled/ids.txt")),
    ("locks", include_str!("labelled/locks.txt")),
    ("prose", include_str!("labelled/prose.txt")),
    ("tables", include_str!("labelled/tables.txt")),
    ("manifests", include_str!("labelled/manifests.txt")),
];

/// The rows of a table, without its headings.
pub(crate) fn rows(table: &str) -> impl Iterator<Item = &str> {
    table
        .lines()
        .filter(|row| !row.is_empty() && !row.starts_with("# "))
}

/// A row as a text with its secrets.
pub(crate) struct Row {
    /// `None` for prose.
    pub(crate) path: Option<String>,
    pub(crate) text: String,
    pub(crate) secrets: Vec<Range<usize>>,
}

impl Row {
    /// The row with the values that follow from `seed`.
    pub(crate) fn of(row: &str, seed: u64) -> Self {
        let (path, filled) = row.split_once(" | ").unwrap_or(("-", row));
        let filled = fill(filled, seed);
        let (mut text, mut secrets) = (String::new(), Vec::new());
        let mut rest = filled.as_str();
        while let Some((before, tail)) = rest.split_once('«') {
            let (secret, after) = tail.split_once('»').unwrap_or((tail, ""));
            text.push_str(before);
            secrets.push(text.len()..text.len() + secret.len());
            text.push_str(secret);
            rest = after;
        }
        text.push_str(rest);
        let path = (path != "-").then(|| path.to_owned());
        Self {
            path,
            text,
            secrets,
        }
    }
}

/// How what was found compares with what was labelled, by spans.
#[derive(Clone, Copy, Default)]
pub(crate) struct Figures {
    /// Labelled, and found.
    pub(crate) caught: usize,
    /// Labelled, and readable afterwards.
    pub(crate) missed: usize,
    /// Found, and labelled by nobody.
    pub(crate) wrong: usize,
}

impl Figures {
    /// Adds a text whose secrets are `labelled` and in which `found` was replaced.
    pub(crate) fn add(&mut self, labelled: &[Range<usize>], found: &[Range<usize>]) {
        let meets = |a: &Range<usize>, b: &Range<usize>| a.start < b.end && b.start < a.end;
        let covers = |a: &Range<usize>, b: &Range<usize>| a.start <= b.start && b.end <= a.end;
        for label in labelled {
            let is_caught = found.iter().any(|span| covers(span, label));
            self.caught += usize::from(is_caught);
            self.missed += usize::from(!is_caught);
        }
        let is_wrong = |span: &&Range<usize>| !labelled.iter().any(|label| meets(span, label));
        self.wrong += found.iter().filter(is_wrong).count();
    }

    pub(crate) fn sum(self, other: Self) -> Self {
        Self {
            caught: self.caught + other.caught,
            missed: self.missed + other.missed,
            wrong: self.wrong + other.wrong,
        }
    }

    pub(crate) fn recall(self) -> f64 {
        share(self.caught, self.caught + self.missed)
    }

    pub(crate) fn precision(self) -> f64 {
        share(self.caught, self.caught + self.wrong)
    }

    pub(crate) fn f1(self) -> f64 {
        let (recall, precision) = (self.recall(), self.precision());
        if recall + precision == 0.0 {
            return 0.0;
        }
        2.0 * recall * precision / (recall + precision)
    }
}

/// The figures as a line to print.
pub(crate) fn line(name: &str, figures: Figures) -> String {
    format!(
        "{name:12} {:6} secrets, {:4} missed, {:4} wrong: recall {:.3}, precision {:.3}, F1 {:.3}\n",
        figures.caught + figures.missed,
        figures.missed,
        figures.wrong,
        figures.recall(),
        figures.precision(),
        figures.f1()
    )
}

/// 1 where there is nothing to have a share of.
pub(crate) fn share(good: usize, all: usize) -> f64 {
    if all == 0 {
        1.0
    } else {
        good as f64 / all as f64
    }
}

/// What the tags of `redacted` stand for in `text`; tags that `text` holds itself aside.
pub(crate) fn replaced(text: &[u8], redacted: &[u8], prefix: &str) -> Vec<Range<usize>> {
    /// Bytes of a tag behind its prefix.
    const DIGITS: usize = 16;
    let len = prefix.len() + DIGITS;
    let tags: Vec<usize> = memchr::memmem::find_iter(redacted, prefix).collect();
    let mut spans = Vec::new();
    let (mut at, mut written) = (0, 0);
    for (index, &tag) in tags.iter().enumerate() {
        at += tag - written;
        written = (tag + len).min(redacted.len());
        if text.get(at..at + len) == redacted.get(tag..written) {
            at += len;
            continue;
        }
        // What stands behind a tag tells where its value ended.
        let next = tags.get(index + 1).copied().unwrap_or(redacted.len());
        let rest = &redacted[written..next.min(written + 64)];
        let from = text.get(at..).unwrap_or_default();
        let end = if written == redacted.len() {
            text.len()
        } else {
            at + memchr::memmem::find(from, rest).unwrap_or(from.len())
        };
        spans.push(at..end);
        at = end;
    }
    spans
}

pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound
    }

    pub(crate) fn text(&mut self, alphabet: &str, len: usize) -> String {
        let letters: Vec<char> = alphabet.chars().collect();
        (0..len)
            .map(|_| letters[self.next(letters.len())])
            .collect()
    }

    /// Twenty letters and digits with some of each.
    pub(crate) fn value(&mut self) -> String {
        loop {
            let value = self.text(ALNUM, 20);
            let digits = value.bytes().filter(u8::is_ascii_digit).count();
            if (2..9).contains(&digits) && value.starts_with(|c: char| c.is_alphabetic()) {
                return value;
            }
        }
    }
}

pub(crate) const ALNUM: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
pub(crate) const HEX: &str = "0123456789abcdef";

/// Replaces the placeholders of a row: `$V`, `$W` are 20 letters and digits, `$S`, `$T` commit ids,
/// `$D` a digest, `$H` 24 hexadecimal digits, `$U` a UUID, `$B`, `$C`, `$K`, `$J` base64 of 24 and 32
/// bytes, `$L`, `$M`, `$O` lines of a key, `$A` basic credentials, `$N` an NTLM message.
fn fill(row: &str, seed: u64) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let mut random = Random(0x9E37_79B9_7F4A_7C15 ^ (seed + 1).wrapping_mul(0xD1B5_4A32_D192_ED03));
    random.next(2);
    let mut text = row.replace('⏎', "\n");
    for mark in "VWSTDHUBCKJANLMO".chars() {
        let b64 = format!("{ALNUM}+/");
        let value = match mark {
            'V' | 'W' => random.value(),
            'S' | 'T' => random.text(HEX, 40),
            'D' => random.text(HEX, 64),
            'H' => random.text(HEX, 24),
            'U' => [8, 4, 4, 4, 12].map(|len| random.text(HEX, len)).join("-"),
            'B' | 'C' => random.text(&b64, 32),
            'K' => random.text(&b64, 43),
            'J' => random.text(&format!("{ALNUM}-_"), 43),
            'L' | 'M' | 'O' => random.text(&b64, 64),
            'A' => STANDARD.encode(format!("bob:{}", random.value())),
            _ => format!("TlRMTVNTUAAB{}", random.text(&b64, 40)),
        };
        text = filled(&text, mark, &value);
    }
    text
}

/// `text` with `value` for every `$` and `mark` that no name of a variable begins with.
fn filled(text: &str, mark: char, value: &str) -> String {
    let sign = format!("${mark}");
    let mut parts = text.split(&sign);
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_variable = part.starts_with(|next: char| next.is_ascii_uppercase() || next == '_');
        if is_variable {
            filled.push_str(&sign);
        } else {
            filled.push_str(value);
        }
        filled.push_str(part);
    }
    filled
}
