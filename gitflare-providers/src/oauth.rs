//! OAuth 2.0 as providers speak it: the authorization request with PKCE (RFC 6749, section 4.1.1;
//! RFC 7636), the token requests (RFC 6749, sections 4.1.3 and 6), revocation (RFC 7009). A provider
//! gives its paths, its words for scopes and its exceptions, as a [`Flow`]. Nothing here is ever sent
//! twice: a code or a refresh token works once.

use std::time::Instant;

use async_trait::async_trait;
use base64::{Engine, prelude::BASE64_STANDARD};
use gitflare_core::{
    Code, Error, Result, Scope, Scopes, Secret,
    provider::{
        AuthorizationRequest, CodeExchange, OauthRefusal, ProviderId, ProviderOauth,
        ProviderTokens, TokenRefresh, TokenRevocation,
    },
};
use percent_encoding::utf8_percent_encode;
use reqwest::{
    Method,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT},
};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use crate::{
    http::{Base, Http, Reply, Submission},
    oauth_tokens::read_tokens,
    request::{AGENT, SEGMENT},
    upstream::user_agent,
    upstream_error::{Refusal, unanswered},
};

/// Our registration at a provider.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OauthConfig {
    /// The client id.
    pub client_id: String,
    /// The client secret; a public client has none.
    pub client_secret: Option<Secret<String>>,
    /// Our callback, as it is registered.
    pub redirect_uri: String,
    /// The base URL of the provider's pages; `None` takes the one that belongs to its API.
    pub web_url: Option<String>,
    /// How we name ourselves to those pages; `None` is `gitflare/<version>`.
    pub user_agent: Option<String>,
}

impl OauthConfig {
    /// A public client, that is one without a secret, on the provider's own pages.
    #[must_use]
    pub fn new(client_id: impl Into<String>, redirect_uri: impl Into<String>) -> Self {
        Self {
            client_id: client_id.into(),
            client_secret: None,
            redirect_uri: redirect_uri.into(),
            web_url: None,
            user_agent: None,
        }
    }
}

/// How a provider speaks OAuth 2.0, as data.
#[derive(Debug)]
pub(crate) struct Flow {
    pub(crate) provider: ProviderId,
    /// The base of its pages, from that of its API.
    pub(crate) web_url: fn(&str) -> Result<String>,
    /// Path of the authorization endpoint, below its pages.
    pub(crate) authorize: &'static str,
    /// Query parameters of the authorization request beyond those of the RFCs.
    pub(crate) authorize_query: &'static [(&'static str, &'static str)],
    /// Path of the token endpoint, below its pages.
    pub(crate) token: &'static str,
    /// How the token requests name our client.
    pub(crate) client_authentication: ClientAuthentication,
    /// Its words for scopes, and what each is asked for. The least that allows the reads.
    pub(crate) scopes: &'static [(Need, &'static str)],
    /// Those of its scopes that allow more than reading, and what, in words for the customer.
    pub(crate) beyond_reading: &'static [(&'static str, &'static str)],
    /// Whether a refresh repeats the `redirect_uri` of the exchange.
    pub(crate) refresh_repeats_redirect_uri: bool,
    pub(crate) revocation: Revocation,
    /// The answer's headers that may name the request.
    pub(crate) request_id: &'static [&'static str],
}

impl Flow {
    /// The words for the least that allows these permissions, each once.
    pub(crate) fn words(&self, permissions: Scopes) -> Vec<&'static str> {
        let mut words = Vec::new();
        for (need, word) in self.scopes {
            if need.is_in(permissions) && !words.contains(word) {
                words.push(*word);
            }
        }
        words
    }
}

/// How a request names our client (RFC 6749, section 2.3.1).
#[derive(Clone, Copy, Debug)]
pub(crate) enum ClientAuthentication {
    /// Id and secret stand in the form.
    Form,
    /// They are user and password (RFC 7617).
    Basic,
}

/// What a provider's scope is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Need {
    /// Every connection: it tells whose it is.
    Profile,
    /// Any read of repositories.
    Repositories,
    /// Webhooks.
    Events,
    /// One of these permissions.
    OneOf(&'static [Scope]),
}

impl Need {
    fn is_in(self, permissions: Scopes) -> bool {
        match self {
            Self::Profile => true,
            Self::Repositories => permissions
                .iter()
                .any(|scope| !matches!(scope, Scope::ReadProfile | Scope::EventsSubscribe)),
            Self::Events => permissions.contains(Scope::EventsSubscribe),
            Self::OneOf(scopes) => scopes.iter().any(|scope| permissions.contains(*scope)),
        }
    }
}

/// How tokens are revoked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Revocation {
    /// Each by itself, at this path below the pages (RFC 7009).
    EachToken(&'static str),
    /// As GitHub does: the access token, below the API, takes its refresh token along.
    /// <https://docs.github.com/en/rest/apps/oauth-applications#delete-an-app-token>
    OfApplication,
    /// Not at all: tokens end by themselves, or by hand at the provider.
    Unsupported,
}

/// Our registration at a provider, ready to be used.
#[derive(Debug)]
pub(crate) struct Oauth {
    flow: &'static Flow,
    http: Http,
    api: Base,
    web: Base,
    origin: String,
    agent: HeaderValue,
    config: OauthConfig,
    installation: Option<String>,
}

impl Oauth {
    /// The registration at the provider whose API is at `api_url`. `installation` is the path of the
    /// page where customers choose an app's repositories; what such an app may do stands with the
    /// app, so that it asks for no scopes.
    ///
    /// # Errors
    /// `INVALID_REQUEST` when the gateway may not call one of the URLs.
    pub(crate) fn new(
        http: Http,
        flow: &'static Flow,
        api_url: &str,
        config: OauthConfig,
        installation: Option<String>,
    ) -> Result<Self> {
        let web = match &config.web_url {
            Some(url) => http.base(url)?,
            None => http.base(&(flow.web_url)(api_url)?)?,
        };
        let agent = match &config.user_agent {
            Some(agent) => user_agent(agent)?,
            None => HeaderValue::from_static(AGENT),
        };
        Ok(Self {
            origin: web.join("/").origin().ascii_serialization(),
            agent,
            api: http.base(api_url)?,
            flow,
            http,
            web,
            config,
            installation,
        })
    }

    pub(crate) fn config(&self) -> &OauthConfig {
        &self.config
    }

    /// The provider's words for the least that allows these permissions.
    pub(crate) fn scopes(&self, permissions: Scopes, separator: &str) -> String {
        self.flow.words(permissions).join(separator)
    }

    /// What those scopes allow beyond reading; nothing where the app's own rights count instead.
    pub(crate) fn rights_beyond_reading(&self, permissions: Scopes) -> Vec<&'static str> {
        if self.installation.is_some() {
            return Vec::new();
        }
        let asked = self.flow.scopes.iter();
        let asked = asked.filter(|(need, _)| need.is_in(permissions));
        let right = |(_, word): &(Need, &str)| {
            let mut rights = self.flow.beyond_reading.iter();
            rights.find_map(|(wide, right)| (wide == word).then_some(*right))
        };
        asked.filter_map(right).collect()
    }

    /// A page of the provider, with a query.
    pub(crate) fn page(&self, path: &str, query: &[(&str, &str)]) -> String {
        let mut url = self.web.join(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url.into()
    }

    /// Asks for tokens at a path of the pages. `rejected` is what it means that the code or refresh token
    /// is no good.
    async fn tokens(
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
        read_tokens(&self.refusal(&reply), &reply.body, rejected)
    }

    /// Buys the next tokens at another path than the flow's.
    pub(crate) async fn refresh_at(
        &self,
        path: &str,
        refresh: TokenRefresh<'_>,
    ) -> Result<ProviderTokens, OauthRefusal> {
        let mut form = vec![
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh.refresh_token.expose()),
        ];
        if self.flow.refresh_repeats_redirect_uri {
            form.push(("redirect_uri", &self.config.redirect_uri));
        }
        self.tokens(path, &form, Code::AuthExpired, refresh.deadline)
            .await
    }

    /// Posts a form with our client's id and secret (RFC 6749, section 2.3.1) to the provider's pages.
    async fn post(&self, path: &str, form: &[(&str, &str)], deadline: Instant) -> Result<Reply> {
        let mut headers = HeaderMap::new();
        let encoding = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(CONTENT_TYPE, encoding);
        // GitHub answers in form encoding to everybody else.
        // <https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps>
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let ClientAuthentication::Basic = self.flow.client_authentication {
            headers.insert(AUTHORIZATION, self.basic()?);
        }
        let submission = Submission {
            method: Method::POST,
            url: self.web.join(path),
            headers,
            body: self.form(form),
        };
        self.submit(&self.web, submission, deadline).await
    }

    /// Gets what is below the provider's pages, with our client's id and secret as user and password
    /// (RFC 7617). Redirects are answers: the query holds a credential.
    pub(crate) async fn get(
        &self,
        path: &str,
        query: &[(&str, &str)],
        deadline: Instant,
    ) -> Result<Reply> {
        let mut url = self.web.join(path);
        url.query_pairs_mut().extend_pairs(query);
        self.with_basic(Method::GET, url, String::new(), deadline)
            .await
    }

    /// Posts JSON in the same way.
    pub(crate) async fn post_json(
        &self,
        path: &str,
        body: &Value,
        deadline: Instant,
    ) -> Result<Reply> {
        let url = self.web.join(path);
        self.with_basic(Method::POST, url, body.to_string(), deadline)
            .await
    }

    async fn with_basic(
        &self,
        method: Method,
        url: Url,
        body: String,
        deadline: Instant,
    ) -> Result<Reply> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(AUTHORIZATION, self.basic()?);
        if !body.is_empty() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let submission = Submission {
            method,
            url,
            headers,
            body,
        };
        self.submit(&self.web, submission, deadline).await
    }

    fn form(&self, pairs: &[(&str, &str)]) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        if let ClientAuthentication::Form = self.flow.client_authentication {
            form.append_pair("client_id", &self.config.client_id);
            if let Some(secret) = &self.config.client_secret {
                form.append_pair("client_secret", secret.expose());
            }
        }
        form.extend_pairs(pairs).finish()
    }

    /// Our client's id and secret as user and password (RFC 7617).
    fn basic(&self) -> Result<HeaderValue> {
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
        Ok(credential)
    }

    /// Revokes each token by itself; the refresh token first, so that no new pair can be bought.
    async fn revoke_each(&self, path: &str, revocation: &TokenRevocation<'_>) -> Result<()> {
        let tokens = revocation.refresh_token.into_iter();
        for token in tokens.chain([revocation.access_token]) {
            let form = [("token", token.expose().as_str())];
            let reply = self.post(path, &form, revocation.deadline).await?;
            if !(200..300).contains(&reply.status) {
                return Err(self.refusal(&reply).shared());
            }
        }
        Ok(())
    }

    /// Sends the access token as JSON, with our client's id and secret as user and password (RFC
    /// 7617).
    async fn revoke_of_application(&self, revocation: &TokenRevocation<'_>) -> Result<()> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, self.basic()?);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let client = segment(&self.config.client_id);
        let submission = Submission {
            method: Method::DELETE,
            url: self.api.join(&format!("/applications/{client}/token")),
            headers,
            body: json!({ "access_token": revocation.access_token.expose() }).to_string(),
        };
        let reply = self.submit(&self.api, submission, revocation.deadline);
        let reply = reply.await?;
        match reply.status {
            // Unknown ones have ended already.
            200..=299 | 404 | 422 => Ok(()),
            _ => Err(self.refusal(&reply).shared()),
        }
    }

    async fn submit(
        &self,
        base: &Base,
        mut submission: Submission,
        deadline: Instant,
    ) -> Result<Reply> {
        // GitHub's API refuses who names no agent.
        // <https://docs.github.com/en/rest/using-the-rest-api/getting-started-with-the-rest-api#user-agent>
        let headers = &mut submission.headers;
        headers.insert(USER_AGENT, self.agent.clone());
        self.http
            .submit(base, submission, deadline.into())
            .await
            .map_err(|failure| unanswered(self.flow.provider, failure))
    }

    pub(crate) fn refusal<'r>(&self, reply: &'r Reply) -> Refusal<'r> {
        Refusal::new(self.flow.provider, reply, self.flow.request_id)
    }
}

#[async_trait]
impl ProviderOauth for Oauth {
    fn authorization_url(&self, request: &AuthorizationRequest<'_>) -> Result<String> {
        let scope = self.scopes(request.permissions, " ");
        let mut query = vec![
            ("client_id", self.config.client_id.as_str()),
            ("redirect_uri", &self.config.redirect_uri),
            ("response_type", "code"),
            ("state", request.state.expose()),
            ("code_challenge", request.code_challenge),
            ("code_challenge_method", "S256"),
        ];
        query.extend(self.flow.authorize_query);
        if self.installation.is_none() {
            query.push(("scope", &scope));
        }
        Ok(self.page(self.flow.authorize, &query))
    }

    fn issuer_origin(&self) -> &str {
        &self.origin
    }

    fn installation_url(&self) -> Option<String> {
        Some(self.page(self.installation.as_deref()?, &[]))
    }

    fn beyond_reading(&self, permissions: Scopes) -> Vec<&'static str> {
        self.rights_beyond_reading(permissions)
    }

    async fn exchange(&self, exchange: CodeExchange<'_>) -> Result<ProviderTokens, OauthRefusal> {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", exchange.code.expose()),
            ("redirect_uri", &self.config.redirect_uri),
            ("code_verifier", exchange.code_verifier.expose()),
        ];
        let path = self.flow.token;
        self.tokens(path, &form, Code::InvalidRequest, exchange.deadline)
            .await
    }

    async fn refresh(&self, refresh: TokenRefresh<'_>) -> Result<ProviderTokens, OauthRefusal> {
        self.refresh_at(self.flow.token, refresh).await
    }

    async fn revoke(&self, revocation: TokenRevocation<'_>) -> Result<()> {
        match self.flow.revocation {
            Revocation::EachToken(path) => self.revoke_each(path, &revocation).await,
            Revocation::OfApplication => self.revoke_of_application(&revocation).await,
            Revocation::Unsupported => Ok(()),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

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
