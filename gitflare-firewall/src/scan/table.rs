//! The windows of all literals by their hash: first a bit for each, then what the literals of a
//! hash have in common over eight bytes, then the literals themselves.

use super::{Literal, WINDOW, plan::Plan};

/// A literal by one of its windows.
pub(super) struct Entry {
    window: u32,
    /// What the literal is from the window on.
    known: Bits,
    pub(super) literal: u16,
    /// Where in the literal the window begins.
    pub(super) offset: u8,
    /// Whether nothing of the literal is beyond what is known.
    pub(super) is_whole: bool,
}

/// All windows.
pub(super) struct Table {
    bitmap: Box<[u64; 1 << (BITS - 6)]>,
    /// By the upper bits of the hash.
    slots: Vec<Slot>,
    entries: Vec<Entry>,
}

const SLOTS: usize = 1 << 14;
/// Bits of a hash: as many as keep the bitmap in the nearest cache.
const BITS: u32 = 17;

impl Table {
    pub(super) fn new(literals: &[Literal], plan: &Plan) -> Self {
        // Indices are kept in few bytes: the slots are looked at for every other word of a text.
        assert!(literals.len() <= usize::from(u16::MAX), "too many literals");
        let offsets = plan.offsets.iter();
        assert!(
            offsets
                .max()
                .is_none_or(|offset| *offset <= usize::from(u8::MAX)),
            "a window too far behind"
        );
        let mut entries = Vec::new();
        for (index, literal) in literals.iter().enumerate() {
            let offset = plan.offsets[index];
            for window in windows(literal, offset) {
                entries.push(Entry {
                    window,
                    known: Bits::of(literal, window, offset),
                    literal: index as u16,
                    offset: offset as u8,
                    is_whole: offset == 0 && literal.len() <= 8 && !literal.has_next(),
                });
            }
        }
        entries.sort_by_key(|entry| (slot(entry.window), entry.window, entry.literal));
        assert!(u32::try_from(entries.len()).is_ok(), "too many windows");
        let mut bitmap = Box::new([0u64; 1 << (BITS - 6)]);
        let mut slots = vec![Slot::EMPTY; SLOTS];
        for (index, entry) in entries.iter().enumerate() {
            let hash = hash(entry.window);
            bitmap[hash >> 6] |= 1 << (hash & 63);
            slots[slot(entry.window)].add(index as u32, entry.known);
        }
        Self {
            bitmap,
            slots,
            entries,
        }
    }

    /// Whether the window at `at` may be one of a literal.
    #[inline(always)]
    pub(super) fn has(&self, text: &[u8], at: usize) -> bool {
        let hash = hash(window(text, at));
        self.bitmap[hash >> 6] >> (hash & 63) & 1 == 1
    }

    /// Whether the bytes from `at` on are what the literals with such a window have in common.
    #[inline(always)]
    pub(super) fn fits(&self, text: &[u8], at: usize) -> bool {
        self.slots[slot(window(text, at))]
            .known
            .fit(eight(text, at))
    }

    /// The literals that the bytes from `at` on may be.
    #[inline(always)]
    pub(super) fn entries(&self, text: &[u8], at: usize) -> impl Iterator<Item = &Entry> {
        let bytes = eight(text, at);
        let slot = self.slots[slot(window(text, at))];
        self.entries[slot.first as usize..slot.end as usize]
            .iter()
            .filter(move |entry| entry.known.fit(bytes))
    }
}

/// The entries whose windows share the upper bits of their hash.
#[derive(Clone, Copy)]
struct Slot {
    known: Bits,
    first: u32,
    end: u32,
}

impl Slot {
    const EMPTY: Self = Self {
        known: Bits { value: 1, care: 0 },
        first: 0,
        end: 0,
    };

    fn add(&mut self, index: u32, known: Bits) {
        if self.end == 0 {
            self.first = index;
            self.known = known;
        }
        self.known = self.known.common(known);
        self.end = index + 1;
    }
}

/// Some bits of the eight bytes from a window on.
#[derive(Clone, Copy)]
struct Bits {
    value: u64,
    care: u64,
}

impl Bits {
    /// What the literal tells of them whose `window` begins at `offset`.
    fn of(literal: &Literal, window: u32, offset: usize) -> Self {
        let mut bits = Self { value: 0, care: 0 };
        let window = window.to_le_bytes();
        let len = literal.len() + usize::from(literal.has_next());
        for index in 0..(len - offset).min(8) {
            let mut bytes = literal.accepts(offset + index);
            if let Some(folded) = window.get(index) {
                bytes.retain(|byte| byte | 0x20 == *folded);
            }
            let all = bytes.iter().fold(0xff, |all, byte| all & byte);
            let any = bytes.iter().fold(0, |any, byte| any | byte);
            let care = !(all ^ any);
            bits.value |= u64::from(all & care) << (8 * index);
            bits.care |= u64::from(care) << (8 * index);
        }
        bits
    }

    fn common(self, other: Self) -> Self {
        let care = self.care & other.care & !(self.value ^ other.value);
        Self {
            value: self.value & care,
            care,
        }
    }

    #[inline(always)]
    const fn fit(self, bytes: u64) -> bool {
        bytes & self.care == self.value
    }
}

/// The window at `at` with bit 5 set in every byte: equal for both cases of a letter. Other bytes
/// that fold together only cost a comparison.
#[inline(always)]
fn window(text: &[u8], at: usize) -> u32 {
    let window = text.get(at..at + WINDOW).and_then(<[u8]>::first_chunk);
    let bytes: &[u8; WINDOW] = window.unwrap_or(&[0; WINDOW]);
    u32::from_le_bytes(*bytes) | 0x2020_2020
}

/// The eight bytes from `at` on; zeros beyond the end, which no literal has.
#[inline(always)]
fn eight(text: &[u8], at: usize) -> u64 {
    let rest = &text[at..];
    u64::from_le_bytes(rest.first_chunk().copied().unwrap_or_else(|| {
        let mut bytes = [0; 8];
        bytes[..rest.len()].copy_from_slice(rest);
        bytes
    }))
}

#[inline(always)]
const fn hash(window: u32) -> usize {
    (window.wrapping_mul(0x9E37_79B1) >> (u32::BITS - BITS)) as usize
}

#[inline(always)]
const fn slot(window: u32) -> usize {
    hash(window) >> (BITS - SLOTS.trailing_zeros())
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
