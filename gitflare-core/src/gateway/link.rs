//! Linking a provider account: a browser goes to the provider and comes back, and somebody claims
//! the account that it brought. Which cookie, session or page stands behind a browser or a claim is
//! the server's business; that they must agree is decided here (PC-1 to PC-4).

use std::time::Duration;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use super::{AuditContext, Gateway, cells, link_claim::LinkClaim};
use crate::{
    Code, ConnectionId, Credential, CredentialHash, CredentialKind, Error, FlowId, Result, Scopes,
    Secret, TenantId, Timestamp, UserId,
    filter::{BlockedPaths, is_web_address},
    model::Viewer,
    provider::{
        AuthorizationRequest, Call, CodeExchange, OauthRefusal, ProviderId, ProviderOauth,
        ProviderTokens,
    },
    return_path,
    storage::{
        AuditAction, Connection, ConnectionMode, ConnectionStatus, Handover, LinkFlow, LinkKind,
        LinkedAccount, SealedTokens, UnclaimedAccount,
    },
};

/// How long the way to the provider and back may take, and then how long the account waits to be
/// claimed (PC-1, PC-2).
pub(super) const FLOW_TTL: Duration = Duration::from_secs(600);
/// No provider's code, error or state is longer.
const MAX_PARAMETER_LEN: usize = 4096;
/// Most attempts of an update that others keep overtaking.
const MAX_RELINKS: usize = 3;

/// A flow to start.
#[derive(Debug)]
pub struct LinkStart<'a> {
    /// The provider, as asked for.
    pub provider: &'a str,
    /// Owner of the new connection: a user or a customer.
    pub kind: LinkKind,
    /// Way in which the result reaches the page that starts the flow.
    pub handover: Handover,
    /// The browser that must come back; `None` lets any, and the completion code alone counts.
    pub browser: Option<CredentialHash>,
    /// Tenant of the new connection; `None` until a session claims it.
    pub tenant_id: Option<TenantId>,
    /// User who starts it; `None` for a customer.
    pub user_id: Option<UserId>,
    /// The consent or page that it is started from: whoever claims must name the same.
    pub workspace: Option<String>,
    /// Whether only an account that the tenant has linked already is accepted.
    pub known_only: bool,
    /// The path of ours to return to.
    pub return_to: Option<&'a str>,
    /// Permissions that the connection must allow.
    pub permissions: Scopes,
}

/// A flow that waits for its browser.
#[derive(Debug)]
pub struct StartedLink {
    /// The id of the flow, named when it is completed.
    pub flow_id: FlowId,
    /// URL of the provider's consent page. Holds the state, so only this browser may see it.
    pub authorization_url: Secret<String>,
    /// End of the flow.
    pub expires_at: Timestamp,
}

/// Parameters of the provider's redirect, unparsed.
#[derive(Debug, Default)]
pub struct LinkCallback {
    /// The provider in the callback's path.
    pub provider: String,
    /// The `state` that the provider handed back; `None` when it sent none.
    pub state: Option<Secret<String>>,
    /// The authorization code of the provider; `None` when it sent an error.
    pub code: Option<Secret<String>>,
    /// The provider's word for what went wrong.
    pub error: Option<String>,
    /// Issuer of the code (RFC 9207).
    pub issuer: Option<String>,
    /// The browser, by its flow cookie.
    pub browser: Option<CredentialHash>,
}

/// An account that waits to be claimed.
#[derive(Debug)]
pub struct ReturnedLink {
    /// The flow that the account was linked in.
    pub flow: LinkFlow,
    /// The code that claims the account, once.
    pub completion_code: Credential,
    /// End of the completion code.
    pub expires_at: Timestamp,
}

/// Failure of a link flow.
#[derive(Debug)]
pub struct FailedLink {
    /// The flow, where the state named one that this browser may hear of.
    pub flow: Option<Box<LinkFlow>>,
    /// The error to show in the browser.
    pub error: Error,
}

impl From<Error> for FailedLink {
    fn from(error: Error) -> Self {
        Self { flow: None, error }
    }
}

impl Gateway {
    /// Starts a flow.
    ///
    /// # Errors
    /// `UNSUPPORTED_PROVIDER`; `UNSUPPORTED_ENDPOINT` for a provider at which no client of ours is
    /// registered; `INVALID_REQUEST` for a `returnTo` that is not a path of ours, and without a browser
    /// at a provider that posts its codes.
    pub async fn start_link(&self, start: LinkStart<'_>) -> Result<StartedLink> {
        let provider = self.enabled(start.provider)?.id();
        let oauth = self
            .oauth_of(provider)
            .ok_or_else(|| not_registered(provider))?;
        if start.browser.is_none() && oauth.posts_code() {
            let name = provider.name();
            return Err(Error::invalid_request(format!(
                "{name} hands the account to this server, not to the browser: start with `redirect=1`, `web=1` or `popup=1`, in the browser that is to approve it."
            )));
        }
        let return_to = start.return_to.map(return_path::check).transpose()?;
        if start.kind == LinkKind::Api
            && start.handover == Handover::Redirect
            && return_to.is_some_and(return_path::leads_on)
        {
            return Err(Error::invalid_request(
                "`returnTo` must be a page here: this one may lead to another site, with the completion code in its address.",
            ));
        }
        let now = self.clock.now();
        let id = FlowId::generate(&*self.clock, &*self.random);
        let state = Credential::generate(CredentialKind::LinkState, &*self.random);
        let verifier = self.verifier();
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.expose()));
        let authorization_url = oauth.authorization_url(&AuthorizationRequest {
            state: &Secret::new(state.expose().to_owned()),
            code_challenge: &challenge,
            permissions: start.permissions,
        })?;
        let flow = LinkFlow {
            sealed_verifier: self.vault.seal(
                cells::verifier(&id),
                verifier.expose(),
                &*self.random,
            )?,
            id: id.clone(),
            provider,
            kind: start.kind,
            handover: start.handover,
            browser: start.browser,
            tenant_id: start.tenant_id,
            user_id: start.user_id,
            workspace: start.workspace,
            known_only: start.known_only,
            return_to: return_to.map(str::to_owned),
            connection_id: None,
            created_at: now,
            expires_at: now.after(FLOW_TTL),
        };
        let expires_at = flow.expires_at;
        self.storage.links().insert(flow, state.hash()).await?;
        Ok(StartedLink {
            flow_id: id,
            authorization_url: Secret::new(authorization_url),
            expires_at,
        })
    }

    /// Receives a browser that comes back. The state is spent before anything else is looked at,
    /// and the provider is asked nothing unless provider, browser and issuer are the flow's own.
    ///
    /// # Errors
    /// `INVALID_REQUEST` for whatever does not fit together; what the provider answers.
    pub async fn receive_link(&self, callback: LinkCallback) -> Result<ReturnedLink, FailedLink> {
        let flow = self.returning(&callback).await?;
        match self.account_behind(&flow, callback).await {
            Ok((completion_code, expires_at)) => Ok(ReturnedLink {
                flow,
                completion_code,
                expires_at,
            }),
            Err(error) => Err(FailedLink {
                flow: Some(Box::new(flow)),
                error,
            }),
        }
    }

    /// Makes the connection of an account that came back, for whoever starts to own it. An account
    /// that the tenant has linked before gets new tokens instead of a second connection.
    ///
    /// # Errors
    /// `INVALID_REQUEST` for a code that is unknown, spent, expired or not the claimant's; then the
    /// account is given up.
    pub async fn complete_link(
        &self,
        claim: LinkClaim<'_>,
        act: &AuditContext<'_>,
    ) -> Result<Connection> {
        let refused = || {
            Error::invalid_request(
                "This completion code is unknown, spent, expired or another session's; start again.",
            )
        };
        let hash =
            CredentialHash::of_presented(CredentialKind::LinkCompletion, claim.completion_code)
                .ok_or_else(refused)?;
        let links = self.storage.links();
        let now = self.clock.now();
        let taken = links.take_account(claim.flow_id, &hash, now).await?;
        let (flow, unclaimed) = taken.ok_or_else(refused)?;
        let unclaimed_connection = connection_of(&flow, &unclaimed, None, now);
        let known = self
            .storage
            .connections()
            .find_linked(
                claim.tenant_id,
                flow.provider,
                &unclaimed_connection.account_id,
            )
            .await?;
        let is_member = match claim.user_id {
            Some(user) => self.tenants_of(user, None).await?.contains(claim.tenant_id),
            None => true,
        };
        let refusal = if !claim.is_entitled(&flow) || !is_member {
            Some(refused())
        } else if known.is_none() && (flow.known_only || self.is_locked(&flow, &claim).await?) {
            Some(Error::invalid_request(
                "This account is not one that is connected here; connect one of those again.",
            ))
        } else {
            None
        };
        if let Some(refusal) = refusal {
            self.queue_revocation(&unclaimed_connection, unclaimed.tokens)
                .await?;
            return Err(refusal);
        }
        let tokens = self.open_unclaimed(&unclaimed_connection, &unclaimed.tokens)?;
        let connection = Connection {
            tenant_id: Some(claim.tenant_id.clone()),
            ..unclaimed_connection
        };
        let linked = self
            .link(connection, tokens, unclaimed.tokens.expires_at, known, act)
            .await?;
        if let (LinkKind::Embed, Some(workspace)) = (flow.kind, &flow.workspace) {
            self.note_linked(workspace, &linked).await?;
        }
        links.finish(&flow.id, &linked.id).await?;
        Ok(linked)
    }

    /// The tenant that a person links an account for: the one they name, else their first. `None`
    /// without a person.
    ///
    /// # Errors
    /// `AUTH_REQUIRED` when a tenant is named and nobody has signed in (PC-2);
    /// `RESOURCE_NOT_FOUND` for a tenant that is not theirs.
    pub async fn tenant_to_link(
        &self,
        user: Option<&UserId>,
        named: Option<&str>,
    ) -> Result<Option<TenantId>> {
        let Some(user) = user else {
            return match named {
                None => Ok(None),
                Some(_) => Err(Error::new(
                    Code::AuthRequired,
                    "`tenantId` needs a session of that tenant; sign in first.",
                )),
            };
        };
        Ok(self.tenants_of(user, named).await?.into_iter().next())
    }

    /// What became of a flow; `None` when it has ended, or never was.
    ///
    /// # Errors
    /// The storage's own.
    pub async fn find_link(&self, id: &FlowId) -> Result<Option<LinkFlow>> {
        let found = self.storage.links().find(id).await?;
        Ok(found.filter(|flow| self.clock.now() < flow.expires_at))
    }

    /// Deletes flows that have ended, a few at a time; returns how many.
    ///
    /// # Errors
    /// The storage's own.
    pub async fn purge_links(&self) -> Result<usize> {
        self.storage
            .links()
            .purge_expired(self.clock.now(), 100)
            .await
    }

    /// OAuth of an enabled provider; `None` when it has no registered client.
    pub(super) fn oauth_of(&self, provider: ProviderId) -> Option<&dyn ProviderOauth> {
        self.providers.find(provider)?.oauth()
    }

    /// 256 random bits in the alphabet of RFC 7636.
    fn verifier(&self) -> Secret<String> {
        let mut bits = [0u8; 32];
        self.random.fill(&mut bits);
        Secret::new(BASE64_URL_SAFE_NO_PAD.encode(bits))
    }

    /// The flow that a browser comes back to, which is then spent.
    async fn returning(&self, callback: &LinkCallback) -> Result<LinkFlow, FailedLink> {
        let refused = || {
            Error::invalid_request(
                "This sign-in is unknown, spent, expired, or was started in another browser; start again.",
            )
        };
        let state = callback.state.as_ref().ok_or_else(refused)?;
        let hash = CredentialHash::of_presented(CredentialKind::LinkState, state.expose())
            .ok_or_else(refused)?;
        let flow = self
            .storage
            .links()
            .take_state(&hash, self.clock.now())
            .await?;
        let flow = flow.ok_or_else(refused)?;
        let is_same_browser = match (&flow.browser, &callback.browser) {
            (None, _) => true,
            (Some(started), Some(came)) => started.matches(came),
            (Some(_), None) => false,
        };
        if !is_same_browser || callback.provider != flow.provider.as_str() {
            return Err(refused().into());
        }
        Ok(flow)
    }

    /// Buys the tokens, asks whose they are, and keeps both until they are claimed.
    pub(super) async fn account_behind(
        &self,
        flow: &LinkFlow,
        callback: LinkCallback,
    ) -> Result<(Credential, Timestamp)> {
        let provider = self.enabled(flow.provider.as_str())?;
        let oauth = provider
            .oauth()
            .ok_or_else(|| not_registered(flow.provider))?;
        if let Some(issuer) = &callback.issuer
            && !is_below(issuer, oauth.issuer_origin())
        {
            return Err(Error::invalid_request(
                "The code was issued by another provider than the one that was asked.",
            ));
        }
        let name = flow.provider.name();
        if let Some(word) = &callback.error {
            return Err(denied(flow.provider, word));
        }
        let code = callback
            .code
            .filter(|code| (1..=MAX_PARAMETER_LEN).contains(&code.expose().len()))
            .ok_or_else(|| Error::invalid_request(format!("{name} sent no code; start again.")))?;
        let verifier = self
            .vault
            .open(cells::verifier(&flow.id), &flow.sealed_verifier)?;
        let asked_at = self.clock.now();
        let exchange = CodeExchange {
            code: &code,
            code_verifier: &verifier,
            deadline: self.upstream_deadline(),
        };
        let issued = oauth
            .exchange(exchange)
            .await
            .map_err(OauthRefusal::into_error)?;
        let connection_id = ConnectionId::generate(&*self.clock, &*self.random);
        let call = Call {
            connection_id,
            access_token: issued.access_token.clone(),
            is_oauth: true,
            blocked: BlockedPaths::default(),
            api_base_url: None,
            organization: None,
            deadline: self.upstream_deadline(),
        };
        let viewer = match provider.viewer(&call).await {
            Ok(viewer) => viewer,
            Err(error) => {
                self.give_up(flow, call.connection_id, &issued, asked_at)
                    .await?;
                return Err(error);
            }
        };
        self.keep_unclaimed(flow, call.connection_id, viewer, &issued, asked_at)
            .await
    }

    /// Queues the tokens of an account that the provider does not name to be revoked.
    async fn give_up(
        &self,
        flow: &LinkFlow,
        connection_id: ConnectionId,
        issued: &ProviderTokens,
        asked_at: Timestamp,
    ) -> Result<()> {
        let nameless = UnclaimedAccount {
            connection_id,
            account: LinkedAccount::default(),
            tokens: SealedTokens::default(),
        };
        let unclaimed_connection = connection_of(flow, &nameless, None, asked_at);
        let tokens = self.seal_tokens(&unclaimed_connection, issued, asked_at)?;
        self.queue_revocation(&unclaimed_connection, tokens).await
    }

    async fn keep_unclaimed(
        &self,
        flow: &LinkFlow,
        connection_id: ConnectionId,
        viewer: Viewer,
        issued: &ProviderTokens,
        asked_at: Timestamp,
    ) -> Result<(Credential, Timestamp)> {
        let now = self.clock.now();
        let mut unclaimed = UnclaimedAccount {
            connection_id,
            account: LinkedAccount {
                account_id: viewer.id,
                login: viewer.login,
                display_name: viewer.name,
                avatar_url: viewer.avatar_url.filter(|url| is_web_address(url)),
                scopes: issued.scopes.clone(),
            },
            tokens: SealedTokens::default(),
        };
        let unclaimed_connection = connection_of(flow, &unclaimed, None, now);
        unclaimed.tokens = self.seal_tokens(&unclaimed_connection, issued, asked_at)?;
        let code = Credential::generate(CredentialKind::LinkCompletion, &*self.random);
        let expires_at = now.after(FLOW_TTL);
        self.storage
            .links()
            .put_account(&flow.id, unclaimed, code.hash(), expires_at)
            .await?;
        Ok((code, expires_at))
    }

    fn open_unclaimed(
        &self,
        unclaimed_connection: &Connection,
        sealed: &SealedTokens,
    ) -> Result<ProviderTokens> {
        let access = sealed
            .access_token
            .as_ref()
            .ok_or_else(|| Error::internal("an unclaimed account without a token"))?;
        let refresh_token = match &sealed.refresh_token {
            Some(token) => Some(
                self.vault
                    .open(cells::refresh_token(unclaimed_connection), token)?,
            ),
            None => None,
        };
        Ok(ProviderTokens {
            access_token: self
                .vault
                .open(cells::access_token(unclaimed_connection), access)?,
            refresh_token,
            lifetime: None,
            scopes: unclaimed_connection.scopes.clone(),
        })
    }

    /// Stores the connection, or brings the one that the account has up to date.
    async fn link(
        &self,
        mut connection: Connection,
        tokens: ProviderTokens,
        expires_at: Option<Timestamp>,
        mut known: Option<ConnectionId>,
        act: &AuditContext<'_>,
    ) -> Result<Connection> {
        let connections = self.storage.connections();
        for _ in 0..MAX_RELINKS {
            let action = match known {
                Some(id) => {
                    connection.id = id;
                    AuditAction::ConnectionUpdate
                }
                None => AuditAction::ConnectionCreate,
            };
            let sealed = SealedTokens {
                expires_at,
                ..self.seal_tokens(&connection, &tokens, self.clock.now())?
            };
            let audit = self.audit_success(act, action, &connection.id);
            let id = connections.link(connection.clone(), sealed, audit).await?;
            if id == connection.id {
                return self.find_connection(id.as_str()).await;
            }
            known = Some(id);
        }
        Err(Error::internal(
            "an account is linked and unlinked without end",
        ))
    }
}

/// The connection that an account becomes.
fn connection_of(
    flow: &LinkFlow,
    unclaimed: &UnclaimedAccount,
    tenant_id: Option<TenantId>,
    now: Timestamp,
) -> Connection {
    let account = unclaimed.account.clone();
    Connection {
        id: unclaimed.connection_id.clone(),
        tenant_id,
        provider: flow.provider,
        login: account.login,
        account_id: account.account_id,
        display_name: account.display_name,
        avatar_url: account.avatar_url,
        scopes: account.scopes,
        mode: ConnectionMode::Oauth,
        status: ConnectionStatus::Active,
        created_at: now,
        last_used_at: None,
        api_base_url: None,
        organization: None,
        reconnect_cause: None,
    }
}

/// Whether an issuer is an origin, or below it.
fn is_below(issuer: &str, origin: &str) -> bool {
    issuer
        .strip_prefix(origin)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn not_registered(provider: ProviderId) -> Error {
    let name = provider.name();
    Error::new(
        Code::UnsupportedEndpoint,
        format!(
            "Accounts of {name} cannot be connected here: no OAuth client is configured for it."
        ),
    )
    .with_provider(provider)
}

/// What a provider's error word means; its text is the provider's and stays in the log (PC-7).
fn denied(provider: ProviderId, word: &str) -> Error {
    let name = provider.name();
    match word {
        "access_denied" => {
            Error::invalid_request(format!("The connection to {name} was not approved."))
        }
        "consent_required" => Error::upstream(
            Code::ApprovalRequired,
            provider,
            format!("An administrator at {name} has to approve GitFlare first."),
        ),
        "personal_account" => Error::invalid_request(format!(
            "{name} takes no personal accounts: sign in with a work or school account."
        )),
        "temporarily_unavailable" | "server_error" => Error::upstream(
            Code::UpstreamUnavailable,
            provider,
            format!("{name} could not answer; start again."),
        ),
        // Such a word may hold anything.
        _ => Error::invalid_request(format!("{name} refused the connection."))
            .with_detail("the provider's callback carries an error word that is not known"),
    }
}
