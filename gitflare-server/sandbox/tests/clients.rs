//! Clients that nobody wrote for us, unmodified, against the emulated hosts: each reads everything
//! that the gateway reads there, and GitHub's published description judges the answers of its
//! emulation. Where a tool or a package is missing the test says so; under CI it fails.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{Mutex, PoisonError},
};

use gitflare_sandbox::{ForgeKind, sample};
use serde_json::{Value, json};

use crate::support::Host;

/// The clients in Python, and what judges answers by a description.
const PYTHON: [&str; 6] = [
    "PyGithub==2.10.0",
    "python-gitlab==8.6.0",
    "atlassian-python-api==5.0.5",
    "azure-devops==7.1.0b4",
    "gitflic==1.1",
    "jsonschema==4.26.0",
];
/// GitFlic's client in JavaScript, and GitHub's description of its API, as GitHub's own clients are
/// made from it.
const NODE: [&str; 2] = ["gitflic-api@5.0.13", "@octokit/openapi@23.0.2"];
/// The release of Enterprise Server that the emulation is held to.
const DESCRIBED: &str = "node_modules/@octokit/openapi/generated/ghes-3.19.json";

/// Packages are installed by one test at a time, and kept.
static INSTALLING: Mutex<()> = Mutex::new(());

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

/// Where packages are kept.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("clients")
}

/// A Python with the clients in it.
fn python() -> Option<Command> {
    let _one = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    let place = folder().join("venv");
    let python = place.join("bin/python");
    if !python.exists() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&place))?;
    }
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet"]);
    run(install.args(PYTHON))?;
    let mut command = Command::new(python);
    command.arg("-c");
    Some(command)
}

/// A Node that finds the packages.
fn node() -> Option<Command> {
    let _one = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    std::fs::create_dir_all(folder()).unwrap();
    let mut install = Command::new("npm");
    install.args(["install", "--no-audit", "--no-fund", "--silent", "--prefix"]);
    run(install.arg(folder()).args(NODE))?;
    let mut command = Command::new("node");
    command.env("NODE_PATH", folder().join("node_modules"));
    command.arg("-e");
    Some(command)
}

/// What a script saw through a host. Every step of it must have worked.
async fn seen_at(host: &Host, script: &str, mut command: Command) -> Value {
    // Microsoft's client remembers where things are, by an address that another host may have next.
    let cache = tempfile::tempdir().unwrap();
    command
        .arg(script)
        .env("AZURE_DEVOPS_CACHE_DIR", cache.path())
        .env("API_URL", host.forge.api_url())
        .env("WEB_URL", host.forge.web_url())
        .env("TOKEN", &host.token)
        .env("REPOSITORY", sample::FULL_NAME)
        .env("DESCRIPTION", folder().join(DESCRIBED));
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

/// The same through a host of its own.
async fn seen(kind: ForgeKind, script: &str, command: Command) -> Value {
    seen_at(&Host::start(kind).await, script, command).await
}

/// What was seen has all of this, and may have more.
fn assert_holds(seen: &Value, expected: &Value) {
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&seen[name], value, "{name}");
    }
}

#[tokio::test]
async fn pygithub_reads_everything() {
    let Some(python) = python() else {
        return;
    };
    let script = include_str!("clients/github.py");
    let seen = seen(ForgeKind::Github, script, python).await;
    assert_eq!(seen["viewer"], json!(["anna-berg", "Anna Berg", 4101]));
    assert_eq!(seen["repositories"], 40);
    assert_eq!(seen["branches"].as_array().unwrap().len(), 3);
    assert_eq!(seen["commits"], 32);
    assert_eq!(seen["pull requests"], json!([4, 3, 2, 1]));
    assert_eq!(seen["pull request"], true);
    assert_eq!(seen["whole tree"], 38);
    assert_eq!(seen["hooks"], json!([true, []]));
    assert_eq!(seen["limit"], 5000);
    let people = json!(["anna-berg", "boris-lind", "chen-wei"]);
    assert_holds(
        &seen,
        &json!({
            "bytes of a blob": true, "compare": [2, true, true], "commits of a pull request": [40, 40],
            "reviews": ["APPROVED", "PENDING"], "comments": [true, true], "comments on lines": [true, true, true],
            "forks": [true], "labels": [6, 6], "stargazers": people, "watchers": people, "assignees": people,
        }),
    );
}

#[tokio::test]
async fn python_gitlab_reads_everything() {
    let Some(python) = python() else {
        return;
    };
    let script = include_str!("clients/gitlab.py");
    let seen = seen(ForgeKind::Gitlab, script, python).await;
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
    assert_holds(
        &seen,
        &json!({
            "file": true, "raw file": true, "compare": [true, true], "merge base": true,
            "commits of a merge request": 2, "notes": vec![true; 6], "approvals": 1, "reviewers": ["approved"],
            "forks": 1, "labels": ["#", "#"], "starrers": 3, "people": ["anna-berg", "boris-lind", "chen-wei"],
        }),
    );
}

#[tokio::test]
async fn atlassian_python_api_reads_everything() {
    let Some(python) = python() else {
        return;
    };
    let script = include_str!("clients/bitbucket.py");
    let seen = seen(ForgeKind::Bitbucket, script, python).await;
    let expected = json!({
        "viewer": ["anna-berg", "Anna Berg"], "workspaces": ["acme"], "repositories": 40,
        "branches": ["feature/search", "main", "release/1.x"], "tags": ["v0.1.0", "v0.2.0", "v1.0.0"], "commits": 32,
        "commit": true, "statuses": ["build", "lint", "test"], "open pull requests": [4, 3], "merged pull requests": [1],
        "patch": true, "builds of a pull request": ["build", "lint", "test"], "commits of a pull request": 2,
        "comments": [1, true, 3, true], "participants": [[false, false, false], [true, false, true]],
        "contents": ["commit_file", true], "compare": [17, true, true], "one branch by query": ["feature/search"],
        "branches in order": ["release/1.x", "main", "feature/search"], "refused query": true,
        "people": [3, true, ["member", "member", "owner"]], "grants": [40, ["admin"]], "projects": [["SHOP"], "Shop", 40],
        "pipelines": [true, true, 0], "single rows": [true, "staging", true, true, true], "empty lists": [0, 0, 0, 0, 0, 0, 0],
        "no issues": true, "activity": true, "refs": ["branch", "branch", "branch", "tag", "tag", "tag"], "reviewers": [],
        "changed files": true, "diff": true, "files": true, "environments": true, "hooks": [true, []], "unknown": true,
        "refused": true,
    });
    assert_holds(&seen, &expected);
}

#[tokio::test]
async fn microsofts_client_reads_everything() {
    let Some(python) = python() else {
        return;
    };
    let script = include_str!("clients/azure.py");
    let seen = seen(ForgeKind::Azure, script, python).await;
    let expected = json!({
        "viewer": [true, "Anna Berg"], "projects": ["Web Shop"], "project": true, "repositories": 40,
        "branch stats": [["feature/search", "main", "release/1.x"], ["main"], 0, 17], "annotated tags": [true, true],
        "merge bases": [1, true], "branches compared": [17, true, true], "pull request by its number": 1, "repositories of a project": 40,
        "repository": "storefront", "branches": ["refs/heads/feature/search", "refs/heads/main", "refs/heads/release/1.x"], "commits": 32,
        "changed files": true, "statuses": true, "pull requests": [4, 3, 2, 1], "merged pull requests": [1],
        "changes of a pull request": true, "content": [38, true, 1], "items": ["/README.md", ["/README.md"], true, true], "discussion": [true, true, 2], "forks": ["storefront.boris-lind"], "hooks": [true, []],
        "a pull request in parts": [true, true], "around a pull request": [3, true, 3, 0], "threads in parts": [true, 1, 0],
        "of the project": [true, true, 0], "in batches": [true, [1, 1]],
        "one of many": [true, true, true, [3, 32, 2], 0, 0, 0],
        "unknown": true, "refused": true,
    });
    assert_holds(&seen, &expected);
}

#[tokio::test]
async fn the_python_client_of_gitflic_reads_everything() {
    let Some(python) = python() else {
        return;
    };
    let script = include_str!("clients/gitflic.py");
    let seen = seen(ForgeKind::Gitflic, script, python).await;
    let expected = json!({
        "viewer": ["anna-berg", "Anna Berg"], "projects": 40, "project": "storefront", "commits": 32, "commit": true,
        "branches": ["feature/search", "main", "release/1.x"], "tags": ["v0.1.0", "v0.2.0", "v1.0.0"],
        "merge requests": [4, 3, 2, 1], "releases": 3, "pipelines": true, "whole tree": 33, "labels": ["feature", "bug"],
        "forks": 1, "people": [3, 3, 3], "unknown": true, "refused": true,
    });
    assert_holds(&seen, &expected);
}

#[tokio::test]
async fn the_javascript_client_of_gitflic_reads_everything() {
    let Some(mut node) = node() else {
        return;
    };
    let host = Host::start(ForgeKind::Gitflic).await;
    let first = async |list: &str, key: &str| {
        let path = format!("/rest-api/project/{}/{list}", sample::FULL_NAME);
        let (_, mut page) = host.json(&path).await;
        page["_embedded"][key][0].take()
    };
    let (commit, release) = (
        first("commits", "commitList").await["hash"].take(),
        first("release", "releaseTagModelList").await["id"].take(),
    );
    let commits = format!("/rest-api/project/{}/commits?size=100", sample::FULL_NAME);
    let (_, commits) = host.json(&commits).await;
    let commits = commits["_embedded"]["commitList"].as_array().unwrap();
    let oldest = commits.last().unwrap()["hash"].as_str().unwrap();
    node.env("COMMIT", commit.as_str().unwrap());
    node.env("FIRST", oldest);
    node.env("RELEASE", release.as_str().unwrap());
    let seen = seen_at(&host, include_str!("clients/gitflic.js"), node).await;
    let expected = json!({
        "viewer": "anna-berg", "allProjects": 40, "myProjects": 40, "sharedProjects": 0, "project": "storefront",
        "commit": true, "changed files": true, "merge requests": [4, 3, 2, 1], "merge request": 1, "releases": 3,
        "release": true, "changed file": "README.md", "commit of a file": true,
        "users": "anna-berg", "teams": [0, 0, 0], "companies": ["acme", "acme"], "company": "acme",
    });
    assert_holds(&seen, &expected);
}

#[tokio::test]
async fn githubs_published_description_judges_the_answers() {
    // It comes with the packages for Node.
    let (Some(python), Some(_)) = (python(), node()) else {
        return;
    };
    let script = include_str!("clients/described.py");
    let seen = seen(ForgeKind::Github, script, python).await;
    assert_eq!(seen["checked"], 23);
}
