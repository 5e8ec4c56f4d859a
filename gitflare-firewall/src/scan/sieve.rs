//! Finds a few windows that are known only when a text is read, with the vector unit of the scanner.
//! It names places that are worth a look; the caller compares them.

use super::{
    Candidates, STRETCH, WINDOW,
    candidates::MANY,
    plan::{FOLDED, folded},
    simd::{self, Unit},
};

/// Buckets of a group.
const BUCKETS: usize = 8;

/// Some dozen windows of four bytes.
pub(crate) struct Sieve(Box<[[u8; FOLDED]; WINDOW]>);

impl Sieve {
    /// A sieve that lets every one of `windows` through; `None` on machines without a vector unit
    /// that looks up whole bytes.
    pub(crate) fn new(windows: impl Iterator<Item = [u8; WINDOW]>) -> Option<Self> {
        if !simd::units().contains(&Unit::Avx512) {
            return None;
        }
        let mut windows: Vec<[usize; WINDOW]> = windows.map(|window| window.map(folded)).collect();
        // Windows that begin alike share a bucket, which then lets few others through.
        windows.sort_unstable();
        let mut tables = Box::new([[0; FOLDED]; WINDOW]);
        for (bucket, windows) in windows
            .chunks(windows.len().div_ceil(BUCKETS).max(1))
            .enumerate()
        {
            for (table, byte) in windows
                .iter()
                .flat_map(|window| std::iter::zip(0.., window))
            {
                tables[table][*byte] |= 1 << bucket;
            }
        }
        Some(Self(tables))
    }

    /// Calls `found` with every place at which one of the windows may stand, in order.
    pub(crate) fn each(&self, text: &[u8], mut found: impl FnMut(usize)) {
        let mut candidates = Candidates::<MANY>::new();
        let last = text.len().saturating_sub(WINDOW - 1);
        let mut at = 0;
        while at < last {
            let base = at;
            candidates.clear();
            let to = last.min(base + STRETCH);
            at = simd::candidates_of_group(&self.0, text, base, to, &mut candidates);
            candidates.iter().for_each(|place| found(base + place));
        }
    }
}

/// How rare a window is in sources: the more, the rarer.
pub(crate) fn rarity(window: &[u8; WINDOW]) -> u8 {
    window.iter().map(|byte| RARITY[usize::from(*byte)]).sum()
}

const RARITY: [u8; 256] = {
    let mut rarity = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        rarity[byte] = match (byte as u8).to_ascii_lowercase() {
            b'0'..=b'9' | b'j' | b'k' | b'q' | b'v'..=b'z' => 3,
            b'b' | b'f'..=b'h' | b'm' | b'p' | b'u' => 2,
            b'a'..=b'z' => 1,
            _ => 0,
        };
        byte += 1;
    }
    rarity
};
