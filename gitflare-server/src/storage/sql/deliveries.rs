//! Deliveries: how their rows are read, and what both databases take as it is.

use gitflare_core::{
    EventId, SubscriptionId, Timestamp,
    model::EventName,
    storage::{
        ATTEMPTS_KEPT, Backlog, Delivery, DeliveryAttempt, DeliveryRecord, DeliveryStatus,
        ListRange, MOST_COUNTED, NewDelivery, Settlement, pause_after,
    },
};

use super::{
    Columns, Conditions, Statement, flag, id, maybe_time, natural, number, page, page_back, parsed,
    text, time, values,
};

/// The columns that [`begun`] reads.
pub(in crate::storage) const BEGUN: &str =
    "id, subscription_id, sequence, payload, begun, queued_at, first_attempt_at, firewall";

pub(in crate::storage) fn begun<R: Columns>(row: &R) -> Result<Delivery, R::Error> {
    Ok(Delivery {
        id: id!(row, 0, EventId)?,
        subscription_id: id!(row, 1, SubscriptionId)?,
        sequence: natural(row, 2)?,
        payload: text(row, 3)?,
        attempts: number(row, 4)?,
        queued_at: time(row, 5)?,
        first_attempt_at: time(row, 6)?,
        firewall: natural(row, 7)?,
    })
}

/// A delivery without its attempts.
pub(in crate::storage) fn record<R: Columns>(row: &R) -> Result<DeliveryRecord, R::Error> {
    Ok(DeliveryRecord {
        id: id!(row, 0, EventId)?,
        subscription_id: id!(row, 1, SubscriptionId)?,
        event: parsed(row, 2, EventName::parse)?,
        sequence: natural(row, 3)?,
        status: parsed(row, 4, DeliveryStatus::parse)?,
        overtaken: flag(row, 5)?,
        attempts: Vec::new(),
        next_attempt_at: maybe_time(row, 6)?,
        created_at: time(row, 7)?,
    })
}

/// An attempt whose columns begin at `at`.
pub(in crate::storage) fn attempt<R: Columns>(
    row: &R,
    at: usize,
) -> Result<DeliveryAttempt, R::Error> {
    let status = row.number(at + 1)?.map(u16::try_from);
    Ok(DeliveryAttempt {
        at: time(row, at)?,
        status: status.transpose().map_err(|_| R::corrupt(at + 1))?,
        duration_ms: natural(row, at + 2)?,
    })
}

/// Stores a delivery behind those of its subscription, unless one of its source was stored before.
pub(in crate::storage) fn insert(new: &NewDelivery) -> Statement<'_> {
    Statement::new(
        "INSERT INTO deliveries (id, subscription_id, sequence, source, event, payload, status,
           next_attempt_at, queued_at, created_at, firewall)
         VALUES (?1, ?2, coalesce((SELECT last_sequence FROM lines WHERE subscription_id = ?2), 0)
           + 1, ?3, ?4, ?5, 'pending', ?6, ?6, ?6, ?7) ON CONFLICT DO NOTHING",
        values![
            new.id.as_str(),
            new.subscription_id.as_str(),
            &new.source,
            new.event.as_str(),
            &new.payload,
            new.created_at,
            new.firewall,
        ],
    )
}

pub(in crate::storage) fn list(
    subscription: &SubscriptionId,
    range: ListRange<'_>,
) -> Statement<'static> {
    page(RECORD, of(subscription), "id", range)
}

pub(in crate::storage) fn latest(
    subscription: &SubscriptionId,
    range: ListRange<'_>,
) -> Statement<'static> {
    page_back(RECORD, of(subscription), "id", range)
}

const RECORD: &str = "SELECT id, subscription_id, event, sequence, status, is_overtaken,
    CASE WHEN status = 'pending' THEN next_attempt_at END, created_at FROM deliveries";

fn of(subscription: &SubscriptionId) -> Conditions {
    let mut conditions = Conditions::new("TRUE");
    conditions.equal("subscription_id", Some(subscription.as_str()));
    conditions
}

pub(in crate::storage) fn next_due() -> Statement<'static> {
    Statement::new(
        "SELECT next_at FROM receivers WHERE next_at IS NOT NULL ORDER BY next_at LIMIT 1",
        values![],
    )
}

/// How many wait, and how many of them since before that moment. Those in line and those that were
/// overtaken have an index each.
pub(in crate::storage) fn backlog(late_before: Timestamp) -> Statement<'static> {
    let waiting = |overtaken: u8| {
        format!(
            "SELECT * FROM (SELECT queued_at FROM deliveries WHERE status = 'pending'
               AND is_overtaken = {overtaken} LIMIT {MOST_COUNTED}) AS some{overtaken}"
        )
    };
    Statement::new(
        format!(
            "SELECT count(*), count(CASE WHEN queued_at < ?1 THEN 1 END) FROM
               (SELECT * FROM ({} UNION ALL {}) AS all_of_them LIMIT {MOST_COUNTED}) AS waiting",
            waiting(0),
            waiting(1)
        ),
        values![late_before],
    )
}

pub(in crate::storage) fn told_backlog<R: Columns>(row: &R) -> Result<Backlog, R::Error> {
    Ok(Backlog {
        queued: natural(row, 0)?,
        late: natural(row, 1)?,
    })
}

pub(in crate::storage) fn paused_until(client: &str) -> Statement<'_> {
    Statement::new(
        "SELECT not_before FROM receivers WHERE client_id = ?1",
        values![client],
    )
}

/// The lines of a client that are due.
pub(in crate::storage) fn due_lines(client: &str, now: Timestamp, room: usize) -> Statement<'_> {
    Statement::new(
        "SELECT subscription_id FROM lines WHERE client_id = ?1 AND due_at <= ?2
         ORDER BY due_at LIMIT ?3",
        values![client, now, room],
    )
}

/// Lets a line of an ended subscription, whose rows go with it, be due no more.
pub(in crate::storage) fn end_line(line: &str) -> Statement<'_> {
    Statement::new(
        "UPDATE lines SET due_at = NULL WHERE subscription_id = ?1",
        values![line],
    )
}

/// Holds a line, of which a delivery was begun.
pub(in crate::storage) fn hold_line(line: &str, until: Timestamp) -> Statement<'_> {
    Statement::new(
        "UPDATE lines SET held_until = ?2, due_at = ?2 WHERE subscription_id = ?1",
        values![line, until],
    )
}

/// Lets the next delivery of a line go: at once, or when one that is overtaken has held it for its
/// time.
pub(in crate::storage) fn release_line(line: &str, settlement: Settlement) -> Statement<'_> {
    let held_until = match settlement {
        Settlement::Retry { at, holds_until } if holds_until < at => Some(holds_until),
        _ => None,
    };
    Statement::new(
        "UPDATE lines SET held_until = CAST(?2 AS BIGINT) WHERE subscription_id = ?1",
        values![line, held_until],
    )
}

/// Notes that a client is tried with one delivery.
pub(in crate::storage) fn probe(client: &str, until: Timestamp) -> Statement<'_> {
    Statement::new(
        "UPDATE receivers SET probing_until = ?2 WHERE client_id = ?1",
        values![client, until],
    )
}

/// Begins what a line has next: the first of it or one that was overtaken, whatever is due longer.
pub(in crate::storage) fn begin_one(line: &str, now: Timestamp, until: Timestamp) -> Statement<'_> {
    Statement::new(
        format!(
            "UPDATE deliveries SET begun = begun + 1, next_attempt_at = ?3,
               first_attempt_at = coalesce(first_attempt_at, ?2)
             WHERE id = (SELECT id FROM (
               SELECT * FROM (SELECT id, next_attempt_at FROM deliveries WHERE subscription_id = ?1
                 AND status = 'pending' AND is_overtaken = 0 ORDER BY sequence LIMIT 1) AS first
               UNION ALL
               SELECT * FROM (SELECT id, next_attempt_at FROM deliveries WHERE subscription_id = ?1
                 AND status = 'pending' AND is_overtaken = 1 ORDER BY next_attempt_at LIMIT 1) AS beside
               ) AS next
               WHERE next_attempt_at <= ?2 ORDER BY next_attempt_at LIMIT 1)
             RETURNING {BEGUN}"
        ),
        values![line, now, until],
    )
}

/// Notes what comes of a delivery; returns its subscription.
pub(in crate::storage) fn settle<'a>(
    delivery: &'a EventId,
    attempt: Option<DeliveryAttempt>,
    settlement: Settlement,
) -> Statement<'a> {
    let (next, overtaken) = match settlement {
        Settlement::Retry { at, holds_until } => (Some(at), holds_until < at),
        _ => (None, false),
    };
    Statement::new(
        "UPDATE deliveries SET status = ?2,
           next_attempt_at = coalesce(CAST(?3 AS BIGINT), next_attempt_at),
           is_overtaken = CASE WHEN ?4 = 1 THEN 1 ELSE is_overtaken END,
           finished_at = CASE WHEN CAST(?3 AS BIGINT) IS NULL
             THEN coalesce(CAST(?5 AS BIGINT), next_attempt_at) END
         WHERE id = ?1 RETURNING subscription_id",
        values![
            delivery.as_str(),
            settlement.status().as_str(),
            next,
            overtaken,
            attempt.map(|attempt| attempt.at),
        ],
    )
}

pub(in crate::storage) fn insert_attempt(
    delivery: &EventId,
    attempt: DeliveryAttempt,
) -> Statement<'_> {
    Statement::new(
        "INSERT INTO attempts (delivery_id, number, at, status, duration_ms)
         SELECT ?1, coalesce(max(number), 0) + 1, CAST(?2 AS BIGINT), CAST(?3 AS BIGINT),
           CAST(?4 AS BIGINT)
         FROM attempts WHERE delivery_id = ?1",
        values![
            delivery.as_str(),
            attempt.at,
            attempt.status,
            attempt.duration_ms,
        ],
    )
}

/// Deletes the attempts of a delivery that are no longer kept.
pub(in crate::storage) fn forget_attempts(delivery: &EventId) -> Statement<'_> {
    Statement::new(
        "DELETE FROM attempts WHERE delivery_id = ?1
           AND number <= (SELECT max(number) FROM attempts WHERE delivery_id = ?1) - ?2",
        values![delivery.as_str(), ATTEMPTS_KEPT],
    )
}

const OF_CLIENT: &str = "client_id = (SELECT client_id FROM lines WHERE subscription_id = ?1)";

/// Forgets a client's failures: it has taken a delivery.
pub(in crate::storage) fn forget_failures(subscription: &str) -> Statement<'_> {
    Statement::new(
        format!(
            "UPDATE receivers SET failures = 0, not_before = NULL, probing_until = NULL
             WHERE {OF_CLIENT} AND failures > 0"
        ),
        values![subscription],
    )
}

/// Counts a failure; returns how many there are in a row. What was on its way when the pause began
/// is not counted again.
pub(in crate::storage) fn count_failure(subscription: &str, at: Timestamp) -> Statement<'_> {
    Statement::new(
        format!(
            "UPDATE receivers SET failures = failures + 1, probing_until = NULL
             WHERE {OF_CLIENT} AND (probing_until IS NOT NULL OR coalesce(not_before, ?2) <= ?2)
             RETURNING failures"
        ),
        values![subscription, at],
    )
}

/// Lets a client's deliveries pause after so many failures in a row.
pub(in crate::storage) fn pause(subscription: &str, failures: u32, at: Timestamp) -> Statement<'_> {
    let not_before = pause_after(failures).map(|pause| at.after(pause));
    Statement::new(
        format!("UPDATE receivers SET not_before = ?2 WHERE {OF_CLIENT}"),
        values![subscription, not_before],
    )
}

pub(in crate::storage) fn replay<'a>(
    subscription: &'a SubscriptionId,
    id: &'a EventId,
    since: Timestamp,
    now: Timestamp,
) -> Statement<'a> {
    Statement::new(
        "UPDATE deliveries SET next_attempt_at = ?3,
           is_overtaken = CASE status WHEN 'pending' THEN is_overtaken ELSE 1 END,
           queued_at = CASE status WHEN 'pending' THEN queued_at ELSE ?3 END,
           first_attempt_at = CASE status WHEN 'pending' THEN first_attempt_at END,
           finished_at = NULL, status = 'pending'
         WHERE id = ?2 AND subscription_id = ?1 AND created_at > ?4",
        values![subscription.as_str(), id.as_str(), now, since],
    )
}

pub(in crate::storage) fn purge(before: Timestamp, limit: usize) -> Statement<'static> {
    Statement::new(
        "DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries
           WHERE finished_at IS NOT NULL AND finished_at < ?1 ORDER BY finished_at LIMIT ?2)",
        values![before, limit],
    )
}
