//! The examples, run as `cargo run --example` does, with what they print held to what they promise.

use std::{env, path::PathBuf, process::Command};

/// An example's program, which `cargo test` has built beside this one.
fn program(name: &str) -> PathBuf {
    let mut path = env::current_exe().unwrap();
    path.pop();
    if path.ends_with("deps") {
        path.pop();
    }
    path.join("examples").join(name)
}

fn output_of(name: &str) -> Vec<String> {
    let program = program(name);
    let output = Command::new(&program)
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}: run all of `cargo test`", program.display()));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {stderr}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn embed_gateway_reads_a_page_all_pages_and_a_refusal() {
    let lines = output_of("embed_gateway");
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
    let lines = output_of("custom_provider");
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
    let lines = output_of("custom_storage");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("kept all "), "{lines:?}");
}
