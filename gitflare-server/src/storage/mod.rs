//! Storage backends of the server. What they promise is written at the traits in the core.

pub mod sqlite;
