//! The HTTP surface as a service of an axum application: below a prefix, with what it links to, and
//! as the unified API alone.

use std::{net::SocketAddr, path::Path, sync::Arc};

use axum::{Router, extract::ConnectInfo, routing::get};
use gitflare_core::storage::memory::MemoryStorage;
use gitflare_server::{RateLimits, Service, ServiceSettings, Surface, service};
use reqwest::{Client, redirect::Policy};
use tokio::net::TcpListener;

use crate::contract::support::{ServerOptions, gateway};

/// An application that serves the service that `settings` asks for, and its address.
async fn application(
    settings: impl FnOnce(&mut ServiceSettings),
    routes: impl FnOnce(Router, Service) -> Router,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let base = format!("{url}/git");
    let mut given = ServiceSettings::new(base.clone(), base);
    given.rate_limits = Arc::new(RateLimits::new(0));
    given.peer = |extensions| {
        let peer = extensions.get::<ConnectInfo<SocketAddr>>();
        peer.map(|ConnectInfo(address)| address.ip())
    };
    settings(&mut given);
    let folder = tempfile::tempdir().unwrap();
    let storage = Arc::new(MemoryStorage::new());
    let gateway = gateway(
        &ServerOptions::default(),
        folder.path(),
        storage,
        &given.rate_limits,
    )
    .await;
    let app = Router::new().route("/", get(|| async { "the application" }));
    let app = routes(app, service(gateway, given));
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move {
        let _folder = folder;
        axum::serve(listener, app).await
    });
    url
}

fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder().no_proxy().redirect(Policy::none());
    builder.build().unwrap()
}

async fn status(client: &Client, url: &str) -> u16 {
    client.get(url).send().await.unwrap().status().as_u16()
}

/// The values of the attributes by which a page leads elsewhere.
fn links(html: &str) -> Vec<&str> {
    let names = [" href=\"", " src=\"", " action=\"", " data-again=\""];
    let values = names.iter().flat_map(|name| html.split(name).skip(1));
    values.filter_map(|rest| rest.split('"').next()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mounted_surface_links_below_its_prefix() {
    let client = client();
    let url = application(|_| {}, |app, service| app.nest_service("/git", service)).await;
    assert_eq!(
        client.get(&url).send().await.unwrap().text().await.unwrap(),
        "the application"
    );
    assert_eq!(status(&client, &format!("{url}/git/health")).await, 200);
    assert_eq!(status(&client, &format!("{url}/health")).await, 404);
    for path in [
        "/",
        "/app/login",
        "/app/signup",
        "/docs",
        "/docs/api",
        "/zero-trust",
    ] {
        let page = client
            .get(format!("{url}/git{path}"))
            .header("accept", "text/html");
        let html = page.send().await.unwrap().text().await.unwrap();
        let links = links(&html);
        assert!(links.len() > 3, "{path}: {html}");
        for link in links {
            let is_below = link.starts_with("/git/") || !link.starts_with('/');
            assert!(is_below, "{path} links to {link}");
            if link.starts_with("/git/assets/") {
                assert_eq!(
                    status(&client, &format!("{url}{link}")).await,
                    200,
                    "{link}"
                );
            }
        }
    }
    let page = client.get(format!("{url}/git/app/dashboard"));
    let answer = page.header("accept", "text/html").send().await.unwrap();
    assert_eq!(answer.status(), 303);
    assert_eq!(answer.headers()["location"], "/git/app/login");
    let strange = client
        .get(format!("{url}/git/health"))
        .header("host", "evil.example");
    assert_eq!(strange.send().await.unwrap().status(), 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_can_take_the_prefix_off_by_itself() {
    let client = client();
    let url = application(
        |settings| settings.strip_prefix = Some("/git".into()),
        Router::fallback_service,
    )
    .await;
    assert_eq!(status(&client, &format!("{url}/git/health")).await, 200);
    for path in ["/health", "/github/health", "/git", "/git/git/health"] {
        assert_eq!(
            status(&client, &format!("{url}{path}")).await,
            404,
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_unified_api_alone_has_no_page_no_admin_and_no_way_to_a_token() {
    let client = client();
    let url = application(
        |settings| settings.surface = Surface::UnifiedApi,
        |app, service| app.nest_service("/git", service),
    )
    .await;
    for (path, expected) in [
        ("/v1/providers", 200),
        ("/health", 200),
        ("/openapi.json", 200),
        ("/v1/me", 401),
        ("/app/login", 404),
        ("/docs", 404),
        ("/v1/platform/tenants", 404),
        ("/v1/connections", 404),
        ("/v1/account/me", 404),
        ("/oauth/authorize", 404),
        ("/metrics", 404),
    ] {
        assert_eq!(
            status(&client, &format!("{url}/git{path}")).await,
            expected,
            "{path}"
        );
    }
    let token = client
        .post(format!("{url}/git/oauth/token"))
        .send()
        .await
        .unwrap();
    assert_eq!(token.status(), 404);
    let document = client
        .get(format!("{url}/git/openapi.json"))
        .send()
        .await
        .unwrap();
    let document: serde_json::Value = document.json().await.unwrap();
    assert!(document["paths"]["/v1/me"].is_object());
    assert!(document["paths"]["/v1/platform/tenants"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn background_work_ends_when_it_is_told_to() {
    let storage = Arc::new(MemoryStorage::new());
    let settings = ServiceSettings::new("http://127.0.0.1", "http://127.0.0.1");
    let gateway = gateway(
        &ServerOptions::default(),
        Path::new("."),
        storage,
        &settings.rate_limits,
    )
    .await;
    let service = service(gateway, settings);
    let background = service.background();
    tokio::time::timeout(std::time::Duration::from_secs(10), background.stop())
        .await
        .unwrap();
}
