//! `POST /mcp` over plain sockets: what is refused before the protocol's code sees it, both revisions of the
//! protocol, scopes, usage rows, and the documents that lead to a token.
// sec: MC-1, MC-6

use serde_json::{Value, json};

use crate::contract::support::{
    Client, PLANTED_SECRET, Request, Response, Seed, Server, ServerOptions, block_on,
    consent::{ConsentFixture, encoded},
    text,
};

/// A token for tools with some scopes, all of them without any named.
fn tool_token(server: &Server, seed: &Seed, scope: &str) -> String {
    let mut body = json!({
        "grant_type": "client_credentials",
        "client_id": seed.client_id,
        "client_secret": seed.client_secret,
        "resource": format!("http://{}/mcp", server.address),
    });
    if !scope.is_empty() {
        body["scope"] = scope.into();
    }
    text(&server.client().post("/oauth/token", &body).ok()["access_token"])
}

fn agent(server: &Server, seed: &Seed, scope: &str) -> Client {
    server
        .client()
        .with_bearer(&tool_token(server, seed, scope))
        .with("accept", "application/json, text/event-stream")
}

/// A message as the older revisions send it.
fn legacy(client: &Client, message: &Value) -> Response {
    client
        .request("POST", "/mcp")
        .header("mcp-protocol-version", "2025-06-18")
        .json(message)
        .send()
}

/// A request as the current revision sends it.
fn modern(client: &Client, method: &str, params: &Value) -> Request {
    let mut params = params.clone();
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    });
    let mut request = client
        .request("POST", "/mcp")
        .header("mcp-protocol-version", "2026-07-28")
        .header("mcp-method", method);
    if let Some(name) = params["name"].as_str() {
        request = request.header("mcp-name", name);
    }
    request.json(&json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}))
}

fn call(tool: &str, arguments: &Value) -> Value {
    json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": tool, "arguments": arguments},
    })
}

fn hello(more: &Value) -> Value {
    let mut arguments = json!({"provider": "local", "repository": "octo/hello"});
    for (name, value) in more.as_object().unwrap() {
        arguments[name] = value.clone();
    }
    arguments
}

const READS: &str = "read:profile read:repositories read:branches read:commits read:pull-requests \
    read:diffs read:authors read:tags read:releases read:checks read:deployments read:file-tree \
    read:contents read:reviews";

#[test]
fn a_stranger_is_told_where_tokens_come_from() {
    let server = Server::start();
    let public = format!("http://{}", server.address);
    let client = server
        .client()
        .with("accept", "application/json, text/event-stream");
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let about = format!(
        r#"Bearer resource_metadata="{public}/.well-known/oauth-protected-resource/mcp", scope="{READS}""#
    );
    let answer = legacy(&client, &list);
    assert_eq!(answer.refusal(), (401, "AUTH_REQUIRED".into()));
    assert_eq!(answer.header("www-authenticate"), Some(about.as_str()));
    let invalid = format!(r#"{about}, error="invalid_token""#);
    let dead = format!("sggmt_{}", "0".repeat(49));
    for token in ["nonsense", &dead] {
        let answer = legacy(&client.clone().with_bearer(token), &list);
        assert_eq!(answer.refusal(), (401, "INVALID_CREDENTIALS".into()));
        assert_eq!(answer.header("www-authenticate"), Some(invalid.as_str()));
    }
    let one = server
        .client()
        .get("/.well-known/oauth-protected-resource/mcp");
    let other = server.client().get("/.well-known/oauth-protected-resource");
    assert_eq!(one.body, other.body);
    let scopes: Vec<&str> = READS.split_whitespace().collect();
    assert_eq!(
        one.ok(),
        json!({
            "resource": format!("{public}/mcp"),
            "authorization_servers": [public],
            "scopes_supported": scopes,
            "bearer_methods_supported": ["header"],
            "resource_name": "GitFlare",
            "resource_documentation": format!("{public}/docs/agents"),
        })
    );
    let issuer = server
        .client()
        .get("/.well-known/oauth-authorization-server")
        .ok();
    assert_eq!(issuer["issuer"], public);
    assert_eq!(issuer["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(
        issuer["authorization_response_iss_parameter_supported"],
        true
    );
    assert_eq!(issuer["registration_endpoint"], Value::Null);
    assert_eq!(issuer["client_id_metadata_document_supported"], Value::Null);
}

#[test]
fn what_is_not_switched_on_is_not_offered_either() {
    let fixture = ConsentFixture::start();
    let client = fixture.server.client();
    let issuer = client.get("/.well-known/oauth-authorization-server").ok();
    let offered = |name: &str| issuer[name].to_string();
    assert!(!offered("grant_types_supported").contains("refresh_token"));
    assert!(!offered("token_endpoint_auth_methods_supported").contains("none"));
    let registration = json!({"redirect_uris": ["http://127.0.0.1:1/"], "client_name": "agent"});
    let answer = client.post("/oauth/register", &registration);
    assert_eq!(answer.refusal(), (404, "RESOURCE_NOT_FOUND".into()));
    // No address is fetched for it: it is a client that nobody has registered.
    let document = encoded("https://agent.example/client.json");
    let link = fixture.link(&[("code_challenge_method", "S256")]);
    let link = link.replace(&fixture.client_id(), &document);
    let page = client.get(&link);
    assert_eq!((page.status, page.header("location")), (400, None));
    // An app has a secret, and asks for its tokens with that.
    let refreshed =
        fixture.token(&json!({"grant_type": "refresh_token", "refresh_token": "sggrt_1"}));
    assert_eq!(refreshed.status, 400);
    assert!(refreshed.message().contains("client_credentials"));
}

#[test]
fn a_token_of_the_api_is_none_here() {
    let server = Server::start();
    let Some(seed) = Seed::new(&server) else {
        return;
    };
    let client = server
        .client()
        .with("accept", "application/json, text/event-stream");
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let answer = legacy(&client.with_bearer(&seed.token), &list);
    assert_eq!(answer.refusal(), (401, "INVALID_CREDENTIALS".into()));
    assert_eq!(agent(&server, &seed, "").get("/v1/me").status, 401);
}

#[test]
fn what_is_no_request_of_the_protocol_never_reaches_its_code() {
    let server = Server::start();
    let Some(seed) = Seed::new(&server) else {
        return;
    };
    let client = agent(&server, &seed, "");
    let bare = server.client().with_bearer(&tool_token(&server, &seed, ""));
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let sent = list.to_string().into_bytes();
    let json = "application/json";
    let panel = format!("http://{}", server.address);
    let post = |client: &Client| client.request("POST", "/mcp");
    for (request, status, code) in [
        (
            post(&client)
                .header("origin", "https://evil.example")
                .json(&list),
            403,
            "ACCESS_BLOCKED_BY_POLICY",
        ),
        (
            post(&client).header("origin", "null").json(&list),
            403,
            "ACCESS_BLOCKED_BY_POLICY",
        ),
        (
            post(&client).header("host", "evil.example").json(&list),
            400,
            "INVALID_REQUEST",
        ),
        (
            post(&client).body("text/plain", sent.clone()),
            415,
            "INVALID_REQUEST",
        ),
        (post(&client), 415, "INVALID_REQUEST"),
        (post(&bare).json(&list), 406, "INVALID_REQUEST"),
        (
            post(&bare).header("accept", json).json(&list),
            406,
            "INVALID_REQUEST",
        ),
        (
            post(&bare)
                .header("accept", "text/event-stream")
                .json(&list),
            406,
            "INVALID_REQUEST",
        ),
        (
            post(&bare).header("accept", "*/*").json(&list),
            406,
            "INVALID_REQUEST",
        ),
        (
            post(&bare)
                .header("accept", "application/json;q=0, text/event-stream")
                .json(&list),
            406,
            "INVALID_REQUEST",
        ),
        (
            post(&client).body(json, vec![b' '; 256 * 1024 + 1]),
            413,
            "INVALID_REQUEST",
        ),
        (client.request("GET", "/mcp"), 405, "INVALID_REQUEST"),
        (client.request("DELETE", "/mcp"), 405, "INVALID_REQUEST"),
    ] {
        assert_eq!(request.send().refusal(), (status, code.to_owned()));
    }
    let own = post(&client).header("origin", &panel).json(&list).send();
    assert_eq!(own.status, 200);
    let both = post(&bare).header("accept", "text/event-stream; q=0.5, Application/JSON");
    assert_eq!(both.json(&list).send().status, 200);
    for (body, code) in [
        ("", -32700),
        ("{", -32700),
        ("[]", -32600),
        (
            "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]",
            -32600,
        ),
        ("{}", -32600),
        ("{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"ping\"}", -32600),
        (
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"ping\"}",
            -32600,
        ),
    ] {
        let answer = post(&client).body(json, body.as_bytes().to_vec()).send();
        assert_eq!(answer.status, 400, "{body}");
        assert_eq!(answer.json()["error"]["code"], code, "{body}");
    }
}

#[test]
fn the_older_revisions_begin_with_a_handshake_and_no_session() {
    let server = Server::start();
    let Some(seed) = Seed::new(&server) else {
        return;
    };
    let client = agent(&server, &seed, "");
    for (asked, answered) in [
        ("2025-11-25", "2025-11-25"),
        ("2025-06-18", "2025-06-18"),
        ("2025-03-26", "2025-03-26"),
        ("1999-01-01", "2025-11-25"),
    ] {
        let begin = json!({
            "jsonrpc": "2.0", "id": 0, "method": "initialize",
            "params": {
                "protocolVersion": asked,
                "capabilities": {},
                "clientInfo": {"name": "test", "version": "1"},
            },
        });
        let answer = client.post("/mcp", &begin);
        assert_eq!(answer.header("mcp-session-id"), None);
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let result = answer.ok()["result"].clone();
        assert_eq!(result["protocolVersion"], answered, "{asked}");
        assert_eq!(result["capabilities"], json!({"tools": {}}));
        assert_eq!(result["serverInfo"]["name"], "gitflare");
        assert!(text(&result["instructions"]).contains("it is data"));
    }
    let ready = legacy(
        &client,
        &json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
    );
    assert_eq!((ready.status, ready.body.len()), (202, 0));
    let result = legacy(&client, &call("list_tags", &hello(&json!({})))).ok()["result"].clone();
    assert_eq!(result["isError"], false);
    assert!(result.get("resultType").is_none());
    let rest = server.client().with_bearer(&seed.token);
    let rest = rest.get("/v1/repositories/local/octo%2Fhello/tags").ok();
    assert_eq!(result["structuredContent"], rest);
    let unknown = legacy(&client, &call("delete_repository", &json!({})));
    assert_eq!(unknown.ok()["error"]["code"], -32602);
}

#[test]
fn the_current_revision_needs_no_handshake() {
    let server = Server::start();
    let Some(seed) = Seed::new(&server) else {
        return;
    };
    let client = agent(&server, &seed, "");
    let found = modern(&client, "server/discover", &json!({})).send().ok()["result"].clone();
    assert_eq!(
        found["supportedVersions"],
        json!(["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26"])
    );
    assert_eq!(found["capabilities"], json!({"tools": {}}));
    let tools = modern(&client, "tools/list", &json!({})).send().ok()["result"].clone();
    assert_eq!(tools["tools"].as_array().unwrap().len(), 21);
    assert_eq!(tools["cacheScope"], "private");
    let read = json!({"name": "get_file", "arguments": hello(&json!({"path": "src/config.py"}))});
    let result = modern(&client, "tools/call", &read).send().ok()["result"].clone();
    assert_eq!(result["resultType"], "complete");
    assert!(!result.to_string().contains(PLANTED_SECRET));
    assert!(result.to_string().contains("gf_sha256:"));

    let absent = modern(&client, "resources/list", &json!({})).send();
    assert_eq!(
        (absent.status, &absent.json()["error"]["code"]),
        (404, &json!(-32601))
    );
    let unknown = json!({"name": "delete_repository", "arguments": {}});
    let unknown = modern(&client, "tools/call", &unknown).send();
    assert_eq!(unknown.json()["error"]["code"], -32602);
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    }}});
    let other = client.request("POST", "/mcp");
    let other = other
        .header("mcp-protocol-version", "2026-07-28")
        .header("mcp-method", "ping");
    let other = other.json(&list).send();
    assert_eq!(
        (other.status, &other.json()["error"]["code"]),
        (400, &json!(-32020))
    );
    let mut far = list.clone();
    far["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = "2099-01-01".into();
    let far = client
        .request("POST", "/mcp")
        .header("mcp-protocol-version", "2099-01-01")
        .header("mcp-method", "tools/list")
        .json(&far)
        .send();
    assert_eq!(
        (far.status, &far.json()["error"]["code"]),
        (400, &json!(-32022))
    );
    let far = client
        .request("POST", "/mcp")
        .header("mcp-protocol-version", "2099-01-01");
    let far = far
        .json(&json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}))
        .send();
    assert_eq!(
        (far.status, &far.json()["error"]["code"]),
        (400, &json!(-32022))
    );
}

#[test]
fn a_missing_scope_is_a_challenge_and_has_its_usage_row() {
    let server = Server::start();
    let Some(seed) = Seed::new(&server) else {
        return;
    };
    let client = agent(&server, &seed, "read:tags read:commits");
    let answer = legacy(&client, &call("list_branches", &hello(&json!({}))));
    assert_eq!(answer.refusal(), (403, "INSUFFICIENT_SCOPE".into()));
    let public = format!("http://{}", server.address);
    let expected = format!(
        r#"Bearer resource_metadata="{public}/.well-known/oauth-protected-resource/mcp", scope="read:branches", error="insufficient_scope""#
    );
    assert_eq!(answer.header("www-authenticate"), Some(expected.as_str()));
    legacy(&client, &call("list_tags", &hello(&json!({"limit": 1})))).ok();
    // What the model can put right is told to the model.
    for (arguments, code) in [
        (hello(&json!({"limit": 0})), "INVALID_LIMIT"),
        (hello(&json!({"limit": "1"})), "INVALID_REQUEST"),
        (hello(&json!({"cursor": "x"})), "INVALID_CURSOR"),
        (hello(&json!({"page": 2})), "INVALID_REQUEST"),
        (
            hello(&json!({"repository": "octo/other"})),
            "REPOSITORY_NOT_APPROVED",
        ),
        (
            hello(&json!({"provider": "sourceforge"})),
            "UNSUPPORTED_PROVIDER",
        ),
        (hello(&json!({"repository": ""})), "INVALID_REQUEST"),
        (json!({"provider": "local"}), "INVALID_REQUEST"),
        (hello(&json!({"repository": null})), "INVALID_REQUEST"),
    ] {
        let result = legacy(&client, &call("list_tags", &arguments)).ok()["result"].clone();
        assert_eq!(result["isError"], true, "{arguments}");
        let error: Value =
            serde_json::from_str(result["content"][0]["text"].as_str().unwrap()).unwrap();
        assert_eq!(error["error"]["code"], code, "{arguments}");
    }
    let rows = block_on(async {
        server.storage.usage().flush().await.unwrap();
        server
            .storage
            .usage()
            .list(&Default::default(), 0, 100)
            .await
            .unwrap()
            .0
    });
    let mut shown: Vec<_> = rows
        .iter()
        .map(|row| {
            assert_eq!((row.method, row.path.as_str()), ("POST", "/mcp"));
            (row.endpoint_key, row.status, row.error_code)
        })
        .collect();
    shown.sort_unstable();
    assert_eq!(
        shown,
        [
            ("branches.list", 403, Some("INSUFFICIENT_SCOPE")),
            ("tags.list", 200, None),
            ("tags.list", 400, Some("INVALID_CURSOR")),
            ("tags.list", 400, Some("INVALID_LIMIT")),
            // Arguments that no read could have, five times.
            ("tags.list", 400, Some("INVALID_REQUEST")),
            ("tags.list", 400, Some("INVALID_REQUEST")),
            ("tags.list", 400, Some("INVALID_REQUEST")),
            ("tags.list", 400, Some("INVALID_REQUEST")),
            ("tags.list", 400, Some("INVALID_REQUEST")),
            ("tags.list", 400, Some("UNSUPPORTED_PROVIDER")),
            ("tags.list", 403, Some("REPOSITORY_NOT_APPROVED")),
        ]
    );
}

#[test]
fn a_revoked_grant_and_a_revoked_token_are_felt_at_once() {
    let server = Server::start();
    let Some(seed) = Seed::new(&server) else {
        return;
    };
    let token = tool_token(&server, &seed, "");
    let client = server
        .client()
        .with_bearer(&token)
        .with("accept", "application/json, text/event-stream");
    let read = call("list_tags", &hello(&json!({})));
    assert_eq!(legacy(&client, &read).ok()["result"]["isError"], false);
    server
        .admin()
        .delete(&format!("/v1/platform/grants/{}", seed.grant));
    let result = legacy(&client, &read).json();
    assert_ne!(result["result"]["isError"], false, "{result}");
    let form = format!(
        "token={token}&client_id={}&client_secret={}",
        encoded(&seed.client_id),
        encoded(&seed.client_secret)
    );
    let revoked = server
        .client()
        .request("POST", "/oauth/revoke")
        .form(&form)
        .send();
    assert_eq!(revoked.status, 200);
    let answer = legacy(&client, &read);
    assert_eq!(answer.refusal(), (401, "AUTH_EXPIRED".into()));
    assert!(
        answer
            .header("www-authenticate")
            .unwrap()
            .ends_with(r#"error="invalid_token""#)
    );
}

#[test]
fn a_call_too_many_is_refused_by_http() {
    // sec: RL-1
    let server = Server::with(ServerOptions {
        reads_per_minute: 2,
        ..ServerOptions::default()
    });
    let Some(seed) = Seed::new(&server) else {
        return;
    };
    let client = agent(&server, &seed, "");
    let read = call("list_tags", &hello(&json!({})));
    for _ in 0..2 {
        assert_eq!(legacy(&client, &read).ok()["result"]["isError"], false);
    }
    let answer = legacy(&client, &read);
    assert_eq!(answer.refusal(), (429, "RATE_LIMITED".into()));
    assert!(answer.header("retry-after").is_some());
}
