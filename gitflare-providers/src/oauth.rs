//! OAuth 2.0 as the adapters share it: our registration at a provider, token requests and what
//! their answers mean. Paths, scopes and revocation are each adapter's own. Nothing here is ever
//! sent twice: a code or a refresh token works once.

use std::time::{Duration, Instant};

use base64::{Engine, prelude::BASE64_STANDARD};
use gitflare_core::{
    Code, Error, Result, Secret,
    provider::{OauthRefusal, ProviderId, ProviderTokens},
};
use percent_encoding::utf8_percent_encode;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde::Deserialize;
use url::{Url, form_urlencoded};

use crate::{
    http::{Base, Http, Reply, Submission},
    upstream::SEGMENT,
    upstream_error::{Refusal, unanswered},
};

/// Words by which providers refuse a code or a refresh token for good.
const REJECTED: &[&str] = &[
    "invalid_grant",
    "bad_verification_code",
    "bad_refresh_token",
];
/// Words by which they refuse our registration.
const UNREGISTERED: &[&str] = &[
    "invalid_client",
    "unauthorized_client",
    "incorrect_client_credentials",
];
/// No provider lets tokens live longer; more is a mistake and counts as this much.
const LONGEST_LIFE: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// Our registration at a provider.
#[derive(Clone, Debug)]
pub struct OauthConfig {
    /// The client id.
    pub client_id: String,
    /// The client secret; a public client has none.
    pub client_secret: Option<Secret<String>>,
    /// Our callback, as it is registered.
    pub redirect_uri: String,
    /// The base URL of the provider's pages; `None` takes the one that belongs to its API.
    pub web_url: Option<String>,
}

/// One registration, ready to be used.
#[derive(Debug)]
pub(crate) struct Registration {
    provider: ProviderId,
    http: Http,
    web: Base,
    origin: String,
    pub(crate) config: OauthConfig,
}

impl Registration {
    /// The registration at the provider whose pages are at `web_url`.
    pub(crate) fn new(
        provider: ProviderId,
        http: Http,
        web_url: &str,
        config: OauthConfig,
    ) -> Result<Self> {
        let web = http.base(web_url)?;
        Ok(Self {
            origin: web.join("/").origin().ascii_serialization(),
            provider,
            http,
            web,
            config,
        })
    }

    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// A page of the provider, with a query.
    pub(crate) fn page(&self, path: &str, query: &[(&str, &str)]) -> String {
        let mut url = self.web.join(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url.into()
    }

    /// Asks for tokens. `rejected` is what it means that the code or refresh token is no good.
    pub(crate) async fn tokens(
        &self,
        path: &str,
        form: &[(&str, &str)],
        rejected: Code,
        deadline: Instant,
    ) -> Result<ProviderTokens, OauthRefusal> {
        let reply = self
            .post(path, form, deadline)
            .await
            .map_err(OauthRefusal::Failed)?;
        read_tokens(self.provider, &reply, rejected)
    }

    /// Posts a form with our client's id and secret to the provider's pages.
    pub(crate) async fn post(
        &self,
        path: &str,
        form: &[(&str, &str)],
        deadline: Instant,
    ) -> Result<Reply> {
        let mut headers = HeaderMap::new();
        let encoding = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(CONTENT_TYPE, encoding);
        // GitHub answers in form encoding to everybody else.
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let submission = Submission {
            method: reqwest::Method::POST,
            url: self.web.join(path),
            headers,
            body: self.form(form),
        };
        self.submit(&self.web, submission, deadline).await
    }

    fn form(&self, pairs: &[(&str, &str)]) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("client_id", &self.config.client_id);
        if let Some(secret) = &self.config.client_secret {
            form.append_pair("client_secret", secret.expose());
        }
        form.extend_pairs(pairs).finish()
    }

    /// Sends a JSON body with our client's id and secret as user and password (RFC 7617).
    pub(crate) async fn delete(
        &self,
        base: &Base,
        path: &str,
        body: String,
        deadline: Instant,
    ) -> Result<Reply> {
        let secret = self.config.client_secret.as_ref();
        let pair = Secret::new(format!(
            "{}:{}",
            self.config.client_id,
            secret.map_or("", |secret| secret.expose())
        ));
        let basic = Secret::new(format!("Basic {}", BASE64_STANDARD.encode(pair.expose())));
        let mut credential = HeaderValue::try_from(basic.expose().as_str())
            .map_err(|_| Error::internal("the client's credentials make no header"))?;
        credential.set_sensitive(true);
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, credential);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let submission = Submission {
            method: reqwest::Method::DELETE,
            url: base.join(path),
            headers,
            body,
        };
        self.submit(base, submission, deadline).await
    }

    async fn submit(
        &self,
        base: &Base,
        submission: Submission,
        deadline: Instant,
    ) -> Result<Reply> {
        self.http
            .submit(base, submission, deadline.into())
            .await
            .map_err(|failure| unanswered(self.provider, failure))
    }

    /// The error of an answer that is not a success.
    pub(crate) fn refusal(&self, reply: &Reply) -> Error {
        Refusal::new(self.provider, reply, "x-request-id").shared()
    }
}

/// The base of a provider's pages, from that of its API: without the API's own path, or where it has
/// a host of its own (`api.github.com`), the host behind that.
pub(crate) fn web_url(api_url: &str, api_path: &str) -> Result<String> {
    let refusal = || Error::invalid_request("The API base URL is not a URL.");
    let mut url = Url::parse(api_url).map_err(|_| refusal())?;
    let path = url.path().trim_end_matches('/').to_owned();
    match (path.strip_suffix(api_path), url.host_str()) {
        (Some(path), _) => url.set_path(path),
        (None, Some(host)) if path.is_empty() && host.starts_with("api.") => {
            let host = host["api.".len()..].to_owned();
            url.set_host(Some(&host)).map_err(|_| refusal())?;
        }
        (None, _) => {}
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// A path segment, encoded whole.
pub(crate) fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

#[derive(Deserialize)]
struct WireTokens {
    access_token: Option<String>,
    refresh_token: Option<String>,
    expires_in: Option<u64>,
    scope: Option<String>,
    error: Option<String>,
}

/// The tokens in an answer, or why there are none. GitHub sends its errors with status 200, so the
/// body is asked before the status.
fn read_tokens(
    provider: ProviderId,
    reply: &Reply,
    rejected: Code,
) -> Result<ProviderTokens, OauthRefusal> {
    let name = provider.name();
    let refusal = Refusal::new(provider, reply, "x-request-id");
    let failed = |error| Err(OauthRefusal::Failed(error));
    let Ok(wire) = serde_json::from_slice::<WireTokens>(&reply.body) else {
        return failed(match reply.status {
            200..=299 => refusal.error(
                Code::UpstreamUnavailable,
                format!("{name} gave no usable answer."),
            ),
            _ => refusal.shared(),
        });
    };
    let refresh_token = wire.refresh_token.map(Secret::new);
    match (wire.error.as_deref(), wire.access_token) {
        (None, Some(token)) if (200..300).contains(&reply.status) && !token.is_empty() => {
            let scope = wire.scope.unwrap_or_default();
            Ok(ProviderTokens {
                access_token: Secret::new(token),
                refresh_token: refresh_token.filter(|token| !token.expose().is_empty()),
                lifetime: wire
                    .expires_in
                    .map(|seconds| Duration::from_secs(seconds).min(LONGEST_LIFE)),
                scopes: scope
                    .split([' ', ','])
                    .filter(|scope| !scope.is_empty())
                    .map(str::to_owned)
                    .collect(),
            })
        }
        (Some(word), _) if REJECTED.contains(&word) => {
            let message = match rejected {
                Code::AuthExpired => {
                    format!("{name} no longer accepts this connection; its owner must reconnect.")
                }
                _ => format!("{name} no longer accepts this sign-in; start again."),
            };
            Err(OauthRefusal::Rejected(refusal.error(rejected, message)))
        }
        (Some(word), _) if UNREGISTERED.contains(&word) => failed(refusal.error(
            Code::InvalidCredentials,
            format!("{name} does not accept the gateway's OAuth client; its operator must look."),
        )),
        (Some("unverified_user_email"), _) => failed(refusal.error(
            Code::InvalidRequest,
            format!("The account's e-mail address is not verified at {name}."),
        )),
        // `redirect_uri_mismatch`, `invalid_scope` and the like: our registration is not what we
        // say. Those of a proxy in front have statuses that speak for themselves.
        (Some(_), _) if reply.status < 500 && reply.status != 429 => failed(
            Error::internal(format!(
                "{name} refuses the gateway's OAuth request (status {}): check callback URL, scopes and client",
                reply.status
            ))
            .with_provider(provider),
        ),
        _ if reply.status >= 400 => failed(refusal.shared()),
        _ => failed(refusal.error(
            Code::UpstreamUnavailable,
            format!("{name} sent no access token."),
        )),
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderMap;

    use super::*;

    fn reply(status: u16, body: &str) -> Reply {
        Reply {
            status,
            headers: HeaderMap::new(),
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn tokens_are_read_with_their_life_and_scopes() {
        for (body, lifetime, refresh, scopes) in [
            (
                r#"{"access_token":"a","scope":"repo,read:user","token_type":"bearer"}"#,
                None,
                None,
                vec!["repo", "read:user"],
            ),
            (
                r#"{"access_token":"a","scope":"","expires_in":28800,"refresh_token":"r"}"#,
                Some(28_800),
                Some("r"),
                vec![],
            ),
            (
                r#"{"access_token":"a","scope":"read_user read_api","expires_in":7200,"refresh_token":""}"#,
                Some(7_200),
                None,
                vec!["read_user", "read_api"],
            ),
        ] {
            let tokens = read_tokens(ProviderId::GITHUB, &reply(200, body), Code::InvalidRequest);
            let tokens = tokens.unwrap();
            assert_eq!(tokens.access_token.expose(), "a", "{body}");
            assert_eq!(
                tokens.lifetime.map(|life| life.as_secs()),
                lifetime,
                "{body}"
            );
            let refreshed = tokens
                .refresh_token
                .as_ref()
                .map(|token| token.expose().as_str());
            assert_eq!(refreshed, refresh, "{body}");
            assert_eq!(tokens.scopes, scopes, "{body}");
        }
    }

    #[test]
    fn a_refusal_is_for_good_or_not_by_its_word() {
        // sec: PC-7 PC-9
        let canary = r#","error_description":"canary""#;
        for (status, body, is_rejected, code) in [
            // GitHub's refusals come with 200.
            (
                200,
                r#"{"error":"bad_verification_code"#,
                true,
                Code::AuthExpired,
            ),
            (
                200,
                r#"{"error":"bad_refresh_token"#,
                true,
                Code::AuthExpired,
            ),
            (400, r#"{"error":"invalid_grant"#, true, Code::AuthExpired),
            (
                200,
                r#"{"error":"incorrect_client_credentials"#,
                false,
                Code::InvalidCredentials,
            ),
            (
                401,
                r#"{"error":"invalid_client"#,
                false,
                Code::InvalidCredentials,
            ),
            (
                200,
                r#"{"error":"redirect_uri_mismatch"#,
                false,
                Code::InternalError,
            ),
            (
                400,
                r#"{"error":"invalid_scope"#,
                false,
                Code::InternalError,
            ),
            (
                200,
                r#"{"error":"unverified_user_email"#,
                false,
                Code::InvalidRequest,
            ),
            (
                503,
                r#"{"error":"invalid"#,
                false,
                Code::UpstreamUnavailable,
            ),
            (200, r#"{"x":"y"#, false, Code::UpstreamUnavailable),
        ] {
            let body = format!("{body}\"{canary}}}");
            let refusal = read_tokens(ProviderId::GITHUB, &reply(status, &body), Code::AuthExpired);
            let refusal = refusal.unwrap_err();
            let rejected = matches!(refusal, OauthRefusal::Rejected(_));
            let error = refusal.into_error();
            assert_eq!(
                (rejected, error.code()),
                (is_rejected, code),
                "{status} {body}"
            );
            assert!(!error.message().contains("canary"), "{}", error.message());
        }
        for (status, body) in [(502, "<html>"), (200, "<html>"), (200, ""), (500, "{}")] {
            let refusal = read_tokens(ProviderId::GITHUB, &reply(status, body), Code::AuthExpired);
            let refusal = refusal.unwrap_err();
            assert!(
                matches!(refusal, OauthRefusal::Failed(_)),
                "{status} {body}"
            );
            assert_eq!(
                refusal.into_error().code(),
                Code::UpstreamUnavailable,
                "{status} {body}"
            );
        }
    }

    #[test]
    fn the_pages_of_an_api_are_found() {
        for (api_url, api_path, expected) in [
            ("https://api.github.com", "/api/v3", "https://github.com"),
            ("https://api.github.com/", "/api/v3", "https://github.com"),
            ("https://api.sub.ghe.com", "/api/v3", "https://sub.ghe.com"),
            (
                "https://ghe.example/api/v3",
                "/api/v3",
                "https://ghe.example",
            ),
            (
                "https://api.example/api/v3",
                "/api/v3",
                "https://api.example",
            ),
            ("https://gitlab.com/api/v4", "/api/v4", "https://gitlab.com"),
            (
                "https://host.example/git/api/v4/",
                "/api/v4",
                "https://host.example/git",
            ),
            (
                "http://127.0.0.1:81/api/v4",
                "/api/v4",
                "http://127.0.0.1:81",
            ),
        ] {
            assert_eq!(web_url(api_url, api_path).unwrap(), expected, "{api_url}");
        }
        assert!(web_url("not a URL", "/api/v4").is_err());
    }
}
