//! Independent OAuth clients, unmodified, against the authorization server: oauth4webapi in
//! Node and Authlib in Python. Where a tool or its package is missing the test says so; under CI
//! it fails.

use std::{
    ffi::OsStr,
    io::Write,
    path::Path,
    process::{Command, Output},
};

use serde_json::{Value, json};

use crate::contract::{
    support::consent::{ConsentFixture, READS, challenge, location},
    support::text,
};

const NODE_PACKAGE: &str = "oauth4webapi@3.8.8";
const PYTHON_PACKAGES: [&str; 2] = ["authlib==1.9.9", "requests==2.34.2"];
const STATE: &str = "a state of some length";

/// Runs a tool; `None`, said aloud, when it is missing or cannot install what it needs.
pub(crate) fn run(command: &mut Command) -> Option<Output> {
    let output = command.output();
    if let Ok(output) = &output
        && output.status.success()
    {
        return Some(output.clone());
    }
    let why = match output {
        Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
        Err(error) => error.to_string(),
    };
    let tool = command.get_program().to_string_lossy().into_owned();
    assert!(std::env::var_os("CI").is_none(), "{tool}: {why}");
    let _ = writeln!(std::io::stderr(), "skipped: {tool} cannot be used: {why}");
    None
}

/// Lets a customer approve, and a client of that name finish its flow.
fn check(program: &OsStr, script: &Path) {
    let fixture = ConsentFixture::start();
    let verifier = "v".repeat(50);
    let challenge = challenge(&verifier);
    let (page, _) = fixture.customer(
        "42",
        &[
            ("state", STATE),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ],
    );
    let Some(first) = page.repositories().into_iter().next() else {
        return;
    };
    let callback = location(&page.approve(READS, &[&first]));
    let output = Command::new(program)
        .arg(script)
        .env("ISSUER", format!("http://{}", fixture.server.address))
        .env("CLIENT_ID", fixture.client_id())
        .env("CLIENT_SECRET", text(&fixture.app["clientSecret"]))
        .env("CALLBACK", callback)
        .env("STATE", STATE)
        .env("VERIFIER", verifier)
        .env("AUTHLIB_INSECURE_TRANSPORT", "1")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["scope"], READS.join(" "));
    assert_eq!(text(&answer["type"]).to_lowercase(), "bearer");
    assert_eq!(
        (&answer["before"], &answer["after"]),
        (&json!(true), &json!(false))
    );
}

#[test]
fn oauth4webapi_works_unmodified() {
    let folder = tempfile::tempdir().unwrap();
    let mut install = Command::new("npm");
    install.args([
        "install",
        "--no-audit",
        "--no-fund",
        "--silent",
        NODE_PACKAGE,
    ]);
    if run(install.current_dir(folder.path())).is_none() {
        return;
    }
    let script = folder.path().join("client.mjs");
    std::fs::write(&script, include_str!("standard_clients/client.mjs")).unwrap();
    check("node".as_ref(), &script);
}

#[test]
fn authlib_works_unmodified() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("venv");
    if run(Command::new("python3").args(["-m", "venv"]).arg(&place)).is_none() {
        return;
    }
    let python = place.join("bin/python");
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet"]);
    if run(install.args(PYTHON_PACKAGES)).is_none() {
        return;
    }
    let script = folder.path().join("client.py");
    std::fs::write(&script, include_str!("standard_clients/client.py")).unwrap();
    check(python.as_os_str(), &script);
}
