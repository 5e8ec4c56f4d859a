//! A tenant, a client, a connection, a grant and a token, made through the API itself.

use serde_json::{Value, json};

use super::{Client, Server, repository};

pub(crate) const ALL_SCOPES: &[&str] = &[
    "read:profile",
    "read:repositories",
    "read:branches",
    "read:commits",
    "read:pull-requests",
    "read:diffs",
    "read:authors",
    "read:tags",
    "read:releases",
    "read:checks",
    "read:deployments",
    "read:file-tree",
    "events:subscribe",
    "read:contents",
    "read:reviews",
];

/// Customer, app, connection, grant and token: all that a read needs.
pub(crate) struct Seed {
    pub(crate) company: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) connection: String,
    pub(crate) grant: String,
    pub(crate) token: String,
    pub(crate) token_id: String,
}

impl Seed {
    /// A token with every scope over `octo/hello` and `solo`; `None`, said aloud, without `git`.
    pub(crate) fn new(server: &Server) -> Option<Self> {
        Self::over(server, &json!(["octo/hello", "solo"]), ALL_SCOPES)
    }

    pub(crate) fn over(server: &Server, repositories: &Value, scopes: &[&str]) -> Option<Self> {
        if repository::repositories().is_none() {
            // The one place where a test may talk: what it could not do.
            use std::io::Write;
            let _ = writeln!(
                std::io::stderr(),
                "skipped: there is no git to make repositories with"
            );
            return None;
        }
        let admin = server.admin();
        let (client_id, client_secret) = client(&admin);
        let company = tenant(&admin, "company");
        let connection = connection(&admin, &company);
        let grant = admin
            .post(
                "/v1/platform/grants",
                &json!({
                    "tenantId": company,
                    "clientId": client_id,
                    "connectionId": connection,
                    "permissions": scopes,
                    "repositories": repositories,
                }),
            )
            .ok();
        let token = server
            .client()
            .post(
                "/oauth/token",
                &json!({
                    "grant_type": "client_credentials",
                    "client_id": client_id,
                    "client_secret": client_secret,
                }),
            )
            .ok();
        Some(Self {
            company,
            client_id,
            client_secret,
            connection,
            grant: text(&grant["grant"]["id"]),
            token: text(&token["accessToken"]),
            token_id: text(&token["id"]),
        })
    }
}

/// Makes a tenant of that kind and returns its id.
pub(crate) fn tenant(admin: &Client, kind: &str) -> String {
    let body = json!({"name": format!("A {kind}"), "kind": kind});
    text(&admin.post("/v1/platform/tenants", &body).ok()["tenant"]["id"])
}

/// A client's id and secret, in a developer tenant of its own.
pub(crate) fn client(admin: &Client) -> (String, String) {
    let created = admin
        .post(
            "/v1/platform/clients",
            &json!({
                "tenantId": tenant(admin, "developer"),
                "name": "App",
                "allowedRedirectUris": ["https://app.example/callback"],
                "defaultPermissions": ALL_SCOPES,
            }),
        )
        .ok();
    (
        text(&created["client"]["id"]),
        text(&created["clientSecret"]),
    )
}

/// A connection of a tenant to the local repositories.
pub(crate) fn connection(admin: &Client, tenant: &str) -> String {
    let body = json!({"provider": "local", "tenantId": tenant});
    text(&admin.post("/v1/connections/manual", &body).ok()["connection"]["id"])
}

pub(crate) fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("no text: {value}"))
        .to_owned()
}
