//! The route table: every row of the published endpoint matrix, in its ten groups and its order,
//! then the additions. Router, credentials, CORS, logs and metrics all read it.
//!
//! To add a route: write its row (as an `addition` when the matrix lacks it), its handler, and its
//! sentence in [`super::super::describe`].

use std::{future::Future, pin::Pin};

use gitflare_core::provider::Endpoint;

#[cfg(feature = "mcp")]
use super::super::api::{mcp, registration};
use super::super::{
    api::{
        account, auth_flow, connections, developer, discovery, events, oauth, platform_admin,
        unified,
    },
    exchange::Exchange,
    hosted::{
        apps, assets, authorize, calls, company, customer_events, customer_records, customers,
        dashboard, explain, forgotten, own_account, profiles, sign_in, site,
    },
    openapi,
    refusal::Refusal,
    reply::Reply,
    route::{Access, Route, RouteMethod},
    testapp,
};

/// The function that serves a route.
pub(super) type Handler =
    fn(Exchange) -> Pin<Box<dyn Future<Output = Result<Reply, Refusal>> + Send>>;

/// Makes [`ROUTES`] and [`HANDLERS`], which have the same order, of one list of rows.
macro_rules! routes {
    ($($(#[$cfg:meta])* $method:ident $($path:literal),+ ; $access:expr => $module:ident :: $name:ident $(, $mark:ident)?;)*) => {
        /// Every route, in the order of the published matrix.
        pub const ROUTES: &[Route] = &[$($(#[$cfg])* Route {
            method: RouteMethod::$method,
            paths: &[$($path),+],
            access: $access,
            is_addition: routes!(@mark $($mark)?),
        },)*];

        /// The handler of each route, in the order of [`ROUTES`].
        pub(super) const HANDLERS: [Handler; ROUTES.len()] =
            [$($(#[$cfg])* |exchange| Box::pin($module::$name(exchange)),)*];
    };
    (@mark) => { false };
    (@mark addition) => { true };
}

#[cfg(feature = "mcp")]
use Access::ToolToken;
use Access::{
    AccessToken, AdminKey, ClientCredentials, EmbedSession, Internal, OptionalSession,
    ProviderCallback, Public, TestappSession, UserOrAdmin, UserSession,
};
use Endpoint::{
    Assignees, Branches, Checks, Comments, Commit, CommitDiff, Commits, Compare, Contents,
    Contributors, Deployments, EventsSubscribe, FileTree, Forks, Labels, Profile, PullRequest,
    PullRequestCommits, PullRequestDiff, PullRequests, Releases, Repositories, Repository, Reviews,
    Stargazers, Tags, Watchers,
};

#[rustfmt::skip]
routes! {
    // Public discovery
    Options "/*"; Public => discovery::preflight;
    Get "/health"; Public => discovery::health;
    Get "/v1/providers"; Public => discovery::providers;
    Get "/v1/auth/callback-urls"; Public => discovery::callback_urls;
    Get "/v1/platform/capabilities"; Public => discovery::capabilities;

    // OAuth and tokens
    Get "/oauth/authorize"; EmbedSession => authorize::authorize;
    Post "/oauth/authorize/approve"; EmbedSession => authorize::approve;
    Get "/oauth/authorize/deny"; EmbedSession => authorize::deny;
    Post "/oauth/token"; ClientCredentials => oauth::token;
    Post "/v1/platform/tokens"; ClientCredentials => oauth::platform_token;
    Get "/v1/platform/client/me"; AccessToken(None) => oauth::client_me;

    // Unified reads
    Get "/v1/me"; AccessToken(Some(Profile)) => unified::read;
    Get "/v1/repositories"; AccessToken(Some(Repositories)) => unified::read;
    Get "/v1/repositories/:provider/:repoId"; AccessToken(Some(Repository)) => unified::read;
    Get "/v1/repositories/:provider/:repoId/branches"; AccessToken(Some(Branches)) => unified::read;
    Get "/v1/repositories/:provider/:repoId/commits"; AccessToken(Some(Commits)) => unified::read;
    Get "/v1/repositories/:provider/:repoId/commits/:commitId/diff"; AccessToken(Some(CommitDiff)) => unified::read;
    Get "/v1/repositories/:provider/:repoId/pull-requests"; AccessToken(Some(PullRequests)) => unified::read;
    Get "/v1/repositories/:provider/:repoId/pull-requests/:pullRequestId/diff"; AccessToken(Some(PullRequestDiff)) => unified::read;
    Get "/v1/repositories/:provider/:repoId/contributors"; AccessToken(Some(Contributors)) => unified::read;
    Get "/v1/repositories/:provider/:repoId/tags"; AccessToken(Some(Tags)) => unified::read;
    Get "/v1/repositories/:provider/:repoId/releases"; AccessToken(Some(Releases)) => unified::read;
    Get "/v1/repositories/:provider/:repoId/checks"; AccessToken(Some(Checks)) => unified::read;
    Get "/v1/repositories/:provider/:repoId/deployments"; AccessToken(Some(Deployments)) => unified::read;
    Get "/v1/repositories/:provider/:repoId/file-tree"; AccessToken(Some(FileTree)) => unified::read;
    Post "/v1/repositories/:provider/:repoId/events/subscribe"; AccessToken(Some(EventsSubscribe)) => events::subscribe;

    // Provider connections
    Get "/v1/auth/:provider/start"; OptionalSession => auth_flow::start;
    Get "/v1/auth/:provider/callback"; ProviderCallback => auth_flow::callback;
    Get "/v1/connections"; Internal => connections::list;
    Post "/v1/connections/manual"; Internal => connections::create_manual;
    Get "/v1/connections/:connectionId"; Internal => connections::find;
    Delete "/v1/connections/:connectionId"; Internal => connections::delete;

    // Session account
    Get "/v1/account/me"; UserSession => account::me;
    Get "/v1/account/connections"; UserSession => account::connections;
    Get "/v1/account/repositories"; UserSession => account::repositories;
    Get "/v1/account/usage/summary"; UserSession => account::usage_summary;
    Get "/v1/account/usage/logs"; UserSession => account::usage_logs;

    // Developer apps
    Get "/v1/developer/apps"; UserSession => developer::list;
    Post "/v1/developer/apps"; UserSession => developer::create;
    Patch "/v1/developer/apps/:clientId"; UserSession => developer::update;
    Delete "/v1/developer/apps/:clientId"; UserSession => developer::delete;

    // Platform admin
    Get "/v1/platform/tenants"; AdminKey => platform_admin::list_tenants;
    Post "/v1/platform/tenants"; AdminKey => platform_admin::create_tenant;
    Get "/v1/platform/clients"; AdminKey => platform_admin::list_clients;
    Post "/v1/platform/clients"; AdminKey => platform_admin::create_client;
    Get "/v1/platform/grants"; AdminKey => platform_admin::list_grants;
    Post "/v1/platform/grants"; AdminKey => platform_admin::create_grant;
    Delete "/v1/platform/grants/:grantId"; AdminKey => platform_admin::revoke_grant;
    Get "/v1/platform/tokens"; AdminKey => platform_admin::list_tokens;
    Post "/v1/platform/tokens/introspect"; AdminKey => platform_admin::introspect;
    Delete "/v1/platform/tokens/:tokenId"; AdminKey => platform_admin::revoke_token;
    Get "/v1/security/firewall/config"; AdminKey => platform_admin::firewall;
    Post "/v1/security/firewall/config"; AdminKey => platform_admin::update_firewall;

    // Hosted embedded management
    Get "/app/company/apps/:clientId"; EmbedSession => company::show;
    Post "/app/company/apps/:clientId/update"; EmbedSession => company::update;
    Post "/app/company/apps/:clientId/revoke"; EmbedSession => company::revoke;
    Post "/app/company/apps/:clientId/connections/:connectionId/disconnect"; EmbedSession => company::disconnect;

    // Web app
    Get "/"; OptionalSession => site::landing;
    Get "/docs", "/docs/api", "/zero-trust"; Public => site::document;
    Get "/assets/app.css", "/assets/landing-page.js", "/assets/secure-git-connect-page.js", "/assets/gitflare-logo.svg"; Public => assets::serve;
    Get "/app/signup", "/app/developer/signup", "/app/customer/signup"; Public => sign_in::sign_up_page;
    Post "/app/signup", "/app/developer/signup", "/app/customer/signup"; Public => sign_in::sign_up;
    Get "/app/login", "/app/developer/login", "/app/customer/login"; Public => sign_in::log_in_page;
    Post "/app/login", "/app/developer/login", "/app/customer/login"; Public => sign_in::log_in;
    Get "/app/dashboard"; UserSession => dashboard::show;
    Get "/app/logout"; UserSession => sign_in::log_out;
    Post "/app/developer/apps"; UserSession => apps::create;
    Post "/app/developer/apps/:clientId/update"; UserSession => apps::update;
    Post "/app/developer/apps/:clientId/delete"; UserSession => apps::delete;

    // Test app
    Get "/testapp"; TestappSession => testapp::page;
    Post "/testapp/config"; TestappSession => testapp::configure;
    Post "/testapp/disconnect"; TestappSession => testapp::disconnect;
    Get "/testapp/callback"; TestappSession => testapp::callback;
    Get "/testapp/live/commit-metrics"; TestappSession => testapp::commit_metrics;
    Get "/testapp/live/endpoint-suite"; TestappSession => testapp::endpoint_suite;
    Get "/testapp/live/repository-scenario"; TestappSession => testapp::repository_scenario;

    // Additions
    Get "/v1/repositories/:provider/:repoId/forks"; AccessToken(Some(Forks)) => unified::read, addition;
    Get "/v1/repositories/:provider/:repoId/labels"; AccessToken(Some(Labels)) => unified::read, addition;
    Get "/v1/repositories/:provider/:repoId/stargazers"; AccessToken(Some(Stargazers)) => unified::read, addition;
    Get "/v1/repositories/:provider/:repoId/watchers"; AccessToken(Some(Watchers)) => unified::read, addition;
    Get "/v1/repositories/:provider/:repoId/assignees"; AccessToken(Some(Assignees)) => unified::read, addition;
    Get "/v1/repositories/:provider/:repoId/commits/:commitId"; AccessToken(Some(Commit)) => unified::read, addition;
    Get "/v1/repositories/:provider/:repoId/pull-requests/:pullRequestId"; AccessToken(Some(PullRequest)) => unified::read, addition;
    Get "/v1/repositories/:provider/:repoId/pull-requests/:pullRequestId/commits"; AccessToken(Some(PullRequestCommits)) => unified::read, addition;
    Get "/v1/repositories/:provider/:repoId/pull-requests/:pullRequestId/reviews"; AccessToken(Some(Reviews)) => unified::read, addition;
    Get "/v1/repositories/:provider/:repoId/pull-requests/:pullRequestId/comments"; AccessToken(Some(Comments)) => unified::read, addition;
    Get "/v1/repositories/:provider/:repoId/contents"; AccessToken(Some(Contents)) => unified::read, addition;
    Get "/v1/repositories/:provider/:repoId/compare"; AccessToken(Some(Compare)) => unified::read, addition;
    Get "/docs/:document"; Public => site::named, addition;
    Get "/docs/api/:operationId"; Public => site::operation, addition;
    Post "/docs/api/:operationId"; Public => site::try_operation, addition;
    Get "/llms.txt"; Public => site::index, addition;
    Get "/robots.txt"; Public => site::robots, addition;
    Get "/.well-known/security.txt"; Public => site::security_contact, addition;
    Get "/testapp/diff"; TestappSession => testapp::diff, addition;
    Get "/testapp/events"; TestappSession => testapp::events, addition;
    Post "/testapp/events/subscribe"; TestappSession => testapp::subscribe, addition;
    Post "/testapp/inbox/:inboxId"; Public => testapp::receive, addition;
    Get "/metrics"; Public => discovery::metrics, addition;
    Get "/openapi.json"; Public => openapi::serve, addition;
    Post "/v1/hooks/:provider/:subscriptionId"; Public => events::receive, addition;
    Get "/v1/subscriptions"; AccessToken(Some(EventsSubscribe)) => events::list, addition;
    Delete "/v1/subscriptions/:subscriptionId"; AccessToken(Some(EventsSubscribe)) => events::delete, addition;
    Patch "/v1/subscriptions/:subscriptionId"; AccessToken(Some(EventsSubscribe)) => events::update, addition;
    Get "/v1/subscriptions/:subscriptionId/deliveries"; AccessToken(Some(EventsSubscribe)) => events::deliveries, addition;
    Post "/v1/subscriptions/:subscriptionId/deliveries/:deliveryId/replay"; AccessToken(Some(EventsSubscribe)) => events::replay, addition;
    Post "/v1/auth/complete"; OptionalSession => auth_flow::complete, addition;
    Post "/v1/auth/:provider/callback"; ProviderCallback => auth_flow::receive_code, addition;
    Get "/.well-known/oauth-authorization-server"; Public => oauth::metadata, addition;
    #[cfg(feature = "mcp")]
    Get "/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"; Public => mcp::resource, addition;
    #[cfg(feature = "mcp")]
    Post "/mcp"; ToolToken => mcp::call, addition;
    #[cfg(feature = "mcp")]
    Post "/oauth/register"; Public => registration::register, addition;
    Post "/oauth/revoke"; ClientCredentials => oauth::revoke, addition;
    Post "/oauth/introspect"; ClientCredentials => oauth::introspect, addition;
    Get "/oauth/authorize/connect/:provider"; EmbedSession => authorize::connect, addition;
    Get "/app/company/apps/:clientId/connect/:provider"; EmbedSession => company::connect, addition;
    Post "/v1/developer/apps/:clientId/secrets"; UserSession => developer::create_secret, addition;
    Delete "/v1/developer/apps/:clientId/secrets/:secretId"; UserSession => developer::delete_secret, addition;
    Get "/v1/developer/apps/:clientId/authorizations"; UserSession => developer::list_customers, addition;
    Get "/v1/developer/apps/:clientId/authorizations/:authorizationId"; UserSession => developer::find_customer, addition;
    Delete "/v1/developer/apps/:clientId/authorizations/:authorizationId"; UserSession => developer::end_customer, addition;
    Post "/v1/developer/apps/:clientId/authorizations/:authorizationId/reconnect-link"; UserSession => developer::reconnect_link, addition;
    Get "/app/company/apps/:clientId/reconnect"; EmbedSession => company::reconnect, addition;
    Get "/app/company/apps/:clientId/reads"; EmbedSession => customer_records::reads, addition;
    Get "/app/company/apps/:clientId/reads.csv"; EmbedSession => customer_records::reads_file, addition;
    Get "/app/company/apps/:clientId/record"; EmbedSession => customer_records::record_file, addition;
    Get "/v1/platform/consent-keys"; Public => customer_records::keys, addition;
    Get "/v1/explain"; UserOrAdmin => account::explain, addition;
    Get "/app/developer/explain"; UserSession => explain::show, addition;
    Get "/app/developer/calls"; UserSession => calls::list, addition;
    Get "/app/developer/apps/:clientId/customers"; UserSession => customers::list, addition;
    Get "/app/developer/apps/:clientId/customers/:authorizationId"; UserSession => customers::show, addition;
    Get "/app/developer/apps/:clientId/customers/:authorizationId/events"; UserSession => customer_events::list, addition;
    Get "/app/developer/apps/:clientId/customers/:authorizationId/events/:subscriptionId"; UserSession => customer_events::show, addition;
    Post "/app/developer/apps/:clientId/customers/:authorizationId/events/:subscriptionId/deliveries/:deliveryId/replay"; UserSession => customer_events::replay, addition;
    Post "/app/developer/apps/:clientId/customers/:authorizationId/end"; UserSession => customers::end, addition;
    Post "/app/developer/apps/:clientId/customers/:authorizationId/reconnect-link"; UserSession => customers::reconnect_link, addition;
    Get "/v1/developer/apps/:clientId/profile"; UserSession => developer::profile, addition;
    Patch "/v1/developer/apps/:clientId/profile"; UserSession => developer::update_profile, addition;
    Post "/app/developer/apps/:clientId/profile"; UserSession => profiles::update, addition;
    Get "/app/logos/:clientId"; Public => profiles::logo, addition;
    Post "/app/developer/apps/:clientId/secrets"; UserSession => apps::create_secret, addition;
    Post "/app/developer/apps/:clientId/secrets/:secretId/delete"; UserSession => apps::delete_secret, addition;
    Delete "/v1/platform/tenants/:id"; AdminKey => platform_admin::delete_tenant, addition;
    Post "/v1/platform/invitations"; AdminKey => platform_admin::invite, addition;
    Get "/app/forgotten"; Public => forgotten::page, addition;
    Post "/app/forgotten"; Public => forgotten::send, addition;
    Get "/app/reset"; Public => sign_in::reset_page, addition;
    Post "/app/reset"; Public => sign_in::reset, addition;
    Get "/app/account"; UserSession => own_account::show, addition;
    Post "/app/account/sessions/end-others"; UserSession => own_account::end_others, addition;
    Post "/app/account/sessions/:sessionId/end"; UserSession => own_account::end, addition;
    Post "/app/account/password"; UserSession => own_account::change_password, addition;
    Post "/app/account/delete"; UserSession => own_account::delete, addition;
    Get "/v1/account/sessions"; UserSession => account::sessions, addition;
    Delete "/v1/account/sessions/:sessionId"; UserSession => account::end_session, addition;
    Post "/v1/account/password"; UserSession => account::change_password, addition;
    Delete "/v1/account/me"; UserSession => account::delete_me, addition;
}
