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
        Ok(summary.finish(top))
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
