//! The providers of a configuration: those that are listed and whose upstream's base is known, each
//! over the one outbound client.

use std::{path::PathBuf, sync::Arc};

use gitflare_core::{
    Result,
    provider::{Provider, ProviderId},
};
use gitflare_providers::{
    Http, HttpConfig, OauthConfig,
    github::Github,
    gitlab::Gitlab,
    local::{Local, LocalConfig},
};

use crate::config::{BaseUrl, Config, HostPort, Problem, Upstream};

/// Makes an adapter.
type Adapter = fn(Registered<'_>) -> Result<Arc<dyn Provider>>;

/// What an adapter is made of.
struct Registered<'a> {
    http: Http,
    /// The REST base.
    api_url: &'a str,
    /// Our client at the provider; `None` without one.
    oauth: Option<OauthConfig>,
    app_slug: Option<String>,
}

/// Providers with a REST API: the variables' common part, the public service if there is one, and
/// the adapter.
const ADAPTERS: &[(ProviderId, &str, Option<&str>, Adapter)] = &[
    (
        ProviderId::GITHUB,
        "GITFLARE_GITHUB",
        Some("https://api.github.com"),
        |at| {
            let github = Github::new(at.http.clone(), at.api_url)?;
            Ok(Arc::new(match at.oauth {
                Some(oauth) => github.with_oauth(at.http, at.api_url, oauth, at.app_slug)?,
                None => github,
            }))
        },
    ),
    (
        ProviderId::GITLAB,
        "GITFLARE_GITLAB",
        Some("https://gitlab.com/api/v4"),
        |at| {
            let gitlab = Gitlab::new(at.http.clone(), at.api_url)?;
            Ok(Arc::new(match at.oauth {
                Some(oauth) => gitlab.with_oauth(at.http, at.api_url, oauth)?,
                None => gitlab,
            }))
        },
    ),
];

/// The enabled providers. `public_url` is the base of our callbacks.
pub(crate) fn providers(
    config: &Config,
    public_url: &BaseUrl,
    local_roots: &[PathBuf],
) -> Result<Vec<Arc<dyn Provider>>, Problem> {
    let http = client(config)?;
    let mut providers: Vec<Arc<dyn Provider>> = Vec::new();
    for (id, variables, public, adapter) in ADAPTERS {
        if !config.providers.contains(id) {
            continue;
        }
        let upstream = config.upstream(*id);
        let given = upstream.and_then(|upstream| upstream.api_url.as_ref());
        let Some(api_url) = given.map(BaseUrl::as_str).or(*public) else {
            continue;
        };
        let provider = adapter(Registered {
            http: http.clone(),
            api_url,
            oauth: upstream.and_then(|upstream| oauth(upstream, public_url)),
            app_slug: config.github_app_slug.clone(),
        });
        providers.push(provider.map_err(|error| {
            Problem::new(format!(
                "{variables}_API_URL, {variables}_WEB_URL: {} GITFLARE_ALLOW_PRIVATE_UPSTREAMS names those that may be private.",
                error.message()
            ))
        })?);
    }
    if config.providers.contains(&ProviderId::LOCAL) && !local_roots.is_empty() {
        let local = Local::new(LocalConfig::new(local_roots.to_vec()))
            .map_err(|error| Problem::new(format!("GITFLARE_LOCAL_ROOT: {}", error.message())))?;
        providers.push(Arc::new(local));
    }
    Ok(providers)
}

/// Our client at a provider, if one is configured.
fn oauth(upstream: &Upstream, public_url: &BaseUrl) -> Option<OauthConfig> {
    let provider = upstream.provider;
    Some(OauthConfig {
        client_id: upstream.client_id.clone()?,
        client_secret: upstream.client_secret.clone(),
        redirect_uri: format!("{}/v1/auth/{provider}/callback", public_url.as_str()),
        web_url: upstream.web_url.as_ref().map(|url| url.as_str().to_owned()),
    })
}

fn client(config: &Config) -> Result<Http, Problem> {
    let allowed = &config.allow_private_upstreams;
    Http::new(&HttpConfig {
        allowed_private: allowed.iter().map(HostPort::to_string).collect(),
        first_byte_timeout: config.upstream_timeout,
    })
    .map_err(|error| {
        Problem::new(format!(
            "GITFLARE_ALLOW_PRIVATE_UPSTREAMS: {}",
            error.message()
        ))
    })
}
