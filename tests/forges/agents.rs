//! The official clients of the Model Context Protocol, unmodified, against `POST /mcp`: each goes from the
//! 401 through the metadata to a token of its own, lists the tools, reads, and is refused. Where a tool or
//! a package is missing the test says so; under CI it fails.

use std::{
    collections::BTreeSet,
    path::Path,
    process::{Command, Output},
};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::{
    contract::standard_clients::run,
    forges::{
        mcp::{TWINS, comparable, with},
        stand::Stand,
    },
};

/// Pinned to a revision, the client in Python discovers nothing.
const CURRENT: [(&str, bool); 3] = [
    ("2026-07-28", true),
    ("2025-11-25", true),
    ("2026-07-28", false),
];
const OLDER: [(&str, bool); 1] = [("2025-11-25", true)];

/// A call of each tool, and whether its REST twin is refused or what it answers.
async fn every_tool(stand: &Stand) -> Vec<(&'static str, Value, Value)> {
    let leaky = stand.sample.leaky_commit.as_str();
    let mut every = Vec::new();
    for (tool, arguments, below) in TWINS {
        let rest = stand.read("github", &below.replace("LEAKY", leaky)).await;
        let arguments = with("github", &arguments.replace("LEAKY", leaky));
        every.push((*tool, arguments, rest));
    }
    for (tool, target) in [
        ("get_viewer", "/v1/me"),
        ("list_repositories", "/v1/repositories"),
    ] {
        every.push((tool, json!({}), stand.get(target).await));
    }
    let names: BTreeSet<_> = every.iter().map(|(tool, ..)| *tool).collect();
    assert_eq!(names.len(), 21);
    let told = every.into_iter().map(|(tool, arguments, rest)| {
        let answer = match rest.status.is_success() {
            true => json!([false, comparable(rest.body)]),
            false => json!([true, null]),
        };
        (tool, arguments, answer)
    });
    told.collect()
}

/// An answer that can be compared; a refusal has none.
fn plain(answer: &Value) -> Value {
    match answer.is_null() {
        true => Value::Null,
        false => comparable(answer.clone()),
    }
}

/// What a client saw, once for each way in which it connected, is what REST answers. Each way has its
/// revision, and whether the client asked who answers.
async fn check(mut client: Command, ways: &[(&str, bool)]) {
    let stand = Stand::start(&[]).await;
    let every = every_tool(&stand).await;
    let calls: Vec<_> = every
        .iter()
        .map(|(tool, arguments, _)| json!([tool, arguments]))
        .collect();
    client
        .env("CALLS", Value::from(calls).to_string())
        .env("BASE", stand.url(""))
        .env("CLIENT_ID", &stand.app.0)
        .env("CLIENT_SECRET", &stand.app.1)
        .env("NO_PROXY", "127.0.0.1");
    let ran = tokio::task::spawn_blocking(move || client.output());
    let output = ran.await.unwrap().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let seen: Value = serde_json::from_slice(&output.stdout).unwrap();
    let rest = stand.read("github", "/branches?limit=2").await;
    let file = stand
        .read("github", "/contents?path=src%2Fpayments.py")
        .await;
    let text = file.body["data"]["content"].as_str().unwrap();
    let first = text.split_inclusive('\n').next();
    assert_eq!(seen.as_array().unwrap().len(), ways.len());
    for (seen, (revision, has_asked)) in seen.as_array().unwrap().iter().zip(ways) {
        assert_eq!(&seen["revision"], revision);
        assert_eq!(seen["server"].as_str(), has_asked.then_some("gitflare"));
        assert_eq!(seen["tools"], 21);
        assert_eq!(seen["token"], "sggmt_");
        assert_eq!(seen["branches"]["data"], rest.body["data"]);
        assert_eq!(seen["file"].as_str(), first);
        assert_eq!(seen["refused"], json!([true, "ACCESS_BLOCKED_BY_POLICY"]));
        assert_eq!(seen["wrong"], json!([true, "INVALID_LIMIT"]));
        let told = seen["every"].as_array().unwrap();
        assert_eq!(told.len(), every.len());
        for (told, (tool, arguments, answer)) in told.iter().zip(&every) {
            let told = json!([told[0], plain(&told[1])]);
            assert_eq!(&told, answer, "{tool} {arguments}");
        }
    }
}

/// A folder that packages are kept in.
pub(super) fn folder() -> std::path::PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("agents");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// A program of Python beside that package.
pub(super) fn python(folder: &str, package: &str, script: &str) -> Option<Command> {
    let place = self::folder().join(folder);
    let python = place.join("bin/python");
    if !python.exists() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&place))?;
    }
    let mut install = Command::new(&python);
    run(install.args(["-m", "pip", "install", "--quiet", package]))?;
    let mut client = Command::new(python);
    client.args(["-c", script]);
    Some(client)
}

/// A program of Node beside that package.
pub(super) fn node(folder: &str, package: &str, name: &str, script: &str) -> Option<Command> {
    let place = self::folder().join(folder);
    std::fs::create_dir_all(&place).unwrap();
    let mut install = Command::new("npm");
    install.args(["install", "--no-audit", "--no-fund", "--silent", "--prefix"]);
    run(install.arg(&place).arg(package))?;
    let file = place.join(name);
    std::fs::write(&file, script).unwrap();
    let mut client = Command::new("node");
    client.arg(file);
    Some(client)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_clients_in_python_work_unmodified() {
    let script = include_str!("agents/client.py");
    if let Some(client) = python("python2", "mcp==2.3.0", script) {
        check(client, &CURRENT).await;
    }
    let script = include_str!("agents/client1.py");
    if let Some(client) = python("python1", "mcp==1.30.0", script) {
        check(client, &OLDER).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_clients_in_typescript_work_unmodified() {
    let script = include_str!("agents/client.mjs");
    if let Some(client) = node(
        "node1",
        "@modelcontextprotocol/sdk@1.32.2",
        "client.mjs",
        script,
    ) {
        check(client, &OLDER).await;
    }
    let script = include_str!("agents/client2.mjs");
    if let Some(client) = node(
        "node2",
        "@modelcontextprotocol/client@2.4.0",
        "client.mjs",
        script,
    ) {
        let ways = CURRENT.map(|(revision, _)| (revision, true));
        check(client, &ways).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_inspectors_command_line_works_unmodified() {
    let package = "@modelcontextprotocol/inspector@2.12.0";
    if node("inspector", package, "unused.mjs", "").is_none() {
        return;
    }
    let stand = Stand::start(&[]).await;
    let (id, secret) = &stand.app;
    let request = json!({
        "grant_type": "client_credentials", "client_id": id, "client_secret": secret,
        "resource": stand.url("/mcp"),
    });
    let bought = stand
        .bare(Method::POST, "/oauth/token", None, Some(&request))
        .await;
    let header = format!(
        "Authorization: Bearer {}",
        bought.body["access_token"].as_str().unwrap()
    );
    let url = stand.url("/mcp");
    let run = |more: &[&str]| {
        let mut inspector =
            Command::new(folder().join("inspector/node_modules/.bin/mcp-inspector"));
        inspector.args(["--cli", &url, "--transport", "http", "--header", &header]);
        inspector.args(more).env("NO_PROXY", "127.0.0.1");
        tokio::task::spawn_blocking(move || inspector.output().unwrap())
    };
    let told = async |output: JoinHandle<Output>| {
        let output = output.await.unwrap();
        let told = serde_json::from_slice::<Value>(&output.stdout);
        told.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
    };
    let listed = told(run(&["--method", "tools/list"])).await;
    assert_eq!(listed["tools"].as_array().unwrap().len(), 21);
    for some in every_tool(&stand).await.chunks(3) {
        let each = some.iter().map(|(tool, arguments, _)| {
            let arguments = arguments.as_object().unwrap().iter();
            let arguments: Vec<_> = arguments.map(|(name, it)| format!("{name}={it}")).collect();
            let mut more = vec!["--method", "tools/call", "--tool-name", tool];
            if !arguments.is_empty() {
                more.push("--tool-arg");
                more.extend(arguments.iter().map(String::as_str));
            }
            run(&more)
        });
        let each: Vec<_> = each.collect();
        for (output, (tool, _, answer)) in each.into_iter().zip(some) {
            let called = told(output).await;
            let is_error = called["isError"] == true;
            let content = plain(&called["structuredContent"]);
            assert_eq!(&json!([is_error, content]), answer, "{tool}: {called}");
        }
    }
    let called = told(run(&[
        "--method",
        "tools/call",
        "--tool-name",
        "list_branches",
        "--tool-arg",
        "provider=github",
        "repository=acme/storefront",
        "limit=2",
    ]))
    .await;
    let rest = stand.read("github", "/branches?limit=2").await;
    assert_eq!(called["structuredContent"]["data"], rest.body["data"]);
}
