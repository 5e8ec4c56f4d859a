//! Chooses, for every literal, the four-byte window that is rarest in source text, and shares the
//! windows out among sixteen buckets so that few other places pass the filter. A bucket is a pair
//! of nibble tables per window byte; it lets through the product of what its windows contain, so
//! windows that look alike belong together.

use super::{Literal, WINDOW};

/// Buckets, as two groups of eight bits.
const BUCKETS: usize = 16;
/// Windows of a literal that are tried.
const WINDOWS: usize = 8;
/// How often every literal may move.
const ROUNDS: usize = 4;

/// The nibble tables of the filter and each literal's window.
pub(super) struct Plan {
    /// Offset of the chosen window, by literal.
    pub(super) offsets: Vec<usize>,
    /// By group, window byte and low nibble: the buckets that accept it.
    pub(super) low: [[[u8; 16]; WINDOW]; 2],
    /// The same by high nibble.
    pub(super) high: [[[u8; 16]; WINDOW]; 2],
    /// The same by the low seven bits of the byte.
    pub(super) bytes: [[[u8; 128]; WINDOW]; 2],
}

#[derive(Clone, Copy, Default)]
struct Bucket {
    low: [u16; WINDOW],
    high: [u16; WINDOW],
    /// Low seven bits of the bytes.
    bytes: [u128; WINDOW],
    cost: f32,
}

impl Bucket {
    fn with(mut self, other: &Self, frequency: &Frequency) -> Self {
        self.cost = 1.0;
        for index in 0..WINDOW {
            self.low[index] |= other.low[index];
            self.high[index] |= other.high[index];
            self.bytes[index] |= other.bytes[index];
            self.cost *= frequency.of(self.low[index], self.high[index]);
        }
        self
    }
}

impl Plan {
    pub(super) fn new(literals: &[Literal]) -> Self {
        let frequency = Frequency::new();
        let mut choices: Vec<Choice> = literals
            .iter()
            .enumerate()
            .map(|(index, literal)| (index, best_windows(literal, &frequency)))
            .collect();
        // The commonest go first: they decide what the buckets look like.
        choices.sort_by(|a, b| b.1[0].1.cost.total_cmp(&a.1[0].1.cost));
        let mut sharing = Sharing::new(choices, &frequency);
        // Greedy first; then each literal may move once the others are in place.
        for _ in 0..=ROUNDS {
            sharing.round();
        }
        let mut offsets = vec![0; literals.len()];
        for (choice, place) in sharing.choices.iter().zip(&sharing.places) {
            if let Some((_, window)) = place {
                offsets[choice.0] = choice.1[*window].0;
            }
        }
        let buckets = sharing.buckets;
        Self::from_buckets(offsets, &buckets)
    }

    fn from_buckets(offsets: Vec<usize>, buckets: &[Bucket; BUCKETS]) -> Self {
        let mut plan = Self {
            offsets,
            low: [[[0; 16]; WINDOW]; 2],
            high: [[[0; 16]; WINDOW]; 2],
            bytes: [[[0; 128]; WINDOW]; 2],
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
                for byte in 0..128 {
                    if bucket.bytes[index] >> byte & 1 == 1 {
                        plan.bytes[group][index][byte] |= bit;
                    }
                }
            }
        }
        plan
    }
}

/// Literals being shared out: each with its windows, and where it stands.
struct Sharing<'f> {
    choices: Vec<Choice>,
    /// Bucket and window, by choice.
    places: Vec<Option<(usize, usize)>>,
    buckets: [Bucket; BUCKETS],
    frequency: &'f Frequency,
}

/// A literal's index, and its windows by offset.
type Choice = (usize, Vec<(usize, Bucket)>);

impl<'f> Sharing<'f> {
    fn new(choices: Vec<Choice>, frequency: &'f Frequency) -> Self {
        Self {
            places: vec![None; choices.len()],
            choices,
            buckets: [Bucket::default(); BUCKETS],
            frequency,
        }
    }

    fn round(&mut self) {
        for index in 0..self.choices.len() {
            if let Some((bucket, _)) = self.places[index].take() {
                self.buckets[bucket] = self.rebuilt(bucket);
            }
            let mut best = (f32::INFINITY, 0, 0, Bucket::default());
            for (window, (_, shape)) in self.choices[index].1.iter().enumerate() {
                for (place, bucket) in self.buckets.iter().enumerate() {
                    let grown = bucket.with(shape, self.frequency);
                    let added = grown.cost - bucket.cost;
                    if added < best.0 {
                        best = (added, place, window, grown);
                    }
                }
            }
            self.places[index] = Some((best.1, best.2));
            self.buckets[best.1] = best.3;
        }
    }

    fn rebuilt(&self, bucket: usize) -> Bucket {
        let mut rebuilt = Bucket::default();
        for (choice, place) in self.choices.iter().zip(&self.places) {
            if let Some((place, window)) = place
                && *place == bucket
            {
                for index in 0..WINDOW {
                    rebuilt.low[index] |= choice.1[*window].1.low[index];
                    rebuilt.high[index] |= choice.1[*window].1.high[index];
                    rebuilt.bytes[index] |= choice.1[*window].1.bytes[index];
                }
            }
        }
        rebuilt.with(&Bucket::default(), self.frequency)
    }
}

/// The rarest windows of a literal.
fn best_windows(literal: &Literal, frequency: &Frequency) -> Vec<(usize, Bucket)> {
    assert!(literal.len() >= WINDOW, "a literal shorter than a window");
    let mut windows: Vec<(usize, Bucket)> = (0..=literal.len() - WINDOW)
        .map(|offset| {
            let mut window = Bucket::default();
            for index in 0..WINDOW {
                for byte in literal.accepts(offset + index) {
                    window.low[index] |= 1 << (byte & 15);
                    window.high[index] |= 1 << (byte >> 4);
                    window.bytes[index] |= 1 << (byte & 127);
                }
            }
            (offset, Bucket::default().with(&window, frequency))
        })
        .collect();
    windows.sort_by(|a, b| a.1.cost.total_cmp(&b.1.cost));
    windows.truncate(WINDOWS);
    windows
}

/// How often the bytes of a nibble product occur in source text.
struct Frequency {
    /// By high nibble, half of the low nibbles and which of them: the sum.
    sums: Box<[[[f32; 256]; 2]; 16]>,
}

impl Frequency {
    fn new() -> Self {
        let mut rows = [[0.000_1; 16]; 16];
        // In thousandths, as counted in sources of several languages and in their diffs.
        for (bytes, share) in [
            (&b" "[..], 197.0),
            (b"e", 55.0),
            (b"t", 45.0),
            (b"nsrioa", 30.0),
            (b"_:+\nuclpd", 22.0),
            (b",EbmfTS)(/", 12.0),
            (b"ARI=gh;C\"02ODN", 8.0),
            (b"yP.3L1wxFUMv{}[]k", 5.0),
            (b">BG4678#`-VHW!5&'<*z9Yq", 2.4),
            (b"XKj\\|Q?ZJ$\t", 1.0),
        ] {
            for byte in bytes {
                rows[usize::from(byte >> 4)][usize::from(byte & 15)] = share / 1000.0;
            }
        }
        let mut sums = Box::new([[[0.0; 256]; 2]; 16]);
        for (row, sums) in rows.iter().zip(sums.iter_mut()) {
            for (half, sums) in sums.iter_mut().enumerate() {
                for (mask, sum) in sums.iter_mut().enumerate() {
                    *sum = (0..8)
                        .filter(|bit| mask >> bit & 1 == 1)
                        .map(|bit| row[half * 8 + bit])
                        .sum();
                }
            }
        }
        Self { sums }
    }

    fn of(&self, low: u16, high: u16) -> f32 {
        let [first, second] = low.to_le_bytes().map(usize::from);
        let mut sum = 0.0;
        let mut rest = high;
        while rest != 0 {
            let row = &self.sums[rest.trailing_zeros() as usize];
            sum += row[0][first] + row[1][second];
            rest &= rest - 1;
        }
        sum
    }
}
