//! GitFlic's sign-in and token endpoints: `redirect_url` in place of `redirect_uri`, the code sent
//! to the application's server, the exchange by GET.

use gitflare_core::{Result, Timestamp};
use serde_json::{Value, json};

use super::error;
use crate::kit::{
    Answer, Call, Request,
    clock::{now, unix},
    sign_in,
    tokens::Issued,
};

pub(super) async fn authorize(call: &Call<'_>) -> Result<Answer> {
    let missing = ["scope", "state"]
        .iter()
        .find(|name| call.query(name).is_none());
    if let Some(name) = missing {
        return Ok(error(400, &format!("error.{name}.empty")));
    }
    let asking = sign_in::Asking {
        redirect: "redirect_url",
        is_typed: false,
    };
    // Both spellings are documented.
    let pairs = call.request.query.iter().map(|(name, value)| {
        let name = match name.as_str() {
            "clientId" => "client_id",
            "redirectUrl" => "redirect_url",
            name => name,
        };
        (name.to_owned(), value.clone())
    });
    let request = Request {
        query: pairs.collect(),
        ..Request::default()
    };
    Ok(sign_in::page(call.world, &request, asking))
}

/// A token for a code; the code knows its redirect URI, and nothing else proves the client.
pub(super) async fn exchange(call: &Call<'_>) -> Result<Answer> {
    let code = call.query("code").unwrap_or_default();
    let issued = call.world.tokens().exchange_bare(code);
    Ok(issued.map_or_else(
        || {
            Answer::json(
                400,
                &json!({"title": "error.gitflic.oauth.token.code.invalid"}),
            )
        },
        |issued| Answer::json(200, &object(&issued)),
    ))
}

pub(super) async fn refresh(call: &Call<'_>) -> Result<Answer> {
    if !sign_in::is_client(call.world, call.request) {
        return Ok(Answer::json(
            401,
            &json!({"title": "error.gitflic.oauth.token.client.invalid"}),
        ));
    }
    let refresh = call.request.field("refreshToken").unwrap_or_default();
    let issued = call.world.tokens().refresh(&refresh);
    Ok(issued.map_or_else(
        || {
            Answer::json(
                400,
                &json!({"title": "error.gitflic.oauth.token.refresh.invalid"}),
            )
        },
        |issued| Answer::json(200, &object(&issued)),
    ))
}

/// `expires` is a time without a zone: Moscow's, three hours before UTC.
fn object(issued: &Issued) -> Value {
    const MOSCOW: u64 = 3 * 60 * 60;
    let end = unix(now()) + issued.expires_in + MOSCOW;
    let end = Timestamp::from_millis(i64::try_from(end).unwrap_or(0) * 1000).to_string();
    let end = end.split(['.', 'Z']).next().unwrap_or_default();
    json!({"accessToken": issued.access, "refreshToken": issued.refresh, "expires": end})
}
