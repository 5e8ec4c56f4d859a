//! The upper floor of the HTTP surface: the route table, and a request's way from a socket through
//! it to a written answer. Nothing below imports from here.

mod auth;
mod connection;
mod dispatch;
pub(super) mod listen;
mod open_files;
mod respond;
pub(super) mod routes;
pub(super) mod service;
mod timed_socket;
