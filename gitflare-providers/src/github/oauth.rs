//! Linking accounts at GitHub: OAuth Apps, whose tokens do not end and whose scopes are coarse, and
//! GitHub Apps, whose tokens do and whose permissions stand in the app.
//! <https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps>

use async_trait::async_trait;
use gitflare_core::{
    Code, Result, Scope, Scopes,
    provider::{
        AuthorizationRequest, CodeExchange, OauthRefusal, ProviderId, ProviderOauth,
        ProviderTokens, TokenRefresh, TokenRevocation,
    },
};
use serde_json::json;

use crate::{
    http::{Base, Http},
    oauth::{self, OauthConfig, Registration},
};

const TOKEN: &str = "/login/oauth/access_token";

/// GitHub's side of linking.
#[derive(Debug)]
pub(super) struct Oauth {
    registration: Registration,
    api: Base,
    /// Of the GitHub App that the client id belongs to.
    app_slug: Option<String>,
    /// Below which the pages of GitHub Apps stand.
    apps: &'static str,
}

/// The REST base of an Enterprise Server, below its host.
const SERVER_API: &str = "/api/v3";

impl Oauth {
    pub(super) fn new(
        http: Http,
        api_url: &str,
        config: OauthConfig,
        app_slug: Option<String>,
    ) -> Result<Self> {
        let web = match &config.web_url {
            Some(url) => url.clone(),
            None => oauth::web_url(api_url, SERVER_API)?,
        };
        let is_server = api_url.trim_end_matches('/').ends_with(SERVER_API);
        Ok(Self {
            api: http.base(api_url)?,
            registration: Registration::new(ProviderId::GITHUB, http, &web, config)?,
            app_slug,
            apps: if is_server { "github-apps" } else { "apps" },
        })
    }
}

/// The least that an OAuth App can ask for. There is no read-only scope for private repositories.
fn scopes(permissions: Scopes) -> String {
    let mut scopes = vec!["read:user"];
    let reads_repositories =
        |scope: Scope| !matches!(scope, Scope::ReadProfile | Scope::EventsSubscribe);
    if permissions.iter().any(reads_repositories) {
        scopes.push("repo");
    }
    if permissions.contains(Scope::EventsSubscribe) {
        scopes.push("write:repo_hook");
    }
    scopes.join(" ")
}

#[async_trait]
impl ProviderOauth for Oauth {
    fn authorization_url(&self, request: &AuthorizationRequest<'_>) -> Result<String> {
        let config = &self.registration.config;
        let scope = scopes(request.permissions);
        let mut query = vec![
            ("client_id", config.client_id.as_str()),
            ("redirect_uri", &config.redirect_uri),
            ("state", request.state.expose()),
            ("code_challenge", request.code_challenge),
            ("code_challenge_method", "S256"),
            ("allow_signup", "false"),
        ];
        // What a GitHub App may do stands in the app, whatever is asked.
        if self.app_slug.is_none() {
            query.push(("scope", &scope));
        }
        Ok(self.registration.page("/login/oauth/authorize", &query))
    }

    fn issuer_origin(&self) -> &str {
        self.registration.origin()
    }

    fn installation_url(&self) -> Option<String> {
        let slug = oauth::segment(self.app_slug.as_deref()?);
        let path = format!("/{}/{slug}/installations/new", self.apps);
        Some(self.registration.page(&path, &[]))
    }

    async fn exchange(&self, exchange: CodeExchange<'_>) -> Result<ProviderTokens, OauthRefusal> {
        let form = [
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
            ("refresh_token", refresh.refresh_token.expose()),
        ];
        self.registration
            .tokens(TOKEN, &form, Code::AuthExpired, refresh.deadline)
            .await
    }

    /// The access token takes its refresh token along.
    async fn revoke(&self, revocation: TokenRevocation<'_>) -> Result<()> {
        let client = oauth::segment(&self.registration.config.client_id);
        let path = format!("/applications/{client}/token");
        let body = json!({ "access_token": revocation.access_token.expose() }).to_string();
        let reply = self
            .registration
            .delete(&self.api, &path, body, revocation.deadline)
            .await?;
        match reply.status {
            // Unknown ones have ended already.
            200..=299 | 404 | 422 => Ok(()),
            _ => Err(self.registration.refusal(&reply)),
        }
    }
}

#[cfg(test)]
mod tests {
    use gitflare_core::Secret;

    use super::*;
    use crate::HttpConfig;

    fn oauth(app_slug: Option<&str>) -> Oauth {
        oauth_at("https://api.github.com", app_slug)
    }

    fn oauth_at(api_url: &str, app_slug: Option<&str>) -> Oauth {
        let config = OauthConfig {
            client_id: "client".into(),
            client_secret: Some(Secret::from("secret")),
            redirect_uri: "https://gateway.example/v1/auth/github/callback".into(),
            web_url: None,
        };
        let http = Http::new(&HttpConfig::default()).unwrap();
        let slug = app_slug.map(str::to_owned);
        Oauth::new(http, api_url, config, slug).unwrap()
    }

    fn authorization_url(oauth: &Oauth, permissions: &[Scope]) -> String {
        let request = AuthorizationRequest {
            state: &Secret::from("state"),
            code_challenge: "challenge",
            permissions: permissions.iter().copied().collect(),
        };
        oauth.authorization_url(&request).unwrap()
    }

    #[test]
    fn an_oauth_app_asks_for_the_least_and_a_github_app_for_nothing() {
        // sec: PC-5
        let app = oauth(None);
        for (permissions, scope) in [
            (vec![Scope::ReadProfile], "read%3Auser"),
            (
                vec![Scope::ReadProfile, Scope::ReadTags],
                "read%3Auser+repo",
            ),
            (
                vec![Scope::ReadCommits, Scope::EventsSubscribe],
                "read%3Auser+repo+write%3Arepo_hook",
            ),
        ] {
            let url = authorization_url(&app, &permissions);
            assert!(
                url.starts_with("https://github.com/login/oauth/authorize?"),
                "{url}"
            );
            assert!(url.ends_with(&format!("&scope={scope}")), "{url}");
            assert!(
                url.contains("&code_challenge=challenge&code_challenge_method=S256&"),
                "{url}"
            );
            assert!(!url.contains("secret"), "{url}");
        }
        assert_eq!(app.installation_url(), None);
        let github_app = oauth(Some("git-flare"));
        let url = authorization_url(&github_app, &[Scope::ReadTags]);
        assert!(!url.contains("scope="), "{url}");
    }

    #[test]
    fn each_kind_of_github_has_its_own_pages() {
        for (api, web, apps) in [
            ("https://api.github.com", "https://github.com", "apps"),
            ("https://api.mill.ghe.com", "https://mill.ghe.com", "apps"),
            (
                "https://git.mill.example/api/v3",
                "https://git.mill.example",
                "github-apps",
            ),
            (
                "https://git.mill.example/api/v3/",
                "https://git.mill.example",
                "github-apps",
            ),
        ] {
            let app = oauth_at(api, Some("git-flare"));
            let sign_in = authorization_url(&app, &[Scope::ReadTags]);
            assert!(
                sign_in.starts_with(&format!("{web}/login/oauth/authorize?")),
                "{sign_in}"
            );
            let install = app.installation_url().unwrap();
            assert_eq!(install, format!("{web}/{apps}/git-flare/installations/new"));
        }
    }
}
