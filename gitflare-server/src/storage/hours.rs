//! The usage log an hour at a time, the oldest first: how it is moved and exported. An hour's rows are
//! asked for in pages, so that no walk goes deep into the log.

use std::ops::RangeInclusive;

use gitflare_core::{
    Result, Timestamp,
    storage::{Storage, UsageQuery, UsageRow},
};

const HOUR_MILLIS: i64 = 3_600_000;
const ROWS_AT_ONCE: u64 = 1000;

/// The hours since 1970 from the oldest row that matches to the newest; `None` without rows.
pub(crate) async fn between(
    storage: &dyn Storage,
    query: &UsageQuery,
) -> Result<Option<RangeInclusive<i64>>> {
    let (newest, total) = storage.usage().list(query, 0, 1).await?;
    let (oldest, _) = match total {
        0 => return Ok(None),
        _ => storage.usage().list(query, total - 1, 1).await?,
    };
    let hour = |rows: &[UsageRow]| {
        let first = rows.first()?;
        Some(first.at.as_millis().div_euclid(HOUR_MILLIS))
    };
    Ok(hour(&oldest)
        .zip(hour(&newest))
        .map(|(first, last)| first..=last))
}

/// The part of a question that lies in an hour.
pub(crate) fn of(hour: i64, query: &UsageQuery) -> UsageQuery {
    let begin = Timestamp::from_millis(hour * HOUR_MILLIS);
    let end = Timestamp::from_millis((hour + 1) * HOUR_MILLIS);
    UsageQuery {
        from: Some(query.from.map_or(begin, |from| from.max(begin))),
        to: Some(query.to.map_or(end, |to| to.min(end))),
        ..query.clone()
    }
}

/// Hands on the rows of an hour's question in pages, the oldest first; how many they are.
pub(crate) async fn each_page(
    storage: &dyn Storage,
    query: &UsageQuery,
    mut page: impl FnMut(Vec<UsageRow>) -> Result<()>,
) -> Result<u64> {
    let (_, total) = storage.usage().list(query, 0, 1).await?;
    let mut left = total;
    while left > 0 {
        // The store lists the newest first.
        let offset = left.saturating_sub(ROWS_AT_ONCE);
        let count = (left - offset) as usize;
        let (mut rows, _) = storage.usage().list(query, offset, count).await?;
        rows.reverse();
        page(rows)?;
        left = offset;
    }
    Ok(total)
}

/// All rows of an hour's question, the oldest first.
pub(crate) async fn rows(storage: &dyn Storage, query: &UsageQuery) -> Result<Vec<UsageRow>> {
    let mut all = Vec::new();
    each_page(storage, query, |page| {
        all.extend(page);
        Ok(())
    })
    .await?;
    Ok(all)
}
