//! A developer's own account: who is signed in, and where else; another password, and the end of the
//! account. Each form makes the same gateway call as its API route.

use gitflare_core::{Secret, gateway::SignedIn, storage::Session};
use http::StatusCode;

use super::{
    super::{
        body,
        cookie::Cookie,
        csrf,
        exchange::Exchange,
        form::Form,
        pages::{
            View,
            own_account::{OwnAccountView, SessionRow},
            text::SafeText,
        },
        refusal::Refusal,
        reply::Reply,
        session,
    },
    dashboard::{done, minute},
    sign_in::{again, problem_by_field},
};

/// `GET /app/account`
pub(crate) async fn show(x: Exchange) -> Result<Reply, Refusal> {
    let mut view = view(&x).await?;
    view.notice = done(&x.query()?);
    view.reply(StatusCode::OK)
}

async fn view(x: &Exchange) -> Result<OwnAccountView, Refusal> {
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
    Ok(OwnAccountView {
        user: SafeText::person(&user),
        email: SafeText::new(&user.email),
        csrf: gateway.form_token(&visit.session.id),
        notice: None,
        problems: Vec::new(),
        sessions: sessions.iter().map(row).collect(),
    })
}

/// `POST /app/account/password`
pub(crate) async fn change_password(mut x: Exchange) -> Result<Reply, Refusal> {
    let form = csrf::form(&mut x, body::MAX_CREDENTIALS).await?;
    match changed(&x, &form).await {
        Ok(signed) => {
            let cookie = session::user_cookie(&signed.begun, x.settings())?;
            Ok(Reply::see_other("/app/account?done=password")?.with_header(cookie))
        }
        Err(refusal) => {
            let mut view = view(&x).await?;
            let fields = ["currentPassword", "newPassword"];
            (view.notice, view.problems) = problem_by_field(refusal.error(), &fields);
            again(&view, &refusal)
        }
    }
}

async fn changed(x: &Exchange, form: &Form) -> Result<SignedIn, Refusal> {
    let password = |name: &str| -> Result<Secret<String>, Refusal> {
        Ok(Secret::from(form.text(name)?.unwrap_or_default()))
    };
    let (current, new) = (password("currentPassword")?, password("newPassword")?);
    let user = &x.user()?.user;
    x.settings().rate_limits.admit_sign_in(x.address)?;
    let tried = x.app().throttle.begin(user.as_str(), x.address)?;
    let (gateway, passwords) = (x.gateway(), &x.app().passwords);
    let signed = gateway
        .change_password(user, current, new, passwords, &x.act())
        .await;
    match signed {
        Ok(signed) => {
            x.app().throttle.succeed(tried);
            Ok(signed)
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /app/account/delete`
pub(crate) async fn delete(mut x: Exchange) -> Result<Reply, Refusal> {
    csrf::form(&mut x, body::MAX_CREDENTIALS).await?;
    let user = &x.user()?.user;
    x.gateway().delete_account(user, &x.act()).await?;
    Ok(Reply::see_other("/")?.with_header(Cookie::Session.clear(x.settings())?))
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
