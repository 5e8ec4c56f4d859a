//! Bodies with a hole: each value in turn becomes `null`, is left out, is of another type. Also: whether
//! a value of an answer was sent at all.

use std::collections::BTreeSet;

use gitflare_core::Timestamp;
use serde_json::{Value, json};

/// A body that lost one value.
pub(super) struct Damaged {
    /// Where the value was, with `*` for every index.
    pub(super) shape: String,
    /// With `null` in its place.
    pub(super) null: String,
    /// Without its member; `None` for a value in a list.
    pub(super) absent: Option<String>,
    /// With a value of another type in its place; `None` for what was `null`, and for the rows of lists,
    /// of which another type would be no row.
    pub(super) odd: Option<String>,
}

/// Every way to lose one value of a body.
pub(super) fn damaged(body: &Value) -> Vec<Damaged> {
    let mut paths = Vec::new();
    collect_paths(body, String::new(), &mut paths);
    let lose = |path: String| {
        let (parent, key) = path.rsplit_once('/').unwrap();
        let mut null = body.clone();
        *null.pointer_mut(&path).unwrap() = Value::Null;
        let mut absent = body.clone();
        let members = absent.pointer_mut(parent).and_then(Value::as_object_mut);
        let lost = members.and_then(|members| members.remove(key));
        let value = body.pointer(&path).unwrap();
        let is_row = value.is_object() && key.parse::<usize>().is_ok();
        let odd = of_another_type(value).filter(|_| !is_row).map(|other| {
            let mut odd = body.clone();
            *odd.pointer_mut(&path).unwrap() = other;
            odd.to_string()
        });
        Damaged {
            odd,
            shape: shape(&path),
            null: null.to_string(),
            absent: lost.map(|_| absent.to_string()),
        }
    };
    paths.into_iter().map(lose).collect()
}

/// A value of another type: of none in which the same is sometimes sent.
fn of_another_type(value: &Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::String(_) | Value::Bool(_) | Value::Number(_) => Some(json!({"odd": [true]})),
        Value::Array(_) | Value::Object(_) => Some(json!("odd")),
    }
}

fn shape(path: &str) -> String {
    let parts = path.split('/').map(|part| match part.parse::<usize>() {
        Ok(_) => "*",
        Err(_) => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

fn collect_paths(value: &Value, path: String, into: &mut Vec<String>) {
    match value {
        Value::Array(values) => {
            for (at, value) in values.iter().enumerate() {
                collect_paths(value, format!("{path}/{at}"), into);
            }
        }
        Value::Object(members) => {
            for (key, value) in members {
                collect_paths(value, format!("{path}/{key}"), into);
            }
        }
        _ => {}
    }
    if !path.is_empty() {
        into.push(path);
    }
}

/// The texts and numbers of an answer that no source holds. Moments compare as moments, numbers as
/// their digits, and a text may be a part of what was sent. `own` are texts of the adapter; what ends
/// in a colon or a slash is one of its prefixes.
pub(super) fn invented(answer: &Value, sources: &[Value], own: &[&str]) -> Vec<String> {
    let mut sent = BTreeSet::new();
    for source in sources {
        collect_leaves(source, &mut sent);
    }
    let moments: BTreeSet<_> = sent
        .iter()
        .filter_map(|text| Timestamp::parse(text))
        .collect();
    let mut leaves = BTreeSet::new();
    collect_leaves(&without_counts(answer), &mut leaves);
    leaves.retain(|leaf| {
        let prefixes = own.iter().filter(|word| word.ends_with([':', '/']));
        let bare = prefixes.fold(leaf.as_str(), |leaf, word| {
            leaf.strip_prefix(word).unwrap_or(leaf)
        });
        !own.contains(&leaf.as_str())
            && !sent.iter().any(|text| text.contains(bare))
            && !is_patch_of(leaf, &sent)
            && Timestamp::parse(leaf).is_none_or(|moment| !moments.contains(&moment))
    });
    leaves.into_iter().collect()
}

/// Whether a text is a patch whose lines were sent: where an upstream sends lines, the adapter writes
/// the signs and the lines in front of hunks.
fn is_patch_of(leaf: &str, sent: &BTreeSet<String>) -> bool {
    let is_sent = |line: &str| {
        let body = line.get(1..).unwrap_or_default();
        line.starts_with("@@ ") || sent.iter().any(|text| text.contains(body))
    };
    leaf.starts_with("@@ ") && leaf.lines().all(is_sent)
}

/// Files, lines and what the firewall did are counted here, not sent.
fn without_counts(answer: &Value) -> Value {
    match answer {
        Value::Object(members) => {
            let counted = ["stats", "firewall", "additions", "deletions"];
            // The size of what is at hand.
            let is_file = members
                .get("content")
                .is_some_and(|content| !content.is_null());
            let is_counted = |key: &str| counted.contains(&key) || (is_file && key == "size");
            let others = members.iter().filter(|(key, _)| !is_counted(key));
            others
                .map(|(key, value)| (key.clone(), without_counts(value)))
                .collect()
        }
        Value::Array(values) => values.iter().map(without_counts).collect(),
        other => other.clone(),
    }
}

fn collect_leaves(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Null | Value::Bool(_) => {}
        Value::Number(number) => {
            into.insert(number.to_string());
        }
        Value::String(text) => {
            into.insert(text.clone());
        }
        Value::Array(values) => values.iter().for_each(|value| collect_leaves(value, into)),
        Value::Object(members) => members
            .values()
            .for_each(|value| collect_leaves(value, into)),
    }
}
