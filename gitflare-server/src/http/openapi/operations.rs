//! What each route takes and answers, beyond its row in the route table: query, body, answers, and
//! the error codes that its credential and path do not tell. The types named here are the ones
//! that handlers read and write.
//!
//! To describe a new route: add its row. A test names a missing one.

use gitflare_core::{
    Code,
    gateway::{
        AppChanges, ClientMetadata, CustomerAuthorization, CustomerDetails, Explanation,
        FirewallUpdate, IssuedToken, ManualConnection, NewApp, NewClientRequest, NewGrantRequest,
        NewSubscription, NewTenantRequest, ProfileChanges, RegisteredClient, SignUp,
        SubscriptionChange, TokenContext, TokenRequest, UsagePage, UsageReport,
    },
    model::Subscription,
    storage::{AccessToken, Client, Connection, DeliveryRecord, FirewallSettings, Grant, Tenant},
};
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::{
    super::{
        bodies::{
            Collection, List,
            access::{
                ChangedSubscription, CreatedClient, CreatedGrant, CreatedSubscription, Empty,
                LinkCompletion, OneConnection, OneTenant, OwnTokenQuestion, PostedCode, Returned,
                Started, TokenQuestion, TokenState,
            },
            account::{
                Apps, CreatedApp, CreatedSecret, LogIn, Me, NewInvitation, OneInvitation,
                OneProfile, Opened, OwnSession, PasswordChange, ReconnectLink, UpdatedApp,
            },
            discovery::{
                CallbackRow, Capabilities, Health, Message, ProviderRow, ResourceMetadata,
                ServerMetadata,
            },
        },
        record::{KeySet, Signed},
        route::{Route, RouteMethod},
    },
    parameters::{self as p, Parameter},
};

/// Makes a type's schema; named types become a reference.
pub(super) type Make = fn(&mut SchemaGenerator) -> Schema;

fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// Content of a request body.
#[derive(Clone, Copy)]
pub(super) enum Takes {
    /// Without a body.
    Nothing,
    /// A JSON body of this schema.
    Json(Make),
    /// JSON, or a form with the same members (OAuth).
    JsonOrForm(Make),
    /// A form of our own page, with these fields; with JSON beside it where the route takes it.
    Form(&'static [Parameter], Option<Make>),
    /// Such a form that may come with a file, in the field of that name.
    File(&'static [Parameter], &'static str),
    /// Whatever a provider sends.
    Hook,
}

/// Content of a successful answer.
#[derive(Clone, Copy)]
pub(super) enum Gives {
    /// Without a body.
    Nothing,
    /// A JSON body of this schema.
    Json(Make),
    /// An HTML page.
    Page,
    /// A redirect without a body.
    Redirect,
    /// Text of this media type.
    Text(&'static str),
}

/// Request and answer of a route.
#[derive(Clone, Copy)]
pub(super) struct Operation {
    method: RouteMethod,
    path: &'static str,
    pub(super) query: &'static [Parameter],
    pub(super) takes: Takes,
    /// Success answers by status; a status with two bodies stands twice.
    pub(super) gives: [Option<(u16, Gives)>; 5],
    /// The codes that only this operation has.
    pub(super) codes: &'static [Code],
}

impl Operation {
    const fn new(method: RouteMethod, path: &'static str) -> Self {
        Self {
            method,
            path,
            query: &[],
            takes: Takes::Nothing,
            gives: [None; 5],
            codes: &[],
        }
    }

    const fn query(mut self, query: &'static [Parameter]) -> Self {
        self.query = query;
        self
    }

    const fn takes<T: JsonSchema>(mut self) -> Self {
        self.takes = Takes::Json(of::<T>);
        self
    }

    const fn takes_also_as_form<T: JsonSchema>(mut self) -> Self {
        self.takes = Takes::JsonOrForm(of::<T>);
        self
    }

    const fn form(mut self, fields: &'static [Parameter]) -> Self {
        self.takes = Takes::Form(fields, None);
        self
    }

    const fn form_and_file(mut self, fields: &'static [Parameter], file: &'static str) -> Self {
        self.takes = Takes::File(fields, file);
        self
    }

    const fn form_or<T: JsonSchema>(mut self, fields: &'static [Parameter]) -> Self {
        self.takes = Takes::Form(fields, Some(of::<T>));
        self
    }

    const fn hook(mut self) -> Self {
        self.takes = Takes::Hook;
        self
    }

    const fn gives(mut self, status: u16, gives: Gives) -> Self {
        let at = match self.gives {
            [None, ..] => 0,
            [_, None, ..] => 1,
            [_, _, None, ..] => 2,
            [_, _, _, None, _] => 3,
            _ => 4,
        };
        self.gives[at] = Some((status, gives));
        self
    }

    const fn json<T: JsonSchema>(self, status: u16) -> Self {
        self.gives(status, Gives::Json(of::<T>))
    }

    const fn page(self) -> Self {
        self.gives(200, Gives::Page)
    }

    const fn redirect(self) -> Self {
        self.gives(303, Gives::Redirect)
    }

    const fn empty(self) -> Self {
        self.gives(204, Gives::Nothing)
    }

    const fn codes(mut self, codes: &'static [Code]) -> Self {
        self.codes = codes;
        self
    }
}

/// The row of a route; `None` for unified reads, which their endpoint describes.
pub(super) fn operation(route: &Route) -> Option<&'static Operation> {
    OPERATIONS
        .iter()
        .find(|row| row.method == route.method && row.path == route.template())
}

const fn get(path: &'static str) -> Operation {
    Operation::new(RouteMethod::Get, path)
}

const fn post(path: &'static str) -> Operation {
    Operation::new(RouteMethod::Post, path)
}

const fn patch(path: &'static str) -> Operation {
    Operation::new(RouteMethod::Patch, path)
}

const fn delete(path: &'static str) -> Operation {
    Operation::new(RouteMethod::Delete, path)
}

/// The codes of operations that call a provider.
const UPSTREAM: &[Code] = &[
    Code::AuthExpired,
    Code::InvalidCredentials,
    Code::InsufficientScope,
    Code::AccessBlockedByPolicy,
    Code::ResourceNotFound,
    Code::RepositoryNotFound,
    Code::InstallationNotFound,
    Code::RateLimited,
    Code::UpstreamTimeout,
    Code::UpstreamUnavailable,
    Code::UnsupportedProvider,
    Code::UnsupportedEndpoint,
];
const LINKING: &[Code] = &[
    Code::AuthRequired,
    Code::AuthExpired,
    Code::InvalidCredentials,
    Code::AccessBlockedByPolicy,
    Code::ApprovalRequired,
    Code::ResourceNotFound,
    Code::RateLimited,
    Code::UpstreamTimeout,
    Code::UpstreamUnavailable,
    Code::UnsupportedProvider,
    Code::UnsupportedEndpoint,
];
const SIGNING_IN: &[Code] = &[
    Code::InvalidCredentials,
    Code::AccessBlockedByPolicy,
    Code::ResourceNotFound,
    Code::RateLimited,
];

/// A message of JSON-RPC; which ones there are is the protocol's business.
const MESSAGE: Gives = Gives::Json(super::answers::any_object);

#[rustfmt::skip]
const OPERATIONS: &[Operation] = &[
    Operation::new(RouteMethod::Options, "/*").empty(),
    get("/health").json::<Health>(200).json::<Health>(503),
    get("/v1/providers").json::<List<ProviderRow<'static>>>(200),
    get("/v1/auth/callback-urls").json::<List<CallbackRow>>(200),
    get("/v1/platform/capabilities").json::<Capabilities<'static>>(200),

    get("/oauth/authorize").query(p::AUTHORIZE).page().redirect().codes(UPSTREAM),
    post("/oauth/authorize/approve").form(p::APPROVAL).redirect().page().codes(UPSTREAM),
    get("/oauth/authorize/deny").query(&[p::REQUEST_ID]).redirect(),
    post("/oauth/token").takes_also_as_form::<TokenRequest>().json::<IssuedToken>(200),
    post("/v1/platform/tokens").takes_also_as_form::<TokenRequest>().json::<IssuedToken>(200),
    get("/v1/platform/client/me").json::<TokenContext>(200),

    post("/v1/repositories/:provider/:repoId/events/subscribe")
        .query(&[p::CONNECTION]).takes::<NewSubscription>().json::<CreatedSubscription<'static>>(201),

    get("/v1/auth/:provider/start").query(p::START).json::<Started<'static>>(200).redirect().codes(LINKING),
    get("/v1/auth/:provider/callback").query(p::CALLBACK)
        .json::<Returned<'static>>(200).gives(200, Gives::Page).redirect().codes(LINKING),
    get("/v1/connections").query(p::CONNECTIONS).json::<Collection<'static, Connection>>(200)
        .codes(&[Code::UnsupportedProvider]),
    post("/v1/connections/manual").takes::<ManualConnection>().json::<OneConnection<'static>>(201).codes(UPSTREAM),
    get("/v1/connections/:connectionId").json::<OneConnection<'static>>(200),
    delete("/v1/connections/:connectionId").empty(),

    get("/v1/account/me").json::<Me<'static>>(200),
    get("/v1/account/connections").query(p::CONNECTIONS).json::<Collection<'static, Connection>>(200)
        .codes(&[Code::UnsupportedProvider, Code::ResourceNotFound]),
    get("/v1/account/repositories").query(p::CONNECTIONS)
        .gives(200, Gives::Json(super::answers::account_repositories)).codes(UPSTREAM),
    get("/v1/account/sessions").json::<List<OwnSession>>(200),
    delete("/v1/account/sessions/:sessionId").empty(),
    get("/app/account").query(&[p::DONE]).page(),
    post("/app/account/sessions/end-others").form(p::SESSION_FORM).redirect(),
    post("/app/account/password").form(p::PASSWORDS).redirect().codes(SIGNING_IN),
    post("/app/account/delete").form(p::SESSION_FORM).redirect(),
    post("/app/account/sessions/:sessionId/end").form(p::SESSION_FORM).redirect(),
    get("/v1/account/usage/summary").query(p::USAGE_SUMMARY).json::<UsageReport>(200)
        .codes(&[Code::UnsupportedProvider, Code::ResourceNotFound]),
    get("/v1/explain").query(p::EXPLAIN).json::<Explanation>(200)
        .codes(&[Code::InvalidRequest, Code::ResourceNotFound]),
    get("/app/company/apps/:clientId/reconnect").query(p::RECONNECT).redirect(),
    get("/app/company/apps/:clientId/reads").query(p::CUSTOMER_RECORDS).page(),
    get("/app/company/apps/:clientId/reads.csv").query(p::CUSTOMER_FILES).gives(200, Gives::Text("text/csv")),
    get("/app/company/apps/:clientId/record").query(p::CUSTOMER_FILES).json::<Signed>(200),
    get("/v1/platform/consent-keys").json::<KeySet>(200),
    get("/app/developer/explain").query(p::EXPLAIN).page(),
    get("/app/developer/calls").query(p::CALLS).page()
        .codes(&[Code::UnsupportedProvider, Code::ResourceNotFound]),
    get("/v1/account/usage/logs").query(p::USAGE_LOGS).json::<UsagePage>(200)
        .codes(&[Code::UnsupportedProvider, Code::ResourceNotFound]),

    get("/v1/developer/apps").query(p::PAGE).json::<Apps<'static>>(200),
    post("/v1/developer/apps").takes::<NewApp>().json::<CreatedApp<'static>>(201),
    patch("/v1/developer/apps/:clientId").takes::<AppChanges>().json::<UpdatedApp>(200),
    delete("/v1/developer/apps/:clientId").empty(),
    get("/v1/developer/apps/:clientId/profile").json::<OneProfile>(200),
    patch("/v1/developer/apps/:clientId/profile").takes::<ProfileChanges>().json::<OneProfile>(200),
    post("/app/developer/apps/:clientId/profile").form_and_file(p::PROFILE, "logo").redirect(),
    get("/app/logos/:clientId").gives(200, Gives::Text("image/png")),

    get("/v1/platform/tenants").query(p::PAGE).json::<Collection<'static, Tenant>>(200),
    post("/v1/platform/tenants").takes::<NewTenantRequest>().json::<OneTenant>(201),
    get("/v1/platform/clients").query(p::CLIENTS).json::<Collection<'static, Client>>(200),
    post("/v1/platform/clients").takes::<NewClientRequest>().json::<CreatedClient<'static>>(201),
    get("/v1/platform/grants").query(p::GRANTS).json::<Collection<'static, Grant>>(200),
    post("/v1/platform/grants").takes::<NewGrantRequest>().json::<CreatedGrant<'static>>(201).codes(UPSTREAM),
    delete("/v1/platform/grants/:grantId").empty(),
    get("/v1/platform/tokens").query(p::TOKENS).json::<Collection<'static, AccessToken>>(200),
    post("/v1/platform/tokens/introspect").takes::<TokenQuestion>().json::<TokenState>(200),
    delete("/v1/platform/tokens/:tokenId").empty(),
    get("/v1/security/firewall/config").json::<FirewallSettings>(200),
    post("/v1/security/firewall/config").takes::<FirewallUpdate>().json::<FirewallSettings>(200),

    get("/app/company/apps/:clientId").query(p::CUSTOMER).page().codes(UPSTREAM),
    post("/app/company/apps/:clientId/update").form(p::SHARING).redirect().page().codes(UPSTREAM),
    post("/app/company/apps/:clientId/revoke").form(p::CUSTOMER_FORM).redirect(),
    post("/app/company/apps/:clientId/connections/:connectionId/disconnect").form(p::CUSTOMER_FORM).redirect(),

    get("/").page().redirect(),
    get("/docs").page(),
    get("/docs/:document").page().gives(200, Gives::Text("text/markdown")),
    get("/docs/api/:operationId").page().gives(200, Gives::Text("text/markdown")),
    post("/docs/api/:operationId").form(p::TRIED).page(),
    get("/llms.txt").gives(200, Gives::Text("text/plain")),
    get("/robots.txt").gives(200, Gives::Text("text/plain")),
    get("/.well-known/security.txt").gives(200, Gives::Text("text/plain")).codes(&[Code::ResourceNotFound]),
    get("/assets/app.css").gives(200, Gives::Text("text/css")),
    get("/app/signup").query(&[p::RETURN_TO, p::INVITATION]).page().codes(&[Code::ResourceNotFound]),
    post("/app/signup").form_or::<SignUp>(p::SIGN_UP).json::<Opened<'static>>(201).redirect().codes(SIGNING_IN),
    get("/app/login").query(&[p::RETURN_TO]).page().codes(&[Code::ResourceNotFound]),
    post("/app/login").form_or::<LogIn>(p::LOG_IN).json::<Opened<'static>>(200).redirect().codes(SIGNING_IN),
    get("/app/dashboard").query(&[p::DONE]).page().redirect(),
    get("/app/logout").query(&[p::CSRF]).redirect(),
    post("/app/developer/apps").form(p::APP_FORM).gives(201, Gives::Page),
    post("/app/developer/apps/:clientId/update").form(p::APP_FORM).redirect(),
    post("/app/developer/apps/:clientId/delete").form(&[p::CSRF]).redirect(),

    get("/testapp").page().codes(&[Code::ResourceNotFound]),
    post("/testapp/config").form(p::TESTAPP).redirect().codes(&[Code::ResourceNotFound]),
    post("/testapp/disconnect").form(&[p::CSRF]).redirect().codes(&[Code::ResourceNotFound]),
    get("/testapp/callback").query(p::CALLBACK).redirect().codes(&[Code::ResourceNotFound]),
    get("/testapp/diff").page().codes(&[Code::AuthRequired, Code::ResourceNotFound]),
    get("/testapp/events").page().codes(&[Code::ResourceNotFound]),
    post("/testapp/events/subscribe").form(p::TESTAPP_SUBSCRIPTION).redirect()
        .codes(&[Code::AuthRequired, Code::ResourceNotFound]),
    post("/testapp/inbox/:inboxId").hook().empty().codes(&[Code::InvalidCredentials, Code::ResourceNotFound]),
    get("/testapp/live/commit-metrics").gives(200, Gives::Json(super::answers::probe_report)).page()
        .codes(&[Code::AuthRequired, Code::ResourceNotFound]),
    get("/testapp/live/endpoint-suite").gives(200, Gives::Json(super::answers::probe_report)).page()
        .codes(&[Code::AuthRequired, Code::ResourceNotFound]),
    get("/testapp/live/repository-scenario").query(p::SCENARIO)
        .gives(200, Gives::Json(super::answers::probe_report)).page()
        .codes(&[Code::AuthRequired, Code::ResourceNotFound, Code::UnsupportedProvider]),

    get("/metrics").gives(200, Gives::Text("text/plain")),
    get("/openapi.json").gives(200, Gives::Json(super::answers::any_object)),
    post("/v1/hooks/:provider/:subscriptionId").hook().empty()
        .codes(&[Code::InvalidCredentials, Code::UnsupportedProvider, Code::ResourceNotFound, Code::AccessBlockedByPolicy]),
    get("/v1/subscriptions").query(p::PAGE).json::<Collection<'static, Subscription>>(200),
    delete("/v1/subscriptions/:subscriptionId").empty(),
    patch("/v1/subscriptions/:subscriptionId").takes::<SubscriptionChange>().json::<ChangedSubscription<'static>>(200),
    get("/v1/subscriptions/:subscriptionId/deliveries").query(p::PAGE)
        .json::<Collection<'static, DeliveryRecord>>(200),
    post("/v1/subscriptions/:subscriptionId/deliveries/:deliveryId/replay").empty(),
    post("/v1/auth/:provider/callback").takes_also_as_form::<PostedCode>().json::<Empty>(200),
    post("/v1/auth/complete").takes::<LinkCompletion>().json::<OneConnection<'static>>(201).codes(LINKING),
    get("/.well-known/oauth-authorization-server").json::<ServerMetadata<'static>>(200),
    get("/.well-known/oauth-protected-resource").json::<ResourceMetadata<'static>>(200),
    post("/mcp").takes::<Message>().gives(200, MESSAGE).gives(202, Gives::Nothing).gives(400, MESSAGE).gives(404, MESSAGE)
        .gives(406, MESSAGE),
    post("/oauth/register").takes::<ClientMetadata>().json::<RegisteredClient>(201)
        .codes(&[Code::ResourceNotFound, Code::RateLimited]),
    post("/oauth/revoke").takes_also_as_form::<OwnTokenQuestion>().json::<Empty>(200),
    post("/oauth/introspect").takes_also_as_form::<OwnTokenQuestion>().json::<TokenState>(200),
    get("/oauth/authorize/connect/:provider").query(&[p::REQUEST_ID, p::POPUP]).redirect().codes(LINKING),
    get("/app/company/apps/:clientId/connect/:provider").query(&[p::CUSTOMER_REF, p::SESSION, p::POPUP])
        .redirect().codes(LINKING),
    post("/v1/developer/apps/:clientId/secrets").json::<CreatedSecret<'static>>(201),
    delete("/v1/developer/apps/:clientId/secrets/:secretId").empty(),
    get("/v1/developer/apps/:clientId/authorizations").query(p::CUSTOMERS_PAGE)
        .json::<Collection<'static, CustomerAuthorization>>(200),
    get("/v1/developer/apps/:clientId/authorizations/:authorizationId").json::<CustomerDetails>(200),
    delete("/v1/developer/apps/:clientId/authorizations/:authorizationId").empty(),
    post("/v1/developer/apps/:clientId/authorizations/:authorizationId/reconnect-link").json::<ReconnectLink>(201),
    get("/app/developer/apps/:clientId/customers").query(p::CUSTOMERS_PAGE).page(),
    get("/app/developer/apps/:clientId/customers/:authorizationId").query(&[p::DONE]).page(),
    get("/app/developer/apps/:clientId/customers/:authorizationId/events").query(p::PAGE).page(),
    get("/app/developer/apps/:clientId/customers/:authorizationId/events/:subscriptionId").query(p::DELIVERIES_PAGE).page(),
    post("/app/developer/apps/:clientId/customers/:authorizationId/events/:subscriptionId/deliveries/:deliveryId/replay").form(&[p::CSRF]).redirect(),
    post("/app/developer/apps/:clientId/customers/:authorizationId/end").form(&[p::CSRF]).redirect(),
    post("/app/developer/apps/:clientId/customers/:authorizationId/reconnect-link").form(p::RECONNECT_MAIL).gives(201, Gives::Page),
    post("/app/developer/apps/:clientId/secrets").form(&[p::CSRF]).gives(201, Gives::Page),
    post("/app/developer/apps/:clientId/secrets/:secretId/delete").form(&[p::CSRF]).redirect(),
    delete("/v1/platform/tenants/:id").empty(),
    post("/v1/platform/invitations").takes::<NewInvitation>().json::<OneInvitation>(201)
        .codes(&[Code::AccessBlockedByPolicy]),
    get("/app/forgotten").page().codes(&[Code::ResourceNotFound]),
    post("/app/forgotten").form(p::FORGOTTEN).page().codes(&[Code::ResourceNotFound, Code::RateLimited]),
    get("/app/reset").query(&[p::LINK]).page().codes(&[Code::InvalidCredentials]),
    post("/app/reset").form(p::RESET).redirect().codes(SIGNING_IN),
    post("/v1/account/password").takes::<PasswordChange>().json::<Opened<'static>>(200).codes(SIGNING_IN),
    delete("/v1/account/me").empty(),
];
