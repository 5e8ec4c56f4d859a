//! Storage backends of the server. What they promise is written at the traits in the core.

#[cfg(feature = "server")]
pub(crate) mod hours;
#[cfg(feature = "server")]
pub(crate) mod look;
#[cfg(feature = "server")]
pub(crate) mod moving;
#[cfg(feature = "server")]
pub(crate) mod people;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "server")]
pub(crate) mod seen;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod sql;
#[cfg(feature = "sqlite")]
pub mod sqlite;
