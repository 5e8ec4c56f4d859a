//! Counts of durations in buckets that can be added up, and quantiles of them. Below 64 ms a bucket
//! holds one duration; above, 32 buckets share each doubling, as in an HDR histogram, so that what
//! is told exceeds the true quantile by less than 1/32 (3.2 %) of it.
//!
//! What was kept is added when it is asked for: of thousands of repositories in a month's counts a
//! summary tells a few.

use std::{borrow::Cow, collections::BTreeMap, ops::Range};

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
    /// The same, with a small gap and a small count in one number.
    Packed,
}

/// Gaps from here on stand in a number of their own.
const WIDE_GAP: u64 = 7;

#[derive(Clone, Debug, Default)]
pub(super) struct Histogram {
    counted: BTreeMap<u64, u64>,
    kept: Vec<Kept>,
}

/// Kept counts whose histograms are still to be added up.
#[derive(Clone, Debug, Default)]
pub(super) struct Bodies<'b>(Vec<(Cow<'b, [u8]>, Layout)>);

impl<'b> Bodies<'b> {
    pub(super) fn push(&mut self, body: Cow<'b, [u8]>, layout: Layout) {
        self.0.push((body, layout));
    }

    /// The last body.
    pub(super) fn last(&self) -> Option<&[u8]> {
        self.0.last().map(|(body, _)| &**body)
    }

    /// A place in the last body.
    fn place(&self, at: &Range<usize>) -> Option<Kept> {
        Some(Kept {
            body: u32::try_from(self.0.len().checked_sub(1)?).ok()?,
            start: u32::try_from(at.start).ok()?,
            end: u32::try_from(at.end).ok()?,
        })
    }
}

/// Where a histogram lies among [`Bodies`]: thousands of them are noted for a summary that tells a few.
#[derive(Clone, Copy, Debug)]
struct Kept {
    body: u32,
    start: u32,
    end: u32,
}

impl Kept {
    fn add_to(self, sums: &mut [u64], bodies: &Bodies<'_>) -> Option<()> {
        let (body, layout) = bodies.0.get(self.body as usize)?;
        let mut input = Input(body.get(self.start as usize..self.end as usize)?);
        let mut bucket = 0usize;
        for _ in 0..input.count()? {
            let (gap, count) = match layout {
                Layout::Plain | Layout::Measured => (input.number()?, input.number()?),
                Layout::Packed => unpacked(&mut input)?,
            };
            bucket = bucket.checked_add(usize::try_from(gap).ok()?)?;
            let sum = sums.get_mut(bucket)?;
            *sum = sum.checked_add(count)?;
        }
        input.0.is_empty().then_some(())
    }
}

impl Histogram {
    pub(super) fn add(&mut self, duration: u64) {
        *self.counted.entry(bucket(duration)).or_default() += 1;
    }

    /// What each bucket holds; `None` when kept counts are damaged.
    fn sums(&self, bodies: &Bodies<'_>) -> Option<Vec<u64>> {
        let mut sums = vec![0; BUCKETS];
        for (bucket, count) in &self.counted {
            *sums.get_mut(usize::try_from(*bucket).ok()?)? += count;
        }
        for kept in &self.kept {
            kept.add_to(&mut sums, bodies)?;
        }
        Some(sums)
    }

    /// The largest durations of the buckets that so many percent of the counted ones lie in or
    /// below, each `None` when nothing was counted; `None` when kept counts are damaged.
    pub(super) fn quantiles<const N: usize>(
        &self,
        bodies: &Bodies<'_>,
        percents: [u64; N],
    ) -> Option<[Option<u64>; N]> {
        let sums = self.sums(bodies)?;
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

    /// Adds another one, whose kept counts lie among the same bodies.
    pub(super) fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.counted {
            *self.counted.entry(*bucket).or_default() += count;
        }
        self.kept.extend_from_slice(&other.kept);
    }

    /// Adds what was kept into what is counted, so that nothing holds the bytes any longer.
    pub(super) fn settle(&mut self, bodies: &Bodies<'_>) -> Option<()> {
        if !self.kept.is_empty() {
            let sums = self.sums(bodies)?;
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
            pack(&mut buckets, bucket - last, *count);
            last = *bucket;
        }
        output.count(buckets.0.len());
        output.0.extend_from_slice(&buckets.0);
    }

    /// Adds the histogram at the beginning of `input`, which is the end of the last of the bodies, one of
    /// `length` bytes.
    pub(super) fn keep(
        &mut self,
        input: &mut Input<'_>,
        length: usize,
        bodies: &Bodies<'_>,
        layout: Layout,
    ) -> Option<()> {
        let place = |input: &Input<'_>| length.checked_sub(input.0.len());
        let at = match layout {
            Layout::Measured | Layout::Packed => {
                let own = input.count()?;
                let start = place(input)?;
                input.take(own)?;
                start..start + own
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
        self.kept.push(bodies.place(&at)?);
        Some(())
    }
}

/// Most gaps are 1 and most counts of a repository's day are small: then a bucket takes one byte.
fn pack(output: &mut Output, gap: u64, count: u64) {
    let narrow = gap.min(WIDE_GAP);
    // Nobody counts as far as 2^61.
    output.number(count.min(u64::MAX >> 3) << 3 | narrow);
    if narrow == WIDE_GAP {
        output.number(gap - WIDE_GAP);
    }
}

fn unpacked(input: &mut Input<'_>) -> Option<(u64, u64)> {
    let packed = input.number()?;
    let gap = match packed & WIDE_GAP {
        WIDE_GAP => WIDE_GAP.checked_add(input.number()?)?,
        narrow => narrow,
    };
    Some((gap, packed >> 3))
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
            let told = of(&durations).quantiles(&Bodies::default(), [50, 95]);
            assert_eq!(told, Some([p50, p95]), "{durations:?}");
        }
    }

    proptest! {
        #[test]
        fn a_quantile_exceeds_the_true_one_by_less_than_a_32nd(
            mut durations in prop::collection::vec(0u64..(1 << 40), 1..200),
            percent in 1u64..=100,
        ) {
            let [told] = of(&durations).quantiles(&Bodies::default(), [percent]).unwrap();
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
            // As older versions wrote them.
            let mut plain = Output::default();
            plain.count(of(&a).counted.len());
            let mut last = 0;
            for (bucket, count) in of(&a).counted {
                plain.number(bucket - last);
                plain.number(count);
                last = bucket;
            }
            let mut measured = Output::default();
            measured.count(plain.0.len());
            measured.0.extend_from_slice(&plain.0);
            for (body, layout) in [
                (output, Layout::Packed),
                (measured, Layout::Measured),
                (plain, Layout::Plain),
            ] {
                let (mut sum, mut bodies) = (of(&b), Bodies::default());
                bodies.push(body.0.clone().into(), layout);
                sum.keep(&mut Input(&body.0), body.0.len(), &bodies, layout).unwrap();
                let all = of(&[&*a, &*b].concat());
                prop_assert_eq!(sum.sums(&bodies), all.sums(&bodies));
                sum.settle(&bodies).unwrap();
                prop_assert_eq!(sum.counted, all.counted);
            }
        }
    }
}
