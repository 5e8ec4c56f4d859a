//! Who visits: the person or the customer whose session a request carries, by cookie or as a
//! bearer token. The kinds are not interchangeable (SE-4), and a text that is not ours is never
//! adopted (SE-2).

use gitflare_core::{
    Code, Error, TenantId,
    gateway::{BegunSession, user_of},
    storage::{Client, SessionSubject},
};
use http::{HeaderName, HeaderValue};

use super::{
    cookie::Cookie,
    credentials,
    exchange::Exchange,
    refusal::Refusal,
    settings::ServiceSettings,
    visit::{EmbedVisit, UserVisit},
};

/// Most workspaces that one browser keeps open; the oldest ends first.
const MAX_EMBED_SESSIONS: usize = 8;

/// The signed-in person, if there is one: a bearer token goes before the cookie, and a dead one is
/// refused, while a dead cookie is as good as none.
pub(super) async fn user(x: &Exchange) -> Result<Option<UserVisit>, Refusal> {
    let bearer = credentials::bearer(x.headers())?;
    let is_cookie = bearer.is_none();
    let text = match &bearer {
        Some(text) => text.expose(),
        None => match Cookie::Session.find(x.headers(), x.settings()) {
            Some(text) => text,
            None => return Ok(None),
        },
    };
    let session = x.gateway().find_session(text).await?;
    let visit = session.and_then(|session| {
        Some(UserVisit {
            user: user_of(&session)?.clone(),
            session,
            is_cookie,
        })
    });
    match visit {
        None if !is_cookie => Err(Error::new(
            Code::AuthExpired,
            "This session is unknown or has ended: sign in again.",
        )
        .into()),
        visit => Ok(visit),
    }
}

/// Refuses what is a person's own workspace to a browser in which somebody else is signed in, or
/// nobody any more. Those of apps are no person's (SE-5).
pub(super) async fn require_person(
    x: &Exchange,
    client: &Client,
    tenant: &TenantId,
) -> Result<(), Refusal> {
    if client.public_id.is_none() {
        return Ok(());
    }
    if let Some(visit) = user(x).await?
        && x.gateway()
            .is_own_workspace(client, tenant, &visit.user)
            .await?
    {
        return Ok(());
    }
    Err(Error::new(
        Code::AccessBlockedByPolicy,
        "Sign in with the account that opened this page, and start again from the app.",
    )
    .into())
}

/// The workspaces that the browser has open, oldest first.
pub(super) async fn customer(x: &Exchange) -> Result<Vec<EmbedVisit>, Refusal> {
    let text = Cookie::Embed.find(x.headers(), x.settings()).unwrap_or("");
    let mut visits = Vec::new();
    for text in text.split('.').take(MAX_EMBED_SESSIONS) {
        if let Some(session) = x.gateway().find_session(text).await?
            && let SessionSubject::Embed {
                client_id,
                tenant_id,
            } = &session.subject
        {
            visits.push(EmbedVisit {
                client: client_id.clone(),
                tenant: tenant_id.clone(),
                text: text.to_owned(),
                session,
            });
        }
    }
    Ok(visits)
}

/// The cookie of a person's new session.
pub(super) fn user_cookie(
    begun: &BegunSession,
    settings: &ServiceSettings,
) -> Result<(HeaderName, HeaderValue), Refusal> {
    let lifetime = begun.session.subject.lifetime();
    Cookie::Session.set(begun.text.expose(), lifetime, settings)
}

/// The cookie of a browser that opens one more workspace, or the same one under a new id.
pub(super) fn embed_cookie(
    begun: &BegunSession,
    others: &[EmbedVisit],
    settings: &ServiceSettings,
) -> Result<(HeaderName, HeaderValue), Refusal> {
    let mut texts: Vec<&str> = others
        .iter()
        .filter(|visit| visit.session.subject != begun.session.subject)
        .map(|visit| visit.text.as_str())
        .collect();
    texts.push(begun.text.expose());
    let kept = texts.len().saturating_sub(MAX_EMBED_SESSIONS);
    let lifetime = begun.session.subject.lifetime();
    Cookie::Embed.set(&texts[kept..].join("."), lifetime, settings)
}
