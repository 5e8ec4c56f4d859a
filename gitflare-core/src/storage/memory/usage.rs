//! The usage log in memory.

use async_trait::async_trait;

use super::MemoryStorage;
use crate::{
    Result, Timestamp,
    storage::{SummaryBuilder, UsageQuery, UsageRow, UsageStore, UsageSummary},
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
        let mut summary = SummaryBuilder::default();
        for row in &self.matching(query) {
            summary.add(&row.into());
        }
        summary.finish(top)
    }

    async fn purge(&self, before: Timestamp, limit: usize) -> Result<usize> {
        const HOUR_MILLIS: i64 = 3_600_000;
        let hour = before.as_millis().div_euclid(HOUR_MILLIS);
        let before = Timestamp::from_millis(hour * HOUR_MILLIS);
        let mut state = self.state();
        state.usage_from = state.usage_from.max(Some(before));
        let mut left = limit;
        state.usage.retain(|row| {
            let goes = row.at < before && left > 0;
            left -= usize::from(goes);
            !goes
        });
        Ok(limit - left)
    }

    async fn rebuild(&self, _progress: &(dyn Fn(u64, u64) + Sync)) -> Result<()> {
        // Nothing is counted ahead.
        Ok(())
    }
}

impl MemoryStorage {
    fn matching(&self, query: &UsageQuery) -> Vec<UsageRow> {
        let state = self.state();
        let rows = state.usage.iter();
        rows.filter(|row| query.matches(row) && Some(row.at) >= state.usage_from)
            .cloned()
            .collect()
    }
}
