//! Clients made of the OpenAPI document by other people's generators: openapi-typescript, compiled
//! with tsc, and openapi-python-client. Each names every member, buys a token and reads.

use std::{
    path::Path,
    process::{Command, Output},
};

use serde_json::{Value, json};

use crate::contract::{
    standard_clients::run,
    support::{Seed, Server, document},
};

const NODE_PACKAGES: [&str; 3] = [
    "openapi-typescript@7.13.0",
    "openapi-fetch@0.17.0",
    "typescript@5.9.3",
];
const PYTHON_PACKAGE: &str = "openapi-python-client==0.29.1";
const TSCONFIG: &str = r#"{"files": ["client.ts"], "compilerOptions": {"strict": true,
    "module": "nodenext", "target": "es2022", "lib": ["es2022", "dom"], "types": [], "outDir": "."}}"#;

/// Writes the document where generators look for it.
fn write_document(folder: &Path) {
    let text = document().value().to_string();
    std::fs::write(folder.join("openapi.json"), text).unwrap();
}

/// Runs a client against a server with one app, and looks at what it has understood.
fn check(command: &mut Command) {
    let server = Server::start();
    let Some(seed) = Seed::new(&server) else {
        return;
    };
    let output = command
        .env("ISSUER", format!("http://{}", server.address))
        .env("CLIENT_ID", &seed.client_id)
        .env("CLIENT_SECRET", &seed.client_secret)
        .output()
        .unwrap();
    let answer: Value = serde_json::from_slice(&succeeded(&output).stdout).unwrap();
    assert_eq!(answer["type"], "Bearer");
    assert_eq!(answer["name"], "octo/hello");
    assert_eq!(answer["sha"].as_str().unwrap().len(), 40);
    assert!(answer["author"].is_string(), "{answer}");
    assert_eq!(answer["subscriptions"], json!(0));
    assert_eq!(answer["code"], "INVALID_LIMIT");
}

fn succeeded(output: &Output) -> &Output {
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// The names of all members that the document describes.
fn members() -> impl Iterator<Item = String> {
    let schemas = document().value()["components"]["schemas"].as_object();
    let properties = schemas
        .unwrap()
        .values()
        .filter_map(|it| it["properties"].as_object());
    properties.flat_map(|members| members.keys().cloned())
}

#[test]
fn a_typescript_client_compiles_and_reads() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let mut install = Command::new("npm");
    install.args(["install", "--no-audit", "--no-fund", "--silent"]);
    std::fs::write(at.join("package.json"), r#"{"type": "module"}"#).unwrap();
    if run(install.args(NODE_PACKAGES).current_dir(at)).is_none() {
        return;
    }
    write_document(at);
    let tool = |name: &str| {
        let mut command = Command::new(at.join("node_modules/.bin").join(name));
        command.current_dir(at);
        command
    };
    let generated = tool("openapi-typescript")
        .args(["openapi.json", "-o", "api.d.ts"])
        .output();
    succeeded(&generated.unwrap());
    let types = std::fs::read_to_string(at.join("api.d.ts")).unwrap();
    for member in members() {
        let named = [format!(" {member}:"), format!(" {member}?:")];
        assert!(named.iter().any(|it| types.contains(it)), "{member}");
    }
    std::fs::write(
        at.join("client.ts"),
        include_str!("generated_clients/client.ts"),
    )
    .unwrap();
    std::fs::write(at.join("tsconfig.json"), TSCONFIG).unwrap();
    succeeded(&tool("tsc").args(["-p", "."]).output().unwrap());
    check(Command::new("node").arg("client.js").current_dir(at));
}

#[test]
fn a_python_client_is_made_and_reads() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    if run(Command::new("python3")
        .args(["-m", "venv", "venv"])
        .current_dir(at))
    .is_none()
    {
        return;
    }
    let python = at.join("venv/bin/python");
    let mut install = Command::new(&python);
    if run(install.args(["-m", "pip", "install", "--quiet", PYTHON_PACKAGE])).is_none() {
        return;
    }
    write_document(at);
    let generated = Command::new(at.join("venv/bin/openapi-python-client"))
        .args(["generate", "--path", "openapi.json", "--meta", "none"])
        .args(["--output-path", "client"])
        .current_dir(at)
        .output();
    succeeded(&generated.unwrap());
    let mut models = String::new();
    for file in std::fs::read_dir(at.join("client/models")).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|it| it == "py") {
            models += &std::fs::read_to_string(path).unwrap();
        }
    }
    for member in members() {
        assert!(models.contains(&format!("\"{member}\"")), "{member}");
    }
    std::fs::write(
        at.join("reads.py"),
        include_str!("generated_clients/client.py"),
    )
    .unwrap();
    check(Command::new(&python).arg("reads.py").current_dir(at));
}
