//! The OpenAPI document against the server it describes: real answers are held to its schemas.

use serde_json::Value;

use crate::contract::support::{Seed, Server, commit_of};

/// Whether a value is what a schema says; the path of the first place where it is not.
fn mismatch(value: &Value, schema: &Value, document: &Value, at: &str) -> Option<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let schema = document.pointer(&reference[1..]).unwrap();
        return mismatch(value, schema, document, at);
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        let fails = choices
            .iter()
            .all(|choice| mismatch(value, choice, document, at).is_some());
        return fails.then(|| at.to_owned());
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let is_kind = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().any(|it| it == kind),
        one => one == kind,
    };
    let is_word = schema["enum"]
        .as_array()
        .is_none_or(|words| words.contains(value));
    if !is_kind || !is_word {
        return Some(format!("{at}: {value}"));
    }
    match value {
        Value::Array(items) => items
            .iter()
            .find_map(|item| mismatch(item, &schema["items"], document, &format!("{at}[]"))),
        Value::Object(members) => {
            let required = schema["required"].as_array().into_iter().flatten();
            let missing = required
                .filter_map(Value::as_str)
                .find(|name| !members.contains_key(*name))
                .map(|name| format!("{at}.{name} is missing"));
            missing.or_else(|| {
                members.iter().find_map(|(name, value)| {
                    let at = format!("{at}.{name}");
                    match schema["properties"].get(name) {
                        Some(schema) => mismatch(value, schema, document, &at),
                        None => Some(format!("{at} is not described")),
                    }
                })
            })
        }
        _ => None,
    }
}

#[test]
fn answers_are_what_the_document_says() {
    let server = Server::start();
    let Some(seed) = Seed::new(&server) else {
        return;
    };
    let document = server.client().get("/openapi.json").ok();
    assert_eq!(document["openapi"], "3.1.0");
    let reader = server.client().with_bearer(&seed.token);
    let hello = "/v1/repositories/local/octo%2Fhello";
    let template = "/v1/repositories/{provider}/{repoId}";
    for (path, described) in [
        ("/v1/me".to_owned(), "/v1/me".to_owned()),
        ("/v1/repositories".into(), "/v1/repositories".into()),
        (
            "/v1/repositories?provider=local".into(),
            "/v1/repositories".into(),
        ),
        (hello.into(), template.into()),
        (format!("{hello}/branches"), format!("{template}/branches")),
        (format!("{hello}/commits"), format!("{template}/commits")),
        (
            format!("{hello}/commits/{}/diff", commit_of("main")),
            format!("{template}/commits/{{commitId}}/diff"),
        ),
        (
            format!("{hello}/contributors"),
            format!("{template}/contributors"),
        ),
        (format!("{hello}/tags"), format!("{template}/tags")),
        (
            format!("{hello}/file-tree?recursive=true"),
            format!("{template}/file-tree"),
        ),
    ] {
        let body = reader.get(&path).ok();
        let answer = &document["paths"][&described]["get"]["responses"]["200"];
        let schema = &answer["content"]["application/json"]["schema"];
        assert!(schema.is_object(), "{described}");
        assert_eq!(mismatch(&body, schema, &document, "body"), None, "{path}");
    }
    let error = reader.get("/v1/repositories?limit=0").json();
    let schema = &document["components"]["schemas"]["Error"];
    assert_eq!(mismatch(&error, schema, &document, "body"), None);
}
