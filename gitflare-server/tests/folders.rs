//! Folders of the operator's own, read by an app without a customer: the lines of docs/production.md as
//! they stand there, against a server of its own.

use std::{io::Write, process::Command};

use super::process::Serving;

const DOCUMENT: &str = include_str!("../../docs/production.md");

#[test]
fn an_app_reads_a_folder_as_the_document_says() {
    let (_, behind) = DOCUMENT.split_once("**Folders of your own").unwrap();
    let (_, behind) = behind.split_once("```sh\n").unwrap();
    let (script, _) = behind.split_once("```").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let made = Command::new("git")
        .args(["init", "-q", "--bare", "git/shop.git"])
        .current_dir(folder.path())
        .status();
    if made.is_err() {
        assert!(std::env::var_os("CI").is_none(), "git is missing");
        let _ = writeln!(std::io::stderr(), "skipped: git cannot be found");
        return;
    }
    let root = format!("--local-root={}", folder.path().join("git").display());
    let serving = Serving::start(folder.path(), &[root.as_str(), "--log=warn"]);
    let key = std::fs::read_to_string(folder.path().join("data/admin.key")).unwrap();
    let output = Command::new("sh")
        .args(["-ec", script])
        .env("URL", format!("http://{}", serving.address))
        .env("ADMIN", key.trim())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("\"fullName\":\"shop\""),
        "{said} {}",
        String::from_utf8_lossy(&output.stderr)
    );
    serving.stop();
}
