//! What a read leaves behind: its usage row, when its token and connections were last used, and the
//! facts that its caller may log.
//! Written once per request, after the answer is known; no check and no upstream call waits for it.

use std::time::{Duration, Instant};

use super::{Gateway, ReadRequest};
use crate::{
    ClientId, Code, ConnectionId, LogId, Result, TenantId, Timestamp, TokenId,
    filter::FirewallReport,
    provider::ProviderId,
    storage::{Access, UsageRow},
};

/// Fields of the usage row that become known during a read.
pub(super) struct UsageDraft<'r> {
    request: &'r ReadRequest,
    /// The wall clock when the request came; every check of the read uses this moment.
    pub(super) at: Timestamp,
    /// The monotonic clock at the same moment.
    pub(super) started: Instant,
    pub(super) provider: Option<ProviderId>,
    pub(super) repository: Option<String>,
    /// Time spent waiting for upstream.
    pub(super) upstream: Duration,
    /// Time that it took to find the credential; `None` where none was looked for.
    pub(super) lookup: Option<Duration>,
    /// The connections that an upstream has answered through.
    pub(super) connections: Vec<ConnectionId>,
    token: Option<(TenantId, ClientId, TokenId)>,
}

impl UsageDraft<'_> {
    /// What is known of the read by now.
    pub(super) fn facts(&self) -> ReadFacts {
        let (tenant, client) = match &self.token {
            Some((tenant, client, _)) => (Some(tenant.clone()), Some(client.clone())),
            None => (None, None),
        };
        ReadFacts {
            tenant,
            client,
            provider: self.provider,
            upstream: self.upstream,
            lookup: self.lookup,
            recording: Duration::ZERO,
        }
    }

    /// Attributes the request to a token. Without one there is no row.
    pub(super) fn attribute_to(&mut self, access: &Access) {
        let token = &access.token;
        self.token = Some((
            token.tenant_id.clone(),
            token.client_id.clone(),
            token.id.clone(),
        ));
    }
}

/// Who read, and where the time went: for a log line and for metrics, beside the answer.
#[derive(Clone, Debug, Default)]
pub struct ReadFacts {
    /// The customer whose data was asked for; `None` while no token is known.
    pub tenant: Option<TenantId>,
    /// The client that asked; `None` while no token is known.
    pub client: Option<ClientId>,
    /// The provider; `None` where none was named, or none that is enabled.
    pub provider: Option<ProviderId>,
    /// Time that was spent waiting for the upstream; zero where none was called.
    pub upstream: Duration,
    /// Time that the storage took to find the credential; `None` where none was looked for.
    pub lookup: Option<Duration>,
    /// Time that the storage took to keep the read's rows.
    pub recording: Duration,
}

/// What was answered.
pub(super) struct Served {
    /// The HTTP status.
    pub(super) status: u16,
    /// The number of resources.
    pub(super) items: u64,
    /// What the firewall did.
    pub(super) report: FirewallReport,
}

impl Gateway {
    /// A draft for a request that has just come.
    pub(super) fn draft<'r>(&self, request: &'r ReadRequest) -> UsageDraft<'r> {
        UsageDraft {
            request,
            at: self.clock.now(),
            started: Instant::now(),
            provider: None,
            repository: request.repository.clone(),
            upstream: Duration::ZERO,
            lookup: None,
            connections: Vec::new(),
            token: None,
        }
    }

    /// Notes what was used and writes one row per request with a token of ours, refusals included
    /// (LG-4). `outcome` is what left, or the code of the refusal.
    ///
    /// # Errors
    /// The storage's own: a request that cannot be recorded is not answered.
    pub(super) async fn record(
        &self,
        draft: UsageDraft<'_>,
        outcome: std::result::Result<Served, Code>,
    ) -> Result<()> {
        for connection in &draft.connections {
            let connections = self.storage.connections();
            connections.touch(connection, draft.at).await?;
        }
        let Some((tenant_id, client_id, token_id)) = draft.token else {
            return Ok(());
        };
        self.storage.tokens().touch(&token_id, draft.at).await?;
        let (served, code) = match outcome {
            Ok(served) => (served, None),
            Err(code) => {
                let refused = Served {
                    status: code.status(),
                    items: 0,
                    report: FirewallReport::default(),
                };
                (refused, Some(code))
            }
        };
        let row = UsageRow {
            id: LogId::generate(&*self.clock, &*self.random),
            at: draft.at,
            request_id: draft.request.request_id.clone(),
            tenant_id,
            client_id,
            token_id,
            endpoint_key: draft.request.endpoint.key(),
            method: draft.request.method,
            path: draft.request.path.clone(),
            provider: draft.provider,
            repository_id: draft.repository,
            status: served.status,
            error_code: code.map(Code::name),
            duration_ms: millis(draft.started.elapsed()),
            upstream_ms: millis(draft.upstream),
            items: served.items,
            blocked_files: served.report.blocked_files,
            redacted_secrets: served.report.redacted_secrets,
        };
        self.storage.usage().record(row).await
    }
}

/// Milliseconds that have begun, so that 0 is nothing at all.
fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros().div_ceil(1000)).unwrap_or(u64::MAX)
}
