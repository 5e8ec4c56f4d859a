//! The account behind the token.

use gitflare_core::{Code, Result, model::Viewer, provider::Call};

use super::{
    api::User,
    client::{Client, web},
};
use crate::{listing::Api, request::Get, upstream_error::recode, wire::known};

pub(super) async fn viewer(client: &Client, call: &Call) -> Result<Viewer> {
    let asked = client
        .upstream
        .viewer(call, &Get::new(&["user", "me"])?)
        .await;
    // A token that has ended is refused with 403 here, at times without saying why.
    let answer = asked.map_err(|error| match error.code() {
        Code::InsufficientScope => recode(
            &error,
            Code::InvalidCredentials,
            "GitFlic does not accept this token.",
        ),
        _ => error,
    })?;
    let user: User = answer.json()?;
    let base = client.web(call)?;
    let web = web(&base);
    let username = known(user.username);
    Ok(Viewer {
        provider: client.upstream().provider(),
        connection_id: call.connection_id.clone(),
        id: known(user.id).ok_or_else(|| answer.unusable("an account without an id"))?,
        web_url: username.as_deref().map(|name| web.page(&["user", name])),
        login: username,
        name: known(user.full_name),
        email: known(user.email),
        avatar_url: web.picture(user.avatar),
    })
}
