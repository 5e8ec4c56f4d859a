//! The public routes that describe this server: health, providers, capabilities, OpenAPI.

use gitflare_server::http::ROUTES;
use serde_json::json;

use crate::contract::support::{Server, ServerOptions};

#[test]
fn health_tells_readiness_and_nothing_about_the_host() {
    // sec: IN-6
    let server = Server::with(ServerOptions {
        with_internal: true,
        ..ServerOptions::default()
    });
    let answer = server.client().get("/health");
    assert_eq!(
        answer.ok(),
        json!({
            "status": "ok",
            "providers": ["local"],
            "flags": {
                "enforcePlatformAuth": true,
                "internalListener": true,
                "testapp": false,
                "dev": false,
            },
            "checks": {"storage": "ok"},
            "upstreams": [{
                "provider": "local",
                "lastSuccessAt": null,
                "lastErrorAt": null,
                "lastError": null,
            }],
        })
    );
    assert_eq!(answer.header("server"), None);
}

#[test]
fn providers_are_all_listed_with_what_is_enabled() {
    let server = Server::start();
    let body = server.client().get("/v1/providers").ok();
    let rows = body["data"].as_array().unwrap();
    let ids: Vec<_> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert_eq!(
        ids,
        [
            "github",
            "gitlab",
            "bitbucket",
            "azure",
            "gitflic",
            "gitea",
            "bitbucket-dc",
            "local"
        ]
    );
    assert_eq!(
        rows[7],
        json!({"id": "local", "kind": "local", "name": "Local repositories", "enabled": true, "oauth": false, "manual": true})
    );
    assert_eq!(
        rows[0],
        json!({"id": "github", "kind": "github", "name": "GitHub", "enabled": false, "oauth": false, "manual": false})
    );
}

#[test]
fn callback_urls_stand_on_the_public_url() {
    let server = Server::start();
    let body = server.client().get("/v1/auth/callback-urls").ok();
    let rows = body["data"].as_array().unwrap();
    assert_eq!(rows.len(), 7, "local has no callback");
    assert_eq!(
        rows[6],
        json!({
            "provider": "bitbucket-dc",
            "callbackUrl": format!("http://{}/v1/auth/bitbucket-dc/callback", server.address),
        })
    );
}

#[test]
fn capabilities_tell_what_works() {
    let server = Server::start();
    let body = server.client().get("/v1/platform/capabilities").ok();
    assert_eq!(body["permissions"].as_array().unwrap().len(), 15);
    assert_eq!(
        body["permissions"][3],
        json!({
            "scope": "read:commits",
            "label": "Commits",
            "description": "List commit history and commit metadata.",
        })
    );
    let base = format!("http://{}", server.address);
    assert_eq!(
        body["oauth"],
        json!({
            "issuer": base,
            "authorizeUrl": format!("{base}/oauth/authorize"),
            "tokenUrl": format!("{base}/oauth/token"),
            "grantTypes": ["authorization_code", "client_credentials"],
            "codeChallengeMethods": ["S256"],
        })
    );
    assert_eq!(
        body["firewall"],
        json!({"enabled": true, "hashPrefix": "gf_sha256:", "version": 1})
    );
    let local = &body["providers"]["local"];
    assert_eq!(local.as_object().unwrap().len(), 27);
    assert_eq!(
        local["commits.list"],
        json!({"supported": true, "filters": ["branch"], "history": null, "reason": null})
    );
    assert_eq!(local["pull-requests.list"]["supported"], false);
    assert!(local["pull-requests.list"]["reason"].is_string());
    assert_eq!(body["events"].as_array().unwrap().len(), 11);
    let additions = ROUTES.iter().filter(|route| route.is_addition);
    let additions: Vec<_> = additions
        .map(|route| format!("{} {}", route.method.as_str(), route.template()))
        .collect();
    assert!(additions.contains(&"GET /metrics".to_owned()));
    assert_eq!(body["additions"], json!(additions));
}

#[test]
fn a_storage_that_does_not_work_is_told_to_balancers_and_alerts() {
    let server = Server::with(ServerOptions {
        storage_is_down: true,
        ..ServerOptions::default()
    });
    assert_eq!(server.client().get("/health").status, 503);
    let page = server.client().get("/metrics");
    assert_eq!(page.status, 200);
    let page = String::from_utf8(page.body).unwrap();
    assert!(
        page.lines().any(|line| line == "gitflare_storage_up 0"),
        "{page}"
    );
}

#[test]
fn metrics_count_routes_and_name_no_tenant() {
    let server = Server::start();
    server.client().get("/health");
    server.client().get("/nowhere/canary");
    server
        .client()
        .get("/v1/repositories/local/canary?cursor=canary");
    let answer = server.client().get("/metrics");
    assert_eq!(
        answer.header("content-type"),
        Some("application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
    let page = String::from_utf8(answer.body).unwrap();
    for line in [
        r#"gitflare_http_requests_total{method="GET",route="/health",status="200"} 1"#,
        r#"gitflare_http_requests_total{method="none",route="none",status="404"} 1"#,
        r#"gitflare_http_requests_total{method="GET",route="/v1/repositories/:provider/:repoId",status="401"} 1"#,
        "gitflare_storage_up 1",
        r#"gitflare_queued{queue="deliveries"} 0"#,
        r#"gitflare_queued{queue="cleanup"} 0"#,
        r#"gitflare_late{queue="deliveries"} 0"#,
        r#"gitflare_connections_to_reconnect{provider="local"} 0"#,
        r#"gitflare_storage_duration_seconds_count{operation="keep_rows"} 1"#,
    ] {
        assert!(page.lines().any(|other| other == line), "{line}\n{page}");
    }
    assert!(!page.contains("canary"), "{page}");
}
