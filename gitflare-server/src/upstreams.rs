//! The providers of a configuration: those that are listed and whose upstream's base is known, each
//! over the one outbound client.

use std::{path::PathBuf, sync::Arc};

use gitflare_core::{
    Result,
    provider::{Instance, Provider, ProviderId, ProviderKind},
};
use gitflare_providers::{Http, HttpConfig, OauthConfig};

use crate::{
    config::{BaseUrl, Config, HostPort, Problem, Upstream},
    cores,
};

/// Makes an adapter.
type Adapter = fn(Registered<'_>) -> Result<Arc<dyn Provider>>;

/// Parts of an adapter.
struct Registered<'a> {
    http: Http,
    /// The REST base.
    api_url: &'a str,
    /// The base of its pages, where it was named.
    web_url: Option<&'a str>,
    /// Our client at the provider; `None` without one.
    oauth: Option<OauthConfig>,
    app_slug: Option<String>,
    /// Whether Azure DevOps is asked not to redirect to pages to sign in at.
    suppress_redirect: bool,
    /// How we name ourselves, where not as always.
    user_agent: Option<&'a str>,
}

/// Kinds with a REST API: the public service if there is one, and the adapter. Each is a feature of
/// its name.
const ADAPTERS: &[(ProviderKind, Option<&str>, Adapter)] = &[
    #[cfg(feature = "github")]
    (ProviderKind::GITHUB, Some("https://api.github.com"), |at| {
        let github = gitflare_providers::github::Github::new(at.http.clone(), at.api_url)?;
        Ok(Arc::new(match at.oauth {
            Some(oauth) => github.with_oauth(at.http, at.api_url, oauth, at.app_slug)?,
            None => github,
        }))
    }),
    #[cfg(feature = "gitlab")]
    (
        ProviderKind::GITLAB,
        Some("https://gitlab.com/api/v4"),
        |at| {
            let gitlab = gitflare_providers::gitlab::Gitlab::new(at.http.clone(), at.api_url)?;
            Ok(Arc::new(match at.oauth {
                Some(oauth) => gitlab.with_oauth(at.http, at.api_url, oauth)?,
                None => gitlab,
            }))
        },
    ),
    #[cfg(feature = "bitbucket")]
    (
        ProviderKind::BITBUCKET,
        Some("https://api.bitbucket.org/2.0"),
        |at| {
            let bitbucket =
                gitflare_providers::bitbucket::Bitbucket::new(at.http.clone(), at.api_url)?;
            Ok(Arc::new(match at.oauth {
                Some(oauth) => bitbucket.with_oauth(at.http, at.api_url, oauth)?,
                None => bitbucket,
            }))
        },
    ),
    #[cfg(feature = "azure")]
    (ProviderKind::AZURE, Some("https://dev.azure.com"), |at| {
        let mut azure = gitflare_providers::azure::Azure::new(at.http.clone(), at.api_url)?;
        if !at.suppress_redirect {
            azure = azure.with_sign_in_redirects();
        }
        Ok(Arc::new(match at.oauth {
            Some(oauth) => azure.with_oauth(at.http, at.api_url, oauth)?,
            None => azure,
        }))
    }),
    #[cfg(feature = "gitflic")]
    (
        ProviderKind::GITFLIC,
        Some("https://api.gitflic.ru"),
        |at| {
            let mut gitflic =
                gitflare_providers::gitflic::Gitflic::new(at.http.clone(), at.api_url, at.web_url)?;
            if let Some(agent) = at.user_agent {
                gitflic = gitflic.with_user_agent(agent)?;
            }
            Ok(Arc::new(match at.oauth {
                Some(oauth) => gitflic.with_oauth(at.http, at.api_url, oauth)?,
                None => gitflic,
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
    for upstream in &config.upstreams {
        if config.providers.contains(&upstream.provider) {
            providers.extend(adapter(upstream, config, &http, public_url)?);
        }
    }
    if config.providers.contains(&ProviderId::LOCAL) && !local_roots.is_empty() {
        let local = local(local_roots.to_vec());
        providers.push(local.map_err(|told| Problem::new(format!("GITFLARE_LOCAL_ROOT: {told}")))?);
    }
    Ok(providers)
}

#[cfg(feature = "local")]
fn local(roots: Vec<PathBuf>) -> Result<Arc<dyn Provider>, String> {
    use gitflare_providers::local::{Local, LocalConfig};

    let local = Local::new(LocalConfig::new(roots));
    Ok(Arc::new(local.map_err(|error| error.message().to_owned())?))
}

/// What the folders of local repositories hold, line by line, for whoever runs this. Blocks.
#[cfg(feature = "local")]
pub(crate) fn survey(roots: &[PathBuf]) -> Result<Vec<String>, String> {
    use gitflare_providers::local::{Local, LocalConfig};

    let local = Local::new(LocalConfig::new(roots.to_vec()));
    let survey = local.and_then(|local| local.survey()).map_err(|error| {
        let told = error.detail().unwrap_or_else(|| error.message());
        told.to_owned()
    })?;
    Ok(survey.to_string().lines().map(str::to_owned).collect())
}

#[cfg(not(feature = "local"))]
pub(crate) fn survey(_: &[PathBuf]) -> Result<Vec<String>, String> {
    Ok(Vec::new())
}

#[cfg(not(feature = "local"))]
fn local(_: Vec<PathBuf>) -> Result<Arc<dyn Provider>, String> {
    Err("this build has no adapter of the kind `local`".to_owned())
}

/// The upstreams that are enabled and whose kind has an adapter.
pub(crate) fn enabled(config: &Config) -> impl Iterator<Item = &Upstream> {
    config.upstreams.iter().filter(|upstream| {
        config.providers.contains(&upstream.provider) && has_adapter(upstream.kind)
    })
}

/// Whether this build can read hosts of that kind over HTTP.
pub(crate) fn has_adapter(kind: ProviderKind) -> bool {
    ADAPTERS.iter().any(|(known, ..)| *known == kind)
}

/// The REST base of a kind's public service; `None` where there is none, or no adapter.
pub(crate) fn public_api(kind: ProviderKind) -> Option<&'static str> {
    let found = ADAPTERS.iter().find(|(known, ..)| *known == kind);
    found.and_then(|(_, public, _)| *public)
}

/// Redirect URI to register at a provider.
pub(crate) fn callback_url(public_url: &BaseUrl, provider: ProviderId) -> String {
    format!("{}/v1/auth/{provider}/callback", public_url.as_str())
}

/// The adapter of an upstream; `None` where its kind has no adapter yet or its base is not known.
fn adapter(
    upstream: &Upstream,
    config: &Config,
    http: &Http,
    public_url: &BaseUrl,
) -> Result<Option<Arc<dyn Provider>>, Problem> {
    let (id, kind) = (upstream.provider, upstream.kind);
    let is_further = id.as_str() != kind.as_str();
    let mut adapters = ADAPTERS.iter();
    let Some((_, public, adapter)) = adapters.find(|(known, ..)| *known == kind) else {
        return match is_further {
            true => Err(Problem::new(format!(
                "[provider.{id}] kind: this build has no adapter of the kind `{kind}`"
            ))),
            false => Ok(None),
        };
    };
    let given = upstream.api_url.as_ref().map(BaseUrl::as_str);
    let Some(api_url) = given.or(*public) else {
        return match is_further {
            true => Err(Problem::new(format!("[provider.{id}] api_url must be set"))),
            false => Ok(None),
        };
    };
    let agent = config.gitflic_user_agent.as_deref();
    let agent = agent.filter(|_| kind == ProviderKind::GITFLIC);
    let made = adapter(Registered {
        http: http.clone(),
        api_url,
        web_url: upstream.web_url.as_ref().map(BaseUrl::as_str),
        oauth: oauth(upstream, public_url, agent),
        app_slug: config.github_app_slug.clone().filter(|_| !is_further),
        suppress_redirect: config.azure_suppress_redirect,
        user_agent: agent,
    });
    let made = made.map_err(|error| {
        let (urls, allowed) = match is_further {
            true => (
                format!("[provider.{id}] api_url, web_url"),
                "allow_private lets them",
            ),
            false => {
                let name = id.as_str().replace('-', "_").to_uppercase();
                let urls = format!("GITFLARE_{name}_API_URL, GITFLARE_{name}_WEB_URL");
                (
                    urls,
                    "GITFLARE_ALLOW_PRIVATE_UPSTREAMS names those that may",
                )
            }
        };
        Problem::new(format!("{urls}: {} {allowed} be private.", error.message()))
    })?;
    Ok(Some(match is_further {
        true => {
            let name = upstream.name.as_deref().unwrap_or(id.as_str());
            Arc::new(Instance::new(made, id, name))
        }
        false => made,
    }))
}

/// Our client at a provider, if one is configured.
fn oauth(upstream: &Upstream, public_url: &BaseUrl, agent: Option<&str>) -> Option<OauthConfig> {
    let provider = upstream.provider;
    let client_id = upstream.client_id.clone()?;
    let mut oauth = OauthConfig::new(client_id, callback_url(public_url, provider));
    oauth.client_secret = upstream.client_secret.clone();
    oauth.web_url = upstream.web_url.as_ref().map(|url| url.as_str().to_owned());
    oauth.user_agent = agent.map(str::to_owned);
    Some(oauth)
}

fn client(config: &Config) -> Result<Http, Problem> {
    let allowed = config.allow_private_upstreams.iter();
    let instances = config.upstreams.iter().filter(|it| it.allow_private);
    let urls = instances.flat_map(|it| [&it.api_url, &it.web_url]);
    let hosts = urls.filter_map(|url| url.as_ref()?.host_port());
    let mut outbound = HttpConfig::default();
    outbound.pools = cores::count();
    outbound.allowed_private = allowed.map(HostPort::to_string).chain(hosts).collect();
    outbound.first_byte_timeout = config.upstream_timeout;
    Http::new(&outbound).map_err(|error| {
        Problem::new(format!(
            "GITFLARE_ALLOW_PRIVATE_UPSTREAMS: {}",
            error.message()
        ))
    })
}
