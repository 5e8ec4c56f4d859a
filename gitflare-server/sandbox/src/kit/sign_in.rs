//! Signing in at an emulated host: the page on which a person says who they are, the way back to
//! the application, and who a call's token belongs to.

use base64::{Engine, engine::general_purpose::STANDARD};
use url::{Url, form_urlencoded};

use super::{
    Answer, Request, World,
    people::{PEOPLE, by_login},
    tokens::Issued,
};

/// How a provider's authorization request differs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asking {
    /// The parameter of the redirect URI.
    pub(crate) redirect: &'static str,
    /// Whether `response_type=code` is required (RFC 6749, section 4.1.1).
    pub(crate) is_typed: bool,
}

impl Asking {
    /// As RFC 6749 has it.
    pub(crate) const STANDARD: Self = Self {
        redirect: "redirect_uri",
        is_typed: true,
    };
}

/// The page of choices.
pub(crate) fn page(world: &World, request: &Request, asking: Asking) -> Answer {
    let query = |name: &str| request.query(name).unwrap_or_default();
    let uri = query(asking.redirect);
    if query("client_id") != world.identity.client_id {
        return Answer::html(
            404,
            html("Unknown application", "No application has this client id."),
        );
    }
    if !is_callback(world, uri) {
        return wrong_callback();
    }
    let back = |error: &str| {
        let pairs = [("error", error), ("state", query("state"))];
        redirect(uri, &pairs)
    };
    if asking.is_typed && query("response_type") != "code" {
        return back("unsupported_response_type");
    }
    let challenged = request.query("code_challenge").is_some();
    if challenged && query("code_challenge_method") != "S256" {
        return back("invalid_request");
    }
    let mut form = format!(
        "<input type=\"hidden\" name=\"redirect_uri\" value=\"{}\">",
        escape(uri)
    );
    for name in ["state", "scope", "code_challenge"] {
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
    let scope = escape(query("scope"));
    let text = format!(
        "<p>An application asks for access to your account: <code>{scope}</code>. This host is emulated; choose who you are.</p>\
         <form method=\"post\" action=\"/__sign-in\">{form}</form>"
    );
    Answer::html(200, html("Authorize application", &text))
}

/// A code for an application.
pub(crate) struct Granted {
    pub(crate) uri: String,
    pub(crate) code: String,
    pub(crate) state: String,
}

impl Granted {
    /// The way back to the application, with the code.
    pub(crate) fn redirect(&self) -> Answer {
        redirect(&self.uri, &[("code", &self.code), ("state", &self.state)])
    }
}

/// What the person chose.
///
/// # Errors
/// The way back to the application without a code, or a page for the person.
pub(crate) fn decide(world: &World, request: &Request) -> Result<Granted, Answer> {
    let field = |name: &str| request.field(name).unwrap_or_default();
    let (uri, state) = (field("redirect_uri"), field("state"));
    if !is_callback(world, &uri) {
        return Err(wrong_callback());
    }
    let Some(person) = by_login(&field("login")) else {
        let pairs = [
            ("error", "access_denied"),
            ("error_description", "The resource owner denied the request"),
            ("state", &state),
        ];
        return Err(redirect(&uri, &pairs));
    };
    let challenge = request.field("code_challenge");
    let code = world
        .tokens()
        .code(person, uri.clone(), challenge, field("scope"));
    Ok(Granted { uri, code, state })
}

/// Whether the client's own credentials are in the request: HTTP Basic, else the form.
pub(crate) fn is_client(world: &World, request: &Request) -> bool {
    let (id, secret) = (world.identity.client_id, world.client_secret.as_str());
    if let Some((user, password)) = basic(request) {
        return user == id && password == secret;
    }
    request.field("client_id").as_deref() == Some(id)
        && request.field("client_secret").as_deref() == Some(secret)
}

/// The tokens for the code of a request; `None` when code, redirect URI or verifier do not fit.
pub(crate) fn exchange(world: &World, request: &Request) -> Option<Issued> {
    let field = |name: &str| request.field(name).unwrap_or_default();
    let verifier = request.field("code_verifier");
    world
        .tokens()
        .exchange(&field("code"), &field("redirect_uri"), verifier.as_deref())
}

/// The bearer token of a call (RFC 6750).
pub(crate) fn bearer(request: &Request) -> Option<String> {
    let header = request.header("authorization")?;
    header.strip_prefix("Bearer ").map(str::to_owned)
}

/// The password of a call with HTTP Basic (RFC 7617), where some providers take a token, and the
/// user before it.
pub(crate) fn basic(request: &Request) -> Option<(String, String)> {
    let header = request.header("authorization")?;
    let pair = STANDARD.decode(header.strip_prefix("Basic ")?).ok()?;
    let pair = String::from_utf8(pair).ok()?;
    let (user, password) = pair.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// The registered callback: the gateway's own path on any port of loopback, or of a name that is
/// reserved for examples.
fn is_callback(world: &World, text: &str) -> bool {
    let path = format!("/v1/auth/{}/callback", world.identity.id);
    Url::parse(text).is_ok_and(|url| {
        let loopback = url.host_str().is_some_and(|host| {
            matches!(host, "127.0.0.1" | "localhost" | "[::1]") || host.ends_with(".example")
        });
        url.path() == path && loopback && url.query().is_none() && url.fragment().is_none()
    })
}

fn wrong_callback() -> Answer {
    let text = "The redirect URI is not the one that is registered.";
    Answer::html(400, html("Wrong redirect URI", text))
}

fn redirect(uri: &str, pairs: &[(&str, &str)]) -> Answer {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    Answer::empty(302).with("location", format!("{uri}?{query}"))
}

fn html(title: &str, text: &str) -> String {
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
