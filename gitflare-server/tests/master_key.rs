//! A master key that is not the database's: `check`, `user` and a reload refuse it, before anything is
//! made with it.

#![expect(
    clippy::unwrap_used,
    reason = "a test whose process cannot run has failed"
)]

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use super::process::{Serving, gitflare};

const OTHER: &str = "5f0e7c1b9a8d4e62b3c7f1a09d8e6b54c3a2f1e0d9b8a7c6e5f4d3b2a190817f";
const DATA: [&str; 2] = ["--data-dir", "data"];
const REFUSED: &str = "the key of id 1 is not the one that this database was made with";

/// Runs a command with a master key, or with that of the folder: its exit code, and what it said.
fn run(folder: &Path, words: &[&str], key: Option<&str>) -> (Option<i32>, String) {
    let mut command = gitflare(folder);
    command
        .args(words)
        .args(DATA)
        .envs(key.map(|key| ("GITFLARE_MASTER_KEY", key)));
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

/// The names and contents of a folder.
fn content(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let mut files: Vec<_> = entries
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    files
}

#[test]
fn check_says_what_a_start_would_find_and_changes_nothing() {
    // sec: KY-2
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let (code, said) = run(folder.path(), &["check"], None);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("data folder data: the first start makes it\n"),
        "{said}"
    );
    assert!(!data.exists(), "a look makes nothing");

    let serving = Serving::start(folder.path(), &["--log=warn"]);
    let its_own =
        "data folder data: a database of this version; the master key is its own\nNo problems.";
    let (code, said) = run(folder.path(), &["check"], None);
    assert_eq!((code, said.contains(its_own)), (Some(0), true), "{said}");
    serving.stop();

    let before = content(&data);
    let (code, said) = run(folder.path(), &["check"], None);
    assert_eq!((code, said.contains(its_own)), (Some(0), true), "{said}");
    let (code, said) = run(folder.path(), &["check"], Some(OTHER));
    assert_eq!((code, said.contains(REFUSED)), (Some(1), true), "{said}");
    assert!(
        !said.contains(OTHER) && !said.contains("No problems"),
        "{said}"
    );
    assert_eq!(content(&data), before);

    fs::set_permissions(&data, Permissions::from_mode(0o755)).unwrap();
    let (code, said) = run(folder.path(), &["check"], None);
    assert_eq!(
        (code, said.contains("run `chmod 700 data`")),
        (Some(1), true),
        "{said}"
    );
    fs::set_permissions(&data, Permissions::from_mode(0o700)).unwrap();
    fs::rename(data.join("master.key"), folder.path().join("away")).unwrap();
    let (code, said) = run(folder.path(), &["check"], None);
    assert_eq!(
        (code, said.contains("bring the key back")),
        (Some(1), true),
        "{said}"
    );
    assert!(!data.join("master.key").exists());
}

#[test]
fn links_are_not_sealed_with_another_key() {
    // sec: KY-2
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(folder.path(), &["--log=warn"]);
    let invite = |key| run(folder.path(), &["user", "create", "ada@mail.example"], key);
    let (code, said) = invite(Some(OTHER));
    assert_eq!((code, said.contains(REFUSED)), (Some(1), true), "{said}");
    assert!(!said.contains("invitation="), "{said}");
    let (code, said) = invite(None);
    assert_eq!(
        (code, said.contains("invitation=")),
        (Some(0), true),
        "{said}"
    );
    serving.stop();
}

#[test]
fn a_reload_refuses_another_key_and_keeps_everything() {
    // sec: KY-2
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gitflare.toml");
    let write = |text: &str| {
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    };
    write("token_ttl_seconds = 600\n");
    let mut serving = Serving::start(folder.path(), &[]);
    write(&format!(
        "token_ttl_seconds = 700\nmaster_key = \"{OTHER}\"\n"
    ));
    serving.hang_up();
    let told = serving.log_line("configuration not reloaded");
    assert!(told.contains(REFUSED), "{told}");
    // What was refused is still new to the next reload.
    write("token_ttl_seconds = 700\n");
    serving.hang_up();
    let told = serving.log_line("configuration reloaded");
    assert!(told.contains("GITFLARE_TOKEN_TTL_SECONDS"), "{told}");
    let (_, log) = serving.stop();
    assert!(!log.contains(OTHER), "{log}");
}
