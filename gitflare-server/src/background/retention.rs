//! Deletes what is over: tokens, refresh tokens, public clients that nobody uses, sessions, codes, requests, nonces, finished deliveries, what is left
//! of deleted tenants, and rows of the usage log and the audit that are older than they are to be kept. A few rows at a time, found
//! by an index, so that requests hardly notice and none of it grows without end (LG-5).

use std::{sync::Arc, time::Duration};

use gitflare_core::{Result, Timestamp, storage::Storage};

use super::Stopping;
use crate::http::App;

/// Rows of one transaction. With the pause, 10,000 a second go.
const ROWS_AT_ONCE: usize = 250;
const BETWEEN_PIECES: Duration = Duration::from_millis(25);
const BETWEEN_ROUNDS: Duration = Duration::from_secs(60);
const DAY_MILLIS: i64 = 86_400_000;
/// How long spent codes stay: until then a replay is noticed and ends what the code has bought.
const CODE_DAYS: u32 = 1;
/// How long ended tokens stay, and are told from unknown ones.
const TOKEN_DAYS: u32 = 1;
/// How long the rows of deleted tenants stay: their tokens, too, are told from unknown ones.
const TENANT_DAYS: u32 = TOKEN_DAYS;
/// How long finished deliveries stay, and are not delivered again.
const DELIVERY_DAYS: u32 = 7;

/// How long what can be chosen is kept, in days.
#[derive(Clone, Copy, Debug)]
struct Retention {
    /// Usage rows; 0 keeps them without end.
    usage_days: u32,
    /// Audit rows; at least 30.
    audit_days: u32,
}

/// Purges now and every minute.
pub(crate) async fn run(app: Arc<App>, mut stopping: Stopping) {
    let retention = Retention {
        usage_days: app.usage_retention_days(),
        audit_days: app.audit_retention_days(),
    };
    loop {
        let gateway = app.gateway();
        match gateway.end_unused_clients(ROWS_AT_ONCE).await {
            Ok(0) => {}
            Ok(clients) => tracing::debug!(clients, "looked at public clients that nobody uses"),
            Err(error) => tracing::warn!(error = ?error, "unused clients could not be ended"),
        }
        if !purge(
            gateway.storage(),
            gateway.clock().now(),
            retention,
            &mut stopping,
        )
        .await
            || !stopping.pause(BETWEEN_ROUNDS).await
        {
            return;
        }
    }
}

/// What goes by itself.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Sessions,
    Requests,
    Nonces,
    Codes,
    Tokens,
    RefreshTokens,
    Deliveries,
    Tenants,
    Audit,
    Usage,
}

const KINDS: [Kind; 10] = [
    // A workspace goes with its last session, once no request holds it.
    Kind::Requests,
    Kind::Sessions,
    Kind::Nonces,
    Kind::Codes,
    Kind::Tokens,
    Kind::RefreshTokens,
    Kind::Deliveries,
    Kind::Tenants,
    Kind::Audit,
    Kind::Usage,
];

/// Purges each kind until nothing of it is left, whatever becomes of the others; whether to go on.
async fn purge(
    storage: &dyn Storage,
    now: Timestamp,
    retention: Retention,
    stopping: &mut Stopping,
) -> bool {
    for kind in KINDS {
        loop {
            match purge_some(storage, kind, now, retention).await {
                Ok(0) => break,
                Ok(rows) => tracing::debug!(?kind, rows, "deleted what is over"),
                Err(error) => {
                    tracing::warn!(?kind, error = ?error, "what is over could not be deleted");
                    break;
                }
            }
            if !stopping.pause(BETWEEN_PIECES).await {
                return false;
            }
        }
    }
    true
}

/// Deletes some rows of a kind; how many.
async fn purge_some(
    storage: &dyn Storage,
    kind: Kind,
    now: Timestamp,
    retention: Retention,
) -> Result<usize> {
    let before = |days: u32| Timestamp::from_millis(now.as_millis() - i64::from(days) * DAY_MILLIS);
    let some = ROWS_AT_ONCE;
    match kind {
        Kind::Sessions => storage.sessions().purge_expired(now, some).await,
        Kind::Requests => storage.requests().purge_expired(now, some).await,
        Kind::Nonces => storage.proofs().purge_nonces(now, some).await,
        Kind::Codes => storage.codes().purge_expired(before(CODE_DAYS), some).await,
        Kind::Tokens => {
            storage
                .tokens()
                .purge_expired(before(TOKEN_DAYS), some)
                .await
        }
        Kind::RefreshTokens => storage.refresh_tokens().purge_expired(now, some).await,
        Kind::Deliveries => {
            let deliveries = storage.deliveries();
            deliveries.purge_finished(before(DELIVERY_DAYS), some).await
        }
        Kind::Tenants => {
            storage
                .tenants()
                .purge_deleted(before(TENANT_DAYS), some)
                .await
        }
        Kind::Audit => {
            storage
                .audit()
                .purge(before(retention.audit_days), some)
                .await
        }
        Kind::Usage if retention.usage_days == 0 => Ok(0),
        Kind::Usage => {
            storage
                .usage()
                .purge(before(retention.usage_days), some)
                .await
        }
    }
}

#[cfg(test)]
mod tests {
    use gitflare_core::{
        AuditId, ClientId, CredentialHash, RequestId, Scopes, TenantId, TokenId,
        storage::{
            AccessToken, Actor, AuditAction, AuditEntry, IssuedBy, ListRange, Outcome, TokenFilter,
            memory::MemoryStorage,
        },
    };

    use super::*;

    #[tokio::test]
    async fn ended_tokens_and_old_audit_rows_go() {
        // sec: LG-5
        let now = Timestamp::from_millis(1_800_000_000_000);
        let days_ago = |days: i64| Timestamp::from_millis(now.as_millis() - days * DAY_MILLIS);
        let storage = MemoryStorage::new();
        let retention = Retention {
            usage_days: 90,
            audit_days: 400,
        };
        let count = i64::try_from(ROWS_AT_ONCE).unwrap() + 10;
        for number in 0..count {
            // The last one has just ended.
            let ended = if number == count - 1 { 0 } else { 2 };
            let token = AccessToken {
                id: TokenId::parse(&format!("atk_{number:06}")).unwrap(),
                tenant_id: TenantId::parse("tenant_1").unwrap(),
                client_id: ClientId::parse("client_1").unwrap(),
                authorization_id: None,
                issued_by: IssuedBy::ClientCredentials,
                permissions: Scopes::NONE,
                connection_ids: Vec::new(),
                created_at: days_ago(3),
                expires_at: days_ago(ended),
                revoked_at: None,
                last_used_at: None,
            };
            let entry = AuditEntry {
                id: AuditId::parse(&format!("audit_{number:06}")).unwrap(),
                at: days_ago(ended * 250),
                actor: Actor::System,
                action: AuditAction::TokenIssue,
                object: String::new(),
                outcome: Outcome::Ok,
                request_id: RequestId::parse("gf_req_1").unwrap(),
            };
            let text = number.to_string();
            let hash = CredentialHash::of(&text);
            storage.tokens().insert(token, hash, entry).await.unwrap();
        }
        let (_stop, stopping) = tokio::sync::watch::channel(false);
        assert!(purge(&storage, now, retention, &mut Stopping(stopping)).await);
        let all = ListRange {
            after: None,
            limit: 1000,
        };
        let tokens = storage.tokens().list(&TokenFilter::default(), all).await;
        assert_eq!(tokens.unwrap().len(), 1);
        assert_eq!(storage.audit().list(all).await.unwrap().len(), 1);
    }
}
