//! A customer's decision: what the consent page and the management page begin with, and what
//! approving, denying, changing and ending do. Ids in forms are untrusted: connections are those
//! that the session has proven, repositories are read again upstream (OA-8, OA-9).

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use futures_util::future::try_join_all;

use super::{
    Audience, AuditContext, AuthorizationAnswer, AuthorizationOutcome, Gateway, VisibleConnections,
    apps::frame_ancestors, cells, workspace::blocked,
};
use crate::{
    AuthorizationId, ClientId, Code, CredentialHash, Error, GrantId, Limit, PageRequest, Result,
    Scope, Scopes, Secret, Source, TenantId, Timestamp,
    model::Repository,
    provider::RepoRef,
    storage::{
        AppProfile, ApprovedRepository, AuditAction, Authorization, AuthorizationCode,
        AuthorizationStatus, Client, ClientStatus, Connection, ConnectionStatus, Grant,
        GrantStatus, PendingRequest, Repositories, Session, SessionSubject, Sharing, Tenant,
    },
};

/// Most repositories of an account that a customer can choose from.
const MAX_LISTED: usize = 1000;
/// Lifetime of an authorization code (TK-1).
const CODE_TTL: Duration = Duration::from_secs(60);

/// A request with all that its page shows.
#[derive(Clone, Debug)]
pub struct Consent {
    /// The id in the page's link and form; only its hash is stored.
    pub id: Secret<String>,
    /// The client's pending request, as stored.
    pub request: PendingRequest,
    /// The session that it waits in.
    pub session: Session,
    /// Client, customer and connections that the page shows.
    pub context: ConsentContext,
}

/// A client and a customer with what one browser session may see of both.
#[derive(Clone, Debug)]
pub struct ConsentContext {
    /// What the client tells of itself.
    pub profile: AppProfile,
    /// The client that asks.
    pub client: Client,
    /// The name of the tenant that develops the client; `None` when that tenant is gone.
    pub developer: Option<String>,
    /// The tenant that stands for the customer.
    pub tenant: Tenant,
    /// The customer's connections that the session may see.
    pub visible: VisibleConnections,
    /// The live authorization, if there is one.
    pub authorization: Option<Authorization>,
    /// Its active grants over what the session sees.
    pub grants: Vec<Grant>,
}

/// An account's repositories, or why they cannot be listed.
#[derive(Debug)]
pub struct AccountListing {
    /// The connection whose account it is.
    pub connection: Connection,
    /// Its repositories, in the provider's order.
    pub repositories: Result<Vec<Repository>>,
    /// Whether there are more.
    pub is_cut: bool,
}

/// The customer's choice, unparsed.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// The scopes that were ticked, by name.
    pub permissions: Vec<String>,
    /// `connectionId:repoId` each.
    pub repositories: Vec<String>,
}

impl Gateway {
    /// A request that waits in one of these sessions.
    ///
    /// # Errors
    /// `ACCESS_BLOCKED_BY_POLICY`, the same for one that is unknown, over, or another browser's.
    pub async fn consent(&self, id: &str, sessions: &[Session]) -> Result<Consent> {
        let hash = CredentialHash::of(id);
        let now = self.clock.now();
        let request = self.storage.requests().find(&hash, now).await?;
        let request = request.ok_or_else(over)?;
        let mut own = sessions.iter();
        let session = own
            .find(|session| session.id == request.session_id)
            .ok_or_else(over)?;
        let context = self
            .context(&request.client_id, &request.tenant_id, session)
            .await?;
        let allowed = &context.client.allowed_redirect_uris;
        if context.client.status != ClientStatus::Active
            || !allowed.contains(&request.registered_uri)
        {
            return Err(over());
        }
        Ok(Consent {
            id: Secret::from(id),
            request,
            session: session.clone(),
            context,
        })
    }

    /// A request that waits, whoever asks: what is started for it can only be claimed by its session.
    ///
    /// # Errors
    /// `ACCESS_BLOCKED_BY_POLICY` for one that is unknown or over.
    pub async fn pending_request(&self, id: &str) -> Result<PendingRequest> {
        let (hash, now) = (CredentialHash::of(id), self.clock.now());
        let found = self.storage.requests().find(&hash, now).await?;
        found.ok_or_else(over)
    }

    /// The live client of that id.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND`.
    pub async fn live_client(&self, id: &str) -> Result<Client> {
        let unknown = || Error::not_found("app");
        let id = ClientId::parse(id).map_err(|_| unknown())?;
        let client = self.storage.clients().find(&id).await?;
        let is_live = |client: &Client| client.status == ClientStatus::Active;
        client.filter(is_live).ok_or_else(unknown)
    }

    /// What a session sees of its own workspace.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND` for a session of another client.
    pub async fn managed(&self, client_id: &ClientId, session: &Session) -> Result<ConsentContext> {
        match &session.subject {
            SessionSubject::Embed {
                client_id: own,
                tenant_id,
            } if own == client_id => self.context(client_id, tenant_id, session).await,
            _ => Err(Error::not_found("app")),
        }
    }

    async fn context(
        &self,
        client_id: &ClientId,
        tenant_id: &TenantId,
        session: &Session,
    ) -> Result<ConsentContext> {
        let client = self.storage.clients().find(client_id).await?;
        let client = client
            .filter(|client| client.status == ClientStatus::Active)
            .ok_or_else(|| Error::not_found("app"))?;
        let tenants = self.storage.tenants();
        let tenant = tenants.find(tenant_id).await?;
        let tenant = tenant.ok_or_else(|| Error::internal("a session without its tenant"))?;
        let developer = tenants.find(&client.tenant_id).await?;
        let visible = self.visible(&session.id, tenant_id).await?;
        let authorizations = self.storage.authorizations();
        let authorization = authorizations.find_live(client_id, tenant_id).await?;
        let mut grants = match &authorization {
            Some(live) => self.active_grants(&live.id).await?,
            None => Vec::new(),
        };
        grants.retain(|grant| {
            let mut seen = visible.connections.iter();
            seen.any(|connection| connection.id == grant.connection_id)
        });
        Ok(ConsentContext {
            profile: self.app_profile(client_id).await?,
            developer: developer
                .filter(|_| client.public_id.is_none())
                .map(|tenant| tenant.name),
            client,
            tenant,
            visible,
            authorization,
            grants,
        })
    }

    /// The repositories behind some connections, each asked at the same time.
    ///
    /// # Errors
    /// `UPSTREAM_UNAVAILABLE` of the gateway's own, while its storage is away.
    pub async fn repositories_to_choose(
        &self,
        connections: &[Connection],
    ) -> Result<Vec<AccountListing>> {
        let deadline = self.upstream_deadline();
        try_join_all(connections.iter().map(async |connection| {
            let listed = match self.listed(connection, deadline).await {
                Err(error) if is_ours(&error) => return Err(error),
                listed => listed,
            };
            let is_cut = listed.as_ref().is_ok_and(|(_, is_cut)| *is_cut);
            Ok(AccountListing {
                connection: connection.clone(),
                repositories: listed.map(|(repositories, _)| repositories),
                is_cut,
            })
        }))
        .await
    }

    async fn listed(
        &self,
        connection: &Connection,
        deadline: Instant,
    ) -> Result<(Vec<Repository>, bool)> {
        let provider = self.enabled(connection.provider.as_str())?;
        let found = self
            .storage
            .connections()
            .find_with_tokens(&connection.id)
            .await?;
        let usable = found.filter(|(it, _)| it.status == ConnectionStatus::Active);
        let Some((connection, tokens)) = usable else {
            return Err(Error::new(
                Code::AuthExpired,
                "The provider no longer accepts this account: connect it again.",
            ));
        };
        let call = self.call_for(&connection, &tokens, deadline).await?;
        let mut page = PageRequest::first(Limit::MAX);
        let mut all = Vec::new();
        loop {
            let answer = provider.repositories(&call, page).await?;
            all.extend(answer.items);
            match answer.next {
                Some(_) if all.len() >= MAX_LISTED => {
                    all.truncate(MAX_LISTED);
                    return Ok((all, true));
                }
                Some(next) => {
                    page = PageRequest {
                        limit: Limit::MAX,
                        position: Some(next),
                    };
                }
                None => return Ok((all, false)),
            }
        }
    }

    /// Approves a request: shares what was ticked, and issues the code that tells the client.
    ///
    /// # Errors
    /// `INVALID_REQUEST` naming `permissions` or `repositories` when none is left;
    /// `ACCESS_BLOCKED_BY_POLICY` for an id that is not the session's own, a request that was
    /// decided meanwhile, or a locked workspace; what the upstream says to a repository.
    pub async fn approve(
        &self,
        consent: &Consent,
        choice: &Choice,
        act: &AuditContext<'_>,
    ) -> Result<AuthorizationAnswer> {
        let (request, context) = (&consent.request, &consent.context);
        let (sharing, permissions) = self.sharing(context, request.permissions, choice).await?;
        self.end_narrower(context, &sharing, act).await?;
        let now = sharing.at;
        let audience = Audience::of_request(consent.id.expose());
        let text = audience.new_code(&*self.random);
        let grants = sharing.grants.iter();
        let code = AuthorizationCode {
            client_id: request.client_id.clone(),
            tenant_id: request.tenant_id.clone(),
            authorization_id: sharing.authorization.id.clone(),
            redirect_uri: request.redirect_uri.clone(),
            registered_uri: request.registered_uri.clone(),
            code_challenge: request.code_challenge.clone(),
            permissions,
            connection_ids: grants.map(|grant| grant.connection_id.clone()).collect(),
            created_at: now,
            expires_at: now.after(CODE_TTL),
            is_spent: false,
        };
        let answer = self.answer_to(
            consent,
            AuthorizationOutcome::Code(Secret::from(text.expose())),
        )?;
        let hash = CredentialHash::of(consent.id.expose());
        let audit = self.audit_success(act, AuditAction::AuthorizationApprove, &request.tenant_id);
        let approved = self
            .storage
            .requests()
            .approve(&hash, sharing, code, text.hash(), audit)
            .await?;
        approved.map(|_| answer).ok_or_else(over)
    }

    /// Denies a request. It ends what waits for a decision in the workspace, if the session sees it:
    /// a stranger's cancels the stranger's request alone (TN-3).
    ///
    /// # Errors
    /// `ACCESS_BLOCKED_BY_POLICY` when it was decided meanwhile.
    pub async fn deny(
        &self,
        consent: &Consent,
        act: &AuditContext<'_>,
    ) -> Result<AuthorizationAnswer> {
        let description = "The customer has denied the request.".to_owned();
        let outcome = AuthorizationOutcome::Error("access_denied", description);
        let answer = self.answer_to(consent, outcome)?;
        let hash = CredentialHash::of(consent.id.expose());
        let tenant = &consent.request.tenant_id;
        let audit = self.audit_success(act, AuditAction::AuthorizationDeny, tenant);
        let denied = self
            .storage
            .requests()
            .deny(
                &hash,
                !consent.context.visible.is_locked,
                self.clock.now(),
                audit,
            )
            .await?;
        match denied {
            true => Ok(answer),
            false => Err(over()),
        }
    }

    /// Replaces what a customer shares with a client.
    ///
    /// # Errors
    /// As [`Gateway::approve`]; `INVALID_REQUEST` when nothing is shared: only the client itself can
    /// ask anew.
    pub async fn update_sharing(
        &self,
        context: &ConsentContext,
        choice: &Choice,
        act: &AuditContext<'_>,
    ) -> Result<Authorization> {
        let asked = context.client.default_permissions;
        let (sharing, _) = self.sharing(context, asked, choice).await?;
        let live = context.authorization.as_ref();
        if live.is_none_or(|live| live.status != AuthorizationStatus::Active) {
            return Err(Error::invalid_request(
                "Access has ended, or was never given: it begins again when the app asks for it.",
            ));
        }
        let audit = self.audit_success(act, AuditAction::AuthorizationUpdate, &context.tenant.id);
        self.storage.authorizations().share(sharing, audit).await
    }

    /// Ends what a client may read through the accounts that the session sees; when these are all,
    /// the authorization with everything under it.
    ///
    /// # Errors
    /// `ACCESS_BLOCKED_BY_POLICY` in a locked workspace.
    pub async fn end_sharing(
        &self,
        context: &ConsentContext,
        act: &AuditContext<'_>,
    ) -> Result<()> {
        require_unlocked(&context.visible)?;
        let Some(authorization) = &context.authorization else {
            return Ok(());
        };
        let (now, authorizations) = (self.clock.now(), self.storage.authorizations());
        let shared = self.active_grants(&authorization.id).await?.len();
        if context.grants.len() < shared {
            for grant in &context.grants {
                let audit = self.audit_success(act, AuditAction::GrantRevoke, &grant.id);
                authorizations.revoke_grant(&grant.id, now, audit).await?;
            }
            return Ok(());
        }
        let audit = self.audit_success(act, AuditAction::AuthorizationRevoke, &authorization.id);
        authorizations.revoke(&authorization.id, now, audit).await?;
        Ok(())
    }

    /// Disconnects an account that the session sees.
    ///
    /// # Errors
    /// `ACCESS_BLOCKED_BY_POLICY` in a locked workspace, else `RESOURCE_NOT_FOUND` for whatever is
    /// not there or another's.
    pub async fn disconnect_own(
        &self,
        context: &ConsentContext,
        id: &str,
        act: &AuditContext<'_>,
    ) -> Result<()> {
        require_unlocked(&context.visible)?;
        let mut seen = context.visible.connections.iter();
        match seen.find(|connection| connection.id.as_str() == id) {
            Some(connection) => self.disconnect(connection.id.as_str(), act).await,
            None => Err(Error::not_found("connection")),
        }
    }

    /// The grants that a choice makes, and the permissions that they leave (OA-7).
    async fn sharing(
        &self,
        context: &ConsentContext,
        asked: Scopes,
        choice: &Choice,
    ) -> Result<(Sharing, Scopes)> {
        require_unlocked(&context.visible)?;
        let ticked = choice
            .permissions
            .iter()
            .map(|name| {
                let unknown = || Error::invalid_request("`permissions` names an unknown scope.");
                Scope::parse(name).ok_or_else(unknown)
            })
            .collect::<Result<Scopes>>()?;
        let permissions = ticked
            .intersection(asked)
            .intersection(context.client.default_permissions);
        if permissions.is_empty() {
            return Err(Error::invalid_request(
                "`permissions` are empty: tick at least one.",
            ));
        }
        let chosen = self.chosen(context, &choice.repositories).await?;
        let now = self.clock.now();
        let authorization = Authorization {
            id: AuthorizationId::generate(&*self.clock, &*self.random),
            tenant_id: context.tenant.id.clone(),
            client_id: context.client.id.clone(),
            status: AuthorizationStatus::Active,
            permissions,
            created_at: now,
        };
        let dropped = context
            .visible
            .connections
            .iter()
            .filter(|connection| !chosen.iter().any(|(own, _)| own.id == connection.id))
            .map(|connection| connection.id.clone())
            .collect();
        let grants = chosen
            .into_iter()
            .map(|(connection, list)| self.grant(&authorization, connection, list, now))
            .collect();
        let sharing = Sharing {
            authorization,
            grants,
            dropped,
            at: now,
        };
        Ok((sharing, permissions))
    }

    fn grant(
        &self,
        authorization: &Authorization,
        connection: &Connection,
        list: Vec<ApprovedRepository>,
        now: Timestamp,
    ) -> Grant {
        Grant {
            id: GrantId::generate(&*self.clock, &*self.random),
            authorization_id: authorization.id.clone(),
            tenant_id: authorization.tenant_id.clone(),
            client_id: authorization.client_id.clone(),
            connection_id: connection.id.clone(),
            permissions: authorization.permissions,
            repositories: Repositories::Listed(list),
            status: GrantStatus::Active,
            created_at: now,
            revoked_at: None,
            expires_at: None,
        }
    }

    /// The repositories that were ticked, by connection, as the providers know them now.
    async fn chosen<'p>(
        &self,
        context: &'p ConsentContext,
        ticked: &[String],
    ) -> Result<Vec<(&'p Connection, Vec<ApprovedRepository>)>> {
        let foreign = || blocked("A repository or account that was sent is not one of yours here.");
        let mut by_connection: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for value in ticked {
            let (connection, id) = value.split_once(':').ok_or_else(foreign)?;
            by_connection.entry(connection).or_default().insert(id);
        }
        if by_connection.is_empty() {
            return Err(Error::invalid_request(
                "`repositories` are empty: choose at least one.",
            ));
        }
        let mut chosen = Vec::with_capacity(by_connection.len());
        for (connection_id, ids) in by_connection {
            let mut seen = context.visible.connections.iter();
            let connection = seen
                .find(|connection| connection.id.as_str() == connection_id)
                .ok_or_else(foreign)?;
            chosen.push((connection, self.reread(connection, &ids, foreign).await?));
        }
        Ok(chosen)
    }

    /// Repositories by their ids, read again through a connection.
    async fn reread(
        &self,
        connection: &Connection,
        ids: &BTreeSet<&str>,
        foreign: impl Fn() -> Error,
    ) -> Result<Vec<ApprovedRepository>> {
        let deadline = self.upstream_deadline();
        let provider = self.enabled(connection.provider.as_str())?;
        let (listed, is_cut) = self.listed(connection, deadline).await?;
        let mut known: BTreeMap<String, Repository> = listed
            .into_iter()
            .map(|repository| (repository.id.clone(), repository))
            .collect();
        let mut approved = Vec::with_capacity(ids.len());
        for id in ids {
            let repository = match known.remove(*id) {
                Some(repository) => repository,
                None if is_cut && provider.is_repository_id(id) => {
                    let found = self.storage.connections();
                    let found = found.find_with_tokens(&connection.id).await?;
                    let (connection, tokens) = found.ok_or_else(&foreign)?;
                    let call = self.call_for(&connection, &tokens, deadline).await?;
                    let repo = RepoRef {
                        id: (*id).to_owned(),
                        full_name: None,
                    };
                    match provider.repository(&call, &repo).await {
                        Ok(repository) => repository,
                        Err(error) if error.code() == Code::RepositoryNotFound => {
                            return Err(foreign());
                        }
                        Err(error) => return Err(error),
                    }
                }
                None => return Err(foreign()),
            };
            approved.push(ApprovedRepository {
                id: (*id).to_owned(),
                full_name: repository.full_name,
                node_id: repository.node_id,
                default_branch: repository.default_branch,
            });
        }
        Ok(approved)
    }

    fn answer_to(
        &self,
        consent: &Consent,
        outcome: AuthorizationOutcome,
    ) -> Result<AuthorizationAnswer> {
        let request = &consent.request;
        let key = hex::encode(CredentialHash::of(consent.id.expose()).as_bytes());
        let state = match &request.sealed_state {
            Some(sealed) => {
                let cell = cells::request_state(&key, &request.tenant_id);
                Some(self.vault.open(cell, sealed)?)
            }
            None => None,
        };
        Ok(AuthorizationAnswer {
            redirect_uri: request.redirect_uri.clone(),
            state,
            outcome,
        })
    }
}

impl ConsentContext {
    /// The origins whose pages may frame the hosted pages of this client (CS-4).
    #[must_use]
    pub fn frame_ancestors(&self) -> Vec<String> {
        frame_ancestors(&self.client)
    }
}

/// Whether it is the gateway that failed for now, and no provider.
fn is_ours(error: &Error) -> bool {
    error.source() == Source::Gitflare && error.code() == Code::UpstreamUnavailable
}

fn require_unlocked(visible: &VisibleConnections) -> Result<()> {
    match visible.is_locked {
        true => Err(blocked(
            "This browser has not shown that the accounts here are yours: connect one of them again.",
        )),
        false => Ok(()),
    }
}

/// A request that is unknown, over, or another browser's: nobody learns which.
fn over() -> Error {
    blocked("This request is over, or was opened in another browser: start again from the app.")
}
