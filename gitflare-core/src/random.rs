//! Randomness as a trait, so that tests repeat. Ids and secrets take their bits from here.

use std::{cell::RefCell, sync::Mutex};

use sha2::{Digest, Sha256};

/// A source of random bytes.
pub trait Random: Send + Sync {
    /// Fills all of `bytes` with random values fit for keys.
    fn fill(&self, bytes: &mut [u8]);
}

/// Bytes that are asked of the system at once for short values.
const STOCK: usize = 256;
/// The longest value that comes from the stock: an id's bits, of which each read has two.
const SHORT: usize = 16;

thread_local! {
    /// Random bytes of this thread, and how many were given away. Given ones are erased.
    static STOCKED: RefCell<([u8; STOCK], usize)> = const { RefCell::new(([0; STOCK], STOCK)) };
}

/// The operating system's generator. Short values come from a stock that each thread keeps.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        if bytes.len() > SHORT {
            return ask(bytes);
        }
        STOCKED.with_borrow_mut(|(stock, given)| {
            if STOCK - *given < bytes.len() {
                ask(stock);
                *given = 0;
            }
            let next = &mut stock[*given..*given + bytes.len()];
            bytes.copy_from_slice(next);
            next.fill(0);
            *given += bytes.len();
        });
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that asks the system for randomness"
)]
fn ask(bytes: &mut [u8]) {
    // A kernel without randomness leaves nothing safe to continue with.
    getrandom::fill(bytes).expect("the operating system provides randomness");
}

/// A repeatable generator for tests: SHA-256 over seed and counter. Not for production.
#[derive(Debug)]
pub struct SeededRandom(Mutex<(u64, u64)>);

impl SeededRandom {
    /// A generator that always yields the same bytes for the same seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(Mutex::new((seed, 0)))
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        let mut state = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        for chunk in bytes.chunks_mut(32) {
            let mut hash = Sha256::new();
            hash.update(state.0.to_le_bytes());
            hash.update(state.1.to_le_bytes());
            chunk.copy_from_slice(&hash.finalize()[..chunk.len()]);
            state.1 += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn short_values_from_the_stock_never_repeat() {
        let mut seen = HashSet::new();
        for _ in 0..10 * STOCK {
            let mut id = [0; 10];
            SystemRandom.fill(&mut id);
            assert!(seen.insert(id));
        }
    }
}
