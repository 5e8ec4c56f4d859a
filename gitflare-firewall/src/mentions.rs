//! Further mentions of secrets that were recognised once: a test that expects the token it set, a
//! log that prints it. Only values that are plainly no words count, and only as whole words.

use gitflare_core::filter::KnownSecrets;

use crate::{
    chance::Profile,
    formats::begins_word,
    scan::{Sieve, WINDOW, rarity},
    span::{Matches, Span},
    tag::TAG_PREFIX,
};

/// A value of fewer bytes is too likely to be something else elsewhere.
const SHORTEST: usize = 10;
/// Up to this many values, or in a text of so few bytes, are searched for one by one.
const FEW: usize = 2;
const SHORT: usize = 1024;

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
    let near = &text[from..end];
    let mut mention = |at: usize, len: usize| {
        let at = from + at;
        if at < to && is_whole(text, at, at + len) {
            found.secret(at, at + len);
        }
    };
    if known.len() > FEW && near.len() > SHORT {
        Windows::of(known).each(near, mention);
    } else {
        for value in known.iter() {
            let searcher = memchr::memmem::Finder::new(value);
            let mut from = 0;
            // Mentions may overlap: a value can end as it begins.
            while let Some(at) = searcher.find(&near[from..]) {
                mention(from + at, value.len());
                from += at + 1;
            }
        }
    }
}

/// One of so many windows of a text is looked at: a value of [`SHORTEST`] bytes covers one of them.
const STRIDE: usize = SHORTEST - WINDOW + 1;
/// Windows that are looked at together.
const TOGETHER: usize = 4;
/// Bits of a window's hash: few of them are taken, and all stay in the nearest cache.
const BITS: u32 = 17;

/// Windows by which known values are found.
struct Windows<'k> {
    places: Places,
    /// Windows in order, each with its value and where it stands in that.
    entries: Vec<(u32, &'k [u8], usize)>,
}

/// Where a window may stand.
enum Places {
    /// The rarest window of each value, at every place.
    Sieve(Sieve),
    /// The windows that a look at every so many places may meet, by their hash.
    Strides(Box<[u64; 1 << (BITS - 6)]>),
}

impl<'k> Windows<'k> {
    fn of(known: &'k KnownSecrets) -> Self {
        Self::rarest(known).unwrap_or_else(|| Self::by_strides(known))
    }

    /// `None` on machines that are slower so.
    fn rarest(known: &'k KnownSecrets) -> Option<Self> {
        let rarest = |value: &'k [u8]| {
            let windows = value.array_windows::<WINDOW>().enumerate();
            let (offset, window) = windows.max_by_key(|(_, window)| rarity(window))?;
            Some((u32::from_le_bytes(*window), value, offset))
        };
        let mut entries: Vec<_> = values(known).filter_map(rarest).collect();
        entries.sort_unstable();
        let sieve = Sieve::new(entries.iter().map(|entry| entry.0.to_le_bytes()))?;
        Some(Self {
            places: Places::Sieve(sieve),
            entries,
        })
    }

    fn by_strides(known: &'k KnownSecrets) -> Self {
        let mut bitmap = Box::new([0; 1 << (BITS - 6)]);
        let mut entries = Vec::with_capacity(known.len() * STRIDE);
        for value in values(known) {
            for (offset, window) in value.array_windows().take(STRIDE).enumerate() {
                let hash = hash(window);
                bitmap[hash >> 6] |= 1 << (hash & 63);
                entries.push((u32::from_le_bytes(*window), value, offset));
            }
        }
        entries.sort_unstable();
        Self {
            places: Places::Strides(bitmap),
            entries,
        }
    }

    /// Calls `found` with the place and the length of every value in `text`.
    fn each(&self, text: &[u8], mut found: impl FnMut(usize, usize)) {
        let look = |at: usize| {
            if let Some(window) = text[at..].first_chunk() {
                self.values(text, at, window, &mut found);
            }
        };
        match &self.places {
            Places::Sieve(sieve) => sieve.each(text, look),
            Places::Strides(bitmap) => strides(bitmap, text, look),
        }
    }

    /// The values that cover the window at `at`.
    fn values(
        &self,
        text: &[u8],
        at: usize,
        window: &[u8; WINDOW],
        found: &mut impl FnMut(usize, usize),
    ) {
        let window = u32::from_le_bytes(*window);
        let first = self.entries.partition_point(|entry| entry.0 < window);
        for (_, value, offset) in self.entries[first..]
            .iter()
            .take_while(|entry| entry.0 == window)
        {
            if let Some(start) = at.checked_sub(*offset)
                && text[start..].starts_with(value)
            {
                found(start, value.len());
            }
        }
    }
}

/// The values that a window of each can tell.
fn values(known: &KnownSecrets) -> impl Iterator<Item = &[u8]> {
    known.iter().filter(|value| value.len() >= SHORTEST)
}

/// Calls `look` with every so many places whose windows are in `bitmap`.
fn strides(bitmap: &[u64; 1 << (BITS - 6)], text: &[u8], mut look: impl FnMut(usize)) {
    let has = |window: &[u8; WINDOW]| {
        let hash = hash(window);
        bitmap[hash >> 6] >> (hash & 63) & 1 == 1
    };
    let (parts, _) = text.as_chunks::<{ STRIDE * TOGETHER }>();
    let mut look = |at: usize| {
        if text[at..].first_chunk().is_some_and(has) {
            look(at);
        }
    };
    for (index, part) in parts.iter().enumerate() {
        // One branch for all of them.
        let any = (0..TOGETHER).fold(false, |any, window| {
            any | part[window * STRIDE..].first_chunk().is_some_and(has)
        });
        if any {
            let start = index * STRIDE * TOGETHER;
            (0..TOGETHER).for_each(|window| look(start + window * STRIDE));
        }
    }
    let rest = parts.len() * STRIDE * TOGETHER;
    (rest..text.len()).step_by(STRIDE).for_each(look);
}

#[inline(always)]
const fn hash(window: &[u8; WINDOW]) -> usize {
    (u32::from_le_bytes(*window).wrapping_mul(0x9E37_79B1) >> (u32::BITS - BITS)) as usize
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

    #[test]
    fn mentions_that_overlap_are_all_found() {
        let mut known = KnownSecrets::default();
        known.add(b"$k3J9sX0q$");
        let text = b"log: $k3J9sX0q$k3J9sX0q$ end";
        let mut found = Matches::default();
        find(text, 0, text.len(), &known, &mut found);
        let places = found.spans.iter().map(|span| (span.start, span.end));
        assert_eq!(places.collect::<Vec<_>>(), [(5, 15), (14, 24)]);
    }

    #[test]
    fn many_values_are_found_wherever_each_is() {
        // The second begins with the first, the last repeats its windows.
        let values = [
            "k3J9sX0qPz",
            "k3J9sX0qPz7LmN",
            "tiger7lily21",
            "aaaaaaa1aaaaaaa",
        ];
        let mut known = KnownSecrets::default();
        values.iter().for_each(|value| known.add(value.as_bytes()));
        for pad in SHORT..SHORT + 2 * STRIDE * TOGETHER {
            for value in values {
                let text = format!("{}{value}{}", " ".repeat(pad), " ".repeat(pad % 5));
                let expected = (pad, value.len());
                for windows in [Windows::of(&known), Windows::by_strides(&known)] {
                    let mut found = Vec::new();
                    windows.each(text.as_bytes(), |at, len| found.push((at, len)));
                    assert!(found.contains(&expected), "{value} at {pad}");
                    let longest = found.iter().max_by_key(|(_, len)| *len);
                    assert_eq!(longest, Some(&expected));
                }
            }
        }
    }
}
