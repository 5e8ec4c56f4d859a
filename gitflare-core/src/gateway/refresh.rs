//! Provider tokens that end: refreshed ahead of their time by one task for all (PC-9), and once
//! more when the provider refuses one before. The rotated token is stored before anybody uses it;
//! a provider that refuses the refresh token for good has its connection marked.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::{Duration, Instant},
};

use futures_util::lock::Mutex as AsyncMutex;

use super::{AuditContext, Gateway, cells};
use crate::{
    Code, ConnectionId, Error, Result, Secret, Timestamp,
    filter::BlockedPaths,
    provider::{Call, OauthRefusal, ProviderTokens, TokenRefresh},
    storage::{
        Actor, AuditAction, CleanupJob, CleanupKind, Connection, ConnectionMode, ConnectionStatus,
        Outcome, ReconnectCause, SealedTokens, Share,
    },
};

/// How long before their end tokens are refreshed, unless they live less than ten times that.
const AHEAD: Duration = Duration::from_secs(60);

/// The token refreshes that run in this process, one per connection (single flight).
#[derive(Debug, Default)]
pub(super) struct InFlightRefreshes(Mutex<HashMap<ConnectionId, Weak<AsyncMutex<()>>>>);

impl InFlightRefreshes {
    /// The lock of a connection; dropped when no task holds or awaits it.
    fn of(&self, id: &ConnectionId) -> Arc<AsyncMutex<()>> {
        let mut in_flight = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = in_flight.get(id).and_then(Weak::upgrade) {
            return flight;
        }
        in_flight.retain(|_, flight| flight.strong_count() > 0);
        let flight = Arc::default();
        in_flight.insert(id.clone(), Arc::downgrade(&flight));
        flight
    }
}

impl Gateway {
    /// A call on behalf of a connection, its token refreshed when its time has come.
    pub(super) async fn call_for(
        &self,
        connection: &Connection,
        tokens: &SealedTokens,
        deadline: Instant,
    ) -> Result<Call> {
        let is_due = tokens.expires_at.is_some_and(|at| at <= self.clock.now());
        if is_due && tokens.refresh_token.is_some() {
            let id = &connection.id;
            let (connection, tokens) = self.refreshed(id, tokens.version, deadline).await?;
            return self.open_call(&connection, &tokens, deadline);
        }
        self.open_call(connection, tokens, deadline)
    }

    /// Asks a provider through a share. When it refuses the credential, asks once more with the one
    /// that took its place, or that is refreshed now.
    ///
    /// # Errors
    /// What `ask` says last; `AUTH_EXPIRED` when the connection has no usable credential left, or
    /// what its provider calls that of a pasted one.
    pub(super) async fn with_credential<T, F: Future<Output = Result<T>>>(
        &self,
        share: &Share,
        deadline: Instant,
        ask: impl Fn(Arc<Call>) -> F,
    ) -> Result<T> {
        let (connection, tokens) = (&share.connection, &share.tokens);
        let call = Arc::new(self.call_for(connection, tokens, deadline).await?);
        match ask(Arc::clone(&call)).await {
            Err(refusal) if refuses_credential(&refusal) => {
                let call = self.renewed(&connection.id, &call, refusal).await?;
                ask(Arc::new(call)).await
            }
            answer => answer,
        }
    }

    /// A call with another token than the refused one. Fails with the refusal where there is none.
    async fn renewed(&self, id: &ConnectionId, refused: &Call, refusal: Error) -> Result<Call> {
        let deadline = refused.deadline;
        let told = |error: Error| with_facts_of(error, &refusal);
        let (connection, tokens) = self.usable(id).await.map_err(told)?;
        let call = self.open_call(&connection, &tokens, deadline)?;
        // Another task may have refreshed it since it was read.
        if call.access_token.expose() != refused.access_token.expose() {
            return Ok(call);
        }
        if tokens.refresh_token.is_none() || self.oauth_of(connection.provider).is_none() {
            // A token that somebody pasted may work again; one of a consent never does.
            if connection.mode == ConnectionMode::Oauth {
                let cause = ReconnectCause::TokenRefused;
                self.refuse(&connection, tokens.version, cause).await?;
                return Err(must_reconnect(&connection, Some(&refusal)));
            }
            let provider = self.providers.find(connection.provider);
            let code = provider.map_or(Code::AuthExpired, |it| it.pasted_refusal(&refusal));
            return Err(pasted_refused(&connection, code, refusal));
        }
        let refreshed = self.refreshed(id, tokens.version, deadline).await;
        let (connection, tokens) = refreshed.map_err(told)?;
        self.open_call(&connection, &tokens, deadline)
    }

    fn open_call(
        &self,
        connection: &Connection,
        tokens: &SealedTokens,
        deadline: Instant,
    ) -> Result<Call> {
        let access_token = match &tokens.access_token {
            Some(sealed) => self.vault.open(cells::access_token(connection), sealed)?,
            None => Secret::new(String::new()),
        };
        Ok(Call {
            connection_id: connection.id.clone(),
            access_token,
            is_oauth: connection.mode == ConnectionMode::Oauth,
            blocked: BlockedPaths::of(Arc::clone(&self.filter)),
            api_base_url: connection.api_base_url.clone(),
            organization: connection.organization.clone(),
            deadline,
        })
    }

    /// The tokens behind those of that version, refreshed by this task or another one.
    async fn refreshed(
        &self,
        id: &ConnectionId,
        version: u32,
        deadline: Instant,
    ) -> Result<(Connection, SealedTokens)> {
        let flight = self.refreshes.of(id);
        let _only_one = flight.lock().await;
        let (connection, tokens) = self.usable(id).await?;
        if tokens.version != version {
            return Ok((connection, tokens));
        }
        let now = self.clock.now();
        // Long enough that no refresher can still be waiting for the provider then.
        let until = now.after(2 * self.upstream_budget());
        let connections = self.storage.connections();
        if !connections.begin_refresh(id, version, now, until).await? {
            let (connection, tokens) = self.usable(id).await?;
            if tokens.version != version {
                return Ok((connection, tokens));
            }
            return Err(Error::upstream(
                Code::UpstreamUnavailable,
                connection.provider,
                "The connection's token is being refreshed; read again in a moment.",
            )
            .with_retry_after(1));
        }
        self.refresh(connection, &tokens, deadline).await
    }

    /// Uses the refresh token up. Nobody else does at the same time.
    async fn refresh(
        &self,
        connection: Connection,
        tokens: &SealedTokens,
        deadline: Instant,
    ) -> Result<(Connection, SealedTokens)> {
        let (id, version) = (&connection.id, tokens.version);
        let connections = self.storage.connections();
        let (Some(oauth), Some(sealed)) =
            (self.oauth_of(connection.provider), &tokens.refresh_token)
        else {
            connections.abandon_refresh(id, version).await?;
            return Err(unrefreshable(&connection));
        };
        let refresh_token = self.vault.open(cells::refresh_token(&connection), sealed)?;
        let asked_at = self.clock.now();
        let answer = oauth
            .refresh(TokenRefresh {
                refresh_token: &refresh_token,
                deadline,
            })
            .await;
        self.refresh_counts.count(connection.provider, &answer);
        let new = match answer {
            Ok(mut new) => {
                // A provider that does not rotate leaves the old one good.
                new.refresh_token.get_or_insert(refresh_token);
                self.seal_tokens(&connection, &new, asked_at)?
            }
            Err(OauthRefusal::Failed(error)) => {
                connections.abandon_refresh(id, version).await?;
                return Err(error);
            }
            Err(OauthRefusal::Rejected(error)) => {
                // Another node may have won after all: its tokens are the good ones.
                let (connection, stored) = self.usable(id).await?;
                if stored.version != version {
                    return Ok((connection, stored));
                }
                tracing::warn!(connection = id.as_str(), error = ?error, "refresh refused");
                self.refuse(&connection, version, ReconnectCause::RefreshRefused)
                    .await?;
                return Err(must_reconnect(&connection, Some(&error)));
            }
        };
        if connections.finish_refresh(id, version, new.clone()).await? {
            let tokens = SealedTokens {
                version: version + 1,
                ..new
            };
            return Ok((connection, tokens));
        }
        // Disconnected or linked again meanwhile: what was just issued is nobody's.
        self.queue_revocation(&connection, new).await?;
        self.usable(id).await
    }

    /// Encrypts what a provider issued at `asked_at` for a connection.
    pub(super) fn seal_tokens(
        &self,
        connection: &Connection,
        issued: &ProviderTokens,
        asked_at: Timestamp,
    ) -> Result<SealedTokens> {
        let access = self.vault.seal(
            cells::access_token(connection),
            issued.access_token.expose(),
            &*self.random,
        )?;
        let refresh = match &issued.refresh_token {
            Some(token) => Some(self.vault.seal(
                cells::refresh_token(connection),
                token.expose(),
                &*self.random,
            )?),
            None => None,
        };
        Ok(SealedTokens {
            access_token: Some(access),
            refresh_token: refresh,
            expires_at: issued
                .lifetime
                .map(|lifetime| asked_at.after(lifetime - AHEAD.min(lifetime / 10))),
            version: 0,
        })
    }

    /// Queues tokens that no connection keeps to be revoked.
    pub(super) async fn queue_revocation(
        &self,
        connection: &Connection,
        tokens: SealedTokens,
    ) -> Result<()> {
        let now = self.clock.now();
        let job = CleanupJob {
            kind: CleanupKind::RevokeTokens,
            // Beside the job that the connection itself may have.
            subject: self.new_request_id().as_str().to_owned(),
            provider: connection.provider,
            connection_id: connection.id.clone(),
            tenant_id: connection.tenant_id.clone(),
            api_base_url: connection.api_base_url.clone(),
            tokens,
            attempts: 0,
            next_attempt_at: now,
            created_at: now,
        };
        self.storage.cleanup().enqueue(job).await
    }

    /// The connection of that id with its tokens, while they may be used.
    async fn usable(&self, id: &ConnectionId) -> Result<(Connection, SealedTokens)> {
        let stored = self.storage.connections().find_with_tokens(id).await?;
        match stored {
            Some((connection, tokens)) if connection.status == ConnectionStatus::Active => {
                Ok((connection, tokens))
            }
            Some((connection, _)) if connection.status == ConnectionStatus::NeedsReconnect => {
                Err(must_reconnect(&connection, None))
            }
            _ => Err(Error::new(
                Code::ProviderAccountNotConnected,
                "The account was disconnected meanwhile.",
            )),
        }
    }

    async fn refuse(
        &self,
        connection: &Connection,
        version: u32,
        cause: ReconnectCause,
    ) -> Result<()> {
        let request_id = self.new_request_id();
        let act = AuditContext {
            actor: &Actor::System,
            request_id: &request_id,
        };
        let audit = self.audit(
            &act,
            AuditAction::ConnectionRefuse,
            connection.id.as_str(),
            Outcome::Denied,
        );
        let connections = self.storage.connections();
        connections
            .refuse(&connection.id, version, cause, audit)
            .await?;
        Ok(())
    }
}

/// Whether an upstream has refused the credential itself. Not all say so with 401: to a dead token
/// GitFlic answers 403.
pub(super) fn refuses_credential(error: &Error) -> bool {
    error.upstream_status().is_some()
        && matches!(error.code(), Code::AuthExpired | Code::InvalidCredentials)
}

/// The refusal of a token that somebody pasted, under the code that its provider has for that.
fn pasted_refused(connection: &Connection, code: Code, refusal: Error) -> Error {
    match (refusal.code(), code) {
        (told, code) if told == code => refusal,
        (_, Code::InvalidCredentials) => {
            let name = connection.provider.name();
            let message = format!("{name} does not accept the token of this connection.");
            let error = Error::upstream(code, connection.provider, message);
            with_status_of(error, &refusal)
        }
        _ => must_reconnect(connection, Some(&refusal)),
    }
}

/// `AUTH_EXPIRED` with the status and request id of the upstream's refusal, where it was asked.
pub(super) fn must_reconnect(connection: &Connection, refusal: Option<&Error>) -> Error {
    let name = connection.provider.name();
    let error = Error::upstream(
        Code::AuthExpired,
        connection.provider,
        format!("{name} no longer accepts this connection; its owner must reconnect."),
    );
    match refusal {
        Some(refusal) => with_status_of(error, refusal),
        None => error,
    }
}

/// The same error with the status and request id of a refusal that an upstream has made.
fn with_status_of(error: Error, refusal: &Error) -> Error {
    match refusal.upstream_status() {
        Some(status) => {
            error.with_upstream(status, refusal.provider_request_id().map(str::to_owned))
        }
        None => error,
    }
}

/// The same error with the status and request id of the refusal that this caller has heard, where
/// another one's was found out meanwhile.
fn with_facts_of(error: Error, refusal: &Error) -> Error {
    let is_bare = error.code() == Code::AuthExpired && error.upstream_status().is_none();
    match is_bare {
        true => with_status_of(error, refusal),
        false => error,
    }
}

fn unrefreshable(connection: &Connection) -> Error {
    let name = connection.provider.name();
    Error::upstream(
        Code::AuthExpired,
        connection.provider,
        format!("The token for {name} has ended and cannot be refreshed; reconnect the account."),
    )
}
