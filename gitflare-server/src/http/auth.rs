//! The credentials of a request, as far as the route table names them: admin key, internal
//! listener, session, bearer text, Basic. What a token may read is the gateway's decision.

use base64::{Engine, engine::general_purpose::STANDARD};
use gitflare_core::{
    Code, CredentialHash, Error, Secret,
    gateway::{Query, ReadCredential},
    storage::{Actor, AuditAction, Outcome},
};
use http::{HeaderMap, header};

use super::{
    cookie::Cookie,
    csrf,
    exchange::Exchange,
    form, proxy,
    respond::Refusal,
    routes::Access,
    session::{self, Visit},
};

const ADMIN_KEY: &str = "x-admin-api-key";
const CONNECTION_ID: &str = "x-connection-id";

/// The keys that open the admin API, as digests; several while one replaces another (IN-4).
#[derive(Clone, Debug, Default)]
pub struct AdminKeys(Vec<CredentialHash>);

impl AdminKeys {
    /// The keys with these digests.
    #[must_use]
    pub const fn new(digests: Vec<CredentialHash>) -> Self {
        Self(digests)
    }

    /// Whether a text is one of the keys. Every digest is compared, each in constant time.
    fn open_with(&self, text: &str) -> bool {
        let presented = CredentialHash::of(text);
        self.0
            .iter()
            .fold(false, |found, key| key.matches(&presented) | found)
    }
}

/// Checks what the route demands before its handler runs, and says who acts. Access tokens and
/// client credentials are judged by the gateway; here only the address is counted.
pub(super) async fn authorize(x: &Exchange) -> Result<(Actor, Visit), Refusal> {
    let visit = match x.route.access {
        Access::UserSession => Visit::User(session::user(x).await?.ok_or_else(session::required)?),
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
        Access::AccessToken(_) => {
            x.app().rate_limits.admit_address(x.address)?;
            Ok(Actor::Anonymous)
        }
        _ => Ok(Actor::Anonymous),
    }
}

async fn admin(x: &Exchange) -> Result<Actor, Refusal> {
    let limits = &x.app().rate_limits;
    limits.check_admin(x.address)?;
    let Some(key) = once(x.headers(), ADMIN_KEY)? else {
        let message = "Send the admin key as `x-admin-api-key`.";
        return Err(Error::new(Code::AuthRequired, message).into());
    };
    if x.app().settings.admin_keys.open_with(&key) {
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

/// What a unified read is authenticated with: the bearer token, or without any `Authorization` the
/// connection that stands for one in legacy mode.
pub(super) fn read_credential(x: &Exchange, query: &Query) -> Result<ReadCredential, Refusal> {
    match authorization(x.headers())? {
        Authorization::Bearer(text) => Ok(ReadCredential::Bearer(text)),
        Authorization::Basic(_) | Authorization::Unknown => Ok(ReadCredential::None),
        Authorization::None => {
            let named = match once(x.headers(), CONNECTION_ID)? {
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

/// What the `Authorization` header holds.
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
    fn every_admin_key_of_the_ring_opens() {
        // sec: IN-4
        let keys = AdminKeys::new(vec![CredentialHash::of("old"), CredentialHash::of("new")]);
        for (text, opens) in [("old", true), ("new", true), ("ol", false), ("", false)] {
            assert_eq!(keys.open_with(text), opens, "{text}");
        }
        assert!(!AdminKeys::default().open_with(""));
    }

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
