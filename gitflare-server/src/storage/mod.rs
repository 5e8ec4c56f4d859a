//! Storage backends of the server.

pub mod sqlite;
