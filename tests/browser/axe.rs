//! What axe-core finds of a page that people with a screen reader, a keyboard or weak eyes would
//! stumble over. It comes from the package registry; where that cannot be reached the test says so.

use std::{io::Write, path::Path, process::Command, sync::OnceLock};

use serde_json::Value;

use super::driver::Browser;

const PACKAGE: &str = "axe-core@4.14.1";

/// WCAG 2.2 to level AA, and what axe holds to be good practice beyond it.
const RUN: &str = r#"
const done = arguments[arguments.length - 1];
const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
axe.run(document, { runOnly: rules }).then(
  (found) => done(found.violations.map((it) => it.id + ": " + it.nodes.map((n) => n.html.slice(0, 120)).join(" | "))),
  (error) => done([String(error)]),
);
"#;

/// The script, fetched once.
fn script() -> Option<&'static str> {
    static SCRIPT: OnceLock<Option<String>> = OnceLock::new();
    SCRIPT.get_or_init(fetch).as_deref()
}

fn fetch() -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let mut install = Command::new("npm");
    install.args(["install", "--no-audit", "--no-fund", "--silent", PACKAGE]);
    let file = folder.path().join("node_modules/axe-core/axe.min.js");
    let why = match install.current_dir(folder.path()).output() {
        Ok(output) if output.status.success() => return read(&file),
        Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
        Err(error) => error.to_string(),
    };
    assert!(std::env::var_os("CI").is_none(), "{PACKAGE}: {why}");
    let _ = writeln!(std::io::stderr(), "skipped: {PACKAGE} cannot be had: {why}");
    None
}

fn read(file: &Path) -> Option<String> {
    Some(std::fs::read_to_string(file).unwrap())
}

/// Nothing is left to object to.
pub(crate) async fn judge(browser: &Browser, name: &str) {
    let Some(script) = script() else { return };
    browser.run(script).await;
    let found = browser.run_async(RUN).await;
    assert_eq!(found, Value::Array(Vec::new()), "{name}");
}
