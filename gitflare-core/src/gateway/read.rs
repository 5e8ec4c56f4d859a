//! The one place where the order of a unified read is written down: facts, decision, parameters,
//! cursor, provider, firewall, next cursor, usage row. Nothing else sequences these.

use std::time::{Duration, Instant};

use super::{
    Gateway, PageInfo, Payload, Query,
    listing::open_page,
    parameters::{BoundFilter, bound_filters, check_repository, operation},
};
use crate::{
    ClientId, Code, ConnectionId, CredentialHash, CredentialKind, Error, GrantId, LogId, RequestId,
    Result, Scopes, Secret, TenantId, Timestamp, TokenId,
    cursor::CursorScope,
    filter::{Filtered, FirewallReport},
    policy::{self, Approved, Facts, Named, Permit, Presented},
    provider::{Endpoint, ProviderId, RateLimit, TreePath},
    storage::{Access, Connection, RepositoryKey, SealedTokens, Share, UsageRow},
};

/// A unified read, with every parameter as the client sent it (decoded once).
#[derive(Clone, Debug)]
pub struct ReadRequest {
    /// What is asked.
    pub endpoint: Endpoint,
    /// Who asks.
    pub credential: ReadCredential,
    /// The provider's segment of the path; a list over all takes it from the query.
    pub provider: Option<String>,
    /// The repository's segment of the path.
    pub repository: Option<String>,
    /// The commit's or pull request's segment of the path.
    pub item: Option<String>,
    /// The query.
    pub query: Query,
    /// For the usage row.
    pub method: &'static str,
    /// For the usage row: the path without query.
    pub path: String,
    /// For the usage row.
    pub request_id: RequestId,
}

/// What the client authenticates with.
#[derive(Clone, Debug)]
pub enum ReadCredential {
    /// Nothing.
    None,
    /// A bearer token's text.
    Bearer(Secret<String>),
    /// A connection's id (legacy mode; refused like nothing while platform auth is enforced).
    Connection(String),
}

/// A unified answer. Its data has passed the firewall, or it would not compile.
#[derive(Debug)]
pub struct UnifiedReply {
    /// The resources.
    pub data: Filtered<Payload>,
    /// Where the list goes on, for lists.
    pub page_info: Option<PageInfo>,
    /// What the firewall did, where that stands beside the page (file trees).
    pub firewall: Option<FirewallReport>,
    /// The providers that failed, for answers over all of them.
    pub errors: Option<Vec<Error>>,
    /// How often the upstreams that were asked let these accounts call.
    pub rate_limits: Vec<(ProviderId, RateLimit)>,
}

/// What a credential turned out to be.
pub(super) enum Credentials {
    Nothing,
    Unknown,
    Token(Access),
    Connection(Option<Box<Share>>),
}

impl Credentials {
    pub(super) fn presented(&self) -> Presented<'_> {
        match self {
            Self::Nothing => Presented::Nothing,
            Self::Unknown => Presented::Unknown,
            Self::Token(access) => Presented::Token(access),
            Self::Connection(share) => Presented::Connection(share.as_deref()),
        }
    }

    pub(super) fn access(&self) -> Option<&Access> {
        match self {
            Self::Token(access) => Some(access),
            Self::Nothing | Self::Unknown | Self::Connection(_) => None,
        }
    }
}

/// What is learned on the way and goes into the usage row.
#[derive(Default)]
pub(super) struct Trace {
    pub(super) token: Option<(TenantId, ClientId, TokenId)>,
    pub(super) provider: Option<ProviderId>,
    pub(super) repository: Option<String>,
    upstream: Duration,
}

impl Gateway {
    /// Serves a unified read and writes its usage row.
    ///
    /// # Errors
    /// The code of the first check that fails, in the contract's order; then what the upstream
    /// says; then `INTERNAL_ERROR` when the firewall cannot decide.
    pub async fn read(&self, request: ReadRequest) -> Result<UnifiedReply> {
        let (at, started) = (self.clock.now(), Instant::now());
        let mut trace = Trace::default();
        let result = self.answer(&request, at, started, &mut trace).await;
        let outcome = match &result {
            Ok(reply) => Ok((reply.data.value().len() as u64, reply.data.report())),
            Err(error) => Err(error.code()),
        };
        self.record(&request, at, started, trace, outcome).await?;
        result
    }

    async fn answer(
        &self,
        request: &ReadRequest,
        now: Timestamp,
        started: Instant,
        trace: &mut Trace,
    ) -> Result<UnifiedReply> {
        let endpoint = request.endpoint;
        let named = self.named(request);
        let repository = request.repository.as_deref();
        if let Named::Provider(provider, _) = named {
            trace.provider = Some(provider);
        }
        trace.repository = request.repository.clone();

        let key = match (named, repository) {
            (Named::Provider(provider, _), Some(key)) => Some(RepositoryKey { provider, key }),
            _ => None,
        };
        let credentials = self.credential(&request.credential, key).await?;
        let access = credentials.access();
        if let Some(access) = access {
            let token = &access.token;
            trace.token = Some((
                token.tenant_id.clone(),
                token.client_id.clone(),
                token.id.clone(),
            ));
            self.admission.admit(&token.id, &token.client_id)?;
        }
        let permit = policy::decide(&Facts {
            endpoint,
            presented: credentials.presented(),
            provider: named,
            connection: request.query.peek("connectionId"),
            repository,
            path_is_blocked: endpoint == Endpoint::FileTree && self.blocks_path(&request.query),
            now,
        })?;
        if let Some(Approved::Listed(repo)) = &permit.repository {
            trace.repository = Some(repo.id.clone());
        }

        // Parameters, then the cursor.
        let sent_limit = if endpoint.is_paged() {
            request.query.limit()?
        } else {
            None
        };
        request.query.value("connectionId")?;
        if let Some(repository) = repository {
            check_repository(repository)?;
        }
        let operation = operation(endpoint, request.item.as_deref(), &request.query)?;
        let provider = match named {
            Named::Provider(provider, support) => Some((provider, support)),
            Named::Nothing | Named::Unknown => None,
        };
        if endpoint == Endpoint::Repositories {
            request.query.value("provider")?;
        }
        let filters = bound_filters(endpoint, provider, &request.query)?;
        let cursor = if endpoint.is_paged() {
            request.query.cursor()?
        } else {
            None
        };
        if cursor.is_some() && provider.is_none() {
            return Err(Error::new(
                Code::PaginationNotSupported,
                "A cursor belongs to one provider: send `provider` with it.",
            ));
        }
        let scope = cursor_scope(
            request,
            access,
            &permit,
            provider.map(|(id, _)| id),
            &filters,
        );
        let page = open_page(&self.cursors, sent_limit, cursor, &scope, now)?;
        let limit = page.limit;

        let deadline = started + self.settings.upstream_timeout.mul_f32(2.5);
        let upstream_started = Instant::now();
        let fetched = self
            .fetch(
                &permit,
                provider.map(|(id, _)| id),
                &operation,
                page,
                deadline,
            )
            .await;
        trace.upstream = upstream_started.elapsed();
        let fetched = fetched.map_err(|error| error.with_rate_limits(self.rate_limits(&permit)))?;
        for share in &permit.shares {
            self.storage
                .connections()
                .touch(&share.connection.id, now)
                .await?;
        }

        let tenant = hash_tenant(access, &permit)?;
        let data = Filtered::through(&*self.filter, &tenant, fetched.payload)?;
        let page_info = if endpoint.is_paged() {
            let next_cursor = fetched
                .next
                .map(|next| self.cursors.seal(&next, limit, &scope, now))
                .transpose()?;
            let left_out = fetched
                .merged
                .as_ref()
                .is_some_and(|(left_out, _)| *left_out);
            let has_more = next_cursor.is_some() || left_out;
            Some(PageInfo {
                limit,
                next_cursor,
                has_more,
            })
        } else {
            None
        };
        Ok(UnifiedReply {
            firewall: (endpoint == Endpoint::FileTree).then(|| data.report()),
            data,
            page_info,
            errors: fetched.merged.map(|(_, errors)| errors),
            rate_limits: self.rate_limits(&permit),
        })
    }

    /// What the upstreams behind a permit have said lately.
    fn rate_limits(&self, permit: &Permit<'_>) -> Vec<(ProviderId, RateLimit)> {
        let asked = match permit.repository {
            Some(_) => &permit.shares[..1],
            None => &permit.shares[..],
        };
        let told = asked.iter().filter_map(|share| {
            let id = share.connection.provider;
            let limit = self.providers.find(id)?.rate_limit(&share.connection.id)?;
            Some((id, limit))
        });
        told.collect()
    }

    /// The provider that the path names, or for a list over all the query.
    pub(super) fn named(&self, request: &ReadRequest) -> Named {
        let id = match (&request.provider, request.endpoint) {
            (Some(id), _) => id.as_str(),
            (None, Endpoint::Repositories) => match request.query.peek("provider") {
                Some(id) => id,
                None => return Named::Nothing,
            },
            (None, _) => return Named::Nothing,
        };
        match ProviderId::parse(id).and_then(|id| self.providers.find(id)) {
            Some(provider) => Named::Provider(provider.id(), provider.support(request.endpoint)),
            None => Named::Unknown,
        }
    }

    /// Reads what the credential stands for.
    pub(super) async fn credential(
        &self,
        credential: &ReadCredential,
        key: Option<RepositoryKey<'_>>,
    ) -> Result<Credentials> {
        match credential {
            ReadCredential::Bearer(text) => {
                let hash = CredentialHash::of_presented(CredentialKind::AccessToken, text.expose());
                let access = match hash {
                    Some(hash) => self.storage.tokens().find_access(&hash, key).await?,
                    None => None,
                };
                Ok(access.map_or(Credentials::Unknown, Credentials::Token))
            }
            ReadCredential::Connection(id) if !self.settings.enforce_platform_auth => {
                let found = match ConnectionId::parse(id) {
                    Ok(id) => self.storage.connections().find_with_tokens(&id).await?,
                    Err(_) => None,
                };
                Ok(Credentials::Connection(found.map(
                    |(connection, tokens)| Box::new(self.whole_share(connection, tokens)),
                )))
            }
            ReadCredential::None | ReadCredential::Connection(_) => Ok(Credentials::Nothing),
        }
    }

    /// A connection that stands for a grant over all that it can read: in legacy mode, and for the
    /// people whose connection it is.
    pub(super) fn whole_share(&self, connection: Connection, tokens: SealedTokens) -> Share {
        Share {
            grant_id: GrantId::generate(&*self.clock, &*self.random),
            permissions: Scopes::all(),
            expires_at: None,
            approves_all: true,
            approved: None,
            connection,
            tokens,
        }
    }

    /// Whether the firewall blocks the folder that a tree is asked for.
    fn blocks_path(&self, query: &Query) -> bool {
        query
            .peek("path")
            .and_then(|path| TreePath::parse("path", path).ok())
            .is_some_and(|path| self.filter.blocks(path.as_str()))
    }

    /// One row per read with a token of ours, refusals included (LG-4).
    pub(super) async fn record(
        &self,
        request: &ReadRequest,
        at: Timestamp,
        started: Instant,
        trace: Trace,
        outcome: std::result::Result<(u64, FirewallReport), Code>,
    ) -> Result<()> {
        let Some((tenant_id, client_id, token_id)) = trace.token else {
            return Ok(());
        };
        self.storage.tokens().touch(&token_id, at).await?;
        let (items, report) = outcome.unwrap_or_default();
        let code = outcome.err();
        self.storage
            .usage()
            .record(UsageRow {
                id: LogId::generate(&*self.clock, &*self.random),
                at,
                request_id: request.request_id.clone(),
                tenant_id,
                client_id,
                token_id,
                endpoint_key: request.endpoint.key(),
                method: request.method,
                path: request.path.clone(),
                provider: trace.provider,
                repository_id: trace.repository,
                status: code.map_or(200, Code::status),
                error_code: code.map(Code::name),
                duration_ms: millis(started.elapsed()),
                upstream_ms: millis(trace.upstream),
                items,
                blocked_files: report.blocked_files,
                redacted_secrets: report.redacted_secrets,
            })
            .await
    }
}

/// What a cursor of this read is bound to. A repository read through "all" by name is bound to the
/// name: what it resolves to is not known before the upstream call.
fn cursor_scope<'a>(
    request: &'a ReadRequest,
    access: Option<&'a Access>,
    permit: &'a Permit<'_>,
    provider: Option<ProviderId>,
    filters: &'a [BoundFilter<'a>],
) -> CursorScope<'a> {
    let token = access.map(|access| &access.token);
    let repository = permit.repository.as_ref().map(|approved| match approved {
        Approved::Listed(repo) => repo.id.as_str(),
        Approved::Unlisted(key) => key,
    });
    CursorScope {
        tenant: token.map(|token| token.tenant_id.as_str()),
        client: token.map(|token| token.client_id.as_str()),
        authorization: token
            .and_then(|token| token.authorization_id.as_ref())
            .map(AsRef::as_ref),
        connection: match repository {
            Some(_) => permit
                .shares
                .first()
                .map(|share| share.connection.id.as_str()),
            None => request.query.peek("connectionId"),
        },
        endpoint: request.endpoint.key(),
        provider: provider.map(ProviderId::as_str),
        repository,
        filters,
    }
}

/// The tenant within which equal secrets stay comparable. A connection without tenant (legacy
/// mode) is its own.
fn hash_tenant(access: Option<&Access>, permit: &Permit<'_>) -> Result<TenantId> {
    let connection = permit.shares.first().map(|share| &share.connection);
    match (access, connection) {
        (Some(access), _) => Ok(access.token.tenant_id.clone()),
        (
            None,
            Some(Connection {
                tenant_id: Some(tenant),
                ..
            }),
        ) => Ok(tenant.clone()),
        (None, Some(connection)) => {
            let own = connection
                .id
                .as_str()
                .trim_start_matches(ConnectionId::PREFIX);
            TenantId::parse(&format!("{}{own}", TenantId::PREFIX))
        }
        (None, None) => Err(Error::internal("a permit without share")),
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
