//! Deliveries in SQLite. Each subscription has a line that says when its next delivery is due, and
//! each client the earliest of its lines: what is due is found by one index, and a delivery costs
//! the same however many wait.

use async_trait::async_trait;
use gitflare_core::{
    ClientId, EventId, Result, SubscriptionId, Timestamp,
    model::EventName,
    storage::{
        Capacity, Delivery, DeliveryAttempt, DeliveryRecord, DeliveryStatus, DeliveryStore,
        ListRange, NewDelivery, Settlement, StoredSubscription, pause_after,
    },
};
use rusqlite::{Connection, Row};

use super::{
    SqliteStorage, failed,
    rows::{Conditions, Page, execute, id, maybe_time, natural, one, parsed, saturated, time},
    subscriptions::{LIVE, SELECT as SELECT_SUBSCRIPTION, subscription},
};

/// The clients that may be looked at by `?1`, but for those of the list `?2`.
const DUE: &str = "FROM receivers WHERE next_at <= ?1
    AND client_id NOT IN (SELECT value FROM json_each(?2)) ORDER BY next_at";

/// Queues a delivery, within a transaction.
fn enqueue(connection: &Connection, new: &NewDelivery) -> Result<bool> {
    let at = new.created_at.as_millis();
    let subscription = new.subscription_id.as_str();
    let stored = execute(
        connection,
        "INSERT INTO deliveries (id, subscription_id, sequence, source, event, payload, status,
           next_attempt_at, queued_at, created_at)
         VALUES (?1, ?2, coalesce((SELECT last_sequence FROM lines WHERE subscription_id = ?2), 0) + 1,
           ?3, ?4, ?5, 'pending', ?6, ?6, ?6) ON CONFLICT DO NOTHING",
        (
            new.id.as_str(),
            subscription,
            &new.source,
            new.event.as_str(),
            &new.payload,
            at,
        ),
    )?;
    if stored == 0 {
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
    now: i64,
    until: i64,
    total: usize,
    per_client: usize,
    saturated_clients: &str,
) -> Result<Vec<(Delivery, StoredSubscription)>> {
    let clients: rusqlite::Result<Vec<(String, bool)>> = connection
        .prepare_cached(&format!(
            "SELECT client_id, not_before IS NOT NULL {DUE} LIMIT ?3"
        ))
        .and_then(|mut statement| {
            statement
                .query_map((now, saturated_clients, saturated(total as u64)), |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?
                .collect()
        });
    let mut begun = Vec::new();
    for (client, probes) in clients.map_err(|error| failed(&error))? {
        let room = if probes { 1 } else { per_client };
        let room = room.min(total - begun.len());
        let before = begun.len();
        begin_of(connection, &client, now, until, room, &mut begun)?;
        if probes && begun.len() > before {
            let statement = "UPDATE receivers SET probing_until = ?2 WHERE client_id = ?1";
            execute(connection, statement, (&client, until))?;
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
    now: i64,
    until: i64,
    room: usize,
    begun: &mut Vec<(Delivery, StoredSubscription)>,
) -> Result<()> {
    let lines: rusqlite::Result<Vec<String>> = connection
        .prepare_cached(
            "SELECT subscription_id FROM lines WHERE client_id = ?1 AND due_at <= ?2
             ORDER BY due_at LIMIT ?3",
        )
        .and_then(|mut statement| {
            statement
                .query_map((client, now, saturated(room as u64)), |row| row.get(0))?
                .collect()
        });
    for line in lines.map_err(|error| failed(&error))? {
        let found = one(
            connection,
            &format!("{SELECT_SUBSCRIPTION} WHERE id = ?1 AND {LIVE}"),
            [&line],
            subscription,
        );
        let Some(subscription) = found.map_err(|error| failed(&error))? else {
            // Its rows go with it.
            let statement = "UPDATE lines SET due_at = NULL WHERE subscription_id = ?1";
            execute(connection, statement, [&line])?;
            continue;
        };
        match begin_one(connection, &line, now, until)? {
            Some(delivery) => {
                begun.push((delivery, subscription));
                let statement =
                    "UPDATE lines SET held_until = ?2, due_at = ?2 WHERE subscription_id = ?1";
                execute(connection, statement, (&line, until))?;
            }
            None => refresh(connection, &line)?,
        }
    }
    Ok(())
}

/// Begins what a line has next: the first of it or one that was overtaken, whatever is due longer.
fn begin_one(
    connection: &Connection,
    line: &str,
    now: i64,
    until: i64,
) -> Result<Option<Delivery>> {
    one(
        connection,
        "UPDATE deliveries SET begun = begun + 1, next_attempt_at = ?3,
           first_attempt_at = coalesce(first_attempt_at, ?2)
         WHERE id = (SELECT id FROM (
           SELECT * FROM (SELECT id, next_attempt_at FROM deliveries WHERE subscription_id = ?1
             AND status = 'pending' AND is_overtaken = 0 ORDER BY sequence LIMIT 1)
           UNION ALL
           SELECT * FROM (SELECT id, next_attempt_at FROM deliveries WHERE subscription_id = ?1
             AND status = 'pending' AND is_overtaken = 1 ORDER BY next_attempt_at LIMIT 1))
           WHERE next_attempt_at <= ?2 ORDER BY next_attempt_at LIMIT 1)
         RETURNING id, subscription_id, sequence, payload, begun, queued_at, first_attempt_at",
        (line, now, until),
        |row| {
            Ok(Delivery {
                id: id!(row, 0, EventId)?,
                subscription_id: id!(row, 1, SubscriptionId)?,
                sequence: natural(row, 2)?,
                payload: row.get(3)?,
                attempts: row.get(4)?,
                queued_at: time(row, 5)?,
                first_attempt_at: time(row, 6)?,
            })
        },
    )
    .map_err(|error| failed(&error))
}

/// Notes the end of an attempt, within a transaction.
fn settle(
    connection: &Connection,
    delivery: &str,
    attempt: Option<DeliveryAttempt>,
    settlement: Settlement,
) -> Result<()> {
    let (next, overtaken) = match settlement {
        Settlement::Retry { at, overtaken } => (Some(at.as_millis()), overtaken),
        _ => (None, false),
    };
    let subscription = one(
        connection,
        "UPDATE deliveries SET status = ?2, next_attempt_at = coalesce(?3, next_attempt_at),
           is_overtaken = max(is_overtaken, ?4),
           finished_at = iif(?3 IS NULL, coalesce(?5, next_attempt_at), NULL)
         WHERE id = ?1 RETURNING subscription_id",
        (
            delivery,
            settlement.status().as_str(),
            next,
            overtaken,
            attempt.map(|attempt| attempt.at.as_millis()),
        ),
        |row| row.get::<_, String>(0),
    );
    let Some(subscription) = subscription.map_err(|error| failed(&error))? else {
        return Ok(());
    };
    if let Some(attempt) = attempt {
        execute(
            connection,
            "INSERT INTO attempts (delivery_id, number, at, status, duration_ms)
             SELECT ?1, coalesce(max(number), 0) + 1, ?2, ?3, ?4 FROM attempts WHERE delivery_id = ?1",
            (
                delivery,
                attempt.at.as_millis(),
                attempt.status,
                saturated(attempt.duration_ms),
            ),
        )?;
        note_answer(connection, &subscription, attempt, settlement)?;
    }
    let statement = "UPDATE lines SET held_until = NULL WHERE subscription_id = ?1";
    execute(connection, statement, [&subscription])?;
    refresh(connection, &subscription)
}

/// Counts failures in a row of a client, and forgets them when it has taken a delivery.
fn note_answer(
    connection: &Connection,
    subscription: &str,
    attempt: DeliveryAttempt,
    settlement: Settlement,
) -> Result<()> {
    let of_client = "client_id = (SELECT client_id FROM lines WHERE subscription_id = ?1)";
    if settlement == Settlement::Delivered {
        let statement = format!(
            "UPDATE receivers SET failures = 0, not_before = NULL, probing_until = NULL
             WHERE {of_client} AND failures > 0"
        );
        execute(connection, &statement, [subscription])?;
        return Ok(());
    }
    // 410 is an answer. What was on its way when the pause began is not counted again.
    if attempt.status == Some(410) {
        return Ok(());
    }
    let failures = one(
        connection,
        &format!(
            "UPDATE receivers SET failures = failures + 1, probing_until = NULL
             WHERE {of_client}
               AND (probing_until IS NOT NULL OR coalesce(not_before, ?2) <= ?2)
             RETURNING failures"
        ),
        (subscription, attempt.at.as_millis()),
        |row| row.get::<_, u32>(0),
    );
    let Some(failures) = failures.map_err(|error| failed(&error))? else {
        return Ok(());
    };
    let not_before = pause_after(failures).map(|pause| attempt.at.after(pause).as_millis());
    let statement = format!("UPDATE receivers SET not_before = ?2 WHERE {of_client}");
    execute(connection, &statement, (subscription, not_before))?;
    Ok(())
}

/// A delivery without its attempts.
fn record(row: &Row<'_>) -> rusqlite::Result<DeliveryRecord> {
    Ok(DeliveryRecord {
        id: id!(row, 0, EventId)?,
        subscription_id: id!(row, 1, SubscriptionId)?,
        event: parsed(row, 2, EventName::parse)?,
        sequence: natural(row, 3)?,
        status: parsed(row, 4, DeliveryStatus::parse)?,
        overtaken: row.get(5)?,
        attempts: Vec::new(),
        next_attempt_at: maybe_time(row, 6)?,
        created_at: time(row, 7)?,
    })
}

fn with_attempts(
    connection: &Connection,
    mut record: DeliveryRecord,
) -> rusqlite::Result<DeliveryRecord> {
    record.attempts = connection
        .prepare_cached(
            "SELECT at, status, duration_ms FROM attempts WHERE delivery_id = ?1 ORDER BY number",
        )?
        .query_map([record.id.as_str()], |row| {
            Ok(DeliveryAttempt {
                at: time(row, 0)?,
                status: row.get(1)?,
                duration_ms: natural(row, 2)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(record)
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
        let (now, until) = (now.as_millis(), until.as_millis());
        let saturated_clients = capacity.saturated_clients.iter().map(ClientId::as_str);
        let saturated_clients = serde_json::Value::from_iter(saturated_clients).to_string();
        let (total, per_client) = (capacity.total, capacity.per_client);
        // Asked without the writer first: most rounds find nothing.
        let is_idle = self.read(|connection| {
            let mut any = connection.prepare_cached(&format!("SELECT 1 {DUE} LIMIT 1"))?;
            Ok(!any.exists((now, &saturated_clients))?)
        })?;
        if is_idle || total == 0 {
            return Ok(Vec::new());
        }
        self.write(move |connection| {
            begin(
                connection,
                now,
                until,
                total,
                per_client,
                &saturated_clients,
            )
        })
        .await
    }

    async fn settle(
        &self,
        id: &EventId,
        attempt: Option<DeliveryAttempt>,
        settlement: Settlement,
    ) -> Result<()> {
        let id = id.clone();
        self.write(move |connection| settle(connection, id.as_str(), attempt, settlement))
            .await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>> {
        self.read(|connection| {
            let statement = "SELECT next_at FROM receivers WHERE next_at IS NOT NULL
                ORDER BY next_at LIMIT 1";
            one(connection, statement, [], |row| time(row, 0))
        })
    }

    async fn paused_until(&self, client: &ClientId) -> Result<Option<Timestamp>> {
        self.read(|connection| {
            let statement = "SELECT not_before FROM receivers WHERE client_id = ?1";
            one(connection, statement, [client.as_str()], |row| {
                maybe_time(row, 0)
            })
            .map(Option::flatten)
        })
    }

    async fn list(
        &self,
        subscription: &SubscriptionId,
        range: ListRange<'_>,
    ) -> Result<Vec<DeliveryRecord>> {
        let mut conditions = Conditions::new("1");
        conditions.equal("subscription_id", Some(subscription.as_str()));
        let select = "SELECT id, subscription_id, event, sequence, status, is_overtaken,
            iif(status = 'pending', next_attempt_at, NULL), created_at FROM deliveries";
        let page = Page::new(select, conditions, "id", range);
        self.walk(move |walk| {
            page.read(walk.connection, record)?
                .into_iter()
                .map(|record| with_attempts(walk.connection, record))
                .collect()
        })
        .await
    }

    async fn replay(
        &self,
        subscription: &SubscriptionId,
        id: &EventId,
        now: Timestamp,
    ) -> Result<bool> {
        let (subscription, id) = (subscription.clone(), id.clone());
        self.write(move |connection| {
            let queued = execute(
                connection,
                "UPDATE deliveries SET next_attempt_at = ?3,
                   is_overtaken = iif(status = 'pending', is_overtaken, 1),
                   queued_at = iif(status = 'pending', queued_at, ?3),
                   first_attempt_at = iif(status = 'pending', first_attempt_at, NULL),
                   finished_at = NULL, status = 'pending'
                 WHERE id = ?2 AND subscription_id = ?1",
                (subscription.as_str(), id.as_str(), now.as_millis()),
            )?;
            if queued == 1 {
                refresh(connection, subscription.as_str())?;
            }
            Ok(queued == 1)
        })
        .await
    }

    async fn purge_finished(&self, before: Timestamp, limit: usize) -> Result<usize> {
        let limit = saturated(limit as u64);
        self.write(move |connection| {
            execute(
                connection,
                "DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries
                   WHERE finished_at IS NOT NULL AND finished_at < ?1 ORDER BY finished_at LIMIT ?2)",
                (before.as_millis(), limit),
            )
        })
        .await
    }
}
