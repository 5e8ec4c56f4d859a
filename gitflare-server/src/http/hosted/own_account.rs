//! A developer's own account: who is signed in, and where else. Ending a session makes the same
//! gateway call as its API route.

use gitflare_core::storage::Session;
use http::StatusCode;

use super::{
    super::{
        body, csrf,
        exchange::Exchange,
        pages::{
            View,
            own_account::{OwnAccountView, SessionRow},
            text::SafeText,
        },
        refusal::Refusal,
        reply::Reply,
    },
    dashboard::{done, minute},
};

/// `GET /app/account`
pub(crate) async fn show(x: Exchange) -> Result<Reply, Refusal> {
    let visit = x.user()?;
    let gateway = x.gateway();
    let user = gateway.account(&visit.user).await?.user;
    let sessions = gateway.list_sessions(&visit.user).await?;
    let row = |session: &Session| SessionRow {
        id: session.id.as_str().to_owned(),
        since: minute(session.created_at),
        last_used: minute(session.last_used_at),
        ends: minute(session.expires_at),
        is_current: session.id == visit.session.id,
    };
    OwnAccountView {
        user: SafeText::new(user.name.as_ref().unwrap_or(&user.email)),
        email: SafeText::new(&user.email),
        csrf: gateway.form_token(&visit.session.id),
        notice: done(&x.query()?),
        sessions: sessions.iter().map(row).collect(),
    }
    .reply(StatusCode::OK)
}

/// `POST /app/account/sessions/:sessionId/end`
pub(crate) async fn end(mut x: Exchange) -> Result<Reply, Refusal> {
    let id = x.parameter("sessionId").unwrap_or_default();
    csrf::form(&mut x, body::MAX_BODY).await?;
    let user = &x.user()?.user;
    x.gateway().end_own_session(user, &id, &x.act()).await?;
    Reply::see_other("/app/account?done=session-ended")
}

/// `POST /app/account/sessions/end-others`
pub(crate) async fn end_others(mut x: Exchange) -> Result<Reply, Refusal> {
    csrf::form(&mut x, body::MAX_BODY).await?;
    let visit = x.user()?;
    let (user, kept) = (&visit.user, &visit.session.id);
    x.gateway().end_other_sessions(user, kept, &x.act()).await?;
    Reply::see_other("/app/account?done=session-ended")
}
