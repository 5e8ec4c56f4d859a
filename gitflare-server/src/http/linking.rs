//! The browser's part of linking an account: which cookie stands for the browser that started a
//! flow, and which of its open workspaces may claim the account that came back. Everything else
//! about a flow is the gateway's.

use std::time::Duration;

use gitflare_core::{
    Credential, CredentialHash, CredentialKind, FlowId, Scopes, Secret, SystemRandom, TenantId,
    gateway::{AuditContext, LinkClaim, LinkStart, workspace_key},
    storage::{Actor, Connection, Handover, LinkFlow, LinkKind},
};
use http::{HeaderName, HeaderValue};

use super::{
    cookie::Cookie,
    csrf,
    exchange::Exchange,
    refusal::Refusal,
    reply::Reply,
    session,
    visit::{self, EmbedVisit},
};

/// What a page is told of a person who has said no at the provider.
pub(super) const CANCELED: &str = "canceled";
/// A flow and the time to claim its account, with some room.
const COOKIE_LIFETIME: Duration = Duration::from_secs(25 * 60);

/// A flow that a customer starts on a hosted page.
pub(super) struct CustomerStart<'a> {
    pub(super) provider: &'a str,
    pub(super) handover: Handover,
    /// Tenant of the new connection, where the browser has proven it.
    pub(super) tenant: Option<TenantId>,
    /// The session and client that it is for.
    pub(super) workspace: String,
    pub(super) return_to: &'a str,
    pub(super) permissions: Scopes,
}

/// Sends a customer's browser to the provider.
pub(super) async fn start_for_customer(
    x: &Exchange,
    start: CustomerStart<'_>,
) -> Result<Reply, Refusal> {
    // Whoever has no account starts a flow as rarely as a consent page is opened (SC-1).
    x.settings().rate_limits.admit_workspace(x.address)?;
    let browser = Browser::of(x);
    let started = x
        .gateway()
        .start_link(LinkStart {
            provider: start.provider,
            kind: LinkKind::Embed,
            handover: start.handover,
            browser: Some(browser.hash()),
            tenant_id: start.tenant,
            user_id: None,
            workspace: Some(start.workspace),
            // Decided when the account is claimed: the workspace may have been filled meanwhile.
            known_only: false,
            return_to: Some(start.return_to),
            permissions: start.permissions,
        })
        .await?;
    let url = started.authorization_url.expose();
    Ok(Reply::see_other(url)?.with_header(browser.cookie(x)?))
}

/// An account that a customer's session has claimed.
pub(super) struct Claimed {
    pub(super) connection: Connection,
    /// Sets the renewed session of the workspace.
    pub(super) cookie: (HeaderName, HeaderValue),
}

/// Claims the account for the customer whose page has sent the code (PC-3).
pub(super) async fn claim_for_customer(
    x: &Exchange,
    flow_id: &FlowId,
    code: &Secret<String>,
) -> Result<Claimed, Refusal> {
    let visits = session::customer(x).await?;
    if visits.is_empty() {
        return Err(visit::required());
    }
    csrf::require_own_origin(x)?;
    let visit = csrf::customer_among(x, &visits, csrf::token(x))?;
    let client = x.gateway().live_client(visit.client.as_str()).await?;
    session::require_person(x, &client, &visit.tenant).await?;
    let actor = Actor::Customer(visit.tenant.clone());
    let act = AuditContext {
        actor: &actor,
        request_id: &x.request_id,
    };
    let claim = LinkClaim {
        flow_id,
        completion_code: code.expose(),
        tenant_id: &visit.tenant,
        user_id: None,
        workspace: Some(&workspace_key(&visit.session.id, &visit.client)),
        browser: Browser::find(x).map(|browser| browser.hash()),
    };
    let connection = x.gateway().complete_link(claim, &act).await?;
    let begun = x.gateway().renew_session(&visit.session).await?;
    let cookie = session::embed_cookie(&begun, &visits, x.settings())?;
    Ok(Claimed { connection, cookie })
}

/// The renewed cookie of the workspace that a flow has filled, where this browser shows it: one
/// that is partitioned stays with the page that framed us.
pub(super) async fn renewed(
    x: &Exchange,
    flow: &LinkFlow,
) -> Result<Option<(HeaderName, HeaderValue)>, Refusal> {
    let visits = session::customer(x).await?;
    let is_filled = |visit: &&EmbedVisit| {
        flow.workspace == Some(workspace_key(&visit.session.id, &visit.client))
    };
    let Some(visit) = visits.iter().find(is_filled) else {
        return Ok(None);
    };
    let begun = x.gateway().renew_session(&visit.session).await?;
    session::embed_cookie(&begun, &visits, x.settings()).map(Some)
}

/// The browser that a flow is started in, by a cookie that says nothing else (PC-1). All flows of a
/// browser share it, or a second one would cut off the first.
pub(super) struct Browser(Secret<String>);

impl Browser {
    /// The browser of a request that carries the cookie.
    pub(super) fn find(x: &Exchange) -> Option<Self> {
        let text = Cookie::Flow.find(x.headers(), x.settings())?;
        CredentialHash::of_presented(CredentialKind::LinkBrowser, text)?;
        Some(Self(Secret::new(text.to_owned())))
    }

    /// The browser of a request; a new one when it carries no cookie.
    pub(super) fn of(x: &Exchange) -> Self {
        Self::find(x).unwrap_or_else(|| {
            let new = Credential::generate(CredentialKind::LinkBrowser, &SystemRandom);
            Self(Secret::new(new.expose().to_owned()))
        })
    }

    /// The hash that is stored of it.
    pub(super) fn hash(&self) -> CredentialHash {
        CredentialHash::of(self.0.expose())
    }

    /// The header that sets its cookie.
    pub(super) fn cookie(&self, x: &Exchange) -> Result<(HeaderName, HeaderValue), Refusal> {
        Cookie::Flow.set(self.0.expose(), COOKIE_LIFETIME, x.settings())
    }
}
