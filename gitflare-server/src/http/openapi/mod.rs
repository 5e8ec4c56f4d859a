//! `GET /openapi.json` and `gitflare openapi`: the API as an OpenAPI 3.1 document, made of the route
//! table, the error table and the resources. Pages and static files are left out: programs
//! do not call them.

mod resources;

use gitflare_core::{CODES, Scope, provider::Endpoint};
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::{
    describe,
    exchange::Exchange,
    refusal::Refusal,
    reply::Reply,
    route::{Access, Route, RouteMethod},
};

/// `GET /openapi.json`
pub(super) async fn serve(x: Exchange) -> Result<Reply, Refusal> {
    let document = document(&x.settings().public_url, x.app().routes());
    Reply::json(StatusCode::OK, &document)
}

/// The document of a server with these routes at this base address.
#[must_use]
pub(crate) fn document(
    public_url: &str,
    routes: impl Iterator<Item = &'static Route> + Clone,
) -> Value {
    let mut paths = Map::new();
    for route in routes.clone().filter(|route| is_called_by_programs(route)) {
        for path in route.paths {
            let item = paths.entry(braced(path)).or_insert_with(|| json!({}));
            item[route.method.as_str().to_ascii_lowercase()] = operation(route, path);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "GitFlare",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "One read API over Git hosting, with consent, a firewall and an audit log.",
        },
        "servers": [{"url": public_url}],
        "tags": tags(routes),
        "paths": paths,
        "components": {
            "securitySchemes": security_schemes(public_url),
            "schemas": schemas(),
            "responses": {"Error": {
                "description": "The canonical error.",
                "headers": {"x-request-id": {"schema": {"type": "string"}}},
                "content": {"application/json": {"schema": reference("Error")}},
            }},
        },
    })
}

/// Everything but pages, their files and the preflight of all paths.
fn is_called_by_programs(route: &Route) -> bool {
    let path = route.template();
    route.method != RouteMethod::Options
        && path != "/"
        && !["/docs", "/assets/", "/app/", "/testapp", "/oauth/authorize"]
            .iter()
            .any(|start| path.starts_with(start))
}

/// `/a/:b` as `/a/{b}`.
fn braced(path: &str) -> String {
    let segments = path
        .split('/')
        .map(|segment| match segment.strip_prefix(':') {
            Some(name) => format!("{{{name}}}"),
            None => segment.to_owned(),
        });
    segments.collect::<Vec<_>>().join("/")
}

fn tags(routes: impl Iterator<Item = &'static Route>) -> Value {
    let mut names: Vec<&str> = Vec::new();
    for route in routes.filter(|route| is_called_by_programs(route)) {
        let name = describe::group(route);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.iter().map(|name| json!({ "name": name })).collect()
}

fn operation(route: &Route, path: &str) -> Value {
    let mut parameters: Vec<Value> = path
        .split('/')
        .filter_map(|segment| segment.strip_prefix(':'))
        .map(|name| {
            json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}})
        })
        .collect();
    let endpoint = match route.access {
        Access::AccessToken(endpoint) => endpoint,
        _ => None,
    };
    parameters.extend(
        endpoint
            .map(describe::query_of)
            .into_iter()
            .flatten()
            .map(query),
    );
    let mut operation = json!({
        "operationId": operation_id(route, endpoint),
        "summary": describe::summary(route),
        "tags": [describe::group(route)],
        "parameters": parameters,
        "responses": responses(route, endpoint),
    });
    if let Some(security) = security(route.access) {
        operation["security"] = security;
    }
    if takes_a_body(route) {
        operation["requestBody"] = request_body(route);
    }
    operation
}

/// The operation's key where it has one; else method and path.
fn operation_id(route: &Route, endpoint: Option<Endpoint>) -> String {
    if let Some(endpoint) = endpoint
        && !route.is_addition
    {
        return endpoint.key().to_owned();
    }
    let words = route.template().split('/').filter(|word| !word.is_empty());
    let mut id = route.method.as_str().to_ascii_lowercase();
    for word in words {
        id.push('.');
        id.push_str(word.trim_start_matches([':', '.']));
    }
    id
}

fn query(name: &str) -> Value {
    let schema = match name {
        "limit" => json!({"type": "integer", "minimum": 1, "maximum": 100, "default": 25}),
        "recursive" => json!({"type": "boolean", "default": false}),
        _ => json!({"type": "string"}),
    };
    json!({"name": name, "in": "query", "required": false, "schema": schema})
}

/// What is sent; routes without a row send nothing that a document could say more of.
fn request_body(route: &Route) -> Value {
    let mut content = json!({"application/json": {"schema": {"type": "object"}}});
    if matches!(route.access, Access::ClientCredentials) {
        content["application/x-www-form-urlencoded"] = json!({"schema": {"type": "object"}});
    }
    json!({"required": true, "content": content})
}

fn takes_a_body(route: &Route) -> bool {
    matches!(route.method, RouteMethod::Post | RouteMethod::Patch)
}

fn security(access: Access) -> Option<Value> {
    let of = |name: &str| json!([{ name: [] }]);
    match access {
        Access::AccessToken(endpoint) => {
            let scopes: Vec<_> = endpoint.map(|it| it.scope().as_str()).into_iter().collect();
            Some(json!([{ "accessToken": scopes }]))
        }
        Access::ClientCredentials => Some(json!([{ "client": [] }, {}])),
        Access::UserSession => Some(json!([{ "userSession": [] }, { "userCookie": [] }])),
        Access::AdminKey | Access::Internal => Some(of("adminKey")),
        _ => None,
    }
}

fn security_schemes(public_url: &str) -> Value {
    let scopes: Map<String, Value> = Scope::ALL
        .iter()
        .map(|scope| (scope.as_str().to_owned(), scope.description().into()))
        .collect();
    let at = |path: &str| format!("{public_url}{path}");
    json!({
        "accessToken": {
            "type": "oauth2",
            "flows": {
                "authorizationCode": {
                    "authorizationUrl": at("/oauth/authorize"),
                    "tokenUrl": at("/oauth/token"),
                    "scopes": scopes,
                },
                "clientCredentials": {"tokenUrl": at("/oauth/token"), "scopes": scopes},
            },
        },
        "client": {"type": "http", "scheme": "basic"},
        "userSession": {"type": "http", "scheme": "bearer"},
        "userCookie": {"type": "apiKey", "in": "cookie", "name": "__Host-gf_session"},
        "adminKey": {"type": "apiKey", "in": "header", "name": "x-admin-api-key"},
    })
}

fn responses(route: &Route, endpoint: Option<Endpoint>) -> Value {
    let (status, description) = match (route.method, endpoint) {
        (RouteMethod::Delete, _) => ("204", "Done, also when it was done before."),
        (RouteMethod::Post, Some(_)) => ("201", "Made."),
        _ => ("2XX", "The answer."),
    };
    let status = if endpoint.is_some() && status == "2XX" {
        "200"
    } else {
        status
    };
    let mut success = json!({ "description": description });
    if status != "204" && route.template() != "/metrics" {
        let schema = endpoint.map_or_else(|| json!({"type": "object"}), resources::answer);
        success["content"] = json!({"application/json": { "schema": schema }});
    }
    json!({
        status: success,
        "default": {"$ref": "#/components/responses/Error"},
    })
}

fn schemas() -> Value {
    let codes: Vec<_> = CODES.iter().map(|row| row.name).collect();
    let actions: std::collections::BTreeSet<_> =
        CODES.iter().map(|row| row.suggested_action).collect();
    let mut schemas = resources::schemas();
    schemas.insert(
        "Error".to_owned(),
        resources::object(&[("error", reference("ErrorDetail"))]),
    );
    let text = || json!({"type": ["string", "null"]});
    let number = || json!({"type": ["integer", "null"]});
    schemas.insert(
        "ErrorDetail".to_owned(),
        resources::object(&[
            ("code", json!({"type": "string", "enum": codes})),
            ("message", json!({"type": "string"})),
            (
                "source",
                json!({"type": "string", "enum": ["gitflare", "provider"]}),
            ),
            ("provider", text()),
            ("retryable", json!({"type": "boolean"})),
            ("user_action_required", json!({"type": "boolean"})),
            (
                "suggested_action",
                json!({"type": "string", "enum": actions}),
            ),
            ("upstream_status", number()),
            ("request_id", json!({"type": "string"})),
            ("provider_request_id", text()),
            ("retry_after_seconds", number()),
        ]),
    );
    Value::Object(schemas)
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

#[cfg(test)]
mod tests {
    use super::{super::ROUTES, *};

    #[test]
    fn every_route_that_programs_call_is_in_the_document() {
        let document = document("https://api.example", ROUTES.iter());
        let mut ids = std::collections::BTreeSet::new();
        for route in ROUTES.iter().filter(|route| is_called_by_programs(route)) {
            let method = route.method.as_str().to_ascii_lowercase();
            let operation = &document["paths"][braced(route.template())][&method];
            assert!(
                operation["summary"].is_string(),
                "{method} {}",
                route.template()
            );
            let id = operation["operationId"].as_str().unwrap().to_owned();
            assert!(ids.insert(id.clone()), "{id} twice");
            let parameters = operation["parameters"].as_array().unwrap();
            let in_path = parameters.iter().filter(|it| it["in"] == "path").count();
            assert_eq!(in_path, route.template().matches(':').count());
        }
        assert!(ids.len() > 40);
    }

    #[test]
    fn every_reference_leads_somewhere() {
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
    }
}
