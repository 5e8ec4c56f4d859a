//! GitLab's sign-in and token endpoints (Doorkeeper).

use gitflare_core::Result;
use serde_json::{Value, json};

use super::error;
use crate::kit::{
    Answer, Call,
    clock::{now, unix},
    sign_in,
    tokens::Issued,
};

pub(super) async fn authorize(call: &Call<'_>) -> Result<Answer> {
    Ok(sign_in::page(
        call.world,
        call.request,
        sign_in::Asking::STANDARD,
    ))
}

pub(super) async fn token(call: &Call<'_>) -> Result<Answer> {
    let field = |name: &str| call.request.field(name).unwrap_or_default();
    if !sign_in::is_client(call.world, call.request) {
        return Ok(error(
            401,
            "invalid_client",
            "Client authentication failed due to unknown client, no client authentication included, or unsupported authentication method.",
        ));
    }
    let issued = match field("grant_type").as_str() {
        "authorization_code" => sign_in::exchange(call.world, call.request),
        "refresh_token" => call.world.tokens().refresh(&field("refresh_token")),
        _ => {
            return Ok(error(
                400,
                "unsupported_grant_type",
                "The authorization grant type is not supported by the authorization server.",
            ));
        }
    };
    Ok(match issued {
        Some(issued) => Answer::json(200, &object(&issued)),
        None => error(
            400,
            "invalid_grant",
            "The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was issued to another client.",
        ),
    })
}

fn object(issued: &Issued) -> Value {
    json!({
        "access_token": issued.access, "token_type": "Bearer", "expires_in": issued.expires_in,
        "refresh_token": issued.refresh, "scope": issued.scope, "created_at": unix(now()),
    })
}

pub(super) async fn revoke(call: &Call<'_>) -> Result<Answer> {
    if !sign_in::is_client(call.world, call.request) {
        return Ok(error(
            403,
            "unauthorized_client",
            "You are not authorized to revoke this token",
        ));
    }
    let token = call.request.field("token").unwrap_or_default();
    call.world.tokens().revoke(&token);
    Ok(Answer::json(200, &json!({})))
}

/// Whose token it is, and what it may.
pub(super) async fn info(call: &Call<'_>) -> Result<Answer> {
    let tokens = call.world.tokens();
    let text = call.dialect.token(call.request);
    Ok(match text.and_then(|text| tokens.find(&text)) {
        Some(token) => Answer::json(
            200,
            &json!({
                "resource_owner_id": token.person.id,
                "scope": token.scope.split(' ').collect::<Vec<_>>(),
                "expires_in": token.expires_at.map(|at| unix(at).saturating_sub(unix(now()))),
                "application": {"uid": call.world.identity.client_id},
            }),
        ),
        None => error(401, "invalid_token", "The access token is invalid"),
    })
}
