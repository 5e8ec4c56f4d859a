//! `/v1/connections*`: closed on the public listener, open on the internal one, and never a
//! provider token in an answer.

use serde_json::json;

use crate::contract::support::{Client, Server, ServerOptions, connection, tenant, text};

const ROUTES: &[(&str, &str)] = &[
    ("GET", "/v1/connections"),
    ("POST", "/v1/connections/manual"),
    ("GET", "/v1/connections/conn_1"),
    ("DELETE", "/v1/connections/conn_1"),
];

fn with_internal() -> Server {
    Server::with(ServerOptions {
        with_internal: true,
        ..ServerOptions::default()
    })
}

#[test]
fn connections_need_the_admin_key_on_the_public_listener() {
    // sec: IN-1
    let server = with_internal();
    for (method, path) in ROUTES {
        for client in [
            server.client(),
            server.client().with("x-forwarded-for", "127.0.0.1"),
            server.client().with("forwarded", "for=127.0.0.1"),
            server.client().with_bearer("x"),
        ] {
            let answer = client.request(method, path).send();
            assert_eq!(
                answer.refusal(),
                (401, "AUTH_REQUIRED".into()),
                "{method} {path}"
            );
        }
    }
}

#[test]
fn the_internal_listener_serves_connections_without_a_key_and_nothing_else() {
    // sec: IN-1
    let server = with_internal();
    let client = server.internal_client();
    assert_eq!(client.get("/v1/connections").ok()["data"], json!([]));
    for (method, path) in ROUTES {
        for header in [
            "x-forwarded-for",
            "x-forwarded-host",
            "x-forwarded-proto",
            "forwarded",
        ] {
            let answer = client
                .request(method, path)
                .header(header, "for=127.0.0.1")
                .send();
            assert_eq!(
                answer.refusal(),
                (401, "AUTH_REQUIRED".into()),
                "{method} {path} {header}"
            );
        }
    }
    for path in ["/health", "/v1/me", "/v1/platform/tenants", "/metrics", "/"] {
        let request = client.request("GET", path);
        let answer = request.header("accept", "application/json").send();
        assert_eq!(
            answer.refusal(),
            (404, "RESOURCE_NOT_FOUND".into()),
            "{path}"
        );
    }
    for host in [
        server.address.to_string(),
        "evil.example".into(),
        "localhost".into(),
    ] {
        let answer = Client::new(server.internal.unwrap())
            .with("host", &host)
            .get("/v1/connections");
        assert_eq!(answer.status, 400, "{host}");
    }
    let answer = client
        .request("GET", "/v1/connections")
        .header("origin", "https://evil.example")
        .send();
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

#[test]
fn a_connection_is_made_listed_found_and_disconnected() {
    let server = with_internal();
    let admin = server.admin();
    let company = tenant(&admin, "company");
    for client in [admin.clone(), server.internal_client()] {
        let body = json!({"provider": "local", "tenantId": company, "accessToken": "ignored"});
        let answer = client.post("/v1/connections/manual", &body);
        assert_eq!(answer.status, 201);
        let made = answer.ok()["connection"].clone();
        assert_eq!(
            made,
            json!({
                "id": made["id"], "tenantId": company, "provider": "local", "login": "local",
                "accountId": "local", "displayName": "local", "avatarUrl": null, "scopes": [],
                "mode": "manual", "status": "active", "createdAt": made["createdAt"], "lastUsedAt": null,
            })
        );
        let id = text(&made["id"]);
        let found = client.get(&format!("/v1/connections/{id}")).ok();
        assert_eq!(found, json!({"connection": made}));
        for query in ["", &format!("?tenantId={company}"), "?provider=local"] {
            let listed = client.get(&format!("/v1/connections{query}")).ok();
            assert_eq!(listed["data"], json!([made]), "{query}");
        }
        assert_eq!(
            client.get("/v1/connections?provider=github").ok()["data"],
            json!([])
        );
        for _ in 0..2 {
            assert_eq!(client.delete(&format!("/v1/connections/{id}")).status, 204);
        }
        assert_eq!(client.get("/v1/connections").ok()["data"], json!([]));
        assert_eq!(
            client.get(&format!("/v1/connections/{id}")).ok()["connection"]["status"],
            "revoked"
        );
    }
}

#[test]
fn a_connection_that_cannot_be_is_refused_by_name() {
    let server = Server::start();
    let admin = server.admin();
    let company = tenant(&admin, "company");
    for (body, code) in [
        (json!({}), "INVALID_REQUEST"),
        (json!({"provider": 1}), "INVALID_REQUEST"),
        (json!({"provider": "sourceforge"}), "UNSUPPORTED_PROVIDER"),
        (
            json!({"provider": "github", "accessToken": "x"}),
            "UNSUPPORTED_PROVIDER",
        ),
        (
            json!({"provider": "local", "tenantId": "tenant_unknown"}),
            "INVALID_REQUEST",
        ),
        (
            json!({"provider": "local", "tenantId": company, "apiBaseUrl": "http://x"}),
            "INVALID_REQUEST",
        ),
    ] {
        let answer = admin.post("/v1/connections/manual", &body);
        assert_eq!(answer.refusal(), (400, code.to_owned()), "{body}");
    }
    assert_eq!(
        admin.get("/v1/connections?provider=sourceforge").refusal(),
        (400, "UNSUPPORTED_PROVIDER".into())
    );
    assert_eq!(
        admin.get("/v1/connections?tenantId=x").refusal(),
        (400, "INVALID_REQUEST".into())
    );
    // sec: TN-2
    let bodies = [
        "/v1/connections/conn_unknown",
        "/v1/connections/nonsense",
        "/v1/connections/tenant_1",
    ]
    .map(|path| {
        let answer = admin.get(path);
        assert_eq!(answer.refusal(), (404, "RESOURCE_NOT_FOUND".into()));
        answer.message()
    });
    assert!(bodies.iter().all(|body| *body == bodies[0]));
}

#[test]
fn no_provider_token_is_ever_answered() {
    // sec: IN-2
    let server = Server::start();
    let admin = server.admin();
    let company = tenant(&admin, "company");
    connection(&admin, &company);
    let canary = "provider-token-canary";
    let body = json!({"provider": "local", "tenantId": company, "accessToken": canary});
    let made = admin.post("/v1/connections/manual", &body);
    let path = format!("/v1/connections/{}", text(&made.ok()["connection"]["id"]));
    for answer in [made, admin.get("/v1/connections"), admin.get(&path)] {
        assert!(!String::from_utf8(answer.body).unwrap().contains(canary));
    }
}
