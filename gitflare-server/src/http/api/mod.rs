//! The handlers, one file per endpoint group. A handler takes the request apart, makes one gateway
//! call and forms the reply; it knows no SQL, no sockets and no provider by name.

pub(super) mod account;
pub(super) mod auth_flow;
pub(super) mod connections;
pub(super) mod developer;
pub(super) mod discovery;
pub(super) mod events;
mod lists;
#[cfg(feature = "mcp")]
pub(super) mod mcp;
pub(super) mod oauth;
pub(super) mod platform_admin;
#[cfg(feature = "mcp")]
pub(super) mod registration;
pub(super) mod unified;
