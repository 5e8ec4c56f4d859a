//! Errors of web routes as pages, with the request id, and the rule when a page is the answer.

use askama::Template;
use gitflare_core::{Code, Error};
use http::{HeaderMap, StatusCode, header};

use super::{
    super::{
        body::{self, ContentType},
        route::{Access, Route},
    },
    View,
    policy::{Kind, Policy},
    shell::Shell,
    text::SafeText,
};

/// An error page.
#[derive(Clone, Debug, Template)]
#[template(path = "error.html")]
pub(crate) struct ErrorView {
    status: u16,
    heading: &'static str,
    advice: &'static str,
    message: SafeText,
    code: &'static str,
    request_id: String,
    offers_login: bool,
    /// Who is signed in; `None` for nobody, or somebody who is not asked for here.
    user: Option<SafeText>,
}

impl ErrorView {
    /// The page of an error. Its message is the canonical one: it holds nothing of the request
    /// beyond what [`Error`] lets through (CS-9).
    pub(crate) fn new(status: StatusCode, error: &Error, request_id: &str) -> Self {
        let (heading, advice) = words(status);
        Self {
            status: status.as_u16(),
            heading,
            advice,
            message: printable(error.message()),
            code: error.code().name(),
            request_id: request_id.to_owned(),
            offers_login: matches!(
                error.code(),
                Code::AuthRequired | Code::AuthExpired | Code::InvalidCredentials
            ),
            user: None,
        }
    }

    /// The same with the navigation of this person.
    pub(crate) fn seen_by(mut self, user: Option<SafeText>) -> Self {
        self.user = user;
        self
    }

    fn shell(&self) -> Shell {
        self.user
            .clone()
            .map_or_else(Shell::public, Shell::developer)
    }
}

impl View for ErrorView {
    fn policy(&self) -> Policy {
        Policy::of(Kind::Error)
    }
}

/// A message as printable ASCII of a fixed length.
fn printable(message: &str) -> SafeText {
    let text: String = message
        .chars()
        .map(|c| {
            if c == ' ' || c.is_ascii_graphic() {
                c
            } else {
                '?'
            }
        })
        .collect();
    SafeText::new(&text)
}

fn words(status: StatusCode) -> (&'static str, &'static str) {
    match status.as_u16() {
        401 => ("Sign in to go on", "This page needs you to be signed in."),
        403 => (
            "This is not allowed",
            "Nothing was changed. If you came here by a form, go back, reload the page and send it again.",
        ),
        404 => (
            "There is nothing here",
            "The address may be misspelt, or what it led to is gone.",
        ),
        410 => (
            "This address has been retired",
            "Customers no longer sign up here: they connect through the app that they use.",
        ),
        429 => ("Too many requests", "Wait a moment, then try again."),
        500..=599 => (
            "Something went wrong on our side",
            "Nothing that you did caused this. Try again; if it stays, tell support the request id.",
        ),
        _ => (
            "This request cannot be used",
            "Go back and check the link or the form. If an app sent you here, tell its makers the request id.",
        ),
    }
}

/// Media types of a request's `Accept` that decide how an error is shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Accepted {
    html: bool,
    json: bool,
}

impl Accepted {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let names = |kind: &str| {
            headers
                .get_all(header::ACCEPT)
                .iter()
                .filter_map(|value| value.to_str().ok())
                .any(|value| value.to_ascii_lowercase().contains(kind))
        };
        Self {
            html: names("text/html"),
            // Who sends JSON can read it.
            json: names("json") || body::content_type(headers) == ContentType::Json,
        }
    }

    /// Whether an error is answered with a page: on web routes unless JSON is asked for, elsewhere
    /// only where a browser can arrive by a link or a redirect, and asks for one.
    pub(crate) fn wants_page(self, route: Option<&Route>) -> bool {
        match route {
            Some(route) if is_web(route) => self.html || !self.json,
            Some(route) => {
                self.html
                    && (route.template().starts_with("/docs/")
                        || matches!(
                            route.access,
                            Access::ProviderCallback | Access::OptionalSession
                        ))
            }
            None => self.html,
        }
    }
}

/// Whether a route's answers are pages.
fn is_web(route: &Route) -> bool {
    let path = route.template();
    matches!(path, "/" | "/docs")
        || ["/app/", "/oauth/authorize", "/testapp"]
            .iter()
            .any(|start| path.starts_with(start))
}
