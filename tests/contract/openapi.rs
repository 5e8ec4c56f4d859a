//! The OpenAPI document beside what the server does. Every answer of these tests is held to it
//! (`support/schema.rs`); here it is read for what no answer shows.

use serde_json::Value;

use crate::contract::{
    accounts::developer,
    support::{Seed, Server, document},
};

/// The operations that a program calls, with the credential that opens them.
fn credential(operation: &Value) -> &str {
    let security = operation["security"].as_array().unwrap();
    let first = security.first().and_then(Value::as_object);
    first.map_or("", |schemes| schemes.keys().next().unwrap())
}

#[test]
fn every_documented_query_parameter_is_read() {
    let server = Server::start();
    let Some(seed) = Seed::new(&server) else {
        return;
    };
    let reader = server.client().with_bearer(&seed.token);
    let person = developer(&server, "ada@mail.example");
    let admin = server.admin();
    let mut checked = 0;
    for (path, item) in document().value()["paths"].as_object().unwrap() {
        let operation = &item["get"];
        // Pages are read by browsers; what is wrong with their query is told on the page.
        if !path.starts_with("/v1/") || !operation.is_object() {
            continue;
        }
        let client = match credential(operation) {
            "accessToken" => &reader,
            "userSession" => &person,
            "adminKey" => &admin,
            _ => continue,
        };
        let target = path
            .replace("{provider}", "local")
            .replace("{repoId}", "octo%2Fhello")
            .replace("{commitId}", &"0".repeat(40))
            .replace("{pullRequestId}", "1");
        for parameter in operation["parameters"].as_array().unwrap() {
            if parameter["in"] != "query" {
                continue;
            }
            let name = parameter["name"].as_str().unwrap();
            // An unknown provider is refused before parameters are judged.
            let value = if name == "provider" { "local" } else { "1" };
            let answer = client.get(&format!("{target}?{name}={value}&{name}={value}"));
            let (status, code) = answer.refusal();
            if code == "UNSUPPORTED_ENDPOINT" {
                continue;
            }
            assert_eq!(
                (status, code.as_str()),
                (400, "INVALID_REQUEST"),
                "{target} {name}"
            );
            assert!(
                answer.message().contains(&format!("`{name}`")),
                "{target} {name}"
            );
            checked += 1;
        }
    }
    assert!(checked > 40, "{checked}");
}

#[test]
fn every_member_of_every_schema_is_typed_and_described() {
    let document = document().value();
    assert_eq!(document["openapi"], "3.1.0");
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for (name, schema) in schemas {
        let members = schema["properties"].as_object().into_iter().flatten();
        for (member, of) in members {
            let is_typed = ["type", "$ref", "anyOf"]
                .iter()
                .any(|key| !of[key].is_null());
            assert!(is_typed, "{name}.{member}: {of}");
            assert!(of["description"].is_string(), "{name}.{member}");
        }
    }
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            let id = operation["operationId"].as_str().unwrap();
            let body = &operation["requestBody"]["content"]["application/json"]["schema"];
            let is_hook = id.contains("hooks") || id.contains("inbox");
            assert!(
                body.is_null() || !body["$ref"].is_null() || is_hook,
                "{id}: the body names no member"
            );
        }
    }
}

#[test]
fn the_list_of_subscriptions_is_a_collection() {
    let server = Server::start();
    let Some(seed) = Seed::new(&server) else {
        return;
    };
    let answer = server
        .client()
        .with_bearer(&seed.token)
        .get("/v1/subscriptions");
    assert_eq!(answer.ok()["data"], serde_json::json!([]));
    let operation = document().operation("GET", "/v1/subscriptions").unwrap();
    let content = &operation["responses"]["200"]["content"]["application/json"];
    assert_eq!(
        content["schema"]["$ref"],
        "#/components/schemas/SubscriptionCollection"
    );
}
