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
    assert!(
        said.contains("the master key of that moment: data/master.key.\n")
            && said.contains("The backup holds no admin key: the next start makes a new one"),
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

#[test]
fn what_is_said_of_keys_names_where_they_came_from() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let key = "5f0e7c1b9a8d4e62b3c7f1a09d8e6b54c3a2f1e0d9b8a7c6e5f4d3b2a190817f";
    for (name, text) in [("key", key), ("admin", "W7vKp2ZqXc9RtYb4NmHs8LdFg3JuAe6T")] {
        fs::write(path(name), text).unwrap();
        fs::set_permissions(path(name), fs::Permissions::from_mode(0o600)).unwrap();
    }
    let files = [
        ("GITFLARE_MASTER_KEY_FILE", "key"),
        ("SGG_ADMIN_API_KEY_FILE", "admin"),
    ];
    let (out, _) = Serving::start_in(folder.path(), &files).stop();
    assert!(
        out.contains("master key from key (GITFLARE_MASTER_KEY_FILE)\n"),
        "{out}"
    );
    let run = |words: &[&str]| {
        let mut command = gitflare(folder.path());
        let output = command.args(words).envs(files).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).unwrap())
    };
    let (code, said) = run(&["backup", "copy.tar", "--data-dir", "data"]);
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = run(&["restore", "copy.tar", "--data-dir", "elsewhere"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("that moment: that of key (GITFLARE_MASTER_KEY_FILE).\n")
            && said.contains("The admin key is that of admin (SGG_ADMIN_API_KEY_FILE).\n"),
        "{said}"
    );
    let (code, said) = run(&["restore", "key", "--data-dir", "third"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("key: is not a backup of GitFlare: `gitflare backup FILE` writes one"),
        "{said}"
    );
}
