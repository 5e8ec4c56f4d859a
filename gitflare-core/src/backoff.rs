//! How long to wait before another attempt. Every queue, retry and throttle of the product takes its
//! waits from here; whether another attempt is made is the caller's decision.

use std::time::Duration;

use crate::Random;

/// Waits that double from `first` up to `longest`, plus a random share of up to `jitter`, so that
/// what failed together does not come back together.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// The wait after the first attempt.
    pub first: Duration,
    /// The longest wait, before jitter.
    pub longest: Duration,
    /// The largest share of a wait that is added at random; `0.25` adds up to a quarter.
    pub jitter: f64,
}

impl Backoff {
    /// The wait after so many attempts (1 is the first), without jitter.
    #[must_use]
    pub fn base(&self, attempts: u32) -> Duration {
        let factor = 2u32.saturating_pow(attempts.saturating_sub(1));
        self.first.saturating_mul(factor).min(self.longest)
    }

    /// The wait after so many attempts (1 is the first).
    pub fn wait(&self, attempts: u32, random: &dyn Random) -> Duration {
        let mut dice = [0u8; 2];
        random.fill(&mut dice);
        let share = f64::from(u16::from_be_bytes(dice)) / 65_536.0;
        self.base(attempts).mul_f64(1.0 + self.jitter * share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeededRandom;

    #[test]
    fn waits_double_up_to_the_longest() {
        let backoff = Backoff {
            first: Duration::from_secs(5),
            longest: Duration::from_secs(60),
            jitter: 0.25,
        };
        let bases = [1, 2, 3, 4, 5, u32::MAX].map(|attempts| backoff.base(attempts).as_secs());
        assert_eq!(bases, [5, 10, 20, 40, 60, 60]);
        assert_eq!(backoff.base(0), backoff.first);
        let random = SeededRandom::new(1);
        for attempts in 1..200 {
            let (base, wait) = (backoff.base(attempts), backoff.wait(attempts, &random));
            assert!(
                base <= wait && wait < base.mul_f64(1.25),
                "{attempts}: {wait:?}"
            );
        }
    }
}
