//! What needs no credential: health, providers, callback URLs, capabilities, metrics, and which
//! methods and origins a path takes.

use gitflare_core::{
    Scope,
    model::EventName,
    provider::{Endpoint, ProviderId, Registry},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use super::{
    super::{
        bodies::{
            List,
            discovery::{
                CallbackRow, Capabilities, Capability, Checks, FirewallCapability, Flags, Health,
                OauthEndpoints, Permission, ProviderRow, UpstreamState,
            },
        },
        cors,
        exchange::Exchange,
        metrics::MEDIA_TYPE,
        refusal::Refusal,
        reply::Reply,
        route::RouteMethod,
    },
    oauth,
};

/// Prefix of a hashed secret.
const HASH_PREFIX: &str = "gf_sha256:";

/// `OPTIONS /*`: what the route of the announced method lets the origin do.
pub(crate) async fn preflight(x: Exchange) -> Result<Reply, Refusal> {
    let mut reply = Reply::no_content();
    let Some(place) = x.app().router.find(x.path()) else {
        return Ok(reply);
    };
    let announced = x.headers().get(header::ACCESS_CONTROL_REQUEST_METHOD);
    let route = announced
        .and_then(|method| Method::from_bytes(method.as_bytes()).ok())
        .and_then(|method| RouteMethod::of(&method))
        .and_then(|method| place.route(method))
        .map(|index| x.app().matched(index).route);
    let mut headers = HeaderMap::new();
    if let Some(route) = route {
        let origin = x.headers().get(header::ORIGIN);
        let panel_url = &x.settings().panel_url;
        cors::apply_preflight(&mut headers, route.access, route.method, origin, panel_url);
    }
    if let Ok(allow) = HeaderValue::from_str(&place.allow()) {
        headers.insert(header::ALLOW, allow);
    }
    reply.headers = headers
        .into_iter()
        .filter_map(|(name, value)| name.map(|name| (name, value)))
        .collect();
    Ok(reply)
}

/// `GET /health`
pub(crate) async fn health(x: Exchange) -> Result<Reply, Refusal> {
    let settings = x.settings();
    let storage_is_healthy = x.gateway().storage().is_healthy().await;
    let is_ready = storage_is_healthy && !x.app().is_draining();
    let health = Health {
        status: if is_ready { "ok" } else { "degraded" },
        providers: x.gateway().providers().ids().collect(),
        flags: Flags {
            enforce_platform_auth: x.gateway().enforces_platform_auth(),
            internal_listener: x.app().has_internal_listener(),
            testapp: settings.testapp,
            dev: settings.dev,
        },
        checks: Checks {
            storage: if storage_is_healthy { "ok" } else { "failed" },
        },
        upstreams: x
            .gateway()
            .providers()
            .ids()
            .map(|id| upstream(&x, id))
            .collect(),
    };
    let status = if is_ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    Reply::json(status, &health)
}

fn upstream(x: &Exchange, provider: ProviderId) -> UpstreamState {
    let last = x.app().metrics.standing.of(provider);
    UpstreamState {
        provider,
        last_success_at: last.success,
        last_error_at: last.failure.map(|(at, _)| at),
        last_error: last.failure.map(|(_, code)| code),
    }
}

/// `GET /v1/providers`
pub(crate) async fn providers(x: Exchange) -> Result<Reply, Refusal> {
    let providers = x.gateway().providers();
    let row = |id: ProviderId| {
        let provider = providers.find(id);
        let enabled = provider.is_some();
        ProviderRow {
            id,
            kind: provider.map_or(id.kind(), |provider| provider.kind()),
            name: provider.map_or(id.name(), |provider| provider.name()),
            enabled,
            oauth: provider.is_some_and(|provider| provider.oauth().is_some()),
            manual: enabled,
        }
    };
    let data = known(providers).map(row).collect();
    Reply::ok(&List { data })
}

/// The built-in providers, enabled or not, then the enabled ones that have ids of their own.
fn known(providers: &Registry) -> impl Iterator<Item = ProviderId> {
    let own = providers
        .ids()
        .filter(|id| !ProviderId::BUILT_IN.contains(id));
    ProviderId::BUILT_IN.iter().copied().chain(own)
}

/// `GET /v1/auth/callback-urls`
pub(crate) async fn callback_urls(x: Exchange) -> Result<Reply, Refusal> {
    let base = &x.settings().public_url;
    let providers = x.gateway().providers();
    let data = known(providers)
        .filter(|&id| match providers.find(id) {
            Some(provider) => provider.needs_credential(),
            None => id != ProviderId::LOCAL,
        })
        .map(|provider| CallbackRow {
            provider,
            callback_url: format!("{base}/v1/auth/{provider}/callback"),
        })
        .collect();
    Reply::ok(&List { data })
}

/// `GET /v1/platform/capabilities`
pub(crate) async fn capabilities(x: Exchange) -> Result<Reply, Refusal> {
    let settings = x.settings();
    let firewall = x.gateway().firewall_settings();
    Reply::ok(&Capabilities {
        permissions: Scope::ALL
            .iter()
            .map(|&scope| Permission {
                scope,
                label: scope.label(),
                description: scope.description(),
            })
            .collect(),
        oauth: OauthEndpoints {
            issuer: &settings.public_url,
            authorize_url: format!("{}/oauth/authorize", settings.panel_url),
            token_url: format!("{}/oauth/token", settings.public_url),
            grant_types: oauth::GRANT_TYPES,
            code_challenge_methods: oauth::CHALLENGE_METHODS,
        },
        firewall: FirewallCapability {
            enabled: firewall.enabled,
            hash_prefix: HASH_PREFIX,
            version: firewall.version,
        },
        providers: x
            .gateway()
            .providers()
            .iter()
            .map(|provider| {
                let row = |&endpoint: &Endpoint| {
                    let row = (endpoint, provider.support(endpoint));
                    (endpoint.key(), Capability::from(row))
                };
                (
                    provider.id().as_str(),
                    Endpoint::ALL.iter().map(row).collect(),
                )
            })
            .collect(),
        kinds: x
            .gateway()
            .providers()
            .iter()
            .map(|provider| (provider.id().as_str(), provider.kind()))
            .collect(),
        evidence: x
            .gateway()
            .providers()
            .iter()
            .map(|provider| (provider.id().as_str(), provider.evidence()))
            .collect(),
        events: EventName::ALL.iter().map(|event| event.as_str()).collect(),
        additions: x
            .app()
            .routes()
            .filter(|route| route.is_addition)
            .map(|route| format!("{} {}", route.method.as_str(), route.template()))
            .collect(),
    })
}

/// `GET /metrics`
pub(crate) async fn metrics(x: Exchange) -> Result<Reply, Refusal> {
    let metrics = &x.app().metrics;
    metrics.waiting.look(x.gateway()).await;
    Ok(Reply {
        status: StatusCode::OK,
        content_type: Some(MEDIA_TYPE),
        body: metrics
            .page(&x.gateway().storage().file_sizes())
            .into_bytes(),
        headers: Vec::new(),
    })
}
