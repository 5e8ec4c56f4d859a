//! Answers of real services, recorded by others. They are not part of this repository:
//! `GITFLARE_RECORDED` names their folder, else one beside the workspace is looked for.

use std::{collections::BTreeSet, env, fs, path::PathBuf};

use gitflare_core::Timestamp;
use serde_json::Value;

/// The folder of one provider's recordings; says so when there is none.
pub(crate) fn folder(provider: &str) -> Option<PathBuf> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/recorded");
    let root = env::var_os("GITFLARE_RECORDED").map_or(beside, PathBuf::from);
    let folder = root.join("go-scm").join(provider);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: no recordings of {provider}; GITFLARE_RECORDED names their folder");
    None
}

/// One recording.
pub(crate) fn read(folder: &std::path::Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Every leaf of `answer` stands in `source`, but for the words in `ours`. Moments compare as
/// moments, numbers as their digits, and a text may be a part of the upstream's.
pub(crate) fn assert_nothing_invented(name: &str, answer: &Value, source: &str, ours: &[&str]) {
    let source: Value = serde_json::from_str(source).unwrap();
    let mut sent = BTreeSet::new();
    collect(&source, &mut sent);
    let moments: BTreeSet<_> = sent
        .iter()
        .filter_map(|text| Timestamp::parse(text))
        .collect();
    let mut leaves = BTreeSet::new();
    collect(answer, &mut leaves);
    for leaf in leaves {
        let known = ours.contains(&leaf.as_str())
            || sent.iter().any(|text| text.contains(&leaf))
            || Timestamp::parse(&leaf).is_some_and(|moment| moments.contains(&moment));
        assert!(known, "{name}: {leaf:?} was never sent");
    }
}

/// The texts and numbers below a value. Of switches `true` is told apart from silence elsewhere.
fn collect(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Null | Value::Bool(_) => {}
        Value::Number(number) => {
            into.insert(number.to_string());
        }
        Value::String(text) => {
            into.insert(text.clone());
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, into)),
        Value::Object(members) => members.values().for_each(|value| collect(value, into)),
    }
}
