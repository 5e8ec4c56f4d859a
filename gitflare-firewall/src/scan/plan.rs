//! Chooses, for every literal, the four-byte window that is rarest in source text, and shares the
//! windows out among sixteen buckets so that few other places pass the filter. A bucket is a pair
//! of nibble tables per window byte; it lets through the product of what its windows contain, so
//! windows that look alike belong together.

use super::{Literal, WINDOW};

/// Buckets, as two groups of eight bits.
const BUCKETS: usize = 16;

/// The nibble tables of the filter and each literal's window.
pub(super) struct Plan {
    /// Offset of the chosen window, by literal.
    pub(super) offsets: Vec<usize>,
    /// By group, window byte and low nibble: the buckets that accept it.
    pub(super) low: [[[u8; 16]; WINDOW]; 2],
    /// The same by high nibble.
    pub(super) high: [[[u8; 16]; WINDOW]; 2],
}

#[derive(Clone, Copy, Default)]
struct Bucket {
    low: [u16; WINDOW],
    high: [u16; WINDOW],
    cost: f32,
}

impl Bucket {
    fn with(mut self, other: &Self, frequency: &Frequency) -> Self {
        self.cost = 1.0;
        for index in 0..WINDOW {
            self.low[index] |= other.low[index];
            self.high[index] |= other.high[index];
            self.cost *= frequency.of(self.low[index], self.high[index]);
        }
        self
    }
}

impl Plan {
    pub(super) fn new(literals: &[Literal]) -> Self {
        let frequency = Frequency::new();
        let mut choices: Vec<(usize, Vec<(usize, Bucket)>)> = literals
            .iter()
            .enumerate()
            .map(|(index, literal)| (index, best_windows(literal, &frequency)))
            .collect();
        // The commonest go first: they decide what the buckets look like.
        choices.sort_by(|a, b| b.1[0].1.cost.total_cmp(&a.1[0].1.cost));
        let mut buckets = [Bucket::default(); BUCKETS];
        let mut offsets = vec![0; literals.len()];
        for (index, windows) in &choices {
            let mut best: Option<(f32, usize, usize, Bucket)> = None;
            for (offset, window) in windows {
                for (place, bucket) in buckets.iter().enumerate() {
                    let grown = bucket.with(window, &frequency);
                    let added = grown.cost - bucket.cost;
                    if best.is_none_or(|(least, ..)| added < least) {
                        best = Some((added, place, *offset, grown));
                    }
                }
            }
            if let Some((_, place, offset, grown)) = best {
                buckets[place] = grown;
                offsets[*index] = offset;
            }
        }
        Self::from_buckets(offsets, &buckets)
    }

    fn from_buckets(offsets: Vec<usize>, buckets: &[Bucket; BUCKETS]) -> Self {
        let mut plan = Self {
            offsets,
            low: [[[0; 16]; WINDOW]; 2],
            high: [[[0; 16]; WINDOW]; 2],
        };
        for (place, bucket) in buckets.iter().enumerate() {
            let (group, bit) = (place / 8, 1u8 << (place % 8));
            for index in 0..WINDOW {
                for nibble in 0..16 {
                    if bucket.low[index] >> nibble & 1 == 1 {
                        plan.low[group][index][nibble] |= bit;
                    }
                    if bucket.high[index] >> nibble & 1 == 1 {
                        plan.high[group][index][nibble] |= bit;
                    }
                }
            }
        }
        plan
    }
}

/// The three rarest windows of a literal.
fn best_windows(literal: &Literal, frequency: &Frequency) -> Vec<(usize, Bucket)> {
    assert!(literal.len() >= WINDOW, "a literal shorter than a window");
    let mut windows: Vec<(usize, Bucket)> = (0..=literal.len() - WINDOW)
        .map(|offset| {
            let mut window = Bucket::default();
            for index in 0..WINDOW {
                for byte in literal.accepts(offset + index) {
                    window.low[index] |= 1 << (byte & 15);
                    window.high[index] |= 1 << (byte >> 4);
                }
            }
            (offset, Bucket::default().with(&window, frequency))
        })
        .collect();
    windows.sort_by(|a, b| a.1.cost.total_cmp(&b.1.cost));
    windows.truncate(3);
    windows
}

/// How often the bytes of a nibble product occur in source text.
struct Frequency {
    rows: [[f32; 16]; 16],
}

impl Frequency {
    fn new() -> Self {
        let mut rows = [[0.000_2; 16]; 16];
        let mut set = |bytes: &[u8], share: f32| {
            for byte in bytes {
                rows[usize::from(byte >> 4)][usize::from(byte & 15)] = share;
            }
        };
        set(b" ", 0.22);
        set(b"etnrioas", 0.045);
        set(b"lcdu", 0.025);
        set(b"pmfhgbyv_.,()", 0.014);
        set(b"wxkTSECARI;:=-\"/*\n", 0.008);
        set(b"jqzNODLPMFUBGV'<>[]{}&#", 0.004);
        set(b"012", 0.008);
        set(b"3456789", 0.004);
        set(b"WHKXYJQZ", 0.002);
        Self { rows }
    }

    fn of(&self, low: u16, high: u16) -> f32 {
        let mut sum = 0.0;
        for (row, shares) in self.rows.iter().enumerate() {
            if high >> row & 1 == 0 {
                continue;
            }
            let mut rest = low;
            while rest != 0 {
                sum += shares[rest.trailing_zeros() as usize];
                rest &= rest - 1;
            }
        }
        sum
    }
}
