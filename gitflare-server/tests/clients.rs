//! The clients that `gitflare openapi` writes: type-checked as strictly as their languages can, and
//! walked against a running sandbox. Where a tool is missing the test says so; under CI it fails.

#![expect(
    clippy::unwrap_used,
    reason = "a test whose process cannot run has failed"
)]

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::gitflare;

const TYPESCRIPT: &str = "typescript@5.9.3";
const MYPY: &str = "mypy==2.4.1";
const TSCONFIG: &str = r#"{"files": ["globals.d.ts", "walk.ts", "quickstart.ts"], "compilerOptions": {"strict": true,
    "exactOptionalPropertyTypes": true, "noUncheckedIndexedAccess": true, "noUnusedLocals": true,
    "noImplicitOverride": true, "module": "nodenext", "target": "es2022", "lib": ["es2022", "dom"],
    "types": [], "outDir": "."}}"#;
const GLOBALS: &str = "declare const process: { env: Record<string, string | undefined> };\n";
/// Reads a minute: few enough to meet the limit, and a place is free again after a second.
const READS: &str = "60";
const CALLBACK: &str = "127.0.0.1:9";
const LEAK: &str = "Go live with payments";

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

fn succeeded(command: &mut Command) -> Vec<u8> {
    let output = command.output().unwrap();
    let said = [&output.stdout, &output.stderr].map(|it| String::from_utf8_lossy(it));
    assert!(output.status.success(), "{}", said.concat());
    output.stdout
}

/// Writes the client of a language as the binary prints it.
fn write_client(at: &Path, language: &str, file: &str) {
    let text = succeeded(gitflare(at).args(["openapi", language]));
    std::fs::write(at.join(file), text).unwrap();
}

/// A sandbox, and what it has printed; killed when dropped.
struct Sandbox {
    child: Child,
    printed: Vec<String>,
}

impl Sandbox {
    fn start(folder: &Path) -> Self {
        let mut command = gitflare(folder);
        let arguments = [
            "sandbox",
            "--listen",
            "127.0.0.1:0",
            "--rate-limit-per-minute",
            READS,
            "--allow-private-callbacks",
            CALLBACK,
        ];
        command.args(arguments).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let lines = lines.map(Result::unwrap);
        let printed = lines.take_while(|line| line != "Paste any of these:");
        let printed = printed.collect();
        Self { child, printed }
    }

    /// The words behind a label.
    fn word(&self, label: &str, at: usize) -> &str {
        let mut lines = self.printed.iter();
        let found = lines.find_map(|line| line.strip_prefix(label)).unwrap();
        found.split_whitespace().nth(at).unwrap()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program of the quickstart in a language, for the sandbox's own address.
fn quickstart(language: &str) -> String {
    let text = include_str!("../docs/quickstart.text");
    let (_, rest) = text.split_once(&format!("\n```{language}\n")).unwrap();
    let (program, _) = rest.split_once("\n```").unwrap();
    program.replace("{{public_url}}", "http://127.0.0.1:PORT")
}

/// Walks a sandbox with a client, and looks at what it has understood; then runs the program of the
/// quickstart, whose address is not known before.
fn walk(at: &Path, command: &mut Command, shown: &mut Command, program: &str) {
    let sandbox = Sandbox::start(at);
    let token = sandbox.word("Access token ", 0);
    let text = std::fs::read_to_string(at.join(program)).unwrap();
    let text = text.replace("http://127.0.0.1:PORT", sandbox.word("API ", 0));
    std::fs::write(at.join(program), text).unwrap();
    let said = succeeded(shown.env("ACCESS_TOKEN", token));
    assert!(
        String::from_utf8(said)
            .unwrap()
            .contains("acme/storefront ")
    );
    command
        .env("API", sandbox.word("API ", 0))
        .env("ADMIN_KEY", sandbox.word("Admin key ", 0))
        .env("TOKEN", token)
        .env("CLIENT_ID", sandbox.word("Client ", 0))
        .env("CLIENT_SECRET", sandbox.word("Client ", 1))
        .env("CALLBACK", format!("http://{CALLBACK}/"))
        .env("LEAK", LEAK);
    let seen: Value = serde_json::from_slice(&succeeded(command)).unwrap();
    let commits = seen["commits"].as_u64().unwrap();
    assert!(commits > 10, "{seen}");
    assert_eq!(seen["distinct"], commits);
    assert_eq!(seen["pages"], commits.div_ceil(5));
    assert!(
        seen["names"]
            .as_array()
            .unwrap()
            .contains(&json!("acme/storefront"))
    );
    assert_eq!(
        (&seen["redacted"], &seen["readme"]),
        (&json!(3), &json!(true))
    );
    assert_eq!(seen["grants"], 6, "one of each provider: {seen}");
    assert_eq!(
        (&seen["subscribed"], &seen["left"]),
        (&json!(true), &json!(0))
    );
    assert_eq!(seen["wrong"], json!(["INVALID_LIMIT", 400, false, null]));
    assert_eq!(seen["nowhere"], json!([null, null, false]));
    assert_eq!(seen["repeated"], true, "a read waited and went through");
    assert_eq!(seen["limited"], json!(["RATE_LIMITED", true, true]));
    assert_eq!(seen["ended"], "AUTH_EXPIRED");
}

/// A folder for Node with a package in it; `None`, said aloud, without one.
fn with_npm(package: &str) -> Option<TempDir> {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(at.join("package.json"), r#"{"type": "module"}"#).unwrap();
    let mut install = Command::new("npm");
    install.args(["install", "--no-audit", "--no-fund", "--silent", package]);
    run(install.current_dir(at))?;
    Some(folder)
}

/// A folder with a Python of its own that has a package; `None`, said aloud, without one.
fn with_pip(package: &str) -> Option<(TempDir, PathBuf)> {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    run(Command::new("python3")
        .args(["-m", "venv", "venv"])
        .current_dir(at))?;
    let python = at.join("venv/bin/python");
    let mut install = Command::new(&python);
    run(install.args(["-m", "pip", "install", "--quiet", package]))?;
    Some((folder, python))
}

#[test]
fn the_typescript_client_compiles_and_walks() {
    let Some(folder) = with_npm(TYPESCRIPT) else {
        return;
    };
    let at = folder.path();
    write_client(at, "--typescript", "gitflare.ts");
    std::fs::write(at.join("walk.ts"), include_str!("clients/walk.ts")).unwrap();
    std::fs::write(at.join("quickstart.ts"), quickstart("ts")).unwrap();
    std::fs::write(at.join("globals.d.ts"), GLOBALS).unwrap();
    std::fs::write(at.join("tsconfig.json"), TSCONFIG).unwrap();
    succeeded(Command::new(at.join("node_modules/.bin/tsc")).current_dir(at));
    let node = |file: &str| {
        let mut command = Command::new("node");
        command.arg(file).current_dir(at);
        command
    };
    walk(
        at,
        &mut node("walk.js"),
        &mut node("quickstart.js"),
        "quickstart.js",
    );
}

#[test]
fn the_python_client_is_typed_and_walks() {
    let Some((folder, python)) = with_pip(MYPY) else {
        return;
    };
    let at = folder.path();
    write_client(at, "--python", "gitflare.py");
    std::fs::write(at.join("walk.py"), include_str!("clients/walk.py")).unwrap();
    std::fs::write(at.join("quickstart.py"), quickstart("py")).unwrap();
    let python = |arguments: &[&str]| {
        let mut command = Command::new(&python);
        command.args(arguments).current_dir(at);
        command
    };
    let files = ["gitflare.py", "quickstart.py", "walk.py"];
    succeeded(&mut python(
        &[&["-m", "mypy", "--strict"][..], &files].concat(),
    ));
    let (mut whole, mut shown) = (python(&["walk.py"]), python(&["quickstart.py"]));
    walk(at, &mut whole, &mut shown, "quickstart.py");
}
