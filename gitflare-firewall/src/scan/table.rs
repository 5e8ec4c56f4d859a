//! The windows of all literals by their hash: first a bit for each, then what the literals of a
//! hash have in common over eight bytes, then the literals themselves.

use super::{Literal, WINDOW, plan::Plan};

/// A literal by one of its windows.
pub(super) struct Entry {
    window: u32,
    /// What the literal is over eight bytes.
    known: Bits,
    pub(super) literal: u16,
    /// Where in the literal the window begins.
    pub(super) offset: u8,
    /// How many of the known bytes stand before the window.
    back: u8,
    /// Whether nothing of the literal is beyond what is known.
    pub(super) is_whole: bool,
}

/// All windows.
pub(super) struct Table {
    /// By the hash of the window as it is written: where case counts it tells most words apart.
    bitmap: Box<[u64; 1 << (BITS - 6)]>,
    /// By the upper bits of the hash.
    slots: Vec<Slot>,
    entries: Vec<Entry>,
}

const SLOTS: usize = 1 << 14;
/// Bits of a hash: as many as keep the bitmap in the nearest cache.
const BITS: u32 = 18;

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
        let mut bitmap = Box::new([0u64; 1 << (BITS - 6)]);
        let mut entries = Vec::new();
        for (index, literal) in literals.iter().enumerate() {
            let offset = plan.offsets[index];
            for window in windows(literal, offset, |byte| byte) {
                let hash = hash(window);
                bitmap[hash >> 6] |= 1 << (hash & 63);
            }
            for window in windows(literal, offset, |byte| byte | FOLD) {
                let behind = (literal.len() + usize::from(literal.has_next()) - offset).min(8);
                let back = offset.min(8 - behind);
                entries.push(Entry {
                    window,
                    known: Bits::of(literal, window, offset, back),
                    literal: index as u16,
                    offset: offset as u8,
                    back: back as u8,
                    is_whole: back == offset && literal.len() <= 8 && !literal.goes_on(),
                });
            }
        }
        entries.sort_by_key(|entry| (slot(entry.window), entry.window, entry.literal));
        assert!(u32::try_from(entries.len()).is_ok(), "too many windows");
        let mut slots = vec![Slot::EMPTY; SLOTS];
        for (index, entry) in entries.iter().enumerate() {
            let known = match entry.back {
                0 => entry.known,
                _ => {
                    let literal = &literals[usize::from(entry.literal)];
                    Bits::of(literal, entry.window, usize::from(entry.offset), 0)
                }
            };
            slots[slot(entry.window)].add(index as u32, known);
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
        let hash = hash(written(text, at));
        self.bitmap[hash >> 6] >> (hash & 63) & 1 == 1
    }

    /// Whether the bytes from `at` on are what the literals with such a window have in common.
    #[inline(always)]
    pub(super) fn fits(&self, text: &[u8], at: usize) -> bool {
        self.slots[slot(window(text, at))]
            .known
            .fit(eight(text, at))
    }

    /// The literals that the bytes around `at` may be.
    #[inline(always)]
    pub(super) fn entries(&self, text: &[u8], at: usize) -> impl Iterator<Item = &Entry> {
        let slot = self.slots[slot(window(text, at))];
        self.entries[slot.first as usize..slot.end as usize]
            .iter()
            .filter(move |entry| {
                let start = at.checked_sub(usize::from(entry.back));
                start.is_some_and(|start| entry.known.fit(eight(text, start)))
            })
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

/// Some bits of eight bytes at a window.
#[derive(Clone, Copy)]
struct Bits {
    value: u64,
    care: u64,
}

impl Bits {
    /// What the literal tells of those from `back` bytes before its `window` at `offset` on.
    fn of(literal: &Literal, window: u32, offset: usize, back: usize) -> Self {
        let mut bits = Self { value: 0, care: 0 };
        let window = window.to_le_bytes();
        let len = literal.len() + usize::from(literal.has_next());
        let start = offset - back;
        for index in 0..(len - start).min(8) {
            let mut bytes = literal.accepts(start + index);
            if let Some(folded) = index.checked_sub(back).and_then(|index| window.get(index)) {
                bytes.retain(|byte| byte | FOLD == *folded);
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

/// The bit that parts the cases of a letter.
const FOLD: u8 = 0x20;

/// The window at `at` with that bit set in every byte: equal for both cases of a letter. Other bytes
/// that fold together only cost a comparison.
#[inline(always)]
fn window(text: &[u8], at: usize) -> u32 {
    written(text, at) | u32::from_le_bytes([FOLD; WINDOW])
}

/// The window at `at` as it is written.
#[inline(always)]
fn written(text: &[u8], at: usize) -> u32 {
    let window = text.get(at..at + WINDOW).and_then(<[u8]>::first_chunk);
    let bytes: &[u8; WINDOW] = window.unwrap_or(&[0; WINDOW]);
    u32::from_le_bytes(*bytes)
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

/// Every form of the window of `literal` at `offset`, its bytes as `fold` makes them.
fn windows(literal: &Literal, offset: usize, fold: impl Fn(u8) -> u8) -> Vec<u32> {
    let mut forms = vec![0u32];
    for index in 0..WINDOW {
        let bytes = literal.accepts(offset + index);
        let mut bytes: Vec<u8> = bytes.into_iter().map(&fold).collect();
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
