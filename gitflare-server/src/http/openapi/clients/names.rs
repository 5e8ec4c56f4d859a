//! Which operations the clients have, and what each is called there: the names of the Rust reader
//! where it has the same read. Browsers' routes and those of the signed-in person are left out.
//!
//! To add one: its row. A test names a unified read that is missing.

/// An operation of the clients.
pub(super) struct Name {
    /// In lower case, as the document has it.
    pub(super) method: &'static str,
    /// With parameters in braces, as the document has it.
    pub(super) path: &'static str,
    /// In snake case; camel case follows.
    pub(super) name: &'static str,
}

const fn row(method: &'static str, path: &'static str, name: &'static str) -> Name {
    Name { method, path, name }
}

#[rustfmt::skip]
pub(super) const NAMES: &[Name] = &[
    row("get", "/v1/providers", "providers"),
    row("get", "/v1/platform/capabilities", "capabilities"),

    row("post", "/oauth/token", "token"),
    row("post", "/oauth/revoke", "revoke"),
    row("post", "/oauth/introspect", "introspect"),
    row("post", "/v1/platform/tokens", "issue_token"),
    row("get", "/v1/platform/client/me", "token_context"),

    row("get", "/v1/me", "viewers"),
    row("get", "/v1/repositories", "repositories"),
    row("get", "/v1/repositories/{provider}/{repoId}", "repository"),
    row("get", "/v1/repositories/{provider}/{repoId}/branches", "branches"),
    row("get", "/v1/repositories/{provider}/{repoId}/commits", "commits"),
    row("get", "/v1/repositories/{provider}/{repoId}/commits/{commitId}", "commit"),
    row("get", "/v1/repositories/{provider}/{repoId}/commits/{commitId}/diff", "commit_diff"),
    row("get", "/v1/repositories/{provider}/{repoId}/compare", "compare"),
    row("get", "/v1/repositories/{provider}/{repoId}/contents", "file"),
    row("get", "/v1/repositories/{provider}/{repoId}/file-tree", "file_tree"),
    row("get", "/v1/repositories/{provider}/{repoId}/pull-requests", "pull_requests"),
    row("get", "/v1/repositories/{provider}/{repoId}/pull-requests/{pullRequestId}", "pull_request"),
    row("get", "/v1/repositories/{provider}/{repoId}/pull-requests/{pullRequestId}/diff", "pull_request_diff"),
    row("get", "/v1/repositories/{provider}/{repoId}/pull-requests/{pullRequestId}/commits", "pull_request_commits"),
    row("get", "/v1/repositories/{provider}/{repoId}/pull-requests/{pullRequestId}/reviews", "reviews"),
    row("get", "/v1/repositories/{provider}/{repoId}/pull-requests/{pullRequestId}/comments", "comments"),
    row("get", "/v1/repositories/{provider}/{repoId}/contributors", "contributors"),
    row("get", "/v1/repositories/{provider}/{repoId}/tags", "tags"),
    row("get", "/v1/repositories/{provider}/{repoId}/releases", "releases"),
    row("get", "/v1/repositories/{provider}/{repoId}/checks", "checks"),
    row("get", "/v1/repositories/{provider}/{repoId}/deployments", "deployments"),
    row("get", "/v1/repositories/{provider}/{repoId}/forks", "forks"),
    row("get", "/v1/repositories/{provider}/{repoId}/labels", "labels"),
    row("get", "/v1/repositories/{provider}/{repoId}/stargazers", "stargazers"),
    row("get", "/v1/repositories/{provider}/{repoId}/watchers", "watchers"),
    row("get", "/v1/repositories/{provider}/{repoId}/assignees", "assignees"),

    row("post", "/v1/repositories/{provider}/{repoId}/events/subscribe", "subscribe"),
    row("get", "/v1/subscriptions", "subscriptions"),
    row("patch", "/v1/subscriptions/{subscriptionId}", "change_subscription"),
    row("delete", "/v1/subscriptions/{subscriptionId}", "unsubscribe"),
    row("get", "/v1/subscriptions/{subscriptionId}/deliveries", "deliveries"),
    row("post", "/v1/subscriptions/{subscriptionId}/deliveries/{deliveryId}/replay", "replay"),

    row("get", "/v1/developer/apps", "apps"),
    row("post", "/v1/developer/apps", "create_app"),
    row("patch", "/v1/developer/apps/{clientId}", "change_app"),
    row("delete", "/v1/developer/apps/{clientId}", "delete_app"),
    row("post", "/v1/developer/apps/{clientId}/secrets", "create_secret"),
    row("delete", "/v1/developer/apps/{clientId}/secrets/{secretId}", "delete_secret"),
    row("get", "/v1/developer/apps/{clientId}/authorizations", "authorizations"),
    row("get", "/v1/developer/apps/{clientId}/authorizations/{authorizationId}", "authorization"),
    row("delete", "/v1/developer/apps/{clientId}/authorizations/{authorizationId}", "end_authorization"),
    row("post", "/v1/developer/apps/{clientId}/authorizations/{authorizationId}/reconnect-link", "reconnect_link"),

    row("get", "/v1/platform/tenants", "tenants"),
    row("post", "/v1/platform/tenants", "create_tenant"),
    row("delete", "/v1/platform/tenants/{id}", "delete_tenant"),
    row("get", "/v1/platform/clients", "clients"),
    row("post", "/v1/platform/clients", "create_client"),
    row("get", "/v1/connections", "connections"),
    row("post", "/v1/connections/manual", "create_connection"),
    row("get", "/v1/connections/{connectionId}", "connection"),
    row("delete", "/v1/connections/{connectionId}", "delete_connection"),
    row("get", "/v1/platform/grants", "grants"),
    row("post", "/v1/platform/grants", "create_grant"),
    row("delete", "/v1/platform/grants/{grantId}", "revoke_grant"),
    row("get", "/v1/platform/tokens", "tokens"),
    row("delete", "/v1/platform/tokens/{tokenId}", "revoke_token"),
];
