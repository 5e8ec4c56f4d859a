//! The route table in words: a sentence for each route, the group it stands in, how each credential
//! is sent. The API reference and the OpenAPI document read it; no request does.
//!
//! To describe a new route: add its line below, in the table's order. The test names a missing one.

use gitflare_core::provider::Endpoint;

use super::route::{Access, Route, RouteMethod};

/// Description of a credential for the reference.
#[derive(Clone, Copy, Debug)]
pub(super) struct CredentialRow {
    /// Name in the reference.
    pub(super) name: &'static str,
    /// Header, cookie or body member that carries it.
    pub(super) how: &'static str,
}

const fn row(name: &'static str, how: &'static str) -> CredentialRow {
    CredentialRow { name, how }
}

#[rustfmt::skip]
const PUBLIC: CredentialRow = row("None", "Nothing to send.");
#[rustfmt::skip]
const TOKEN: CredentialRow = row("Access token", "Authorization: Bearer ACCESS_TOKEN");
#[rustfmt::skip]
const TOOLS: CredentialRow = row("Access token for tools", "Authorization: Bearer ACCESS_TOKEN, issued for resource=PUBLIC_URL/mcp");
#[rustfmt::skip]
const CLIENT: CredentialRow = row("Client", "client_id and client_secret in the body, or HTTP Basic.");
#[rustfmt::skip]
const USER: CredentialRow = row("User session", "The session cookie, or Authorization: Bearer SESSION_TOKEN.");
#[rustfmt::skip]
const USER_OR_ADMIN: CredentialRow = row("User session or admin key", "Authorization: Bearer SESSION_TOKEN, the session cookie, or x-admin-api-key: ADMIN_KEY");
#[rustfmt::skip]
const EMBED: CredentialRow = row("Customer's browser", "The cookie that the hosted page set.");
#[rustfmt::skip]
const ADMIN: CredentialRow = row("Admin key", "x-admin-api-key: ADMIN_KEY");
#[rustfmt::skip]
const INTERNAL: CredentialRow = row("Internal", "The internal listener, or x-admin-api-key: ADMIN_KEY");
#[rustfmt::skip]
const TESTAPP: CredentialRow = row("Test app's browser", "The cookie that the test app set.");
#[rustfmt::skip]
const PROVIDER: CredentialRow = row("Provider", "What the provider sends or signs.");

/// Every credential, in the order of the API reference.
pub(super) const CREDENTIALS: &[CredentialRow] = &[
    PUBLIC,
    TOKEN,
    TOOLS,
    CLIENT,
    USER,
    USER_OR_ADMIN,
    EMBED,
    PROVIDER,
    INTERNAL,
    ADMIN,
    TESTAPP,
];

/// Description of the credential that a route requires.
pub(super) const fn credential(access: Access) -> CredentialRow {
    match access {
        Access::Public | Access::OptionalSession => PUBLIC,
        Access::ClientCredentials => CLIENT,
        Access::AccessToken(_) => TOKEN,
        Access::ToolToken => TOOLS,
        Access::UserSession => USER,
        Access::UserOrAdmin => USER_OR_ADMIN,
        Access::EmbedSession => EMBED,
        Access::TestappSession => TESTAPP,
        Access::ProviderCallback => PROVIDER,
        Access::Internal => INTERNAL,
        Access::AdminKey => ADMIN,
    }
}

/// The query parameters of an operation.
pub(super) fn query_of(endpoint: Endpoint) -> Vec<&'static str> {
    let mut names = endpoint.filters().to_vec();
    if endpoint == Endpoint::Repositories {
        names.insert(0, "provider");
    }
    if endpoint.is_paged() {
        names.extend(["limit", "cursor"]);
    }
    names
}

/// The group that a route stands in.
pub(super) fn group(route: &Route) -> &'static str {
    let path = route.template();
    if route.access == Access::ClientCredentials {
        return "OAuth and tokens";
    }
    GROUPS
        .iter()
        .find(|(start, _)| path.starts_with(start))
        .map_or("Web app", |(_, title)| title)
}

/// The first that a path begins with, and its group's title.
const GROUPS: &[(&str, &str)] = &[
    ("/*", "Public discovery"),
    ("/health", "Public discovery"),
    ("/metrics", "Public discovery"),
    ("/openapi", "Public discovery"),
    ("/docs", "Public discovery"),
    ("/llms.txt", "Public discovery"),
    ("/robots.txt", "Public discovery"),
    ("/.well-known", "Public discovery"),
    ("/v1/providers", "Public discovery"),
    ("/v1/auth/callback-urls", "Public discovery"),
    ("/v1/platform/capabilities", "Public discovery"),
    ("/oauth/", "OAuth and tokens"),
    ("/v1/platform/client/", "OAuth and tokens"),
    ("/v1/me", "Unified reads"),
    ("/v1/repositories", "Unified reads"),
    ("/v1/subscriptions", "Unified reads"),
    ("/mcp", "Unified reads"),
    ("/v1/auth/", "Provider connections"),
    ("/v1/connections", "Provider connections"),
    ("/v1/hooks", "Provider connections"),
    ("/v1/account/", "Account"),
    ("/v1/explain", "Account"),
    ("/v1/developer/", "Developer apps"),
    ("/v1/platform/", "Platform administration"),
    ("/v1/security/", "Platform administration"),
    ("/app/company/", "Hosted management"),
    ("/testapp", "Test app"),
];

/// Summary of a route in one sentence; `None` for a route without a row below.
pub(super) fn summary(route: &Route) -> Option<&'static str> {
    SUMMARIES
        .iter()
        .find(|(method, path, _)| *method == route.method && *path == route.template())
        .map(|(_, _, summary)| *summary)
}

use RouteMethod::{Delete, Get, Options, Patch, Post};

#[rustfmt::skip]
const SUMMARIES: &[(RouteMethod, &str, &str)] = &[
    (Options, "/*", "Answers CORS preflight requests of every path."),
    (Get, "/health", "Says whether the server is healthy, and which providers and switches are on."),
    (Get, "/v1/providers", "Lists the providers and how each can be connected."),
    (Get, "/v1/auth/callback-urls", "Lists the callback addresses to register at the providers."),
    (Get, "/v1/platform/capabilities", "Lists scopes, OAuth endpoints, and what each provider can do."),

    (Get, "/oauth/authorize", "Shows the customer who asks for what, and takes the choice of repositories."),
    (Get, "/app/company/apps/:clientId/connect/:provider", "Sends the customer to a provider to link an account, or link it again."),
    (Get, "/oauth/authorize/connect/:provider", "Sends the customer to a provider to link an account."),
    (Post, "/oauth/authorize/approve", "Approves, and leads back to the app with a code."),
    (Get, "/oauth/authorize/deny", "Refuses, and leads back to the app with access_denied."),
    (Post, "/oauth/token", "Exchanges a code, or a client's own credentials, for an access token."),
    (Post, "/v1/platform/tokens", "Issues an access token; takes what /oauth/token takes, and grant_id."),
    (Get, "/v1/platform/client/me", "Says which token, client and customer the call is made for."),

    (Get, "/v1/me", "Reads the connected accounts' profiles, one per connection."),
    (Get, "/v1/repositories", "Lists the approved repositories."),
    (Get, "/v1/repositories/:provider/:repoId", "Reads one repository."),
    (Get, "/v1/repositories/:provider/:repoId/branches", "Lists branches, in the provider's order."),
    (Get, "/v1/repositories/:provider/:repoId/commits", "Lists commits of a branch."),
    (Get, "/v1/repositories/:provider/:repoId/commits/:commitId/diff", "Reads what a commit changed."),
    (Get, "/v1/repositories/:provider/:repoId/pull-requests", "Lists pull or merge requests; open ones unless told otherwise."),
    (Get, "/v1/repositories/:provider/:repoId/pull-requests/:pullRequestId/diff", "Reads what a pull request changes."),
    (Get, "/v1/repositories/:provider/:repoId/contributors", "Lists contributors."),
    (Get, "/v1/repositories/:provider/:repoId/tags", "Lists tags."),
    (Get, "/v1/repositories/:provider/:repoId/releases", "Lists releases."),
    (Get, "/v1/repositories/:provider/:repoId/checks", "Lists check results of a ref or branch."),
    (Get, "/v1/repositories/:provider/:repoId/deployments", "Lists deployments."),
    (Get, "/v1/repositories/:provider/:repoId/file-tree", "Lists files and folders of a ref."),
    (Post, "/v1/repositories/:provider/:repoId/events/subscribe", "Subscribes a callback address to events of a repository."),

    (Get, "/v1/auth/:provider/start", "Starts linking a provider account."),
    (Get, "/v1/auth/:provider/callback", "Receives the browser that a provider sends back."),
    (Get, "/v1/connections", "Lists connections."),
    (Post, "/v1/connections/manual", "Connects an account by a token that somebody has."),
    (Get, "/v1/connections/:connectionId", "Reads one connection."),
    (Delete, "/v1/connections/:connectionId", "Disconnects an account and erases its tokens."),

    (Get, "/v1/account/me", "Reads the signed-in person, their workspaces and the session."),
    (Get, "/v1/account/connections", "Lists the connections of the person's workspaces."),
    (Get, "/v1/account/repositories", "Lists the repositories of those connections."),
    (Get, "/v1/account/usage/summary", "Counts the reads of the person's apps."),
    (Get, "/v1/account/usage/logs", "Lists the reads of the person's apps, newest first."),

    (Get, "/v1/explain", "Says which check refused a recorded call, and what mends it."),
    (Get, "/app/developer/explain", "The checks of one of the person's calls."),

    (Get, "/v1/developer/apps", "Lists the developer's apps."),
    (Post, "/v1/developer/apps", "Creates an app; its secrets are in this answer and never again."),
    (Patch, "/v1/developer/apps/:clientId", "Changes an app."),
    (Delete, "/v1/developer/apps/:clientId", "Deletes an app and ends everything under it."),

    (Get, "/v1/platform/tenants", "Lists workspaces."),
    (Post, "/v1/platform/tenants", "Creates a workspace."),
    (Get, "/v1/platform/clients", "Lists apps."),
    (Post, "/v1/platform/clients", "Creates an app for a workspace."),
    (Get, "/v1/platform/grants", "Lists grants."),
    (Post, "/v1/platform/grants", "Grants an app a connection's repositories."),
    (Delete, "/v1/platform/grants/:grantId", "Revokes a grant."),
    (Get, "/v1/platform/tokens", "Lists access tokens, without the tokens."),
    (Post, "/v1/platform/tokens/introspect", "Says what an access token is good for."),
    (Delete, "/v1/platform/tokens/:tokenId", "Revokes an access token."),
    (Get, "/v1/security/firewall/config", "Reads the firewall's rules."),
    (Post, "/v1/security/firewall/config", "Changes the firewall's rules from the next request on."),

    (Get, "/app/company/apps/:clientId", "Shows the customer what is shared with an app."),
    (Post, "/app/company/apps/:clientId/update", "Changes what is shared."),
    (Post, "/app/company/apps/:clientId/revoke", "Ends all access of an app."),
    (Post, "/app/company/apps/:clientId/connections/:connectionId/disconnect", "Disconnects one of the customer's accounts."),

    (Get, "/", "The landing page; whoever is signed in goes on to the dashboard."),
    (Get, "/docs/:document", "A document of this server; with `.md` behind its name as plain text."),
    (Post, "/docs/api/:operationId", "Tries an operation that changes something, in a sandbox alone."),
    (Get, "/docs/api/:operationId", "The reference of one operation; with `.md` behind its id as plain text."),
    (Get, "/llms.txt", "Where every document is as plain text."),
    (Get, "/robots.txt", "What search engines may read: the documents."),
    (Get, "/.well-known/security.txt", "Where to report a vulnerability (RFC 9116), where the operator names a contact."),
    (Get, "/docs", "Guide, this reference, and how code is kept safe."),
    (Get, "/assets/app.css", "Stylesheet, scripts and mark of the pages."),
    (Get, "/app/signup", "The sign-up form; the customer path is retired (410)."),
    (Post, "/app/signup", "Creates a developer account; the customer path is retired (410)."),
    (Get, "/app/login", "The sign-in form; the customer path is retired (410)."),
    (Post, "/app/login", "Signs in; the customer path is retired (410)."),
    (Get, "/app/dashboard", "The developer's dashboard."),
    (Get, "/app/logout", "Signs out."),
    (Post, "/app/developer/apps", "Creates an app from the dashboard."),
    (Post, "/app/developer/apps/:clientId/update", "Changes an app from the dashboard."),
    (Post, "/app/developer/apps/:clientId/delete", "Deletes an app from the dashboard."),

    (Get, "/testapp", "A small app that tries this server out; off unless switched on."),
    (Post, "/testapp/config", "Sets which app's credentials the test app uses."),
    (Post, "/testapp/disconnect", "Revokes and forgets the test app's token."),
    (Get, "/testapp/callback", "Receives the code of the test app."),
    (Get, "/testapp/diff", "Shows a commit with and without the firewall; in a sandbox alone."),
    (Get, "/testapp/events", "Shows the events that were delivered to the test app."),
    (Post, "/testapp/events/subscribe", "Subscribes the test app to a repository's events."),
    (Post, "/testapp/inbox/:inboxId", "Receives an event for the test app, by its signature."),
    (Get, "/testapp/live/commit-metrics", "Reads commits of the approved repositories and times it."),
    (Get, "/testapp/live/endpoint-suite", "Calls every operation on sample repositories."),
    (Get, "/testapp/live/repository-scenario", "Calls every operation on one repository."),

    (Delete, "/v1/platform/tenants/:id", "Deletes a workspace with all that stands on it: apps, accounts, approvals, tokens, subscriptions."),
    (Post, "/v1/platform/invitations", "Makes a one-time link with which a person makes an account."),
    (Get, "/app/forgotten", "The form that mails a link for a new password, where the server sends mail."),
    (Post, "/app/forgotten", "Mails that link; says the same whoever has the address."),
    (Get, "/app/reset", "The form for a new password, by an operator's one-time link."),
    (Post, "/app/reset", "Sets a new password and ends every session of the account."),
    (Get, "/v1/repositories/:provider/:repoId/forks", "Lists forks, whoever owns them."),
    (Get, "/v1/repositories/:provider/:repoId/labels", "Lists the labels of pull requests and issues."),
    (Get, "/v1/repositories/:provider/:repoId/stargazers", "Lists the people who gave the repository a star."),
    (Get, "/v1/repositories/:provider/:repoId/watchers", "Lists the people who are told of what happens in the repository."),
    (Get, "/v1/repositories/:provider/:repoId/assignees", "Lists the people who can be made responsible for a pull request."),
    (Get, "/v1/repositories/:provider/:repoId/commits/:commitId", "One commit, by its id or the first seven digits of it and more."),
    (Get, "/v1/repositories/:provider/:repoId/pull-requests/:pullRequestId", "One pull request, by its number."),
    (Get, "/v1/repositories/:provider/:repoId/pull-requests/:pullRequestId/commits", "Lists the commits of a pull request, in the provider's order."),
    (Get, "/v1/repositories/:provider/:repoId/pull-requests/:pullRequestId/reviews", "Lists the reviews of a pull request."),
    (Get, "/v1/repositories/:provider/:repoId/pull-requests/:pullRequestId/comments", "Lists the comments on a pull request, general and inline."),
    (Get, "/v1/repositories/:provider/:repoId/contents", "One whole file, filtered; a link is never followed."),
    (Get, "/v1/repositories/:provider/:repoId/compare", "Compares two branches, tags or commits, from their merge base on."),
    (Get, "/metrics", "Counters and timings as OpenMetrics text, for Prometheus."),
    (Get, "/openapi.json", "This API as an OpenAPI document."),
    (Get, "/.well-known/oauth-authorization-server", "Authorization server metadata (RFC 8414)."),
    (Post, "/mcp", "The unified reads as tools for agents (Model Context Protocol)."),
    (Get, "/.well-known/oauth-protected-resource", "Where tokens for those tools come from (RFC 9728)."),
    (Post, "/oauth/register", "Registers a client that has no secret (RFC 7591), where the operator lets clients do so."),
    (Post, "/oauth/revoke", "Revokes a token of the client's own (RFC 7009)."),
    (Post, "/oauth/introspect", "Says what a token of the client's own is good for (RFC 7662)."),
    (Post, "/v1/auth/complete", "Claims a linked provider account with its completion code; after `redirect=1` without a session, in the browser that linked it."),
    (Post, "/v1/auth/:provider/callback", "Receives the code of a provider that posts it, as GitFlic does."),
    (Post, "/v1/hooks/:provider/:subscriptionId", "Receives the events that a provider delivers."),
    (Get, "/v1/subscriptions", "Lists the token's subscriptions."),
    (Delete, "/v1/subscriptions/:subscriptionId", "Ends a subscription."),
    (Patch, "/v1/subscriptions/:subscriptionId", "Changes what a subscription is about, where it delivers, or pauses it."),
    (Get, "/v1/subscriptions/:subscriptionId/deliveries", "Lists what was delivered in the last seven days."),
    (Post, "/v1/subscriptions/:subscriptionId/deliveries/:deliveryId/replay", "Delivers an event again."),
    (Post, "/v1/developer/apps/:clientId/secrets", "Makes an app's second secret; it is in this answer and never again."),
    (Delete, "/v1/developer/apps/:clientId/secrets/:secretId", "Ends one of an app's secrets."),
    (Get, "/v1/developer/apps/:clientId/authorizations", "Lists the customers who have approved an app, ended approvals included."),
    (Get, "/v1/developer/apps/:clientId/authorizations/:authorizationId", "One customer's approval, with what is shared of each account."),
    (Delete, "/v1/developer/apps/:clientId/authorizations/:authorizationId", "Ends a customer's approval with its tokens and subscriptions."),
    (Post, "/v1/developer/apps/:clientId/authorizations/:authorizationId/reconnect-link", "Signs a link by which the customer connects an account again; it works for seven days."),
    (Get, "/app/company/apps/:clientId/reconnect", "Leads a customer, by a reconnect link, to where they connect an account again."),
    (Get, "/app/company/apps/:clientId/reads", "Shows the customer what an app has read."),
    (Get, "/app/company/apps/:clientId/reads.csv", "The same as a CSV file."),
    (Get, "/app/company/apps/:clientId/record", "The signed record of what a customer has approved, to keep."),
    (Get, "/v1/platform/consent-keys", "The public keys of those records."),
    (Get, "/app/developer/calls", "The calls of the person's apps, with filters and counts."),
    (Get, "/app/developer/apps/:clientId/customers", "The customers of an app."),
    (Get, "/app/developer/apps/:clientId/customers/:authorizationId", "One customer of an app."),
    (Get, "/app/developer/apps/:clientId/customers/:authorizationId/events", "What the app subscribed to for one customer."),
    (Get, "/app/developer/apps/:clientId/customers/:authorizationId/events/:subscriptionId", "The deliveries of a subscription, with their attempts."),
    (Post, "/app/developer/apps/:clientId/customers/:authorizationId/events/:subscriptionId/deliveries/:deliveryId/replay", "Delivers an event again."),
    (Post, "/app/developer/apps/:clientId/customers/:authorizationId/end", "Ends a customer's approval."),
    (Post, "/app/developer/apps/:clientId/customers/:authorizationId/reconnect-link", "Shows a signed link for the customer."),
    (Get, "/v1/developer/apps/:clientId/profile", "What an app tells customers of itself: website, privacy policy, purposes, logo."),
    (Patch, "/v1/developer/apps/:clientId/profile", "Changes that; a logo is sent as a PNG in base64."),
    (Post, "/app/developer/apps/:clientId/profile", "Changes that from the dashboard."),
    (Get, "/app/logos/:clientId", "An app's logo, a PNG."),
    (Post, "/app/developer/apps/:clientId/secrets", "Makes an app's second secret from the dashboard."),
    (Post, "/app/developer/apps/:clientId/secrets/:secretId/delete", "Ends one of an app's secrets from the dashboard."),
    (Get, "/app/account", "A developer's own account: where they are signed in."),
    (Post, "/app/account/sessions/end-others", "Ends all sessions but this one."),
    (Post, "/app/account/password", "Changes the developer's password; every other session ends."),
    (Post, "/app/account/delete", "Deletes the developer's account with its apps."),
    (Post, "/app/account/sessions/:sessionId/end", "Ends one of the developer's sessions."),
    (Get, "/v1/account/sessions", "Lists the person's live sessions, the newest first."),
    (Delete, "/v1/account/sessions/:sessionId", "Ends one of the person's sessions."),
    (Post, "/v1/account/password", "Changes the password and ends all other sessions."),
    (Delete, "/v1/account/me", "Deletes the account and what belongs to it alone."),
];

#[cfg(test)]
mod tests {
    use super::{super::ROUTES, *};

    #[test]
    fn every_route_has_its_sentence() {
        for route in ROUTES {
            let summary =
                summary(route).unwrap_or_else(|| panic!("{:?} {}", route.method, route.template()));
            assert!(summary.ends_with('.'), "{summary}");
        }
    }
}
