//! Words that are spelled so that they look or read like others: with characters without a shape
//! in them, with letters of another script that look the same, in full width, with `\u0077`, `\x77`,
//! `%77` or `&#119;` for a letter. It gives the word in plain letters; what it means is the caller's business.

use crate::{
    language::Language,
    shape::Set,
    text::{INVISIBLE, View},
};

/// Cyrillic and Greek letters and the Latin ones that they look like.
pub(crate) const LOOKALIKES: &[(&str, u8)] = &[
    ("а", b'a'),
    ("с", b'c'),
    ("е", b'e'),
    ("і", b'i'),
    ("ї", b'i'),
    ("к", b'k'),
    ("о", b'o'),
    ("р", b'p'),
    ("ѕ", b's'),
    ("т", b't'),
    ("у", b'y'),
    ("ԝ", b'w'),
    ("ԁ", b'd'),
    ("А", b'A'),
    ("С", b'C'),
    ("Е", b'E'),
    ("І", b'I'),
    ("К", b'K'),
    ("О", b'O'),
    ("Р", b'P'),
    ("Ѕ", b'S'),
    ("Т", b'T'),
    ("У", b'Y'),
    ("ο", b'o'),
    ("α", b'a'),
    ("ρ", b'p'),
    ("κ", b'k'),
    ("Ο", b'O'),
    ("Α", b'A'),
    ("Ρ", b'P'),
    ("Κ", b'K'),
    ("Τ", b'T'),
    ("Ε", b'E'),
];

/// How an escaped letter begins, and what follows.
pub(crate) const ESCAPES: &[(&str, &str)] = &[
    ("\\u00", "4-7"),
    ("\\x4", r"\x"),
    ("\\x5", r"\x"),
    ("\\x6", r"\x"),
    ("\\x7", r"\x"),
    ("&#x", "4-7"),
    ("&#1", "0-2"),
    ("&#6", "5-9"),
    ("&#7", r"\d"),
    ("&#9", "05-9"),
];

/// Letters of the words for secrets, percent-encoded: nobody needs to encode them.
pub(crate) const ENCODED: &[&str] = &[
    "%61", "%63", "%64", "%65", "%68", "%69", "%6b", "%6c", "%6e", "%6f", "%70", "%72", "%73",
    "%74", "%75", "%77", "%79", "%5f",
];
/// What follows an encoded letter of a name.
pub(crate) const BEHIND_ENCODED: &str = "\\w%=:\"'&-";

/// What the odd characters begin with.
const LEADS: Set = Set::new("")
    .with(0xC2)
    .with(0xCE)
    .with(0xCF)
    .with(0xD0)
    .with(0xD1)
    .with(0xD4)
    .with(0xE2)
    .with(0xEF);

const WORD: Set = Set::new(r"\w-");
/// The longest word, in bytes.
const LONGEST: usize = 512;

/// The word around the character at `at`, and the same in plain letters; `None` for all but the
/// first of a word's characters that are looked for.
pub(crate) fn plain_word(view: &View<'_>, at: usize) -> Option<(usize, usize, Vec<u8>)> {
    let first = at - view.backslashes_before(at);
    let floor = view.floor.max(first.saturating_sub(LONGEST));
    let mut start = first;
    loop {
        start = WORD.run_back(view.text, start, floor);
        let escape = view.text.get(start..first.min(start + 5)).and_then(escaped);
        let is_escaped = view.before(start) == b'\\' && escape.is_some();
        if is_escaped || view.before(start) == b';' && ends_entity(view, start, floor) {
            return None;
        }
        if view.before(start) == b'%'
            && start < first
            && let Some((sign, _)) = encoded(&view.text[start - 1..first])
        {
            if is_encoded_name(&view.text[start - 1..start - 1 + sign]) {
                return None;
            }
            start -= 1;
            continue;
        }
        match odd_before(view, start, floor) {
            Some(before) if is_sought(view, before, start) => return None,
            Some(before) => start = before,
            None => break,
        }
    }
    let mut plain = Vec::new();
    let mut end = start;
    let limit = view.limit.min(start + 2 * LONGEST);
    while end < limit {
        if WORD.has(view.text[end]) {
            plain.push(view.text[end]);
            end += 1;
        } else if let Some((len, letter)) = odd(view, end) {
            plain.extend(letter);
            end += len;
        } else {
            break;
        }
    }
    (end > first).then_some((start, end, plain))
}

/// The bytes of the character at `at` and the letter that it reads as, if any.
fn odd(view: &View<'_>, at: usize) -> Option<(usize, Option<u8>)> {
    let byte = view.byte(at);
    if byte == b'\\' {
        let slashes = view.backslashes(at);
        let from = (at + slashes).min(view.limit);
        let (len, letter) = escaped(&view.text[from..view.limit.min(from + 5)])?;
        return Some((slashes + len, Some(letter)));
    }
    if byte == b'%' {
        let (len, letter) = encoded(&view.text[at..view.limit.min(at + 3)])?;
        return Some((len, Some(letter)));
    }
    if byte == b'&' {
        let (len, letter) = entity(&view.text[at..view.limit.min(at + LONGEST_ENTITY)])?;
        return Some((len, Some(letter)));
    }
    if !LEADS.has(byte) {
        return None;
    }
    if matches!(byte, 0xC2 | 0xE2 | 0xEF)
        && let Some(sign) = INVISIBLE.iter().find(|sign| view.has(at, sign.as_bytes()))
    {
        return Some((sign.len(), None));
    }
    if matches!(byte, 0xCE..=0xD4)
        && let Some((sign, letter)) = LOOKALIKES
            .iter()
            .find(|(sign, _)| view.has(at, sign.as_bytes()))
    {
        return Some((sign.len(), Some(*letter)));
    }
    // Full width: U+FF01 to U+FF5E.
    let &[0xEF, second @ 0xBC..=0xBD, third] = view.text.get(at..view.limit.min(at + 3))? else {
        return None;
    };
    let letter = ((second & 3) << 6 | third & 0x3F).wrapping_add(0x20);
    WORD.has(letter).then_some((3, Some(letter)))
}

/// Where the character begins that ends at `end`, when it is an odd one and no escape.
fn odd_before(view: &View<'_>, end: usize, floor: usize) -> Option<usize> {
    let text = &view.text[floor..end];
    if text.last().is_none_or(u8::is_ascii) {
        return None;
    }
    [2, 3]
        .into_iter()
        .filter(|len| text.len() >= *len)
        .map(|len| end - len)
        .find(|at| odd(view, *at).is_some_and(|(len, _)| at + len == end))
}

/// Whether the character at `at..end` is one that is looked for: an escape, a letter in full width,
/// and what stands beside a plain letter.
fn is_sought(view: &View<'_>, at: usize, end: usize) -> bool {
    let first = view.text[at];
    first == b'\\' || first == 0xEF || WORD.has(view.before(at)) || WORD.has(view.byte(end))
}

/// The characters of a text that may be odd ones within words, escapes aside, looked for no further
/// than they are asked for.
pub(crate) struct Places {
    /// Everything before was looked at.
    seen: usize,
    /// One that was found and not handed out.
    next: Option<usize>,
}

impl Places {
    /// Those from `from` on.
    pub(crate) const fn new(from: usize) -> Self {
        Self {
            seen: from,
            next: None,
        }
    }

    /// Where the next one begins, at `at` or before it; the text is looked at up to `to`.
    #[inline(always)]
    pub(crate) fn next_until(&mut self, text: &[u8], at: usize, to: usize) -> Option<usize> {
        if self.seen > at && self.next.is_none() {
            return None;
        }
        self.search(text, at, to)
    }

    #[inline(never)]
    fn search(&mut self, text: &[u8], at: usize, to: usize) -> Option<usize> {
        while self.next.is_none() && self.seen <= at && self.seen < to {
            let block = text[..to]
                .get(self.seen..)
                .and_then(<[u8]>::first_chunk::<BLOCK>);
            let end = to.min(self.seen + BLOCK);
            let is_plain = match block {
                Some(block) => is_ascii(block),
                None => text[self.seen..end].is_ascii(),
            };
            if is_plain {
                self.seen = end;
            } else {
                self.look(text, end);
            }
        }
        self.next.take_if(|next| *next <= at)
    }

    /// Looks for the next one before `end`.
    fn look(&mut self, text: &[u8], end: usize) {
        let view = View {
            text,
            floor: 0,
            limit: text.len(),
            language: Language::Unknown,
        };
        // In a text of another script most letters have none of ours beside them.
        let is_odd = |at: usize| {
            let lead = text[at];
            let len = if lead < 0xE0 { 2 } else { 3 };
            LEADS.has(lead) && is_sought(&view, at, at + len) && odd(&view, at).is_some()
        };
        let mut start = self.seen;
        while start < end && self.next.is_none() {
            let over = end.min(start + PIECE);
            if !text[start..over].is_ascii() {
                self.next = (start..over).find(|at| is_odd(*at));
            }
            start = over;
        }
        self.seen = self.next.map_or(end, |at| at + 1);
    }
}

/// How many bytes are looked at together.
const BLOCK: usize = 128;
/// The same where one of a block is beyond ASCII.
const PIECE: usize = 16;

/// One test for the whole block.
fn is_ascii(block: &[u8; BLOCK]) -> bool {
    block.iter().fold(0, |all, byte| all | byte).is_ascii()
}

/// The bytes of `u0077` or `x77` at the beginning of `text`, and the letter that it stands for.
fn escaped(text: &[u8]) -> Option<(usize, u8)> {
    let (len, high, low) = match *text {
        [b'u', b'0', b'0', high, low, ..] => (5, high, low),
        [b'x', high, low, ..] => (3, high, low),
        _ => return None,
    };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let letter = (digit(high)? * 16 + digit(low)?) as u8;
    WORD.has(letter).then_some((len, letter))
}

/// The bytes of `%77` at the beginning of `text`, and the letter that it stands for.
fn encoded(text: &[u8]) -> Option<(usize, u8)> {
    let &[b'%', high, low, ..] = text else {
        return None;
    };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let letter = (digit(high)? * 16 + digit(low)?) as u8;
    WORD.has(letter).then_some((3, letter))
}

/// Whether an encoded letter is one that is looked for.
fn is_encoded_name(text: &[u8]) -> bool {
    ENCODED
        .iter()
        .any(|letter| letter.as_bytes().eq_ignore_ascii_case(text))
}

/// `&#119;` and `&#x77;` at the beginning of `text`.
fn entity(text: &[u8]) -> Option<(usize, u8)> {
    let over = memchr::memchr(b';', text)?;
    let digits = std::str::from_utf8(text[..over].strip_prefix(b"&#")?).ok()?;
    let letter = match digits.strip_prefix(['x', 'X']) {
        Some(digits) => u8::from_str_radix(digits, 16).ok()?,
        None => digits.parse().ok()?,
    };
    WORD.has(letter).then_some((over + 1, letter))
}

/// Whether an entity of a letter ends at `at`.
fn ends_entity(view: &View<'_>, at: usize, floor: usize) -> bool {
    let from = floor.max(at.saturating_sub(LONGEST_ENTITY));
    memchr::memrchr(b'&', &view.text[from..at])
        .is_some_and(|sign| entity(&view.text[from + sign..at]).is_some())
}

/// `&#x0077;`
const LONGEST_ENTITY: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_spellings_read_as_plain_words() {
        for (text, at, expected) in [
            ("pass\u{200b}word:", 4, Some("password")),
            ("p\u{430}ssw\u{43e}rd:", 1, Some("password")),
            ("p\u{430}ssw\u{43e}rd:", 6, None),
            ("s\u{435}\u{441}ret:", 1, Some("secret")),
            ("s\u{435}\u{441}ret:", 3, None),
            ("ａｐｉ＿ｋｅｙ：", 0, Some("api_key")),
            ("ａｐｉ＿ｋｅｙ：", 12, None),
            (r"pass\u0077ord", 4, Some("password")),
            (r"\x70assw\x6frd", 0, Some("password")),
            (r"\x70assw\x6frd", 8, None),
            ("&#112;assword", 0, Some("password")),
            ("p&#x61;ss&#119;ord", 1, Some("password")),
            ("p&#x61;ss&#119;ord", 9, None),
            ("it&#39;s", 2, None),
            ("pass%77ord", 4, Some("password")),
            ("%70ass%77ord", 0, Some("password")),
            ("%70ass%77ord", 6, None),
            ("%50ass%77ord", 6, Some("Password")),
            ("%5Bpass%77ord", 7, Some("5Bpassword")),
            (r"\\u0070\\u0061ss", 1, Some("pass")),
            (r"\u0070\u0061ss", 6, None),
        ] {
            let view = View {
                text: text.as_bytes(),
                floor: 0,
                limit: text.len(),
                language: Language::Unknown,
            };
            let word = plain_word(&view, at).map(|(_, _, plain)| plain);
            assert_eq!(word.as_deref(), expected.map(str::as_bytes), "{text} {at}");
        }
    }
}
