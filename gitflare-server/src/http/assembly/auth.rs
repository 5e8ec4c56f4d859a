//! Checks the credential that a route asks for: admin key, internal listener, session. Access tokens
//! and client credentials are the gateway's to judge.

use gitflare_core::{
    Code, Error,
    storage::{Actor, AuditAction, Outcome},
};

use super::super::{
    cookie::Cookie,
    credentials, csrf,
    exchange::Exchange,
    proxy,
    refusal::Refusal,
    route::Access,
    session,
    visit::{self, Visit},
};

/// Checks what the route demands before its handler runs, and says who acts. Access tokens and
/// client credentials are judged by the gateway; here only the address is counted.
pub(super) async fn authorize(x: &Exchange) -> Result<(Actor, Visit), Refusal> {
    let visit = match x.route.access {
        Access::UserOrAdmin if credentials::admin_key(x.headers())?.is_some() => {
            return Ok((admin(x).await?, Visit::Anybody));
        }
        Access::UserSession | Access::UserOrAdmin => {
            Visit::User(session::user(x).await?.ok_or_else(visit::required)?)
        }
        Access::OptionalSession => match session::user(x).await? {
            Some(visit) => {
                let visit = Visit::User(visit);
                // A developer who tries their own app out is a customer in the same browser, and
                // then the token is that of the customer's page.
                let is_customer = Cookie::Embed.find(x.headers(), x.settings()).is_some();
                match csrf::check(x, &visit) {
                    Err(_) if is_customer => Visit::Anybody,
                    _ => visit,
                }
            }
            None => Visit::Anybody,
        },
        Access::EmbedSession => Visit::Customer(session::customer(x).await?),
        _ => return Ok((credential(x).await?, Visit::Anybody)),
    };
    csrf::check(x, &visit)?;
    let actor = match &visit {
        Visit::User(visit) => Actor::User(visit.user.clone()),
        Visit::Customer(_) | Visit::Anybody => Actor::Anonymous,
    };
    Ok((actor, visit))
}

async fn credential(x: &Exchange) -> Result<Actor, Refusal> {
    match x.route.access {
        Access::AdminKey => admin(x).await,
        // A proxy in front would lend everybody its loopback address (IN-1).
        Access::Internal if x.is_internal() && !proxy::is_forwarded(x.headers()) => {
            Ok(Actor::Internal)
        }
        Access::Internal => admin(x).await,
        Access::AccessToken(_) | Access::ToolToken => {
            x.settings().rate_limits.admit_address(x.address)?;
            Ok(Actor::Anonymous)
        }
        _ => Ok(Actor::Anonymous),
    }
}

async fn admin(x: &Exchange) -> Result<Actor, Refusal> {
    let limits = &x.settings().rate_limits;
    limits.check_admin(x.address)?;
    let Some(key) = credentials::admin_key(x.headers())? else {
        let message = "Send the admin key as `x-admin-api-key`.";
        return Err(Error::new(Code::AuthRequired, message).into());
    };
    if x.app().settings.admin_keys.open_with(key.expose()) {
        return Ok(Actor::Admin);
    }
    limits.count_admin_failure(x.address);
    x.gateway()
        .append_audit(
            &x.act(),
            AuditAction::AdminAuthenticate,
            "",
            Outcome::Denied,
        )
        .await?;
    Err(Error::new(Code::InvalidCredentials, "The admin key is wrong.").into())
}
