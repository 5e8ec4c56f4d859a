//! Further mentions of secrets that were recognised once: a test that expects the token it set, a
//! log that prints it. Only values that are plainly no words count, and only as whole words.

use aho_corasick::packed;
use gitflare_core::filter::KnownSecrets;

use crate::{
    chance::Profile,
    formats::begins_word,
    span::{Matches, Span},
    tag::TAG_PREFIX,
};

/// A value of fewer bytes is too likely to be something else elsewhere.
const SHORTEST: usize = 10;
/// Up to this many values are searched for one by one.
const FEW: usize = 6;

/// Who writes all digits in a row means any value, or an alphabet.
const DIGITS: &[u8] = b"0123456789";

/// Adds the secrets of a text to those whose mentions are looked for.
pub(crate) fn learn(text: &[u8], spans: &[Span], known: &mut KnownSecrets) {
    for span in spans.iter().filter(|span| !span.erase) {
        if known.len() == KnownSecrets::MOST {
            return;
        }
        let value = &text[span.start..span.end];
        let is_digits = text[..span.start].ends_with(TAG_PREFIX.as_bytes());
        if !is_digits && tells(value) {
            known.add(value);
        }
    }
}

/// Whether a value is itself wherever it stands: generated, or letters and digits of some length.
fn tells(value: &[u8]) -> bool {
    if !(SHORTEST..=KnownSecrets::LONGEST).contains(&value.len())
        || value
            .iter()
            .any(|byte| byte.is_ascii_whitespace() || *byte == b'\\')
        || memchr::memmem::find(value, TAG_PREFIX.as_bytes()).is_some()
        || memchr::memmem::find(value, DIGITS).is_some()
    {
        return false;
    }
    let profile = Profile::of(value);
    profile.digits > 0 && profile.letters() > 0 || profile.is_random()
}

/// Adds every mention of a known secret that begins in `from..to`.
pub(crate) fn find(text: &[u8], from: usize, to: usize, known: &KnownSecrets, found: &mut Matches) {
    if known.is_empty() || from >= to {
        return;
    }
    let end = text.len().min(to + KnownSecrets::LONGEST);
    let mut mention = |at: usize, len: usize| {
        if at < to && is_whole(text, at, at + len) {
            found.secret(at, at + len);
        }
    };
    let searcher = (known.len() > FEW)
        .then(|| packed::Searcher::new(known.iter()))
        .flatten();
    match searcher {
        Some(searcher) => {
            for hit in searcher.find_iter(&text[from..end]) {
                mention(from + hit.start(), hit.end() - hit.start());
            }
        }
        None => {
            for value in known.iter() {
                for index in memchr::memmem::find_iter(&text[from..end], value) {
                    mention(from + index, value.len());
                }
            }
        }
    }
}

/// Whether no letter or digit joins the text at `start..end` to what stands around it.
fn is_whole(text: &[u8], start: usize, end: usize) -> bool {
    (begins_word(text, start) || !text[start].is_ascii_alphanumeric())
        && !(text[end - 1].is_ascii_alphanumeric()
            && text.get(end).is_some_and(u8::is_ascii_alphanumeric))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_are_themselves_everywhere_are_told_from_others() {
        for (value, expected) in [
            ("k3J9sX0qPz7LmN2v", true),
            ("tiger7lily21", true),
            ("hunter22", false),
            ("winterfell", false),
            ("0123456789abcdef", false),
            ("two words 12", false),
        ] {
            assert_eq!(tells(value.as_bytes()), expected, "{value}");
        }
    }
}
