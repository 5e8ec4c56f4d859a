//! Clients that nobody wrote for us, unmodified, against the emulated hosts: PyGithub and
//! python-gitlab read everything that the gateway reads, and GitHub's published description judges
//! the answers of its emulation. Where a tool or a package is missing the test says so; under CI it
//! fails.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use gitflare_sandbox::{ForgeKind, sample};
use serde_json::{Value, json};

use crate::support::Host;

const CLIENTS: [&str; 3] = [
    "PyGithub==2.10.0",
    "python-gitlab==8.6.0",
    "jsonschema==4.26.0",
];
/// GitHub's description of its API, as GitHub's own clients are made from it.
const DESCRIPTION: &str = "@octokit/openapi@23.0.2";
/// The release of Enterprise Server that the emulation is held to.
const DESCRIBED: &str = "node_modules/@octokit/openapi/generated/ghes-3.19.json";

/// Runs a tool; `None`, said aloud, when it is missing or cannot install what it needs.
fn run(command: &mut Command) -> Option<Output> {
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

/// A Python with the clients in it.
fn python(folder: &Path) -> Option<PathBuf> {
    let place = folder.join("venv");
    run(Command::new("python3").args(["-m", "venv"]).arg(&place))?;
    let python = place.join("bin/python");
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet"]);
    run(install.args(CLIENTS))?;
    Some(python)
}

/// What a script saw through a host. Every step of it must have worked.
async fn seen(kind: ForgeKind, script: &str, python: PathBuf, description: PathBuf) -> Value {
    let host = Host::start(kind).await;
    let mut command = Command::new(python);
    command
        .args(["-c", script])
        .env("API_URL", host.forge.api_url())
        .env("WEB_URL", host.forge.web_url())
        .env("TOKEN", &host.token)
        .env("REPOSITORY", sample::FULL_NAME)
        .env("DESCRIPTION", description);
    let ran = tokio::task::spawn_blocking(move || command.output());
    let output = ran.await.unwrap().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mut answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["failed"], json!([]));
    answer["seen"].take()
}

#[tokio::test]
async fn pygithub_reads_everything() {
    let folder = tempfile::tempdir().unwrap();
    let Some(python) = python(folder.path()) else {
        return;
    };
    let script = include_str!("clients/github.py");
    let seen = seen(ForgeKind::Github, script, python, PathBuf::new()).await;
    assert_eq!(seen["viewer"], json!(["anna-berg", "Anna Berg", 4101]));
    assert_eq!(seen["repositories"], 40);
    assert_eq!(seen["branches"].as_array().unwrap().len(), 3);
    assert_eq!(seen["commits"], 32);
    assert_eq!(seen["pull requests"], json!([4, 3, 2, 1]));
    assert_eq!(seen["pull request"], true);
    assert_eq!(seen["whole tree"], 38);
    assert_eq!(seen["hooks"], json!([true, []]));
    assert_eq!(seen["limit"], 5000);
}

#[tokio::test]
async fn python_gitlab_reads_everything() {
    let folder = tempfile::tempdir().unwrap();
    let Some(python) = python(folder.path()) else {
        return;
    };
    let script = include_str!("clients/gitlab.py");
    let seen = seen(ForgeKind::Gitlab, script, python, PathBuf::new()).await;
    assert_eq!(seen["viewer"], json!(["anna-berg", "Anna Berg"]));
    assert_eq!(
        (&seen["projects"], &seen["projects by keyset"]),
        (&json!(40), &json!(40))
    );
    assert_eq!(seen["commits"], 32);
    assert_eq!(seen["merge requests"], json!([4, 3, 2, 1]));
    assert_eq!(seen["merge request"], true);
    assert_eq!(seen["whole tree"], 38);
    assert_eq!(seen["hooks"], json!([true, []]));
}

#[tokio::test]
async fn githubs_published_description_judges_the_answers() {
    let folder = tempfile::tempdir().unwrap();
    let Some(python) = python(folder.path()) else {
        return;
    };
    let mut install = Command::new("npm");
    install.args(["install", "--no-audit", "--no-fund", "--silent"]);
    if run(install.arg(DESCRIPTION).current_dir(folder.path())).is_none() {
        return;
    }
    let description = folder.path().join(DESCRIBED);
    let script = include_str!("clients/described.py");
    let seen = seen(ForgeKind::Github, script, python, description).await;
    assert_eq!(seen["checked"], 23);
}
