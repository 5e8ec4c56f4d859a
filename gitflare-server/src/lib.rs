//! The GitFlare server as a library: configuration, keys, storage, HTTP. The binary `gitflare` is a
//! thin shell around it.

#![forbid(unsafe_code)]

pub mod cli;
pub mod config;
pub mod http;
mod keys;
pub mod storage;
mod log;
pub mod sandbox;
