//! Counts of durations in buckets that can be added up, and quantiles of them. Below 64 ms a bucket
//! holds one duration; above, 32 buckets share each doubling, as in an HDR histogram, so that what
//! is told exceeds the true quantile by less than 1/32 (3.2 %) of it.

use std::collections::BTreeMap;

use super::bytes::{Input, Output};

/// Durations below are counted one by one.
const EXACT: u64 = 64;
/// Buckets of each doubling above.
const PER_DOUBLING: u64 = 32;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Histogram(BTreeMap<u64, u64>);

impl Histogram {
    pub(super) fn add(&mut self, duration: u64) {
        *self.0.entry(bucket(duration)).or_default() += 1;
    }

    /// The largest duration of the bucket that so many percent of the counted ones lie in or below;
    /// `None` when nothing was counted.
    pub(super) fn quantile(&self, percent: u64) -> Option<u64> {
        let total: u64 = self.0.values().sum();
        let rank = (total * percent).div_ceil(100);
        let mut seen = 0;
        self.0
            .iter()
            .find(|(_, count)| {
                seen += **count;
                seen >= rank
            })
            .map(|(bucket, _)| largest(*bucket))
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.0 {
            *self.0.entry(*bucket).or_default() += count;
        }
    }

    pub(super) fn write(&self, output: &mut Output) {
        output.count(self.0.len());
        let mut last = 0;
        for (bucket, count) in &self.0 {
            output.number(bucket - last);
            output.number(*count);
            last = *bucket;
        }
    }

    /// Adds what another one has written.
    pub(super) fn absorb(&mut self, input: &mut Input<'_>) -> Option<()> {
        let mut bucket = 0u64;
        for _ in 0..input.count()? {
            bucket = bucket.checked_add(input.number()?)?;
            let count = self.0.entry(bucket).or_default();
            *count = count.checked_add(input.number()?)?;
        }
        Some(())
    }
}

/// The bucket of a duration.
const fn bucket(duration: u64) -> u64 {
    if duration < EXACT {
        return duration;
    }
    // At least 6; the five bits behind the first one choose within the doubling.
    let doubling = duration.ilog2() as u64;
    let within = (duration >> (doubling - 5)) - PER_DOUBLING;
    EXACT + (doubling - 6) * PER_DOUBLING + within
}

/// The largest duration of a bucket.
const fn largest(bucket: u64) -> u64 {
    if bucket < EXACT {
        return bucket;
    }
    let shift = (bucket - EXACT) / PER_DOUBLING + 1;
    let within = (bucket - EXACT) % PER_DOUBLING + PER_DOUBLING + 1;
    match shift < 59 {
        true => (within << shift) - 1,
        false => u64::MAX,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(durations: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        for duration in durations {
            histogram.add(*duration);
        }
        histogram
    }

    #[test]
    fn short_durations_are_told_exactly() {
        for (durations, p50, p95) in [
            (vec![], None, None),
            (vec![7], Some(7), Some(7)),
            (vec![9, 1], Some(1), Some(9)),
            ((1..=60).collect(), Some(30), Some(57)),
            ((1..=19).chain([5000]).collect(), Some(10), Some(19)),
        ] {
            let histogram = of(&durations);
            assert_eq!(histogram.quantile(50), p50, "{durations:?}");
            assert_eq!(histogram.quantile(95), p95, "{durations:?}");
        }
    }

    proptest! {
        #[test]
        fn a_quantile_exceeds_the_true_one_by_less_than_a_32nd(
            mut durations in prop::collection::vec(0u64..(1 << 40), 1..200),
            percent in 1u64..=100,
        ) {
            let told = of(&durations).quantile(percent).unwrap();
            durations.sort_unstable();
            let rank = (durations.len() as u64 * percent).div_ceil(100);
            let truth = durations[usize::try_from(rank).unwrap() - 1];
            prop_assert!(truth <= told && told - truth <= truth / 32, "{truth} {told}");
        }

        #[test]
        fn histograms_add_up(a in prop::collection::vec(any::<u64>(), 0..50),
                             b in prop::collection::vec(any::<u64>(), 0..50)) {
            let mut output = Output::default();
            of(&a).write(&mut output);
            let mut sum = of(&b);
            sum.absorb(&mut Input(&output.0)).unwrap();
            prop_assert_eq!(sum, of(&[a, b].concat()));
        }
    }
}
