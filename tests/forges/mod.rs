//! The whole gateway over the emulated forges: reads against what Git itself says, faults, and
//! events from a provider's hook to an app. Everything goes over real sockets and a real database.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops where its ground is not as expected"
)]

mod agents;
mod approved;
mod azure;
mod capabilities;
mod client;
mod compare;
mod contents;
mod events;
mod faults;
mod gitflic;
mod hostile;
mod injection;
mod instances;
mod mcp;
mod person;
mod programs;
mod reads;
mod receiver;
mod refresh;
mod retries;
mod schemas;
mod sign_in;
mod spelling;
mod stand;
mod subscriptions;
mod talk;
