//! The credentials that a request carries, as texts: bearer token, HTTP Basic, connection id, admin
//! key. Nothing here decides whether one of them is right.

use base64::{Engine, engine::general_purpose::STANDARD};
use gitflare_core::{
    Error, Secret,
    gateway::{Query, ReadCredential},
};
use http::{HeaderMap, header};

use super::{form, refusal::Refusal};

const ADMIN_KEY: &str = "x-admin-api-key";
const CONNECTION_ID: &str = "x-connection-id";

/// The admin key's text, if one was sent.
pub(super) fn admin_key(headers: &HeaderMap) -> Result<Option<Secret<String>>, Refusal> {
    Ok(once(headers, ADMIN_KEY)?.map(Secret::new))
}

/// What a unified read is authenticated with: the bearer token, or without any `Authorization` the
/// connection that stands for one in legacy mode.
pub(super) fn read_credential(
    headers: &HeaderMap,
    query: &Query,
) -> Result<ReadCredential, Refusal> {
    match authorization(headers)? {
        Authorization::Bearer(text) => Ok(ReadCredential::Bearer(text)),
        Authorization::Basic(_) | Authorization::Unknown => Ok(ReadCredential::None),
        Authorization::None => {
            let named = match once(headers, CONNECTION_ID)? {
                Some(id) => Some(id),
                // A malformed one is judged later, with the other parameters.
                None => query
                    .value("connectionId")
                    .ok()
                    .flatten()
                    .map(str::to_owned),
            };
            Ok(named.map_or(ReadCredential::None, ReadCredential::Connection))
        }
    }
}

/// The bearer token's text, if one was sent.
pub(super) fn bearer(headers: &HeaderMap) -> Result<Option<Secret<String>>, Refusal> {
    Ok(match authorization(headers)? {
        Authorization::Bearer(text) => Some(text),
        _ => None,
    })
}

/// A client's id and secret as HTTP Basic, if sent so.
pub(super) fn basic(headers: &HeaderMap) -> Result<Option<Basic>, Refusal> {
    Ok(match authorization(headers)? {
        Authorization::Basic(basic) => Some(basic),
        _ => None,
    })
}

/// Parsed `Authorization` header.
enum Authorization {
    None,
    Bearer(Secret<String>),
    Basic(Basic),
    Unknown,
}

/// A client's id and secret.
pub(super) struct Basic {
    pub(super) id: String,
    pub(super) secret: Secret<String>,
}

fn authorization(headers: &HeaderMap) -> Result<Authorization, Refusal> {
    let Some(value) = once(headers, header::AUTHORIZATION.as_str())? else {
        return Ok(Authorization::None);
    };
    let value = Secret::new(value);
    let (scheme, rest) = value
        .expose()
        .split_once(' ')
        .unwrap_or((value.expose(), ""));
    let rest = rest.trim();
    Ok(
        if scheme.eq_ignore_ascii_case("bearer") && !rest.is_empty() {
            Authorization::Bearer(Secret::from(rest))
        } else if scheme.eq_ignore_ascii_case("basic") {
            parse_basic(rest).map_or(Authorization::Unknown, Authorization::Basic)
        } else {
            Authorization::Unknown
        },
    )
}

/// Both parts are form-encoded inside (RFC 6749, section 2.3.1).
fn parse_basic(text: &str) -> Option<Basic> {
    let bytes = Secret::new(STANDARD.decode(text).ok()?);
    let (id, secret) = std::str::from_utf8(bytes.expose()).ok()?.split_once(':')?;
    Some(Basic {
        id: form::component(id, "header").ok()?,
        secret: Secret::new(form::component(secret, "header").ok()?),
    })
}

/// A header that must not be sent twice (TK-10). Bytes that are no text match no credential.
fn once(headers: &HeaderMap, name: &str) -> Result<Option<String>, Refusal> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(Error::invalid_request(format!("`{name}` must be sent once.")).into());
    }
    Ok(Some(String::from_utf8_lossy(value.as_bytes()).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_credentials_are_form_encoded_inside() {
        let parse = |text: &str| {
            parse_basic(&STANDARD.encode(text))
                .map(|basic| (basic.id, basic.secret.expose().clone()))
        };
        assert_eq!(
            parse("client_1:a%2Bb+c:d"),
            Some(("client_1".into(), "a+b c:d".into()))
        );
        assert_eq!(parse("no colon"), None);
        assert_eq!(parse("id:%zz"), None);
        assert!(parse_basic("not base64!").is_none());
    }
}
