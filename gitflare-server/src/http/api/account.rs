//! `/v1/account*`: what a signed-in person sees of themselves, their tenants and what was read.

use gitflare_core::{gateway::ConnectionFilterText, storage::Actor};

use super::{
    super::{
        bodies::{
            List,
            account::{Me, Opened, OwnSession, PasswordChange},
        },
        body,
        cookie::Cookie,
        exchange::Exchange,
        refusal::Refusal,
        reply::Reply,
        session,
    },
    lists::{self, ListRequest},
    unified,
};

/// `GET /v1/account/me`
pub(crate) async fn me(x: Exchange) -> Result<Reply, Refusal> {
    let visit = x.user()?;
    let account = x.gateway().account(&visit.user).await?;
    Reply::ok(&Me {
        user: &account.user,
        tenants: &account.tenants,
        session: &visit.session,
    })
}

/// `DELETE /v1/account/me`
pub(crate) async fn delete_me(x: Exchange) -> Result<Reply, Refusal> {
    let visit = x.user()?;
    x.gateway().delete_account(&visit.user, &x.act()).await?;
    Ok(Reply::no_content().with_header(Cookie::Session.clear(x.settings())?))
}

/// `GET /v1/account/sessions`
pub(crate) async fn sessions(x: Exchange) -> Result<Reply, Refusal> {
    let visit = x.user()?;
    let sessions = x.gateway().list_sessions(&visit.user).await?.into_iter();
    let current = &visit.session.id;
    let data = sessions.map(|it| OwnSession::of(it, current)).collect();
    Reply::ok(&List { data })
}

/// `DELETE /v1/account/sessions/:sessionId`
pub(crate) async fn end_session(mut x: Exchange) -> Result<Reply, Refusal> {
    let id = x.parameter("sessionId").unwrap_or_default();
    let user = &x.user()?.user;
    x.gateway().end_own_session(user, &id, &x.act()).await?;
    Ok(Reply::no_content())
}

/// `POST /v1/account/password`
pub(crate) async fn change_password(mut x: Exchange) -> Result<Reply, Refusal> {
    let change: PasswordChange = x.json_up_to(body::MAX_CREDENTIALS).await?;
    let visit = x.user()?;
    x.settings().rate_limits.admit_sign_in(x.address)?;
    let tried = x.app().throttle.begin(visit.user.as_str(), x.address)?;
    let signed = x
        .gateway()
        .change_password(
            &visit.user,
            change.current_password,
            change.new_password,
            &x.app().passwords,
            &x.act(),
        )
        .await?;
    x.app().throttle.succeed(tried);
    let reply = Reply::ok(&Opened::from(&signed))?;
    if visit.is_cookie {
        return Ok(reply.with_header(session::user_cookie(&signed.begun, x.settings())?));
    }
    Ok(reply)
}

/// `GET /v1/account/connections`
pub(crate) async fn connections(x: Exchange) -> Result<Reply, Refusal> {
    let request = ListRequest::of(&x)?;
    let filter = ConnectionFilterText {
        tenant_id: request.filter("tenantId")?,
        provider: request.filter("provider")?,
    };
    let user = &x.user()?.user;
    let listing = x
        .gateway()
        .account_connections(user, &filter, &request.page)
        .await?;
    lists::reply(&listing)
}

/// `GET /v1/account/repositories`
pub(crate) async fn repositories(x: Exchange) -> Result<Reply, Refusal> {
    let query = x.query()?;
    let reply = x
        .gateway()
        .account_repositories(&x.user()?.user, &query)
        .await?;
    unified::reply(&x, &reply)
}

/// `GET /v1/explain`
pub(crate) async fn explain(x: Exchange) -> Result<Reply, Refusal> {
    let query = x.query()?;
    Reply::ok(&match x.act().actor {
        Actor::Admin => x.gateway().explain_any(&query).await?,
        _ => x.gateway().explain(&x.user()?.user, &query).await?,
    })
}

/// `GET /v1/account/usage/logs`
pub(crate) async fn usage_logs(x: Exchange) -> Result<Reply, Refusal> {
    let query = x.query()?;
    Reply::ok(&x.gateway().usage_logs(&x.user()?.user, &query).await?)
}

/// `GET /v1/account/usage/summary`
pub(crate) async fn usage_summary(x: Exchange) -> Result<Reply, Refusal> {
    let query = x.query()?;
    Reply::ok(&x.gateway().usage_summary(&x.user()?.user, &query).await?)
}
