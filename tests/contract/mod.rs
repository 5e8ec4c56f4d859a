//! The HTTP contract over real sockets: one module per endpoint group, and one for what is true of
//! every route. Each test starts its own server on a free port.

#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod accounts;
mod apps;
mod attacks;
mod audited;
mod authorize;
mod calls;
mod connected;
mod connections;
mod consent;
mod cors;
mod customers;
mod discovery;
mod explain;
mod firewall_config;
mod framing;
mod generated_clients;
mod invited;
mod legacy;
mod lifecycle;
mod limits;
mod linking;
mod lists;
mod mcp;
mod mount;
mod oauth;
mod openapi;
mod own_sessions;
mod pages;
mod platform_admin;
mod profiles;
pub(crate) mod programs;
mod public_clients;
mod rate_limits;
mod records;
mod resources;
pub(crate) mod signature;
pub(crate) mod standard_clients;
pub(crate) mod support;
mod transport;
mod unified;
mod workspaces;
