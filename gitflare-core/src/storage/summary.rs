//! How a usage summary is counted: one pass over the rows in any order, so that a backend can
//! stream them. Quantiles are exact; memory grows with the number of distinct keys and durations.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
};

use super::{Tally, UsageRow, UsageSummary, UsageTotals};
use crate::Timestamp;

const DAY_MILLIS: i64 = 86_400_000;

/// What is counted of a row, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct UsageFacts<'a> {
    /// When the request came.
    pub at: Timestamp,
    /// The client that read.
    pub client_id: &'a str,
    /// The key of the operation.
    pub endpoint_key: &'a str,
    /// The provider, where one was named.
    pub provider: Option<&'a str>,
    /// The repository, where one was named.
    pub repository_id: Option<&'a str>,
    /// The HTTP status of the answer.
    pub status: u16,
    /// Whether the answer was an error.
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

/// Counts rows into a [`UsageSummary`].
#[derive(Debug, Default)]
pub struct SummaryBuilder {
    totals: Counts,
    by_endpoint: HashMap<String, Counts>,
    by_provider: HashMap<String, Counts>,
    by_client: HashMap<String, Counts>,
    by_repository: HashMap<String, Counts>,
    by_status: HashMap<u16, Counts>,
    by_day: BTreeMap<i64, Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    requests: u64,
    errors: u64,
    blocked_files: u64,
    redacted_secrets: u64,
    /// How many reads took so many milliseconds.
    durations: BTreeMap<u64, u64>,
}

impl SummaryBuilder {
    /// Adds one row to the counts.
    pub fn add(&mut self, row: &UsageFacts<'_>) {
        self.totals.add(row);
        count(&mut self.by_endpoint, row.endpoint_key, row);
        count(&mut self.by_client, row.client_id, row);
        if let Some(provider) = row.provider {
            count(&mut self.by_provider, provider, row);
        }
        if let Some(repository) = row.repository_id {
            count(&mut self.by_repository, repository, row);
        }
        self.by_status.entry(row.status).or_default().add(row);
        let day = row.at.as_millis().div_euclid(DAY_MILLIS);
        self.by_day.entry(day).or_default().add(row);
    }

    /// The summary, each list cut at `top`.
    #[must_use]
    pub fn finish(self, top: usize) -> UsageSummary {
        let older = self.by_day.len().saturating_sub(top);
        let by_status = self.by_status.into_iter();
        UsageSummary {
            totals: self.totals.total(),
            by_endpoint: ranked(self.by_endpoint, top),
            by_provider: ranked(self.by_provider, top),
            by_client: ranked(self.by_client, top),
            by_repository: ranked(self.by_repository, top),
            by_status: ranked(
                by_status.map(|(status, counts)| (status.to_string(), counts)),
                top,
            ),
            by_day: self
                .by_day
                .into_iter()
                .skip(older)
                .map(|(day, counts)| {
                    let mut date = Timestamp::from_millis(day * DAY_MILLIS).to_string();
                    date.truncate("YYYY-MM-DD".len());
                    counts.tally(date)
                })
                .collect(),
        }
    }
}

/// Counts a row under a key, which is copied the first time only.
fn count(groups: &mut HashMap<String, Counts>, key: &str, row: &UsageFacts<'_>) {
    match groups.get_mut(key) {
        Some(counts) => counts.add(row),
        None => groups.entry(key.to_owned()).or_default().add(row),
    }
}

/// The groups with the most requests, in that order; equals in the order of their keys.
fn ranked(groups: impl IntoIterator<Item = (String, Counts)>, top: usize) -> Vec<Tally> {
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_unstable_by(|(a_key, a), (b_key, b)| {
        (Reverse(a.requests), a_key).cmp(&(Reverse(b.requests), b_key))
    });
    groups.truncate(top);
    groups
        .into_iter()
        .map(|(key, counts)| counts.tally(key))
        .collect()
}

impl Counts {
    fn add(&mut self, row: &UsageFacts<'_>) {
        self.requests += 1;
        self.errors += u64::from(row.is_error);
        self.blocked_files += row.blocked_files;
        self.redacted_secrets += row.redacted_secrets;
        *self.durations.entry(row.duration_ms).or_default() += 1;
    }

    fn tally(&self, key: String) -> Tally {
        Tally {
            key,
            requests: self.requests,
            errors: self.errors,
            p50_ms: self.quantile(50),
            p95_ms: self.quantile(95),
        }
    }

    fn total(&self) -> UsageTotals {
        UsageTotals {
            requests: self.requests,
            errors: self.errors,
            blocked_files: self.blocked_files,
            redacted_secrets: self.redacted_secrets,
            p50_ms: self.quantile(50),
            p95_ms: self.quantile(95),
        }
    }

    /// The smallest duration that so many percent of the reads did not exceed.
    fn quantile(&self, percent: u64) -> Option<u64> {
        let rank = (self.requests * percent).div_ceil(100);
        let mut seen = 0;
        self.durations
            .iter()
            .find(|(_, count)| {
                seen += **count;
                seen >= rank
            })
            .map(|(duration, _)| *duration)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_durations_that_happened() {
        for (durations, p50, p95) in [
            (vec![], None, None),
            (vec![7], Some(7), Some(7)),
            (vec![9, 1], Some(1), Some(9)),
            ((1..=100).collect(), Some(50), Some(95)),
            ((1..=19).chain([5000]).collect(), Some(10), Some(19)),
        ] {
            let mut counts = Counts::default();
            for &duration in &durations {
                counts.requests += 1;
                *counts.durations.entry(duration).or_default() += 1;
            }
            assert_eq!(counts.quantile(50), p50, "{durations:?}");
            assert_eq!(counts.quantile(95), p95, "{durations:?}");
        }
    }
}
