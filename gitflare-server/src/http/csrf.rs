//! Whether a change that a browser asks for is one that our own page asked for (CS-1): its origin
//! is ours, and where it carries a session cookie it carries the form token of that session too.

use gitflare_core::{Code, Error, Secret};
use http::{HeaderMap, header};

use super::{
    body::{self, ContentType},
    cors::panel_origin,
    exchange::Exchange,
    form::Form,
    multipart,
    refusal::Refusal,
    route::RouteMethod,
    visit::{EmbedVisit, UserVisit, Visit},
};

/// Carries the token on routes whose bodies are JSON.
const TOKEN: &str = "x-csrf-token";
const FETCH_SITE: &str = "sec-fetch-site";

/// Checks a request before its handler runs. Forms are checked where they are read, which is the
/// only way to their fields; a JSON body has nowhere to put the token but a header.
pub(super) fn check(x: &Exchange, visit: &Visit) -> Result<(), Refusal> {
    let Visit::User(visit) = visit else {
        return Ok(());
    };
    let is_form_route = x.route.template().starts_with("/app/");
    if x.route.method == RouteMethod::Get || !visit.is_cookie || is_form_route {
        return Ok(());
    }
    require_own_origin(x)?;
    // Other types can be sent across origins without being asked (CS-2).
    if x.headers().contains_key(header::CONTENT_TYPE)
        && body::content_type(x.headers()) != ContentType::Json
    {
        return Err(body::unsupported(
            "Send the body as `Content-Type: application/json`.",
        ));
    }
    require_token(x, visit, token(x))
}

/// The fields of a form that our own page has sent, by the session that the page was made for
/// (CS-1).
/// Handlers have no other way to a form's fields.
pub(super) async fn form(x: &mut Exchange, max: usize) -> Result<Form, Refusal> {
    if body::content_type(x.headers()) != ContentType::Form {
        return Err(body::unsupported(
            "Send the form as `application/x-www-form-urlencoded`.",
        ));
    }
    let bytes = own_body(x, max).await?;
    let text = std::str::from_utf8(bytes.expose())
        .map_err(|_| Error::invalid_request("The form is not UTF-8 text."))?;
    checked(x, Form::parse(text)?)
}

/// The same of a form that may come with a file, in the field of that name.
pub(super) async fn form_with_file(
    x: &mut Exchange,
    max: usize,
    file: &str,
) -> Result<(Form, Option<Vec<u8>>), Refusal> {
    let Some(boundary) = multipart::boundary(x.headers()).map(str::to_owned) else {
        return Ok((form(x, max).await?, None));
    };
    let bytes = own_body(x, max).await?;
    let parts = multipart::parse(bytes.expose(), &boundary, file)?;
    let form = checked(x, Form::from_pairs(parts.fields))?;
    Ok((form, parts.file))
}

/// The body of a form from our own origin.
async fn own_body(x: &mut Exchange, max: usize) -> Result<Secret<Vec<u8>>, Refusal> {
    if !matches!(x.visit(), Visit::User(visit) if !visit.is_cookie) {
        require_own_origin(x)?;
    }
    Ok(Secret::new(x.body(max).await?))
}

/// A form that carries the token of the session whose cookie came with it.
fn checked(x: &Exchange, form: Form) -> Result<Form, Refusal> {
    match x.visit() {
        Visit::User(visit) if visit.is_cookie => require_token(x, visit, form.csrf())?,
        Visit::User(_) | Visit::Customer(_) | Visit::Anybody => {}
    }
    Ok(form)
}

/// Refuses what another site's page has sent.
pub(super) fn require_own_origin(x: &Exchange) -> Result<(), Refusal> {
    let panel = panel_origin(&x.settings().panel_url);
    if is_own_origin(x.headers(), panel) {
        Ok(())
    } else {
        Err(refusal(
            "This form was not sent from our own page: open the page again and send it from there.",
        ))
    }
}

fn is_own_origin(headers: &HeaderMap, panel: &str) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    match (origins.next(), origins.next()) {
        (Some(origin), None) => origin.as_bytes() == panel.as_bytes(),
        (Some(_), Some(_)) => false,
        (None, _) => fetch_site(headers) == Some("same-origin"),
    }
}

/// The `Sec-Fetch-Site` header.
pub(super) fn fetch_site(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(FETCH_SITE)
        .and_then(|value| value.to_str().ok())
}

/// The workspace whose page carries this token, among those that the browser has open.
pub(super) fn customer<'x>(x: &'x Exchange, token: &str) -> Result<&'x EmbedVisit, Refusal> {
    customer_among(x, x.workspaces(), token)
}

/// The same among workspaces that were found by hand, on routes that people call too.
pub(super) fn customer_among<'v>(
    x: &Exchange,
    visits: &'v [EmbedVisit],
    token: &str,
) -> Result<&'v EmbedVisit, Refusal> {
    let mut visits = visits.iter();
    visits
        .find(|visit| x.gateway().is_form_token(&visit.session.id, token))
        .ok_or_else(stale)
}

/// The token of a request whose body is JSON.
pub(super) fn token(x: &Exchange) -> &str {
    let sent = x.headers().get(TOKEN).and_then(|value| value.to_str().ok());
    sent.unwrap_or_default()
}

/// Refuses a text that is not the token of the person's session.
pub(super) fn require_token(x: &Exchange, visit: &UserVisit, token: &str) -> Result<(), Refusal> {
    if x.gateway().is_form_token(&visit.session.id, token) {
        Ok(())
    } else {
        Err(stale())
    }
}

/// The refusal of a form whose token is missing, or another session's.
pub(super) fn stale() -> Refusal {
    refusal("This form has gone stale: open the page again and send it from there.")
}

fn refusal(message: &str) -> Refusal {
    Error::new(Code::AccessBlockedByPolicy, message).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_origin_may_send_forms() {
        // sec: CS-1
        let panel = "https://panel.example";
        for (origin, site, expected) in [
            (Some(panel), None, true),
            (Some(panel), Some("cross-site"), true),
            (None, Some("same-origin"), true),
            (None, Some("same-site"), false),
            (None, Some("cross-site"), false),
            (None, Some("none"), false),
            (None, None, false),
            (Some("null"), Some("same-origin"), false),
            (Some("https://panel.example.evil.example"), None, false),
            (Some("https://PANEL.example"), None, false),
            (Some("http://panel.example"), None, false),
            (Some("https://panel.example/"), None, false),
            (Some(""), Some("same-origin"), false),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().unwrap());
            }
            if let Some(site) = site {
                headers.insert(FETCH_SITE, site.parse().unwrap());
            }
            assert_eq!(
                is_own_origin(&headers, panel),
                expected,
                "{origin:?} {site:?}"
            );
        }
        let mut twice = HeaderMap::new();
        twice.append(header::ORIGIN, panel.parse().unwrap());
        twice.append(header::ORIGIN, panel.parse().unwrap());
        assert!(!is_own_origin(&twice, panel));
    }
}
