//! Provider `gitlab` over HTTP: what is asked of the upstream, down to the last parameter, and what
//! its answers and refusals become. The upstream is a real server that replays fixtures.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops where its ground is not as expected"
)]

mod golden;
mod upstream;
