//! The examples, run as `cargo run --example` does, with what they print held to what they promise.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::{
    env,
    io::{Write, stderr},
    path::{Path, PathBuf},
    process::Command,
};

/// An example's program as `cargo test` builds it; `None` where it is missing or older than its source,
/// as after `cargo test --test suite`.
fn program(name: &str) -> Option<PathBuf> {
    let mut path = env::current_exe().unwrap();
    path.pop();
    if path.ends_with("deps") {
        path.pop();
    }
    let path = path.join("examples").join(name);
    let source = format!("{}/examples/{name}.rs", env!("CARGO_MANIFEST_DIR"));
    let written = |path: &Path| path.metadata().and_then(|it| it.modified()).ok();
    (written(&path)? >= written(Path::new(&source))?).then_some(path)
}

/// What an example prints; `None` where it was not built.
fn output_of(name: &str) -> Option<Vec<String>> {
    let Some(program) = program(name) else {
        assert!(env::var_os("CI").is_none(), "{name} is not built");
        let _ = writeln!(stderr(), "skipped: the example {name} is not built");
        return None;
    };
    let output = Command::new(&program).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {stderr}");
    let text = String::from_utf8(output.stdout).unwrap();
    Some(text.lines().map(str::to_owned).collect())
}

#[test]
fn embed_gateway_reads_a_page_all_pages_and_a_refusal() {
    let Some(lines) = output_of("embed_gateway") else {
        return;
    };
    let [commits @ .., count, refusal] = lines.as_slice() else {
        panic!("{lines:?}");
    };
    assert_eq!(commits.len(), 5, "{lines:?}");
    for line in commits {
        let (sha, title) = line.split_once(' ').unwrap();
        assert_eq!(sha.len(), 10, "{line}");
        assert!(!title.is_empty(), "{line}");
    }
    let count: usize = count.strip_suffix(" commits").unwrap().parse().unwrap();
    assert!(count > 5, "{lines:?}");
    assert!(refusal.starts_with("INSUFFICIENT_SCOPE: "), "{refusal}");
}

#[test]
fn custom_provider_is_known_by_its_own_id() {
    let Some(lines) = output_of("custom_provider") else {
        return;
    };
    let expected = [
        "develop, main",
        "release/1, release/2",
        "spike",
        "UNSUPPORTED_ENDPOINT: The provider `gerrit` does not serve `tags.list`.",
        "4 reads of gerrit",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn custom_storage_keeps_every_promise() {
    let Some(lines) = output_of("custom_storage") else {
        return;
    };
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("kept all "), "{lines:?}");
}
