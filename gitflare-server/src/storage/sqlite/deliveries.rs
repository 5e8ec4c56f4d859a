//! Deliveries in SQLite. Each subscription has a line that says when its next delivery is due, and
//! each client the earliest of its lines: what is due is found by one index, and a delivery costs
//! the same however many wait.

use async_trait::async_trait;
use gitflare_core::{
    ClientId, EventId, Result, SubscriptionId, Timestamp,
    storage::{
        Backlog, Capacity, Delivery, DeliveryAttempt, DeliveryRecord, DeliveryStore, ListRange,
        NewDelivery, Settlement, StoredSubscription,
    },
};
use rusqlite::Connection;

use super::{
    SqliteStorage, failed,
    rows::{every, execute, one, run, taken},
};
use crate::storage::sql::{
    Statement, deliveries, maybe_time, number, saturated, subscriptions, text, time, values,
};

/// The clients that may be looked at by `?1`, but for those of the list `?2`.
const DUE: &str = "FROM receivers WHERE next_at <= ?1
    AND client_id NOT IN (SELECT value FROM json_each(?2)) ORDER BY next_at";

/// Queues a delivery, within a transaction.
fn enqueue(connection: &Connection, new: &NewDelivery) -> Result<bool> {
    let subscription = new.subscription_id.as_str();
    if run(connection, &deliveries::insert(new))? == 0 {
        return Ok(false);
    }
    execute(
        connection,
        "INSERT INTO lines (subscription_id, client_id, last_sequence)
         SELECT id, client_id, 1 FROM subscriptions WHERE id = ?1
         ON CONFLICT (subscription_id) DO UPDATE SET last_sequence = last_sequence + 1",
        [subscription],
    )?;
    refresh(connection, subscription)?;
    Ok(true)
}

/// Brings the times of a subscription's line and of its client up to date.
fn refresh(connection: &Connection, subscription: &str) -> Result<()> {
    let client = one(
        connection,
        "UPDATE lines SET due_at = (
           SELECT max(coalesce(held_until, at), at) FROM (SELECT min(at) AS at FROM (
             SELECT * FROM (SELECT next_attempt_at AS at FROM deliveries WHERE subscription_id = ?1
               AND status = 'pending' AND is_overtaken = 0 ORDER BY sequence LIMIT 1)
             UNION ALL
             SELECT * FROM (SELECT next_attempt_at AS at FROM deliveries WHERE subscription_id = ?1
               AND status = 'pending' AND is_overtaken = 1 ORDER BY next_attempt_at LIMIT 1))))
         WHERE subscription_id = ?1 RETURNING client_id",
        [subscription],
        |row| row.get::<_, String>(0),
    );
    match client.map_err(|error| failed(&error))? {
        Some(client) => refresh_client(connection, &client),
        None => Ok(()),
    }
}

fn refresh_client(connection: &Connection, client: &str) -> Result<()> {
    execute(
        connection,
        "INSERT INTO receivers (client_id) VALUES (?1) ON CONFLICT DO NOTHING",
        [client],
    )?;
    execute(
        connection,
        "UPDATE receivers SET due_at = (SELECT due_at FROM lines
           WHERE client_id = ?1 AND due_at IS NOT NULL ORDER BY due_at LIMIT 1)
         WHERE client_id = ?1",
        [client],
    )?;
    execute(
        connection,
        "UPDATE receivers SET next_at = iif(due_at IS NULL, NULL,
           max(due_at, coalesce(not_before, due_at), coalesce(probing_until, due_at)))
         WHERE client_id = ?1",
        [client],
    )?;
    Ok(())
}

/// Begins due deliveries, within a transaction.
fn begin(
    connection: &Connection,
    (now, until): (Timestamp, Timestamp),
    (total, per_client): (usize, usize),
    saturated_clients: &str,
) -> Result<Vec<(Delivery, StoredSubscription)>> {
    let clients: rusqlite::Result<Vec<(String, bool)>> = connection
        .prepare_cached(&format!(
            "SELECT client_id, not_before IS NOT NULL {DUE} LIMIT ?3"
        ))
        .and_then(|mut statement| {
            statement
                .query_map(
                    (now.as_millis(), saturated_clients, saturated(total as u64)),
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )?
                .collect()
        });
    let mut begun = Vec::new();
    for (client, probes) in clients.map_err(|error| failed(&error))? {
        let room = if probes { 1 } else { per_client };
        let room = room.min(total - begun.len());
        let before = begun.len();
        begin_of(connection, &client, (now, until), room, &mut begun)?;
        if probes && begun.len() > before {
            run(connection, &deliveries::probe(&client, until))?;
        }
        refresh_client(connection, &client)?;
    }
    begun.sort_by(|a, b| a.0.id.cmp(&b.0.id));
    Ok(begun)
}

/// Begins the next deliveries of a client's lines.
fn begin_of(
    connection: &Connection,
    client: &str,
    (now, until): (Timestamp, Timestamp),
    room: usize,
    begun: &mut Vec<(Delivery, StoredSubscription)>,
) -> Result<()> {
    let lines = deliveries::due_lines(client, now, room);
    let lines = every(connection, &lines, |row| text(row, 0));
    for line in lines.map_err(|error| failed(&error))? {
        let live = subscriptions::find_live(&line);
        let Some(subscription) = taken(connection, &live, |row| subscriptions::subscription(row))?
        else {
            // Its rows go with it.
            run(connection, &deliveries::end_line(&line))?;
            continue;
        };
        let next = deliveries::begin_one(&line, now, until);
        match taken(connection, &next, |row| deliveries::begun(row))? {
            Some(delivery) => {
                begun.push((delivery, subscription));
                run(connection, &deliveries::hold_line(&line, until))?;
            }
            None => refresh(connection, &line)?,
        }
    }
    Ok(())
}

/// Notes the end of an attempt, within a transaction.
fn settle(
    connection: &Connection,
    id: &EventId,
    attempt: Option<DeliveryAttempt>,
    settlement: Settlement,
) -> Result<()> {
    let settled = deliveries::settle(id, attempt, settlement);
    let Some(line) = taken(connection, &settled, |row| text(row, 0))? else {
        return Ok(());
    };
    if let Some(attempt) = attempt {
        run(connection, &deliveries::insert_attempt(id, attempt))?;
        run(connection, &deliveries::forget_attempts(id))?;
        note_answer(connection, &line, attempt, settlement)?;
    }
    run(connection, &deliveries::release_line(&line, settlement))?;
    refresh(connection, &line)
}

/// Counts failures in a row of a client, and forgets them when it has taken a delivery.
fn note_answer(
    connection: &Connection,
    line: &str,
    attempt: DeliveryAttempt,
    settlement: Settlement,
) -> Result<()> {
    if settlement == Settlement::Delivered {
        return run(connection, &deliveries::forget_failures(line)).map(|_| ());
    }
    // 410 is an answer.
    if attempt.status == Some(410) {
        return Ok(());
    }
    let failures = deliveries::count_failure(line, attempt.at);
    if let Some(failures) = taken(connection, &failures, |row| number(row, 0))? {
        run(connection, &deliveries::pause(line, failures, attempt.at))?;
    }
    Ok(())
}

fn with_attempts(
    connection: &Connection,
    mut record: DeliveryRecord,
) -> rusqlite::Result<DeliveryRecord> {
    let attempts = Statement::new(
        "SELECT at, status, duration_ms FROM attempts WHERE delivery_id = ?1 ORDER BY number",
        values![record.id.as_str()],
    );
    record.attempts = every(connection, &attempts, |row| deliveries::attempt(row, 0))?;
    Ok(record)
}

impl SqliteStorage {
    /// The deliveries of a page with their attempts.
    async fn records(&self, page: Statement<'static>) -> Result<Vec<DeliveryRecord>> {
        self.walk(move |walk| {
            every(walk.connection, &page, |row| deliveries::record(row))?
                .into_iter()
                .map(|record| with_attempts(walk.connection, record))
                .collect()
        })
        .await
    }
}

#[async_trait]
impl DeliveryStore for SqliteStorage {
    async fn enqueue(&self, delivery: NewDelivery) -> Result<bool> {
        self.write(move |connection| enqueue(connection, &delivery))
            .await
    }

    async fn begin(
        &self,
        now: Timestamp,
        until: Timestamp,
        capacity: Capacity<'_>,
    ) -> Result<Vec<(Delivery, StoredSubscription)>> {
        let saturated_clients = capacity.saturated_clients.iter().map(ClientId::as_str);
        let saturated_clients = serde_json::Value::from_iter(saturated_clients).to_string();
        let room = (capacity.total, capacity.per_client);
        // Asked without the writer first: most rounds find nothing.
        let is_idle = self.read(|connection| {
            let mut any = connection.prepare_cached(&format!("SELECT 1 {DUE} LIMIT 1"))?;
            Ok(!any.exists((now.as_millis(), &saturated_clients))?)
        })?;
        if is_idle || capacity.total == 0 {
            return Ok(Vec::new());
        }
        self.write(move |connection| begin(connection, (now, until), room, &saturated_clients))
            .await
    }

    async fn settle(
        &self,
        id: &EventId,
        attempt: Option<DeliveryAttempt>,
        settlement: Settlement,
    ) -> Result<()> {
        let id = id.clone();
        self.write(move |connection| settle(connection, &id, attempt, settlement))
            .await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>> {
        self.one(deliveries::next_due(), |row| time(row, 0))
    }

    async fn backlog(&self, late_before: Timestamp) -> Result<Backlog> {
        let statement = deliveries::backlog(late_before);
        let told = self.one(statement, |row| deliveries::told_backlog(row))?;
        Ok(told.unwrap_or_default())
    }

    async fn paused_until(&self, client: &ClientId) -> Result<Option<Timestamp>> {
        let paused = deliveries::paused_until(client.as_str());
        let paused = self.one(paused, |row| maybe_time(row, 0))?;
        Ok(paused.flatten())
    }

    async fn list(
        &self,
        subscription: &SubscriptionId,
        range: ListRange<'_>,
    ) -> Result<Vec<DeliveryRecord>> {
        self.records(deliveries::list(subscription, range)).await
    }

    async fn latest(
        &self,
        subscription: &SubscriptionId,
        range: ListRange<'_>,
    ) -> Result<Vec<DeliveryRecord>> {
        self.records(deliveries::latest(subscription, range)).await
    }

    async fn replay(
        &self,
        subscription: &SubscriptionId,
        id: &EventId,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<bool> {
        let (subscription, id) = (subscription.clone(), id.clone());
        self.write(move |connection| {
            let replayed = deliveries::replay(&subscription, &id, since, now);
            let queued = run(connection, &replayed)? == 1;
            if queued {
                refresh(connection, subscription.as_str())?;
            }
            Ok(queued)
        })
        .await
    }

    async fn purge_finished(&self, before: Timestamp, limit: usize) -> Result<usize> {
        self.write(move |connection| run(connection, &deliveries::purge(before, limit)))
            .await
    }
}
