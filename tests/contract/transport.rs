//! What is true of every route: request ids, headers, the error shape, methods, bodies.

use gitflare_server::http::{Access, ROUTES, RouteMethod};
use serde_json::json;

use crate::contract::support::{ADMIN_KEY, Server, ServerOptions, client, document, text};

/// A concrete path of a route.
fn concrete(path: &str) -> String {
    path.split('/')
        .map(|segment| match segment {
            ":provider" => "local",
            ":repoId" => "octo%2Fhello",
            segment if segment.starts_with(':') => "unknown1",
            segment => segment,
        })
        .collect::<Vec<_>>()
        .join("/")
}

/// Every route's method and one path for each of its paths.
fn every_route()
-> impl Iterator<Item = (&'static str, String, &'static gitflare_server::http::Route)> {
    ROUTES
        .iter()
        .filter(|route| route.method != RouteMethod::Options)
        .flat_map(|route| {
            route
                .paths
                .iter()
                .map(move |path| (route.method.as_str(), concrete(path), route))
        })
}

#[test]
fn every_answer_has_a_request_id_and_the_safe_headers() {
    // sec: CS-7, HT-8
    let server = Server::start();
    let mut ids = std::collections::BTreeSet::new();
    for (method, path, _) in every_route() {
        let request = server.client().request(method, &path);
        let answer = request.header("accept", "application/json").send();
        let id = answer
            .header("x-request-id")
            .unwrap_or_else(|| panic!("{path}"));
        assert!(
            id.starts_with("gf_req_") && ids.insert(id.to_owned()),
            "{path} {id}"
        );
        let is_json = answer
            .header("content-type")
            .is_none_or(|kind| kind.starts_with("application/json"));
        for (name, value, is_everywhere) in [
            ("x-content-type-options", "nosniff", true),
            ("cross-origin-resource-policy", "same-origin", true),
            // Pages and their assets have their own table of these.
            ("cache-control", "no-store", false),
            ("referrer-policy", "no-referrer", false),
        ] {
            if !is_everywhere && !is_json {
                continue;
            }
            assert_eq!(answer.header(name), Some(value), "{method} {path}");
        }
        assert_eq!(answer.header("strict-transport-security"), None, "{path}");
        if answer.status >= 400 {
            answer.code();
        }
    }
}

#[test]
fn https_in_the_public_url_is_told_to_browsers() {
    // sec: CS-7
    let server = Server::with(ServerOptions {
        public_url: Some("https://api.example"),
        ..ServerOptions::default()
    });
    let answer = server.client().get("/health");
    assert_eq!(
        answer.header("strict-transport-security"),
        Some("max-age=31536000")
    );
    let urls = server
        .client()
        .request("GET", "/v1/auth/callback-urls")
        .header("host", "api.example");
    let url = urls.send().ok()["data"][0]["callbackUrl"].clone();
    assert_eq!(url, "https://api.example/v1/auth/github/callback");
}

#[test]
fn a_clients_own_request_id_comes_back_beside_ours() {
    // sec: HT-8
    let server = Server::start();
    let long = "a".repeat(128);
    let too_long = "a".repeat(129);
    for (sent, comes_back) in [
        ("abc-DEF_1.2", true),
        ("a", true),
        (long.as_str(), true),
        (too_long.as_str(), false),
        ("", false),
        ("a b", false),
        ("a,b", false),
        ("ü", false),
        ("<script>", false),
    ] {
        let answer = server
            .client()
            .request("GET", "/health")
            .header("x-request-id", sent)
            .send();
        let expected = comes_back.then_some(sent);
        assert_eq!(answer.header("x-client-request-id"), expected, "{sent}");
        assert!(
            answer
                .header("x-request-id")
                .unwrap()
                .starts_with("gf_req_")
        );
    }
    let twice = server
        .client()
        .request("GET", "/health")
        .header("x-request-id", "a")
        .header("x-request-id", "b")
        .send();
    assert_eq!(twice.header("x-client-request-id"), None);
}

#[test]
fn a_path_that_is_no_route_is_not_found() {
    let server = Server::start();
    for path in [
        "/v1",
        "/v1/",
        "/v2/me",
        "/health/",
        "//health",
        "/HEALTH",
        "/v1/repositories/local",
        "/v1/repositories/local/a/b",
        "/v1/repositories//branches",
        "/%2e%2e/health",
        "/.env",
    ] {
        let answer = server.client().get(path);
        assert_eq!(
            answer.refusal(),
            (404, "RESOURCE_NOT_FOUND".into()),
            "{path}"
        );
    }
}

#[test]
fn a_method_that_a_path_lacks_is_answered_with_those_it_has() {
    let server = Server::start();
    for (method, path, allow) in [
        ("POST", "/health", "GET, HEAD, OPTIONS"),
        ("PUT", "/v1/platform/tenants", "GET, HEAD, POST, OPTIONS"),
        ("GET", "/oauth/token", "POST, OPTIONS"),
        ("DELETE", "/v1/platform/tokens", "GET, HEAD, POST, OPTIONS"),
        (
            "PATCH",
            "/v1/connections/conn_1",
            "GET, HEAD, DELETE, OPTIONS",
        ),
        ("TRACE", "/v1/me", "GET, HEAD, OPTIONS"),
        ("CONNECT", "/v1/me", "GET, HEAD, OPTIONS"),
        ("get", "/health", "GET, HEAD, OPTIONS"),
        ("BREW", "/health", "GET, HEAD, OPTIONS"),
    ] {
        let answer = server.client().request(method, path).send();
        if method == "CONNECT" {
            assert!(
                matches!(answer.status, 400 | 404 | 405),
                "{}",
                answer.status
            );
            continue;
        }
        assert_eq!(
            answer.refusal(),
            (405, "INVALID_REQUEST".into()),
            "{method} {path}"
        );
        assert_eq!(answer.header("allow"), Some(allow), "{method} {path}");
    }
}

#[test]
fn head_is_answered_like_get_without_a_body() {
    let server = Server::start();
    let get = server.client().get("/v1/providers");
    let head = server.client().request("HEAD", "/v1/providers").send();
    assert_eq!(head.status, 200);
    assert_eq!(head.header("content-length"), get.header("content-length"));
    assert_eq!(head.body, b"");
    assert_eq!(server.client().request("HEAD", "/v1/me").send().status, 401);
}

#[test]
fn a_malformed_path_or_query_is_an_invalid_request() {
    let server = Server::start();
    for target in [
        "/v1/repositories/local/%",
        "/v1/repositories/local/%zz/branches",
        "/v1/repositories/local/%ff/branches",
        "/v1/repositories?limit=%",
        "/v1/repositories?%ff=1",
    ] {
        let answer = server.client().with_bearer("x").get(target);
        assert_eq!(
            answer.refusal(),
            (400, "INVALID_REQUEST".into()),
            "{target}"
        );
    }
    for (count, status) in [(99, 401), (100, 401), (101, 400)] {
        let target = format!("/v1/repositories?{}", vec!["a=1"; count].join("&"));
        assert_eq!(server.client().get(&target).status, status, "{count}");
    }
}

#[test]
fn an_encoded_body_is_an_unsupported_media_type() {
    // sec: HT-5
    let server = Server::start();
    for encoding in ["gzip", "identity", "br", "deflate, gzip", ""] {
        let answer = server
            .admin()
            .request("POST", "/v1/platform/tenants")
            .header("content-encoding", encoding)
            .json(&json!({"name": "a"}))
            .send();
        assert_eq!(
            answer.refusal(),
            (415, "INVALID_REQUEST".into()),
            "{encoding}"
        );
    }
}

#[test]
fn a_json_body_is_read_strictly() {
    // sec: HT-5
    let server = Server::start();
    let post = |content_type: &str, body: &str| {
        server
            .admin()
            .request("POST", "/v1/platform/tenants")
            .body(content_type, body.as_bytes().to_vec())
            .send()
    };
    for (body, message) in [
        ("", "The body is not valid JSON (line 1, column 0)."),
        ("{", "The body is not valid JSON (line 1, column 1)."),
        ("[]", "The body must be a JSON object."),
        ("{}", "`name` is missing."),
        (r#"{"name":null}"#, "`name` is missing."),
        (r#"{"name":1}"#, "`name` must be a string."),
        (r#"{"name":{"a":"b"}}"#, "`name` must be a string."),
        (r#"{"name":"a","kind":true}"#, "`kind` must be a string."),
        (
            r#"{"name":"a","kind":"other"}"#,
            "`kind` must be `developer` or `company`.",
        ),
    ] {
        let answer = post("application/json", body);
        assert_eq!(answer.refusal(), (400, "INVALID_REQUEST".into()), "{body}");
        assert_eq!(answer.message(), message, "{body}");
    }
    for body in [
        r#"{"name":"a","name":"b"}"#,
        r#"{"name":"a","x":{"y":1,"y":1}}"#,
    ] {
        let answer = post("application/json", body);
        assert_eq!(answer.refusal(), (400, "INVALID_REQUEST".into()), "{body}");
        assert!(answer.message().contains("the same member twice"), "{body}");
    }
    let deep = format!(r#"{{"name":"a","x":{}{}}}"#, "[".repeat(40), "]".repeat(40));
    assert!(
        post("application/json", &deep)
            .message()
            .contains("32 levels")
    );
    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "text/json",
        "",
    ] {
        let answer = post(content_type, r#"{"name":"a"}"#);
        assert_eq!(
            answer.refusal(),
            (415, "INVALID_REQUEST".into()),
            "{content_type}"
        );
    }
    let answer = post(
        "application/json; charset=utf-8",
        r#"{"name":"a","unknown":[1]}"#,
    );
    assert_eq!(answer.status, 201, "unknown members are ignored");
}

#[test]
fn bearer_routes_name_their_scheme_when_they_refuse() {
    let server = Server::start();
    for (method, path, route) in every_route() {
        let answer = server
            .client()
            .with_bearer("nonsense")
            .request(method, &path)
            .send();
        let challenge = answer.header("www-authenticate");
        match route.access {
            Access::AccessToken(_) => {
                assert_eq!(
                    answer.refusal(),
                    (401, "INVALID_CREDENTIALS".into()),
                    "{path}"
                );
                assert_eq!(challenge, Some(r#"Bearer error="invalid_token""#), "{path}");
            }
            _ => assert_eq!(challenge, None, "{method} {path}"),
        }
        assert_eq!(
            challenge.is_some(),
            is_described(method, &path, answer.status, "www-authenticate"),
            "{method} {path} {}",
            answer.status
        );
    }
}

/// Whether the OpenAPI document says that an answer has a header.
fn is_described(method: &str, path: &str, status: u16, header: &str) -> bool {
    // One that is not served by default is not described.
    let Some(operation) = document().operation(method, path) else {
        return false;
    };
    let mut response = &operation["responses"][status.to_string()];
    if let Some(reference) = response["$ref"].as_str() {
        response = document().value().pointer(&reference[1..]).unwrap();
    }
    !response["headers"][header].is_null()
}

#[test]
fn challenges_are_described_where_they_are_sent() {
    let mut seen = 0;
    for (_, path, route) in every_route() {
        let (method, template) = (route.method.as_str(), &path);
        let Some(operation) = document().operation(method, template) else {
            continue;
        };
        for status in operation["responses"].as_object().unwrap().keys() {
            let status: u16 = status.parse().unwrap();
            seen += 1;
            let is_sent = match route.access {
                Access::AccessToken(_) | Access::ToolToken => matches!(status, 401 | 403),
                Access::ClientCredentials => status == 401,
                _ => false,
            };
            let described = is_described(method, template, status, "www-authenticate");
            assert_eq!(described, is_sent, "{method} {template} {status}");
        }
    }
    assert!(seen > 200, "{seen}");
}

#[test]
fn an_access_token_is_taken_from_one_authorization_header_only() {
    // sec: TK-10
    let server = Server::start();
    let (id, secret) = client(&server.admin());
    let body =
        json!({"grant_type": "client_credentials", "client_id": id, "client_secret": secret});
    let token = text(&server.client().post("/oauth/token", &body).ok()["accessToken"]);
    let me = "/v1/platform/client/me";
    assert_eq!(server.client().with_bearer(&token).get(me).status, 200);
    let lower = server
        .client()
        .with("authorization", &format!("bearer {token}"));
    assert_eq!(lower.get(me).status, 200);
    let missing = (401, "AUTH_REQUIRED".to_owned());
    for client in [
        server.client(),
        server.client().with(
            "cookie",
            &format!("access_token={token}; __Host-gf_session={token}"),
        ),
        server.client().with("x-access-token", &token),
        server
            .client()
            .with("authorization", &format!("Basic {token}")),
        server.client().with("authorization", &token),
        server.client().with("authorization", "Bearer"),
        server.client().with("authorization", "Bearer "),
    ] {
        assert_eq!(client.get(me).refusal(), missing);
    }
    for parameter in ["access_token", "token", "bearer"] {
        let answer = server.client().get(&format!("{me}?{parameter}={token}"));
        assert_eq!(answer.refusal(), missing, "{parameter}");
    }
    let twice = server.client().with_bearer(&token).with_bearer(&token);
    assert_eq!(twice.get(me).refusal(), (400, "INVALID_REQUEST".into()));
    assert_eq!(
        twice.get("/v1/me").refusal(),
        (400, "INVALID_REQUEST".into())
    );
}

#[test]
fn nothing_that_a_client_sends_comes_back_in_an_error() {
    // sec: CS-9, LG-1
    let server = Server::start();
    let canary = "canary7f3a";
    for answer in [
        server.client().get(&format!("/{canary}")),
        server
            .client()
            .get(&format!("/v1/repositories/{canary}/x?limit={canary}")),
        server.client().with_bearer(canary).get("/v1/me"),
        server
            .client()
            .with("x-admin-api-key", canary)
            .get("/v1/platform/tenants"),
        server.client().with("host", canary).get("/health"),
        server.admin().post(
            "/v1/platform/tenants",
            &json!({"name": canary, "kind": canary}),
        ),
        server
            .admin()
            .get(&format!("/v1/platform/tokens?cursor={canary}")),
        server.client().post(
            "/oauth/token",
            &json!({"grant_type": canary, "client_secret": canary}),
        ),
    ] {
        assert!(answer.status >= 400);
        let body = String::from_utf8(answer.body).unwrap();
        assert!(
            !body.contains(canary) && !body.contains(ADMIN_KEY),
            "{body}"
        );
    }
}
