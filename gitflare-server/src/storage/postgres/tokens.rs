//! Access tokens in PostgreSQL, by the hash of their text.

use async_trait::async_trait;
use gitflare_core::{
    CredentialHash, Result, Timestamp, TokenId,
    storage::{Access, AccessToken, AuditEntry, ListRange, RepositoryKey, TokenFilter, TokenStore},
};

use super::{PostgresStorage, session::transaction, touches::Used};
use crate::storage::sql::tokens;

#[async_trait]
impl TokenStore for PostgresStorage {
    async fn insert(
        &self,
        token: AccessToken,
        hash: CredentialHash,
        entry: AuditEntry,
    ) -> Result<()> {
        transaction!(self.database, |transaction| {
            transaction.run(tokens::insert(&token, &hash, None)).await?;
            transaction.audit(&entry).await
        })
    }

    async fn find_access(
        &self,
        hash: &CredentialHash,
        repository: Option<RepositoryKey<'_>>,
    ) -> Result<Option<Access>> {
        // Nothing with that character can have been approved.
        let repository = repository.filter(|asked| !asked.key.contains('\0'));
        let statement = tokens::find_access(hash, repository);
        let rows = self.database.read(&statement).await?;
        let Some(first) = rows.first() else {
            return Ok(None);
        };
        let mut access = tokens::bare_access(first)?;
        for row in &rows {
            let share = tokens::share(row, &access.token, repository.is_some())?;
            access.shares.extend(share);
        }
        Ok(Some(access))
    }

    async fn list(&self, filter: &TokenFilter, range: ListRange<'_>) -> Result<Vec<AccessToken>> {
        self.all(tokens::list(filter, range), tokens::token).await
    }

    async fn touch(&self, id: &TokenId, at: Timestamp) -> Result<()> {
        self.touches.note(Used::Token, id.as_str(), at);
        Ok(())
    }

    async fn revoke(&self, id: &TokenId, at: Timestamp, entry: AuditEntry) -> Result<bool> {
        transaction!(self.database, |transaction| {
            let revoked = transaction.run(tokens::revoke(id, at)).await? == 1;
            if revoked {
                transaction.audit(&entry).await?;
            }
            Ok(revoked)
        })
    }

    async fn purge_expired(&self, before: Timestamp, limit: usize) -> Result<usize> {
        self.run(tokens::purge(before, limit)).await
    }
}
