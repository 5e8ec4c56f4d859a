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
    if !is_callback(uri) {
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
    let look = Look::of(world.identity.id);
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
            "<button name=\"login\" value=\"{0}\" id=\"{0}\"><span aria-hidden=\"true\">{2}</span>\
             Authorize as {1} (@{0})</button>",
            person.login,
            person.name,
            person.name.chars().next().unwrap_or('?'),
        );
    }
    form += "<button class=\"deny\" name=\"login\" value=\"\" id=\"deny\">Cancel</button>";
    let scope = escape(query("scope"));
    let asked = match scope.as_str() {
        "" => "what it was registered for".to_owned(),
        scope => format!("<code>{scope}</code>"),
    };
    let name = look.name;
    let text = format!(
        "<p>An application asks for access to your {name} account: {asked}.</p>\
         <p class=\"note\">This is not {name}. It is an emulation on your own computer: nobody's password is asked, \
         choose who you are.</p>\
         <form method=\"post\" action=\"/__sign-in\">{form}</form>"
    );
    let title = format!("Sign in at the emulated {name}");
    Answer::html(200, document(look, &title, &text))
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
    if !is_callback(&uri) {
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

/// The registered callback: the gateway's own path, of whichever instance and below whichever prefix,
/// on any port of loopback or of a name that is reserved for examples.
fn is_callback(text: &str) -> bool {
    let is_own = |path: &str| {
        let path = path.strip_suffix("/callback").unwrap_or_default();
        let id = path.rsplit_once("/v1/auth/").map(|(_, id)| id);
        id.is_some_and(|id| !id.is_empty() && !id.contains('/'))
    };
    Url::parse(text).is_ok_and(|url| {
        let loopback = url.host_str().is_some_and(|host| {
            matches!(host, "127.0.0.1" | "localhost" | "[::1]") || host.ends_with(".example")
        });
        is_own(url.path()) && loopback && url.query().is_none() && url.fragment().is_none()
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

/// The colour by which a provider is told from the others, and its name.
#[derive(Clone, Copy)]
struct Look {
    id: &'static str,
    name: &'static str,
    colour: &'static str,
}

const LOOKS: &[Look] = &[
    look("github", "GitHub", "#24292f"),
    look("gitlab", "GitLab", "#b3390f"),
    look("bitbucket", "Bitbucket", "#0747a6"),
    look("azure", "Azure DevOps", "#005a9e"),
    look("gitea", "Gitea", "#44682c"),
    look("gitflic", "GitFlic", "#6b2fa0"),
];

const fn look(id: &'static str, name: &'static str, colour: &'static str) -> Look {
    Look { id, name, colour }
}

impl Look {
    fn of(id: &str) -> Self {
        let found = LOOKS.iter().find(|look| look.id == id);
        *found.unwrap_or(&look("", "code host", "#51606e"))
    }
}

const STYLE: &str = "*{box-sizing:border-box}body{margin:0;font:1rem/1.5 system-ui,sans-serif;\
    background:#f6f7f8;color:#14202b}header{background:var(--own);color:#fff;padding:.9rem 1.25rem;font-weight:600}\
    main{max-width:30rem;margin:2rem auto;padding:1.5rem;background:#fff;border:1px solid #d5dbe1;border-radius:10px}\
    h1{font-size:1.3rem;margin:0 0 .75rem}code{overflow-wrap:anywhere}\
    .note{background:#fdf3dc;border:1px solid #855200;border-radius:8px;padding:.6rem .8rem}\
    button{display:flex;gap:.75rem;align-items:center;width:100%;min-height:2.9rem;margin:.5rem 0;padding:.4rem .8rem;\
    border:1px solid #788694;border-radius:8px;background:#fff;color:inherit;font:inherit;text-align:left;cursor:pointer}\
    button:hover{background:#eef1f4}button span{display:grid;place-items:center;width:2rem;height:2rem;\
    border-radius:50%;background:var(--own);color:#fff;font-weight:700}.deny{justify-content:center}\
    @media(prefers-color-scheme:dark){:root{color-scheme:dark}body{background:#10161c;color:#e3e9ee}\
    main{background:#182129;border-color:#34414d}.note{background:#33290f;border-color:#b98a2e}\
    button{background:#1f2a34;border-color:#6d7c8a}button:hover{background:#2a3742}}";

/// A page in the provider's colour that says in its head what it emulates.
fn document(look: Look, title: &str, text: &str) -> String {
    let Look { name, colour, .. } = look;
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><link rel=\"icon\" href=\"data:,\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><style>:root{{--own:{colour}}}{STYLE}</style></head>\
         <body><header>{name}, emulated by the GitFlare sandbox</header><main><h1>{title}</h1>{text}</main></body></html>"
    )
}

fn html(title: &str, text: &str) -> String {
    document(Look::of(""), title, &format!("<p>{text}</p>"))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
