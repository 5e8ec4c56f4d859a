//! The platform admin API: creating, listing, revoking, introspecting, and the firewall's
//! configuration.

use serde_json::json;

use crate::contract::support::{ADMIN_KEY, Seed, Server, client, connection, tenant, text};

const ADMIN_ROUTES: &[(&str, &str)] = &[
    ("GET", "/v1/platform/tenants"),
    ("POST", "/v1/platform/tenants"),
    ("DELETE", "/v1/platform/tenants/tenant_1"),
    ("GET", "/v1/platform/clients"),
    ("POST", "/v1/platform/clients"),
    ("GET", "/v1/platform/grants"),
    ("POST", "/v1/platform/grants"),
    ("DELETE", "/v1/platform/grants/grant_1"),
    ("GET", "/v1/platform/tokens"),
    ("POST", "/v1/platform/tokens/introspect"),
    ("DELETE", "/v1/platform/tokens/atk_1"),
    ("GET", "/v1/security/firewall/config"),
    ("POST", "/v1/security/firewall/config"),
];

#[test]
fn the_admin_api_opens_to_the_admin_key_in_its_header_only() {
    // sec: IN-4
    let server = Server::start();
    for (method, path) in ADMIN_ROUTES {
        for client in [
            server.client(),
            server.client().with_bearer(ADMIN_KEY),
            server
                .client()
                .with("cookie", &format!("x-admin-api-key={ADMIN_KEY}")),
        ] {
            let answer = client.request(method, path).send();
            assert_eq!(
                answer.refusal(),
                (401, "AUTH_REQUIRED".into()),
                "{method} {path}"
            );
        }
        let target = format!("{path}?x-admin-api-key={ADMIN_KEY}");
        let answer = server.client().request(method, &target).send();
        assert_eq!(
            answer.refusal(),
            (401, "AUTH_REQUIRED".into()),
            "{method} {path}"
        );
    }
}

#[test]
fn a_wrong_admin_key_is_refused_and_audited() {
    // sec: IN-4, LG-3
    let server = Server::start();
    let longer = format!("{ADMIN_KEY}x");
    let wrong = [
        "",
        "wrong",
        &ADMIN_KEY[1..],
        &longer,
        &ADMIN_KEY.to_uppercase(),
    ];
    for key in wrong {
        let answer = server
            .client()
            .with("x-admin-api-key", key)
            .get("/v1/platform/tenants");
        assert_eq!(
            answer.refusal(),
            (401, "INVALID_CREDENTIALS".into()),
            "{key}"
        );
    }
    let twice = server
        .admin()
        .with("x-admin-api-key", ADMIN_KEY)
        .get("/v1/platform/tenants");
    assert_eq!(twice.refusal(), (400, "INVALID_REQUEST".into()));
    let denied = audit(&server)
        .into_iter()
        .filter(|line| line == "anonymous admin.authenticate denied");
    assert_eq!(denied.count(), wrong.len());
}

/// Every audit row as "who what how", sorted: rows of one millisecond have no order.
pub(crate) fn audit(server: &Server) -> Vec<String> {
    let range = gitflare_core::storage::ListRange {
        after: None,
        limit: 1000,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let rows = runtime
        .block_on(server.storage.audit().list(range))
        .unwrap();
    let mut lines: Vec<_> = rows
        .iter()
        .map(|row| {
            format!(
                "{} {} {}",
                row.actor.as_str(),
                row.action.as_str(),
                row.outcome.as_str()
            )
        })
        .collect();
    lines.sort_unstable();
    lines
}

#[test]
fn each_change_is_audited_once() {
    // sec: LG-3
    let server = Server::start();
    let Some(seed) = Seed::new(&server) else {
        return;
    };
    let admin = server.admin();
    for _ in 0..2 {
        assert_eq!(
            admin
                .delete(&format!("/v1/platform/tokens/{}", seed.token_id))
                .status,
            204
        );
        assert_eq!(
            admin
                .delete(&format!("/v1/platform/grants/{}", seed.grant))
                .status,
            204
        );
        assert_eq!(
            admin
                .delete(&format!("/v1/connections/{}", seed.connection))
                .status,
            204
        );
    }
    admin
        .post("/v1/security/firewall/config", &json!({"enabled": true}))
        .ok();
    let wrong = json!({"grant_type": "client_credentials", "client_id": seed.client_id, "client_secret": "x"});
    assert_eq!(server.client().post("/oauth/token", &wrong).status, 401);
    assert_eq!(
        audit(&server),
        [
            "admin client.create ok",
            "admin connection.create ok",
            "admin connection.delete ok",
            "admin firewall.configure ok",
            "admin grant.create ok",
            "admin grant.revoke ok",
            "admin tenant.create ok",
            "admin tenant.create ok",
            "admin token.revoke ok",
            "anonymous client.authenticate denied",
            &format!("{} token.issue ok", seed.client_id),
        ]
    );
}

#[test]
fn a_tenant_is_created_and_listed() {
    let server = Server::start();
    let admin = server.admin();
    let answer = admin.post(
        "/v1/platform/tenants",
        &json!({"name": "  Acme\u{202e} ", "kind": "company"}),
    );
    assert_eq!(answer.status, 201);
    let created = answer.ok()["tenant"].clone();
    assert_eq!(
        created,
        json!({"id": created["id"], "name": "Acme", "kind": "company", "createdAt": created["createdAt"]})
    );
    assert!(text(&created["id"]).starts_with("tenant_"));
    let default = admin
        .post("/v1/platform/tenants", &json!({"name": "B"}))
        .ok();
    assert_eq!(default["tenant"]["kind"], "developer");
    let listed = admin.get("/v1/platform/tenants").ok();
    let rows = listed["data"].as_array().unwrap();
    assert!(rows.len() == 2 && rows.contains(&created) && rows.contains(&default["tenant"]));
    assert_eq!(
        listed["page_info"],
        json!({"limit": 25, "next_cursor": null, "has_more": false})
    );
    for name in ["", "   ", "\u{202e}", &"x".repeat(201)] {
        let answer = admin.post("/v1/platform/tenants", &json!({"name": name}));
        assert_eq!(answer.refusal(), (400, "INVALID_REQUEST".into()), "{name}");
    }
}

#[test]
fn a_client_is_created_with_secrets_that_are_shown_once() {
    let server = Server::start();
    let admin = server.admin();
    let developer = tenant(&admin, "developer");
    let body = json!({
        "tenantId": developer, "name": "App", "description": "Reads",
        "allowedRedirectUris": ["https://app.example/cb"], "defaultPermissions": ["read:tags", "read:profile"],
    });
    let answer = admin.post("/v1/platform/clients", &body);
    assert_eq!(answer.status, 201);
    let created = answer.ok();
    assert!(text(&created["clientSecret"]).starts_with("sggcs_"));
    assert!(text(&created["embedSecret"]).starts_with("sggem_"));
    let client = &created["client"];
    let secrets = client["secrets"].as_array().unwrap();
    assert_eq!(secrets.len(), 1);
    assert_eq!(
        *client,
        json!({
            "id": client["id"], "tenantId": developer, "ownerUserId": null, "name": "App", "description": "Reads",
            "allowedRedirectUris": ["https://app.example/cb"], "defaultPermissions": ["read:profile", "read:tags"],
            "requirePkce": false, "requireSignedCustomerRef": false, "allowedEmbedOrigins": [],
            "secrets": [{"id": secrets[0]["id"], "createdAt": client["createdAt"], "lastUsedAt": null}],
            "status": "active", "createdAt": client["createdAt"], "updatedAt": client["createdAt"],
        })
    );
    let listed = admin.get(&format!("/v1/platform/clients?tenantId={developer}"));
    assert_eq!(listed.ok()["data"], json!([client]));
    let shown = String::from_utf8(listed.body).unwrap();
    assert!(
        !shown.contains("sggcs_") && !shown.contains("sggem_"),
        "{shown}"
    );
    let company = tenant(&admin, "company");
    for (change, value, named) in [
        ("tenantId", json!("tenant_unknown"), "tenantId"),
        ("tenantId", json!(company), "tenantId"),
        ("tenantId", json!("nonsense"), "tenant id"),
        ("name", json!(7), "name"),
        (
            "allowedRedirectUris",
            json!("https://a.example"),
            "allowedRedirectUris",
        ),
        (
            "allowedRedirectUris",
            json!(["https://a.example/", 7]),
            "allowedRedirectUris[1]",
        ),
        (
            "allowedRedirectUris",
            json!(["javascript:alert(1)"]),
            "allowedRedirectUris[0]",
        ),
        ("defaultPermissions", json!([]), "defaultPermissions"),
        (
            "defaultPermissions",
            json!(["read:tags", "write:tags"]),
            "defaultPermissions[1]",
        ),
    ] {
        let mut body = body.clone();
        body[change] = value;
        let answer = admin.post("/v1/platform/clients", &body);
        assert_eq!(answer.refusal(), (400, "INVALID_REQUEST".into()), "{body}");
        assert!(answer.message().contains(named), "{}", answer.message());
    }
}

#[test]
fn a_grant_is_created_listed_and_revoked() {
    let server = Server::start();
    let Some(seed) = Seed::new(&server) else {
        return;
    };
    let admin = server.admin();
    let (id, _) = client(&admin);
    let body = json!({
        "tenantId": seed.company, "clientId": id, "connectionId": seed.connection,
        "permissions": ["read:tags"], "repositories": ["octo/hello", "solo", "octo/hello"],
    });
    let answer = admin.post("/v1/platform/grants", &body);
    assert_eq!(answer.status, 201);
    let created = answer.ok();
    let grant = &created["grant"];
    assert_eq!(
        *grant,
        json!({
            "id": grant["id"], "authorizationId": created["authorization"]["id"], "tenantId": seed.company,
            "clientId": id, "connectionId": seed.connection, "permissions": ["read:tags"],
            "repositories": [
                {"id": "octo/hello", "fullName": "octo/hello"},
                {"id": "solo", "fullName": grant["repositories"][1]["fullName"]},
            ],
            "status": "active", "createdAt": grant["createdAt"], "revokedAt": null, "expiresAt": null,
        })
    );
    assert_eq!(
        created["authorization"],
        json!({
            "id": grant["authorizationId"], "tenantId": seed.company, "clientId": id, "status": "active",
            "permissions": ["read:tags"], "grants": [grant],
        })
    );
    let listed = admin
        .get(&format!("/v1/platform/grants?clientId={id}"))
        .ok();
    assert_eq!(listed["data"], json!([grant]));
    let path = format!("/v1/platform/grants/{}", text(&grant["id"]));
    for _ in 0..2 {
        assert_eq!(admin.delete(&path).status, 204);
    }
    for unknown in ["grant_unknown", "nonsense", "atk_1"] {
        assert_eq!(
            admin
                .delete(&format!("/v1/platform/grants/{unknown}"))
                .status,
            204,
            "{unknown}"
        );
    }
    let listed = admin
        .get(&format!("/v1/platform/grants?clientId={id}"))
        .ok();
    assert_eq!(listed["data"][0]["status"], "revoked");
    assert!(listed["data"][0]["revokedAt"].is_string());
}

#[test]
fn a_grant_names_what_is_wrong_with_it() {
    let server = Server::start();
    let Some(seed) = Seed::new(&server) else {
        return;
    };
    let admin = server.admin();
    let other = tenant(&admin, "company");
    let foreign = connection(&admin, &other);
    let body = json!({
        "tenantId": seed.company, "clientId": seed.client_id, "connectionId": seed.connection,
        "permissions": ["read:tags"], "repositories": "all",
    });
    let mut foreign_and_unknown = Vec::new();
    for (change, value, status, named) in [
        ("tenantId", json!(null), 400, "tenantId"),
        ("tenantId", json!("tenant_unknown"), 400, "tenantId"),
        ("clientId", json!("client_unknown"), 400, "clientId"),
        ("connectionId", json!(foreign), 400, "connectionId"),
        ("connectionId", json!("conn_unknown"), 400, "connectionId"),
        ("permissions", json!([]), 400, "permissions"),
        ("permissions", json!(["read:all"]), 400, "permissions[0]"),
        ("repositories", json!(null), 400, "repositories"),
        ("repositories", json!("some"), 400, "repositories"),
        ("repositories", json!([]), 400, "repositories"),
        ("repositories", json!(["solo", 1]), 400, "repositories[1]"),
        ("repositories", json!(["no/such"]), 404, "repository"),
        ("expiresAt", json!("yesterday"), 400, "expiresAt"),
        ("expiresAt", json!("2001-01-01T00:00:00Z"), 400, "expiresAt"),
    ] {
        let mut body = body.clone();
        body[change] = value.clone();
        let answer = admin.post("/v1/platform/grants", &body);
        assert_eq!(
            answer.status,
            status,
            "{change} {value}: {}",
            answer.message()
        );
        assert!(
            answer.message().contains(named),
            "{change} {value}: {}",
            answer.message()
        );
        if change == "connectionId" {
            foreign_and_unknown.push(answer.message());
        }
    }
    // sec: TN-2
    assert_eq!(foreign_and_unknown[0], foreign_and_unknown[1]);
}

#[test]
fn a_token_is_introspected_listed_and_revoked_without_its_text() {
    // sec: TK-11
    let server = Server::start();
    let Some(seed) = Seed::new(&server) else {
        return;
    };
    let admin = server.admin();
    let introspect =
        |token: &str| admin.post("/v1/platform/tokens/introspect", &json!({"token": token}));
    let answer = introspect(&seed.token);
    let body = answer.ok();
    for (name, value) in [
        ("active", json!(true)),
        ("token_type", json!("Bearer")),
        ("client_id", json!(seed.client_id)),
        ("id", json!(seed.token_id)),
        ("tenantId", json!(seed.company)),
        ("clientId", json!(seed.client_id)),
        ("connectionIds", json!([seed.connection])),
    ] {
        assert_eq!(body[name], value, "{name}");
    }
    assert!(text(&body["scope"]).starts_with("read:profile read:repositories"));
    assert_eq!(
        body["exp"].as_i64().unwrap() - body["iat"].as_i64().unwrap(),
        3600
    );
    let listed = admin.get(&format!("/v1/platform/tokens?tenantId={}", seed.company));
    assert_eq!(listed.ok()["data"][0]["id"], json!(seed.token_id));
    for body in [answer.body, listed.body] {
        assert!(!String::from_utf8(body).unwrap().contains("sggat_"));
    }
    let inactive = json!({"active": false});
    for unknown in [
        "",
        "nonsense",
        "sggat_x",
        &seed.client_secret,
        &seed.token[1..],
    ] {
        assert_eq!(introspect(unknown).ok(), inactive, "{unknown}");
    }
    assert_eq!(
        admin
            .post("/v1/platform/tokens/introspect", &json!({}))
            .message(),
        "`token` is missing."
    );
    for _ in 0..2 {
        assert_eq!(
            admin
                .delete(&format!("/v1/platform/tokens/{}", seed.token_id))
                .status,
            204
        );
    }
    assert_eq!(introspect(&seed.token).ok(), inactive);
    assert_eq!(admin.delete("/v1/platform/tokens/nonsense").status, 204);
}
