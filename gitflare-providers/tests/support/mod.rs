//! What tests of adapters share: an upstream that replays answers over real HTTP, recordings of
//! real services, and the check that nothing in an answer was invented.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test stops where its ground is not as expected, and says what it skips"
)]

pub(crate) mod damage;
pub(crate) mod hooks;
pub(crate) mod recorded;
pub(crate) mod replay;
pub(crate) mod upstream;

use std::time::{Duration, Instant};

use gitflare_core::{ConnectionId, Secret, provider::Call};

/// A call with twenty seconds left.
pub(crate) fn call() -> Call {
    call_with("fixture-token")
}

/// The same with a credential of a certain look.
pub(crate) fn call_with(token: &str) -> Call {
    Call {
        connection_id: ConnectionId::parse("conn_fixture").unwrap(),
        access_token: Secret::new(token.to_owned()),
        api_base_url: None,
        organization: None,
        deadline: Instant::now() + Duration::from_secs(20),
    }
}
