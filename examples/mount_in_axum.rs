//! The whole HTTP surface below `/git` of an axum application, beside a route of its own, with
//! axum's listener and shutdown.
//!
//! Run `cargo run --example mount_in_axum`. It serves a sample repository from a temporary folder,
//! makes a customer, an app and a token over HTTP, reads three commits below `/git`, and shows
//! where a page of the mounted surface links to.

#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use std::{error::Error, net::SocketAddr};

use axum::{Router, extract::ConnectInfo, routing::get};
use gitflare::{
    core::{CredentialHash, storage::memory::MemoryStorage},
    providers::local::Local,
    server::{AdminKeys, ServiceSettings, sandbox::sample, service},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::oneshot};

/// What an operator would take from a secret store.
const ADMIN_KEY: &str = "an-admin-key-of-32-characters-or-more";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let folder = tempfile::tempdir()?;
    sample::write(folder.path())?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);

    // What an application adds: settings, the service, its background work, one line of routing.
    let mut settings = ServiceSettings::new(format!("{url}/git"), format!("{url}/git"));
    settings.admin_keys = AdminKeys::new(vec![CredentialHash::of(ADMIN_KEY)]);
    settings.peer = |extensions| {
        let peer = extensions.get::<ConnectInfo<SocketAddr>>();
        peer.map(|ConnectInfo(address)| address.ip())
    };
    // A service that lasts brings a storage on disk and a master key.
    let gateway = gitflare::gateway()
        .storage(MemoryStorage::new())
        .provider(Local::at(folder.path())?)
        .throwaway_keys()
        .admission(settings.rate_limits.clone())
        .build()
        .await?;
    let service = service(gateway, settings);
    let background = service.background();
    let app = Router::new()
        .route("/", get(|| async { "the application's own page" }))
        .nest_service("/git", service);

    let (stop, stopped) = oneshot::channel::<()>();
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, app).with_graceful_shutdown(async {
        let _ = stopped.await;
    });
    let server = tokio::spawn(async move { server.await });
    show(&url).await?;
    drop(stop);
    server.await??;
    background.stop().await;
    Ok(())
}

/// What clients see of the application.
async fn show(url: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
    // The server's own choice of cryptography, made for this process once.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::new();
    println!("/: {}", client.get(url).send().await?.text().await?);
    let post = async |path: &str, body: Value| -> reqwest::Result<Value> {
        let request = client.post(format!("{url}/git{path}")).json(&body);
        let request = request.header("x-admin-api-key", ADMIN_KEY);
        request.send().await?.error_for_status()?.json().await
    };
    let tenant = post("/v1/platform/tenants", json!({"name": "Acme"})).await?;
    let tenant = &tenant["tenant"]["id"];
    let scopes = ["read:commits"];
    let created = post(
        "/v1/platform/clients",
        json!({
            "tenantId": tenant, "name": "Reports", "allowedRedirectUris": [],
            "defaultPermissions": scopes,
        }),
    )
    .await?;
    let manual = json!({"provider": "local", "tenantId": tenant});
    let connection = post("/v1/connections/manual", manual).await?;
    let grant = json!({
        "tenantId": tenant, "clientId": created["client"]["id"], "connectionId": connection["connection"]["id"],
        "permissions": scopes, "repositories": [sample::FULL_NAME],
    });
    post("/v1/platform/grants", grant).await?;
    let request = json!({
        "grant_type": "client_credentials", "client_id": created["client"]["id"],
        "client_secret": created["clientSecret"],
    });
    let issued = post("/oauth/token", request).await?;
    let token = issued["accessToken"].as_str().unwrap_or_default();

    let repository = sample::FULL_NAME.replace('/', "%2F");
    let path = format!("/git/v1/repositories/local/{repository}/commits?limit=3");
    let answer = client.get(format!("{url}{path}")).bearer_auth(token);
    let answer: Value = answer.send().await?.error_for_status()?.json().await?;
    for commit in answer["data"].as_array().into_iter().flatten() {
        let sha = commit["sha"].as_str().unwrap_or_default();
        println!(
            "{path}: {:.10} {}",
            sha,
            commit["title"].as_str().unwrap_or_default()
        );
    }
    let page = client.get(format!("{url}/git/app/login")).send().await?;
    let page = page.text().await?;
    let action = page
        .split(" action=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    println!(
        "/git/app/login sends its form to {}",
        action.unwrap_or_default()
    );
    let outside = client.get(format!("{url}/health")).send().await?;
    println!("/health outside of /git: {}", outside.status().as_u16());
    Ok(())
}
