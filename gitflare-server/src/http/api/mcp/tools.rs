//! Which reads are tools, under which name, and what each takes and gives. Only names stand here: words
//! and parameters are those of the REST routes, taken from the OpenAPI document.

use std::sync::OnceLock;

use gitflare_core::{Scopes, provider::Endpoint};
use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde_json::{Map, Value, json};

use super::{
    super::super::{
        app::App,
        describe,
        route::{Access, Route, RouteMethod, braced},
    },
    narrow,
};

/// Every tool, in the order in which they are listed.
const TOOLS: [(&str, Endpoint); 21] = [
    ("list_repositories", Endpoint::Repositories),
    ("get_repository", Endpoint::Repository),
    ("list_branches", Endpoint::Branches),
    ("list_commits", Endpoint::Commits),
    ("get_commit", Endpoint::Commit),
    ("get_commit_diff", Endpoint::CommitDiff),
    ("compare", Endpoint::Compare),
    ("list_pull_requests", Endpoint::PullRequests),
    ("get_pull_request", Endpoint::PullRequest),
    ("get_pull_request_diff", Endpoint::PullRequestDiff),
    ("list_pull_request_commits", Endpoint::PullRequestCommits),
    ("list_pull_request_reviews", Endpoint::Reviews),
    ("list_pull_request_comments", Endpoint::Comments),
    ("list_files", Endpoint::FileTree),
    ("get_file", Endpoint::Contents),
    ("list_tags", Endpoint::Tags),
    ("list_releases", Endpoint::Releases),
    ("list_checks", Endpoint::Checks),
    ("list_deployments", Endpoint::Deployments),
    ("list_contributors", Endpoint::Contributors),
    ("get_viewer", Endpoint::Profile),
];

/// The scopes that tools need, which are those to ask a person for.
pub(super) fn scopes() -> Scopes {
    TOOLS.iter().map(|(_, endpoint)| endpoint.scope()).collect()
}

/// A tool with the read that it is.
pub(super) struct Offer {
    pub(super) endpoint: Endpoint,
    pub(super) tool: Tool,
    /// The arguments by name, each with its schema.
    pub(super) properties: Map<String, Value>,
    /// The arguments that stand in the path of the REST route.
    pub(super) in_path: Vec<String>,
}

/// Every tool. They are the same for all servers with these routes, so they are made once.
pub(super) fn offers(app: &App) -> &'static [Offer] {
    static OFFERS: OnceLock<Vec<Offer>> = OnceLock::new();
    OFFERS.get_or_init(|| {
        let routes: Vec<_> = app.routes().collect();
        let tools = TOOLS.iter();
        let offer = |&(name, endpoint)| offer(app.openapi(), &routes, name, endpoint);
        tools.filter_map(offer).collect()
    })
}

fn offer(
    document: &Value,
    routes: &[&'static Route],
    name: &'static str,
    endpoint: Endpoint,
) -> Option<Offer> {
    let is_twin = |route: &&&Route| {
        route.method == RouteMethod::Get && route.access == Access::AccessToken(Some(endpoint))
    };
    let route = routes.iter().find(is_twin)?;
    let operation = &document["paths"][braced(route.template())]["get"];
    let (properties, required, in_path) = input(operation, endpoint);
    let input = json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    });
    let answer = &operation["responses"]["200"]["content"]["application/json"]["schema"];
    let annotations = ToolAnnotations::new()
        .read_only(true)
        .destructive(false)
        .idempotent(true)
        .open_world(true);
    let input = rmcp::model::object(input);
    let mut tool = Tool::new(name, describe::summary(route)?, input).with_annotations(annotations);
    tool.output_schema = Some(output(answer, &document["components"]["schemas"]).into());
    Some(Offer {
        endpoint,
        tool,
        properties,
        in_path,
    })
}

/// A tool's arguments: their schemas, which of them are needed, which of them stand in the path.
fn input(operation: &Value, endpoint: Endpoint) -> (JsonObject, Vec<String>, Vec<String>) {
    let (mut properties, mut required, mut in_path) = (Map::new(), Vec::new(), Vec::new());
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let place = parameter["in"].as_str().unwrap_or_default();
        let name = parameter["name"].as_str().unwrap_or_default();
        let (name, description) = match (place, name) {
            // A segment of a path is escaped, an argument is not.
            ("path", "repoId") => (
                "repository",
                "The repository: the provider's own id, or the full name.".into(),
            ),
            ("path" | "query", name) => (name, parameter["description"].clone()),
            _ => continue,
        };
        if place == "path" {
            in_path.push(name.to_owned());
        }
        if parameter["required"] == true {
            required.push(name.to_owned());
        }
        let mut schema = parameter["schema"].clone();
        schema["description"] = description;
        properties.insert(name.to_owned(), schema);
    }
    properties.extend(narrow::properties(endpoint));
    (properties, required, in_path)
}

/// The schema of an answer, with what it refers to inside.
fn output(answer: &Value, schemas: &Value) -> JsonObject {
    let mut inner = Map::new();
    let mut schema = match local(answer, schemas, &mut inner) {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    if !inner.is_empty() {
        schema.insert("$defs".to_owned(), Value::Object(inner));
    }
    schema
}

/// A schema whose references lead into `inner`, and without the widths of integers, which are formats of
/// OpenAPI alone.
fn local(schema: &Value, schemas: &Value, inner: &mut Map<String, Value>) -> Value {
    match schema {
        Value::Object(members) => {
            let mut kept = Map::new();
            for (name, value) in members {
                let text = value.as_str().unwrap_or_default();
                if name == "format" && text.trim_start_matches('u').starts_with("int") {
                    continue;
                }
                let value = match text.strip_prefix("#/components/schemas/") {
                    Some(kind) if name == "$ref" => {
                        if !inner.contains_key(kind) {
                            // One that refers to itself finds this place taken.
                            inner.insert(kind.to_owned(), Value::Null);
                            let schema = local(&schemas[kind], schemas, inner);
                            inner.insert(kind.to_owned(), schema);
                        }
                        format!("#/$defs/{kind}").into()
                    }
                    _ => local(value, schemas, inner),
                };
                kept.insert(name.clone(), value);
            }
            Value::Object(kept)
        }
        Value::Array(items) => {
            let items = items.iter().map(|item| local(item, schemas, inner));
            items.collect()
        }
        other => other.clone(),
    }
}
