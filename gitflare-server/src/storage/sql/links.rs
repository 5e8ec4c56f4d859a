//! Flows that link accounts, by the hashes of state and completion code.

use gitflare_core::{
    Code, ConnectionId, CredentialHash, FlowId, TenantId, Timestamp, UserId,
    provider::ProviderId,
    storage::{
        Handover, LinkFlow, LinkKind, PostedKey, PostedOutcome, SealedTokens, UnclaimedAccount,
    },
};

use super::{
    Columns, Statement, bytes, flag, id, maybe_bytes, maybe_id, maybe_text, maybe_time, parsed,
    time, values,
};

pub(in crate::storage) const COLUMNS: &str = "id, provider, kind, handover, browser, tenant_id,
    user_id, workspace, known_only, return_to, verifier, connection_id, created_at, expires_at";

pub(in crate::storage) fn flow<R: Columns>(row: &R) -> Result<LinkFlow, R::Error> {
    let browser = row.bytes(4)?.map(<[u8; 32]>::try_from);
    Ok(LinkFlow {
        id: id!(row, 0, FlowId)?,
        provider: parsed(row, 1, ProviderId::parse)?,
        kind: parsed(row, 2, LinkKind::parse)?,
        handover: parsed(row, 3, Handover::parse)?,
        browser: browser
            .transpose()
            .map_err(|_| R::corrupt(4))?
            .map(CredentialHash::from_bytes),
        tenant_id: maybe_id!(row, 5, TenantId)?,
        user_id: maybe_id!(row, 6, UserId)?,
        workspace: maybe_text(row, 7)?,
        known_only: flag(row, 8)?,
        return_to: maybe_text(row, 9)?,
        sealed_verifier: bytes(row, 10)?,
        connection_id: maybe_id!(row, 11, ConnectionId)?,
        created_at: time(row, 12)?,
        expires_at: time(row, 13)?,
    })
}

/// A flow and what became of it.
pub(in crate::storage) fn posted<R: Columns>(
    row: &R,
) -> Result<(LinkFlow, PostedOutcome), R::Error> {
    let failure = row.text(14)?.is_some();
    let outcome = match (failure, flag(row, 15)?) {
        (true, _) => PostedOutcome::Failed(parsed(row, 14, Code::parse)?),
        (false, true) => PostedOutcome::Linked,
        (false, false) => PostedOutcome::Awaited,
    };
    Ok((flow(row)?, outcome))
}

/// A flow and its account.
pub(in crate::storage) fn unclaimed<R: Columns>(
    row: &R,
) -> Result<(LinkFlow, UnclaimedAccount), R::Error> {
    let account = UnclaimedAccount {
        connection_id: id!(row, 14, ConnectionId)?,
        account: parsed(row, 15, |text| serde_json::from_str(text).ok())?,
        tokens: SealedTokens {
            access_token: maybe_bytes(row, 16)?,
            refresh_token: maybe_bytes(row, 17)?,
            expires_at: maybe_time(row, 18)?,
            version: 0,
        },
    };
    Ok((flow(row)?, account))
}

pub(in crate::storage) fn insert<'a>(
    flow: &'a LinkFlow,
    state: &'a CredentialHash,
) -> Statement<'a> {
    Statement::new(
        "INSERT INTO links (id, state, provider, kind, handover, browser, tenant_id,
           user_id, workspace, known_only, return_to, verifier, created_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        values![
            flow.id.as_str(),
            state,
            flow.provider.as_str(),
            flow.kind.as_str(),
            flow.handover.as_str(),
            flow.browser.as_ref(),
            flow.tenant_id.as_ref().map(TenantId::as_str),
            flow.user_id.as_ref().map(UserId::as_str),
            &flow.workspace,
            flow.known_only,
            &flow.return_to,
            &flow.sealed_verifier,
            flow.created_at,
            flow.expires_at,
        ],
    )
}

pub(in crate::storage) fn find(id: &FlowId) -> Statement<'_> {
    Statement::new(
        format!("SELECT {COLUMNS} FROM links WHERE id = ?1"),
        values![id.as_str()],
    )
}

/// Spends a state; returns its flow, whose time may be over.
pub(in crate::storage) fn take_state(state: &CredentialHash) -> Statement<'_> {
    Statement::new(
        format!("UPDATE links SET state = NULL WHERE state = ?1 RETURNING {COLUMNS}"),
        values![state],
    )
}

/// Spends a state for the provider that posts its code; returns its flow, whose time may be over.
pub(in crate::storage) fn post_state(state: &CredentialHash) -> Statement<'_> {
    Statement::new(
        format!(
            "UPDATE links SET posted = TRUE WHERE state = ?1 AND NOT posted RETURNING {COLUMNS}"
        ),
        values![state],
    )
}

pub(in crate::storage) fn fail_posted(id: &FlowId, code: Code) -> Statement<'_> {
    Statement::new(
        "UPDATE links SET failure = ?2 WHERE id = ?1",
        values![id.as_str(), code.name()],
    )
}

/// The name of the setting that holds when the last stray browser came.
fn stray_of(provider: ProviderId) -> String {
    format!("stray:{provider}")
}

pub(in crate::storage) fn note_stray(provider: ProviderId, at: Timestamp) -> Statement<'static> {
    Statement::new(
        "INSERT INTO settings (name, value) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        values![stray_of(provider), at.as_millis().to_string()],
    )
}

pub(in crate::storage) fn last_stray(provider: ProviderId) -> Statement<'static> {
    Statement::new(
        "SELECT value FROM settings WHERE name = ?1",
        values![stray_of(provider)],
    )
}

pub(in crate::storage) fn stray<R: Columns>(row: &R) -> Result<Timestamp, R::Error> {
    let millis = parsed(row, 0, |text| text.parse().ok())?;
    Ok(Timestamp::from_millis(millis))
}

pub(in crate::storage) fn find_posted(key: PostedKey<'_>, now: Timestamp) -> Statement<'_> {
    match key {
        PostedKey::State(state) => Statement::new(
            format!(
                "SELECT {COLUMNS}, failure, account IS NOT NULL FROM links
                 WHERE state = ?1 AND expires_at > ?2"
            ),
            values![state, now],
        ),
        PostedKey::Browser(browser, provider) => Statement::new(
            format!(
                "SELECT {COLUMNS}, failure, account IS NOT NULL FROM links
                 WHERE browser = ?1 AND provider = ?2 AND state IS NOT NULL AND expires_at > ?3
                 ORDER BY posted DESC, created_at DESC, id DESC LIMIT 1"
            ),
            values![browser, provider.as_str(), now],
        ),
    }
}

pub(in crate::storage) fn return_posted<'a>(
    id: &'a FlowId,
    code: &'a CredentialHash,
) -> Statement<'a> {
    Statement::new(
        // The second branch is never taken: it tells PostgreSQL the type of the third.
        "UPDATE links SET state = NULL,
           code = CASE WHEN account IS NULL THEN NULL WHEN FALSE THEN code ELSE ?2 END
         WHERE id = ?1 AND state IS NOT NULL",
        values![id.as_str(), code],
    )
}

/// Keeps an account; `facts` is its JSON form.
pub(in crate::storage) fn put_account<'a>(
    id: &'a FlowId,
    account: &'a UnclaimedAccount,
    facts: String,
    code: &'a CredentialHash,
    expires_at: Timestamp,
) -> Statement<'a> {
    Statement::new(
        "UPDATE links SET code = ?2, account_connection_id = ?3, account = ?4,
           access_token = ?5, refresh_token = ?6, token_expires_at = ?7, expires_at = ?8
         WHERE id = ?1",
        values![
            id.as_str(),
            code,
            account.connection_id.as_str(),
            facts,
            &account.tokens.access_token,
            &account.tokens.refresh_token,
            account.tokens.expires_at,
            expires_at,
        ],
    )
}

/// Finds the flow and the account that a completion code stands for.
pub(in crate::storage) fn find_account<'a>(
    id: &'a FlowId,
    code: &'a CredentialHash,
    now: Timestamp,
) -> Statement<'a> {
    Statement::new(
        format!(
            "SELECT {COLUMNS}, account_connection_id, account, access_token, refresh_token,
               token_expires_at
             FROM links WHERE id = ?1 AND code = ?2 AND expires_at > ?3"
        ),
        values![id.as_str(), code, now],
    )
}

pub(in crate::storage) fn erase_account(id: &FlowId) -> Statement<'_> {
    Statement::new(
        "UPDATE links SET code = NULL, account_connection_id = NULL, account = NULL,
           access_token = NULL, refresh_token = NULL, token_expires_at = NULL
         WHERE id = ?1",
        values![id.as_str()],
    )
}

pub(in crate::storage) fn finish<'a>(id: &'a FlowId, linked: &'a ConnectionId) -> Statement<'a> {
    Statement::new(
        "UPDATE links SET connection_id = ?2 WHERE id = ?1",
        values![id.as_str(), linked.as_str()],
    )
}
