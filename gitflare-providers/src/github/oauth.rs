//! Linking accounts at GitHub: OAuth Apps, whose tokens do not end and whose scopes are coarse, and
//! GitHub Apps, whose tokens do and whose permissions stand in the app.
//! <https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps>

use gitflare_core::{Result, provider::ProviderId};

use super::client::REQUEST_ID;
use crate::{
    http::Http,
    oauth::{ClientAuthentication, Flow, Need, Oauth, OauthConfig, Revocation, segment, web_url},
};

/// The REST base of an Enterprise Server, below its host.
const SERVER_API: &str = "/api/v3";

const FLOW: Flow = Flow {
    provider: ProviderId::GITHUB,
    web_url: |api_url| web_url(api_url, SERVER_API),
    authorize: "/login/oauth/authorize",
    authorize_query: &[("allow_signup", "false")],
    token: "/login/oauth/access_token",
    client_authentication: ClientAuthentication::Form,
    // No scope reads private repositories without writing to them.
    // <https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps>
    scopes: &[
        (Need::Profile, "read:user"),
        (Need::Repositories, "repo"),
        (Need::Events, "write:repo_hook"),
    ],
    beyond_reading: &[
        ("repo", "full control of private repositories"),
        ("write:repo_hook", "making their webhooks"),
    ],
    refresh_repeats_redirect_uri: false,
    revocation: Revocation::OfApplication,
    request_id: REQUEST_ID,
};

/// The registration at this GitHub; `app_slug` names the GitHub App that the client id belongs to.
///
/// # Errors
/// `INVALID_REQUEST` when the gateway may not call one of the URLs.
pub(super) fn new(
    http: Http,
    api_url: &str,
    config: OauthConfig,
    app_slug: Option<String>,
) -> Result<Oauth> {
    let is_server = api_url.trim_end_matches('/').ends_with(SERVER_API);
    let apps = if is_server { "github-apps" } else { "apps" };
    let installation = app_slug.map(|slug| format!("/{apps}/{}/installations/new", segment(&slug)));
    Oauth::new(http, &FLOW, api_url, config, installation)
}

#[cfg(test)]
mod tests {
    use gitflare_core::{
        Scope, Secret,
        provider::{AuthorizationRequest, ProviderOauth},
    };

    use super::*;
    use crate::HttpConfig;

    fn oauth(app_slug: Option<&str>) -> Oauth {
        oauth_at("https://api.github.com", app_slug)
    }

    fn oauth_at(api_url: &str, app_slug: Option<&str>) -> Oauth {
        let callback = "https://gateway.example/v1/auth/github/callback";
        let config = OauthConfig {
            client_secret: Some(Secret::from("secret")),
            ..OauthConfig::new("client", callback)
        };
        let http = Http::new(&HttpConfig::default()).unwrap();
        let slug = app_slug.map(str::to_owned);
        new(http, api_url, config, slug).unwrap()
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
        let beyond = |app: &Oauth, scope: Scope| app.beyond_reading([scope].into_iter().collect());
        let full = "full control of private repositories";
        assert_eq!(beyond(&app, Scope::ReadTags), [full]);
        assert!(beyond(&app, Scope::ReadProfile).is_empty());
        assert!(beyond(&github_app, Scope::ReadTags).is_empty());
        for (word, _) in FLOW.beyond_reading {
            assert!(FLOW.scopes.iter().any(|(_, asked)| asked == word), "{word}");
        }
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
