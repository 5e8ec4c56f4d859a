//! The authorization endpoint: what a client asks for, checked before anybody is asked. Until the
//! client and its redirect URI are known to be good nothing is ever sent there (OA-1); all other
//! refusals are (OA-2).

use std::time::Duration;

use percent_encoding::AsciiSet;

use super::{
    Audience, CustomerLink, Gateway, PublicVisit, Query, Workspace, cells,
    workspace::unknown_client,
};
use crate::{
    ClientId, Code, CredentialHash, Error, RequestId, Result, Scope, Scopes, Secret, redirect_uri,
    storage::{Client, ClientStatus, PendingRequest, Session},
};

/// Lifetime of a pending authorization request (OA-5).
const REQUEST_TTL: Duration = Duration::from_secs(600);
/// Everything but what RFC 3986 calls unreserved.
const ESCAPED: &AsciiSet = &percent_encoding::NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
const MAX_STATE: usize = 1024;
/// Length of a SHA-256 in base64url without padding (RFC 7636, section 4.2).
const CHALLENGE_LEN: usize = 43;

/// A request that waits for a customer, with what its page begins with.
#[derive(Debug)]
pub struct OpenedRequest {
    /// The request's id, known to this browser alone.
    pub id: Secret<String>,
    /// The workspace that it was opened in.
    pub workspace: Workspace,
}

/// Refusal of an authorization request.
#[derive(Debug)]
pub enum AuthorizeRefusal {
    /// Told to whoever sits before the browser.
    Page(Error),
    /// Somebody has to sign in first: a public client's customers are people with an account.
    SignIn,
    /// Told to the client, by the browser.
    Client(Box<AuthorizationAnswer>),
}

impl From<Error> for AuthorizeRefusal {
    fn from(error: Error) -> Self {
        Self::Page(error)
    }
}

/// Error response that is sent to the redirect URI.
#[derive(Debug)]
pub struct AuthorizationAnswer {
    /// The redirect URI that the answer goes to.
    pub redirect_uri: String,
    /// The client's own text, to be sent back as it came.
    pub state: Option<Secret<String>>,
    /// A code, or the error that is sent instead.
    pub outcome: AuthorizationOutcome,
}

/// Result of an authorization request.
#[derive(Debug)]
pub enum AuthorizationOutcome {
    /// Approved: the authorization code.
    Code(Secret<String>),
    /// With an error's word of RFC 6749 and a sentence for the client's developer.
    Error(&'static str, String),
}

impl AuthorizationAnswer {
    /// The address that the browser goes to. `issuer` is who says so (RFC 9207).
    #[must_use]
    pub fn location(&self, issuer: &str) -> Secret<String> {
        let mut location = self.redirect_uri.clone();
        let mut joint = if location.contains('?') { '&' } else { '?' };
        let mut append = |name: &str, value: &str| {
            location.push(joint);
            joint = '&';
            location.push_str(name);
            location.push('=');
            location.extend(percent_encoding::utf8_percent_encode(value, ESCAPED));
        };
        match &self.outcome {
            AuthorizationOutcome::Code(code) => append("code", code.expose()),
            AuthorizationOutcome::Error(word, description) => {
                append("error", word);
                append("error_description", description);
            }
        }
        if let Some(state) = &self.state {
            append("state", state.expose());
        }
        append("iss", issuer);
        Secret::new(location)
    }
}

/// Parameters of an authorization request beside client and redirect URI.
struct Asked {
    permissions: Scopes,
    code_challenge: Option<String>,
}

impl Gateway {
    /// Takes a client's request for a customer, and opens the customer's workspace. `resources` are
    /// what `resource` can name; `visit` is the client that `client_id` names where that is a public
    /// one.
    ///
    /// # Errors
    /// An [`AuthorizeRefusal`], which knows who is told.
    pub async fn open_request(
        &self,
        query: &Query,
        resources: &[(String, Audience)],
        sessions: &[Session],
        visit: Option<&PublicVisit>,
        request_id: &RequestId,
    ) -> Result<OpenedRequest, AuthorizeRefusal> {
        let client = match visit {
            Some(visit) => self.row_of(&visit.client).await?,
            None => self.asking_client(query).await?,
        };
        let client = client.ok_or_else(unknown_client)?;
        let (redirect_uri, registered_uri) = redirect_uri_of(&client, query)?;
        // A public client's address is anybody's: nobody is sent there before they have signed in, or
        // our own address would lead strangers' visitors anywhere (RFC 9700, section 4.11.2).
        if visit.is_some_and(|visit| visit.user.is_none()) {
            return Err(AuthorizeRefusal::SignIn);
        }
        let state = query.once("state").ok().flatten().filter(|it| is_state(it));
        let state = state.map(|text| Secret::new(text.to_owned()));
        let refuse = |(word, message): (&'static str, String)| {
            AuthorizeRefusal::Client(Box::new(AuthorizationAnswer {
                redirect_uri: redirect_uri.clone(),
                state: state.clone(),
                outcome: AuthorizationOutcome::Error(word, message),
            }))
        };
        let audience = audience(query, resources).map_err(&refuse)?;
        let asked = asked(&client, query).map_err(&refuse)?;
        let link = customer_link(query).map_err(&refuse)?;
        let opened = match visit {
            Some(visit) if link.is_empty() => {
                let user = visit.user.as_ref().ok_or(AuthorizeRefusal::SignIn)?;
                self.open_own(&client, user, sessions).await
            }
            Some(_) => Err(Error::invalid_request(
                "`customer_ref` and the like are for apps that have a secret.",
            )),
            None => {
                self.open_workspace(&client, &link, sessions, request_id)
                    .await
            }
        };
        let workspace = match opened {
            Err(error) if error.code() == Code::InvalidRequest => {
                return Err(refuse(("invalid_request", error.message().to_owned())));
            }
            opened => opened?,
        };
        let id = audience.new_request(&*self.random);
        let hash = CredentialHash::of(id.expose());
        let now = self.clock.now();
        let key = hex::encode(hash.as_bytes());
        let sealed_state = match &state {
            Some(state) => {
                let cell = cells::request_state(&key, &workspace.tenant.id);
                Some(self.vault.seal(cell, state.expose(), &*self.random)?)
            }
            None => None,
        };
        let request = PendingRequest {
            client_id: client.id,
            tenant_id: workspace.tenant.id.clone(),
            session_id: workspace.session.id.clone(),
            redirect_uri,
            registered_uri,
            sealed_state,
            code_challenge: asked.code_challenge,
            permissions: asked.permissions,
            customer_name: workspace.customer_name.clone(),
            created_at: now,
            expires_at: now.after(REQUEST_TTL),
        };
        self.storage.requests().insert(request, hash).await?;
        Ok(OpenedRequest { id, workspace })
    }

    /// The live app that asks. A public client is not known by the id of its row.
    async fn asking_client(&self, query: &Query) -> Result<Option<Client>> {
        let id = query.once("client_id").ok().flatten().unwrap_or_default();
        let Ok(id) = ClientId::parse(id) else {
            return Ok(None);
        };
        let client = self.storage.clients().find(&id).await?;
        Ok(client
            .filter(|client| client.status == ClientStatus::Active && client.public_id.is_none()))
    }
}

/// The redirect URI of the response, and the registered URI that matches it.
fn redirect_uri_of(client: &Client, query: &Query) -> Result<(String, String)> {
    let sent = query.once("redirect_uri").ok().flatten();
    let registered = sent.and_then(|sent| {
        let mut all = client.allowed_redirect_uris.iter();
        let matches = match &client.public_id {
            Some(_) => redirect_uri::matches_installed,
            None => redirect_uri::matches,
        };
        all.find(|registered| matches(registered, sent))
            .map(|registered| (sent.to_owned(), registered.clone()))
    });
    registered.ok_or_else(|| {
        Error::invalid_request(
            "The link that brought you here leads back to an address that this app has not registered. For its \
             developer: `redirect_uri` must be one of the app's redirect URIs, character by character.",
        )
    })
}

type Refused = (&'static str, String);

fn asked(client: &Client, query: &Query) -> Result<Asked, Refused> {
    let invalid = |message: &str| ("invalid_request", message.to_owned());
    if value(query, "state")?.is_some_and(|state| !is_state(state)) {
        return Err(invalid(
            "`state` must have at most 1024 bytes and no control characters.",
        ));
    }
    match value(query, "response_type")? {
        Some("code") => {}
        None => return Err(invalid("`response_type` is missing.")),
        Some(_) => {
            let message = "`response_type` must be `code`.".to_owned();
            return Err(("unsupported_response_type", message));
        }
    }
    if value(query, "response_mode")?.is_some_and(|mode| mode != "query") {
        return Err(invalid("`response_mode` must be `query`."));
    }
    let permissions = match value(query, "scope")? {
        None => client.default_permissions,
        Some(names) => scopes(client, names)?,
    };
    let challenge = value(query, "code_challenge")?;
    let method = value(query, "code_challenge_method")?;
    let code_challenge = match (challenge, method) {
        (None, None) if client.require_pkce => {
            return Err(invalid("This app must send a `code_challenge`."));
        }
        (None, None) => None,
        (Some(text), Some("S256")) if is_challenge(text) => Some(text.to_owned()),
        (Some(_), Some("S256")) => {
            return Err(invalid("`code_challenge` must be a SHA-256 in base64url."));
        }
        (Some(_), _) => return Err(invalid("`code_challenge_method` must be `S256`.")),
        (None, Some(_)) => return Err(invalid("`code_challenge` is missing.")),
    };
    Ok(Asked {
        permissions,
        code_challenge,
    })
}

fn customer_link(query: &Query) -> Result<CustomerLink, Refused> {
    let text = |name| value(query, name).map(|value| value.map(str::to_owned));
    Ok(CustomerLink {
        customer_ref: text("customer_ref")?,
        customer_name: text("customer_name")?,
        signature: text("customer_sig")?,
        expires: text("customer_exp")?,
        nonce: text("customer_nonce")?,
    })
}

/// A parameter that is sent once at most; one without a value counts as left out (RFC 6749, 3.1).
fn value<'q>(query: &'q Query, name: &str) -> Result<Option<&'q str>, Refused> {
    match query.once(name) {
        Ok(value) => Ok(value.filter(|value| !value.is_empty())),
        Err(error) => Err(("invalid_request", error.message().to_owned())),
    }
}

/// What the token will be for: `resource` is one of those that tokens can be for (RFC 8707).
fn audience(query: &Query, known: &[(String, Audience)]) -> Result<Audience, Refused> {
    let invalid = |message: &str| ("invalid_target", message.to_owned());
    let sent = value(query, "resource").map_err(|_| invalid("`resource` must be sent once."))?;
    let Some(sent) = sent else {
        return Ok(Audience::default());
    };
    let named = known.iter().find(|(resource, _)| resource == sent);
    named
        .map(|(_, audience)| *audience)
        .ok_or_else(|| invalid("`resource` is not one of this server's."))
}

fn scopes(client: &Client, names: &str) -> Result<Scopes, Refused> {
    let invalid = |message: &str| ("invalid_scope", message.to_owned());
    let scopes = names
        .split(' ')
        .filter(|name| !name.is_empty())
        .map(|name| Scope::parse(name).ok_or_else(|| invalid("`scope` names an unknown scope.")))
        .collect::<Result<Scopes, _>>()?;
    if scopes.is_empty() {
        return Err(invalid("`scope` must not be empty."));
    }
    if !client.default_permissions.contains_all(scopes) {
        return Err(invalid("`scope` goes beyond what this app may ask for."));
    }
    Ok(scopes)
}

fn is_state(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_STATE && !text.chars().any(char::is_control)
}

fn is_challenge(text: &str) -> bool {
    text.len() == CHALLENGE_LEN
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}
