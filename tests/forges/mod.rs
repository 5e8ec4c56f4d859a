//! The whole gateway over the emulated forges: reads against what Git itself says, faults, and
//! events from a provider's hook to an app. Everything goes over real sockets and a real database.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops where its ground is not as expected"
)]

mod approved;
mod events;
mod faults;
mod gitflic;
mod instances;
mod programs;
mod reads;
mod receiver;
mod schemas;
mod stand;
