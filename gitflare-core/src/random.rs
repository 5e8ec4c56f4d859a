//! Randomness as a trait, so that tests repeat. Ids and secrets take their bits from here.

use std::sync::Mutex;

use sha2::{Digest, Sha256};

/// A source of random bytes.
pub trait Random: Send + Sync {
    /// Fills all of `bytes` with random values fit for keys.
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that asks the system for randomness"
    )]
    fn fill(&self, bytes: &mut [u8]) {
        // A kernel without randomness leaves nothing safe to continue with.
        getrandom::fill(bytes).expect("the operating system provides randomness");
    }
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
