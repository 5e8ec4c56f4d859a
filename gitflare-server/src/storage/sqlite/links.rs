//! Link flows in SQLite, by the hashes of state and completion code.

use async_trait::async_trait;
use gitflare_core::{
    Code, ConnectionId, CredentialHash, Error, FlowId, Result, Timestamp,
    provider::ProviderId,
    storage::{LinkFlow, LinkStore, PostedKey, PostedOutcome, UnclaimedAccount},
};
use rusqlite::Connection;

use super::{
    SqliteStorage,
    rows::{execute, run, taken},
};
use crate::storage::sql::{links, saturated};

#[async_trait]
impl LinkStore for SqliteStorage {
    async fn insert(&self, flow: LinkFlow, state: CredentialHash) -> Result<()> {
        self.write(move |connection| run(connection, &links::insert(&flow, &state)).map(|_| ()))
            .await
    }

    async fn find(&self, id: &FlowId) -> Result<Option<LinkFlow>> {
        self.one(links::find(id), |row| links::flow(row))
    }

    async fn take_state(&self, state: &CredentialHash, now: Timestamp) -> Result<Option<LinkFlow>> {
        let state = *state;
        self.write(move |connection| {
            let flow = taken(connection, &links::take_state(&state), |row| {
                links::flow(row)
            })?;
            Ok(flow.filter(|flow| now < flow.expires_at))
        })
        .await
    }

    async fn post_state(&self, state: &CredentialHash, now: Timestamp) -> Result<Option<LinkFlow>> {
        let state = *state;
        self.write(move |connection| {
            let posted = taken(connection, &links::post_state(&state), |row| {
                links::flow(row)
            })?;
            Ok(posted.filter(|flow| now < flow.expires_at))
        })
        .await
    }

    async fn fail_posted(&self, id: &FlowId, code: Code) -> Result<()> {
        let id = id.clone();
        self.write(move |connection| run(connection, &links::fail_posted(&id, code)).map(|_| ()))
            .await
    }

    async fn note_stray(&self, provider: ProviderId, at: Timestamp) -> Result<()> {
        self.write(move |connection| run(connection, &links::note_stray(provider, at)).map(|_| ()))
            .await
    }

    async fn last_stray(&self, provider: ProviderId) -> Result<Option<Timestamp>> {
        self.one(links::last_stray(provider), |row| links::stray(row))
    }

    async fn find_posted(
        &self,
        key: PostedKey<'_>,
        now: Timestamp,
    ) -> Result<Option<(LinkFlow, PostedOutcome)>> {
        self.one(links::find_posted(key, now), |row| links::posted(row))
    }

    async fn return_posted(&self, id: &FlowId, code: CredentialHash) -> Result<bool> {
        let id = id.clone();
        self.write(move |connection| Ok(run(connection, &links::return_posted(&id, &code))? == 1))
            .await
    }

    async fn put_account(
        &self,
        id: &FlowId,
        account: UnclaimedAccount,
        code: CredentialHash,
        expires_at: Timestamp,
    ) -> Result<()> {
        let id = id.clone();
        self.write(move |connection| {
            let facts = serde_json::to_string(&account.account)
                .map_err(|error| Error::internal(format!("a linked account: {error}")))?;
            let put = links::put_account(&id, &account, facts, &code, expires_at);
            run(connection, &put).map(|_| ())
        })
        .await
    }

    async fn take_account(
        &self,
        id: &FlowId,
        code: &CredentialHash,
        now: Timestamp,
    ) -> Result<Option<(LinkFlow, UnclaimedAccount)>> {
        let (id, code) = (id.clone(), *code);
        let take = move |connection: &Connection| {
            let found = links::find_account(&id, &code, now);
            let found = taken(connection, &found, |row| links::unclaimed(row))?;
            if found.is_some() {
                run(connection, &links::erase_account(&id))?;
            }
            Ok(found)
        };
        self.writer.erase(take).await
    }

    async fn finish(&self, id: &FlowId, linked: &ConnectionId) -> Result<()> {
        let (id, linked) = (id.clone(), linked.clone());
        self.write(move |connection| run(connection, &links::finish(&id, &linked)).map(|_| ()))
            .await
    }

    async fn purge_expired(&self, now: Timestamp, limit: usize) -> Result<usize> {
        let limit = saturated(limit as u64);
        // Asked without the writer first: erasing costs more than looking.
        let is_idle = self.read(|connection| {
            let mut any =
                connection.prepare_cached("SELECT 1 FROM links WHERE expires_at < ?1 LIMIT 1")?;
            Ok(!any.exists([now.as_millis()])?)
        })?;
        if is_idle {
            return Ok(0);
        }
        let purge = move |connection: &Connection| {
            let ended = "(SELECT id FROM links WHERE expires_at < ?1
                ORDER BY expires_at, id LIMIT ?2)";
            let parameters = (now.as_millis(), limit);
            execute(
                connection,
                &format!(
                    "INSERT INTO cleanup (kind, subject, provider, connection_id, access_token,
                       refresh_token, token_expires_at, token_version, attempts, next_attempt_at,
                       created_at)
                     SELECT 'revoke_tokens', account_connection_id, provider,
                       account_connection_id, access_token, refresh_token, token_expires_at, 0, 0,
                       ?1, ?1
                     FROM links WHERE id IN {ended} AND access_token IS NOT NULL"
                ),
                parameters,
            )?;
            execute(
                connection,
                &format!("DELETE FROM links WHERE id IN {ended}"),
                parameters,
            )
        };
        self.writer.erase(purge).await
    }
}
