//! Counts over usage rows that can be added up: rows are counted once, when their hour is over, and
//! a summary adds up the counts of hours and days. Everything but the quantiles is exact; these are
//! told as `histogram.rs` says.

use std::{
    borrow::Cow,
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use super::{
    Tally, UsageRow, UsageSummary, UsageTotals,
    bytes::{Input, Output},
    histogram::{Bodies, Histogram, Layout},
};
use crate::{Error, Result, Timestamp};

const DAY_MILLIS: i64 = 86_400_000;
/// The form in which counts are kept.
const VERSION: u8 = 3;
/// Kept counts after which a summary adds their histograms, in bytes: beyond, the notes of where each
/// lies would be many, and the bytes as well where they are its own.
const MOST_HELD: usize = 8 << 20;

/// What is counted of a row, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct UsageFacts<'a> {
    /// When the read began.
    pub at: Timestamp,
    /// The client.
    pub client_id: &'a str,
    /// The endpoint's key.
    pub endpoint_key: &'a str,
    /// The provider, where one was named.
    pub provider: Option<&'a str>,
    /// The repository, where one was named.
    pub repository_id: Option<&'a str>,
    /// The HTTP status of the answer.
    pub status: u16,
    /// Whether it failed.
    pub is_error: bool,
    /// Milliseconds until the answer was ready.
    pub duration_ms: u64,
    /// How many files were stripped.
    pub blocked_files: u64,
    /// How many secrets were hashed.
    pub redacted_secrets: u64,
}

impl<'a> From<&'a UsageRow> for UsageFacts<'a> {
    fn from(row: &'a UsageRow) -> Self {
        Self {
            at: row.at,
            client_id: row.client_id.as_str(),
            endpoint_key: row.endpoint_key,
            provider: row.provider.map(crate::provider::ProviderId::as_str),
            repository_id: row.repository_id.as_deref(),
            status: row.status,
            is_error: row.error_code.is_some(),
            duration_ms: row.duration_ms,
            blocked_files: row.blocked_files,
            redacted_secrets: row.redacted_secrets,
        }
    }
}

#[derive(Clone, Debug, Default)]
struct Counts {
    requests: u64,
    errors: u64,
    blocked_files: u64,
    redacted_secrets: u64,
    durations: Histogram,
}

impl Counts {
    fn add(&mut self, row: &UsageFacts<'_>) {
        self.requests += 1;
        self.errors += u64::from(row.is_error);
        self.blocked_files += row.blocked_files;
        self.redacted_secrets += row.redacted_secrets;
        self.durations.add(row.duration_ms);
    }

    fn write(&self, output: &mut Output) {
        for number in [
            self.requests,
            self.errors,
            self.blocked_files,
            self.redacted_secrets,
        ] {
            output.number(number);
        }
        self.durations.write(output);
    }

    fn keep(
        &mut self,
        input: &mut Input<'_>,
        length: usize,
        bodies: &Bodies<'_>,
        layout: Layout,
    ) -> Option<()> {
        for count in [
            &mut self.requests,
            &mut self.errors,
            &mut self.blocked_files,
            &mut self.redacted_secrets,
        ] {
            *count = count.checked_add(input.number()?)?;
        }
        self.durations.keep(input, length, bodies, layout)
    }

    fn merge(&mut self, other: &Self) {
        self.requests += other.requests;
        self.errors += other.errors;
        self.blocked_files += other.blocked_files;
        self.redacted_secrets += other.redacted_secrets;
        self.durations.merge(&other.durations);
    }

    fn tally(&self, key: &str, bodies: &Bodies<'_>) -> Option<Tally> {
        let [p50_ms, p95_ms] = self.durations.quantiles(bodies, [50, 95])?;
        Some(Tally {
            key: key.to_owned(),
            requests: self.requests,
            errors: self.errors,
            p50_ms,
            p95_ms,
        })
    }

    fn total(&self, bodies: &Bodies<'_>) -> Option<UsageTotals> {
        let [p50_ms, p95_ms] = self.durations.quantiles(bodies, [50, 95])?;
        Some(UsageTotals {
            requests: self.requests,
            errors: self.errors,
            blocked_files: self.blocked_files,
            redacted_secrets: self.redacted_secrets,
            p50_ms,
            p95_ms,
        })
    }
}

/// What rows are grouped by, in the order in which the groups are kept.
#[derive(Clone, Copy, Debug)]
enum Group {
    Endpoint,
    Provider,
    Client,
    Repository,
    Status,
}

const GROUPS: [Group; 5] = [
    Group::Endpoint,
    Group::Provider,
    Group::Client,
    Group::Repository,
    Group::Status,
];

/// Counts by what rows have in common, in the order in which the keys were first seen.
#[derive(Clone, Debug, Default)]
struct Groups {
    counts: Vec<(Arc<str>, Counts)>,
    places: HashMap<Arc<str>, usize>,
}

impl Groups {
    /// Where the counts of a key are. Kept counts stand in the order of their keys, so that a key is
    /// mostly found where it is guessed: behind the one before it.
    fn place(&mut self, key: &str, guess: usize) -> usize {
        match self.counts.get(guess) {
            Some((guessed, _)) if **guessed == *key => guess,
            _ => self.places.get(key).copied().unwrap_or_else(|| {
                let (key, place) = (Arc::<str>::from(key), self.counts.len());
                self.counts.push((key.clone(), Counts::default()));
                self.places.insert(key, place);
                place
            }),
        }
    }

    fn add(&mut self, key: &str, row: &UsageFacts<'_>) {
        let place = self.place(key, 0);
        self.counts[place].1.add(row);
    }

    /// Adds the kept groups at the beginning of `input`, which is the end of the last of the bodies.
    fn keep(
        &mut self,
        input: &mut Input<'_>,
        length: usize,
        bodies: &Bodies<'_>,
        layout: Layout,
    ) -> Option<()> {
        let mut place = 0;
        for _ in 0..input.count()? {
            place = self.place(input.text()?, place);
            self.counts[place].1.keep(input, length, bodies, layout)?;
            place += 1;
        }
        Some(())
    }

    fn write(&self, output: &mut Output) {
        let mut counts: Vec<_> = self.counts.iter().collect();
        // Stable: what was read is in order already, and takes one look each.
        counts.sort_by(|(a, _), (b, _)| a.cmp(b));
        output.count(counts.len());
        for (key, counts) in counts {
            output.text(key);
            counts.write(output);
        }
    }

    /// The groups with the most requests, in that order; equals in the order of their keys. `None`
    /// when kept counts of one are damaged.
    fn ranked(mut self, top: usize, bodies: &Bodies<'_>) -> Option<Vec<Tally>> {
        self.counts.sort_unstable_by(|(a_key, a), (b_key, b)| {
            (Reverse(a.requests), a_key).cmp(&(Reverse(b.requests), b_key))
        });
        let told = self.counts.iter().take(top);
        told.map(|(key, counts)| counts.tally(key, bodies))
            .collect()
    }
}

/// Counts over some rows, in all and by what they have in common.
#[derive(Clone, Debug, Default)]
pub struct UsageRollup {
    totals: Counts,
    groups: [Groups; GROUPS.len()],
}

impl UsageRollup {
    /// Counts one row.
    pub fn add(&mut self, row: &UsageFacts<'_>) {
        self.totals.add(row);
        let status = row.status.to_string();
        for group in GROUPS {
            let key = match group {
                Group::Endpoint => Some(row.endpoint_key),
                Group::Provider => row.provider,
                Group::Client => Some(row.client_id),
                Group::Repository => row.repository_id,
                Group::Status => Some(status.as_str()),
            };
            if let Some(key) = key {
                self.groups[group as usize].add(key, row);
            }
        }
    }

    /// Adds counts that were kept.
    ///
    /// # Errors
    /// `INTERNAL_ERROR` when they are damaged: it is of no use any more then.
    pub fn absorb(&mut self, kept: &[u8]) -> Result<()> {
        let mut bodies = Bodies::default();
        let absorbed = self
            .read(kept.into(), &mut bodies)
            .and_then(|_| self.settle(&bodies));
        absorbed.ok_or_else(damaged)
    }

    /// Adds counts that were kept, but for the sums of their histograms, and answers with their totals;
    /// `None` when they are damaged.
    fn read<'b>(&mut self, kept: Cow<'b, [u8]>, bodies: &mut Bodies<'b>) -> Option<Counts> {
        let layout = match kept.first()? {
            1 => Layout::Plain,
            2 => Layout::Measured,
            &VERSION => Layout::Packed,
            _ => return None,
        };
        let length = kept.len();
        bodies.push(kept, layout);
        let bodies = &*bodies;
        let mut input = Input(bodies.last()?.get(1..)?);
        let mut totals = Counts::default();
        totals.keep(&mut input, length, bodies, layout)?;
        self.totals.merge(&totals);
        for group in &mut self.groups {
            group.keep(&mut input, length, bodies, layout)?;
        }
        input.0.is_empty().then_some(totals)
    }

    /// Adds up all histograms, so that nothing needs the bodies any longer; `None` when one is damaged.
    fn settle(&mut self, bodies: &Bodies<'_>) -> Option<()> {
        let groups = self.groups.iter_mut().flat_map(|group| &mut group.counts);
        let groups = groups.map(|(_, counts)| counts);
        let mut all = std::iter::once(&mut self.totals).chain(groups);
        all.try_for_each(|counts| counts.durations.settle(bodies))
    }

    /// The counts as they are kept.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut output = Output::default();
        output.byte(VERSION);
        self.totals.write(&mut output);
        for group in &self.groups {
            group.write(&mut output);
        }
        output.0
    }

    /// How many rows were counted.
    #[must_use]
    pub const fn requests(&self) -> u64 {
        self.totals.requests
    }

    /// The clients whose rows were counted.
    pub fn clients(&self) -> impl Iterator<Item = &str> {
        let clients = self.groups[Group::Client as usize].counts.iter();
        clients.map(|(key, _)| &**key)
    }
}

fn damaged() -> Error {
    Error::internal("counts of the usage log are damaged")
}

/// Adds rows and counts up to a [`UsageSummary`], in any order. Counts that were kept can be lent to
/// it: their bytes are read where they are.
#[derive(Debug, Default)]
pub struct SummaryBuilder<'b> {
    all: UsageRollup,
    by_day: BTreeMap<i64, Counts>,
    /// What the histograms of the counts above are still to be added from.
    bodies: Bodies<'b>,
    /// Their bytes.
    held: usize,
}

impl<'b> SummaryBuilder<'b> {
    /// Counts one row.
    pub fn add(&mut self, row: &UsageFacts<'_>) {
        self.all.add(row);
        let day = row.at.as_millis().div_euclid(DAY_MILLIS);
        self.by_day.entry(day).or_default().add(row);
    }

    /// Adds counts that were kept of rows of one day: the number of days since 1970.
    ///
    /// # Errors
    /// `INTERNAL_ERROR` when they are damaged.
    pub fn absorb(&mut self, day: i64, kept: impl Into<Cow<'b, [u8]>>) -> Result<()> {
        let kept = kept.into();
        self.held += kept.len();
        let totals = self.all.read(kept, &mut self.bodies);
        let totals = totals.ok_or_else(damaged)?;
        self.by_day.entry(day).or_default().merge(&totals);
        if self.held > MOST_HELD {
            self.settle().ok_or_else(damaged)?;
        }
        Ok(())
    }

    fn settle(&mut self) -> Option<()> {
        let mut days = self.by_day.values_mut();
        days.try_for_each(|counts| counts.durations.settle(&self.bodies))?;
        self.all.settle(&self.bodies)?;
        self.bodies = Bodies::default();
        self.held = 0;
        Some(())
    }

    /// The summary, each list cut at `top`.
    ///
    /// # Errors
    /// `INTERNAL_ERROR` when counts that were kept are damaged.
    pub fn finish(self, top: usize) -> Result<UsageSummary> {
        self.told(top).ok_or_else(damaged)
    }

    fn told(self, top: usize) -> Option<UsageSummary> {
        let older = self.by_day.len().saturating_sub(top);
        let bodies = &self.bodies;
        let [endpoints, providers, clients, repositories, statuses] = self.all.groups;
        let days = self.by_day.into_iter().skip(older).map(|(day, counts)| {
            let mut date = Timestamp::from_millis(day * DAY_MILLIS).to_string();
            date.truncate("YYYY-MM-DD".len());
            counts.tally(&date, bodies)
        });
        Some(UsageSummary {
            totals: self.all.totals.total(bodies)?,
            by_endpoint: endpoints.ranked(top, bodies)?,
            by_provider: providers.ranked(top, bodies)?,
            by_client: clients.ranked(top, bodies)?,
            by_repository: repositories.ranked(top, bodies)?,
            by_status: statuses.ranked(top, bodies)?,
            by_day: days.collect::<Option<_>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    prop_compose! {
        fn facts()(
            at in 0i64..400_000_000,
            client in prop::sample::select(vec!["client_1", "client_2"]),
            endpoint in prop::sample::select(vec!["commits.list", "tags.list"]),
            repository in prop::option::of(prop::sample::select(vec!["7", "a/b"])),
            status in prop::sample::select(vec![200u16, 404]),
            duration in 0u64..100_000,
            blocked in 0u64..3,
        ) -> UsageFacts<'static> {
            UsageFacts {
                at: Timestamp::from_millis(at),
                client_id: client,
                endpoint_key: endpoint,
                provider: repository.map(|_| "github"),
                repository_id: repository,
                status,
                is_error: status != 200,
                duration_ms: duration,
                blocked_files: blocked,
                redacted_secrets: 1,
            }
        }
    }

    proptest! {
        #[test]
        fn counts_of_days_add_up_to_counts_of_rows(rows in prop::collection::vec(facts(), 0..60)) {
            let mut by_row = SummaryBuilder::default();
            let mut days: BTreeMap<i64, UsageRollup> = BTreeMap::new();
            for row in &rows {
                by_row.add(row);
                let day = row.at.as_millis().div_euclid(DAY_MILLIS);
                days.entry(day).or_default().add(row);
            }
            let mut by_day = SummaryBuilder::default();
            for (day, rollup) in &days {
                by_day.absorb(*day, rollup.to_bytes()).unwrap();
            }
            prop_assert_eq!(by_day.finish(10).unwrap(), by_row.finish(10).unwrap());
        }

        #[test]
        fn damaged_counts_are_refused(rows in prop::collection::vec(facts(), 1..9), cut in 1usize..20) {
            let mut rollup = UsageRollup::default();
            for row in &rows {
                rollup.add(row);
            }
            let bytes = rollup.to_bytes();
            let cut = bytes.len().saturating_sub(cut);
            prop_assert!(UsageRollup::default().absorb(&bytes[..cut]).is_err());
        }
    }
}
