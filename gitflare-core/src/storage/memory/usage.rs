//! The usage log in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::MemoryStorage;
use crate::{
    Result, Timestamp,
    storage::{Tally, UsageQuery, UsageRow, UsageStore, UsageSummary},
};

#[async_trait]
impl UsageStore for MemoryStorage {
    async fn record(&self, row: UsageRow) -> Result<()> {
        self.state().usage.push(row);
        Ok(())
    }

    async fn flush(&self) -> Result<()> {
        Ok(())
    }

    async fn list(
        &self,
        query: &UsageQuery,
        offset: u64,
        limit: usize,
    ) -> Result<(Vec<UsageRow>, u64)> {
        let mut rows = self.matching(query);
        rows.sort_by(|a, b| (b.at, &b.id).cmp(&(a.at, &a.id)));
        let total = rows.len() as u64;
        let skip = usize::try_from(offset).unwrap_or(usize::MAX);
        Ok((rows.into_iter().skip(skip).take(limit).collect(), total))
    }

    async fn summary(&self, query: &UsageQuery, top: usize) -> Result<UsageSummary> {
        let rows = self.matching(query);
        let ranked = |key: &dyn Fn(&UsageRow) -> Option<String>| {
            let mut tallies = by(&rows, key);
            tallies.sort_by(|a, b| b.requests.cmp(&a.requests).then_with(|| a.key.cmp(&b.key)));
            tallies.truncate(top);
            tallies
        };
        let mut by_day = by(&rows, &|row| Some(row.at.to_string()[..10].to_owned()));
        by_day.truncate(top);
        Ok(UsageSummary {
            totals: tally(String::new(), &rows.iter().collect::<Vec<_>>()),
            by_endpoint: ranked(&|row| Some(row.endpoint_key.to_owned())),
            by_provider: ranked(&|row| row.provider.map(|provider| provider.to_string())),
            by_client: ranked(&|row| Some(row.client_id.to_string())),
            by_repository: ranked(&|row| row.repository_id.clone()),
            by_status: ranked(&|row| Some(row.status.to_string())),
            by_day,
        })
    }

    async fn purge(&self, before: Timestamp, limit: usize) -> Result<usize> {
        let mut state = self.state();
        let mut left = limit;
        state.usage.retain(|row| {
            let goes = row.at < before && left > 0;
            left -= usize::from(goes);
            !goes
        });
        Ok(limit - left)
    }
}

impl MemoryStorage {
    fn matching(&self, query: &UsageQuery) -> Vec<UsageRow> {
        let rows = &self.state().usage;
        rows.iter()
            .filter(|row| query.matches(row))
            .cloned()
            .collect()
    }
}

/// The rows of each key, in the order of keys; rows without key are left out.
fn by(rows: &[UsageRow], key: &dyn Fn(&UsageRow) -> Option<String>) -> Vec<Tally> {
    let mut groups: BTreeMap<String, Vec<&UsageRow>> = BTreeMap::new();
    for row in rows {
        if let Some(key) = key(row) {
            groups.entry(key).or_default().push(row);
        }
    }
    groups
        .into_iter()
        .map(|(key, rows)| tally(key, &rows))
        .collect()
}

fn tally(key: String, rows: &[&UsageRow]) -> Tally {
    let mut durations: Vec<u64> = rows.iter().map(|row| row.duration_ms).collect();
    durations.sort_unstable();
    let quantile = |percent: usize| {
        // The smallest duration that so many percent of the reads did not exceed.
        let rank = (durations.len() * percent).div_ceil(100);
        durations.get(rank.max(1) - 1).copied()
    };
    Tally {
        key,
        requests: rows.len() as u64,
        errors: rows.iter().filter(|row| row.error_code.is_some()).count() as u64,
        blocked_files: rows.iter().map(|row| row.blocked_files).sum(),
        redacted_secrets: rows.iter().map(|row| row.redacted_secrets).sum(),
        p50_ms: quantile(50),
        p95_ms: quantile(95),
    }
}
