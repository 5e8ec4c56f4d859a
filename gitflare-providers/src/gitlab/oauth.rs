//! Linking accounts at GitLab: access tokens live two hours, and refreshing ends the pair before.
//! <https://docs.gitlab.com/api/oauth2/>

use async_trait::async_trait;
use gitflare_core::{
    Code, Result, Scope, Scopes,
    provider::{
        AuthorizationRequest, CodeExchange, OauthRefusal, ProviderId, ProviderOauth,
        ProviderTokens, TokenRefresh, TokenRevocation,
    },
};

use crate::{
    http::Http,
    oauth::{self, OauthConfig, Registration},
};

const TOKEN: &str = "/oauth/token";

/// GitLab's side of linking.
#[derive(Debug)]
pub(super) struct Oauth {
    registration: Registration,
}

impl Oauth {
    pub(super) fn new(http: Http, api_url: &str, config: OauthConfig) -> Result<Self> {
        let web = match &config.web_url {
            Some(url) => url.clone(),
            None => oauth::web_url(api_url, "/api/v4")?,
        };
        Ok(Self {
            registration: Registration::new(ProviderId::GITLAB, http, &web, config)?,
        })
    }
}

/// The least that can be asked for. Nothing narrower than `read_api` reads repositories, and
/// nothing narrower than `api` makes hooks.
fn scopes(permissions: Scopes) -> String {
    let mut scopes = vec!["read_user"];
    let reads_repositories =
        |scope: Scope| !matches!(scope, Scope::ReadProfile | Scope::EventsSubscribe);
    if permissions.iter().any(reads_repositories) {
        scopes.push("read_api");
    }
    if permissions.contains(Scope::EventsSubscribe) {
        scopes.push("api");
    }
    scopes.join(" ")
}

#[async_trait]
impl ProviderOauth for Oauth {
    fn authorization_url(&self, request: &AuthorizationRequest<'_>) -> Result<String> {
        let config = &self.registration.config;
        let scope = scopes(request.permissions);
        let query = [
            ("client_id", config.client_id.as_str()),
            ("redirect_uri", &config.redirect_uri),
            ("response_type", "code"),
            ("state", request.state.expose()),
            ("scope", &scope),
            ("code_challenge", request.code_challenge),
            ("code_challenge_method", "S256"),
        ];
        Ok(self.registration.page("/oauth/authorize", &query))
    }

    fn issuer_origin(&self) -> &str {
        self.registration.origin()
    }

    async fn exchange(&self, exchange: CodeExchange<'_>) -> Result<ProviderTokens, OauthRefusal> {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", exchange.code.expose().as_str()),
            ("redirect_uri", &self.registration.config.redirect_uri),
            ("code_verifier", exchange.code_verifier.expose()),
        ];
        let deadline = exchange.deadline;
        self.registration
            .tokens(TOKEN, &form, Code::InvalidRequest, deadline)
            .await
    }

    async fn refresh(&self, refresh: TokenRefresh<'_>) -> Result<ProviderTokens, OauthRefusal> {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh.refresh_token.expose().as_str()),
            // GitLab wants the one of the exchange again.
            ("redirect_uri", &self.registration.config.redirect_uri),
        ];
        self.registration
            .tokens(TOKEN, &form, Code::AuthExpired, refresh.deadline)
            .await
    }

    /// Each token by itself; the refresh token first, so that no new pair can be bought.
    async fn revoke(&self, revocation: TokenRevocation<'_>) -> Result<()> {
        let tokens = revocation.refresh_token.into_iter();
        for token in tokens.chain([revocation.access_token]) {
            let form = [("token", token.expose().as_str())];
            let deadline = revocation.deadline;
            let reply = self
                .registration
                .post("/oauth/revoke", &form, deadline)
                .await?;
            if !(200..300).contains(&reply.status) {
                return Err(self.registration.refusal(&reply));
            }
        }
        Ok(())
    }
}
