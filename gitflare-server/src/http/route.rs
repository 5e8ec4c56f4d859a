//! One route as the rest of the surface sees it: method, paths, credential. Which routes there are,
//! and which function serves each, stands in the table on top (`assembly/routes.rs`).

use gitflare_core::{Scope, provider::Endpoint};
use http::Method;

use super::settings::Surface;

/// The methods that routes have. `HEAD` is answered like `GET`, where that changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteMethod {
    /// `GET`, and `HEAD` where it is served.
    Get,
    /// `POST`.
    Post,
    /// `PATCH`.
    Patch,
    /// `DELETE`.
    Delete,
    /// `OPTIONS`, for preflight requests.
    Options,
}

impl RouteMethod {
    /// Every method, in the order of `Allow`.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Get,
        Self::Post,
        Self::Patch,
        Self::Delete,
        Self::Options,
    ];
    pub(super) const COUNT: usize = 5;

    /// The route method that serves a request method.
    pub(super) fn of(method: &Method) -> Option<Self> {
        match *method {
            Method::GET | Method::HEAD => Some(Self::Get),
            Method::POST => Some(Self::Post),
            Method::PATCH => Some(Self::Patch),
            Method::DELETE => Some(Self::Delete),
            Method::OPTIONS => Some(Self::Options),
            _ => None,
        }
    }

    /// The method's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
        }
    }
}

/// Credential that a route requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Open to everybody, no credential.
    Public,
    /// A client with its own credentials, in the request.
    ClientCredentials,
    /// The holder of an access token; which scope it needs is the operation's.
    AccessToken(Option<Endpoint>),
    /// The holder of an access token for tools; which scope it needs is the called tool's.
    ToolToken,
    /// No credential; a session counts when one is sent.
    OptionalSession,
    /// A signed-in user's session.
    UserSession,
    /// A signed-in user's session, or the admin key.
    UserOrAdmin,
    /// A customer on a hosted page.
    EmbedSession,
    /// The visitor of the test app.
    TestappSession,
    /// A provider that sends a browser back.
    ProviderCallback,
    /// The internal listener, or the admin key.
    Internal,
    /// The admin key.
    AdminKey,
}

impl Access {
    /// The scope that a token needs here.
    #[must_use]
    pub fn scope(self) -> Option<Scope> {
        match self {
            Self::AccessToken(endpoint) => endpoint.map(Endpoint::scope),
            _ => None,
        }
    }

    /// The authentication scheme that a refusal of this status names in `WWW-Authenticate`; `None`
    /// where it names none: the scheme of a cookie or of the admin key has no name. Sources: RFC 6750
    /// section 3, RFC 6749 section 5.2.
    pub(super) const fn challenges_with(self, status: u16) -> Option<&'static str> {
        match (self, status) {
            (Self::AccessToken(_) | Self::ToolToken, 401 | 403) => Some("Bearer"),
            (Self::ClientCredentials, 401) => Some("Basic"),
            _ => None,
        }
    }
}

/// One route: a method on one or more paths.
#[derive(Debug)]
pub struct Route {
    /// The method it answers.
    pub method: RouteMethod,
    /// The paths; a segment that starts with a colon is a parameter.
    pub paths: &'static [&'static str],
    /// Credential that it requires.
    pub access: Access,
    /// Whether the published matrix lacks it.
    pub is_addition: bool,
}

impl Route {
    /// Whether a surface has the route.
    #[must_use]
    pub(super) fn is_on(&self, surface: Surface) -> bool {
        const DESCRIPTIONS: [&str; 2] = ["/health", "/openapi.json"];
        match surface {
            Surface::Whole => true,
            Surface::UnifiedApi => match self.access {
                Access::AccessToken(_) => true,
                Access::Public => {
                    let path = self.template();
                    self.method == RouteMethod::Options
                        || path.starts_with("/v1/")
                        || DESCRIPTIONS.contains(&path)
                }
                _ => false,
            },
        }
    }

    /// Whether `HEAD` is served like `GET`. Not where that spends a link or a code, begins something
    /// or ends it: mail scanners ask by `HEAD` for every address that they find.
    pub(super) fn has_head(&self) -> bool {
        const ACTING: [&str; 3] = [
            "/app/logout",
            "/testapp/callback",
            "/v1/auth/:provider/start",
        ];
        let acts = matches!(self.access, Access::EmbedSession | Access::ProviderCallback);
        self.method == RouteMethod::Get && !acts && !ACTING.contains(&self.template())
    }

    /// Name in logs and metrics.
    #[must_use]
    pub const fn template(&self) -> &'static str {
        self.paths[0]
    }
}

/// `/a/:b` as `/a/{b}`, which is how OpenAPI writes it.
pub(super) fn braced(path: &str) -> String {
    let segments = path
        .split('/')
        .map(|segment| match segment.strip_prefix(':') {
            Some(name) => format!("{{{name}}}"),
            None if segment == "*" => "{path}".to_owned(),
            None => segment.to_owned(),
        });
    segments.collect::<Vec<_>>().join("/")
}

/// The route that a request was matched to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Matched {
    pub(super) route: &'static Route,
    /// The route's position in the table, for its handler and its counters.
    pub(super) index: usize,
}
