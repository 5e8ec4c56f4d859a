//! Finds every occurrence of a set of anchor literals in one pass, at memory speed. A filter over
//! four-byte windows names the places worth a look ([`simd`], or the portable loop here), a hash
//! bitmap throws most of them out, and a comparison of the whole literal decides. It knows nothing
//! of secrets; what an anchor means is the caller's business.

mod plan;
mod simd;

use plan::Plan;

use crate::shape::Set;

/// Bytes in a window, the unit that the filter looks at.
const WINDOW: usize = 4;

/// What the scanner looks for: a literal, then bytes of a set.
#[derive(Clone, Debug)]
pub(crate) struct Literal {
    /// The bytes themselves, lower case when `fold`.
    pub(crate) text: &'static [u8],
    /// What may follow a literal that is shorter than a window, to fill the window up; longer ones
    /// need nothing to follow.
    pub(crate) tail: Set,
    /// Whether ASCII case is ignored.
    pub(crate) fold: bool,
}

impl Literal {
    fn len(&self) -> usize {
        self.text.len().max(WINDOW)
    }

    /// The bytes that may stand at `index`.
    fn accepts(&self, index: usize) -> Vec<u8> {
        match self.text.get(index) {
            Some(&byte) if self.fold && byte.is_ascii_alphabetic() => {
                vec![byte.to_ascii_lowercase(), byte.to_ascii_uppercase()]
            }
            Some(&byte) => vec![byte],
            None => self.tail.bytes(),
        }
    }

    fn matches(&self, text: &[u8], at: usize) -> bool {
        let end = at + self.text.len();
        let Some(found) = text.get(at..end) else {
            return false;
        };
        let same = if self.fold {
            found.eq_ignore_ascii_case(self.text)
        } else {
            found == self.text
        };
        same && (end..at + self.len())
            .all(|index| text.get(index).is_some_and(|byte| self.tail.has(*byte)))
    }
}

/// Where a literal was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hit {
    /// Offset of the literal's first byte.
    pub(crate) at: usize,
    /// Index into the literals that the scanner was made of.
    pub(crate) literal: u16,
}

/// A compiled set of literals.
pub(crate) struct Scanner {
    literals: Vec<Literal>,
    plan: Plan,
    /// One bit per hash of a folded window.
    bitmap: Box<[u64; 1024]>,
    /// First entry per twelve hash bits; entries of one slot stand together.
    slots: Box<[u16; 4097]>,
    entries: Vec<Entry>,
    accelerated: bool,
}

struct Entry {
    window: u32,
    literal: u16,
    offset: u8,
}

/// Places that passed the filter, waiting to be compared.
pub(super) struct Candidates {
    at: [usize; CAPACITY],
    len: usize,
}

const CAPACITY: usize = 256;

impl Candidates {
    const fn new() -> Self {
        Self {
            at: [0; CAPACITY],
            len: 0,
        }
    }

    /// Whether a whole block of candidates might not fit any more.
    const fn is_full(&self) -> bool {
        self.len > CAPACITY - simd::BLOCK
    }

    #[inline(always)]
    fn push(&mut self, at: usize) {
        self.at[self.len] = at;
        self.len += 1;
    }
}

impl Scanner {
    /// Compiles `literals`; the vector unit is used where the machine has one.
    pub(crate) fn new(literals: Vec<Literal>) -> Self {
        let plan = Plan::new(&literals);
        let mut keyed = Vec::new();
        for (index, literal) in literals.iter().enumerate() {
            let offset = plan.offsets[index];
            for window in windows(literal, offset) {
                keyed.push(Entry {
                    window,
                    literal: index as u16,
                    offset: offset as u8,
                });
            }
        }
        keyed.sort_by_key(|entry| (slot(entry.window), entry.window, entry.literal));
        let mut bitmap = Box::new([0u64; 1024]);
        let mut slots = Box::new([0u16; 4097]);
        for entry in &keyed {
            let hash = hash(entry.window);
            bitmap[hash >> 6] |= 1 << (hash & 63);
            slots[slot(entry.window) + 1] += 1;
        }
        for index in 1..slots.len() {
            slots[index] += slots[index - 1];
        }
        Self {
            literals,
            plan,
            bitmap,
            slots,
            entries: keyed,
            accelerated: simd::available(),
        }
    }

    /// The same scanner without the vector unit, to compare the two.
    #[cfg(test)]
    pub(crate) fn portable(mut self) -> Self {
        self.accelerated = false;
        self
    }

    /// Calls `found` for every literal whose window lies in `from..to`, in the order of the
    /// windows. `found` answers where to go on: everything before that offset is skipped.
    pub(crate) fn each(
        &self,
        text: &[u8],
        from: usize,
        to: usize,
        mut found: impl FnMut(Hit) -> usize,
    ) {
        let mut candidates = Candidates::new();
        let last = text.len().saturating_sub(WINDOW - 1).min(to);
        let mut at = from;
        let mut skip = 0;
        while at < last {
            candidates.len = 0;
            at = self.candidates(text, at, last, &mut candidates);
            for &place in &candidates.at[..candidates.len] {
                if place < skip {
                    continue;
                }
                let window = window(text, place);
                let slot = slot(window);
                let range = usize::from(self.slots[slot])..usize::from(self.slots[slot + 1]);
                for entry in &self.entries[range] {
                    let offset = usize::from(entry.offset);
                    if entry.window == window
                        && place >= offset
                        && self.literals[usize::from(entry.literal)].matches(text, place - offset)
                    {
                        skip = skip.max(found(Hit {
                            at: place - offset,
                            literal: entry.literal,
                        }));
                    }
                }
            }
            at = at.max(skip);
        }
    }

    fn candidates(&self, text: &[u8], from: usize, to: usize, out: &mut Candidates) -> usize {
        if self.accelerated {
            return simd::candidates(&self.plan, &self.bitmap, text, from, to, out);
        }
        let mut at = from;
        while at < to && !out.is_full() {
            if passes(&self.bitmap, window(text, at)) {
                out.push(at);
            }
            at += 1;
        }
        at
    }
}

impl std::fmt::Debug for Scanner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scanner")
            .field("literals", &self.literals.len())
            .finish_non_exhaustive()
    }
}

/// The window at `at` with bit 5 set in every byte: equal for both cases of a letter. Other bytes
/// that fold together only cost a comparison.
#[inline(always)]
fn window(text: &[u8], at: usize) -> u32 {
    let bytes: &[u8; WINDOW] = text[at..].first_chunk().unwrap_or(&[0; WINDOW]);
    u32::from_le_bytes(*bytes) | 0x2020_2020
}

#[inline(always)]
const fn hash(window: u32) -> usize {
    (window.wrapping_mul(0x9E37_79B1) >> 16) as usize
}

#[inline(always)]
const fn slot(window: u32) -> usize {
    hash(window) >> 4
}

#[inline(always)]
fn passes(bitmap: &[u64; 1024], window: u32) -> bool {
    let hash = hash(window);
    bitmap[hash >> 6] >> (hash & 63) & 1 == 1
}

/// Every folded form of the window of `literal` at `offset`.
fn windows(literal: &Literal, offset: usize) -> Vec<u32> {
    let mut forms = vec![0u32];
    for index in 0..WINDOW {
        let mut bytes = literal.accepts(offset + index);
        for byte in &mut bytes {
            *byte |= 0x20;
        }
        bytes.sort_unstable();
        bytes.dedup();
        forms = forms
            .iter()
            .flat_map(|form| {
                bytes
                    .iter()
                    .map(move |byte| form | u32::from(*byte) << (8 * index))
            })
            .collect();
    }
    forms
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn literals() -> Vec<Literal> {
        let exact = |text| Literal {
            text,
            tail: Set::default(),
            fold: false,
        };
        let word = |text, tail| Literal {
            text,
            tail: Set::new(tail),
            fold: true,
        };
        vec![
            exact(b"ghp_"),
            exact(b"AKIA"),
            exact(b"xoxb-"),
            word(b"passw", ""),
            word(b"key", "=: \"'"),
            word(b"secret", ""),
            exact("парол".as_bytes()),
        ]
    }

    fn hits(scanner: &Scanner, text: &[u8]) -> Vec<Hit> {
        let mut hits = Vec::new();
        scanner.each(text, 0, text.len(), |hit| {
            hits.push(hit);
            0
        });
        hits
    }

    fn naive(text: &[u8]) -> Vec<(usize, u16)> {
        let literals = literals();
        let mut hits = Vec::new();
        for at in 0..text.len() {
            for (index, literal) in literals.iter().enumerate() {
                if literal.matches(text, at) {
                    hits.push((at, index as u16));
                }
            }
        }
        hits
    }

    fn check(text: &[u8]) {
        let fast = hits(&Scanner::new(literals()), text);
        assert_eq!(fast, hits(&Scanner::new(literals()).portable(), text));
        let mut sorted: Vec<_> = fast.iter().map(|hit| (hit.at, hit.literal)).collect();
        sorted.sort_unstable();
        assert_eq!(sorted, naive(text));
    }

    #[test]
    fn literals_at_every_place_of_a_block_are_found() {
        for pad in 0..80 {
            for tail in 0..5 {
                let text = format!("{}PassWord{}", "-".repeat(pad), "x".repeat(tail));
                check(text.as_bytes());
                check(format!("{}ghp_", "g".repeat(pad)).as_bytes());
            }
        }
    }

    proptest! {
        #[test]
        fn both_paths_equal_the_naive_search(
            parts in prop::collection::vec(
                prop_oneof![
                    "[ -~]{0,40}",
                    Just("ghp_".to_owned()), Just("AKIA".to_owned()), Just("PASSWd".to_owned()),
                    Just("key=".to_owned()), Just("Key\"".to_owned()), Just("парол".to_owned()),
                ],
                0..40,
            )
        ) {
            check(parts.concat().as_bytes());
        }
    }
}
