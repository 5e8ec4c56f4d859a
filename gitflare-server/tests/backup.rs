//! `gitflare backup` beside a server that serves, and `gitflare restore` on another machine: a folder
//! without anything of the first one but what the operator brings.

#![expect(
    clippy::unwrap_used,
    reason = "a test whose process cannot run has failed"
)]

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use gitflare_server::sandbox;

use super::process::{Answer, Serving, gitflare, read_commits, seeded_token};

/// Runs a command to its end: its exit code, and what it said.
fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = gitflare(folder).args(arguments).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

#[test]
fn a_backup_beside_a_server_comes_back_elsewhere() {
    // sec: DU-5
    let folder = tempfile::tempdir().unwrap();
    let repositories = folder.path().join("repositories");
    sandbox::sample::write(&repositories).unwrap();
    let token = seeded_token(folder.path(), &repositories);
    let root = repositories.display().to_string();
    let flags = ["--local-root", root.as_str(), "--log=warn"];
    let serving = Serving::start(folder.path(), &flags);
    assert!(matches!(
        read_commits(serving.address, &token),
        Answer::Whole
    ));

    let data = ["--data-dir", "data"];
    let (code, said) = run(
        folder.path(),
        &[&["backup", "copy.tar", "--verify"][..], &data].concat(),
    );
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("checked") && said.contains("data/master.key"),
        "{said}"
    );
    let (code, said) = run(
        folder.path(),
        &[&["backup", "no/such/copy.tar"][..], &data].concat(),
    );
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains(
            "no/such/copy.tar: cannot be written: its folder does not exist. Make the folder"
        ) && !said.contains(".tmp"),
        "{said}"
    );
    let key = fs::read(folder.path().join("data/master.key")).unwrap();
    let archive = fs::read(folder.path().join("copy.tar")).unwrap();
    let hex = key.trim_ascii_end().strip_prefix(b"1:").unwrap();
    assert!(!archive.windows(hex.len()).any(|window| window == hex));
    let (code, said) = run(
        folder.path(),
        &[&["backup", "copy.tar"][..], &data].concat(),
    );
    assert_eq!(
        (code, said.contains("exists already")),
        (Some(1), true),
        "{said}"
    );
    let (code, said) = run(
        folder.path(),
        &[&["restore", "copy.tar"][..], &data].concat(),
    );
    assert_eq!(
        (code, said.contains("another gitflare")),
        (Some(1), true),
        "{said}"
    );
    serving.stop();

    let elsewhere = tempfile::tempdir().unwrap();
    fs::copy(
        folder.path().join("copy.tar"),
        elsewhere.path().join("copy.tar"),
    )
    .unwrap();
    let (code, said) = run(
        elsewhere.path(),
        &[&["restore", "copy.tar"][..], &data].concat(),
    );
    assert_eq!(
        (code, said.contains("were ended")),
        (Some(0), true),
        "{said}"
    );
    let start = [&["serve", "--listen", "127.0.0.1:0"][..], &data].concat();
    let (code, said) = run(elsewhere.path(), &start);
    assert_eq!(
        (code, said.contains("bring the key back")),
        (Some(1), true),
        "{said}"
    );
    fs::write(elsewhere.path().join("data/master.key"), key).unwrap();
    let mode = fs::Permissions::from_mode(0o600);
    fs::set_permissions(elsewhere.path().join("data/master.key"), mode).unwrap();
    let serving = Serving::start(elsewhere.path(), &flags);
    let Answer::Cut(refused) = read_commits(serving.address, &token) else {
        panic!("an old token reads");
    };
    let refused = String::from_utf8_lossy(&refused);
    assert!(refused.contains("AUTH_EXPIRED"), "{refused}");
    serving.stop();
}
