//! Linking accounts at GitFlic, which goes its own way. The authorization request has `redirect_url`;
//! the code comes by a POST of GitFlic's to our server, and the browser comes back without it. Tokens
//! are bought by a GET with the code in the query, live a month, and are renewed with a refresh token.
//! There is no PKCE and no revocation.
//! <https://docs.gitflic.ru/api/oauth/>

use std::time::Duration;

use async_trait::async_trait;
use gitflare_core::{
    Clock, Code, Error, Result, Scope, Scopes, Secret, SystemClock, Timestamp,
    provider::{
        AuthorizationRequest, CodeExchange, OauthRefusal, ProviderId, ProviderOauth,
        ProviderTokens, TokenRefresh, TokenRevocation,
    },
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{client::pages_of, dialect::REQUEST_ID};
use crate::{
    Http, OauthConfig,
    http::Reply,
    lenient,
    oauth::{ClientAuthentication, Flow, Need, Oauth, Revocation},
    upstream_error::Refusal,
    wire::known,
};

/// The public service has a host for this alone.
const PUBLIC: (&str, &str) = ("https://api.gitflic.ru", "https://oauth.gitflic.ru");
const EXCHANGE: &str = "/api/token/access";
const REFRESH: &str = "/api/token/refresh";

const FLOW: Flow = Flow {
    provider: ProviderId::GITFLIC,
    web_url,
    authorize: "/oauth/authorize",
    authorize_query: &[],
    token: EXCHANGE,
    client_authentication: ClientAuthentication::Basic,
    scopes: &[
        (Need::Profile, "USER_READ"),
        (Need::Repositories, "PROJECT_READ"),
        // Hooks are settings of a project.
        (Need::OneOf(&[Scope::EventsSubscribe]), "PROJECT_EDIT"),
    ],
    beyond_reading: &[("PROJECT_EDIT", "changing projects, to make webhooks")],
    refresh_repeats_redirect_uri: false,
    revocation: Revocation::Unsupported,
    request_id: REQUEST_ID,
};

fn web_url(api_url: &str) -> Result<String> {
    match api_url.trim_end_matches('/') == PUBLIC.0 {
        true => Ok(PUBLIC.1.to_owned()),
        false => pages_of(api_url),
    }
}

/// Our registration at a GitFlic.
#[derive(Debug)]
pub(super) struct GitflicOauth(Oauth);

impl GitflicOauth {
    pub(super) fn new(http: Http, api_url: &str, config: OauthConfig) -> Result<Self> {
        Oauth::new(http, &FLOW, api_url, config, None).map(Self)
    }

    /// The tokens in an answer, or why there are none. `rejected` is what a refusal means.
    fn tokens(&self, reply: &Reply, rejected: Code) -> Result<ProviderTokens, OauthRefusal> {
        let refusal = self.0.refusal(reply);
        let wire: Option<WireTokens> = lenient::read(&reply.body).ok();
        let (status, wire) = match (reply.status, wire) {
            (status, Some(wire)) => (status, wire),
            (status @ 400.., None) if status >= 500 || status == 429 => {
                return Err(OauthRefusal::Failed(refusal.shared()));
            }
            _ => return Err(OauthRefusal::Failed(no_answer(&refusal))),
        };
        match (status, known(wire.access_token)) {
            (200..=299, Some(token)) => Ok(ProviderTokens {
                access_token: Secret::new(token),
                refresh_token: known(wire.refresh_token).map(Secret::new),
                lifetime: lifetime(&wire.expires),
                scopes: Vec::new(),
            }),
            (200..=399, _) => Err(OauthRefusal::Failed(no_answer(&refusal))),
            (401, _) => Err(OauthRefusal::Failed(refused(
                &refusal,
                Code::InvalidCredentials,
                "GitFlic does not accept the gateway's application; check its client id and secret.",
                wire.title,
            ))),
            // A gateway in front may refuse in JSON too: a verdict on the token has GitFlic's key.
            (400, _) | (402..=499, _) if is_verdict(status, wire.title.as_deref()) => {
                Err(OauthRefusal::Rejected(refused(
                    &refusal,
                    rejected,
                    match rejected {
                        Code::AuthExpired => {
                            "GitFlic no longer accepts this connection; its owner must reconnect."
                        }
                        _ => "GitFlic does not accept this sign-in; start again.",
                    },
                    wire.title,
                )))
            }
            _ => Err(OauthRefusal::Failed(refusal.shared())),
        }
    }
}

/// Whether a refusal is GitFlic's word on the code or token.
fn is_verdict(status: u16, title: Option<&str>) -> bool {
    let has_key = title.is_some_and(|title| title.contains('.') && !title.contains(' '));
    status != 429 && (status == 400 || has_key)
}

fn no_answer(refusal: &Refusal<'_>) -> Error {
    refusal.error(Code::UpstreamUnavailable, "GitFlic sent no access token.")
}

/// A refusal, with the key of its message for the log: words and dots, or it is not told.
fn refused(refusal: &Refusal<'_>, code: Code, message: &str, title: Option<String>) -> Error {
    let is_key = |key: &String| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        key.len() <= 100 && key.bytes().all(plain)
    };
    let error = refusal.error(code, message);
    match title.filter(is_key) {
        Some(key) => error.with_detail(format!("GitFlic's key of the message is {key}")),
        None => error,
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireTokens {
    access_token: Option<String>,
    refresh_token: Option<String>,
    #[serde(default)]
    expires: Value,
    title: Option<String>,
}

/// How long a token lives: a number of seconds, or the moment of its end. One without a zone is
/// Moscow's or UTC: the earlier of the two is taken.
fn lifetime(expires: &Value) -> Option<Duration> {
    const MOSCOW: i64 = 3 * 60 * 60 * 1000;
    let text = match expires {
        Value::Number(seconds) => return seconds.as_u64().map(Duration::from_secs),
        Value::String(text) => text.trim(),
        _ => return None,
    };
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let end = match Timestamp::parse(text) {
        Some(end) => end.as_millis(),
        None => Timestamp::parse(&format!("{text}Z"))?.as_millis() - MOSCOW,
    };
    let left = end - SystemClock.now().as_millis();
    Some(Duration::from_millis(u64::try_from(left).unwrap_or(0)))
}

#[async_trait]
impl ProviderOauth for GitflicOauth {
    fn authorization_url(&self, request: &AuthorizationRequest<'_>) -> Result<String> {
        let scope = self.0.scopes(request.permissions, ",");
        let config = self.0.config();
        Ok(self.0.page(
            FLOW.authorize,
            &[
                ("scope", &*scope),
                ("client_id", &config.client_id),
                ("redirect_url", &config.redirect_uri),
                ("state", request.state.expose()),
            ],
        ))
    }

    fn issuer_origin(&self) -> &str {
        self.0.issuer_origin()
    }

    fn beyond_reading(&self, permissions: Scopes) -> Vec<&'static str> {
        self.0.rights_beyond_reading(permissions)
    }

    fn posts_code(&self) -> bool {
        true
    }

    async fn exchange(&self, exchange: CodeExchange<'_>) -> Result<ProviderTokens, OauthRefusal> {
        let query = [("code", exchange.code.expose().as_str())];
        let asked = self.0.get(EXCHANGE, &query, exchange.deadline).await;
        let reply = asked.map_err(OauthRefusal::Failed)?;
        self.tokens(&reply, Code::InvalidCredentials)
    }

    async fn refresh(&self, refresh: TokenRefresh<'_>) -> Result<ProviderTokens, OauthRefusal> {
        let body = json!({"refreshToken": refresh.refresh_token.expose()});
        let asked = self.0.post_json(REFRESH, &body, refresh.deadline).await;
        let reply = asked.map_err(OauthRefusal::Failed)?;
        self.tokens(&reply, Code::AuthExpired)
    }

    async fn revoke(&self, _: TokenRevocation<'_>) -> Result<()> {
        Ok(())
    }
}
