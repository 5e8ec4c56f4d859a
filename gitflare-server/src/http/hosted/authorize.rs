//! `/oauth/authorize*`: a client's request, the customer's decision, and the accounts that are
//! linked on the way. Whatever leads away from here leads to a redirect URI that was verified.

use gitflare_core::{
    Code, Error,
    gateway::{AuditContext, AuthorizeRefusal, Choice, Consent, Query, workspace_key},
    storage::{Actor, Handover, Session},
};
use http::StatusCode;

use super::{
    super::{
        body, csrf,
        exchange::Exchange,
        linking::{self, CustomerStart},
        pages::{connect::Notice, picker::Picked},
        refusal::Refusal,
        reply::Reply,
        session,
    },
    consent::{self, Shape},
    public_clients::{self, Asking},
};

/// The page's own path.
const HERE: &str = "/oauth/authorize";

/// `GET /oauth/authorize`
pub(crate) async fn authorize(x: Exchange) -> Result<Reply, Refusal> {
    let query = x.query()?;
    if let Some(id) = request_id(&query)? {
        let consent = x.gateway().consent(id, &sessions(&x)).await?;
        require_person(&x, &consent).await?;
        return consent::page(&x, &consent, Shape::default()).await;
    }
    x.settings().rate_limits.admit_workspace(x.address)?;
    let resources = x.settings().resources();
    let visit = match public_clients::asking(&x, &query).await? {
        Asking::App => None,
        Asking::Public(visit) => Some(visit),
        Asking::Later => return public_clients::sign_in(&x, HERE),
    };
    let opened = x
        .gateway()
        .open_request(
            &query,
            &resources,
            &sessions(&x),
            visit.as_deref(),
            &x.request_id,
        )
        .await;
    let opened = match opened {
        Ok(opened) => opened,
        Err(AuthorizeRefusal::SignIn) => return public_clients::sign_in(&x, HERE),
        Err(AuthorizeRefusal::Page(error)) => return Err(error.into()),
        Err(AuthorizeRefusal::Client(answer)) => {
            let location = answer.location(&x.settings().public_url);
            return Reply::see_other(location.expose());
        }
    };
    let workspace = opened.workspace;
    let consent = x
        .gateway()
        .consent(opened.id.expose(), &[workspace.session])
        .await?;
    let reply = consent::page(&x, &consent, Shape::default()).await?;
    match &workspace.begun {
        Some(begun) => {
            let cookie = session::embed_cookie(begun, x.workspaces(), x.settings())?;
            Ok(reply.with_header(cookie))
        }
        None => Ok(reply),
    }
}

/// `POST /oauth/authorize/approve`
pub(crate) async fn approve(mut x: Exchange) -> Result<Reply, Refusal> {
    let form = csrf::form(&mut x, body::MAX_CHOICES).await?;
    let visit = csrf::customer(&x, form.csrf())?;
    let id = form.text("request_id")?.unwrap_or_default();
    let consent = x
        .gateway()
        .consent(id, std::slice::from_ref(&visit.session))
        .await?;
    require_person(&x, &consent).await?;
    let picked = Picked::from_pairs(form.pairs());
    if picked.browse.is_some() {
        let shape = Shape {
            picked: Some(picked),
            ..Shape::default()
        };
        return consent::page(&x, &consent, shape).await;
    }
    let choice = choice(&picked);
    let actor = Actor::Customer(visit.tenant.clone());
    let act = AuditContext {
        actor: &actor,
        request_id: &x.request_id,
    };
    match x.gateway().approve(&consent, &choice, &act).await {
        Ok(answer) => {
            let location = answer.location(&x.settings().public_url);
            Reply::see_other(location.expose())
        }
        Err(error) => again(&x, &consent, picked, error).await,
    }
}

/// `GET /oauth/authorize/deny`
pub(crate) async fn deny(x: Exchange) -> Result<Reply, Refusal> {
    let query = x.query()?;
    let id = request_id(&query)?.unwrap_or_default();
    let consent = x.gateway().consent(id, &sessions(&x)).await?;
    require_person(&x, &consent).await?;
    let actor = Actor::Customer(consent.request.tenant_id.clone());
    let act = AuditContext {
        actor: &actor,
        request_id: &x.request_id,
    };
    let answer = x.gateway().deny(&consent, &act).await?;
    let location = answer.location(&x.settings().public_url);
    Reply::see_other(location.expose())
}

/// `GET /oauth/authorize/connect/:provider`. A window of its own does not have a frame's cookies:
/// there the request's id says for whom, and only the frame's session can claim what comes back
/// (PC-3).
pub(crate) async fn connect(mut x: Exchange) -> Result<Reply, Refusal> {
    let provider = x.parameter("provider").unwrap_or_default();
    let query = x.query()?;
    let id = request_id(&query)?.unwrap_or_default();
    let is_popup = query.value("popup")?.is_some();
    let request = match is_popup {
        true => x.gateway().pending_request(id).await?,
        false => x.gateway().consent(id, &sessions(&x)).await?.request,
    };
    let client = x.gateway().live_client(request.client_id.as_str()).await?;
    session::require_person(&x, &client, &request.tenant_id).await?;
    let start = CustomerStart {
        provider: &provider,
        handover: match is_popup {
            true => Handover::Popup,
            false => Handover::Redirect,
        },
        tenant: Some(request.tenant_id.clone()),
        workspace: workspace_key(&request.session_id, &request.client_id),
        return_to: &format!("/oauth/authorize?request_id={id}"),
        permissions: request.permissions,
    };
    linking::start_for_customer(&x, start).await
}

async fn require_person(x: &Exchange, consent: &Consent) -> Result<(), Refusal> {
    session::require_person(x, &consent.context.client, &consent.context.tenant.id).await
}

/// The page again: what the customer can put right is said on it.
async fn again(
    x: &Exchange,
    consent: &Consent,
    picked: Picked,
    error: Error,
) -> Result<Reply, Refusal> {
    if matches!(
        error.code(),
        Code::AccessBlockedByPolicy | Code::InternalError
    ) {
        return Err(error.into());
    }
    let shape = Shape {
        picked: Some(picked),
        notice: Some(problem(&error)),
        status: Refusal::from(error).status(),
    };
    consent::page(x, consent, shape).await
}

/// An error in the words of the page.
pub(super) fn problem(error: &Error) -> Notice {
    let message = error.message();
    if message.starts_with("`repositories`") {
        Notice::problem("Choose at least one repository.").at("repositories")
    } else if message.starts_with("`permissions`") {
        Notice::problem("Tick at least one thing that the app may see.").at("permissions")
    } else {
        Notice::problem(message)
    }
}

/// The choice of a submitted form.
pub(super) fn choice(picked: &Picked) -> Choice {
    Choice {
        permissions: picked.permissions.clone(),
        repositories: picked.repositories.iter().cloned().collect(),
    }
}

fn request_id(query: &Query) -> Result<Option<&str>, Refusal> {
    Ok(query.value("request_id")?)
}

/// The sessions of the workspaces that the browser has open.
pub(super) fn sessions(x: &Exchange) -> Vec<Session> {
    let visits = x.workspaces().iter();
    visits.map(|visit| visit.session.clone()).collect()
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            picked: None,
            notice: None,
            status: StatusCode::OK,
        }
    }
}
