//! "Try it" on the page of an operation, in a sandbox alone: the call is made over this server's own
//! socket, with a token that is bought for it with the credentials of the sandbox's own app. Only
//! reads can be tried, and no address is taken from the request.

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
    exchange::Exchange,
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

/// The form of an operation, with the answer where it was sent; `None` outside a sandbox, and for what
/// is no read.
pub(super) async fn of(x: &Exchange, id: &str) -> Result<Option<TryIt>, Refusal> {
    let Some(guided) = x.app().guided() else {
        return Ok(None);
    };
    let reference = Reference(x.app().openapi());
    let mut routes = x.app().routes();
    let is_asked = |route: &&Route| {
        let is_read = matches!(route.access, Access::AccessToken(Some(_)));
        let path = route.template();
        is_read && route.method == RouteMethod::Get && reference.id_of("GET", path) == id
    };
    let Some(route) = routes.find(is_asked) else {
        return Ok(None);
    };
    let query = x.query()?;
    let is_run = query.value("run")?.is_some();
    let fields = fields(route, reference, guided, &query, is_run)?;
    let target = target(route, &fields);
    let answer = match is_run {
        true => Some(call(x, guided, &target).await?),
        false => None,
    };
    Ok(Some(TryIt {
        action: format!("/docs/api/{id}"),
        fields,
        target,
        answer,
    }))
}

/// What can be filled in: each segment of the path, each parameter of the query.
fn fields(
    route: &Route,
    reference: Reference<'_>,
    guided: &Guided,
    query: &Query,
    is_run: bool,
) -> Result<Vec<TryField>, Refusal> {
    let segments = route.template().split('/');
    let path = segments.filter_map(|segment| segment.strip_prefix(':'));
    let path = path.map(|name| {
        (
            format!("path.{name}"),
            name.to_owned(),
            sample(name, guided),
        )
    });
    let others = reference.query_of("GET", route.template());
    let others = others.map(|name| (format!("query.{name}"), name.to_owned(), String::new()));
    let mut fields = Vec::new();
    for (field, label, sample) in path.chain(others) {
        let sent = query.field(&field)?.map(str::to_owned);
        fields.push(TryField {
            is_path: field.starts_with("path."),
            value: match is_run {
                true => sent.unwrap_or_default(),
                false => sent.unwrap_or(sample),
            },
            field,
            label,
        });
    }
    Ok(fields)
}

/// A value that finds something in a sandbox.
fn sample(name: &str, guided: &Guided) -> String {
    let text = match name {
        "provider" => "local",
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

async fn call(x: &Exchange, guided: &Guided, target: &str) -> Result<TriedAnswer, Refusal> {
    let token = token(x, guided).await?;
    let started = Instant::now();
    let caller = x.app().loopback()?;
    let answer = caller.call(Method::GET, target, Some(&token), None).await?;
    let took = started.elapsed();
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    let text = serde_json::to_string_pretty(&body).unwrap_or_default();
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
