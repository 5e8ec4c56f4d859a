//! What tests of adapters share: tables of reads, an adapter over a server that stands in for its
//! upstream, and recordings of real services.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test stops where its ground is not as expected, and says what it skips"
)]

pub(crate) mod hooks;
pub(crate) mod recorded;
pub(crate) mod table;
pub(crate) mod upstream;

use std::time::{Duration, Instant};

use gitflare_core::{ConnectionId, Secret, filter::BlockedPaths, provider::Call};

/// A call with twenty seconds left.
pub(crate) fn call() -> Call {
    call_with("fixture-token")
}

/// The same with a credential of a certain look.
pub(crate) fn call_with(token: &str) -> Call {
    Call {
        connection_id: ConnectionId::parse("conn_fixture").unwrap(),
        access_token: Secret::new(token.to_owned()),
        is_oauth: false,
        blocked: BlockedPaths::default(),
        api_base_url: None,
        organization: None,
        deadline: Instant::now() + Duration::from_secs(20),
    }
}
