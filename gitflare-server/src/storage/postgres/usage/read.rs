//! Pages and summaries of the usage log, each of one moment. Days and hours that a question covers
//! whole are answered by their counts; rows are read of the hours at its ends, and of the hour at
//! which a page begins. Only questions by endpoint, provider or repository, or by customers and apps
//! at once, read all of their rows. Statements that do not need each other's answers go out together.

use std::{iter, ops::Range};

use futures_util::future::{try_join, try_join_all};
use gitflare_core::storage::{SummaryBuilder, UsageQuery, UsageRow, UsageSummary};
use tokio_postgres::types::ToSql;

use super::{
    DAY, DAY_MILLIS, HOUR, HOUR_MILLIS,
    rows::{self, Condition},
};
use crate::storage::{
    postgres::{
        Database,
        session::{Failure, Session},
    },
    sql::{Columns, Statement, natural, number, saturated, text, usage, values},
};

type Result<T> = std::result::Result<T, Failure>;

/// Rows that are read at a time, where all are read.
const READ_AT_ONCE: i64 = 10_000;

/// Whose counts answer a question.
#[derive(Debug)]
enum Owners {
    /// Those with these ids, in that column of a row.
    These(Vec<String>, &'static str),
    /// Everybody: all clients together.
    Everybody,
}

impl Owners {
    /// `None` where counts do not answer it.
    fn of(query: &UsageQuery) -> Option<Self> {
        if query.is_narrowed() {
            return None;
        }
        let mut ids: Vec<_> = query.clients.iter().map(ToString::to_string).collect();
        ids.extend(query.tenants.iter().map(ToString::to_string));
        ids.sort_unstable();
        ids.dedup();
        match (query.clients.is_empty(), query.tenants.is_empty()) {
            (true, true) => Some(Self::Everybody),
            (false, true) => Some(Self::These(ids, "client_id")),
            (true, false) => Some(Self::These(ids, "tenant_id")),
            (false, false) => None,
        }
    }
}

/// A span with the number of its rows.
type Counts = Vec<(Range<i64>, u64)>;

/// One question, in a transaction that sees one moment.
#[derive(Debug)]
pub(super) struct Reader {
    session: Session,
    query: UsageQuery,
    owners: Option<Owners>,
    from: i64,
    to: i64,
}

impl Reader {
    pub(super) async fn begin(database: &Database, query: &UsageQuery) -> Result<Self> {
        let mut session = database.session().await?;
        session
            .begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            .await?;
        let seen = "SELECT value FROM usage_state WHERE name = 'from'";
        let seen = session.one(Statement::new(seen, values![]), |row| row.number(0));
        let seen_from = seen.await?.flatten().unwrap_or(i64::MIN);
        let from = query
            .from
            .map_or(i64::MIN, gitflare_core::Timestamp::as_millis);
        let mut reader = Self {
            session,
            owners: Owners::of(query),
            from: from.max(seen_from),
            to: query
                .to
                .map_or(i64::MAX, gitflare_core::Timestamp::as_millis),
            query: query.clone(),
        };
        if reader.owners.is_some() {
            reader.widen().await?;
        }
        Ok(reader)
    }

    /// Widens the period to whole hours where no row of the owners is between: the newest hour of a
    /// question that ends now is answered by its count.
    async fn widen(&mut self) -> Result<()> {
        let hour = |at: i64| at.div_euclid(HOUR_MILLIS).saturating_mul(HOUR_MILLIS);
        let before = hour(self.from)..self.from;
        let behind = self.to..hour(self.to.saturating_add(HOUR_MILLIS - 1));
        let is_free = async |times: &Range<i64>| {
            Ok::<_, Failure>(!times.is_empty() && self.page(times, 0, 1).await?.is_empty())
        };
        let (is_free_before, is_free_behind) = try_join(is_free(&before), is_free(&behind)).await?;
        if is_free_before {
            self.from = before.start;
        }
        if is_free_behind {
            self.to = behind.end;
        }
        Ok(())
    }

    /// Counts over all rows of the question.
    pub(super) async fn summary(self, top: usize) -> Result<UsageSummary> {
        let (counted, rest): (_, Vec<_>) = match &self.owners {
            Some(owners) => {
                let parts = Parts::of(self.from, self.to);
                let counted = self.counts_by_day(owners, &parts).await?;
                (counted, parts.rows().collect())
            }
            None => (Vec::new(), iter::once(self.from..self.to).collect()),
        };
        let mut summary = SummaryBuilder::default();
        for (day, row) in &counted {
            summary.absorb(*day, row.bytes(1)?.unwrap_or_default())?;
        }
        for times in rest {
            self.add_rows(&times, &mut summary).await?;
        }
        self.session.commit().await?;
        Ok(summary.finish(top)?)
    }

    /// Rows of time and body that hold the kept counts of the owners, each with its day since 1970.
    async fn counts_by_day(
        &self,
        owners: &Owners,
        parts: &Parts,
    ) -> Result<Vec<(i64, tokio_postgres::Row)>> {
        let asked = parts.counted().map(|(period, times)| async move {
            let found = self.counts(owners, "time, body", period, &times, "");
            let in_a_day = if period == DAY { 1 } else { 24 };
            let by_day = found.await?.into_iter().map(|row| {
                let time: i64 = number(&row, 0)?;
                Ok((time.div_euclid(in_a_day), row))
            });
            by_day.collect::<Result<Vec<_>>>()
        });
        Ok(try_join_all(asked).await?.into_iter().flatten().collect())
    }

    /// Kept counts of the owners, of times in the units of the period.
    async fn counts(
        &self,
        owners: &Owners,
        columns: &str,
        period: &'static str,
        times: &Range<i64>,
        rest: &str,
    ) -> Result<Vec<tokio_postgres::Row>> {
        let select = format!(
            "SELECT {columns} FROM usage_counts WHERE period = $1 AND time >= $2 AND time < $3"
        );
        match owners {
            Owners::These(ids, _) => {
                let text = format!("{select} AND owner = ANY($4) {rest}");
                let bound: [&(dyn ToSql + Sync); 4] = [&period, &times.start, &times.end, ids];
                self.session.query(&text, &bound).await
            }
            Owners::Everybody => {
                let text = format!("{select} AND starts_with(owner, 'client_') {rest}");
                let bound: [&(dyn ToSql + Sync); 3] = [&period, &times.start, &times.end];
                self.session.query(&text, &bound).await
            }
        }
    }

    /// Counts rows one by one, newest first.
    async fn add_rows(&self, times: &Range<i64>, summary: &mut SummaryBuilder<'_>) -> Result<()> {
        let mut before: Option<(i64, String)> = None;
        loop {
            let mut condition = Condition::of(&self.query, times.start, times.end);
            let mut clause = condition.clause.clone();
            if let Some((at, id)) = before {
                let (at, id) = (condition.bind(at), condition.bind(id));
                clause += &format!(" AND at <= ${at} AND (at, id) < (${at}, ${id})");
            }
            let page = format!(
                "SELECT {} FROM usage_rows WHERE {clause} ORDER BY at DESC, id DESC
                 LIMIT {READ_AT_ONCE}",
                usage::COLUMNS
            );
            let found = self.session.query(&page, &condition.bound()).await?;
            for row in &found {
                summary.add(&rows::facts(row)?);
            }
            let Some(last) = found.last() else {
                return Ok(());
            };
            before = Some((number(last, 0)?, text(last, 1)?));
        }
    }

    /// The rows from the `offset`-th on, newest first, and how many there are in all.
    pub(super) async fn list(self, offset: u64, limit: usize) -> Result<(Vec<UsageRow>, u64)> {
        let (times, skip, total) = match &self.owners {
            Some(owners) => self.place(owners, offset, limit).await?,
            None => {
                let times = self.from..self.to;
                let total = self.count(&times).await?;
                (times, offset, total)
            }
        };
        let rows = match offset < total && limit > 0 {
            true => self.page(&times, skip, limit).await?,
            false => Vec::new(),
        };
        self.session.commit().await?;
        Ok((rows, total))
    }

    /// How many rows there are of some times.
    async fn count(&self, times: &Range<i64>) -> Result<u64> {
        let condition = Condition::of(&self.query, times.start, times.end);
        let text = format!("SELECT count(*) FROM usage_rows WHERE {}", condition.clause);
        let found = self.session.query(&text, &condition.bound()).await?;
        found.first().map_or(Ok(0), |row| natural(row, 0))
    }

    /// From the counts: the times from the span that the page's last row lies in up to the hour of
    /// its first, the `offset`-th, how many of their rows are newer than that one, and how many rows
    /// there are in all. Partitions outside these times need no look.
    async fn place(
        &self,
        owners: &Owners,
        offset: u64,
        limit: usize,
    ) -> Result<(Range<i64>, u64, u64)> {
        let parts = Parts::of(self.from, self.to);
        let mut found = Counts::new();
        let asked = parts
            .counted()
            .map(|(period, times)| async move { self.counted(owners, period, &times).await });
        found.extend(try_join_all(asked).await?.into_iter().flatten());
        for times in parts.rows() {
            let rows = self.count(&times).await?;
            found.push((times, rows));
        }
        found.sort_unstable_by_key(|(times, _)| std::cmp::Reverse(times.start));
        let total: u64 = found.iter().map(|(_, rows)| rows).sum();
        let Some((times, skip)) = passed(&found, offset).filter(|_| limit > 0) else {
            return Ok((self.from..self.to, 0, total));
        };
        let last = offset.saturating_add(limit as u64).min(total) - 1;
        let from = passed(&found, last).map_or(self.from, |(times, _)| times.start);
        let from = from.max(self.from);
        if times.end - times.start != DAY_MILLIS {
            return Ok((from..times.end, skip, total));
        }
        let hours = times.start.div_euclid(HOUR_MILLIS)..times.end.div_euclid(HOUR_MILLIS);
        let mut found = self.counted(owners, HOUR, &hours).await?;
        found.sort_unstable_by_key(|(times, _)| std::cmp::Reverse(times.start));
        let (hour, skip) = passed(&found, skip).unwrap_or((times, skip));
        Ok((from..hour.end, skip, total))
    }

    /// How many rows the owners have of each time that has some.
    async fn counted(
        &self,
        owners: &Owners,
        period: &'static str,
        times: &Range<i64>,
    ) -> Result<Counts> {
        let length = if period == DAY {
            DAY_MILLIS
        } else {
            HOUR_MILLIS
        };
        let columns = "time, sum(rows)::bigint";
        let found = self.counts(owners, columns, period, times, "GROUP BY time");
        let found = found.await?;
        found
            .iter()
            .map(|row| {
                let start = number::<_, i64>(row, 0)? * length;
                Ok((start..start + length, natural(row, 1)?))
            })
            .collect()
    }

    /// Rows of some times, newest first: each owner's by its index, then merged.
    async fn page(&self, times: &Range<i64>, skip: u64, limit: usize) -> Result<Vec<UsageRow>> {
        let skip = saturated(skip);
        let limit = saturated(limit as u64);
        let columns = usage::COLUMNS;
        let found = match &self.owners {
            Some(Owners::These(ids, column)) => {
                let text = format!(
                    "SELECT {columns} FROM unnest($1::text[]) AS asked (owner), LATERAL (
                       SELECT {columns} FROM usage_rows WHERE {column} = asked.owner
                         AND at >= $2 AND at < $3 ORDER BY at DESC, id DESC LIMIT $4) AS newest
                     ORDER BY at DESC, id DESC OFFSET $5 LIMIT $6"
                );
                let most = skip.saturating_add(limit);
                let bound: [&(dyn ToSql + Sync); 6] =
                    [ids, &times.start, &times.end, &most, &skip, &limit];
                self.session.query(&text, &bound).await?
            }
            _ => {
                let mut condition = Condition::of(&self.query, times.start, times.end);
                let (skip, limit) = (condition.bind(skip), condition.bind(limit));
                let text = format!(
                    "SELECT {columns} FROM usage_rows WHERE {}
                     ORDER BY at DESC, id DESC OFFSET ${skip} LIMIT ${limit}",
                    condition.clause
                );
                self.session.query(&text, &condition.bound()).await?
            }
        };
        found.iter().map(usage::row).collect()
    }
}

/// The span in which the `offset`-th row lies, and how many of its rows are newer.
fn passed(found: &[(Range<i64>, u64)], mut offset: u64) -> Option<(Range<i64>, u64)> {
    for (times, rows) in found {
        if offset < *rows {
            return Some((times.clone(), offset));
        }
        offset -= rows;
    }
    None
}

/// A period cut into days and hours that are whole, and the rest.
#[derive(Debug, PartialEq, Eq)]
struct Parts {
    /// In days since 1970.
    days: Range<i64>,
    /// In hours since 1970, before and behind the days.
    hours: [Range<i64>; 2],
    /// In milliseconds, before and behind the hours.
    ends: [Range<i64>; 2],
}

impl Parts {
    fn of(from: i64, to: i64) -> Self {
        let whole = |from: i64, to: i64, length: i64| {
            let first = from.div_euclid(length) + i64::from(from.rem_euclid(length) != 0);
            first..to.div_euclid(length).max(first)
        };
        /// Whole days behind which there are no rows, so that nothing overflows.
        const FAR: i64 = i64::MAX / 4 / DAY_MILLIS * DAY_MILLIS;
        let (from, to) = (from.max(-DAY_MILLIS), to.min(FAR));
        let hours = whole(from, to, HOUR_MILLIS);
        let days = whole(
            hours.start * HOUR_MILLIS,
            hours.end * HOUR_MILLIS,
            DAY_MILLIS,
        );
        let ends = match hours.is_empty() {
            true => [from..to.max(from), to..to],
            false => [from..hours.start * HOUR_MILLIS, hours.end * HOUR_MILLIS..to],
        };
        let hours = match days.is_empty() {
            true => [hours.clone(), hours.end..hours.end],
            false => [hours.start..days.start * 24, days.end * 24..hours.end],
        };
        Self { days, hours, ends }
    }

    fn counted(&self) -> impl Iterator<Item = (&'static str, Range<i64>)> {
        let hours = self.hours.clone().map(|hours| (HOUR, hours));
        let all = [(DAY, self.days.clone())].into_iter().chain(hours);
        all.filter(|(_, times)| !times.is_empty())
    }

    fn rows(&self) -> impl Iterator<Item = Range<i64>> {
        let ends = self.ends.clone();
        ends.into_iter().filter(|times| !times.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_cut_into_whole_days_whole_hours_and_the_rest() {
        let hour = HOUR_MILLIS;
        let parts = Parts::of(22 * hour + 1, 49 * hour + 7);
        assert_eq!(parts.days, 1..2);
        assert_eq!(parts.hours, [23..24, 48..49]);
        assert_eq!(
            parts.ends,
            [22 * hour + 1..23 * hour, 49 * hour..49 * hour + 7]
        );
        let parts = Parts::of(5, 9);
        assert_eq!(
            (
                parts.counted().count(),
                parts.rows().next(),
                parts.rows().count()
            ),
            (0, Some(5..9), 1)
        );
        let parts = Parts::of(2 * hour, 5 * hour);
        assert_eq!(parts.counted().collect::<Vec<_>>(), [(HOUR, 2..5)]);
        assert_eq!(parts.rows().count(), 0);
        let parts = Parts::of(i64::MIN, i64::MAX);
        assert_eq!((parts.counted().count(), parts.rows().count()), (1, 0));
    }

    #[test]
    fn a_page_begins_in_the_span_that_its_first_row_lies_in() {
        let found = [(30..40, 5), (20..30, 0), (10..20, 7)];
        assert_eq!(passed(&found, 4), Some((30..40, 4)));
        assert_eq!(passed(&found, 5), Some((10..20, 0)));
        assert_eq!(passed(&found, 12), None);
    }
}
