//! The sign-in and token endpoints of Microsoft Entra ID. A refresh token comes to whoever asked for
//! `offline_access`; one token alone is not revoked there.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use gitflare_core::Result;
use serde_json::{Value, json};

use crate::kit::{Answer, Call, sign_in, tokens::Issued};

/// What stands in front of the scopes of Azure DevOps.
const RESOURCE: &str = "499b84ac-1321-427f-aa17-267ca6975798/";

/// The tenant of everybody here.
const TENANT: &str = "00000000-0000-4000-90c1-000000000001";

/// What an access token says of itself, with the dot behind it.
pub(super) fn claims(scope: &str) -> String {
    let scopes = scope.split(' ').filter_map(|it| it.strip_prefix(RESOURCE));
    let scopes: Vec<_> = scopes.collect();
    let claims =
        json!({"aud": RESOURCE.trim_end_matches('/'), "tid": TENANT, "scp": scopes.join(" ")});
    format!("{}.", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

pub(super) async fn authorize(call: &Call<'_>) -> Result<Answer> {
    let scope = call.query("scope").unwrap_or_default();
    let is_known = |scope: &str| {
        scope.starts_with(RESOURCE) || matches!(scope, "offline_access" | "openid" | "profile")
    };
    if scope.is_empty() || !scope.split(' ').all(is_known) {
        let text = "AADSTS70011: The provided request must include a 'scope' input parameter that is valid.";
        return Ok(Answer::html(400, text.to_owned()));
    }
    let standard = sign_in::Asking::STANDARD;
    Ok(sign_in::page(call.world, call.request, standard))
}

pub(super) async fn token(call: &Call<'_>) -> Result<Answer> {
    let field = |name: &str| call.request.field(name).unwrap_or_default();
    if !sign_in::is_client(call.world, call.request) {
        let why = "AADSTS7000215: Invalid client secret provided.";
        return Ok(refused(401, "invalid_client", why));
    }
    let issued = match field("grant_type").as_str() {
        "authorization_code" => sign_in::exchange(call.world, call.request),
        // Accounts sign in wherever they are asked to; what a tenant has issued it renews itself.
        "refresh_token" if call.name("tenant") == TENANT => {
            call.world.tokens().refresh(&field("refresh_token"))
        }
        "refresh_token" => None,
        _ => {
            let why = "AADSTS70003: The app requested an unsupported grant type.";
            return Ok(refused(400, "unsupported_grant_type", why));
        }
    };
    Ok(match issued {
        Some(issued) => Answer::json(200, &object(&issued)),
        None => refused(
            400,
            "invalid_grant",
            "AADSTS70000: The provided grant has expired or was revoked.",
        ),
    })
}

fn refused(status: u16, error: &str, description: &str) -> Answer {
    let body = json!({
        "error": error, "error_description": description, "error_codes": [70000],
        "trace_id": "0c5a5f8f-0000-4000-8000-000000000001", "correlation_id": "0c5a5f8f-0000-4000-8000-000000000002",
    });
    Answer::json(status, &body)
}

fn object(issued: &Issued) -> Value {
    let mut scopes: Vec<_> = issued.scope.split(' ').collect();
    let is_offline = scopes.contains(&"offline_access");
    scopes.retain(|scope| scope.starts_with(RESOURCE));
    let mut answer = json!({
        "token_type": "Bearer", "scope": scopes.join(" "), "expires_in": issued.expires_in,
        "ext_expires_in": issued.expires_in, "access_token": issued.access,
    });
    if is_offline {
        answer["refresh_token"] = json!(issued.refresh);
    }
    answer
}
