//! Signing in at an emulated forge: a page with a choice of people, codes with PKCE, tokens that
//! expire and rotate where the provider's do, and their revocation.

use std::{
    collections::HashMap,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use gitflare_core::{Random, SystemRandom};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::{Url, form_urlencoded};

use super::{
    ForgeKind, ForgeOptions,
    faults::message,
    http::{Answer, Request},
    now,
    people::{PEOPLE, Person, by_login},
    world::World,
};

/// How long a code can be exchanged.
const CODE_TTL: Duration = Duration::from_secs(600);
/// What providers tell of a GitHub App's refresh token.
const REFRESH_SECONDS: u64 = 15_811_200;

/// A code that was handed out.
#[derive(Clone, Debug)]
struct Code {
    login: &'static str,
    redirect_uri: String,
    challenge: Option<String>,
    scope: String,
    expires_at: SystemTime,
}

/// An access token.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) login: &'static str,
    pub(super) scope: String,
    expires_at: Option<SystemTime>,
    refresh: Option<String>,
    redirect_uri: String,
}

/// Codes and tokens.
#[derive(Debug)]
pub(super) struct Tokens {
    kind: ForgeKind,
    expiring: bool,
    ttl: Duration,
    codes: HashMap<String, Code>,
    access: HashMap<String, Token>,
}

impl Tokens {
    pub(super) fn new(kind: ForgeKind, options: &ForgeOptions) -> Self {
        Self {
            kind,
            expiring: kind == ForgeKind::Gitlab || options.github_app,
            ttl: options.token_ttl,
            codes: HashMap::new(),
            access: HashMap::new(),
        }
    }

    /// Whose token it is, while it lives.
    pub(super) fn find(&self, text: &str) -> Option<&Token> {
        let token = self.access.get(text)?;
        let lives = token.expires_at.is_none_or(|at| at > now());
        lives.then_some(token)
    }

    /// A personal access token, which does not expire.
    pub(super) fn personal(&mut self, login: &str) -> String {
        let prefix = match self.kind {
            ForgeKind::Github => "ghp_",
            ForgeKind::Gitlab => "glpat-",
        };
        let text = format!("{prefix}{}", random());
        if let Some(person) = by_login(login) {
            let scope = match self.kind {
                ForgeKind::Github => "repo,read:user,admin:repo_hook",
                ForgeKind::Gitlab => "api",
            };
            self.insert(&text, person.login, scope, None, "");
        }
        text
    }

    /// Ends every access token that expires, as time would.
    pub(super) fn expire(&mut self) {
        for token in self.access.values_mut() {
            if token.expires_at.is_some() {
                token.expires_at = Some(UNIX_EPOCH);
            }
        }
    }

    fn insert(
        &mut self,
        text: &str,
        login: &'static str,
        scope: &str,
        refresh: Option<String>,
        redirect_uri: &str,
    ) {
        let token = Token {
            login,
            scope: scope.to_owned(),
            expires_at: refresh.is_some().then(|| now() + self.ttl),
            refresh,
            redirect_uri: redirect_uri.to_owned(),
        };
        self.access.insert(text.to_owned(), token);
    }

    /// Hands out a token, and one to refresh it with where tokens expire.
    fn issue(&mut self, login: &'static str, scope: &str, redirect_uri: &str) -> Value {
        let prefix = match (self.kind, self.expiring) {
            (ForgeKind::Github, true) => "ghu_",
            (ForgeKind::Github, false) => "gho_",
            (ForgeKind::Gitlab, _) => "",
        };
        let text = format!("{prefix}{}", random());
        let refresh = self.expiring.then(|| match self.kind {
            ForgeKind::Github => format!("ghr_{}", random()),
            ForgeKind::Gitlab => random(),
        });
        self.insert(&text, login, scope, refresh.clone(), redirect_uri);
        let seconds = self.ttl.as_secs();
        match (self.kind, refresh) {
            (ForgeKind::Github, None) => {
                json!({"access_token": text, "scope": scope.replace(' ', ","), "token_type": "bearer"})
            }
            (ForgeKind::Github, Some(refresh)) => json!({
                "access_token": text, "scope": "", "token_type": "bearer", "expires_in": seconds,
                "refresh_token": refresh, "refresh_token_expires_in": REFRESH_SECONDS,
            }),
            (ForgeKind::Gitlab, refresh) => json!({
                "access_token": text, "token_type": "Bearer", "expires_in": seconds,
                "refresh_token": refresh, "scope": scope, "created_at": unix(now()),
            }),
        }
    }

    fn exchange(
        &mut self,
        code: &str,
        redirect_uri: &str,
        verifier: Option<&str>,
    ) -> Option<Value> {
        let code = self.codes.remove(code)?;
        let proven = match (&code.challenge, verifier) {
            (None, _) => true,
            (Some(challenge), Some(verifier)) => {
                *challenge == URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
            }
            (Some(_), None) => false,
        };
        let fits = code.expires_at > now() && code.redirect_uri == redirect_uri;
        (proven && fits).then(|| self.issue(code.login, &code.scope, redirect_uri))
    }

    /// Rotates: both old tokens are dead at once.
    fn refresh(&mut self, refresh: &str) -> Option<Value> {
        let (text, token) = self
            .access
            .iter()
            .find(|(_, token)| token.refresh.as_deref() == Some(refresh))
            .map(|(text, token)| (text.clone(), token.clone()))?;
        self.access.remove(&text);
        Some(self.issue(token.login, &token.scope, &token.redirect_uri))
    }

    /// Ends a token by either of its texts; `false` when there is none.
    fn revoke(&mut self, text: &str) -> bool {
        let before = self.access.len();
        self.access
            .retain(|known, token| known != text && token.refresh.as_deref() != Some(text));
        self.access.len() < before
    }
}

fn random() -> String {
    let mut bytes = [0u8; 20];
    SystemRandom.fill(&mut bytes);
    bytes
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn unix(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// What concerns signing in; `None` leaves the request to the API.
pub(super) fn answer(world: &World, request: &Request) -> Option<Answer> {
    let (method, path) = (request.method.as_str(), request.path.as_str());
    match (world.kind, method, path) {
        (ForgeKind::Github, "GET", "/login/oauth/authorize")
        | (ForgeKind::Gitlab, "GET", "/oauth/authorize") => Some(authorize(world, request)),
        (_, "POST", "/__sign-in") => Some(decide(world, request)),
        (ForgeKind::Github, "POST", "/login/oauth/access_token") => {
            Some(github_token(world, request))
        }
        (ForgeKind::Gitlab, "POST", "/oauth/token") => Some(gitlab_token(world, request)),
        (ForgeKind::Gitlab, "POST", "/oauth/revoke") => Some(if is_client(world, request) {
            world
                .tokens()
                .revoke(&request.field("token").unwrap_or_default());
            Answer::json(200, &json!({}))
        } else {
            Answer::json(
                403,
                &json!({"error": "unauthorized_client", "error_description": "You are not authorized to revoke this token"}),
            )
        }),
        (ForgeKind::Gitlab, "GET", "/oauth/token/info") => Some(token_info(world, request)),
        (ForgeKind::Github, "POST" | "DELETE", path)
            if path.starts_with("/api/v3/applications/") =>
        {
            Some(applications(world, request))
        }
        _ => None,
    }
}

/// The page on which a person says who they are, and whether they agree.
fn authorize(world: &World, request: &Request) -> Answer {
    let query = |name: &str| request.query(name).unwrap_or_default();
    if query("client_id") != world.client_id {
        return Answer::html(
            404,
            page("Unknown application", "No application has this client id."),
        );
    }
    if !is_callback(world, query("redirect_uri")) {
        return Answer::html(
            400,
            page(
                "Wrong redirect URI",
                "The redirect URI is not the one that is registered.",
            ),
        );
    }
    let back = |error: &str| {
        redirect(
            query("redirect_uri"),
            &[("error", error), ("state", query("state"))],
        )
    };
    if world.kind == ForgeKind::Gitlab && query("response_type") != "code" {
        return back("unsupported_response_type");
    }
    let challenged = request.query("code_challenge").is_some();
    if challenged && query("code_challenge_method") != "S256" {
        return back("invalid_request");
    }
    let mut form = String::new();
    for name in ["redirect_uri", "state", "scope", "code_challenge"] {
        if let Some(value) = request.query(name) {
            let value = escape(value);
            form += &format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">");
        }
    }
    for person in PEOPLE {
        form += &format!(
            "<p><button name=\"login\" value=\"{0}\" id=\"{0}\">Authorize as {1} (@{0})</button></p>",
            person.login, person.name
        );
    }
    form += "<p><button name=\"login\" value=\"\" id=\"deny\">Cancel</button></p>";
    let what = escape(query("scope"));
    let text = format!(
        "<p>An application asks for access to your account: <code>{what}</code>. This forge is emulated; choose who you are.</p>\
         <form method=\"post\" action=\"/__sign-in\">{form}</form>"
    );
    Answer::html(200, page("Authorize application", &text))
}

/// The registered callback: the gateway's own path on any port of loopback, by whatever name of
/// those that are reserved for examples.
fn is_callback(world: &World, text: &str) -> bool {
    let path = format!("/v1/auth/{}/callback", world.kind.id());
    Url::parse(text).is_ok_and(|url| {
        let loopback = url.host_str().is_some_and(|host| {
            matches!(host, "127.0.0.1" | "localhost" | "[::1]") || host.ends_with(".example")
        });
        url.path() == path && loopback && url.query().is_none() && url.fragment().is_none()
    })
}

fn decide(world: &World, request: &Request) -> Answer {
    let field = |name: &str| request.field(name).unwrap_or_default();
    let (uri, state) = (field("redirect_uri"), field("state"));
    if !is_callback(world, &uri) {
        return Answer::html(400, page("Wrong redirect URI", ""));
    }
    let Some(person) = by_login(&field("login")) else {
        let why = "The resource owner denied the request";
        return redirect(
            &uri,
            &[
                ("error", "access_denied"),
                ("error_description", why),
                ("state", &state),
            ],
        );
    };
    let code = random();
    world.tokens().codes.insert(
        code.clone(),
        Code {
            login: person.login,
            redirect_uri: uri.clone(),
            challenge: request.field("code_challenge"),
            scope: field("scope"),
            expires_at: now() + CODE_TTL,
        },
    );
    redirect(&uri, &[("code", &code), ("state", &state)])
}

fn redirect(uri: &str, pairs: &[(&str, &str)]) -> Answer {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    Answer::empty(302).with("location", format!("{uri}?{query}"))
}

/// GitHub's token endpoint: errors come with 200, and JSON only to those who ask for it.
fn github_token(world: &World, request: &Request) -> Answer {
    let error = |error: &str, what: &str| json!({"error": error, "error_description": what, "error_uri": "https://docs.github.com"});
    let field = |name: &str| request.field(name);
    let body = if !is_client(world, request) {
        error(
            "incorrect_client_credentials",
            "The client_id and/or client_secret passed are incorrect.",
        )
    } else if field("grant_type").as_deref() == Some("refresh_token") {
        let refresh = field("refresh_token").unwrap_or_default();
        world.tokens().refresh(&refresh).unwrap_or_else(|| {
            error(
                "bad_refresh_token",
                "The refresh token passed is incorrect or expired.",
            )
        })
    } else {
        let (code, uri) = (
            field("code").unwrap_or_default(),
            field("redirect_uri").unwrap_or_default(),
        );
        world
            .tokens()
            .exchange(&code, &uri, field("code_verifier").as_deref())
            .unwrap_or_else(|| {
                error(
                    "bad_verification_code",
                    "The code passed is incorrect or expired.",
                )
            })
    };
    if request
        .header("accept")
        .is_some_and(|accept| accept.contains("json"))
    {
        return Answer::json(200, &body);
    }
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in body.as_object().into_iter().flatten() {
        form.append_pair(name, value.as_str().unwrap_or(&value.to_string()));
    }
    Answer {
        status: 200,
        headers: vec![(
            "content-type".to_owned(),
            "application/x-www-form-urlencoded".to_owned(),
        )],
        body: form.finish().into_bytes(),
    }
}

fn gitlab_token(world: &World, request: &Request) -> Answer {
    let field = |name: &str| request.field(name);
    let error = |status, error: &str, what: &str| {
        Answer::json(status, &json!({"error": error, "error_description": what}))
    };
    if !is_client(world, request) {
        return error(
            401,
            "invalid_client",
            "Client authentication failed due to unknown client, no client authentication included, or unsupported authentication method.",
        );
    }
    let uri = field("redirect_uri").unwrap_or_default();
    let issued = match field("grant_type").as_deref() {
        Some("authorization_code") => {
            let code = field("code").unwrap_or_default();
            world
                .tokens()
                .exchange(&code, &uri, field("code_verifier").as_deref())
        }
        Some("refresh_token") => world
            .tokens()
            .refresh(&field("refresh_token").unwrap_or_default()),
        _ => {
            return error(
                400,
                "unsupported_grant_type",
                "The authorization grant type is not supported by the authorization server.",
            );
        }
    };
    match issued {
        Some(body) => Answer::json(200, &body),
        None => error(
            400,
            "invalid_grant",
            "The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was issued to another client.",
        ),
    }
}

fn token_info(world: &World, request: &Request) -> Answer {
    let tokens = world.tokens();
    let found = bearer(request).and_then(|text| tokens.find(text));
    match found.and_then(|token| Some((token, by_login(token.login)?))) {
        Some((token, person)) => Answer::json(
            200,
            &json!({
                "resource_owner_id": person.id,
                "scope": token.scope.split(' ').collect::<Vec<_>>(),
                "expires_in": token.expires_at.map(|at| unix(at).saturating_sub(unix(now()))),
                "application": {"uid": world.client_id},
            }),
        ),
        None => Answer::json(
            401,
            &json!({"error": "invalid_token", "error_description": "The access token is invalid"}),
        ),
    }
}

/// GitHub's token administration: `/applications/{client_id}/token` and `/grant`.
fn applications(world: &World, request: &Request) -> Answer {
    let segments = request.segments("/api/v3");
    let known = segments.get(1).map(String::as_str) == Some(world.client_id.as_str());
    if !known || !is_client(world, request) {
        return message(404, "Not Found");
    }
    let text = request.field("access_token").unwrap_or_default();
    match request.method.as_str() {
        "DELETE" if world.tokens().revoke(&text) => Answer::empty(204),
        "DELETE" => message(422, "Validation Failed"),
        _ => match world.tokens().find(&text) {
            Some(token) => {
                Answer::json(200, &json!({"user": {"login": token.login}, "scopes": []}))
            }
            None => message(404, "Not Found"),
        },
    }
}

/// Whether the client's own credentials are in the request.
fn is_client(world: &World, request: &Request) -> bool {
    let basic = request
        .header("authorization")
        .and_then(|value| value.strip_prefix("Basic "))
        .and_then(|text| STANDARD.decode(text).ok());
    if let Some(pair) = basic {
        return pair == format!("{}:{}", world.client_id, world.client_secret).into_bytes();
    }
    request.field("client_id").as_deref() == Some(world.client_id.as_str())
        && request.field("client_secret").as_deref() == Some(world.client_secret.as_str())
}

/// The token of a call, wherever the provider takes it.
pub(super) fn bearer(request: &Request) -> Option<&str> {
    let header = request.header("authorization");
    header
        .and_then(|value| {
            value
                .strip_prefix("Bearer ")
                .or_else(|| value.strip_prefix("token "))
        })
        .or_else(|| request.header("private-token"))
}

/// Who calls, and with which scope; `None` when the token is none of ours.
pub(super) fn caller(world: &World, request: &Request) -> Option<(&'static Person, String)> {
    let tokens = world.tokens();
    let token = tokens.find(bearer(request)?)?;
    Some((by_login(token.login)?, token.scope.clone()))
}

fn page(title: &str, text: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width\"></head><body><h1>{title}</h1>{text}</body></html>"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
