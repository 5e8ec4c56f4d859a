//! What an adapter makes of a call of its provider's hook.

use gitflare_core::{
    ConnectionId, Result,
    provider::{HookCall, HookEvent, HookEvents, Provider},
};
use serde_json::{Value, json};

/// Headers as they arrive: names in lower case.
pub(crate) fn headers(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = pairs.iter();
    owned
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// Reads a payload.
pub(crate) fn read(
    provider: &impl Provider,
    sent: &[(&str, &str)],
    body: &[u8],
) -> Result<HookEvents> {
    read_of(provider, "7", sent, body)
}

/// The same, sent to the hook of that repository.
pub(crate) fn read_of(
    provider: &impl Provider,
    repository_id: &str,
    sent: &[(&str, &str)],
    body: &[u8],
) -> Result<HookEvents> {
    let (headers, connection) = (headers(sent), ConnectionId::parse("conn_fixture").unwrap());
    let call = HookCall {
        headers: &headers,
        body,
        connection_id: &connection,
        repository_id,
    };
    provider.hooks().unwrap().read(&call)
}

/// The events of a payload, as `[name, data]`.
pub(crate) fn told(events: HookEvents) -> Value {
    let events = events.events.into_iter();
    events
        .map(|event| json!([event.name.as_str(), event.data]))
        .collect()
}

/// What happened by a payload, as `[name, action, upstreamAction, occurredAt]`.
pub(crate) fn deeds(events: &HookEvents) -> Value {
    let events = events.events.iter();
    events
        .map(|event| {
            let HookEvent {
                name,
                action,
                upstream_action,
                occurred_at,
                ..
            } = event;
            json!([name.as_str(), action, upstream_action, occurred_at])
        })
        .collect()
}

/// Whether every member that is expected is there as expected; others may be too.
pub(crate) fn holds(actual: &Value, expected: &Value) -> bool {
    match (actual, expected) {
        (Value::Object(actual), Value::Object(expected)) => expected
            .iter()
            .all(|(key, value)| actual.get(key).is_some_and(|it| holds(it, value))),
        (Value::Array(actual), Value::Array(expected)) => {
            actual.len() == expected.len() && actual.iter().zip(expected).all(|(a, e)| holds(a, e))
        }
        _ => actual == expected,
    }
}
