//! A look at a database without bringing it up to date, beside its nodes or without any.

use gitflare_core::Result;

use super::{Database, PostgresConfig, connect, migrations};
use crate::storage::{
    seen::Seen,
    sql::{Columns, Statement, settings},
};

/// What the database says of itself; `None` where nothing of ours is in it.
///
/// # Errors
/// `INTERNAL_ERROR` whose detail is for the operator: it cannot be reached, a newer release wrote it.
pub(crate) async fn look(config: &PostgresConfig) -> Result<Option<Seen>> {
    let database = Database(connect::pool(config)?);
    let ours = Statement::new(
        "SELECT 1 WHERE to_regclass('migrations') IS NOT NULL",
        Vec::new(),
    );
    if database.read(&ours).await?.is_empty() {
        return Ok(None);
    }
    let done = database.read(&migrations::done()).await?;
    let done = done
        .iter()
        .map(|row| Ok(row.bytes(0)?.map(<[u8]>::to_vec)))
        .collect::<Result<Vec<_>>>()?;
    if done.is_empty() {
        return Ok(None);
    }
    let is_older = migrations::check(&done)?;
    let checks = database.read(&settings::key_checks()).await?;
    let checks = checks.iter().map(settings::key_check);
    Ok(Some(Seen {
        is_older,
        key_checks: checks.collect::<std::result::Result<_, _>>()?,
    }))
}
