//! Counts of durations in buckets that can be added up, and quantiles of them. Below 64 ms a bucket
//! holds one duration; above, 32 buckets share each doubling, as in an HDR histogram, so that what
//! is told exceeds the true quantile by less than 1/32 (3.2 %) of it.
//!
//! What was kept is added when it is asked for: of thousands of repositories in a month's counts a
//! summary tells a few.

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use super::bytes::{Input, Output};

/// Durations below are counted one by one.
const EXACT: u64 = 64;
/// Buckets of each doubling above.
const PER_DOUBLING: u64 = 32;
/// All buckets there are.
const BUCKETS: usize = (EXACT + 58 * PER_DOUBLING) as usize;

/// How a histogram stands among kept counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// Its buckets alone.
    Plain,
    /// Behind the number of its bytes.
    Measured,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Histogram {
    counted: BTreeMap<u64, u64>,
    kept: Vec<Kept>,
}

/// A histogram among the bytes of kept counts.
#[derive(Clone, Debug)]
struct Kept {
    body: Arc<[u8]>,
    at: Range<usize>,
}

impl Kept {
    fn add_to(&self, sums: &mut [u64]) -> Option<()> {
        let mut input = Input(self.body.get(self.at.clone())?);
        let mut bucket = 0usize;
        for _ in 0..input.count()? {
            bucket = bucket.checked_add(usize::try_from(input.number()?).ok()?)?;
            let sum = sums.get_mut(bucket)?;
            *sum = sum.checked_add(input.number()?)?;
        }
        input.0.is_empty().then_some(())
    }
}

impl Histogram {
    pub(super) fn add(&mut self, duration: u64) {
        *self.counted.entry(bucket(duration)).or_default() += 1;
    }

    /// What each bucket holds; `None` when kept counts are damaged.
    fn sums(&self) -> Option<Vec<u64>> {
        let mut sums = vec![0; BUCKETS];
        for (bucket, count) in &self.counted {
            *sums.get_mut(usize::try_from(*bucket).ok()?)? += count;
        }
        for kept in &self.kept {
            kept.add_to(&mut sums)?;
        }
        Some(sums)
    }

    /// The largest durations of the buckets that so many percent of the counted ones lie in or
    /// below, each `None` when nothing was counted; `None` when kept counts are damaged.
    pub(super) fn quantiles<const N: usize>(&self, percents: [u64; N]) -> Option<[Option<u64>; N]> {
        let sums = self.sums()?;
        let total: u64 = sums.iter().sum();
        Some(percents.map(|percent| {
            let rank = (total * percent).div_ceil(100);
            let mut seen = 0;
            let bucket = sums.iter().position(|count| {
                seen += count;
                seen >= rank
            });
            bucket
                .filter(|_| total > 0)
                .map(|bucket| largest(bucket as u64))
        }))
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.counted {
            *self.counted.entry(*bucket).or_default() += count;
        }
        self.kept.extend_from_slice(&other.kept);
    }

    /// Adds what was kept into what is counted, so that nothing holds the bytes any longer.
    pub(super) fn settle(&mut self) -> Option<()> {
        if !self.kept.is_empty() {
            let sums = self.sums()?;
            let counted = (0u64..).zip(sums).filter(|(_, count)| *count > 0);
            *self = Self {
                counted: counted.collect(),
                kept: Vec::new(),
            };
        }
        Some(())
    }

    /// Writes what is counted, behind the number of its bytes.
    ///
    /// What was kept must have been settled.
    pub(super) fn write(&self, output: &mut Output) {
        let mut buckets = Output::default();
        buckets.count(self.counted.len());
        let mut last = 0;
        for (bucket, count) in &self.counted {
            buckets.number(bucket - last);
            buckets.number(*count);
            last = *bucket;
        }
        output.count(buckets.0.len());
        output.0.extend_from_slice(&buckets.0);
    }

    /// Adds the histogram at the beginning of `input`, which is the end of `body`.
    pub(super) fn keep(
        &mut self,
        input: &mut Input<'_>,
        body: &Arc<[u8]>,
        layout: Layout,
    ) -> Option<()> {
        let place = |input: &Input<'_>| body.len().checked_sub(input.0.len());
        let at = match layout {
            Layout::Measured => {
                let length = input.count()?;
                let start = place(input)?;
                input.take(length)?;
                start..start + length
            }
            Layout::Plain => {
                let start = place(input)?;
                for _ in 0..input.count()? {
                    input.number()?;
                    input.number()?;
                }
                start..place(input)?
            }
        };
        self.kept.push(Kept {
            body: Arc::clone(body),
            at,
        });
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
            let told = of(&durations).quantiles([50, 95]);
            assert_eq!(told, Some([p50, p95]), "{durations:?}");
        }
    }

    proptest! {
        #[test]
        fn a_quantile_exceeds_the_true_one_by_less_than_a_32nd(
            mut durations in prop::collection::vec(0u64..(1 << 40), 1..200),
            percent in 1u64..=100,
        ) {
            let [told] = of(&durations).quantiles([percent]).unwrap();
            let told = told.unwrap();
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
            let measured: Arc<[u8]> = output.0.into();
            let mut length = Input(&measured);
            length.count().unwrap();
            let plain: Arc<[u8]> = length.0.into();
            for (body, layout) in [(measured, Layout::Measured), (plain, Layout::Plain)] {
                let mut sum = of(&b);
                sum.keep(&mut Input(&body), &body, layout).unwrap();
                let all = of(&[&*a, &*b].concat());
                prop_assert_eq!(sum.sums(), all.sums());
                sum.settle().unwrap();
                prop_assert_eq!(sum.counted, all.counted);
            }
        }
    }
}
