//! A unified read after its checks: parameters, cursor, provider, firewall, next cursor. The order
//! of the checks before it stands in `checks.rs`, the usage row in `record.rs`; a person's own
//! repositories are served by the same steps.

use std::{panic::AssertUnwindSafe, time::Instant};

use futures_util::FutureExt;

use super::{
    Gateway, PageInfo, ReadRequest, UnifiedReply,
    checks::Permitted,
    fetch::{CheckedRead, Fetched},
    listing::open_page,
    parameters::{BoundFilter, Operation, parameters},
    record::{ReadFacts, Served, UsageDraft},
};
use crate::{
    ConnectionId, Error, Result, Scope, TenantId,
    cursor::CursorScope,
    filter::Filtered,
    policy::{Approved, Permit},
    provider::{ProviderId, RateLimit},
    storage::Connection,
};

impl Gateway {
    /// Serves a unified read and writes its usage row.
    ///
    /// # Errors
    /// The code of the first check that fails, in the contract's order; then what the upstream
    /// says; then `INTERNAL_ERROR` when the firewall cannot decide.
    pub async fn read(&self, request: ReadRequest) -> Result<UnifiedReply> {
        self.read_telling(request).await.0
    }

    /// Serves a unified read as [`Gateway::read`] does, and tells who read and where the time went,
    /// whatever comes of it.
    pub async fn read_telling(&self, request: ReadRequest) -> (Result<UnifiedReply>, ReadFacts) {
        let request = self.spelt(request);
        let mut draft = self.draft(&request);
        // An adapter or an admission is somebody's own: what it does must not end the caller's task
        // without a row.
        let answer = AssertUnwindSafe(self.answer(&request, &mut draft));
        let result = answer
            .catch_unwind()
            .await
            .unwrap_or_else(|_| Err(Error::internal("what serves this read has panicked")));
        let outcome = match &result {
            Ok(reply) => Ok(Served {
                status: reply.status(),
                items: reply.data.value().len() as u64,
                report: reply.data.report(),
            }),
            Err(error) => Err(error.code()),
        };
        let mut facts = draft.facts();
        let began = Instant::now();
        let recorded = self.record(draft, outcome).await;
        facts.recording = began.elapsed();
        (recorded.and(result), facts)
    }

    /// The checks, the parameters, the cursor, then the answer.
    async fn answer(
        &self,
        request: &ReadRequest,
        draft: &mut UsageDraft<'_>,
    ) -> Result<UnifiedReply> {
        let identified = self.identify(request, draft).await?;
        if let Some(fault) = &request.fault {
            return Err(fault.clone());
        }
        let permitted = self.permit(request, &identified, draft)?;
        let parameters = parameters(request, permitted.provider)?;
        if let Operation::Contents(query) = &parameters.operation {
            self.refuse_blocked(query)?;
        }
        let scope = cursor_scope(request, &permitted, &parameters.filters);
        let (limit, cursor) = (parameters.limit, parameters.cursor);
        let page = open_page(&self.cursors, limit, cursor, &scope, draft.at)?;
        let read = CheckedRead {
            permit: &permitted.permit,
            endpoint: request.endpoint,
            provider: permitted.provider.map(|(id, _)| id),
            operation: &parameters.operation,
            scope: &scope,
            page,
            hash_tenant: &hash_tenant(&permitted)?,
            if_none_match: request.if_none_match.as_deref(),
            with_commits: may_read_commits(&permitted),
            now: draft.at,
            deadline: self.deadline_after(draft.started),
        };
        let started = Instant::now();
        let fetched = self.fetch(&read).await;
        draft.upstream = started.elapsed();
        if fetched.is_ok() {
            let shares = permitted.permit.shares.iter();
            draft.connections = shares.map(|share| share.connection.id.clone()).collect();
        }
        self.reply(&read, fetched)
    }

    /// Filters what came from upstream and seals the next cursor.
    pub(super) fn reply(
        &self,
        read: &CheckedRead<'_>,
        fetched: Result<Fetched>,
    ) -> Result<UnifiedReply> {
        let rate_limits = self.rate_limits(read.permit);
        let fetched = match fetched {
            Ok(fetched) => fetched,
            Err(error) => return Err(error.with_rate_limits(rate_limits)),
        };
        let data = Filtered::through(&*self.filter, read.hash_tenant, fetched.payload)?;
        let is_cut = fetched.merged == Some(true);
        let has_errors = fetched.merged.is_some() || !fetched.errors.is_empty();
        let errors = has_errors.then_some(fetched.errors);
        let limit = read.page.limit;
        let next_cursor = fetched
            .next
            .map(|next| self.cursors.seal(&next, limit, read.scope, read.now))
            .transpose()?;
        let page_info = read.endpoint.is_paged().then(|| PageInfo {
            limit,
            has_more: next_cursor.is_some() || is_cut,
            next_cursor,
        });
        Ok(UnifiedReply {
            firewall: read.endpoint.reports_firewall().then(|| data.report()),
            data,
            page_info,
            errors,
            rate_limits,
            etag: fetched.etag,
        })
    }

    /// Rate limits that the upstreams behind a permit reported last.
    fn rate_limits(&self, permit: &Permit<'_>) -> Vec<(ProviderId, RateLimit)> {
        let told = permit.shares.iter().filter_map(|share| {
            let id = share.connection.provider;
            let limit = self.providers.find(id)?.rate_limit(&share.connection.id)?;
            Some((id, limit))
        });
        told.collect()
    }
}

/// What a cursor of this read is bound to. A repository read through "all" by name is bound to the
/// name: what it resolves to is not known before the upstream call.
fn cursor_scope<'a>(
    request: &'a ReadRequest,
    permitted: &'a Permitted<'a>,
    filters: &'a [BoundFilter<'a>],
) -> CursorScope<'a> {
    let token = permitted.access.map(|access| &access.token);
    let permit = &permitted.permit;
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
        provider: permitted.provider.map(|(id, _)| id.as_str()),
        repository,
        filters,
    }
}

/// Whether the commits of a comparison may be told, which is asked for by another scope than the
/// comparison itself.
fn may_read_commits(permitted: &Permitted<'_>) -> bool {
    let of_token = permitted.access.is_none_or(|access| {
        let permissions = access.token.permissions;
        permissions.contains(Scope::ReadCommits)
    });
    let mut shares = permitted.permit.shares.iter();
    of_token && shares.all(|share| share.permissions.contains(Scope::ReadCommits))
}

/// The tenant within which equal secrets stay comparable. A connection without tenant (legacy
/// mode) is its own.
fn hash_tenant(permitted: &Permitted<'_>) -> Result<TenantId> {
    if let Some(access) = permitted.access {
        return Ok(access.token.tenant_id.clone());
    }
    let connection = permitted.permit.shares.first();
    match connection.map(|share| &share.connection) {
        Some(Connection {
            tenant_id: Some(tenant),
            ..
        }) => Ok(tenant.clone()),
        Some(connection) => {
            let own = connection.id.as_str();
            let own = own.trim_start_matches(ConnectionId::PREFIX);
            TenantId::parse(&format!("{}{own}", TenantId::PREFIX))
        }
        None => Err(Error::internal("a permit without share")),
    }
}
