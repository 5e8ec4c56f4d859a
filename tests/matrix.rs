//! The route table and the error table against the published contract, in both directions: no row
//! too few, none too many, the same order. The matrix stands here in the tests' own words; where
//! the published text lies beside the repository it is read as well.

#![forbid(unsafe_code)]

use std::path::Path;

use gitflare_core::{CODES, Scope};
use gitflare_server::http::{Access, ROUTES, Route, RouteMethod};

/// Method and paths, who may call, which scope: the published matrix, group by group.
#[rustfmt::skip]
const MATRIX: &[(&str, &str, &str, &str)] = &[
    ("OPTIONS", "/*", "public", "-"),
    ("GET", "/health", "public", "-"),
    ("GET", "/v1/providers", "public", "-"),
    ("GET", "/v1/auth/callback-urls", "public", "-"),
    ("GET", "/v1/platform/capabilities", "public", "-"),

    ("GET", "/oauth/authorize", "embed", "-"),
    ("POST", "/oauth/authorize/approve", "embed", "-"),
    ("GET", "/oauth/authorize/deny", "embed", "-"),
    ("POST", "/oauth/token", "client", "-"),
    ("POST", "/v1/platform/tokens", "client", "-"),
    ("GET", "/v1/platform/client/me", "token", "-"),

    ("GET", "/v1/me", "token", "read:profile"),
    ("GET", "/v1/repositories", "token", "read:repositories"),
    ("GET", "/v1/repositories/:provider/:repoId", "token", "read:repositories"),
    ("GET", "/v1/repositories/:provider/:repoId/branches", "token", "read:branches"),
    ("GET", "/v1/repositories/:provider/:repoId/commits", "token", "read:commits"),
    ("GET", "/v1/repositories/:provider/:repoId/commits/:commitId/diff", "token", "read:diffs"),
    ("GET", "/v1/repositories/:provider/:repoId/pull-requests", "token", "read:pull-requests"),
    ("GET", "/v1/repositories/:provider/:repoId/pull-requests/:pullRequestId/diff", "token", "read:diffs"),
    ("GET", "/v1/repositories/:provider/:repoId/contributors", "token", "read:authors"),
    ("GET", "/v1/repositories/:provider/:repoId/tags", "token", "read:tags"),
    ("GET", "/v1/repositories/:provider/:repoId/releases", "token", "read:releases"),
    ("GET", "/v1/repositories/:provider/:repoId/checks", "token", "read:checks"),
    ("GET", "/v1/repositories/:provider/:repoId/deployments", "token", "read:deployments"),
    ("GET", "/v1/repositories/:provider/:repoId/file-tree", "token", "read:file-tree"),
    ("POST", "/v1/repositories/:provider/:repoId/events/subscribe", "token", "events:subscribe"),

    ("GET", "/v1/auth/:provider/start", "optional", "-"),
    ("GET", "/v1/auth/:provider/callback", "provider", "-"),
    ("GET", "/v1/connections", "internal", "-"),
    ("POST", "/v1/connections/manual", "internal", "-"),
    ("GET", "/v1/connections/:connectionId", "internal", "-"),
    ("DELETE", "/v1/connections/:connectionId", "internal", "-"),

    ("GET", "/v1/account/me", "user", "-"),
    ("GET", "/v1/account/connections", "user", "-"),
    ("GET", "/v1/account/repositories", "user", "-"),
    ("GET", "/v1/account/usage/summary", "user", "-"),
    ("GET", "/v1/account/usage/logs", "user", "-"),

    ("GET", "/v1/developer/apps", "user", "-"),
    ("POST", "/v1/developer/apps", "user", "-"),
    ("PATCH", "/v1/developer/apps/:clientId", "user", "-"),
    ("DELETE", "/v1/developer/apps/:clientId", "user", "-"),

    ("GET", "/v1/platform/tenants", "admin", "-"),
    ("POST", "/v1/platform/tenants", "admin", "-"),
    ("GET", "/v1/platform/clients", "admin", "-"),
    ("POST", "/v1/platform/clients", "admin", "-"),
    ("GET", "/v1/platform/grants", "admin", "-"),
    ("POST", "/v1/platform/grants", "admin", "-"),
    ("DELETE", "/v1/platform/grants/:grantId", "admin", "-"),
    ("GET", "/v1/platform/tokens", "admin", "-"),
    ("POST", "/v1/platform/tokens/introspect", "admin", "-"),
    ("DELETE", "/v1/platform/tokens/:tokenId", "admin", "-"),
    ("GET", "/v1/security/firewall/config", "admin", "-"),
    ("POST", "/v1/security/firewall/config", "admin", "-"),

    ("GET", "/app/company/apps/:clientId", "embed", "-"),
    ("POST", "/app/company/apps/:clientId/update", "embed", "-"),
    ("POST", "/app/company/apps/:clientId/revoke", "embed", "-"),
    ("POST", "/app/company/apps/:clientId/connections/:connectionId/disconnect", "embed", "-"),

    ("GET", "/", "optional", "-"),
    ("GET", "/docs, /docs/api, /zero-trust", "public", "-"),
    ("GET", "/assets/app.css, /assets/landing-page.js, /assets/secure-git-connect-page.js, /assets/gitflare-logo.svg", "public", "-"),
    ("GET", "/app/signup, /app/developer/signup, /app/customer/signup", "public", "-"),
    ("POST", "/app/signup, /app/developer/signup, /app/customer/signup", "public", "-"),
    ("GET", "/app/login, /app/developer/login, /app/customer/login", "public", "-"),
    ("POST", "/app/login, /app/developer/login, /app/customer/login", "public", "-"),
    ("GET", "/app/dashboard", "user", "-"),
    ("GET", "/app/logout", "user", "-"),
    ("POST", "/app/developer/apps", "user", "-"),
    ("POST", "/app/developer/apps/:clientId/update", "user", "-"),
    ("POST", "/app/developer/apps/:clientId/delete", "user", "-"),

    ("GET", "/testapp", "testapp", "-"),
    ("POST", "/testapp/config", "testapp", "-"),
    ("POST", "/testapp/disconnect", "testapp", "-"),
    ("GET", "/testapp/callback", "testapp", "-"),
    ("GET", "/testapp/live/commit-metrics", "testapp", "-"),
    ("GET", "/testapp/live/endpoint-suite", "testapp", "-"),
    ("GET", "/testapp/live/repository-scenario", "testapp", "-"),
];

/// What the published matrix says under "Auth", and what it is called here.
const AUTH_WORDS: &[(&str, &str)] = &[
    // The longer before those they begin with.
    ("public (api mode) or user session (web=1)", "optional"),
    ("public or active session", "optional"),
    ("public", "public"),
    (
        "embedded company session (created/loaded by customer_ref)",
        "embed",
    ),
    ("embedded company session", "embed"),
    ("company session", "embed"),
    ("same browser session as authorize flow", "embed"),
    ("client credentials in request body", "client"),
    ("Bearer ACCESS_TOKEN", "token"),
    ("Bearer USER_SESSION_TOKEN or session cookie", "user"),
    ("Bearer DEVELOPER_SESSION_TOKEN or session cookie", "user"),
    ("session cookie or bearer user session", "user"),
    ("session cookie", "user"),
    ("developer session", "user"),
    (
        "provider redirect callback + testapp session state",
        "testapp",
    ),
    ("provider redirect callback", "provider"),
    ("none (internal)", "internal"),
    ("x-admin-api-key", "admin"),
    ("testapp session cookie", "testapp"),
];

type Row = (String, String, String, String);

fn row_of(route: &Route) -> Row {
    let access = match route.access {
        Access::Public => "public",
        Access::ClientCredentials => "client",
        Access::AccessToken(_) => "token",
        Access::ToolToken => "tool token",
        Access::OptionalSession => "optional",
        Access::UserSession => "user",
        Access::UserOrAdmin => "user or admin",
        Access::EmbedSession => "embed",
        Access::TestappSession => "testapp",
        Access::ProviderCallback => "provider",
        Access::Internal => "internal",
        Access::AdminKey => "admin",
    };
    (
        route.method.as_str().to_owned(),
        route.paths.join(", "),
        access.to_owned(),
        route.access.scope().map_or("-", Scope::as_str).to_owned(),
    )
}

fn table() -> Vec<Row> {
    ROUTES
        .iter()
        .filter(|route| !route.is_addition)
        .map(row_of)
        .collect()
}

#[test]
fn the_route_table_is_the_published_matrix() {
    let matrix: Vec<Row> = MATRIX
        .iter()
        .map(|(method, path, auth, scope)| {
            (
                (*method).to_owned(),
                (*path).to_owned(),
                (*auth).to_owned(),
                (*scope).to_owned(),
            )
        })
        .collect();
    assert_eq!(matrix.len(), 76);
    assert_eq!(table(), matrix);
}

#[test]
fn additions_are_marked_and_known() {
    let additions: Vec<_> = ROUTES
        .iter()
        .filter(|route| route.is_addition)
        .map(|route| (route.method, route.template()))
        .collect();
    assert_eq!(
        additions,
        [
            (RouteMethod::Get, "/v1/repositories/:provider/:repoId/forks"),
            (
                RouteMethod::Get,
                "/v1/repositories/:provider/:repoId/labels"
            ),
            (
                RouteMethod::Get,
                "/v1/repositories/:provider/:repoId/stargazers"
            ),
            (
                RouteMethod::Get,
                "/v1/repositories/:provider/:repoId/watchers"
            ),
            (
                RouteMethod::Get,
                "/v1/repositories/:provider/:repoId/assignees"
            ),
            (
                RouteMethod::Get,
                "/v1/repositories/:provider/:repoId/commits/:commitId"
            ),
            (
                RouteMethod::Get,
                "/v1/repositories/:provider/:repoId/pull-requests/:pullRequestId"
            ),
            (
                RouteMethod::Get,
                "/v1/repositories/:provider/:repoId/pull-requests/:pullRequestId/commits"
            ),
            (
                RouteMethod::Get,
                "/v1/repositories/:provider/:repoId/pull-requests/:pullRequestId/reviews"
            ),
            (
                RouteMethod::Get,
                "/v1/repositories/:provider/:repoId/pull-requests/:pullRequestId/comments"
            ),
            (
                RouteMethod::Get,
                "/v1/repositories/:provider/:repoId/contents"
            ),
            (
                RouteMethod::Get,
                "/v1/repositories/:provider/:repoId/compare"
            ),
            (RouteMethod::Get, "/docs/:document"),
            (RouteMethod::Get, "/docs/api/:operationId"),
            (RouteMethod::Post, "/docs/api/:operationId"),
            (RouteMethod::Get, "/llms.txt"),
            (RouteMethod::Get, "/robots.txt"),
            (RouteMethod::Get, "/.well-known/security.txt"),
            (RouteMethod::Get, "/testapp/diff"),
            (RouteMethod::Get, "/testapp/events"),
            (RouteMethod::Post, "/testapp/events/subscribe"),
            (RouteMethod::Post, "/testapp/inbox/:inboxId"),
            (RouteMethod::Get, "/metrics"),
            (RouteMethod::Get, "/openapi.json"),
            (RouteMethod::Post, "/v1/hooks/:provider/:subscriptionId"),
            (RouteMethod::Get, "/v1/subscriptions"),
            (RouteMethod::Delete, "/v1/subscriptions/:subscriptionId"),
            (RouteMethod::Patch, "/v1/subscriptions/:subscriptionId"),
            (
                RouteMethod::Get,
                "/v1/subscriptions/:subscriptionId/deliveries"
            ),
            (
                RouteMethod::Post,
                "/v1/subscriptions/:subscriptionId/deliveries/:deliveryId/replay"
            ),
            (RouteMethod::Post, "/v1/auth/complete"),
            (RouteMethod::Post, "/v1/auth/:provider/callback"),
            (RouteMethod::Get, "/.well-known/oauth-authorization-server"),
            (RouteMethod::Get, "/.well-known/oauth-protected-resource"),
            (RouteMethod::Post, "/mcp"),
            (RouteMethod::Post, "/oauth/register"),
            (RouteMethod::Post, "/oauth/revoke"),
            (RouteMethod::Post, "/oauth/introspect"),
            (RouteMethod::Get, "/oauth/authorize/connect/:provider"),
            (
                RouteMethod::Get,
                "/app/company/apps/:clientId/connect/:provider"
            ),
            (RouteMethod::Post, "/v1/developer/apps/:clientId/secrets"),
            (
                RouteMethod::Delete,
                "/v1/developer/apps/:clientId/secrets/:secretId"
            ),
            (
                RouteMethod::Get,
                "/v1/developer/apps/:clientId/authorizations"
            ),
            (
                RouteMethod::Get,
                "/v1/developer/apps/:clientId/authorizations/:authorizationId"
            ),
            (
                RouteMethod::Delete,
                "/v1/developer/apps/:clientId/authorizations/:authorizationId"
            ),
            (
                RouteMethod::Post,
                "/v1/developer/apps/:clientId/authorizations/:authorizationId/reconnect-link"
            ),
            (RouteMethod::Get, "/app/company/apps/:clientId/reconnect"),
            (RouteMethod::Get, "/app/company/apps/:clientId/reads"),
            (RouteMethod::Get, "/app/company/apps/:clientId/reads.csv"),
            (RouteMethod::Get, "/app/company/apps/:clientId/record"),
            (RouteMethod::Get, "/v1/platform/consent-keys"),
            (RouteMethod::Get, "/v1/explain"),
            (RouteMethod::Get, "/app/developer/explain"),
            (RouteMethod::Get, "/app/developer/calls"),
            (RouteMethod::Get, "/app/developer/apps/:clientId/customers"),
            (
                RouteMethod::Get,
                "/app/developer/apps/:clientId/customers/:authorizationId"
            ),
            (
                RouteMethod::Get,
                "/app/developer/apps/:clientId/customers/:authorizationId/events"
            ),
            (
                RouteMethod::Get,
                "/app/developer/apps/:clientId/customers/:authorizationId/events/:subscriptionId"
            ),
            (
                RouteMethod::Post,
                "/app/developer/apps/:clientId/customers/:authorizationId/events/:subscriptionId/deliveries/:deliveryId/replay"
            ),
            (
                RouteMethod::Post,
                "/app/developer/apps/:clientId/customers/:authorizationId/end"
            ),
            (
                RouteMethod::Post,
                "/app/developer/apps/:clientId/customers/:authorizationId/reconnect-link"
            ),
            (RouteMethod::Get, "/v1/developer/apps/:clientId/profile"),
            (RouteMethod::Patch, "/v1/developer/apps/:clientId/profile"),
            (RouteMethod::Post, "/app/developer/apps/:clientId/profile"),
            (RouteMethod::Get, "/app/logos/:clientId"),
            (RouteMethod::Post, "/app/developer/apps/:clientId/secrets"),
            (
                RouteMethod::Post,
                "/app/developer/apps/:clientId/secrets/:secretId/delete"
            ),
            (RouteMethod::Delete, "/v1/platform/tenants/:id"),
            (RouteMethod::Post, "/v1/platform/invitations"),
            (RouteMethod::Get, "/app/forgotten"),
            (RouteMethod::Post, "/app/forgotten"),
            (RouteMethod::Get, "/app/reset"),
            (RouteMethod::Post, "/app/reset"),
            (RouteMethod::Get, "/app/account"),
            (RouteMethod::Post, "/app/account/sessions/end-others"),
            (RouteMethod::Post, "/app/account/sessions/:sessionId/end"),
            (RouteMethod::Post, "/app/account/password"),
            (RouteMethod::Post, "/app/account/delete"),
            (RouteMethod::Get, "/v1/account/sessions"),
            (RouteMethod::Delete, "/v1/account/sessions/:sessionId"),
            (RouteMethod::Post, "/v1/account/password"),
            (RouteMethod::Delete, "/v1/account/me"),
        ]
    );
}

#[test]
fn a_method_and_path_stand_in_one_row() {
    let mut seen = std::collections::BTreeSet::new();
    for route in ROUTES {
        for path in route.paths {
            assert!(seen.insert((route.method.as_str(), *path)), "{path}");
        }
    }
}

/// The published contract's text, where it lies beside the repository.
fn published() -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/spec/gitflare-api.txt");
    let text = std::fs::read_to_string(&path).ok();
    if text.is_none() {
        use std::io::Write;
        let _ = writeln!(
            std::io::stderr(),
            "skipped: the published contract is not at {}",
            path.display()
        );
    }
    text
}

#[test]
fn the_published_text_holds_the_same_matrix() {
    let Some(text) = published() else { return };
    let begin = text.find("Complete Endpoint Matrix").unwrap();
    let end = begin + text[begin..].find("Phase 1 Scope Boundaries").unwrap();
    let rows: Vec<Row> = text[begin..end].lines().filter_map(published_row).collect();
    assert_eq!(rows, table());
}

/// `GET /a, /b auth words scope description`; anything else is a heading.
fn published_row(line: &str) -> Option<Row> {
    let (method, mut rest) = line.split_once(' ')?;
    if !RouteMethod::ALL
        .iter()
        .any(|known| known.as_str() == method)
    {
        return None;
    }
    let mut paths = Vec::new();
    loop {
        let (path, behind) = rest.split_once(' ')?;
        rest = behind;
        paths.push(path.trim_end_matches(',').split('?').next()?);
        if !path.ends_with(',') {
            break;
        }
    }
    let (words, auth) = AUTH_WORDS
        .iter()
        .find(|(words, _)| rest.starts_with(words))
        .unwrap_or_else(|| panic!("unknown auth: {line}"));
    let scope = rest[words.len()..].trim_start().split(' ').next()?;
    Some((
        method.to_owned(),
        paths.join(", "),
        (*auth).to_owned(),
        scope.to_owned(),
    ))
}

/// Name and status of every error, in the contract's order.
const ERRORS: &[(&str, u16, &str, bool, bool)] = &[
    ("INVALID_REQUEST", 400, "fix_request", false, true),
    ("INVALID_LIMIT", 400, "fix_request", false, true),
    ("INVALID_CURSOR", 400, "restart_pagination", false, true),
    ("CURSOR_EXPIRED", 410, "restart_pagination", false, true),
    ("PAGINATION_NOT_SUPPORTED", 400, "fix_request", false, true),
    ("AUTH_REQUIRED", 401, "authenticate", false, true),
    ("AUTH_EXPIRED", 401, "reauthenticate", false, true),
    ("INVALID_CREDENTIALS", 401, "check_credentials", false, true),
    ("INSUFFICIENT_SCOPE", 403, "request_scope", false, true),
    (
        "PROVIDER_ACCOUNT_NOT_CONNECTED",
        403,
        "connect_account",
        false,
        true,
    ),
    (
        "ACCESS_BLOCKED_BY_POLICY",
        403,
        "contact_administrator",
        false,
        true,
    ),
    (
        "REPOSITORY_NOT_APPROVED",
        403,
        "request_repository",
        false,
        true,
    ),
    ("APPROVAL_REQUIRED", 403, "request_approval", false, true),
    ("APPROVAL_PENDING", 403, "wait_for_approval", false, true),
    ("RESOURCE_NOT_FOUND", 404, "check_identifier", false, true),
    ("REPOSITORY_NOT_FOUND", 404, "check_identifier", false, true),
    (
        "INSTALLATION_NOT_FOUND",
        404,
        "check_installation",
        false,
        true,
    ),
    ("RATE_LIMITED", 429, "retry_later", true, false),
    ("UPSTREAM_TIMEOUT", 504, "retry_later", true, false),
    ("UPSTREAM_UNAVAILABLE", 503, "retry_later", true, false),
    ("UNSUPPORTED_PROVIDER", 400, "choose_provider", false, true),
    ("UNSUPPORTED_ENDPOINT", 501, "choose_endpoint", false, true),
    ("INTERNAL_ERROR", 500, "contact_support", false, false),
];

#[test]
fn the_error_table_is_the_contracts() {
    let table: Vec<_> = CODES
        .iter()
        .map(|row| {
            (
                row.name,
                row.status,
                row.suggested_action,
                row.retryable,
                row.user_action_required,
            )
        })
        .collect();
    assert_eq!(table, ERRORS);
}

#[test]
fn the_published_text_holds_the_same_errors() {
    let Some(text) = published() else { return };
    let begin = text.find("Code HTTP Meaning").unwrap();
    let rows: Vec<_> = text[begin..]
        .lines()
        .skip(1)
        .map_while(|line| {
            let mut words = line.split(' ');
            let (name, status) = (words.next()?, words.next()?);
            Some((name.to_owned(), status.parse::<u16>().ok()?))
        })
        .collect();
    let table: Vec<_> = CODES
        .iter()
        .map(|row| (row.name.to_owned(), row.status))
        .collect();
    assert_eq!(rows, table);
}

#[test]
fn the_scopes_are_the_published_ones() {
    let (published_scopes, additions) = Scope::ALL.split_at(13);
    assert_eq!(additions, [Scope::ReadContents, Scope::ReadReviews]);
    let Some(text) = published() else { return };
    let begin = text.find("Scope Label Description").unwrap();
    let names: Vec<_> = text[begin..]
        .lines()
        .skip(1)
        .map_while(|line| line.split(' ').next().filter(|word| word.contains(':')))
        .collect();
    let table: Vec<_> = published_scopes
        .iter()
        .map(|scope| scope.as_str())
        .collect();
    assert_eq!(names, table);
}
