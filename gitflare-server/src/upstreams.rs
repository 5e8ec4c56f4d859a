//! The providers of a configuration: those that are listed and whose upstream's base is known, each
//! over the one outbound client.

use std::{path::PathBuf, sync::Arc};

use gitflare_core::{
    Result,
    provider::{Provider, ProviderId, Registry},
};
use gitflare_providers::{
    Http, HttpConfig,
    github::Github,
    gitlab::Gitlab,
    local::{Local, LocalConfig},
};

use crate::config::{BaseUrl, Config, HostPort, Problem};

/// Makes an adapter of the REST base it is given.
type Adapter = fn(Http, &str) -> Result<Arc<dyn Provider>>;

/// Providers with a REST API: the variable of the base, the public service if there is one, and the
/// adapter.
const ADAPTERS: &[(ProviderId, &str, Option<&str>, Adapter)] = &[
    (
        ProviderId::Github,
        "GITFLARE_GITHUB_API_URL",
        Some("https://api.github.com"),
        |http, url| Ok(Arc::new(Github::new(http, url)?)),
    ),
    (
        ProviderId::Gitlab,
        "GITFLARE_GITLAB_API_URL",
        Some("https://gitlab.com/api/v4"),
        |http, url| Ok(Arc::new(Gitlab::new(http, url)?)),
    ),
];

/// The enabled providers.
pub(crate) fn registry(config: &Config, local_roots: &[PathBuf]) -> Result<Registry, Problem> {
    let http = client(config)?;
    let mut providers: Vec<Arc<dyn Provider>> = Vec::new();
    for (id, variable, public, adapter) in ADAPTERS {
        if !config.providers.contains(id) {
            continue;
        }
        let given = config
            .upstream(*id)
            .and_then(|upstream| upstream.api_url.as_ref());
        let Some(url) = given.map(BaseUrl::as_str).or(*public) else {
            continue;
        };
        let provider = adapter(http.clone(), url).map_err(|error| {
            Problem::new(format!(
                "{variable}: {} GITFLARE_ALLOW_PRIVATE_UPSTREAMS names those that may be private.",
                error.message()
            ))
        })?;
        providers.push(provider);
    }
    if config.providers.contains(&ProviderId::Local) && !local_roots.is_empty() {
        let local = Local::new(LocalConfig::new(local_roots.to_vec()))
            .map_err(|error| Problem::new(format!("GITFLARE_LOCAL_ROOT: {}", error.message())))?;
        providers.push(Arc::new(local));
    }
    Ok(Registry::new(providers))
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
