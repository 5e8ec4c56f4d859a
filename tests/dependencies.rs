//! The dependency tree holds to the lists of `deny.toml`: licences, sources, duplicate versions,
//! banned crates. Advisories need a database from the network and are `cargo deny`'s business.
// sec: DU-8

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read the tree has failed"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use serde_json::Value;

/// The tree as Cargo resolves it for this platform, without touching the lock file.
fn packages() -> Vec<Value> {
    let version = Command::new(env!("CARGO")).arg("-vV").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    let host = version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .unwrap();
    let tree = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version=1",
            "--locked",
            "--filter-platform",
            host,
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        tree.status.success(),
        "{}",
        String::from_utf8_lossy(&tree.stderr)
    );
    let mut tree: Value = serde_json::from_slice(&tree.stdout).unwrap();
    match tree["packages"].take() {
        Value::Array(packages) => packages,
        other => panic!("no packages: {other}"),
    }
}

fn rules() -> toml::Table {
    include_str!("../deny.toml").parse().unwrap()
}

/// The texts of a list, where an item that is a table stands for one of its members.
fn texts<'t>(list: &'t toml::Value, member: &str) -> Vec<&'t str> {
    let items = list.as_array().unwrap().iter();
    items
        .map(|item| {
            item.as_str()
                .unwrap_or_else(|| item[member].as_str().unwrap())
        })
        .collect()
}

/// Whether the expression is satisfied by licences that are allowed. `OR` binds weaker than
/// `AND`; the slash of older manifests means `OR`.
fn is_satisfied(expression: &str, allowed: &[&str]) -> bool {
    let expression = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let mut words: Vec<&str> = expression.split_whitespace().collect();
    words.reverse();
    let satisfied = either(&mut words, allowed);
    assert!(words.is_empty(), "unread: {words:?} of {expression}");
    satisfied
}

fn either(words: &mut Vec<&str>, allowed: &[&str]) -> bool {
    let mut satisfied = both(words, allowed);
    while words.last() == Some(&"OR") {
        words.pop();
        satisfied |= both(words, allowed);
    }
    satisfied
}

fn both(words: &mut Vec<&str>, allowed: &[&str]) -> bool {
    let mut satisfied = licence(words, allowed);
    while words.last() == Some(&"AND") {
        words.pop();
        satisfied &= licence(words, allowed);
    }
    satisfied
}

fn licence(words: &mut Vec<&str>, allowed: &[&str]) -> bool {
    let word = words.pop().expect("a licence");
    if word == "(" {
        let satisfied = either(words, allowed);
        assert_eq!(words.pop(), Some(")"));
        return satisfied;
    }
    if words.last() == Some(&"WITH") {
        words.pop();
        let exception = words.pop().expect("an exception");
        return allowed.contains(&format!("{word} WITH {exception}").as_str());
    }
    allowed.contains(&word)
}

#[test]
fn licence_expressions_are_read_as_spdx_means_them() {
    for (expression, expected) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("MIT OR GPL-3.0", true),
        ("GPL-3.0/MIT", true),
        ("GPL-3.0 / MIT", true),
        ("MIT AND GPL-3.0", false),
        ("GPL-3.0 OR MIT AND ISC", true),
        ("(GPL-3.0 OR MIT) AND ISC", true),
        ("(MIT OR ISC) AND GPL-3.0", false),
        ("MIT WITH Some-exception", false),
    ] {
        assert_eq!(
            is_satisfied(expression, &["MIT", "ISC"]),
            expected,
            "{expression}"
        );
    }
}

#[test]
fn every_licence_is_an_allowed_one() {
    let rules = rules();
    let allowed = texts(&rules["licenses"]["allow"], "");
    let exceptions = rules["licenses"]["exceptions"].as_array().unwrap();
    for package in packages() {
        let name = package["name"].as_str().unwrap();
        let mut allowed = allowed.clone();
        for exception in exceptions {
            if exception["crate"].as_str() == Some(name) {
                allowed.extend(texts(&exception["allow"], ""));
            }
        }
        let licence = package["license"].as_str();
        let licence = licence.unwrap_or_else(|| panic!("{name} names no licence"));
        assert!(is_satisfied(licence, &allowed), "{name}: {licence}");
    }
}

#[test]
fn every_package_comes_from_an_allowed_source() {
    let rules = rules();
    let allowed = texts(&rules["sources"]["allow-registry"], "");
    let mut ours = 0;
    for package in packages() {
        match package["source"].as_str() {
            Some(source) => {
                let registry = source.strip_prefix("registry+");
                let is_allowed = registry.is_some_and(|registry| allowed.contains(&registry));
                assert!(is_allowed, "{}: {source}", package["name"]);
            }
            None => ours += 1,
        }
    }
    assert_eq!(ours, 6, "only our own packages come from a path");
}

#[test]
fn no_package_is_banned_or_there_twice_without_a_reason() {
    let rules = rules();
    let banned = texts(&rules["bans"]["deny"], "crate");
    let skipped = texts(&rules["bans"]["skip"], "crate");
    let mut versions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in packages() {
        let name = package["name"].as_str().unwrap().to_owned();
        assert!(!banned.contains(&name.as_str()), "{name} is banned");
        let version = package["version"].as_str().unwrap().to_owned();
        versions.entry(name).or_default().push(version);
    }
    let is_skipped = |name: &str, version: &str| {
        skipped.iter().any(|skip| {
            skip.strip_prefix(name)
                .and_then(|rest| rest.strip_prefix('@'))
                .is_some_and(|wanted| {
                    version == wanted || version.starts_with(&format!("{wanted}."))
                })
        })
    };
    for (name, versions) in versions {
        let counted: Vec<_> = versions.iter().filter(|v| !is_skipped(&name, v)).collect();
        assert!(
            counted.len() <= 1,
            "{name} is there as {versions:?}: see deny.toml"
        );
    }
}

/// What must not be in a build of the core: whatever opens a socket, a file or a database, or runs
/// tasks.
const INPUT_AND_OUTPUT: &[&str] = &[
    "gix",
    "hyper",
    "libsqlite3-sys",
    "mio",
    "reqwest",
    "rusqlite",
    "rustls",
    "socket2",
    "tokio",
];

/// The packages that a build of a package with these features compiles, itself among them.
fn compiled(package: &str, features: &str) -> BTreeSet<String> {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--prefix=none", "--edges=normal,build"])
        .args(["--no-default-features", "--format={p}", "-p", package])
        .args(["--features", features])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&tree.stderr);
    assert!(tree.status.success(), "{package} {features}: {said}");
    let lines = String::from_utf8(tree.stdout).unwrap();
    let packages = lines.lines().map(|line| line.trim_end_matches(" (*)"));
    packages.map(str::to_owned).collect()
}

fn assert_no_io(packages: &BTreeSet<String>) {
    for package in packages {
        let name = package.split(' ').next().unwrap();
        assert!(!INPUT_AND_OUTPUT.contains(&name), "{package}");
    }
}

#[test]
fn the_core_and_the_smallest_build_compile_nothing_that_does_io() {
    let core = compiled("gitflare-core", "");
    assert!(
        core.iter().any(|it| it.starts_with("serde_json ")),
        "{core:?}"
    );
    assert_no_io(&core);
    assert_no_io(&compiled("gitflare", ""));
}

#[test]
fn each_feature_brings_as_many_packages_as_the_documentation_says() {
    let mut rows = 0;
    let table = include_str!("../src/lib.rs").lines();
    for line in table.filter_map(|line| line.strip_prefix("//! | ")) {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let (features, most) = match (cells[0].strip_prefix('`'), cells[2].parse::<usize>()) {
            (Some(name), Ok(most)) => (name.trim_end_matches('`'), most),
            (None, Ok(most)) => ("", most),
            _ => continue,
        };
        let count = compiled("gitflare", features).len();
        // A number that is far too large is as wrong as one that is too small.
        let is_right = count <= most && count * 10 >= most * 9;
        assert!(
            is_right,
            "`{features}`: {count} packages, documented are {most}"
        );
        rows += 1;
    }
    assert_eq!(rows, 17);
}
