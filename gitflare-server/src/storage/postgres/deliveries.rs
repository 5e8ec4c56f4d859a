//! Deliveries in PostgreSQL. Each subscription has a line that says when its next delivery is due,
//! and each client the earliest of its lines. Whatever changes them locks the client's row first, so
//! that deliveries of a client are begun by one node at a time; a node that looks for work passes by
//! the clients that another one has locked.

use async_trait::async_trait;
use gitflare_core::{
    ClientId, Error, EventId, Result, SubscriptionId, Timestamp,
    storage::{
        Backlog, Capacity, Delivery, DeliveryAttempt, DeliveryRecord, DeliveryStore, ListRange,
        NewDelivery, Settlement, StoredSubscription,
    },
};

use super::{
    PostgresStorage,
    session::{Failure, Session, transaction},
};
use crate::storage::sql::{
    Statement, deliveries, flag, id, maybe_time, number, subscriptions, text, time, values,
};

/// Locks the client of a subscription; `None` when there is no such subscription.
async fn lock_client(
    transaction: &Session,
    subscription: &SubscriptionId,
) -> Result<Option<String>, Failure> {
    let lock = || {
        Statement::new(
            "SELECT r.client_id FROM subscriptions s JOIN receivers r ON r.client_id = s.client_id
             WHERE s.id = ?1 FOR UPDATE OF r",
            values![subscription.as_str()],
        )
    };
    if let Some(client) = transaction.one(lock(), |row| text(row, 0)).await? {
        return Ok(Some(client));
    }
    let first = Statement::new(
        "INSERT INTO receivers (client_id) SELECT client_id FROM subscriptions WHERE id = ?1
         ON CONFLICT DO NOTHING",
        values![subscription.as_str()],
    );
    transaction.run(first).await?;
    transaction.one(lock(), |row| text(row, 0)).await
}

/// Queues a delivery, within a transaction.
async fn enqueue(transaction: &Session, new: &NewDelivery) -> Result<bool, Failure> {
    let Some(client) = lock_client(transaction, &new.subscription_id).await? else {
        return Err(Error::internal("database: an event for a subscription that has gone").into());
    };
    let subscription = new.subscription_id.as_str();
    if transaction.run(deliveries::insert(new)).await? == 0 {
        return Ok(false);
    }
    let line = Statement::new(
        "INSERT INTO lines (subscription_id, client_id, last_sequence) VALUES (?1, ?2, 1)
         ON CONFLICT (subscription_id) DO UPDATE SET last_sequence = lines.last_sequence + 1",
        values![subscription, &client],
    );
    transaction.run(line).await?;
    refresh(transaction, subscription, &client).await?;
    Ok(true)
}

/// Brings the times of a subscription's line and of its client up to date.
async fn refresh(transaction: &Session, line: &str, client: &str) -> Result<(), Failure> {
    let due = Statement::new(
        "UPDATE lines SET due_at = (
           SELECT greatest(coalesce(held_until, at), at) FROM (SELECT min(at) AS at FROM (
             (SELECT next_attempt_at AS at FROM deliveries WHERE subscription_id = ?1
               AND status = 'pending' AND is_overtaken = 0 ORDER BY sequence LIMIT 1)
             UNION ALL
             (SELECT next_attempt_at AS at FROM deliveries WHERE subscription_id = ?1
               AND status = 'pending' AND is_overtaken = 1 ORDER BY next_attempt_at LIMIT 1)
           ) AS both_ways) AS next)
         WHERE subscription_id = ?1",
        values![line],
    );
    transaction.run(due).await?;
    refresh_client(transaction, client).await
}

async fn refresh_client(transaction: &Session, client: &str) -> Result<(), Failure> {
    let due = Statement::new(
        "UPDATE receivers SET due_at = first.at,
           next_at = CASE WHEN first.at IS NOT NULL
             THEN greatest(first.at, coalesce(not_before, first.at),
               coalesce(probing_until, first.at)) END
         FROM (SELECT (SELECT due_at FROM lines WHERE client_id = ?1 AND due_at IS NOT NULL
           ORDER BY due_at LIMIT 1) AS at) AS first
         WHERE client_id = ?1",
        values![client],
    );
    transaction.run(due).await.map(|_| ())
}

type Begun = Vec<(Delivery, StoredSubscription)>;

/// Begins the next deliveries of a client's lines. Its row is locked.
async fn begin_of(
    transaction: &Session,
    client: &str,
    (now, until): (Timestamp, Timestamp),
    room: usize,
) -> Result<Begun, Failure> {
    let lines = deliveries::due_lines(client, now, room);
    let lines = transaction.all(lines, |row| text(row, 0)).await?;
    let mut begun = Begun::new();
    for line in lines {
        let live = subscriptions::find_live(&line);
        let Some(subscription) = transaction.one(live, subscriptions::subscription).await? else {
            // Its rows go with it.
            transaction.run(deliveries::end_line(&line)).await?;
            continue;
        };
        let next = deliveries::begin_one(&line, now, until);
        match transaction.one(next, deliveries::begun).await? {
            Some(delivery) => {
                begun.push((delivery, subscription));
                transaction.run(deliveries::hold_line(&line, until)).await?;
            }
            None => refresh(transaction, &line, client).await?,
        }
    }
    Ok(begun)
}

/// Begins due deliveries, within a transaction.
async fn begin(
    transaction: &Session,
    times: (Timestamp, Timestamp),
    (total, per_client): (usize, usize),
    saturated: &[&str],
) -> Result<Begun, Failure> {
    let (now, limit) = (
        times.0.as_millis(),
        i64::try_from(total).unwrap_or(i64::MAX),
    );
    let clients = "SELECT client_id, not_before IS NOT NULL FROM receivers
         WHERE next_at <= $1 AND client_id <> ALL($2) ORDER BY next_at LIMIT $3
         FOR UPDATE SKIP LOCKED";
    let clients = transaction
        .query(clients, &[&now, &saturated, &limit])
        .await?;
    let mut all = Begun::new();
    for row in clients {
        let (client, probes) = (text(&row, 0)?, flag(&row, 1)?);
        let room = if probes { 1 } else { per_client };
        let begun = begin_of(transaction, &client, times, room.min(total - all.len())).await?;
        if probes && !begun.is_empty() {
            transaction.run(deliveries::probe(&client, times.1)).await?;
        }
        refresh_client(transaction, &client).await?;
        all.extend(begun);
    }
    all.sort_by(|a, b| a.0.id.cmp(&b.0.id));
    Ok(all)
}

/// Counts failures in a row of a client, and forgets them when it has taken a delivery.
async fn note_answer(
    transaction: &Session,
    subscription: &str,
    attempt: DeliveryAttempt,
    settlement: Settlement,
) -> Result<(), Failure> {
    if settlement == Settlement::Delivered {
        let taken = deliveries::forget_failures(subscription);
        return transaction.run(taken).await.map(|_| ());
    }
    // 410 is an answer.
    if attempt.status == Some(410) {
        return Ok(());
    }
    let failures = deliveries::count_failure(subscription, attempt.at);
    let failures = transaction.one(failures, |row| number(row, 0)).await?;
    match failures {
        Some(failures) => {
            let pause = deliveries::pause(subscription, failures, attempt.at);
            transaction.run(pause).await.map(|_| ())
        }
        None => Ok(()),
    }
}

/// Notes the end of an attempt, within a transaction.
async fn settle(
    transaction: &Session,
    id: &EventId,
    attempt: Option<DeliveryAttempt>,
    settlement: Settlement,
) -> Result<(), Failure> {
    let of = "SELECT subscription_id FROM deliveries WHERE id = ?1";
    let of = Statement::new(of, values![id.as_str()]);
    let subscription = transaction
        .one(of, |row| id!(row, 0, SubscriptionId))
        .await?;
    let Some(subscription) = subscription else {
        return Ok(());
    };
    let Some(client) = lock_client(transaction, &subscription).await? else {
        return Ok(());
    };
    let line = subscription.as_str();
    if transaction
        .run(deliveries::settle(id, attempt, settlement))
        .await?
        == 0
    {
        return Ok(());
    }
    if let Some(attempt) = attempt {
        let ended = deliveries::insert_attempt(id, attempt);
        transaction.run(ended).await?;
        transaction.run(deliveries::forget_attempts(id)).await?;
        note_answer(transaction, line, attempt, settlement).await?;
    }
    transaction
        .run(deliveries::release_line(line, settlement))
        .await?;
    refresh(transaction, line, &client).await
}

impl PostgresStorage {
    /// Adds their attempts to deliveries, with one statement for all of them.
    async fn with_attempts(&self, mut found: Vec<DeliveryRecord>) -> Result<Vec<DeliveryRecord>> {
        let ids: Vec<_> = found.iter().map(|record| record.id.as_str()).collect();
        let session = self.database.session().await?;
        let of_all = "SELECT at, status, duration_ms, delivery_id FROM attempts
             WHERE delivery_id = ANY($1) ORDER BY delivery_id, number";
        let mut by_delivery = std::collections::HashMap::<String, Vec<_>>::new();
        for row in session.query(of_all, &[&ids]).await? {
            let of = by_delivery.entry(text(&row, 3)?).or_default();
            of.push(deliveries::attempt(&row, 0)?);
        }
        for record in &mut found {
            record.attempts = by_delivery.remove(record.id.as_str()).unwrap_or_default();
        }
        Ok(found)
    }
}

#[async_trait]
impl DeliveryStore for PostgresStorage {
    async fn enqueue(&self, delivery: NewDelivery) -> Result<bool> {
        transaction!(self.database, |transaction| {
            enqueue(transaction, &delivery).await
        })
    }

    async fn begin(
        &self,
        now: Timestamp,
        until: Timestamp,
        capacity: Capacity<'_>,
    ) -> Result<Vec<(Delivery, StoredSubscription)>> {
        let saturated = capacity.saturated_clients.iter().map(ClientId::as_str);
        let saturated: Vec<_> = saturated.collect();
        // Asked without a transaction first: most rounds find nothing.
        let is_due = {
            let session = self.database.session().await?;
            let due = "SELECT client_id FROM receivers
                WHERE next_at <= $1 AND client_id <> ALL($2) ORDER BY next_at LIMIT 1";
            let due = session.query(due, &[&now.as_millis(), &saturated]).await?;
            !due.is_empty()
        };
        if !is_due || capacity.total == 0 {
            return Ok(Vec::new());
        }
        let room = (capacity.total, capacity.per_client);
        transaction!(self.database, |transaction| {
            begin(transaction, (now, until), room, &saturated).await
        })
    }

    async fn settle(
        &self,
        id: &EventId,
        attempt: Option<DeliveryAttempt>,
        settlement: Settlement,
    ) -> Result<()> {
        transaction!(self.database, |transaction| {
            settle(transaction, id, attempt, settlement).await
        })
    }

    async fn next_due(&self) -> Result<Option<Timestamp>> {
        self.one(deliveries::next_due(), |row| time(row, 0)).await
    }

    async fn backlog(&self, late_before: Timestamp) -> Result<Backlog> {
        let statement = deliveries::backlog(late_before);
        let told = self.one(statement, deliveries::told_backlog).await?;
        Ok(told.unwrap_or_default())
    }

    async fn paused_until(&self, client: &ClientId) -> Result<Option<Timestamp>> {
        let paused = deliveries::paused_until(client.as_str());
        let paused = self.one(paused, |row| maybe_time(row, 0)).await?;
        Ok(paused.flatten())
    }

    async fn list(
        &self,
        subscription: &SubscriptionId,
        range: ListRange<'_>,
    ) -> Result<Vec<DeliveryRecord>> {
        let found = deliveries::list(subscription, range);
        let found = self.all(found, deliveries::record).await?;
        self.with_attempts(found).await
    }

    async fn latest(
        &self,
        subscription: &SubscriptionId,
        range: ListRange<'_>,
    ) -> Result<Vec<DeliveryRecord>> {
        let found = deliveries::latest(subscription, range);
        let found = self.all(found, deliveries::record).await?;
        self.with_attempts(found).await
    }

    async fn replay(
        &self,
        subscription: &SubscriptionId,
        id: &EventId,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<bool> {
        transaction!(self.database, |transaction| {
            let Some(client) = lock_client(transaction, subscription).await? else {
                return Ok(false);
            };
            let replayed = deliveries::replay(subscription, id, since, now);
            let queued = transaction.run(replayed).await? == 1;
            if queued {
                refresh(transaction, subscription.as_str(), &client).await?;
            }
            Ok(queued)
        })
    }

    async fn purge_finished(&self, before: Timestamp, limit: usize) -> Result<usize> {
        self.run(deliveries::purge(before, limit)).await
    }
}
