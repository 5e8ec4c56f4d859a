//! `GET /openapi.json` and `gitflare openapi`: the API as an OpenAPI 3.1 document, made of the route
//! table, the error table and the types that handlers read and write. Examples are answers that a
//! server really gave; the tests that record them hold every answer to its schema.

mod answers;
#[cfg(feature = "server")]
pub(crate) mod clients;
mod errors;
mod operations;
mod parameters;
mod schemas;

use gitflare_core::{CodeRow, Scope, model::EventName, provider::Endpoint};
use serde_json::{Map, Value, json};

use super::{
    describe,
    exchange::Exchange,
    refusal::Refusal,
    reply::Reply,
    route::{Access, Route, braced},
};
use operations::{Gives, Operation, Takes};
use schemas::Schemas;

/// Answers by method and path template, recorded by the tests.
const EXAMPLES: &str = include_str!("examples.json");

/// `GET /openapi.json`
pub(super) async fn serve(x: Exchange) -> Result<Reply, Refusal> {
    Reply::ok(x.app().openapi())
}

/// The document of these routes.
pub(super) fn of_routes(public_url: &str, routes: &[&'static Route]) -> Value {
    document(public_url, routes.iter().copied())
}

/// The document of a server with these routes at this base address.
#[must_use]
pub(crate) fn document(
    public_url: &str,
    routes: impl Iterator<Item = &'static Route> + Clone,
) -> Value {
    let mut writer = Writer {
        schemas: Schemas::new(),
        errors: Vec::new(),
        examples: serde_json::from_str(EXAMPLES).unwrap_or_default(),
    };
    let mut paths = Map::new();
    for route in routes.clone() {
        for path in route.paths {
            let item = paths.entry(braced(path)).or_insert_with(|| json!({}));
            let operation = writer.operation(route, path);
            item[route.method.as_str().to_ascii_lowercase()] = operation;
        }
    }
    let webhooks = writer.webhooks();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "GitFlare",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": public_url}],
        "tags": tags(routes),
        "paths": paths,
        "webhooks": webhooks,
        "components": {
            "securitySchemes": security_schemes(public_url),
            "headers": headers(),
            "parameters": {"RequestId": {
                "name": "x-request-id",
                "in": "header",
                "required": false,
                "description": "The caller's own id of the request, 1 to 128 of `A-Za-z0-9._-`; it \
                    comes back as `x-client-request-id`.",
                "schema": {"type": "string"},
            }},
            "responses": writer.errors.into_iter().collect::<Map<_, _>>(),
            "schemas": writer.schemas.finish(),
        },
    })
}

const ABOUT: &str = "One read API over Git hosting, with consent, a firewall and an audit log.\n\n\
    Every answer carries `x-request-id`. Besides the errors that an operation lists, any route can \
    answer `INVALID_REQUEST` with a status of the transport: 405 (with `Allow`), 408, 413, 414, 415 \
    and 431.";

fn tags(routes: impl Iterator<Item = &'static Route>) -> Value {
    let mut names: Vec<&str> = Vec::new();
    for route in routes {
        let name = describe::group(route);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.iter().map(|name| json!({ "name": name })).collect()
}

/// Writes operations, and collects the schemas that they refer to.
struct Writer {
    schemas: Schemas,
    /// Error answers by their name in the document.
    errors: Vec<(String, Value)>,
    examples: Map<String, Value>,
}

impl Writer {
    fn operation(&mut self, route: &Route, path: &str) -> Value {
        let endpoint = match route.access {
            Access::AccessToken(endpoint) => endpoint,
            _ => None,
        };
        let row = operations::operation(route);
        let example = format!("{} {}", route.method.as_str(), route.template());
        let example = self.examples.get(&example).cloned().unwrap_or_default();
        let mut operation = json!({
            "operationId": operation_id(route, path, endpoint),
            "summary": describe::summary(route),
            "tags": [describe::group(route)],
            "parameters": query(path, row, endpoint),
            "responses": self.responses(route, path, endpoint, &example),
            "security": security(route.access),
        });
        if let Some(body) = row.and_then(|row| self.request_body(row.takes, &example["request"])) {
            operation["requestBody"] = body;
        }
        operation
    }

    fn request_body(&mut self, takes: Takes, example: &Value) -> Option<Value> {
        let content = match takes {
            Takes::Nothing => return None,
            Takes::Hook => json!({"application/json": {"schema": {"type": "object"}}}),
            Takes::Json(make) => {
                json!({"application/json": shown(&self.schemas.read(make), example)})
            }
            Takes::JsonOrForm(make) => {
                let schema = self.schemas.read(make);
                json!({
                    "application/json": shown(&schema, example),
                    "application/x-www-form-urlencoded": {"schema": schema},
                })
            }
            Takes::Form(fields, json) => {
                let mut content =
                    json!({"application/x-www-form-urlencoded": {"schema": form(fields)}});
                if let Some(make) = json {
                    content["application/json"] = shown(&self.schemas.read(make), example);
                }
                content
            }
            Takes::File(fields, file) => {
                let plain = form(fields);
                let mut parts = plain.clone();
                parts["properties"][file] =
                    json!({"type": "string", "contentMediaType": "application/octet-stream"});
                json!({
                    "multipart/form-data": {"schema": parts},
                    "application/x-www-form-urlencoded": {"schema": plain},
                })
            }
        };
        Some(json!({"required": true, "content": content}))
    }

    fn responses(
        &mut self,
        route: &Route,
        path: &str,
        endpoint: Option<Endpoint>,
        example: &Value,
    ) -> Value {
        let row = operations::operation(route);
        let mut responses = Map::new();
        match (row, endpoint) {
            (Some(row), _) => {
                for &(status, gives) in row.gives.iter().flatten() {
                    let response = responses.entry(status.to_string()).or_insert_with(
                        || json!({"description": success(status), "headers": request_id()}),
                    );
                    let example = match example["status"] == status {
                        true => &example["response"],
                        false => &Value::Null,
                    };
                    self.success(response, gives, example);
                }
            }
            (None, Some(endpoint)) => {
                let schema = self.schemas.unified(endpoint);
                let mut headers = request_id();
                headers["ratelimit"] = header("RateLimit");
                let response = json!({
                    "description": success(200),
                    "headers": headers,
                    "content": {"application/json": shown(&schema, &example["response"])},
                });
                responses.insert("200".to_owned(), response);
                if endpoint == Endpoint::Contents {
                    conditional(&mut responses);
                }
            }
            (None, None) => {}
        }
        for (status, rows) in errors::by_status(route, path, row) {
            let response = self.error(route, status, &rows);
            // The one route whose own answer has the status of an error.
            responses.entry(status.to_string()).or_insert(response);
        }
        Value::Object(responses)
    }

    fn success(&mut self, response: &mut Value, gives: Gives, example: &Value) {
        match gives {
            Gives::Nothing => {}
            Gives::Json(make) => {
                response["content"]["application/json"] = shown(&self.schemas.write(make), example);
            }
            Gives::Page => {
                response["content"]["text/html"] = json!({"schema": {"type": "string"}});
            }
            Gives::Text(media_type) => {
                response["content"][media_type] = json!({"schema": {"type": "string"}});
            }
            Gives::Redirect => {
                response["headers"]["location"] = header("Location");
            }
        }
    }

    /// A reference to an error answer with exactly these codes; operations with the same ones share
    /// it.
    fn error(&mut self, route: &Route, status: u16, rows: &[&CodeRow]) -> Value {
        let is_oauth = matches!(route.access, Access::ClientCredentials | Access::Public)
            && route.template().starts_with("/oauth/");
        let codes: Vec<_> = rows.iter().map(|row| row.name).collect();
        let mut headers = request_id();
        if matches!(status, 429 | 503) {
            headers["retry-after"] = header("RetryAfter");
        }
        if route.access.challenges_with(status).is_some() {
            headers["www-authenticate"] = header("WwwAuthenticate");
        }
        let schema = match is_oauth {
            // A form is answered in the shape of RFC 6749.
            true => json!({"anyOf": [self.schemas.error(), self.schemas.oauth_error()]}),
            false => self.schemas.error(),
        };
        let response = json!({
            "description": format!("`{}`", codes.join("`, `")),
            "headers": headers,
            "content": {"application/json": {"schema": schema}},
            "x-error-codes": codes,
        });
        let known = self.errors.iter().position(|(_, known)| *known == response);
        let at = known.unwrap_or_else(|| {
            let of_status = self.errors.iter().filter(|(name, _)| {
                name.strip_prefix("Error")
                    .is_some_and(|rest| rest.starts_with(&status.to_string()))
            });
            let name = format!("Error{status}Case{}", of_status.count() + 1);
            self.errors.push((name, response));
            self.errors.len() - 1
        });
        json!({"$ref": format!("#/components/responses/{}", self.errors[at].0)})
    }

    /// Webhooks that the gateway sends to an app's callback URL, by event.
    fn webhooks(&mut self) -> Value {
        let sent = |name: &str, description: &str| {
            json!({
                "name": name,
                "in": "header",
                "required": true,
                "description": description,
                "schema": {"type": "string"},
            })
        };
        let parameters = json!([
            sent("webhook-id", "The event's id; the same in every attempt."),
            sent(
                "webhook-timestamp",
                "When the attempt was made, Unix seconds."
            ),
            sent(
                "webhook-signature",
                "`v1,` and the base64 HMAC-SHA-256 over id, timestamp and body, joined by dots, keyed \
                 with the subscription's secret (Standard Webhooks).",
            ),
        ]);
        let mut webhooks = Map::new();
        for event in EventName::ALL {
            let name = event.as_str();
            let example = self.examples.get(&format!("webhook {name}"));
            let example = example.map_or(Value::Null, |it| it["request"].clone());
            let schema = self.schemas.delivery(*event);
            let operation = json!({
                "operationId": format!("webhook.{name}"),
                "summary": format!("Delivers `{name}` to a subscription's callback address."),
                "tags": ["Events"],
                "parameters": parameters,
                "requestBody": {
                    "required": true,
                    "content": {"application/json": shown(&schema, &example)},
                },
                "responses": {"2XX": {"description": "Received. Any other answer is tried again for a day."}},
            });
            webhooks.insert(name.to_owned(), json!({ "post": operation }));
        }
        Value::Object(webhooks)
    }
}

/// What a conditional read answers beside its body (RFC 9110, section 13).
fn conditional(responses: &mut Map<String, Value>) {
    responses["200"]["headers"]["etag"] = header("ETag");
    let mut headers = request_id();
    headers["etag"] = header("ETag");
    let response = json!({"description": success(304), "headers": headers});
    responses.insert("304".to_owned(), response);
}

/// A media type with its schema, and the example where one was recorded.
fn shown(schema: &Value, example: &Value) -> Value {
    match example {
        Value::Null => json!({ "schema": schema }),
        example => json!({"schema": schema, "example": example}),
    }
}

fn form(fields: &[parameters::Parameter]) -> Value {
    let properties: Map<_, _> = fields
        .iter()
        .map(|field| (field.name.to_owned(), field.in_form()))
        .collect();
    let required = fields.iter().filter(|field| field.is_required);
    let required: Vec<_> = required.map(|field| field.name).collect();
    json!({"type": "object", "properties": properties, "required": required})
}

fn request_id() -> Value {
    json!({"x-request-id": header("RequestId")})
}

/// A reference to one of [`headers`].
fn header(name: &str) -> Value {
    json!({"$ref": format!("#/components/headers/{name}")})
}

/// The headers that many answers share.
fn headers() -> Value {
    let text =
        |description: &str| json!({"description": description, "schema": {"type": "string"}});
    json!({
        "RequestId": text("The id of the request, for support."),
        "Location": text("Where the browser goes on."),
        "ETag": text("The validator of the file, for `If-None-Match`. It changes with the firewall, too."),
        "RateLimit": text(
            "What is left of the upstream's own limit, an item per provider \
             (draft-ietf-httpapi-ratelimit-headers).",
        ),
        "WwwAuthenticate": text("The scheme to authenticate with, and what was wrong."),
        "RetryAfter": {
            "description": "The seconds to wait before another try, where they are known.",
            "schema": {"type": "integer"},
        },
    })
}

const fn success(status: u16) -> &'static str {
    match status {
        201 => "Created.",
        202 => "Taken note of.",
        204 => "Done, also when it was done before.",
        303 => "Goes on elsewhere.",
        304 => "The file is the one that the client has.",
        400 | 404 => "An error of the protocol (JSON-RPC), or the canonical one.",
        406 => "The client does not take what is answered.",
        503 => "The server should get no requests.",
        _ => "The answer.",
    }
}

fn query(path: &str, row: Option<&Operation>, endpoint: Option<Endpoint>) -> Value {
    let in_path = path
        .split('/')
        .filter_map(|segment| {
            segment
                .strip_prefix(':')
                .or((segment == "*").then_some("path"))
        })
        .map(parameters::in_path);
    let in_query = match (row, endpoint) {
        (Some(row), _) => row.query.to_vec(),
        (None, Some(endpoint)) => parameters::of_endpoint(endpoint),
        (None, None) => Vec::new(),
    };
    let in_query = in_query.iter().map(parameters::Parameter::in_query);
    let everywhere = json!({"$ref": "#/components/parameters/RequestId"});
    let condition = json!({
        "name": "if-none-match",
        "in": "header",
        "required": false,
        "description": "Validators of what the client has (`etag`), or `*`: a file among them is answered \
            with 304 and no body.",
        "schema": {"type": "string"},
    });
    let condition = (endpoint == Some(Endpoint::Contents)).then_some(condition);
    in_path
        .chain(in_query)
        .chain(condition)
        .chain(std::iter::once(everywhere))
        .collect()
}

/// The operation's key where it has one; else method and path.
fn operation_id(route: &Route, path: &str, endpoint: Option<Endpoint>) -> String {
    if let Some(endpoint) = endpoint
        && !route.is_addition
    {
        return endpoint.key().to_owned();
    }
    let words = path.split('/').filter(|word| !word.is_empty());
    let mut id = route.method.as_str().to_ascii_lowercase();
    for word in words {
        id.push('.');
        id.push_str(word.trim_start_matches([':', '.']));
    }
    id
}

/// Security requirement of a route; an empty one means that none is needed.
fn security(access: Access) -> Value {
    match access {
        Access::AccessToken(endpoint) => {
            let scopes: Vec<_> = endpoint.map(|it| it.scope().as_str()).into_iter().collect();
            json!([{ "accessToken": scopes }])
        }
        Access::ToolToken => json!([{ "accessToken": [] }]),
        Access::ClientCredentials => json!([{ "client": [] }, {}]),
        Access::UserSession => json!([{ "userSession": [] }, { "userCookie": [] }]),
        Access::UserOrAdmin => {
            json!([{ "userSession": [] }, { "userCookie": [] }, { "adminKey": [] }])
        }
        Access::OptionalSession => json!([{ "userSession": [] }, { "userCookie": [] }, {}]),
        Access::AdminKey => json!([{ "adminKey": [] }]),
        Access::Internal => json!([{ "adminKey": [] }, {}]),
        Access::EmbedSession => json!([{ "customerCookie": [] }, {}]),
        Access::TestappSession => json!([{ "testappCookie": [] }, {}]),
        Access::Public | Access::ProviderCallback => json!([]),
    }
}

fn security_schemes(public_url: &str) -> Value {
    let scopes: Map<String, Value> = Scope::ALL
        .iter()
        .map(|scope| (scope.as_str().to_owned(), scope.description().into()))
        .collect();
    let at = |path: &str| format!("{public_url}{path}");
    let cookie = |name: &str| json!({"type": "apiKey", "in": "cookie", "name": name});
    json!({
        "accessToken": {
            "type": "oauth2",
            "description": "An access token of the token endpoint, as `Authorization: Bearer`.",
            "flows": {
                "authorizationCode": {
                    "authorizationUrl": at("/oauth/authorize"),
                    "tokenUrl": at("/oauth/token"),
                    "scopes": scopes,
                },
                "clientCredentials": {"tokenUrl": at("/oauth/token"), "scopes": scopes},
            },
        },
        "client": {
            "type": "http",
            "scheme": "basic",
            "description": "The client's id and secret; both can stand in the body instead.",
        },
        "userSession": {
            "type": "http",
            "scheme": "bearer",
            "description": "A session token of sign-up or sign-in.",
        },
        "userCookie": cookie("__Host-gf_session"),
        "customerCookie": cookie("__Host-gf_embed"),
        "testappCookie": cookie("__Host-gf_testapp"),
        "adminKey": {"type": "apiKey", "in": "header", "name": "x-admin-api-key"},
    })
}

#[cfg(test)]
mod tests {
    use gitflare_core::CODES;

    use super::{super::ROUTES, *};

    #[test]
    fn every_route_is_in_the_document_and_says_what_it_takes_and_gives() {
        let document = document("https://api.example", ROUTES.iter());
        let mut ids = std::collections::BTreeSet::new();
        for route in ROUTES {
            for path in route.paths {
                let method = route.method.as_str().to_ascii_lowercase();
                let operation = &document["paths"][braced(path)][&method];
                assert!(operation["summary"].is_string(), "{method} {path}");
                let id = operation["operationId"].as_str().unwrap().to_owned();
                assert!(ids.insert(id.clone()), "{id} twice");
                let parameters = operation["parameters"].as_array().unwrap();
                let in_path = parameters.iter().filter(|it| it["in"] == "path").count();
                assert_eq!(in_path, path.matches([':', '*']).count(), "{path}");
                let responses = operation["responses"].as_object().unwrap();
                let is_success = |status: &String| status.starts_with(['2', '3']);
                assert!(responses.keys().any(is_success), "{method} {path}");
            }
        }
        assert!(ids.len() >= ROUTES.len());
        for row in CODES {
            // Operations refer to them.
            let codes = document["components"]["responses"].to_string();
            assert!(codes.contains(row.name), "{} comes from nowhere", row.name);
        }
    }

    #[test]
    fn every_reference_leads_somewhere_and_every_member_is_described() {
        fn check(value: &Value, document: &Value) {
            match value {
                Value::Object(members) => {
                    if let Some(Value::String(reference)) = members.get("$ref") {
                        let found = document.pointer(reference.trim_start_matches('#'));
                        assert!(found.is_some(), "{reference}");
                    }
                    members.values().for_each(|it| check(it, document));
                }
                Value::Array(items) => items.iter().for_each(|it| check(it, document)),
                _ => {}
            }
        }
        let document = document("https://api.example", ROUTES.iter());
        check(&document, &document);
        let schemas = document["components"]["schemas"].as_object().unwrap();
        for (name, schema) in schemas {
            for (member, of) in schema["properties"].as_object().into_iter().flatten() {
                assert!(of["description"].is_string(), "{name}.{member}");
            }
        }
        assert!(schemas.len() > 50, "{}", schemas.len());
    }
}
