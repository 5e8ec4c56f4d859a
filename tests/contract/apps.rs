//! Developer apps: what can be registered, who sees it, how secrets are rotated and apps end.

use serde_json::{Value, json};

use crate::contract::{
    accounts::developer,
    support::{Client, Server, text},
};

/// An app with these members beside what it needs.
pub(crate) fn create(developer: &Client, members: &Value) -> Value {
    let answer = developer.post("/v1/developer/apps", &with(members));
    assert_eq!(answer.status, 201, "{}", answer.json());
    answer.json()
}

fn with(members: &Value) -> Value {
    let mut app = json!({
        "name": "App",
        "allowedRedirectUris": ["https://app.example/callback"],
        "defaultPermissions": ["read:repositories", "read:commits"],
    });
    for (name, value) in members.as_object().unwrap() {
        app[name] = value.clone();
    }
    app
}

#[test]
fn an_app_comes_with_secrets_that_are_shown_once() {
    // sec: TK-5
    let server = Server::start();
    let ada = developer(&server, "ada@mail.example");
    let created = create(&ada, &json!({"description": "Counts commits"}));
    let (secret, embed) = (
        text(&created["clientSecret"]),
        text(&created["embedSecret"]),
    );
    assert!(secret.starts_with("sggcs_") && embed.starts_with("sggem_"));
    let base = format!("http://{}", ada.host());
    assert_eq!(
        created["oauth"],
        json!({
            "authorizeUrl": format!("{base}/oauth/authorize"),
            "tokenUrl": format!("{base}/oauth/token"),
        })
    );
    let client = &created["client"];
    for (name, expected) in [
        ("name", json!("App")),
        ("description", json!("Counts commits")),
        (
            "allowedRedirectUris",
            json!(["https://app.example/callback"]),
        ),
        (
            "defaultPermissions",
            json!(["read:repositories", "read:commits"]),
        ),
        ("requirePkce", json!(false)),
        ("requireSignedCustomerRef", json!(false)),
        ("allowedEmbedOrigins", json!([])),
        ("status", json!("active")),
    ] {
        assert_eq!(client[name], expected, "{name}");
    }
    let listed = ada.get("/v1/developer/apps").ok();
    assert_eq!(listed["data"], json!([client]));
    assert_eq!(listed["oauth"], created["oauth"]);
    assert!(!listed.to_string().contains(&secret) && !listed.to_string().contains(&embed));
}

#[test]
fn what_an_app_cannot_have_is_named() {
    // sec: RU-1
    let server = Server::start();
    let ada = developer(&server, "ada@mail.example");
    let app = create(&ada, &json!({}));
    let path = format!("/v1/developer/apps/{}", text(&app["client"]["id"]));
    let many: Vec<_> = (0..21)
        .map(|n| format!("https://app.example/{n}"))
        .collect();
    for (name, value, named) in [
        ("name", json!(" "), "`name`"),
        ("name", json!("x".repeat(201)), "`name`"),
        ("description", json!("x".repeat(2001)), "`description`"),
        (
            "allowedRedirectUris",
            json!(["http://localhost/cb"]),
            "`allowedRedirectUris[0]`",
        ),
        (
            "allowedRedirectUris",
            json!(["https://a.example", "x:"]),
            "`allowedRedirectUris[1]`",
        ),
        ("allowedRedirectUris", json!(many), "`allowedRedirectUris`"),
        (
            "defaultPermissions",
            json!(["write:all"]),
            "`defaultPermissions[0]`",
        ),
        ("defaultPermissions", json!([]), "`defaultPermissions`"),
        ("requirePkce", json!("yes"), "`requirePkce`"),
        (
            "allowedEmbedOrigins",
            json!(["https://a.example/"]),
            "`allowedEmbedOrigins[0]`",
        ),
        (
            "allowedEmbedOrigins",
            json!(["*"]),
            "`allowedEmbedOrigins[0]`",
        ),
        (
            "allowedEmbedOrigins",
            json!(["https://a.example;x"]),
            "`allowedEmbedOrigins[0]`",
        ),
    ] {
        let created = ada.post("/v1/developer/apps", &with(&json!({name: value})));
        let changed = ada
            .request("PATCH", &path)
            .json(&json!({name: value}))
            .send();
        for answer in [created, changed] {
            assert_eq!(
                answer.refusal(),
                (400, "INVALID_REQUEST".into()),
                "{name} {value}"
            );
            assert!(answer.message().contains(named), "{}", answer.message());
        }
    }
    assert_eq!(
        ada.get("/v1/developer/apps").ok()["data"],
        json!([app["client"]])
    );
}

#[test]
fn an_update_changes_what_it_names() {
    let server = Server::start();
    let ada = developer(&server, "ada@mail.example");
    let app = create(&ada, &json!({"description": "Old"}));
    let path = format!("/v1/developer/apps/{}", text(&app["client"]["id"]));
    let changes = json!({
        "name": "New",
        "description": "",
        "allowedRedirectUris": ["https://new.example/cb"],
        "requirePkce": true,
        "requireSignedCustomerRef": true,
        "allowedEmbedOrigins": ["https://frame.example"],
        "status": "deleted",
    });
    let changed = ada.request("PATCH", &path).json(&changes).send().ok();
    let client = &changed["client"];
    assert_eq!(changed["oauth"], app["oauth"]);
    for (name, expected) in [
        ("name", json!("New")),
        ("description", Value::Null),
        ("allowedRedirectUris", json!(["https://new.example/cb"])),
        (
            "defaultPermissions",
            app["client"]["defaultPermissions"].clone(),
        ),
        ("requirePkce", json!(true)),
        ("requireSignedCustomerRef", json!(true)),
        ("allowedEmbedOrigins", json!(["https://frame.example"])),
        ("status", json!("active")),
    ] {
        assert_eq!(client[name], expected, "{name}");
    }
    assert_eq!(ada.get("/v1/developer/apps").ok()["data"], json!([client]));
}

#[test]
fn two_secrets_live_side_by_side() {
    // sec: TK-5
    let server = Server::start();
    let ada = developer(&server, "ada@mail.example");
    let app = create(&ada, &json!({}));
    let id = text(&app["client"]["id"]);
    let path = format!("/v1/developer/apps/{id}/secrets");
    let second = ada.post(&path, &json!({}));
    assert_eq!(second.status, 201);
    let second = second.json();
    assert_eq!(
        ada.post(&path, &json!({})).refusal(),
        (400, "INVALID_REQUEST".into())
    );
    let ask = |secret: &Value| {
        let body = json!({
            "grant_type": "client_credentials",
            "client_id": id,
            "client_secret": secret,
        });
        server.client().post("/oauth/token", &body).status
    };
    assert_eq!(ask(&app["clientSecret"]), 200);
    assert_eq!(ask(&second["clientSecret"]), 200);
    let first = text(&app["client"]["secrets"][0]["id"]);
    for _ in 0..2 {
        assert_eq!(ada.delete(&format!("{path}/{first}")).status, 204);
    }
    assert_eq!(ask(&app["clientSecret"]), 401);
    assert_eq!(ask(&second["clientSecret"]), 200);
    let listed = ada.get("/v1/developer/apps").ok();
    assert_eq!(
        listed["data"][0]["secrets"][0]["id"],
        second["secret"]["id"]
    );
}

#[test]
fn somebody_elses_app_is_as_unknown_as_none() {
    // sec: TN-2
    let server = Server::start();
    let ada = developer(&server, "ada@mail.example");
    let eve = developer(&server, "eve@mail.example");
    let app = create(&ada, &json!({}));
    let own = text(&app["client"]["id"]);
    let secret = text(&app["client"]["secrets"][0]["id"]);
    assert_eq!(eve.get("/v1/developer/apps").ok()["data"], json!([]));
    for id in [own.as_str(), "client_0000000000000000000000", "nonsense"] {
        let path = format!("/v1/developer/apps/{id}");
        for answer in [
            eve.request("PATCH", &path)
                .json(&json!({"name": "Mine"}))
                .send(),
            eve.delete(&path),
            eve.post(&format!("{path}/secrets"), &json!({})),
            eve.delete(&format!("{path}/secrets/{secret}")),
            eve.get(&format!("/v1/account/usage/logs?clientId={id}")),
        ] {
            assert_eq!(answer.refusal(), (404, "RESOURCE_NOT_FOUND".into()), "{id}");
        }
    }
    assert_eq!(
        ada.get("/v1/developer/apps").ok()["data"],
        json!([app["client"]])
    );
}

#[test]
fn a_deleted_app_takes_its_tokens_along() {
    // sec: CA-1
    let server = Server::start();
    let ada = developer(&server, "ada@mail.example");
    let app = create(&ada, &json!({}));
    let id = text(&app["client"]["id"]);
    let body = json!({
        "grant_type": "client_credentials",
        "client_id": id,
        "client_secret": app["clientSecret"],
    });
    let token = text(&server.client().post("/oauth/token", &body).ok()["accessToken"]);
    for _ in 0..2 {
        assert_eq!(ada.delete(&format!("/v1/developer/apps/{id}")).status, 204);
    }
    let read = server.client().with_bearer(&token).get("/v1/me");
    assert_eq!(read.refusal(), (401, "AUTH_EXPIRED".into()));
    assert_eq!(server.client().post("/oauth/token", &body).status, 401);
    assert_eq!(ada.get("/v1/developer/apps").ok()["data"], json!([]));
}

#[test]
fn an_app_is_not_called_like_a_code_host() {
    let server = Server::start();
    let ada = developer(&server, "ada@mail.example");
    let app = create(&ada, &json!({"name": "Acme for GitHub"}));
    let id = text(&app["client"]["id"]);
    let body = json!({
        "name": "GitHub Security Team",
        "allowedRedirectUris": ["https://app.example/callback"],
        "defaultPermissions": ["read:commits"],
    });
    let made = ada.post("/v1/developer/apps", &body);
    assert_eq!(made.refusal(), (400, "INVALID_REQUEST".into()));
    assert!(made.message().contains("`name`"), "{}", made.message());
    let changed = ada
        .request("PATCH", &format!("/v1/developer/apps/{id}"))
        .json(&json!({"name": "GitLab"}))
        .send();
    assert_eq!(changed.refusal(), (400, "INVALID_REQUEST".into()));
}
