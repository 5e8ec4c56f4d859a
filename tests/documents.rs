//! The documents at the root and in `docs/` against the tree: the security requirements that the
//! sources cite are listed and proven, and every file that a document names exists. Whether the
//! sentences are true is for readers.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read the documents has failed"
)]

use std::collections::{BTreeMap, BTreeSet};

use crate::architecture::{Source, files, root};

const REQUIREMENTS: &str = "docs/security.md";

/// The codes of the list, each with whether it is marked open.
fn requirements(list: &str) -> BTreeMap<String, bool> {
    let mut found = BTreeMap::new();
    for line in list.lines().filter(|line| line.starts_with("- **")) {
        let (code, rest) = line["- **".len()..].split_once("** ").unwrap();
        let is_open = rest.starts_with("(open: ");
        if is_open {
            let reason = rest["(open: ".len()..].split(')').next().unwrap();
            assert!(reason.len() > 10, "{code} is open without a reason");
        }
        assert!(
            found.insert(code.to_owned(), is_open).is_none(),
            "{code} twice"
        );
    }
    assert!(found.len() > 100, "the list was not read");
    found
}

/// The words of a line that have the form of a code of one of these families: `OA-7`.
fn codes<'t>(line: &'t str, families: &BTreeSet<&str>) -> Vec<&'t str> {
    line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
        .filter(|word| {
            word.split_once('-').is_some_and(|(family, number)| {
                families.contains(family)
                    && !number.is_empty()
                    && number.bytes().all(|byte| byte.is_ascii_digit())
            })
        })
        .collect()
}

#[test]
fn cited_requirements_are_listed_and_listed_ones_are_proven() {
    let sources = files(|name| {
        [".rs", ".md", ".sql", ".html", ".toml"]
            .iter()
            .any(|end| name.ends_with(end))
            || name == "run"
    });
    let list = sources.iter().find(|source| source.path == REQUIREMENTS);
    let listed = requirements(&list.unwrap().text);
    let families = listed.keys().map(|code| code.split('-').next().unwrap());
    let families = families.collect();
    let mut proven = BTreeSet::new();
    for Source { path, text } in &sources {
        for line in text.lines() {
            for code in codes(line, &families) {
                assert!(
                    listed.contains_key(code),
                    "{path} cites {code}, which {REQUIREMENTS} does not have"
                );
                if line.trim_start().starts_with("// sec: ") {
                    proven.insert(code);
                }
            }
        }
    }
    for (code, is_open) in &listed {
        assert!(
            *is_open || proven.contains(code.as_str()),
            "no test cites {code} (`// sec: {code}`): prove it, or mark it `(open: reason)`"
        );
    }
}

#[test]
fn alerts_and_dashboard_name_metrics_that_exist() {
    let code = ["metrics", "standing", "backlog"].map(|name| {
        std::fs::read_to_string(root().join(format!("gitflare-server/src/http/{name}.rs"))).unwrap()
    });
    let code = code.concat();
    let mut seen = BTreeSet::new();
    for path in ["docs/deploy/alerts.yaml", "docs/deploy/grafana.json"] {
        let text = std::fs::read_to_string(root().join(path)).unwrap();
        for name in text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')) {
            if !name.starts_with("gitflare_") {
                continue;
            }
            // OpenMetrics puts these behind the name that a counter or histogram is registered by.
            let base = ["_total", "_bucket", "_sum", "_count"]
                .iter()
                .find_map(|end| name.strip_suffix(end))
                .unwrap_or(name);
            assert!(code.contains(&format!("\"{base}\"")), "{path} names {name}");
            seen.insert(name.to_owned());
        }
    }
    assert!(seen.len() >= 4, "only {seen:?}");
}

/// What stands between backticks, and what links lead to.
fn named(text: &str) -> impl Iterator<Item = &str> {
    let spans = text
        .lines()
        .flat_map(|line| line.split('`').skip(1).step_by(2));
    let links = text
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split([')', '#']).next());
    spans.chain(links)
}

#[test]
fn every_file_that_a_document_names_exists() {
    let mut seen = 0;
    for document in files(|name| name.ends_with(".md")) {
        let folder = match document.path.rsplit_once('/') {
            Some((folder, _)) => root().join(folder),
            None => root().to_owned(),
        };
        for name in named(&document.text) {
            let is_ours = |(first, _): (&str, &str)| {
                first == ".." || (!matches!(first, "" | ".") && root().join(first).is_dir())
            };
            // A bare `mod.rs` stands for many; a document beside this one is named without a folder.
            let is_file = name.ends_with(".md") || (name.contains('/') && name.ends_with(".rs"));
            let is_pattern = name.contains([' ', '*', '<', ':', '{']);
            if is_pattern || !(is_file || name.split_once('/').is_some_and(is_ours)) {
                continue;
            }
            seen += 1;
            assert!(
                root().join(name).exists() || folder.join(name).exists(),
                "{} names {name}, which does not exist",
                document.path
            );
        }
    }
    assert!(seen > 20, "only {seen} names were found");
}
