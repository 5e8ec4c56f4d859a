//! Link flows in PostgreSQL, by the hashes of state and completion code.

use async_trait::async_trait;
use gitflare_core::{
    Code, ConnectionId, CredentialHash, Error, FlowId, Result, Timestamp,
    provider::ProviderId,
    storage::{LinkFlow, LinkStore, PostedKey, PostedOutcome, UnclaimedAccount},
};

use super::{PostgresStorage, session::transaction};
use crate::storage::sql::{Statement, links, number, values};

impl PostgresStorage {
    /// The row that a write finds and changes.
    async fn taken(&self, statement: Statement<'_>) -> Result<Option<LinkFlow>> {
        let session = self.database.session().await?;
        Ok(session.one(statement, links::flow).await?)
    }
}

#[async_trait]
impl LinkStore for PostgresStorage {
    async fn insert(&self, flow: LinkFlow, state: CredentialHash) -> Result<()> {
        self.run(links::insert(&flow, &state)).await.map(|_| ())
    }

    async fn find(&self, id: &FlowId) -> Result<Option<LinkFlow>> {
        self.one(links::find(id), links::flow).await
    }

    async fn take_state(&self, state: &CredentialHash, now: Timestamp) -> Result<Option<LinkFlow>> {
        let taken = self.taken(links::take_state(state)).await?;
        Ok(taken.filter(|flow| now < flow.expires_at))
    }

    async fn post_state(&self, state: &CredentialHash, now: Timestamp) -> Result<Option<LinkFlow>> {
        let posted = self.taken(links::post_state(state)).await?;
        Ok(posted.filter(|flow| now < flow.expires_at))
    }

    async fn fail_posted(&self, id: &FlowId, code: Code) -> Result<()> {
        self.run(links::fail_posted(id, code)).await.map(|_| ())
    }

    async fn note_stray(&self, provider: ProviderId, at: Timestamp) -> Result<()> {
        self.run(links::note_stray(provider, at)).await.map(|_| ())
    }

    async fn last_stray(&self, provider: ProviderId) -> Result<Option<Timestamp>> {
        self.one(links::last_stray(provider), links::stray).await
    }

    async fn find_posted(
        &self,
        key: PostedKey<'_>,
        now: Timestamp,
    ) -> Result<Option<(LinkFlow, PostedOutcome)>> {
        self.one(links::find_posted(key, now), links::posted).await
    }

    async fn return_posted(&self, id: &FlowId, code: CredentialHash) -> Result<bool> {
        Ok(self.run(links::return_posted(id, &code)).await? == 1)
    }

    async fn put_account(
        &self,
        id: &FlowId,
        account: UnclaimedAccount,
        code: CredentialHash,
        expires_at: Timestamp,
    ) -> Result<()> {
        let facts = serde_json::to_string(&account.account)
            .map_err(|error| Error::internal(format!("a linked account: {error}")))?;
        let put = links::put_account(id, &account, facts, &code, expires_at);
        self.run(put).await.map(|_| ())
    }

    async fn take_account(
        &self,
        id: &FlowId,
        code: &CredentialHash,
        now: Timestamp,
    ) -> Result<Option<(LinkFlow, UnclaimedAccount)>> {
        transaction!(self.database, |transaction| {
            let mut found = links::find_account(id, code, now);
            // The second caller waits for the first one, and finds nothing.
            found.text.to_mut().push_str(" FOR UPDATE");
            let taken = transaction.one(found, links::unclaimed).await?;
            if taken.is_some() {
                transaction.run(links::erase_account(id)).await?;
            }
            Ok(taken)
        })
    }

    async fn finish(&self, id: &FlowId, linked: &ConnectionId) -> Result<()> {
        self.run(links::finish(id, linked)).await.map(|_| ())
    }

    async fn purge_expired(&self, now: Timestamp, limit: usize) -> Result<usize> {
        // One statement: nobody can claim an account between its end and its place in the queue.
        let purge = Statement::new(
            "WITH ended AS (
               DELETE FROM links WHERE id IN (SELECT id FROM links WHERE expires_at < ?1
                 ORDER BY expires_at, id LIMIT ?2 FOR UPDATE SKIP LOCKED)
               RETURNING provider, account_connection_id, access_token, refresh_token,
                 token_expires_at),
             queued AS (
               INSERT INTO cleanup (kind, subject, provider, connection_id, access_token,
                 refresh_token, token_expires_at, token_version, attempts, next_attempt_at,
                 created_at)
               SELECT 'revoke_tokens', account_connection_id, provider, account_connection_id,
                 access_token, refresh_token, token_expires_at, 0, 0, ?1, ?1
               FROM ended WHERE access_token IS NOT NULL ON CONFLICT DO NOTHING)
             SELECT count(*) FROM ended",
            values![now, limit],
        );
        let session = self.database.session().await?;
        let purged = session.one(purge, |row| number(row, 0)).await?;
        Ok(purged.unwrap_or(0))
    }
}
