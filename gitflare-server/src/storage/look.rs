//! What a database says of itself to somebody who does not serve it: of which version it is, and the
//! checks of its master keys. Works beside running servers; nothing is made and nothing is changed.

use std::path::Path;

use gitflare_core::{Error, Result, Secret};

use super::{
    postgres::{self, PostgresConfig},
    seen::Seen,
    sqlite,
};

/// The SQLite files of a data folder; `None` where there are none.
///
/// # Errors
/// `INTERNAL_ERROR` whose detail is for the operator: a newer version wrote it, it cannot be read.
pub(crate) fn of_folder(dir: &Path) -> Result<Option<Seen>> {
    sqlite::look(dir)
}

/// The PostgreSQL database of that URL; `None` where nothing of ours is in it. Blocks.
///
/// # Errors
/// As [`of_folder`]; that it cannot be reached.
pub(crate) fn of_url(url: &Secret<String>) -> Result<Option<Seen>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::internal(format!("no runtime: {error}")))?;
    runtime.block_on(postgres::look(&PostgresConfig::new(url.expose())))
}
