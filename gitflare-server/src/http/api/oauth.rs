//! Tokens for clients. `/oauth/token` and `/v1/platform/tokens` run one code path (TK-12); they
//! differ in `grant_id`, which only the platform route knows, and in the shape of refusals, which
//! on `/oauth/token` is that of RFC 6749 for a form.

use gitflare_core::{
    ClientId, Code, Error, Scopes, Secret,
    gateway::{TokenRefusal, TokenRequest},
    storage::{AuditAction, Outcome},
};

use super::super::{
    bodies::{
        access::{Empty, OwnTokenQuestion, TokenState},
        discovery::ServerMetadata,
    },
    body::{self, ContentType},
    credentials,
    exchange::Exchange,
    refusal::Refusal,
    reply::Reply,
};

/// `POST /oauth/token`
pub(crate) async fn token(mut x: Exchange) -> Result<Reply, Refusal> {
    let is_form = body::content_type(x.headers()) == ContentType::Form;
    let issued = issue(&mut x, false).await;
    issued.map_err(|refused| shaped(refused, is_form))
}

/// `POST /v1/platform/tokens`
pub(crate) async fn platform_token(mut x: Exchange) -> Result<Reply, Refusal> {
    issue(&mut x, true).await.map_err(|refused| refused.refusal)
}

/// `GET /v1/platform/client/me`
pub(crate) async fn client_me(x: Exchange) -> Result<Reply, Refusal> {
    let bearer = credentials::bearer(x.headers())?;
    let text = bearer.as_ref().map(|text| text.expose().as_str());
    Reply::ok(&x.gateway().token_context(text).await?)
}

/// `POST /oauth/revoke` (RFC 7009)
pub(crate) async fn revoke(mut x: Exchange) -> Result<Reply, Refusal> {
    let is_form = body::content_type(x.headers()) == ContentType::Form;
    let outcome = async {
        let (credentials, token) = own_token(&mut x).await?;
        let client = count_client(&x, &credentials)?;
        let revoked = x
            .gateway()
            .revoke_own_token(&credentials, &token, &x.request_id)
            .await;
        note_failure(&x, &client, &revoked).await?;
        revoked?;
        require(&token)
    };
    match outcome.await {
        Ok(()) => Reply::ok(&Empty {}),
        Err(refused) => Err(shaped(refused, is_form)),
    }
}

/// `POST /oauth/introspect` (RFC 7662), for the client's own tokens
pub(crate) async fn introspect(mut x: Exchange) -> Result<Reply, Refusal> {
    let is_form = body::content_type(x.headers()) == ContentType::Form;
    let outcome = async {
        let (credentials, token) = own_token(&mut x).await?;
        let client = count_client(&x, &credentials)?;
        let found = x.gateway().introspect_own_token(&credentials, &token).await;
        note_failure(&x, &client, &found).await?;
        let found = found?;
        require(&token)?;
        Ok(found)
    };
    match outcome.await {
        Ok(found) => Reply::ok(&TokenState::from(found)),
        Err(refused) => Err(shaped(refused, is_form)),
    }
}

/// `GET /.well-known/oauth-authorization-server` (RFC 8414)
pub(crate) async fn metadata(x: Exchange) -> Result<Reply, Refusal> {
    let (settings, gateway) = (x.settings(), x.gateway());
    let (public, panel) = (&settings.public_url, &settings.panel_url);
    let (grant_types, auth_methods) = match gateway.takes_public_clients() {
        true => (PUBLIC_GRANT_TYPES, PUBLIC_AUTH_METHODS),
        false => (GRANT_TYPES, AUTH_METHODS),
    };
    Reply::ok(&ServerMetadata {
        issuer: public,
        authorization_endpoint: format!("{panel}/oauth/authorize"),
        token_endpoint: format!("{public}/oauth/token"),
        revocation_endpoint: format!("{public}/oauth/revoke"),
        introspection_endpoint: format!("{public}/oauth/introspect"),
        registration_endpoint: gateway
            .takes_registrations()
            .then(|| format!("{public}/oauth/register")),
        client_id_metadata_document_supported: gateway.takes_documents().then_some(true),
        scopes_supported: Scopes::all(),
        response_types_supported: &["code"],
        response_modes_supported: &["query"],
        grant_types_supported: grant_types,
        token_endpoint_auth_methods_supported: auth_methods,
        revocation_endpoint_auth_methods_supported: auth_methods,
        introspection_endpoint_auth_methods_supported: auth_methods,
        code_challenge_methods_supported: CHALLENGE_METHODS,
        authorization_response_iss_parameter_supported: true,
        service_documentation: format!("{panel}/docs"),
    })
}

/// The grants that the token endpoint knows.
pub(super) const GRANT_TYPES: &[&str] = &["authorization_code", "client_credentials"];
/// The same where there are clients without a secret.
const PUBLIC_GRANT_TYPES: &[&str] = &["authorization_code", "client_credentials", "refresh_token"];
const PUBLIC_AUTH_METHODS: &[&str] = &["client_secret_basic", "client_secret_post", "none"];
/// PKCE methods (RFC 7636).
pub(super) const CHALLENGE_METHODS: &[&str] = &["S256"];
/// Client authentication methods (RFC 6749, section 2.3.1).
const AUTH_METHODS: &[&str] = &["client_secret_basic", "client_secret_post"];

/// Refuses a question about no token. That comes after the client was authenticated.
fn require(token: &Secret<String>) -> Result<(), Refused> {
    match token.expose().is_empty() {
        true => Err(Error::invalid_request("`token` is missing.").into()),
        false => Ok(()),
    }
}

/// The client's credentials and the token that it asks about; an empty one where it names none.
async fn own_token(x: &mut Exchange) -> Result<(TokenRequest, Secret<String>), Refused> {
    let question: OwnTokenQuestion = x.fields().await?;
    let mut request = TokenRequest {
        client_id: question.client_id,
        client_secret: question.client_secret,
        ..TokenRequest::default()
    };
    authenticate_by(&mut request, credentials::basic(x.headers())?)?;
    let token = question.token.unwrap_or_else(|| Secret::from(""));
    Ok((request, token))
}

fn shaped(refused: Refused, is_form: bool) -> Refusal {
    match is_form {
        true => refused.refusal.in_oauth_shape(refused.word),
        false => refused.refusal,
    }
}

/// A refusal with its word of RFC 6749, section 5.2.
struct Refused {
    word: &'static str,
    refusal: Refusal,
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        let word = match refusal.error().code() {
            Code::InternalError => "server_error",
            Code::RateLimited | Code::UpstreamUnavailable => "temporarily_unavailable",
            _ => "invalid_request",
        };
        Self { word, refusal }
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Refusal::from(error).into()
    }
}

impl From<TokenRefusal> for Refused {
    fn from(refused: TokenRefusal) -> Self {
        Self {
            word: refused.rfc,
            refusal: refused.error.into(),
        }
    }
}

async fn issue(x: &mut Exchange, takes_grant_id: bool) -> Result<Reply, Refused> {
    let request = token_request(x, takes_grant_id).await?;
    let client = count_client(x, &request)?;
    let outcome = x.gateway().issue_token(request, &x.request_id).await;
    note_failure(x, &client, &outcome).await?;
    Ok(Reply::ok(&outcome?)?)
}

/// The client as it calls itself, unless it has failed too often.
fn count_client(x: &Exchange, request: &TokenRequest) -> Result<String, Refusal> {
    let client = request.client_id.clone().unwrap_or_default();
    x.settings().rate_limits.check_client(&client, x.address)?;
    Ok(client)
}

/// Counts and records an authentication that failed.
async fn note_failure<T>(
    x: &Exchange,
    client: &str,
    outcome: &Result<T, TokenRefusal>,
) -> Result<(), Refusal> {
    if let Err(refused) = outcome
        && refused.error.code() == Code::InvalidCredentials
    {
        x.settings()
            .rate_limits
            .count_client_failure(client, x.address);
        // Only what has the form of an id is recorded: the rest could be anything.
        let id = ClientId::parse(client).ok();
        let object = id.as_ref().map_or("", ClientId::as_str);
        x.gateway()
            .append_audit(
                &x.act(),
                AuditAction::ClientAuthenticate,
                object,
                Outcome::Denied,
            )
            .await?;
    }
    Ok(())
}

async fn token_request(x: &mut Exchange, takes_grant_id: bool) -> Result<TokenRequest, Refused> {
    let mut request: TokenRequest = x.fields().await.map_err(about_resource)?;
    if !takes_grant_id {
        request.grant_id = None;
    }
    authenticate_by(&mut request, credentials::basic(x.headers())?)?;
    if let Some(sent) = &request.resource {
        let resources = x.settings().resources();
        let named = resources.iter().find(|(resource, _)| resource == sent);
        request.audience = named.map(|(_, audience)| *audience);
    }
    Ok(request)
}

/// A fault in `resource` has a word of its own (RFC 8707, section 2).
fn about_resource(refusal: Refusal) -> Refused {
    let mut refused = Refused::from(refusal);
    if refused.refusal.error().message().starts_with("`resource`") {
        refused.word = "invalid_target";
    }
    refused
}

/// Takes the credentials of HTTP Basic, which must be the only ones. Without any the client is told
/// to authenticate, whatever else is wrong with its request (RFC 6749, section 5.2).
fn authenticate_by(
    request: &mut TokenRequest,
    basic: Option<credentials::Basic>,
) -> Result<(), Refused> {
    if let Some(basic) = basic {
        let is_other_client = request.client_id.as_ref().is_some_and(|id| *id != basic.id);
        if request.client_secret.is_some() || is_other_client {
            let message = "Send the client's credentials in the body or as HTTP Basic, not both.";
            return Err(Error::invalid_request(message).into());
        }
        request.client_id = Some(basic.id);
        request.client_secret = Some(basic.secret);
    }
    if request.client_id.is_none() {
        return Err(TokenRefusal::no_client().into());
    }
    Ok(())
}
