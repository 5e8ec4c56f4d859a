//! Bitbucket's sign-in and token endpoints. Revocation has no endpoint there.

use gitflare_core::Result;
use serde_json::{Value, json};

use crate::kit::{Answer, Call, sign_in, tokens::Issued};

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
        let why = "Invalid OAuth client credentials";
        return Ok(refused(401, "unauthorized_client", why));
    }
    let issued = match field("grant_type").as_str() {
        "authorization_code" => sign_in::exchange(call.world, call.request),
        "refresh_token" => call.world.tokens().refresh(&field("refresh_token")),
        _ => {
            let why = "Unsupported grant type";
            return Ok(refused(400, "unsupported_grant_type", why));
        }
    };
    Ok(match (issued, field("grant_type").as_str()) {
        (Some(issued), _) => Answer::json(200, &object(&issued)),
        (None, "refresh_token") => refused(400, "invalid_request", "Invalid refresh_token"),
        (None, _) => refused(400, "invalid_grant", "The specified code is not valid."),
    })
}

fn refused(status: u16, error: &str, description: &str) -> Answer {
    let body = json!({"error": error, "error_description": description});
    Answer::json(status, &body)
}

/// `scopes` is what the member was called before May 2026.
fn object(issued: &Issued) -> Value {
    json!({
        "access_token": issued.access, "token_type": "bearer", "expires_in": issued.expires_in,
        "refresh_token": issued.refresh, "scope": issued.scope, "scopes": issued.scope, "state": "authorization_code",
    })
}
