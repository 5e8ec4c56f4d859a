//! Rows that are locked so that what is decided under them stays so.

use gitflare_core::TenantId;

use super::session::{Failure, Session};
use crate::storage::sql::{Statement, values};

/// Locks a tenant until the end of the transaction: what is counted or compared under it stays so.
/// Rows that only refer to it are not held up.
pub(super) async fn tenant(transaction: &Session, tenant: &TenantId) -> Result<(), Failure> {
    let lock = "SELECT id FROM tenants WHERE id = ?1 FOR NO KEY UPDATE";
    let lock = Statement::new(lock, values![tenant.as_str()]);
    transaction.rows(&lock).await.map(|_| ())
}
