//! `/v1/auth/*`: a browser's way to a provider and back, in its three forms. What belongs to
//! the browser stands in [`super::super::linking`]; everything else about a flow the gateway decides.

use std::time::Duration;

use gitflare_core::{
    Error, FlowId, Scope, Scopes, Secret,
    gateway::{FailedLink, LinkCallback, LinkClaim, LinkStart, PostedReturn, Query, ReturnedLink},
    storage::{Handover, LinkFlow, LinkKind},
};
use http::StatusCode;
use tokio::time::{Instant, sleep};

use super::super::{
    bodies::access::{Empty, LinkCompletion, OneConnection, PostedCode, Returned, Started},
    exchange::Exchange,
    linking::{self, Browser},
    pages::{
        View,
        handover::{self, HandoverView},
        text::SafeText,
    },
    refusal::Refusal,
    reply::Reply,
    session,
};

/// How long a browser waits for the code that its provider posts, and between two looks.
const POST_WAIT: Duration = Duration::from_secs(8);
const POST_PAUSE: Duration = Duration::from_millis(100);

/// `GET /v1/auth/:provider/start`
pub(crate) async fn start(mut x: Exchange) -> Result<Reply, Refusal> {
    // Whoever has no account starts a flow as rarely as a consent page is opened (SC-1).
    if x.user().is_err() {
        x.settings().rate_limits.admit_workspace(x.address)?;
    }
    let provider = x.parameter("provider").unwrap_or_default();
    let query = x.query()?;
    let (web, redirect, popup) = (
        flag(&query, "web")?,
        flag(&query, "redirect")?,
        flag(&query, "popup")?,
    );
    let user = match x.user() {
        Ok(visit) => Some(visit.user.clone()),
        Err(refusal) if web => return Err(refusal),
        Err(_) => None,
    };
    let named = query.value("tenantId")?;
    // A popup hands its code to whatever page of ours has opened it, which may be a customer's in
    // the browser of somebody who is signed in as well.
    let user = user.filter(|_| !popup || web || named.is_some());
    let tenant_id = x.gateway().tenant_to_link(user.as_ref(), named).await?;
    let handover = match (popup, web || redirect) {
        (true, _) => Handover::Popup,
        (false, true) => Handover::Redirect,
        (false, false) => Handover::Json,
    };
    // An API caller may send another browser than its own: there only the code counts.
    let browser = (handover != Handover::Json).then(|| Browser::of(&x));
    let started = x
        .gateway()
        .start_link(LinkStart {
            provider: &provider,
            kind: match user {
                Some(_) => LinkKind::Account,
                None => LinkKind::Api,
            },
            handover,
            browser: browser.as_ref().map(Browser::hash),
            tenant_id,
            user_id: user,
            workspace: None,
            known_only: false,
            return_to: query.value("returnTo")?,
            permissions: reads(),
        })
        .await?;
    let url = started.authorization_url.expose();
    match browser {
        Some(browser) => Ok(Reply::see_other(url)?.with_header(browser.cookie(&x)?)),
        None => Reply::ok(&Started {
            authorization_url: url,
            flow_id: &started.flow_id,
            expires_at: started.expires_at,
        }),
    }
}

/// `GET /v1/auth/:provider/callback`
pub(crate) async fn callback(mut x: Exchange) -> Result<Reply, Refusal> {
    let provider = x.parameter("provider").unwrap_or_default();
    let query = x.query()?;
    let secret = |name| -> Result<Option<Secret<String>>, Refusal> {
        Ok(query.value(name)?.map(|text| Secret::new(text.to_owned())))
    };
    let text =
        |name| -> Result<Option<String>, Refusal> { Ok(query.value(name)?.map(str::to_owned)) };
    let callback = LinkCallback {
        provider,
        state: secret("state")?,
        code: secret("code")?,
        error: text("error")?.map(|word| {
            let words = text("error_description").ok().flatten();
            let words = words.unwrap_or_default();
            let mut known = ENTRA.iter();
            let meant = known.find(|(number, _)| words.starts_with(number));
            meant.map_or(word, |(_, meant)| (*meant).to_owned())
        }),
        issuer: text("iss")?,
        browser: Browser::find(&x).map(|browser| browser.hash()),
    };
    let is_canceled = callback.error.as_deref() == Some("access_denied");
    let returned = match received(&x, callback).await {
        Ok(returned) => returned,
        Err(failed) => return failure(failed, is_canceled),
    };
    match returned.flow.handover {
        Handover::Json => Reply::ok(&Returned {
            flow_id: &returned.flow.id,
            completion_code: returned.completion_code.expose(),
            expires_at: returned.expires_at,
        }),
        Handover::Popup => HandoverView {
            outcome: handover::Handover::Linked {
                flow_id: returned.flow.id.as_str().to_owned(),
                completion_code: returned.completion_code.expose().to_owned(),
            },
        }
        .reply(StatusCode::OK),
        Handover::Redirect => finish_redirect(&x, returned).await,
    }
}

/// How Microsoft Entra begins to say that an administrator has to consent first, or that an account is none
/// of an organization (50020, 500200, 500202); its word for both is that of a person's own no.
/// <https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes>
const ENTRA: &[(&str, &str)] = &[
    ("AADSTS65001", "consent_required"),
    ("AADSTS90094", "consent_required"),
    ("AADSTS90095", "consent_required"),
    ("AADSTS50020", "personal_account"),
];

/// The account behind a browser that came back. It may be here before the code that its provider
/// posts, and waits for that a little.
async fn received(x: &Exchange, callback: LinkCallback) -> Result<ReturnedLink, FailedLink> {
    let gateway = x.gateway();
    if gateway.posts_code(&callback.provider) && callback.error.is_none() {
        // What a stranger's browser does here is noted.
        if callback.browser.is_none() {
            x.settings().rate_limits.admit_workspace(x.address)?;
        }
        let deadline = Instant::now() + POST_WAIT;
        loop {
            match gateway.posted_link(&callback).await? {
                PostedReturn::Returned(returned) => return Ok(*returned),
                PostedReturn::Unposted => break,
                // Where the browser has brought the code itself, none may be posted.
                PostedReturn::Awaited if callback.code.is_some() => break,
                PostedReturn::Awaited if Instant::now() >= deadline => break,
                PostedReturn::Awaited => sleep(POST_PAUSE).await,
            }
        }
    }
    gateway.receive_link(callback).await
}

/// `POST /v1/auth/:provider/callback`
pub(crate) async fn receive_code(mut x: Exchange) -> Result<Reply, Refusal> {
    let provider = x.parameter("provider").unwrap_or_default();
    let posted: PostedCode = x.fields().await?;
    let gateway = x.gateway();
    gateway
        .receive_code(&provider, &posted.state, posted.code)
        .await?;
    Reply::ok(&Empty {})
}

/// `POST /v1/auth/complete`
pub(crate) async fn complete(mut x: Exchange) -> Result<Reply, Refusal> {
    let claim: LinkCompletion = x.json().await?;
    let flow_id = FlowId::parse(&claim.flow_id)?;
    let (code, named) = (claim.completion_code, claim.tenant_id);
    let Ok(visit) = x.user() else {
        let claimed = linking::claim_for_customer(&x, &flow_id, &code).await?;
        let reply = Reply::created(&OneConnection {
            connection: &claimed.connection,
        })?;
        return Ok(reply.with_header(claimed.cookie));
    };
    let user = &visit.user;
    let gateway = x.gateway();
    let named = match (named, gateway.find_link(&flow_id).await?) {
        (Some(named), _) => Some(named),
        (None, flow) => flow
            .and_then(|flow| flow.tenant_id)
            .map(|tenant| tenant.as_str().to_owned()),
    };
    let tenant = gateway
        .tenant_to_link(Some(user), named.as_deref())
        .await?
        .ok_or_else(|| Error::not_found("tenant"))?;
    let claim = LinkClaim {
        flow_id: &flow_id,
        completion_code: code.expose(),
        tenant_id: &tenant,
        user_id: Some(user),
        workspace: None,
        browser: Browser::find(&x).map(|browser| browser.hash()),
    };
    let connection = gateway.complete_link(claim, &x.act()).await?;
    Reply::created(&OneConnection {
        connection: &connection,
    })
}

/// Claims the account for whom the flow was started, in whose browser it came back; without one
/// the code goes along, where neither logs nor a `Referer` see it.
async fn finish_redirect(x: &Exchange, returned: ReturnedLink) -> Result<Reply, Refusal> {
    let flow = &returned.flow;
    let code = returned.completion_code.expose();
    let Some(tenant_id) = &flow.tenant_id else {
        let id = &flow.id;
        let target = return_to(flow);
        return Reply::see_other(&format!("{target}#flowId={id}&completionCode={code}"));
    };
    // The user may have signed out on the way.
    let user = match &flow.user_id {
        Some(_) => session::user(x).await?.map(|visit| visit.user),
        None => None,
    };
    let claim = LinkClaim {
        flow_id: &flow.id,
        completion_code: code,
        tenant_id,
        user_id: user.as_ref(),
        workspace: flow.workspace.as_deref(),
        browser: flow.browser,
    };
    match x.gateway().complete_link(claim, &x.act()).await {
        Ok(_) => {
            let reply = Reply::see_other(&return_to(flow))?;
            Ok(match linking::renewed(x, flow).await? {
                Some(cookie) => reply.with_header(cookie),
                None => reply,
            })
        }
        Err(error) => {
            let flow = Some(Box::new(returned.flow));
            failure(FailedLink { flow, error }, false)
        }
    }
}

/// Tells the browser that there is no account, where it expects to hear of one.
fn failure(failed: FailedLink, is_canceled: bool) -> Result<Reply, Refusal> {
    let FailedLink { flow, error } = failed;
    let is_ours = error.code().status() >= 500;
    match flow {
        Some(flow) if flow.handover == Handover::Popup => HandoverView {
            outcome: handover::Handover::Failed {
                reason: SafeText::new(error.message()),
            },
        }
        .reply(StatusCode::OK),
        Some(flow) if flow.handover == Handover::Redirect && !is_ours => {
            let target = return_to(&flow);
            let (path, fragment) = match target.split_once('#') {
                Some((path, fragment)) => (path, format!("#{fragment}")),
                None => (target.as_str(), String::new()),
            };
            let joint = if path.contains('?') { '&' } else { '?' };
            let code = match is_canceled {
                true => linking::CANCELED,
                false => error.code().name(),
            };
            Reply::see_other(&format!("{path}{joint}link_error={code}{fragment}"))
        }
        _ => Err(error.into()),
    }
}

/// Path that a flow returns to.
fn return_to(flow: &LinkFlow) -> String {
    let default = match flow.kind {
        LinkKind::Account => "/app/dashboard",
        LinkKind::Api | LinkKind::Embed => "/",
    };
    flow.return_to.clone().unwrap_or_else(|| default.to_owned())
}

/// Scopes of a connection that no app has requested: all reads.
fn reads() -> Scopes {
    Scope::ALL
        .iter()
        .copied()
        .filter(|scope| *scope != Scope::EventsSubscribe)
        .collect()
}

/// A parameter that is set or not, and never an address (PC-6).
fn flag(query: &Query, name: &str) -> Result<bool, Refusal> {
    match query.value(name)? {
        None | Some("0" | "false") => Ok(false),
        Some("1" | "true") => Ok(true),
        Some(_) => Err(Error::invalid_request(format!("`{name}` must be `1` or left out.")).into()),
    }
}
