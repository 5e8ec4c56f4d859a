//! The query parameters and form fields of routes: name, meaning, form and an example, each written
//! once. What a handler does with one is its own business; a test sends every documented query
//! parameter twice and sees it refused by name, so that none is documented that nobody reads.

use gitflare_core::{
    model::{DeploymentState, PullRequestFilter},
    provider::Endpoint,
};
use serde_json::{Value, json};

/// The form of a value.
#[derive(Clone, Copy)]
enum Form {
    Text,
    Limit,
    Top { most: u16, default: u16 },
    Number,
    Flag,
    Boolean,
    Time,
    Url,
    Password,
    Several,
    PullRequestState,
    DeploymentState,
    CodeOnly,
    S256Only,
}

/// A query parameter, or a field of a form.
#[derive(Clone, Copy)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    description: &'static str,
    form: Form,
    example: &'static str,
    pub(super) is_required: bool,
}

impl Parameter {
    /// The parameter as a query parameter of an operation.
    pub(super) fn in_query(&self) -> Value {
        json!({
            "name": self.name,
            "in": "query",
            "required": self.is_required,
            "description": self.description,
            "schema": self.form.schema(),
            "example": self.example(),
        })
    }

    /// The parameter as a property of a form.
    pub(super) fn in_form(&self) -> Value {
        let mut schema = self.form.schema();
        schema["description"] = self.description.into();
        schema
    }

    fn example(&self) -> Value {
        match self.form {
            Form::Limit | Form::Top { .. } | Form::Number | Form::Boolean => {
                serde_json::from_str(self.example).unwrap_or_default()
            }
            _ => self.example.into(),
        }
    }

    const fn required(mut self) -> Self {
        self.is_required = true;
        self
    }
}

impl Form {
    fn schema(self) -> Value {
        match self {
            Self::Text => json!({"type": "string"}),
            Self::Limit => json!({"type": "integer", "minimum": 1, "maximum": 100, "default": 25}),
            Self::Top { most, default } => {
                json!({"type": "integer", "minimum": 1, "maximum": most, "default": default})
            }
            Self::Number => json!({"type": "integer", "minimum": 0, "default": 0}),
            Self::Flag => json!({"type": "string", "enum": ["1", "0", "true", "false"]}),
            Self::Boolean => json!({"type": "boolean", "default": false}),
            // A date is taken as well.
            Self::Time => json!({"type": "string"}),
            Self::Url => json!({"type": "string", "format": "uri"}),
            Self::Password => json!({"type": "string", "format": "password"}),
            Self::Several => json!({"type": "array", "items": {"type": "string"}}),
            Self::PullRequestState => {
                let words: Vec<_> = PullRequestFilter::ALL
                    .iter()
                    .map(|it| it.as_str())
                    .collect();
                json!({"type": "string", "enum": words, "default": "open"})
            }
            Self::DeploymentState => {
                let words: Vec<_> = DeploymentState::ALL.iter().map(|it| it.as_str()).collect();
                json!({"type": "string", "enum": words})
            }
            Self::CodeOnly => json!({"type": "string", "enum": ["code"]}),
            Self::S256Only => json!({"type": "string", "enum": ["S256"]}),
        }
    }
}

const fn parameter(
    name: &'static str,
    form: Form,
    description: &'static str,
    example: &'static str,
) -> Parameter {
    Parameter {
        name,
        description,
        form,
        example,
        is_required: false,
    }
}

use Form::{
    Boolean, CodeOnly, Flag, Limit, Number, Password, S256Only, Several, Text, Time, Top, Url,
};

macro_rules! parameters {
    ($($constant:ident $name:literal $form:expr, $description:literal, $example:literal;)*) => {$(
        pub(super) const $constant: Parameter = parameter($name, $form, $description, $example);
    )*};
}

#[rustfmt::skip]
parameters! {
    BEGINNING "search" Text, "How the customer's name or `customer_ref` begins, or the tenant's whole id.", "acme";
    LIMIT "limit" Limit, "How many items a page holds at most. Bound into the cursor.", "25";
    CURSOR "cursor" Text, "The `next_cursor` of the page before, unchanged. Without it the list begins.", "djEuAQ";
    PROVIDER "provider" Text, "Only this provider, by id.", "github";
    ONE_PROVIDER "provider" Text, "Only this provider, by id; needed to go on with a cursor.", "github";
    CONNECTION "connectionId" Text, "Only this one of the token's connections. Without a token, in legacy mode, the connection to read through.", "conn_01k9example0000000000000000";
    BRANCH "branch" Text, "A branch by name; the default branch without it.", "main";
    REF "ref" Text, "A branch, tag or commit; the default branch without it. Not beside `branch`.", "v1.0.0";
    PATH "path" Text, "A folder from the root of the repository; the root without it.", "src";
    BASE "base" Text, "A branch, tag or commit of this repository to compare against.", "main";
    HEAD "head" Text, "The branch, tag or commit of this repository that has the changes.", "feature/search";
    FILE "path" Text, "The path of one file from the root of the repository, without a slash at either end.", "README.md";
    RECURSIVE "recursive" Boolean, "Whether the entries of folders below are listed as well.", "true";
    PULL_STATE "state" Form::PullRequestState, "Which pull requests: open, closed without a merge, merged, or all.", "all";
    ENVIRONMENT "environment" Text, "Only deployments to this environment.", "production";
    DEPLOYMENT_STATE "state" Form::DeploymentState, "Only deployments in this state.", "success";
    TENANT "tenantId" Text, "Only what belongs to this tenant.", "tenant_01k9example0000000000000000";
    CLIENT "clientId" Text, "Only what belongs to this client.", "client_01k9example0000000000000000";
    OWNER "ownerUserId" Text, "Only clients of this person.", "user_01k9example0000000000000000";
    OVER_CONNECTION "connectionId" Text, "Only grants over this connection.", "conn_01k9example0000000000000000";
    AUTHORIZATION "authorizationId" Text, "Only tokens of this authorization.", "authz_01k9example0000000000000000";
    FROM "from" Time, "The beginning of the period, RFC 3339 time or date; without it the full hour 30 days before the end.", "2026-03-01";
    TO "to" Time, "The end of the period, which no longer belongs to it, RFC 3339 time or date; now without it.", "2026-04-01T00:00:00Z";
    CALL "request_id" Text, "The `x-request-id` of a call that was made with an access token.", "gf_req_01k9example0000000000000000";
    TOP_ROWS "top" Top { most: 500, default: 50 }, "How many rows are answered at most.", "50";
    TOP_KEYS "top" Top { most: 100, default: 10 }, "How many entries each list has at most.", "10";
    OFFSET "offset" Number, "How many newer rows are passed over.", "0";
    ENDPOINT_KEY "endpointKey" Text, "Only this operation, by key.", "commits.list";
    REPOSITORY "repositoryId" Text, "Only this repository, by the provider's own id.", "1296269";
    STATUS "status" Text, "Only answers with this HTTP status, or of this class: `404`, `4xx`.", "4xx";
    ERROR_CODE "errorCode" Text, "Only answers with this error code.", "REPOSITORY_NOT_APPROVED";
    CUSTOMER_TENANT "tenantId" Text, "Only what was read of this customer.", "tenant_01k9example0000000000000000";
    WEB "web" Flag, "`1`: a signed-in person's browser is sent to the provider and back to `returnTo`.", "1";
    POPUP "popup" Flag, "`1`: the flow ends in a page that hands the completion code to the window that opened it.", "1";
    REDIRECT "redirect" Flag, "`1`: the answer is a redirect to the provider in place of JSON.", "1";
    INVITATION "invitation" Text, "The operator's one-time link, needed where sign-up is not open.", "example";
    LINK "link" Text, "The operator's one-time link.", "example";
    RETURN_TO "returnTo" Text, "A path of this server to go on to.", "/app/dashboard";
    LINK_TENANT "tenantId" Text, "The tenant that will own the connection; needs a session of a member.", "tenant_01k9example0000000000000000";
    STATE "state" Text, "The value that the provider was sent, handed back.", "sggls_example";
    CODE "code" Text, "The authorization code.", "example";
    ERROR "error" Text, "What went wrong at the other side (RFC 6749).", "access_denied";
    ISSUER "iss" Text, "The issuer of the answer (RFC 9207).", "https://github.com/login/oauth";
    RESPONSE_TYPE "response_type" CodeOnly, "Always `code`.", "code";
    CLIENT_ID "client_id" Text, "The app.", "client_01k9example0000000000000000";
    REDIRECT_URI "redirect_uri" Url, "Where the code is sent: one of the app's redirect URIs, byte for byte.", "https://acme.example/callback";
    SCOPE "scope" Text, "The scopes to ask for, separated by spaces; the app's default permissions without it.", "read:repositories read:commits";
    APP_STATE "state" Text, "A random value of the app, handed back with the code (RFC 6749, section 10.12).", "d1f9c0e7";
    CUSTOMER_REF "customer_ref" Text, "The app's own id of the customer.", "customer-42";
    CUSTOMER_NAME "customer_name" Text, "The customer's name, for the page.", "Northwind Ltd";
    CUSTOMER_SIG "customer_sig" Text, "The hex HMAC-SHA-256 over client id, reference, expiry and nonce, keyed with the app's embed secret.", "9f86d081884c7d65";
    CUSTOMER_EXP "customer_exp" Text, "The signature's expiry, Unix seconds, at most ten minutes ahead.", "1775138400";
    CUSTOMER_FILTER "customerRef" Text, "The app's own id of a customer; name the app too, with `clientId`, unless there is one only.", "customer-42";
    MAIL_TO "email" Text, "Where to mail the link; none leaves it to you.", "it@northwind.example";
    RECONNECT_EXP "reconnect_exp" Text, "When a reconnect link stops working, in Unix seconds.", "1798761600";
    RECONNECT_SIG "reconnect_sig" Text, "The signature of a reconnect link, in hex.", "5f2a";
    CUSTOMER_NONCE "customer_nonce" Text, "A value that is used once.", "c2a1b7";
    CODE_CHALLENGE "code_challenge" Text, "The challenge of PKCE (RFC 7636).", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    CODE_CHALLENGE_METHOD "code_challenge_method" S256Only, "How the challenge was made.", "S256";
    RESOURCE "resource" Url, "What the token is for (RFC 8707): the base address of this API, which is the default, or that of `POST /mcp`.", "https://api.example.com/mcp";
    REQUEST_ID "request_id" Text, "The authorization request that a page was shown for.", "example";
    DISPLAY "display" Text, "`popup` when the page stands in a popup.", "popup";
    READS_FROM "from" Number, "How many rows of the log are passed over.", "50";
    SESSION "session" Text, "The customer's session that the page was made for.", "sess_01k9example0000000000000000";
    DONE "done" Text, "What a form has done whose answer led here.", "saved";
    REPO_ID "repoId" Text, "The repository, by id or full name.", "1296269";
    CSRF "csrf" Text, "The token of the session that the page was made for.", "example";
    PERMISSIONS "permissions" Several, "The chosen scopes.", "read:commits";
    REPOSITORIES "repositories" Several, "The chosen repositories, each as `connectionId:repoId`.", "conn_1:1296269";
    SEARCH "search" Text, "The text of the search field.", "store";
    BROWSE "browse" Text, "Shows the list again from this match on; nothing is saved.", "0";
    EMAIL "email" Text, "The address to sign in with.", "anna@example.com";
    PASSWORD "password" Password, "The password, 12 to 128 characters.", "example";
    CURRENT_PASSWORD "currentPassword" Password, "The password so far.", "example";
    NEW_PASSWORD "newPassword" Password, "The new password, 12 to 128 characters.", "example";
    NAME "name" Text, "The name, for people.", "Anna Berg";
    DESCRIPTION "description" Text, "What the app does, for customers.", "Metrics for engineering teams";
    REDIRECT_URIS "allowedRedirectUris" Text, "The redirect URIs, one a line.", "https://acme.example/callback";
    DEFAULT_PERMISSIONS "defaultPermissions" Several, "The scopes that the app may ask for.", "read:commits";
    WEBSITE "website" Text, "The app's website, an https address.", "https://acme.example";
    PRIVACY "privacyUrl" Text, "The app's privacy policy, an https address.", "https://acme.example/privacy";
    PURPOSE "purpose.read:commits" Text, "Why the app asks for this permission; so for each.", "Charts of how you deliver";
    NO_LOGO "removeLogo" Text, "Sent when the logo goes.", "on";
    PRESET "preset" Text, "Permissions that go together, in place of those that are ticked: `metrics`, `review` or `everything`.", "metrics";
    EMBED_ORIGINS "allowedEmbedOrigins" Text, "The origins that may frame the consent page, one a line.", "https://acme.example";
    REQUIRE_PKCE "requirePkce" Text, "Sent when codes need PKCE.", "on";
    REQUIRE_SIGNED "requireSignedCustomerRef" Text, "Sent when customers' links must be signed.", "on";
    TRIED_BODY "body" Text, "The JSON of the call.", "{}";
    TESTAPP_CLIENT "clientId" Text, "The app to try.", "client_01k9example0000000000000000";
    TESTAPP_SECRET "clientSecret" Password, "The app's client secret.", "example";
    TESTAPP_REPOSITORY "repository" Text, "The provider's id and the repository's, joined by a colon.", "github:1001";
    TESTAPP_CUSTOMER "customerRef" Text, "The customer to play.", "customer-42";
}

pub(super) const PAGE: &[Parameter] = &[LIMIT, CURSOR];
pub(super) const TRIED: &[Parameter] = &[TRIED_BODY];
pub(super) const CUSTOMERS_PAGE: &[Parameter] = &[BEGINNING, LIMIT, CURSOR];
pub(super) const DELIVERIES_PAGE: &[Parameter] = &[LIMIT, CURSOR, DONE];
pub(super) const CONNECTIONS: &[Parameter] = &[TENANT, PROVIDER, LIMIT, CURSOR];
pub(super) const CLIENTS: &[Parameter] = &[TENANT, OWNER, LIMIT, CURSOR];
pub(super) const GRANTS: &[Parameter] = &[TENANT, CLIENT, OVER_CONNECTION, LIMIT, CURSOR];
pub(super) const TOKENS: &[Parameter] = &[TENANT, CLIENT, AUTHORIZATION, LIMIT, CURSOR];
pub(super) const USAGE_SUMMARY: &[Parameter] = &[
    FROM,
    TO,
    TOP_KEYS,
    CLIENT,
    ENDPOINT_KEY,
    PROVIDER,
    REPOSITORY,
    CUSTOMER_FILTER,
    CUSTOMER_TENANT,
    STATUS,
    ERROR_CODE,
];
pub(super) const EXPLAIN: &[Parameter] = &[CALL.required()];
pub(super) const USAGE_LOGS: &[Parameter] = &[
    FROM,
    TO,
    TOP_ROWS,
    OFFSET,
    CLIENT,
    ENDPOINT_KEY,
    PROVIDER,
    REPOSITORY,
    CUSTOMER_FILTER,
    CUSTOMER_TENANT,
    STATUS,
    ERROR_CODE,
];
pub(super) const CALLS: &[Parameter] = &[
    FROM,
    TO,
    OFFSET,
    CLIENT,
    ENDPOINT_KEY,
    PROVIDER,
    REPOSITORY,
    CUSTOMER_FILTER,
    CUSTOMER_TENANT,
    STATUS,
    ERROR_CODE,
];
pub(super) const PROFILE: &[Parameter] = &[CSRF.required(), WEBSITE, PRIVACY, PURPOSE, NO_LOGO];
pub(super) const SESSION_FORM: &[Parameter] = &[CSRF.required()];
pub(super) const PASSWORDS: &[Parameter] = &[
    CSRF.required(),
    CURRENT_PASSWORD.required(),
    NEW_PASSWORD.required(),
];
pub(super) const FORGOTTEN: &[Parameter] = &[EMAIL.required()];
pub(super) const CUSTOMER_FILES: &[Parameter] = &[SESSION.required(), CUSTOMER_REF];
pub(super) const CUSTOMER_RECORDS: &[Parameter] = &[SESSION.required(), CUSTOMER_REF, READS_FROM];
pub(super) const START: &[Parameter] = &[WEB, POPUP, REDIRECT, RETURN_TO, LINK_TENANT];
pub(super) const CALLBACK: &[Parameter] = &[STATE, CODE, ERROR, ISSUER];
pub(super) const CUSTOMER: &[Parameter] = &[
    CUSTOMER_REF.required(),
    CUSTOMER_NAME,
    CUSTOMER_SIG,
    CUSTOMER_EXP,
    CUSTOMER_NONCE,
];
pub(super) const RECONNECT: &[Parameter] = &[
    CUSTOMER_REF.required(),
    RECONNECT_EXP.required(),
    RECONNECT_SIG.required(),
];
pub(super) const RECONNECT_MAIL: &[Parameter] = &[CSRF.required(), MAIL_TO];
pub(super) const AUTHORIZE: &[Parameter] = &[
    RESPONSE_TYPE.required(),
    CLIENT_ID.required(),
    REDIRECT_URI.required(),
    SCOPE,
    APP_STATE,
    CUSTOMER_REF,
    CUSTOMER_NAME,
    CUSTOMER_SIG,
    CUSTOMER_EXP,
    CUSTOMER_NONCE,
    CODE_CHALLENGE,
    CODE_CHALLENGE_METHOD,
    RESOURCE,
    DISPLAY,
];
pub(super) const APPROVAL: &[Parameter] = &[
    CSRF.required(),
    REQUEST_ID.required(),
    PERMISSIONS,
    REPOSITORIES,
    SEARCH,
    BROWSE,
];
pub(super) const SHARING: &[Parameter] = &[
    CSRF.required(),
    CUSTOMER_REF,
    PERMISSIONS,
    REPOSITORIES,
    SEARCH,
    BROWSE,
];
pub(super) const CUSTOMER_FORM: &[Parameter] = &[CSRF.required(), CUSTOMER_REF];
pub(super) const SIGN_UP: &[Parameter] = &[
    EMAIL.required(),
    PASSWORD.required(),
    NAME,
    RETURN_TO,
    INVITATION,
];
pub(super) const RESET: &[Parameter] = &[LINK.required(), PASSWORD.required()];
pub(super) const LOG_IN: &[Parameter] = &[EMAIL.required(), PASSWORD.required(), RETURN_TO];
pub(super) const APP_FORM: &[Parameter] = &[
    CSRF.required(),
    NAME.required(),
    DESCRIPTION,
    REDIRECT_URIS,
    DEFAULT_PERMISSIONS,
    PRESET,
    EMBED_ORIGINS,
    REQUIRE_PKCE,
    REQUIRE_SIGNED,
];
pub(super) const TESTAPP: &[Parameter] = &[
    CSRF.required(),
    TESTAPP_CLIENT,
    TESTAPP_SECRET,
    TESTAPP_CUSTOMER,
];
pub(super) const TESTAPP_SUBSCRIPTION: &[Parameter] = &[CSRF.required(), TESTAPP_REPOSITORY];
pub(super) const SCENARIO: &[Parameter] = &[PROVIDER, REPO_ID, REPOSITORY];

/// The query parameters of a unified read.
pub(super) fn of_endpoint(endpoint: Endpoint) -> Vec<Parameter> {
    let mut parameters: Vec<_> = endpoint
        .filters()
        .iter()
        .filter_map(|name| filter(endpoint, name))
        .collect();
    if endpoint == Endpoint::Repositories {
        parameters.push(ONE_PROVIDER);
    }
    if endpoint.is_paged() {
        parameters.extend([LIMIT, CURSOR]);
    }
    parameters.push(CONNECTION);
    parameters
}

fn filter(endpoint: Endpoint, name: &str) -> Option<Parameter> {
    Some(match (endpoint, name) {
        (Endpoint::PullRequests, "state") => PULL_STATE,
        (Endpoint::Deployments, "state") => DEPLOYMENT_STATE,
        (_, "environment") => ENVIRONMENT,
        (_, "branch") => BRANCH,
        (_, "ref") => REF,
        (Endpoint::Contents, "path") => FILE.required(),
        (_, "path") => PATH,
        (_, "base") => BASE.required(),
        (_, "head") => HEAD.required(),
        (_, "recursive") => RECURSIVE,
        _ => return None,
    })
}

/// Description of a path parameter.
pub(super) fn in_path(name: &str) -> Value {
    let (description, example) = match name {
        "provider" => ("The id of the provider.", "github"),
        "repoId" => (
            "The repository: the provider's own id, or the full name percent-encoded.",
            "octo%2Fhello",
        ),
        "commitId" => (
            "The commit's object name, or the first seven digits of it and more, which cost one more call for a diff.",
            "7fd1a60b01f91b314f59955a4e4d4e80d8edf11d",
        ),
        "pullRequestId" => ("The pull request's number.", "42"),
        _ => ("The id of the object.", "01k9example0000000000000000"),
    };
    json!({
        "name": name,
        "in": "path",
        "required": true,
        "description": description,
        "schema": {"type": "string"},
        "example": example,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_filter_of_an_endpoint_has_its_words() {
        for &endpoint in Endpoint::ALL {
            for name in endpoint.filters() {
                assert!(filter(endpoint, name).is_some(), "{endpoint} {name}");
            }
        }
    }
}
