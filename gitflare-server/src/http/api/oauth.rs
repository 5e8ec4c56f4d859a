//! Tokens for clients. `/oauth/token` and `/v1/platform/tokens` run one code path (TK-12); they
//! differ in `grant_id`, which only the platform route knows, and in the shape of refusals, which
//! on `/oauth/token` is that of RFC 6749 for a form.

use gitflare_core::{
    ClientId, Code, Error, Scope, Secret,
    gateway::{TokenRefusal, TokenRequest},
    storage::{AuditAction, Outcome},
};

use super::super::{
    body::{self, ContentType},
    credentials,
    exchange::Exchange,
    form,
    json::Members,
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
        Ok(revoked?)
    };
    match outcome.await {
        Ok(()) => Reply::ok(&serde_json::json!({})),
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
        Ok(found?)
    };
    match outcome.await {
        Ok(Some(found)) => Reply::ok(&found),
        Ok(None) => Reply::ok(&serde_json::json!({"active": false})),
        Err(refused) => Err(shaped(refused, is_form)),
    }
}

/// `GET /.well-known/oauth-authorization-server` (RFC 8414)
pub(crate) async fn metadata(x: Exchange) -> Result<Reply, Refusal> {
    let (public, panel) = (&x.settings().public_url, &x.settings().panel_url);
    let authentication = ["client_secret_basic", "client_secret_post"];
    let scopes: Vec<_> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
    Reply::ok(&serde_json::json!({
        "issuer": public,
        "authorization_endpoint": format!("{panel}/oauth/authorize"),
        "token_endpoint": format!("{public}/oauth/token"),
        "revocation_endpoint": format!("{public}/oauth/revoke"),
        "introspection_endpoint": format!("{public}/oauth/introspect"),
        "scopes_supported": scopes,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": GRANT_TYPES,
        "token_endpoint_auth_methods_supported": authentication,
        "revocation_endpoint_auth_methods_supported": authentication,
        "introspection_endpoint_auth_methods_supported": authentication,
        "code_challenge_methods_supported": CHALLENGE_METHODS,
        "authorization_response_iss_parameter_supported": true,
        "service_documentation": format!("{panel}/docs"),
    }))
}

/// The grants that the token endpoint knows.
pub(super) const GRANT_TYPES: &[&str] = &["authorization_code", "client_credentials"];
/// How a code's challenge may be made.
pub(super) const CHALLENGE_METHODS: &[&str] = &["S256"];

/// The client's credentials and the token that it asks about.
async fn own_token(x: &mut Exchange) -> Result<(TokenRequest, Secret<String>), Refused> {
    let basic = credentials::basic(x.headers())?;
    let mut fields = Fields::of(x).await?;
    let token = fields.text("token")?.map(Secret::new);
    let token = token.ok_or_else(|| Error::invalid_request("`token` is missing."))?;
    let mut request = TokenRequest {
        client_id: fields.text("client_id")?,
        client_secret: fields.text("client_secret")?.map(Secret::new),
        ..TokenRequest::default()
    };
    authenticate_by(&mut request, basic)?;
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
            Code::RateLimited => "temporarily_unavailable",
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

async fn token_request(x: &mut Exchange, takes_grant_id: bool) -> Result<TokenRequest, Refusal> {
    let basic = credentials::basic(x.headers())?;
    let mut fields = Fields::of(x).await?;
    let mut request = TokenRequest {
        grant_type: fields.text("grant_type")?,
        client_id: fields.text("client_id")?,
        client_secret: fields.text("client_secret")?.map(Secret::new),
        tenant_id: fields.text("tenant_id")?,
        customer_ref: fields.text("customer_ref")?,
        scope: fields.text("scope")?,
        code: fields.text("code")?.map(Secret::new),
        redirect_uri: fields.text("redirect_uri")?,
        code_verifier: fields.text("code_verifier")?.map(Secret::new),
        grant_id: if takes_grant_id {
            fields.text("grant_id")?
        } else {
            None
        },
    };
    authenticate_by(&mut request, basic)?;
    Ok(request)
}

/// Takes the credentials of HTTP Basic, which must be the only ones.
fn authenticate_by(
    request: &mut TokenRequest,
    basic: Option<credentials::Basic>,
) -> Result<(), Refusal> {
    if let Some(basic) = basic {
        let is_other_client = request.client_id.as_ref().is_some_and(|id| *id != basic.id);
        if request.client_secret.is_some() || is_other_client {
            let message = "Send the client's credentials in the body or as HTTP Basic, not both.";
            return Err(Error::invalid_request(message).into());
        }
        request.client_id = Some(basic.id);
        request.client_secret = Some(basic.secret);
    }
    Ok(())
}

/// The members of a token request, from either kind of body.
enum Fields {
    Json(Members),
    Form(Vec<(String, String)>),
}

impl Fields {
    async fn of(x: &mut Exchange) -> Result<Self, Refusal> {
        match body::content_type(x.headers()) {
            ContentType::Form => {
                let bytes = Secret::new(x.body(body::MAX_CREDENTIALS).await?);
                let text = std::str::from_utf8(bytes.expose())
                    .map_err(|_| Error::invalid_request("The form is not UTF-8 text."))?;
                Ok(Self::Form(form::pairs(text, "form")?))
            }
            ContentType::Json => {
                let bytes = Secret::new(x.body(body::MAX_CREDENTIALS).await?);
                Ok(Self::Json(Members::parse(bytes.expose())?))
            }
            ContentType::Other => Err(body::unsupported(
                "Send the body as `application/json` or `application/x-www-form-urlencoded`.",
            )),
        }
    }

    /// A member; in a form, one without a value counts as left out (RFC 6749, section 3.2).
    fn text(&mut self, name: &str) -> Result<Option<String>, Refusal> {
        match self {
            Self::Json(members) => Ok(members.text(name)?),
            Self::Form(pairs) => {
                let mut values = pairs.iter_mut().filter(|(key, _)| key == name);
                let value = values.next().map(|(_, value)| std::mem::take(value));
                if values.next().is_some() {
                    let message = format!("`{name}` must be sent once.");
                    return Err(Error::invalid_request(message).into());
                }
                Ok(value.filter(|value| !value.is_empty()))
            }
        }
    }
}
