//! Access tokens in SQLite, by the hash of their text.

use async_trait::async_trait;
use gitflare_core::{
    CredentialHash, Result, Timestamp, TokenId,
    storage::{Access, AccessToken, AuditEntry, ListRange, RepositoryKey, TokenFilter, TokenStore},
};
use rusqlite::{Rows, params_from_iter};

use super::{
    SqliteStorage,
    rows::{audit, run},
};
use crate::storage::sql::tokens;

/// Reads an access from its rows; `None` when there are none.
fn access(mut rows: Rows<'_>, names_repository: bool) -> rusqlite::Result<Option<Access>> {
    let Some(first) = rows.next()? else {
        return Ok(None);
    };
    let mut access = tokens::bare_access(first)?;
    let share = tokens::share(first, &access.token, names_repository)?;
    access.shares.extend(share);
    while let Some(row) = rows.next()? {
        let share = tokens::share(row, &access.token, names_repository)?;
        access.shares.extend(share);
    }
    Ok(Some(access))
}

#[async_trait]
impl TokenStore for SqliteStorage {
    async fn insert(
        &self,
        token: AccessToken,
        hash: CredentialHash,
        entry: AuditEntry,
    ) -> Result<()> {
        self.write(move |connection| {
            run(connection, &tokens::insert(&token, &hash, None))?;
            audit(connection, &entry)
        })
        .await
    }

    async fn find_access(
        &self,
        hash: &CredentialHash,
        repository: Option<RepositoryKey<'_>>,
    ) -> Result<Option<Access>> {
        let statement = tokens::find_access(hash, repository);
        self.read(|connection| {
            let mut prepared = connection.prepare_cached(&statement.text)?;
            let rows = prepared.query(params_from_iter(&statement.values))?;
            access(rows, repository.is_some())
        })
    }

    async fn list(&self, filter: &TokenFilter, range: ListRange<'_>) -> Result<Vec<AccessToken>> {
        self.page(tokens::list(filter, range), |row| tokens::token(row))
            .await
    }

    async fn touch(&self, id: &TokenId, at: Timestamp) -> Result<()> {
        let statement = "UPDATE tokens SET last_used_at = ?2 WHERE id = ?1";
        self.writer.touch(statement, id.as_str(), at);
        Ok(())
    }

    async fn revoke(&self, id: &TokenId, at: Timestamp, entry: AuditEntry) -> Result<bool> {
        let id = id.clone();
        self.write(move |connection| {
            let revoked = run(connection, &tokens::revoke(&id, at))? == 1;
            if revoked {
                audit(connection, &entry)?;
            }
            Ok(revoked)
        })
        .await
    }

    async fn purge_expired(&self, before: Timestamp, limit: usize) -> Result<usize> {
        self.write(move |connection| run(connection, &tokens::purge(before, limit)))
            .await
    }
}
