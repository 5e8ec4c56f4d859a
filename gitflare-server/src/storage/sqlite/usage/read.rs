//! Pages and summaries of the usage log. Days and hours that a question covers whole are answered by
//! their counts; rows are read of the hours at its ends, of those that are not sealed yet, and of
//! those that a page shows. Only the owners' own rows are looked at.

use std::collections::BTreeSet;

use gitflare_core::{
    ClientId, LogId, TenantId, Timestamp,
    storage::{Pack, PackedRow, SummaryBuilder, UsageQuery, UsageRollup, UsageRow, UsageSummary},
};

use super::{HOUR_MILLIS, HOURS_OF_DAY};
use crate::storage::{
    sql::natural,
    sqlite::{rows::one, walks::Walk},
};

const DAY_MILLIS: i64 = HOURS_OF_DAY * HOUR_MILLIS;

/// Whose rows are asked for.
#[derive(Clone, Debug)]
enum Owners {
    Clients(Vec<String>),
    Tenants(Vec<String>),
    /// Anybody's: nothing is counted ahead for these.
    Any,
}

/// A row that is not in a pack yet.
struct Recent {
    at: i64,
    body: Vec<u8>,
}

/// One question, asked of one moment of the database.
pub(super) struct Reader<'w> {
    walk: &'w Walk<'w>,
    /// With the begin of what can be seen.
    query: UsageQuery,
    from: i64,
    /// Where packs end to be seen.
    to: i64,
    owners: Owners,
    /// Whether counts answer for all rows of an owner.
    is_counted: bool,
    /// Newest first.
    recent: Vec<Recent>,
    /// Rows that were read one by one.
    #[cfg(test)]
    pub(super) visited: std::cell::Cell<usize>,
}

/// A page that is being filled from the newest row on.
struct Page {
    rows: Vec<UsageRow>,
    skip: u64,
    limit: usize,
    total: u64,
}

impl Page {
    fn is_full(&self) -> bool {
        self.rows.len() >= self.limit
    }

    /// Whether so many rows can be counted without being read.
    fn passes(&self, rows: u64) -> bool {
        self.is_full() || rows <= self.skip
    }

    fn pass(&mut self, rows: u64) {
        self.total += rows;
        self.skip = self.skip.saturating_sub(rows);
    }
}

/// What is damaged is told as SQLite's own damage.
fn corrupt(error: &gitflare_core::Error) -> rusqlite::Error {
    let detail = error.detail().unwrap_or_else(|| error.message()).to_owned();
    rusqlite::Error::SqliteFailure(
        rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT),
        Some(detail),
    )
}

impl<'w> Reader<'w> {
    pub(super) fn new(walk: &'w Walk<'w>, query: UsageQuery) -> rusqlite::Result<Self> {
        let state = |name: &str| {
            let statement = "SELECT value FROM state WHERE name = ?1";
            one(walk.connection, statement, [name], |row| {
                row.get::<_, i64>(0)
            })
        };
        let is_rebuilding = state("rebuilding")?.is_some();
        let seen_from = state("from")?.unwrap_or(i64::MIN);
        let from = query
            .from
            .map_or(i64::MIN, Timestamp::as_millis)
            .max(seen_from);
        // A question up to now covers hours and days that are not over, as far as there are rows of them.
        let newest = state("newest")?;
        let to = query.to.map(Timestamp::as_millis);
        let to = to
            .filter(|to| newest.is_none_or(|newest| *to <= newest))
            .unwrap_or(i64::MAX);
        let owners = match (query.clients.is_empty(), query.tenants.is_empty()) {
            _ if is_rebuilding => Owners::Any,
            (false, _) => Owners::Clients(texts(query.clients.iter().map(ClientId::as_str))),
            (true, false) => Owners::Tenants(texts(query.tenants.iter().map(TenantId::as_str))),
            _ => Owners::Any,
        };
        // Of clients' rows, those of some customers: nothing is counted ahead for these.
        let is_intersection = !query.clients.is_empty() && !query.tenants.is_empty();
        let has_filter = query.is_narrowed() || is_intersection;
        let mut reader = Self {
            walk,
            query: UsageQuery {
                from: Some(Timestamp::from_millis(from)),
                ..query
            },
            from,
            to,
            is_counted: !has_filter && !matches!(owners, Owners::Any),
            owners,
            recent: Vec::new(),
            #[cfg(test)]
            visited: std::cell::Cell::new(0),
        };
        reader.recent = reader.read_recent()?;
        Ok(reader)
    }

    /// The matching rows that are not in packs, newest first.
    fn read_recent(&self) -> rusqlite::Result<Vec<Recent>> {
        let mut found = Vec::new();
        let (condition, clients): (_, Vec<Option<&str>>) = match &self.owners {
            Owners::Clients(clients) => (
                "client = ?3",
                clients.iter().map(|client| Some(client.as_str())).collect(),
            ),
            // There are none of more than the last hour or two.
            Owners::Tenants(_) | Owners::Any => ("?3 IS NULL", vec![None]),
        };
        for client in clients {
            let mut statement = self.walk.connection.prepare_cached(&format!(
                "SELECT at, body FROM recent WHERE {condition} AND at >= ?1 AND at < ?2"
            ))?;
            let mut rows = statement.query((self.from, self.to, client))?;
            while let Some(row) = rows.next()? {
                let recent = Recent {
                    at: row.get(0)?,
                    body: row.get(1)?,
                };
                if self.matching(&recent.body)? > 0 {
                    found.push(recent);
                }
            }
        }
        found.sort_by_key(|recent| std::cmp::Reverse(recent.at));
        Ok(found)
    }

    /// How many rows of a pack match.
    fn matching(&self, body: &[u8]) -> rusqlite::Result<u64> {
        let mut count = 0;
        self.each_match(body, |_, _| {
            count += 1;
            Ok(())
        })?;
        Ok(count)
    }

    /// Visits the matching rows of a pack, with their numbers.
    fn each_match(
        &self,
        body: &[u8],
        mut visit: impl FnMut(usize, &PackedRow<'_>) -> gitflare_core::Result<()>,
    ) -> rusqlite::Result<()> {
        self.walk.check()?;
        let mut visit_all = || {
            let mut pack = Pack::open(body)?;
            if matches!(self.owners, Owners::Tenants(_)) && !pack.names_any(&self.query.tenants) {
                return Ok(());
            }
            let mut number = 0;
            while let Some(row) = pack.next_row()? {
                if row.matches(&self.query) {
                    visit(number, &row)?;
                }
                number += 1;
                #[cfg(test)]
                self.visited.set(self.visited.get() + 1);
            }
            Ok(())
        };
        visit_all().map_err(|error| corrupt(&error))
    }

    /// Counts over all rows of the question.
    pub(super) fn summary(&self, top: usize) -> rusqlite::Result<UsageSummary> {
        let mut summary = SummaryBuilder::default();
        for recent in &self.recent {
            self.each_match(&recent.body, |_, row| {
                summary.add(&row.facts());
                Ok(())
            })?;
        }
        for day in self.days()?.into_iter().rev() {
            if self.is_counted && self.covers(day * DAY_MILLIS, DAY_MILLIS) {
                for body in self.counts("days", "day", day)? {
                    summary.absorb(day, body).map_err(|error| corrupt(&error))?;
                }
                continue;
            }
            let clients = self.clients_of(day)?;
            for hour in self.hours(day) {
                let is_whole = self.covers(hour * HOUR_MILLIS, HOUR_MILLIS);
                if self.is_counted && is_whole && matches!(self.owners, Owners::Clients(_)) {
                    for body in self.counts("hours", "hour", hour)? {
                        summary.absorb(day, body).map_err(|error| corrupt(&error))?;
                    }
                    continue;
                }
                for body in self.packs(hour, clients.as_ref())? {
                    self.each_match(&body, |_, row| {
                        summary.add(&row.facts());
                        Ok(())
                    })?;
                }
            }
        }
        summary.finish(top).map_err(|error| corrupt(&error))
    }

    /// The rows from the `offset`-th on, newest first, and how many there are in all.
    pub(super) fn list(&self, offset: u64, limit: usize) -> rusqlite::Result<(Vec<UsageRow>, u64)> {
        let mut page = Page {
            rows: Vec::new(),
            skip: offset,
            limit,
            total: 0,
        };
        for day in self.days()?.into_iter().rev() {
            if self.is_counted && self.covers(day * DAY_MILLIS, DAY_MILLIS) {
                let rows = self.counted("days", "day", day)?
                    + self.recent_within(day * DAY_MILLIS, DAY_MILLIS).len() as u64;
                if page.passes(rows) {
                    page.pass(rows);
                    continue;
                }
            }
            let clients = self.clients_of(day)?;
            for hour in self.hours(day).rev() {
                self.fill_hour(&mut page, hour, clients.as_ref())?;
            }
        }
        Ok((page.rows, page.total))
    }

    fn fill_hour(
        &self,
        page: &mut Page,
        hour: i64,
        clients: Option<&BTreeSet<String>>,
    ) -> rusqlite::Result<()> {
        let recent = self.recent_within(hour * HOUR_MILLIS, HOUR_MILLIS);
        let is_whole = self.covers(hour * HOUR_MILLIS, HOUR_MILLIS);
        if let (true, true, Owners::Clients(owners)) = (self.is_counted, is_whole, &self.owners) {
            let packed = self.counted("hours", "hour", hour)?;
            let rows = packed + recent.len() as u64;
            if page.passes(rows) {
                page.pass(rows);
                return Ok(());
            }
            if let (true, [client]) = (recent.is_empty(), owners.as_slice()) {
                return self.fill_from_packs(page, hour, client);
            }
        }
        let mut bodies = self.packs(hour, clients)?;
        bodies.extend(recent.iter().map(|recent| recent.body.clone()));
        self.fill(page, &bodies)
    }

    /// Packs of one client follow one another: those before the page are passed by their counts.
    fn fill_from_packs(&self, page: &mut Page, hour: i64, client: &str) -> rusqlite::Result<()> {
        let mut statement = self.walk.connection.prepare_cached(
            "SELECT rows, body FROM packs WHERE hour = ?1 AND client = ?2 ORDER BY number DESC",
        )?;
        let mut packs = statement.query((hour, client))?;
        while let Some(pack) = packs.next()? {
            let rows = natural(pack, 0)?;
            match page.passes(rows) {
                true => page.pass(rows),
                false => self.fill(page, &[pack.get(1)?])?,
            }
        }
        Ok(())
    }

    /// Goes on with the matching rows of some packs, whose order is not known.
    fn fill(&self, page: &mut Page, bodies: &[Vec<u8>]) -> rusqlite::Result<()> {
        if page.is_full() {
            for body in bodies {
                page.total += self.matching(body)?;
            }
            return Ok(());
        }
        let mut found: Vec<(Timestamp, LogId, usize, usize)> = Vec::new();
        for (pack, body) in bodies.iter().enumerate() {
            self.each_match(body, |number, row| {
                found.push((row.at(), row.id()?, pack, number));
                Ok(())
            })?;
        }
        found.sort_unstable_by(|a, b| b.cmp(a));
        let skip = usize::try_from(page.skip).unwrap_or(usize::MAX);
        let room = page.limit - page.rows.len();
        let shown: Vec<_> = found.iter().skip(skip).take(room).collect();
        page.pass(found.len() as u64);
        let mut rows = vec![None; shown.len()];
        for (pack, body) in bodies.iter().enumerate() {
            if !shown.iter().any(|shown| shown.2 == pack) {
                continue;
            }
            self.each_match(body, |number, row| {
                if let Some(place) = shown
                    .iter()
                    .position(|shown| (shown.2, shown.3) == (pack, number))
                {
                    rows[place] = Some(row.to_row()?);
                }
                Ok(())
            })?;
        }
        page.rows.extend(rows.into_iter().flatten());
        Ok(())
    }

    /// Whether the question covers all of a time.
    const fn covers(&self, begin: i64, length: i64) -> bool {
        self.from <= begin && begin + length <= self.to
    }

    fn recent_within(&self, begin: i64, length: i64) -> &[Recent] {
        let newer = self
            .recent
            .partition_point(|recent| recent.at >= begin + length);
        let end = self.recent.partition_point(|recent| recent.at >= begin);
        &self.recent[newer..end]
    }

    /// The days that can have rows, oldest first.
    fn days(&self) -> rusqlite::Result<BTreeSet<i64>> {
        let day = |at: i64| at.div_euclid(DAY_MILLIS);
        let mut days: BTreeSet<i64> = self.recent.iter().map(|recent| day(recent.at)).collect();
        let end = |order: &str| {
            one(
                self.walk.connection,
                &format!("SELECT hour FROM packs ORDER BY hour {order} LIMIT 1"),
                [],
                |row| row.get::<_, i64>(0),
            )
        };
        if let (Some(first), Some(last)) = (end("ASC")?, end("DESC")?) {
            let first = (first * HOUR_MILLIS).max(self.from);
            let last = ((last + 1) * HOUR_MILLIS).min(self.to);
            if first < last {
                days.extend(day(first)..=day(last - 1));
            }
        }
        Ok(days)
    }

    /// The hours of a day that the question touches.
    fn hours(&self, day: i64) -> std::ops::Range<i64> {
        let first = (day * HOURS_OF_DAY).max(self.from.div_euclid(HOUR_MILLIS));
        let end = self
            .to
            .saturating_sub(1)
            .div_euclid(HOUR_MILLIS)
            .saturating_add(1);
        first..((day + 1) * HOURS_OF_DAY).min(end)
    }

    fn owner_names(&self) -> &[String] {
        match &self.owners {
            Owners::Clients(names) | Owners::Tenants(names) => names,
            Owners::Any => &[],
        }
    }

    /// What is kept of the owners' rows of a time.
    fn counts(&self, table: &str, column: &str, time: i64) -> rusqlite::Result<Vec<Vec<u8>>> {
        let statement = format!("SELECT body FROM {table} WHERE {column} = ?1 AND owner = ?2");
        let mut found = Vec::new();
        for owner in self.owner_names() {
            let of_owner = (time, owner);
            found.extend(one(self.walk.connection, &statement, of_owner, |row| {
                row.get(0)
            })?);
        }
        Ok(found)
    }

    /// How many packed rows the owners have of a time.
    fn counted(&self, table: &str, column: &str, time: i64) -> rusqlite::Result<u64> {
        let statement = format!("SELECT rows FROM {table} WHERE {column} = ?1 AND owner = ?2");
        let mut rows = 0;
        for owner in self.owner_names() {
            let of_owner = (time, owner);
            rows += one(self.walk.connection, &statement, of_owner, |row| {
                natural(row, 0)
            })?
            .unwrap_or(0);
        }
        Ok(rows)
    }

    /// The clients whose packs of a day can hold rows of the question; `None` for all of them.
    fn clients_of(&self, day: i64) -> rusqlite::Result<Option<BTreeSet<String>>> {
        match &self.owners {
            Owners::Any => Ok(None),
            Owners::Clients(clients) => {
                let has_rows = self.counted("days", "day", day)? > 0;
                let clients = clients.iter().filter(|_| has_rows);
                Ok(Some(clients.cloned().collect()))
            }
            Owners::Tenants(_) => {
                let mut day_of_tenants = UsageRollup::default();
                for body in self.counts("days", "day", day)? {
                    day_of_tenants
                        .absorb(&body)
                        .map_err(|error| corrupt(&error))?;
                }
                Ok(Some(day_of_tenants.clients().map(str::to_owned).collect()))
            }
        }
    }

    fn packs(
        &self,
        hour: i64,
        clients: Option<&BTreeSet<String>>,
    ) -> rusqlite::Result<Vec<Vec<u8>>> {
        let connection = self.walk.connection;
        let Some(clients) = clients else {
            return connection
                .prepare_cached("SELECT body FROM packs WHERE hour = ?1")?
                .query_map([hour], |row| row.get(0))?
                .collect();
        };
        let mut statement =
            connection.prepare_cached("SELECT body FROM packs WHERE hour = ?1 AND client = ?2")?;
        let mut found = Vec::new();
        for client in clients {
            for body in statement.query_map((hour, client), |row| row.get(0))? {
                found.push(body?);
            }
        }
        Ok(found)
    }
}

fn texts<'a>(ids: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut texts: Vec<_> = ids.map(str::to_owned).collect();
    texts.sort_unstable();
    texts.dedup();
    texts
}
