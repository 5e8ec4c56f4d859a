//! Link flows in SQLite, by the hashes of state and completion code.

use async_trait::async_trait;
use gitflare_core::{
    Code, ConnectionId, CredentialHash, Error, FlowId, Result, TenantId, Timestamp, UserId,
    provider::ProviderId,
    storage::{
        Handover, LinkFlow, LinkKind, LinkStore, PostedKey, PostedOutcome, SealedTokens,
        UnclaimedAccount,
    },
};
use rusqlite::{Connection, Row};

use super::{
    SqliteStorage, failed,
    rows::{execute, id, maybe_id, maybe_time, one, parsed, saturated, time},
};

const COLUMNS: &str = "id, provider, kind, handover, browser, tenant_id, user_id, workspace,
    known_only, return_to, verifier, connection_id, created_at, expires_at";

fn flow(row: &Row<'_>) -> rusqlite::Result<LinkFlow> {
    let browser: Option<[u8; 32]> = row.get(4)?;
    Ok(LinkFlow {
        id: id!(row, 0, FlowId)?,
        provider: parsed(row, 1, ProviderId::parse)?,
        kind: parsed(row, 2, LinkKind::parse)?,
        handover: parsed(row, 3, Handover::parse)?,
        browser: browser.map(CredentialHash::from_bytes),
        tenant_id: maybe_id!(row, 5, TenantId)?,
        user_id: maybe_id!(row, 6, UserId)?,
        workspace: row.get(7)?,
        known_only: row.get(8)?,
        return_to: row.get(9)?,
        sealed_verifier: row.get(10)?,
        connection_id: maybe_id!(row, 11, ConnectionId)?,
        created_at: time(row, 12)?,
        expires_at: time(row, 13)?,
    })
}

/// What became of a flow whose code the provider posts.
fn outcome(row: &Row<'_>) -> rusqlite::Result<PostedOutcome> {
    let failure: Option<String> = row.get(14)?;
    let is_linked: bool = row.get(15)?;
    Ok(match (failure, is_linked) {
        (Some(_), _) => PostedOutcome::Failed(parsed(row, 14, Code::parse)?),
        (None, true) => PostedOutcome::Linked,
        (None, false) => PostedOutcome::Awaited,
    })
}

/// The account behind the columns of a flow.
fn account(row: &Row<'_>) -> rusqlite::Result<UnclaimedAccount> {
    Ok(UnclaimedAccount {
        connection_id: id!(row, 14, ConnectionId)?,
        account: parsed(row, 15, |text| serde_json::from_str(text).ok())?,
        tokens: SealedTokens {
            access_token: row.get(16)?,
            refresh_token: row.get(17)?,
            expires_at: maybe_time(row, 18)?,
            version: 0,
        },
    })
}

/// The flow and account that a completion code stands for.
fn unclaimed(
    connection: &Connection,
    id: &FlowId,
    code: &CredentialHash,
    now: Timestamp,
) -> Result<Option<(LinkFlow, UnclaimedAccount)>> {
    let statement = format!(
        "SELECT {COLUMNS}, account_connection_id, account, access_token, refresh_token,
           token_expires_at
         FROM links WHERE id = ?1 AND code = ?2 AND expires_at > ?3"
    );
    one(
        connection,
        &statement,
        (id.as_str(), code.as_bytes(), now.as_millis()),
        |row| Ok((flow(row)?, account(row)?)),
    )
    .map_err(|error| failed(&error))
}

#[async_trait]
impl LinkStore for SqliteStorage {
    async fn insert(&self, flow: LinkFlow, state: CredentialHash) -> Result<()> {
        self.write(move |connection| {
            execute(
                connection,
                "INSERT INTO links (id, state, provider, kind, handover, browser, tenant_id,
                   user_id, workspace, known_only, return_to, verifier, created_at, expires_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
                (
                    flow.id.as_str(),
                    state.as_bytes(),
                    flow.provider.as_str(),
                    flow.kind.as_str(),
                    flow.handover.as_str(),
                    flow.browser.as_ref().map(CredentialHash::as_bytes),
                    flow.tenant_id.as_ref().map(TenantId::as_str),
                    flow.user_id.as_ref().map(UserId::as_str),
                    &flow.workspace,
                    flow.known_only,
                    &flow.return_to,
                    &flow.sealed_verifier,
                    flow.created_at.as_millis(),
                    flow.expires_at.as_millis(),
                ),
            )?;
            Ok(())
        })
        .await
    }

    async fn find(&self, id: &FlowId) -> Result<Option<LinkFlow>> {
        let statement = format!("SELECT {COLUMNS} FROM links WHERE id = ?1");
        self.read(|connection| one(connection, &statement, [id.as_str()], flow))
    }

    async fn take_state(&self, state: &CredentialHash, now: Timestamp) -> Result<Option<LinkFlow>> {
        let state = *state;
        self.write(move |connection| {
            let statement =
                format!("UPDATE links SET state = NULL WHERE state = ?1 RETURNING {COLUMNS}");
            let taken = one(connection, &statement, [state.as_bytes()], flow)
                .map_err(|error| failed(&error))?;
            Ok(taken.filter(|flow| now < flow.expires_at))
        })
        .await
    }

    async fn post_state(&self, state: &CredentialHash, now: Timestamp) -> Result<Option<LinkFlow>> {
        let state = *state;
        self.write(move |connection| {
            let statement = format!(
                "UPDATE links SET posted = 1 WHERE state = ?1 AND posted = 0 RETURNING {COLUMNS}"
            );
            let posted = one(connection, &statement, [state.as_bytes()], flow)
                .map_err(|error| failed(&error))?;
            Ok(posted.filter(|flow| now < flow.expires_at))
        })
        .await
    }

    async fn fail_posted(&self, id: &FlowId, code: Code) -> Result<()> {
        let id = id.clone();
        self.write(move |connection| {
            execute(
                connection,
                "UPDATE links SET failure = ?2 WHERE id = ?1",
                (id.as_str(), code.name()),
            )?;
            Ok(())
        })
        .await
    }

    async fn find_posted(
        &self,
        key: PostedKey<'_>,
        now: Timestamp,
    ) -> Result<Option<(LinkFlow, PostedOutcome)>> {
        let now = now.as_millis();
        let columns = format!("{COLUMNS}, failure, account IS NOT NULL");
        let row = |row: &Row<'_>| Ok((flow(row)?, outcome(row)?));
        match key {
            PostedKey::State(state) => {
                let statement =
                    format!("SELECT {columns} FROM links WHERE state = ?1 AND expires_at > ?2");
                let parameters = (state.as_bytes(), now);
                self.read(|connection| one(connection, &statement, parameters, row))
            }
            PostedKey::Browser(browser, provider) => {
                let statement = format!(
                    "SELECT {columns} FROM links
                     WHERE browser = ?1 AND provider = ?2 AND state IS NOT NULL AND expires_at > ?3
                     ORDER BY posted DESC, created_at DESC, id DESC LIMIT 1"
                );
                let parameters = (browser.as_bytes(), provider.as_str(), now);
                self.read(|connection| one(connection, &statement, parameters, row))
            }
        }
    }

    async fn return_posted(&self, id: &FlowId, code: CredentialHash) -> Result<bool> {
        let id = id.clone();
        self.write(move |connection| {
            let changed = execute(
                connection,
                "UPDATE links SET state = NULL,
                   code = CASE WHEN account IS NULL THEN NULL ELSE ?2 END
                 WHERE id = ?1 AND state IS NOT NULL",
                (id.as_str(), code.as_bytes()),
            )?;
            Ok(changed == 1)
        })
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
            execute(
                connection,
                "UPDATE links SET code = ?2, account_connection_id = ?3, account = ?4,
                   access_token = ?5, refresh_token = ?6, token_expires_at = ?7, expires_at = ?8
                 WHERE id = ?1",
                (
                    id.as_str(),
                    code.as_bytes(),
                    account.connection_id.as_str(),
                    facts,
                    &account.tokens.access_token,
                    &account.tokens.refresh_token,
                    account.tokens.expires_at.map(Timestamp::as_millis),
                    expires_at.as_millis(),
                ),
            )?;
            Ok(())
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
            let taken = unclaimed(connection, &id, &code, now)?;
            if taken.is_some() {
                execute(
                    connection,
                    "UPDATE links SET code = NULL, account_connection_id = NULL, account = NULL,
                       access_token = NULL, refresh_token = NULL, token_expires_at = NULL
                     WHERE id = ?1",
                    [id.as_str()],
                )?;
            }
            Ok(taken)
        };
        self.writer.erase(take).await
    }

    async fn finish(&self, id: &FlowId, linked: &ConnectionId) -> Result<()> {
        let (id, linked) = (id.clone(), linked.clone());
        self.write(move |connection| {
            execute(
                connection,
                "UPDATE links SET connection_id = ?2 WHERE id = ?1",
                (id.as_str(), linked.as_str()),
            )?;
            Ok(())
        })
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
