//! GitHub's sign-in and token endpoints: errors of the token endpoint come with 200, and JSON only
//! to those who ask for it.

use gitflare_core::Result;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{error, not_found, objects, work};
use crate::kit::{
    Answer, Call,
    sign_in::{self, Asking},
    tokens::Issued,
};

/// Seconds that a GitHub App's refresh token lives.
const REFRESH_SECONDS: u64 = 15_811_200;

pub(super) async fn authorize(call: &Call<'_>) -> Result<Answer> {
    Ok(sign_in::page(
        call.world,
        call.request,
        Asking {
            is_typed: false,
            ..Asking::STANDARD
        },
    ))
}

pub(super) async fn token(call: &Call<'_>) -> Result<Answer> {
    let body = token_body(call);
    let accept = call.request.header("accept");
    if accept.is_some_and(|accept| accept.contains("json")) {
        return Ok(Answer::json(200, &body));
    }
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in body.as_object().into_iter().flatten() {
        form.append_pair(name, value.as_str().unwrap_or(&value.to_string()));
    }
    let media_type = "application/x-www-form-urlencoded";
    Ok(Answer::of(200, media_type, form.finish()))
}

fn token_body(call: &Call<'_>) -> Value {
    let field = |name: &str| call.request.field(name).unwrap_or_default();
    if !sign_in::is_client(call.world, call.request) {
        return refused(
            "incorrect_client_credentials",
            "The client_id and/or client_secret passed are incorrect.",
        );
    }
    if field("grant_type") == "refresh_token" {
        let issued = call.world.tokens().refresh(&field("refresh_token"));
        let why = "The refresh token passed is incorrect or expired.";
        return issued.map_or_else(
            || refused("bad_refresh_token", why),
            |issued| object(&issued),
        );
    }
    let issued = sign_in::exchange(call.world, call.request);
    let why = "The code passed is incorrect or expired.";
    issued.map_or_else(
        || refused("bad_verification_code", why),
        |issued| object(&issued),
    )
}

fn refused(error: &str, description: &str) -> Value {
    json!({"error": error, "error_description": description, "error_uri": "https://docs.github.com"})
}

fn object(issued: &Issued) -> Value {
    match &issued.refresh {
        // OAuth Apps: tokens stay.
        None => {
            json!({"access_token": issued.access, "scope": issued.scope.replace(' ', ","), "token_type": "bearer"})
        }
        // GitHub Apps have permissions in place of scopes.
        Some(refresh) => json!({
            "access_token": issued.access, "scope": "", "token_type": "bearer", "expires_in": issued.expires_in,
            "refresh_token": refresh, "refresh_token_expires_in": REFRESH_SECONDS,
        }),
    }
}

/// Whose token it is.
pub(super) async fn check(call: &Call<'_>) -> Result<Answer> {
    if !is_administrator(call) {
        return Ok(not_found());
    }
    let text = call.request.field("access_token").unwrap_or_default();
    let tokens = call.world.tokens();
    Ok(match tokens.find(&text) {
        Some(token) => {
            let user = objects::user(call.world, token.person);
            Answer::json(200, &work::authorization(call.world, &text, &user))
        }
        None => not_found(),
    })
}

/// Ends a token, or the whole authorization, which here has one token.
pub(super) async fn revoke(call: &Call<'_>) -> Result<Answer> {
    if !is_administrator(call) {
        return Ok(not_found());
    }
    let text = call.request.field("access_token").unwrap_or_default();
    Ok(if call.world.tokens().revoke(&text) {
        Answer::empty(204)
    } else {
        error(422, "Validation Failed")
    })
}

/// Whether the client asks about itself, with its own credentials.
fn is_administrator(call: &Call<'_>) -> bool {
    call.name("client") == call.world.identity.client_id
        && sign_in::is_client(call.world, call.request)
}
