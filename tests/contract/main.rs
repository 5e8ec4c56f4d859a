//! The HTTP contract over real sockets: one module per endpoint group, and one for what is true of
//! every route. Each test starts its own server on a free port.

mod connections;
mod cors;
mod discovery;
mod framing;
mod limits;
mod oauth;
mod platform_admin;
mod rate_limits;
mod support;
mod transport;
mod unified;
