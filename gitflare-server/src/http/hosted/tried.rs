//! "Try it" on the page of an operation, in a sandbox alone: the call is made over this server's own
//! socket, with a token that is bought for it with the credentials of the sandbox's own app. Reads are
//! asked for like any page; what changes something is sent by our own page's form, which says so. No
//! address is taken from the request.

use std::time::Instant;

use gitflare_core::{
    Error, Secret,
    gateway::{Query, TokenRequest},
};
use http::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use url::form_urlencoded;

use super::super::{
    body, csrf,
    exchange::Exchange,
    form::Form,
    guided::Guided,
    pages::{
        docs::{TriedAnswer, TryField, TryIt},
        documents::Reference,
    },
    refusal::Refusal,
    route::{Access, Route, RouteMethod},
};

/// The longest answer that is shown, in characters.
const SHOWN: usize = 20_000;
/// The field of a body.
const BODY: &str = "body";

/// The form of an operation, with the answer where it was sent; `None` outside a sandbox, and for what
/// an app's token does not open.
pub(super) async fn of(x: &Exchange, id: &str) -> Result<Option<TryIt>, Refusal> {
    let Some((guided, route)) = found(x, id) else {
        return Ok(None);
    };
    let query = x.query()?;
    let is_run = route.method == RouteMethod::Get && query.value("run")?.is_some();
    let sent = match is_run {
        true => Sent::Query(&query),
        false => Sent::Nothing(guided),
    };
    let mut form = form(x, id, route, &sent)?;
    if is_run {
        form.answer = Some(call(x, guided, route, &form).await?);
    }
    Ok(Some(form))
}

/// The same where the form of something that changes was sent; `None` for everything else.
pub(super) async fn run(x: &mut Exchange, id: &str) -> Result<Option<TryIt>, Refusal> {
    let is_change = |route: &Route| route.method != RouteMethod::Get;
    if !found(x, id).is_some_and(|(_, route)| is_change(route)) {
        return Ok(None);
    }
    let sent = csrf::form(x, body::MAX_BODY).await?;
    let Some((guided, route)) = found(x, id) else {
        return Ok(None);
    };
    let mut form = form(x, id, route, &Sent::Form(&sent))?;
    form.answer = Some(call(x, guided, route, &form).await?);
    Ok(Some(form))
}

/// The sandbox, and the route of an operation that an app's token opens.
fn found<'x>(x: &'x Exchange, id: &str) -> Option<(&'x Guided, &'static Route)> {
    let guided = x.app().guided()?;
    let reference = Reference(x.app().openapi());
    let mut routes = x.app().routes();
    let route = routes.find(|route| {
        let is_opened = matches!(route.access, Access::AccessToken(Some(_)));
        is_opened && reference.id_of(route.method.as_str(), route.template()) == id
    });
    Some((guided, route?))
}

/// Where the values of the fields come from.
enum Sent<'a> {
    /// Nobody has sent any: they are samples.
    Nothing(&'a Guided),
    Query(&'a Query),
    Form(&'a Form),
}

impl Sent<'_> {
    fn value(&self, field: &str, name: &str, is_read: bool) -> Result<String, Refusal> {
        Ok(match self {
            Self::Nothing(guided) => sample(name, guided, is_read),
            Self::Query(query) => query.field(field)?.unwrap_or_default().to_owned(),
            Self::Form(form) => form.text(field)?.unwrap_or_default().to_owned(),
        })
    }
}

/// What can be filled in: each segment of the path, each parameter of the query, the body.
fn form(x: &Exchange, id: &str, route: &Route, sent: &Sent<'_>) -> Result<TryIt, Refusal> {
    let reference = Reference(x.app().openapi());
    let (method, template) = (route.method.as_str(), route.template());
    let is_read = route.method == RouteMethod::Get;
    let segments = template.split('/');
    let path = segments.filter_map(|segment| segment.strip_prefix(':'));
    let path = path.map(|name| (format!("path.{name}"), name));
    let others = reference.query_of(method, template);
    let others = others.map(|name| (format!("query.{name}"), name));
    let mut fields = Vec::new();
    for (field, label) in path.chain(others) {
        fields.push(TryField {
            is_path: field.starts_with("path."),
            value: sent.value(&field, label, is_read)?,
            field,
            label: label.to_owned(),
        });
    }
    let body = match (reference.body_of(method, template), sent) {
        (Some(_), Sent::Form(form)) => Some(form.text(BODY)?.unwrap_or_default().to_owned()),
        (example, _) => example,
    };
    Ok(TryIt {
        action: format!("/docs/api/{id}"),
        method,
        is_read,
        target: target(route, &fields),
        fields,
        body,
        answer: None,
    })
}

/// A value that finds something in a sandbox.
fn sample(name: &str, guided: &Guided, is_read: bool) -> String {
    let text = match name {
        "provider" if is_read => "local",
        // A folder of repositories reports no events.
        "provider" => "github",
        "repoId" => &guided.leak.repository,
        "commitId" => &guided.leak.commit,
        "pullRequestId" => "1",
        _ => "",
    };
    text.to_owned()
}

fn target(route: &Route, fields: &[TryField]) -> String {
    let value = |name: &str| {
        let mut path = fields.iter().filter(|it| it.is_path);
        let found = path.find(|it| it.label == name);
        let text = found.map_or("", |it| it.value.as_str());
        utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
    };
    let segments = route.template().split('/');
    let path: Vec<_> = segments
        .map(|segment| match segment.strip_prefix(':') {
            Some(name) => value(name),
            None => segment.to_owned(),
        })
        .collect();
    let mut query = form_urlencoded::Serializer::new(String::new());
    for field in fields
        .iter()
        .filter(|it| !it.is_path && !it.value.is_empty())
    {
        query.append_pair(&field.label, &field.value);
    }
    match query.finish() {
        query if query.is_empty() => path.join("/"),
        query => format!("{}?{query}", path.join("/")),
    }
}

async fn call(
    x: &Exchange,
    guided: &Guided,
    route: &Route,
    form: &TryIt,
) -> Result<TriedAnswer, Refusal> {
    let token = token(x, guided).await?;
    let method = Method::from_bytes(route.method.as_str().as_bytes())
        .map_err(|_| Error::internal("a route without a method"))?;
    let started = Instant::now();
    let caller = x.app().loopback()?;
    let answer = caller.call(method, &form.target, Some(&token), form.body.clone());
    let answer = answer.await?;
    let took = started.elapsed();
    let text = match serde_json::from_slice::<Value>(&answer.body) {
        Ok(body) => serde_json::to_string_pretty(&body).unwrap_or_default(),
        // An answer without a body.
        Err(_) => String::new(),
    };
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push_str("\n…");
    }
    Ok(TriedAnswer {
        status: answer.status,
        took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        request_id: answer.request_id,
        body: shown,
    })
}

/// A token over everything in the sandbox.
async fn token(x: &Exchange, guided: &Guided) -> Result<Secret<String>, Refusal> {
    let request = TokenRequest {
        grant_type: Some("client_credentials".to_owned()),
        client_id: Some(guided.client_id.clone()),
        client_secret: Some(guided.client_secret.expose().as_str().into()),
        tenant_id: Some(guided.customer.clone()),
        ..TokenRequest::default()
    };
    let issued = x.gateway().issue_token(request, &x.request_id).await;
    let issued = issued.map_err(|refusal| -> Error { refusal.error })?;
    Ok(issued.access_token.expose().into())
}
