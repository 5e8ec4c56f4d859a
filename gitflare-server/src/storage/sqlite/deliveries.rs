//! Deliveries in SQLite.

use async_trait::async_trait;
use gitflare_core::{
    ClientId, EventId, Result, SubscriptionId, Timestamp,
    storage::{Capacity, Delivery, DeliveryStore, StoredSubscription},
};
use rusqlite::Row;

use super::{
    SqliteStorage, failed,
    rows::{execute, id, one, time},
    subscriptions::{SELECT as SELECT_SUBSCRIPTION, subscription},
};

const COLUMNS: &str = "id, subscription_id, source, payload, attempts, next_attempt_at, created_at";

/// What may be begun at `?1`, but for the clients of the list `?2`; counted per client.
const DUE: &str = "SELECT deliveries.id AS due,
      row_number() OVER (PARTITION BY client_id ORDER BY deliveries.id) AS nth
    FROM deliveries JOIN subscriptions ON subscriptions.id = subscription_id
    WHERE finished = 0 AND next_attempt_at <= ?1 AND ended_at IS NULL
      AND client_id NOT IN (SELECT value FROM json_each(?2))";

fn delivery(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    Ok(Delivery {
        id: id!(row, 0, EventId)?,
        subscription_id: id!(row, 1, SubscriptionId)?,
        source: row.get(2)?,
        payload: row.get(3)?,
        attempts: row.get(4)?,
        next_attempt_at: time(row, 5)?,
        created_at: time(row, 6)?,
    })
}

#[async_trait]
impl DeliveryStore for SqliteStorage {
    async fn enqueue(&self, delivery: Delivery) -> Result<bool> {
        self.write(move |connection| {
            let statement = format!(
                "INSERT INTO deliveries ({COLUMNS}, finished)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0) ON CONFLICT DO NOTHING"
            );
            let stored = execute(
                connection,
                &statement,
                (
                    delivery.id.as_str(),
                    delivery.subscription_id.as_str(),
                    &delivery.source,
                    &delivery.payload,
                    delivery.attempts,
                    delivery.next_attempt_at.as_millis(),
                    delivery.created_at.as_millis(),
                ),
            )?;
            Ok(stored == 1)
        })
        .await
    }

    async fn begin(
        &self,
        now: Timestamp,
        until: Timestamp,
        capacity: Capacity<'_>,
    ) -> Result<Vec<(Delivery, StoredSubscription)>> {
        let now = now.as_millis();
        let saturated_clients: Vec<_> = capacity
            .saturated_clients
            .iter()
            .map(ClientId::as_str)
            .collect();
        let saturated_clients = serde_json::Value::from(saturated_clients).to_string();
        // Asked without the writer first: most rounds find nothing.
        let is_idle = self.read(|connection| {
            let mut any = connection.prepare_cached(&format!("SELECT 1 FROM ({DUE}) LIMIT 1"))?;
            Ok(!any.exists((now, &saturated_clients))?)
        })?;
        if is_idle {
            return Ok(Vec::new());
        }
        let number = |count| i64::try_from(count).unwrap_or(i64::MAX);
        let (total, per_client) = (number(capacity.total), number(capacity.per_client));
        self.write(move |connection| {
            let begun = (|| {
                connection
                    .prepare_cached(&format!(
                        "UPDATE deliveries SET attempts = attempts + 1, next_attempt_at = ?3
                         WHERE id IN (SELECT due FROM ({DUE}) WHERE nth <= ?4 ORDER BY due LIMIT ?5)
                         RETURNING {COLUMNS}"
                    ))?
                    .query_map(
                        (
                            now,
                            &saturated_clients,
                            until.as_millis(),
                            per_client,
                            total,
                        ),
                        delivery,
                    )?
                    .collect::<rusqlite::Result<Vec<_>>>()
            })()
            .map_err(|error: rusqlite::Error| failed(&error))?;
            let mut all = Vec::with_capacity(begun.len());
            for delivery in begun {
                let found = one(
                    connection,
                    &format!("{SELECT_SUBSCRIPTION} WHERE id = ?1"),
                    [delivery.subscription_id.as_str()],
                    subscription,
                )
                .map_err(|error| failed(&error))?;
                all.extend(found.map(|subscription| (delivery, subscription)));
            }
            // What is updated comes back in no order.
            all.sort_by(|a, b| a.0.id.cmp(&b.0.id));
            Ok(all)
        })
        .await
    }

    async fn postpone(&self, id: &EventId, at: Timestamp) -> Result<()> {
        let id = id.clone();
        self.write(move |connection| {
            let statement = "UPDATE deliveries SET next_attempt_at = ?2 WHERE id = ?1";
            execute(connection, statement, (id.as_str(), at.as_millis()))?;
            Ok(())
        })
        .await
    }

    async fn finish(&self, id: &EventId) -> Result<()> {
        let id = id.clone();
        self.write(move |connection| {
            let statement = "UPDATE deliveries SET finished = 1, payload = '' WHERE id = ?1";
            execute(connection, statement, [id.as_str()])?;
            Ok(())
        })
        .await
    }

    async fn purge_finished(&self, before: Timestamp, limit: usize) -> Result<usize> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.write(move |connection| {
            execute(
                connection,
                "DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries
                   WHERE finished = 1 AND created_at < ?1 LIMIT ?2)",
                (before.as_millis(), limit),
            )
        })
        .await
    }
}
