//! `POST /mcp`: the unified reads as tools for agents (Model Context Protocol, Streamable HTTP, without
//! sessions), and what says where its tokens come from (RFC 9728). Whatever a stranger can send is
//! judged here, before the protocol's own code sees it (MC-6); no read is done here.

mod arguments;
mod cut;
mod narrow;
mod server;
mod tools;

use std::sync::Arc;

use gitflare_core::{Code, Error, Scopes};
use http::{HeaderMap, StatusCode, header};
use serde::de::IgnoredAny;

use super::super::{
    bodies::discovery::ResourceMetadata, body, cors, credentials, exchange::Exchange, json,
    refusal::Refusal, reply::Reply,
};
use server::Call;

/// The most bytes of a message.
const MAX_MESSAGE: usize = 256 * 1024;

/// `POST /mcp`
pub(crate) async fn call(mut x: Exchange) -> Result<Reply, Refusal> {
    refuse_large(x.headers())?;
    refuse_foreign(&x)?;
    body::require_json(x.headers())?;
    require_both(x.headers())?;
    let bearer = credentials::bearer(x.headers())?;
    let text = bearer.as_ref().map(|text| text.expose().as_str());
    let token = x.gateway().tool_token(text).await;
    let (Some(bearer), Ok(token)) = (bearer, &token) else {
        let error = token.err().unwrap_or_else(|| Error::internal("no bearer"));
        return Err(challenged(&x, error, None));
    };
    let message = x.body(MAX_MESSAGE).await?;
    if let Err(error) = json::read::<IgnoredAny>(&message) {
        return malformed(&message, &error);
    }
    let call = Arc::new(Call::new(&x, bearer, token.clone()));
    let answer = server::answer(&call, x.headers(), message).await;
    match call.refusal() {
        Some((error, missing)) => Err(challenged(&x, error.clone(), Some(*missing))),
        None => answer,
    }
}

/// `GET /.well-known/oauth-protected-resource` (RFC 9728)
pub(crate) async fn resource(x: Exchange) -> Result<Reply, Refusal> {
    let settings = x.settings();
    Reply::ok(&ResourceMetadata {
        resource: settings.tools_url(),
        authorization_servers: [&settings.public_url],
        scopes_supported: tools::scopes(),
        bearer_methods_supported: &["header"],
        resource_name: "GitFlare",
        resource_documentation: format!("{}/docs/agents", settings.panel_url),
    })
}

/// Refuses a body by the size that it announces; one that announces none is cut off when it is read.
fn refuse_large(headers: &HeaderMap) -> Result<(), Refusal> {
    let announced = headers.get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > MAX_MESSAGE) {
        return Err(Refusal::transport(
            StatusCode::PAYLOAD_TOO_LARGE,
            &format!("The body must have at most {MAX_MESSAGE} bytes."),
        ));
    }
    Ok(())
}

/// Refuses a browser's page of another origin: it could spend a token that somebody else holds.
fn refuse_foreign(x: &Exchange) -> Result<(), Refusal> {
    let settings = x.settings();
    let ours = [&settings.public_url, &settings.panel_url].map(|url| cors::panel_origin(url));
    let mut sent = x.headers().get_all(header::ORIGIN).iter();
    match sent.all(|origin| ours.iter().any(|own| origin.as_bytes() == own.as_bytes())) {
        true => Ok(()),
        false => Err(Error::new(
            Code::AccessBlockedByPolicy,
            "`Origin` is not one of this server's.",
        )
        .into()),
    }
}

/// A client must be able to read both kinds of answer, as the protocol demands, though one alone is
/// ever sent.
fn require_both(headers: &HeaderMap) -> Result<(), Refusal> {
    let lists = headers.get_all(header::ACCEPT).iter();
    let lists: Vec<&str> = lists.filter_map(|value| value.to_str().ok()).collect();
    let takes = |wanted: &str| {
        let mut ranges = lists.iter().flat_map(|list| list.split(','));
        ranges.any(|range| {
            let mut parts = range.split(';').map(str::trim);
            let is_wanted = parts
                .next()
                .is_some_and(|it| it.eq_ignore_ascii_case(wanted));
            is_wanted && !parts.any(|part| matches!(part, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
        })
    };
    match takes("application/json") && takes("text/event-stream") {
        true => Ok(()),
        false => Err(Refusal::transport(
            StatusCode::NOT_ACCEPTABLE,
            "Send `Accept: application/json, text/event-stream`.",
        )),
    }
}

/// A refusal that tells the client where tokens come from and which scopes to ask for (RFC 9728,
/// section 5.1; RFC 6750, section 3). `missing` are the scopes that a call lacked.
fn challenged(x: &Exchange, error: Error, missing: Option<Scopes>) -> Refusal {
    let word = match (error.code(), missing) {
        (Code::AuthRequired, _) => None,
        (Code::InvalidCredentials | Code::AuthExpired, _) => Some("invalid_token"),
        (Code::InsufficientScope, Some(_)) => Some("insufficient_scope"),
        _ => return error.into(),
    };
    let public = &x.settings().public_url;
    let scopes = missing.unwrap_or_else(tools::scopes);
    let mut challenge = format!(
        r#"Bearer resource_metadata="{public}/.well-known/oauth-protected-resource/mcp", scope="{scopes}""#
    );
    if let Some(word) = word {
        challenge.push_str(&format!(r#", error="{word}""#));
    }
    Refusal::from(error).with_header(header::WWW_AUTHENTICATE, &challenge)
}

/// A body that is no single JSON object, in the protocol's words.
fn malformed(message: &[u8], error: &Error) -> Result<Reply, Refusal> {
    let code = match serde_json::from_slice::<IgnoredAny>(message) {
        Ok(_) => server::INVALID_REQUEST,
        Err(_) => server::PARSE_ERROR,
    };
    server::protocol_error(code, error.message())
}
