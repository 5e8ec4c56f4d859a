//! Sets of words, asked millions of times a second: an open table over a cheap hash, any case.

/// The longest word that a set may hold.
const LONGEST: usize = 24;
const SLOTS: usize = 1024;

/// A set of lower-case words.
pub(super) struct Words {
    words: Vec<&'static [u8]>,
    /// Index of a word plus one, by hash.
    slots: Box<[u16; SLOTS]>,
    /// By the low bits of the first letter, one bit for every length that a word has.
    lengths: [u32; 32],
}

impl Words {
    /// The words of a text, separated by blanks.
    pub(super) fn new(text: &'static str) -> Self {
        let mut set = Self {
            words: Vec::new(),
            slots: Box::new([0; SLOTS]),
            lengths: [0; 32],
        };
        for word in text.split_ascii_whitespace() {
            let mut slot = hash(word.as_bytes());
            while set.slots[slot] != 0 {
                slot = (slot + 1) % SLOTS;
            }
            set.words.push(word.as_bytes());
            set.lengths[usize::from(word.as_bytes()[0] & 31)] |= 1 << word.len();
            set.slots[slot] = set.words.len() as u16;
        }
        set
    }

    /// Whether `word` is in the set, in any case.
    pub(super) fn has(&self, word: &[u8]) -> bool {
        // Most words are told by their first letter and length, which case does not change.
        let plausible = word.first().is_some_and(|first| {
            word.len() <= LONGEST && self.lengths[usize::from(first & 31)] >> word.len() & 1 == 1
        });
        if !plausible {
            return false;
        }
        let mut slot = hash(word);
        while self.slots[slot] != 0 {
            if self.words[usize::from(self.slots[slot]) - 1].eq_ignore_ascii_case(word) {
                return true;
            }
            slot = (slot + 1) % SLOTS;
        }
        false
    }

    /// Whether a word of at least `shortest` letters begins `text`.
    pub(super) fn begins(&self, text: &[u8], shortest: usize) -> bool {
        let Some(first) = text.first() else {
            return false;
        };
        let mut lengths = self.lengths[usize::from(first & 31)] >> shortest << shortest;
        while lengths != 0 {
            let len = lengths.trailing_zeros() as usize;
            if len > text.len() {
                return false;
            }
            if self.has(&text[..len]) {
                return true;
            }
            lengths &= lengths - 1;
        }
        false
    }

    /// Whether a word ends `text`.
    pub(super) fn ends(&self, text: &[u8]) -> bool {
        (1..=text.len().min(LONGEST)).any(|len| self.has(&text[text.len() - len..]))
    }
}

/// Beginnings of values, in exact case.
pub(super) struct Prefixes {
    /// By first byte, below 128.
    by_first: Vec<Vec<&'static [u8]>>,
}

impl Prefixes {
    /// The beginnings in a text, separated by blanks.
    pub(super) fn new(text: &'static str) -> Self {
        let mut by_first = vec![Vec::new(); 128];
        for prefix in text.split_ascii_whitespace() {
            by_first[usize::from(prefix.as_bytes()[0] & 127)].push(prefix.as_bytes());
        }
        Self { by_first }
    }

    /// Whether one of them begins `value`.
    pub(super) fn begin(&self, value: &[u8]) -> bool {
        value.first().is_some_and(|first| {
            self.by_first[usize::from(first & 127)]
                .iter()
                .any(|prefix| value.starts_with(prefix))
        })
    }
}

fn hash(word: &[u8]) -> usize {
    let mut hash = 0x811c_9dc5_u32;
    for byte in word {
        hash = (hash ^ u32::from(byte | 0x20)).wrapping_mul(0x0100_0193);
    }
    (hash ^ hash >> 15) as usize % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_any_case_and_place() {
        let words = Words::new("id file change-me n/a");
        assert!(words.has(b"ID") && words.has(b"Change-Me") && words.has(b"N/A"));
        assert!(!words.has(b"ide") && !words.has(b""));
        assert!(words.begins(b"filename", 4) && !words.begins(b"idea", 4));
        assert!(words.ends(b"profile") && !words.ends(b"files"));
    }
}
